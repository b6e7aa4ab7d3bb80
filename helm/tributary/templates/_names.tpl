{{/* Names and labels. */}}

{{- define "tributary.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "tributary.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "tributary.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "tributary.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* What every object of the release is labelled with. */}}
{{- define "tributary.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{ include "tributary.releaseSelector" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* All pods of the release. */}}
{{- define "tributary.releaseSelector" -}}
app.kubernetes.io/name: {{ include "tributary.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The names and labels below are of one pipeline: (dict "root" $ "name" NAME "pipeline" SETTINGS) */}}

{{- define "tributary.pipelineName" -}}
{{- printf "%s-%s" (include "tributary.fullname" .root) .name -}}
{{- end }}

{{/* The pods that run the pipeline all the time or on a schedule; not those of hooks and tests. */}}
{{- define "tributary.selector" -}}
{{ include "tributary.releaseSelector" .root }}
app.kubernetes.io/component: pipeline
tributary/pipeline: {{ .name }}
{{- end }}

{{- define "tributary.pipelineLabels" -}}
{{ include "tributary.labels" .root }}
app.kubernetes.io/component: {{ .component | default "pipeline" }}
tributary/pipeline: {{ .name }}
{{- end }}

{{/* Of pods: without the chart's version, or each new one would replace them all. */}}
{{- define "tributary.podLabels" -}}
{{ include "tributary.releaseSelector" .root }}
app.kubernetes.io/component: {{ .component | default "pipeline" }}
tributary/pipeline: {{ .name }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "tributary.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (.tag | default $.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tributary.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "tributary.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{/* The service account of the init jobs: hooks run before the release's own one is there. */}}
{{- define "tributary.initServiceAccountName" -}}
{{- if .pipeline.init.serviceAccountName -}}
{{- .pipeline.init.serviceAccountName -}}
{{- else if .root.Values.serviceAccount.create -}}
{{- printf "%s-init" (include "tributary.pipelineName" .) -}}
{{- else -}}
{{- include "tributary.serviceAccountName" .root -}}
{{- end -}}
{{- end }}

{{- define "tributary.configMapName" -}}
{{- if .pipeline.existingConfigMap.name -}}
{{- .pipeline.existingConfigMap.name -}}
{{- else -}}
{{- include "tributary.pipelineName" . -}}
{{- end -}}
{{- end }}

{{- define "tributary.configKey" -}}
{{- if .pipeline.existingConfigMap.name -}}
{{- .pipeline.existingConfigMap.key -}}
{{- else -}}
pipeline.yaml
{{- end -}}
{{- end }}
