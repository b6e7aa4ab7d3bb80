// Package crds names the Go types of custom resources that the chart makes. controller-gen writes their
// CustomResourceDefinitions from them; nothing here is run.
package crds

import (
	_ "github.com/kedacore/keda/v2/apis/keda/v1alpha1"
	_ "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)
