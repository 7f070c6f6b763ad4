{{- define "scheduledtask.redisCaSecret" -}}
{{- if not .Values.redis.bundled.enabled -}}{{- .Values.redis.external.caSecret -}}{{- end -}}
{{- end -}}

{{- /* In the containers that speak to Redis, or tell workers how to. */ -}}
{{- define "scheduledtask.redisCaMount" -}}
{{- if include "scheduledtask.redisCaSecret" . -}}
- {name: redis-ca, mountPath: /run/scheduledtask/redis-ca, readOnly: true}
{{- end -}}
{{- end -}}

{{- /* What the operator tells workers. Users and passwords are made for each namespace, unless one is given for all. */ -}}
{{- define "scheduledtask.workerRedisOptions" -}}
{{- if .Values.redis.bundled.enabled -}}
- --worker-redis-url=redis://{{ include "scheduledtask.redisName" . }}.{{ .Release.Namespace }}.svc:6379/0
{{- else -}}
- --worker-redis-users={{ .Values.redis.external.workerUsers }}
{{- with .Values.redis.external.workerUrl }}
- --worker-redis-url={{ . }}
{{- end }}
{{- if include "scheduledtask.redisCaSecret" . }}
- --worker-redis-ca-file=/run/scheduledtask/redis-ca/ca.crt
{{- end }}
{{- end -}}
{{- end -}}

{{- /* A URL with a password in it is no option, which everybody can read who may see pods. */ -}}
{{- define "scheduledtask.workerRedisEnv" -}}
{{- if and (not .Values.redis.bundled.enabled) .Values.redis.external.workerKey -}}
- name: SCHEDULEDTASK_WORKER_REDIS_URL
  valueFrom: {secretKeyRef: {name: {{ .Values.redis.external.existingSecret }}, key: {{ .Values.redis.external.workerKey }}}}
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
