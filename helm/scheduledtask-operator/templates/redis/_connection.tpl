{{- /* As workers of any namespace reach it, without user or password: those are made for each namespace. */ -}}
{{- define "scheduledtask.workerRedisUrl" -}}
{{- if .Values.redis.bundled.enabled -}}
redis://{{ include "scheduledtask.redisName" . }}.{{ .Release.Namespace }}.svc:6379/0
{{- else -}}
{{ .Values.redis.external.workerUrl }}
{{- end -}}
{{- end -}}

{{- /* By which the scheduler connects. */ -}}
{{- define "scheduledtask.redisEnv" -}}
{{- if .Values.redis.bundled.enabled -}}
- name: REDIS_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ include "scheduledtask.redisSecret" . }}, key: password}}
- name: SCHEDULEDTASK_REDIS_URL
  value: redis://:$(REDIS_PASSWORD)@{{ include "scheduledtask.redisName" . }}.{{ .Release.Namespace }}.svc:6379/0
{{- else -}}
- name: SCHEDULEDTASK_REDIS_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.redis.external.existingSecret }}, key: {{ .Values.redis.external.key }}}}
{{- end -}}
{{- end -}}
