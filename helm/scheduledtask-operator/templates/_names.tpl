{{- define "scheduledtask.name" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" (.Release.Name | trunc 22 | trimSuffix "-") .Chart.Name -}}
{{- end -}}
{{- end -}}

{{- define "scheduledtask.redisName" -}}
{{- printf "%s-redis" (include "scheduledtask.name" . | trimSuffix "-operator") -}}
{{- end -}}

{{- /* The Secret with the key `password` of the bundled Redis. */ -}}
{{- define "scheduledtask.redisSecret" -}}
{{- .Values.redis.bundled.existingSecret | default (include "scheduledtask.redisName" .) -}}
{{- end -}}

{{- /* "true" where runs' output can be read: to judge who asks is a right on the whole cluster. */ -}}
{{- define "scheduledtask.readApi" -}}
{{- if and .Values.readApi.enabled (not .Values.watchNamespaces) -}}true{{- end -}}
{{- end -}}

{{- /* (list ROOT COMPONENT): what selects its pods; never to be changed, a Deployment's selector cannot be. */ -}}
{{- define "scheduledtask.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- /* (list ROOT COMPONENT NAME [NAMESPACE]): metadata of an object; without NAMESPACE the release's. A namespace of "" is none. */ -}}
{{- define "scheduledtask.metadata" -}}
{{- $root := index . 0 -}}
{{- $namespace := $root.Release.Namespace -}}
{{- if gt (len .) 3 -}}{{- $namespace = index . 3 -}}{{- end -}}
name: {{ index . 2 }}
{{- if $namespace }}
namespace: {{ $namespace }}
{{- end }}
labels:
  {{- include "scheduledtask.labels" (list $root (index . 1)) | nindent 2 }}
{{- with $root.Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "scheduledtask.labels" -}}
{{- $root := index . 0 -}}
{{ include "scheduledtask.selector" . }}
app.kubernetes.io/part-of: scheduledtask
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name ($root.Chart.Version | replace "+" "_") }}
{{- with $root.Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- /* (list ROOT PART): registry/repository:tag, or @digest. */ -}}
{{- define "scheduledtask.image" -}}
{{- $root := index . 0 -}}
{{- $image := (index . 1).image -}}
{{- $place := printf "%s/%s" $root.Values.image.registry $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $place $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $place ($root.Values.image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}
