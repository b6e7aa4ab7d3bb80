{{/* The pod of a pipeline, whatever runs it. Takes (dict "root" $ "name" NAME "pipeline" SETTINGS "args" LIST) and, of
     hooks, "env", "envFrom", "serviceAccountName", "configMapName". */}}

{{- define "tributary.annotations" -}}
{{- if not .pipeline.existingConfigMap.name }}
checksum/config: {{ include "tributary.config" . | sha256sum }}
{{- end }}
{{- with .pipeline.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "tributary.podSpec" -}}
serviceAccountName: {{ .serviceAccountName | default (include "tributary.serviceAccountName" .root) }}
automountServiceAccountToken: {{ .root.Values.serviceAccount.automountToken }}
enableServiceLinks: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationGracePeriodSeconds: {{ int .pipeline.terminationGracePeriodSeconds }}
{{- with .pipeline.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .pipeline.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .pipeline.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "tributary.affinity" . }}
affinity:
  {{- . | nindent 2 }}
{{- end }}
{{- if not .job }}
{{- with include "tributary.spread" . }}
topologySpreadConstraints:
  {{- . | nindent 2 }}
{{- end }}
{{- end }}
{{- with include "tributary.initContainers" . }}
initContainers:
  {{- . | nindent 2 }}
{{- end }}
containers:
  - name: tributary
    image: {{ include "tributary.image" .root }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args:
      {{- toYaml .args | nindent 6 }}
    env:
      {{- include "tributary.env" . | nindent 6 }}
    {{- with (.envFrom | default .pipeline.envFrom) }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if not .job }}
    ports:
      - {name: metrics, containerPort: {{ int .root.Values.service.port }}, protocol: TCP}
    {{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" }}
    {{- with get $.pipeline.probes $probe }}
    {{ $probe }}:
      httpGet: {path: {{ ternary "/readyz" "/healthz" (eq $probe "readinessProbe") }}, port: metrics}
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- end }}
    {{- end }}
    {{- with .pipeline.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- with .root.Values.securityContext }}
    securityContext:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    volumeMounts:
      - {name: config, mountPath: /etc/tributary, readOnly: true}
      - {name: tmp, mountPath: /tmp}
      {{- if eq .pipeline.rack.from "nodeLabel" }}
      - {name: rack, mountPath: /run/tributary, readOnly: true}
      {{- end }}
      {{- range $i, $file := .pipeline.secretFiles }}
      - {name: secret-{{ $i }}, mountPath: {{ $file.mountPath | quote }}, readOnly: true}
      {{- end }}
      {{- with .pipeline.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: config
    configMap:
      name: {{ .configMapName | default (include "tributary.configMapName" .) }}
      items:
        - {key: {{ include "tributary.configKey" . | quote }}, path: pipeline.yaml}
  - name: tmp
    emptyDir: {sizeLimit: 16Mi}
  {{- if eq .pipeline.rack.from "nodeLabel" }}
  - name: rack
    emptyDir: {medium: Memory, sizeLimit: 1Mi}
  - name: node-reader
    projected:
      defaultMode: 0444
      sources:
        - serviceAccountToken: {path: token, expirationSeconds: 600}
        - configMap: {name: kube-root-ca.crt, items: [{key: ca.crt, path: ca.crt}]}
  {{- end }}
  {{- range $i, $file := .pipeline.secretFiles }}
  - name: secret-{{ $i }}
    secret:
      secretName: {{ $file.secretName }}
      defaultMode: 0440
      {{- with $file.items }}
      items:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  {{- end }}
  {{- with .pipeline.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "tributary.env" -}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- if eq .pipeline.rack.from "podLabel" }}
- name: TRIBUTARY_RACK
  valueFrom: {fieldRef: {fieldPath: {{ printf "metadata.labels['%s']" .pipeline.rack.label | quote }}}}
{{- else if eq .pipeline.rack.from "value" }}
- name: TRIBUTARY_RACK
  value: {{ .pipeline.rack.value | quote }}
{{- end }}
{{- with (.env | default .pipeline.env) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "tributary.initContainers" -}}
{{- if eq .pipeline.rack.from "nodeLabel" }}
- name: rack
  image: {{ .pipeline.rack.image }}
  imagePullPolicy: IfNotPresent
  command: [sh, -euc]
  args:
    - |
      # The zone of this node, or "none": the pod's own labels do not have it before Kubernetes 1.35.
      answer=$(curl --fail --silent --show-error --max-time 10 --retry 5 --retry-all-errors \
        --cacert /var/run/secrets/node-reader/ca.crt \
        --header "Authorization: Bearer $(cat /var/run/secrets/node-reader/token)" \
        --header "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" \
        "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/nodes/$NODE_NAME")
      rack=$(printf %s "$answer" | tr -d '\n' | sed -n "s|.*\"$RACK_LABEL\": *\"\([^\"]*\)\".*|\1|p")
      printf %s "${rack:-none}" >/run/tributary/rack
  env:
    - name: NODE_NAME
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
    - name: RACK_LABEL
      value: {{ .pipeline.rack.label | quote }}
  resources:
    requests: {cpu: 10m, memory: 16Mi}
    limits: {memory: 32Mi}
  securityContext:
    {{- toYaml .root.Values.securityContext | nindent 4 }}
  volumeMounts:
    - {name: rack, mountPath: /run/tributary}
    - {name: node-reader, mountPath: /var/run/secrets/node-reader, readOnly: true}
{{- end }}
{{- if .pipeline.cloudSqlProxy.enabled }}
- name: cloud-sql-proxy
  image: {{ .pipeline.cloudSqlProxy.image }}
  imagePullPolicy: IfNotPresent
  restartPolicy: Always
  args:
    - --structured-logs
    - --address=127.0.0.1
    - --port={{ int .pipeline.cloudSqlProxy.port }}
    - --health-check
    - --http-address=0.0.0.0
    - --http-port={{ int .pipeline.cloudSqlProxy.healthPort }}
    {{- if .pipeline.cloudSqlProxy.iamAuthentication }}
    - --auto-iam-authn
    {{- end }}
    {{- if .pipeline.cloudSqlProxy.privateIp }}
    - --private-ip
    {{- end }}
    {{- with .pipeline.cloudSqlProxy.extraArgs }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    - {{ .pipeline.cloudSqlProxy.instance | quote }}
  ports:
    - {name: proxy-health, containerPort: {{ int .pipeline.cloudSqlProxy.healthPort }}, protocol: TCP}
  startupProbe:
    httpGet: {path: /startup, port: proxy-health}
    periodSeconds: 1
    failureThreshold: 60
  livenessProbe:
    httpGet: {path: /liveness, port: proxy-health}
    periodSeconds: 10
    failureThreshold: 3
  {{- with .pipeline.cloudSqlProxy.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .root.Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "tributary.affinity" -}}
{{- $affinity := deepCopy (default dict .pipeline.affinity) -}}
{{- if .pipeline.nearBrokers.enabled -}}
{{- $term := dict "labelSelector" (dict "matchLabels" .pipeline.nearBrokers.podLabels) "topologyKey" .pipeline.nearBrokers.topologyKey -}}
{{- with .pipeline.nearBrokers.namespaces -}}{{- $_ := set $term "namespaces" . -}}{{- end -}}
{{- $preferred := list (dict "weight" (int .pipeline.nearBrokers.weight) "podAffinityTerm" $term) -}}
{{- $pod := default dict (get $affinity "podAffinity") -}}
{{- $key := "preferredDuringSchedulingIgnoredDuringExecution" -}}
{{- $_ := set $pod $key (concat (default list (get $pod $key)) $preferred) -}}
{{- $_ := set $affinity "podAffinity" $pod -}}
{{- end -}}
{{- with $affinity -}}{{- toYaml . -}}{{- end -}}
{{- end }}

{{- define "tributary.spread" -}}
{{- if .pipeline.topologySpreadConstraints -}}
{{- toYaml .pipeline.topologySpreadConstraints -}}
{{- else -}}
{{- range $key := .pipeline.spreadOver -}}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- include "tributary.selector" $ | nindent 6 }}
{{ end -}}
{{- end -}}
{{- end }}
