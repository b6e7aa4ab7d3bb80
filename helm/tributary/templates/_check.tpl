{{/* Values that contradict each other end here, each with a sentence that says what to do. What the schema can tell
     (types, unknown names, ranges) is in values.schema.json. */}}

{{- define "tributary.checkRelease" -}}
{{- if not .Values.pipelines -}}
{{- fail "\n\nThere is no pipeline: describe at least one under \"pipelines\", as pipelines.NAME.config or with pipelines.NAME.existingConfigMap.name.\n" -}}
{{- end -}}
{{- if and .Values.monitoring.serviceMonitor.enabled .Values.monitoring.podMonitor.enabled -}}
{{- fail "\n\nmonitoring.serviceMonitor and monitoring.podMonitor are both enabled: every pod would be scraped twice. Enable one of them.\n" -}}
{{- end -}}
{{- range $name, $pipeline := include "tributary.pipelines" . | fromYaml -}}
{{- $own := dict "root" $ "name" $name "pipeline" $pipeline -}}
{{- include "tributary.checkName" $own -}}
{{- include "tributary.checkConfig" $own -}}
{{- include "tributary.checkSecrets" $own -}}
{{- include "tributary.checkInit" $own -}}
{{- include "tributary.checkMembership" $own -}}
{{- include "tributary.checkMemory" $own -}}
{{- include "tributary.checkScale" $own -}}
{{- include "tributary.checkKeda" $own -}}
{{- include "tributary.checkBatch" $own -}}
{{- end -}}
{{- include "tributary.checkTwins" . -}}
{{- end }}

{{/* tributary.refuse: (list NAME MESSAGE) */}}
{{- define "tributary.refuse" -}}
{{- fail (printf "\n\npipelines.%s: %s\n" (index . 0) (index . 1)) -}}
{{- end }}

{{- define "tributary.checkName" -}}
{{- $full := include "tributary.pipelineName" . -}}
{{- if gt (len $full) 46 -}}
{{- include "tributary.refuse" (list .name (printf "the name %q has %d characters, and Kubernetes leaves room for 46: choose a shorter release or pipeline name, or set fullnameOverride." $full (len $full))) -}}
{{- end -}}
{{- end }}

{{- define "tributary.checkConfig" -}}
{{- if and .pipeline.config .pipeline.existingConfigMap.name -}}
{{- include "tributary.refuse" (list .name "both config and existingConfigMap are given: the pipeline file is either written in the values or kept in a ConfigMap of yours.") -}}
{{- end -}}
{{- if not (or .pipeline.config .pipeline.existingConfigMap.name) -}}
{{- include "tributary.refuse" (list .name "there is no pipeline file: write it under config, or name a ConfigMap that has it with existingConfigMap.name.") -}}
{{- end -}}
{{- if and .pipeline.config (ne .pipeline.rack.from "none") -}}
{{- $properties := default dict (get (default dict (get .pipeline.config "kafka")) "properties") -}}
{{- if hasKey $properties "client.rack" -}}
{{- include "tributary.refuse" (list .name (printf "config.kafka.properties has client.rack, and rack.from is %q: leave one of them out." .pipeline.rack.from)) -}}
{{- end -}}
{{- end -}}
{{- if and (eq .pipeline.rack.from "value") (not .pipeline.rack.value) -}}
{{- include "tributary.refuse" (list .name "rack.from is \"value\", but rack.value is empty: say which rack, or zone, the pods run in.") -}}
{{- end -}}
{{- end }}

{{/* Secrets come by reference. The program refuses a password in its file too; here it is refused before it is stored in
     the cluster. */}}
{{- define "tributary.checkSecrets" -}}
{{- $name := .name -}}
{{- $kafka := default dict (get (default dict .pipeline.config) "kafka") -}}
{{- $texts := dict "config.postgres.url" (get (default dict (get (default dict .pipeline.config) "postgres")) "url") -}}
{{- range .pipeline.env -}}
{{- if and (hasKey . "value") (regexMatch "(?i)(password|passwd|secret|token|private_key)$" .name) -}}
{{- include "tributary.refuse" (list $name (printf "the value of env %s is written in the values, where everybody who may read the release sees it: put it into a Secret and refer to it with valueFrom.secretKeyRef." .name)) -}}
{{- end -}}
{{- $_ := set $texts (printf "env %s" .name) (get . "value") -}}
{{- end -}}
{{- range $where, $text := $texts -}}
{{- if regexMatch "://[^/@:$]*:[^@$]+@" (toString $text) -}}
{{- include "tributary.refuse" (list $name (printf "%s has a password in it: put the URL, or the password as \"${NAME}\", into a Secret and refer to it under env." $where)) -}}
{{- end -}}
{{- end -}}
{{- range $where, $secret := dict "config.kafka.sasl.password" (get (default dict (get $kafka "sasl")) "password") "config.kafka.tls.key_password" (get (default dict (get $kafka "tls")) "key_password") -}}
{{- if and $secret (not (contains "${" (toString $secret))) -}}
{{- include "tributary.refuse" (list $name (printf "%s is written in the values: write \"${NAME}\" there and refer to a Secret under env." $where)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tributary.checkInit" -}}
{{- if and .pipeline.init.enabled .pipeline.existingConfigMap.name (eq .pipeline.rack.from "nodeLabel") -}}
{{- include "tributary.refuse" (list .name "init cannot read the node's zone (rack.from: nodeLabel), which the file in existingConfigMap may ask for: write the file under config, take the zone from podLabel, or run tributary init yourself.") -}}
{{- end -}}
{{- end }}

{{- define "tributary.checkMembership" -}}
{{- $instance := toString (default "" (get (default dict (get (default dict .pipeline.config) "kafka")) "instance_id")) -}}
{{- if and (include "tributary.static" .) (ne .pipeline.kind "StatefulSet") -}}
{{- include "tributary.refuse" (list .name (printf "staticMembership needs kind StatefulSet: the pods of a %s have new names after each restart, so the partitions of the old ones would stay unread until their session times out." .pipeline.kind)) -}}
{{- end -}}
{{- if and $instance (not (contains "${" $instance)) (ne .pipeline.kind "CronJob") -}}
{{- if or (gt (int .pipeline.replicas) 1) (ne .pipeline.autoscaling.with "none") -}}
{{- include "tributary.refuse" (list .name (printf "config.kafka.instance_id is %q for every pod, and the brokers let only one of them in: leave it out, and each pod is known by its own name." $instance)) -}}
{{- end -}}
{{- end -}}
{{- if lt (int .pipeline.terminationGracePeriodSeconds) 20 -}}
{{- include "tributary.refuse" (list .name (printf "terminationGracePeriodSeconds is %d, but a process may take 15 seconds to commit and leave: 20 is the least." (int .pipeline.terminationGracePeriodSeconds))) -}}
{{- end -}}
{{- end }}

{{- define "tributary.checkMemory" -}}
{{- $limit := toString (default "" (dig "limits" "memory" "" (default dict .pipeline.resources))) -}}
{{- $own := toString (default "auto" (get (default dict .pipeline.config) "memory_limit")) -}}
{{- if and (not $limit) .pipeline.config (eq $own "auto") -}}
{{- include "tributary.refuse" (list .name "resources.limits.memory is missing: the program divides the limit of its container, and without one would take three quarters of the node's memory. Set it, or config.memory_limit.") -}}
{{- end -}}
{{- if and $limit (gt (include "tributary.bytes" $own | int64) (include "tributary.bytes" $limit | int64)) (gt (include "tributary.bytes" $limit | int64) 0) -}}
{{- include "tributary.refuse" (list .name (printf "config.memory_limit is %s, more than the container's %s (resources.limits.memory): the kernel would end the process first. Leave memory_limit out, and the container's limit holds." $own $limit)) -}}
{{- end -}}
{{- end }}

{{- define "tributary.checkScale" -}}
{{- $scaling := .pipeline.autoscaling -}}
{{- $budget := .pipeline.podDisruptionBudget -}}
{{- if ne $scaling.with "none" -}}
{{- if eq .pipeline.kind "CronJob" -}}
{{- include "tributary.refuse" (list .name "autoscaling of a CronJob: a batch runs in one pod. Set autoscaling.with to none.") -}}
{{- end -}}
{{- if and (not $scaling.maxReplicas) (not .pipeline.partitions) -}}
{{- include "tributary.refuse" (list .name "autoscaling needs to know where to stop: say how many partitions the topics have (partitions), since more pods than that have nothing to do.") -}}
{{- end -}}
{{- if and .pipeline.partitions (gt (include "tributary.maxReplicas" . | int) (include "tributary.usefulPods" . | int)) -}}
{{- include "tributary.refuse" (list .name (printf "autoscaling.maxReplicas is %d, but %d partitions and %s worker(s) in a pod keep at most %s pods busy." (int $scaling.maxReplicas) (int .pipeline.partitions) (include "tributary.workers" .) (include "tributary.usefulPods" .))) -}}
{{- end -}}
{{- if gt (int $scaling.minReplicas) (include "tributary.maxReplicas" . | int) -}}
{{- include "tributary.refuse" (list .name (printf "autoscaling.minReplicas is %d, more than the greatest number of pods, %s." (int $scaling.minReplicas) (include "tributary.maxReplicas" .))) -}}
{{- end -}}
{{- if and (eq $scaling.with "hpa") (not $scaling.hpa.metrics) (not (dig "requests" "cpu" "" (default dict .pipeline.resources))) -}}
{{- include "tributary.refuse" (list .name "autoscaling.with is hpa, which compares the CPU used with what is requested, but resources.requests.cpu is missing.") -}}
{{- end -}}
{{- end -}}
{{- if and $budget.enabled (not (kindIs "invalid" $budget.minAvailable)) -}}
{{- $least := ternary .pipeline.replicas $scaling.minReplicas (eq $scaling.with "none") | int -}}
{{- if and (not (kindIs "string" $budget.minAvailable)) (ge (int $budget.minAvailable) $least) -}}
{{- include "tributary.refuse" (list .name (printf "podDisruptionBudget.minAvailable is %d of %d pods: no pod could ever be evicted, and no node drained." (int $budget.minAvailable) $least)) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tributary.checkKeda" -}}
{{- $keda := .pipeline.autoscaling.keda -}}
{{- if eq .pipeline.autoscaling.with "keda" -}}
{{- if eq $keda.trigger "prometheus" -}}
{{- if not $keda.prometheusAddress -}}
{{- include "tributary.refuse" (list .name "autoscaling.keda.trigger is prometheus, but autoscaling.keda.prometheusAddress is empty.") -}}
{{- end -}}
{{- else -}}
{{- if not (include "tributary.bootstrapServers" .) -}}
{{- include "tributary.refuse" (list .name "KEDA asks the brokers for the lag, and cannot read their address from the pipeline file (it is in a variable, or in a ConfigMap): set autoscaling.keda.bootstrapServers.") -}}
{{- end -}}
{{- if not (include "tributary.groupTopics" . | fromYamlArray) -}}
{{- include "tributary.refuse" (list .name "KEDA cannot read from the pipeline file which topic's lag counts: set autoscaling.keda.topics.") -}}
{{- end -}}
{{- if and .pipeline.existingConfigMap.name (not $keda.consumerGroup) -}}
{{- include "tributary.refuse" (list .name "KEDA cannot read the consumer group from existingConfigMap: set autoscaling.keda.consumerGroup (tributary.NAME, unless the file has kafka.group).") -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "tributary.checkBatch" -}}
{{- if eq .pipeline.kind "CronJob" -}}
{{- if not .pipeline.cron.schedule -}}
{{- include "tributary.refuse" (list .name "kind is CronJob, but cron.schedule is empty: say when it runs, for instance \"15 3 * * *\".") -}}
{{- end -}}
{{- if regexMatch "TZ=" .pipeline.cron.schedule -}}
{{- include "tributary.refuse" (list .name "cron.schedule names a time zone, which Kubernetes refuses: it belongs into cron.timeZone.") -}}
{{- end -}}
{{- else if .pipeline.cron.schedule -}}
{{- include "tributary.refuse" (list .name (printf "cron.schedule is set, but kind is %s: a pipeline runs all the time or on a schedule. Set kind to CronJob, or leave the schedule out." .pipeline.kind)) -}}
{{- end -}}
{{- if and .pipeline.cloudSqlProxy.enabled (not .pipeline.cloudSqlProxy.instance) -}}
{{- include "tributary.refuse" (list .name "cloudSqlProxy is enabled, but cloudSqlProxy.instance is empty: it is PROJECT:REGION:INSTANCE.") -}}
{{- end -}}
{{- end }}

{{/* Two entries of one pipeline's name share its progress: wanted for the two stages of re-keying, a mistake otherwise. */}}
{{- define "tributary.checkTwins" -}}
{{- $seen := dict -}}
{{- range $name, $pipeline := include "tributary.pipelines" . | fromYaml -}}
{{- if $pipeline.config -}}
{{- $key := printf "%s/%s" (include "tributary.configuredName" (dict "root" $ "name" $name "pipeline" $pipeline)) $pipeline.only -}}
{{- if hasKey $seen $key -}}
{{- include "tributary.refuse" (list $name (printf "its pipeline name is that of pipelines.%s: both would go on from the same progress. Give them different names under config.pipeline; for more pods raise replicas." (get $seen $key))) -}}
{{- end -}}
{{- $_ := set $seen $key $name -}}
{{- end -}}
{{- end -}}
{{- end }}
