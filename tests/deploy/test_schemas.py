"""Every object is one that Kubernetes knows, of the oldest version the chart takes and of the newest in these tests. The API
server of test_cluster.py is of one version only."""

import json
import subprocess

import pytest

from chart import CASES, CHART, case, one, rendered
from schemas import write_schemas
from tools import KUBERNETES, OLDEST_KUBERNETES, ROOT, helm, run, tool

VERSIONS = (OLDEST_KUBERNETES, KUBERNETES)
OVERLAYS = ("base", "overlays/gcp", "overlays/aws", "overlays/local")

@pytest.fixture(scope="module")
def conform(tmp_path_factory):
    places = write_schemas(tmp_path_factory.mktemp("schemas"), VERSIONS)

    def check(version, text):
        # -strict would ask for another folder; the schemas themselves refuse what is unknown
        command = [tool("kubeconform"), *places, "-kubernetes-version", version, "-output", "json", "-summary", "-"]
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)

    return check


def valid(done) -> int:
    summary = json.loads(done.stdout)
    assert done.returncode == 0 and summary["resources"] == [], done.stdout[:3000]
    assert summary["summary"]["skipped"] == summary["summary"]["invalid"] == summary["summary"]["errors"] == 0
    return summary["summary"]["valid"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_chart(conform, version):
    text = "".join(helm("template", "shop", CHART, "-f", f, "--kube-version", version).stdout for f in CASES)
    assert valid(conform(version, text)) == sum(len(rendered(f)) for f in CASES)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_manifests(conform, version):
    built = [run(tool("kube"), "kubectl", "kustomize", ROOT / "k8s" / overlay).stdout for overlay in OVERLAYS]
    assert all(text.count("\nkind: ") >= 5 for text in built)
    assert valid(conform(version, "---\n".join(built))) >= 6 * len(OVERLAYS)


@pytest.mark.parametrize("kind, values", [("StatefulSet", "minimal"), ("ScaledObject", "keda"), ("ServiceMonitor", "monitoring"),
                                          ("PodMonitor", "batch"), ("PrometheusRule", "monitoring")])
def test_a_field_that_does_not_exist_is_found(conform, kind, values):
    found = [o for o in rendered(case(values)) if o["kind"] == kind][0]
    wrong = {**found, "spec": {**found["spec"], "replicaz": 1}}
    done = conform(KUBERNETES, json.dumps(wrong))
    assert done.returncode != 0 and "replicaz" in done.stdout
    assert valid(conform(KUBERNETES, json.dumps(found))) == 1


def test_older_kubernetes_is_refused():
    done = helm("template", "shop", CHART, "-f", case("minimal"), "--kube-version", "1.28.0", check=False)
    assert done.returncode != 0 and "incompatible with Kubernetes v1.28.0" in done.stderr
    assert one(rendered(case("minimal")), "StatefulSet")
