{{/* The pipeline file, and what the chart has to know of it. Each takes (dict "root" $ "name" NAME "pipeline" SETTINGS). */}}

{{/* Every pipeline's settings: those of "defaults" with its own over them, as {NAME: SETTINGS}. */}}
{{- define "tributary.pipelines" -}}
{{- $all := dict -}}
{{- range $name, $own := .Values.pipelines -}}
{{- $settings := deepCopy $.Values.defaults -}}
{{- include "tributary.lay" (list $settings (deepCopy (default dict $own))) -}}
{{- $_ := set $all $name $settings -}}
{{- end -}}
{{- toYaml $all -}}
{{- end }}

{{/* tributary.lay: (list BELOW ABOVE) lays one map over another, in place. Helm's own mergeOverwrite takes false, 0 and ""
     above for nothing said. */}}
{{- define "tributary.lay" -}}
{{- $below := index . 0 -}}
{{- range $key, $above := index . 1 -}}
{{- if and (kindIs "map" $above) (kindIs "map" (get $below $key)) -}}
{{- include "tributary.lay" (list (get $below $key) $above) -}}
{{- else -}}
{{- $_ := set $below $key $above -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Static membership, as "true" or "": on for a StatefulSet, whose pods keep their names. */}}
{{- define "tributary.static" -}}
{{- $wanted := toString .pipeline.staticMembership -}}
{{- if or (eq $wanted "true") (and (eq $wanted "auto") (eq .pipeline.kind "StatefulSet")) -}}
true
{{- end -}}
{{- end }}

{{/* The inline file, with what the chart adds where the values do not say otherwise. */}}
{{- define "tributary.config" -}}
{{- $config := deepCopy .pipeline.config -}}
{{- if not (hasKey $config "version") -}}{{- $_ := set $config "version" 1 -}}{{- end -}}
{{- if not (hasKey $config "pipeline") -}}{{- $_ := set $config "pipeline" .name -}}{{- end -}}
{{- $kafka := default dict (get $config "kafka") -}}
{{- if and (include "tributary.static" .) (not (hasKey $kafka "instance_id")) -}}
{{- $_ := set $kafka "instance_id" "${POD_NAME}" -}}
{{- end -}}
{{- if ne .pipeline.rack.from "none" -}}
{{- $properties := default dict (get $kafka "properties") -}}
{{- if not (hasKey $properties "client.rack") -}}
{{- $_ := set $properties "client.rack" (include "tributary.rackVariable" .) -}}
{{- end -}}
{{- $_ := set $kafka "properties" $properties -}}
{{- end -}}
{{- if $kafka -}}{{- $_ := set $config "kafka" $kafka -}}{{- end -}}
{{- toYaml $config -}}
{{- end }}

{{/* "none" is the rack of no broker: then records are fetched from the leaders, as without a rack. */}}
{{- define "tributary.rackVariable" -}}
{{- if eq .pipeline.rack.from "nodeLabel" -}}
${file:/run/tributary/rack}
{{- else -}}
${TRIBUTARY_RACK:-none}
{{- end -}}
{{- end }}

{{/* The name by which the program knows the pipeline. */}}
{{- define "tributary.configuredName" -}}
{{- default .name (get (default dict .pipeline.config) "pipeline") -}}
{{- end }}

{{/* The number of threads of a pod, 1 where only the program knows. */}}
{{- define "tributary.workers" -}}
{{- $workers := toString (default 1 (get (default dict .pipeline.config) "workers")) -}}
{{- if regexMatch "^[0-9]+$" $workers -}}{{ $workers }}{{- else -}}1{{- end -}}
{{- end }}

{{/* The most pods that have something to do, 0 if "partitions" is not known. */}}
{{- define "tributary.usefulPods" -}}
{{- $workers := include "tributary.workers" . | int -}}
{{- div (sub (add (int .pipeline.partitions) $workers) 1) $workers -}}
{{- end }}

{{- define "tributary.maxReplicas" -}}
{{- if .pipeline.autoscaling.maxReplicas -}}
{{- int .pipeline.autoscaling.maxReplicas -}}
{{- else -}}
{{- include "tributary.usefulPods" . -}}
{{- end -}}
{{- end }}

{{/* The consumer group whose lag says whether more pods are needed. */}}
{{- define "tributary.group" -}}
{{- $kafka := default dict (get (default dict .pipeline.config) "kafka") -}}
{{- $group := default (printf "tributary.%s" (include "tributary.configuredName" .)) (get $kafka "group") -}}
{{- if eq .pipeline.only "repartition" -}}{{- $group = printf "%s.repartition" $group -}}{{- end -}}
{{- default $group .pipeline.autoscaling.keda.consumerGroup -}}
{{- end }}

{{/* The topics that this group reads, as a list in YAML; none if the file does not say. Of a join that is the
     conversions' topic, or what it is copied into; of re-keyers, the topics that are copied. */}}
{{- define "tributary.groupTopics" -}}
{{- $topics := list -}}
{{- $config := default dict .pipeline.config -}}
{{- $shared := get (default dict (get $config "defaults")) "repartition" -}}
{{- $conversions := get (default dict (get $config "attribute")) "conversions" -}}
{{- $name := include "tributary.configuredName" . -}}
{{- $only := .pipeline.only -}}
{{- range $input, $settings := default dict (get $config "inputs") -}}
{{- $topic := get (default dict (get $settings "kafka")) "topic" -}}
{{- $own := get $settings "repartition" -}}
{{- if eq $only "repartition" -}}
{{- if and $topic (or $own (and $shared (not (hasKey $settings "partitioned_by")))) -}}{{- $topics = append $topics $topic -}}{{- end -}}
{{- else if and $topic (eq $input (toString $conversions)) -}}
{{- if or $own (and $shared (not (hasKey $settings "partitioned_by"))) -}}
{{- $topic = default (printf "%s.%s.rekeyed" $name $input) (get (default dict $own) "topic") -}}
{{- end -}}
{{- $topics = append $topics $topic -}}
{{- end -}}
{{- end -}}
{{- toYaml (default $topics .pipeline.autoscaling.keda.topics) -}}
{{- end }}

{{- define "tributary.bootstrapServers" -}}
{{- $brokers := toString (default "" (get (default dict (get (default dict .pipeline.config) "kafka")) "brokers")) -}}
{{- if contains "${" $brokers -}}{{- $brokers = "" -}}{{- end -}}
{{- default $brokers .pipeline.autoscaling.keda.bootstrapServers -}}
{{- end }}

{{/* Bytes of a quantity of Kubernetes (512Mi, 1G) or of the pipeline file (512MiB, 1GB); 0 if it is neither. */}}
{{- define "tributary.bytes" -}}
{{- $text := trimSuffix "B" (toString .) | replace "iB" "i" -}}
{{- $units := dict "" 1 "k" 1000 "K" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $unit := regexReplaceAll "^[0-9.]+" $text "" -}}
{{- if and (regexMatch "^[0-9]+(\\.[0-9]+)?[A-Za-z]*$" $text) (hasKey $units $unit) -}}
{{- mulf (float64 (trimSuffix $unit $text)) (float64 (get $units $unit)) | int64 -}}
{{- else -}}
0
{{- end -}}
{{- end }}

{{/* A pipeline's settings for the init job, which runs before anything may ask for a node's zone. */}}
{{- define "tributary.withoutRack" -}}
{{- $settings := deepCopy . -}}
{{- if ne $settings.rack.from "none" -}}
{{- $_ := set $settings "rack" (dict "from" "value" "value" "none") -}}
{{- end -}}
{{- toYaml $settings -}}
{{- end }}
