{{- /* What the schema cannot say: values that do not go together. */ -}}
{{- define "scheduledtask.checks" -}}
{{- $external := .Values.redis.external -}}
{{- if not .Values.redis.bundled.enabled -}}
{{- if not $external.existingSecret -}}
{{- fail "redis.bundled.enabled is false: redis.external.existingSecret must name the Secret that holds the URL of your Redis" -}}
{{- end -}}
{{- $given := eq $external.workerUsers "given" -}}
{{- if and $given (not $external.workerKey) -}}
{{- fail "redis.external.workerUsers is given: redis.external.workerKey must name the key of the workers' URL, with user and password" -}}
{{- end -}}
{{- if and $external.workerUrl $external.workerKey -}}
{{- fail "redis.external.workerUrl and redis.external.workerKey both say where workers reach your Redis: leave one of them empty" -}}
{{- end -}}
{{- if not (or $external.workerUrl $external.workerKey) -}}
{{- fail "redis.bundled.enabled is false: redis.external.workerUrl must say where workers reach your Redis, as redis://HOST:PORT/DB" -}}
{{- end -}}
{{- else if $external.existingSecret -}}
{{- fail (printf "redis.external.existingSecret is %q while redis.bundled.enabled is true: set it to false to use your own Redis" $external.existingSecret) -}}
{{- end -}}
{{- $least := add .Values.runners.graceSeconds 10 -}}
{{- if lt (int64 .Values.terminationGracePeriodSeconds) $least -}}
{{- fail (printf "terminationGracePeriodSeconds is %d, and runners.graceSeconds %d: light runs would be killed that had time left; make it %d or more" (int64 .Values.terminationGracePeriodSeconds) (int64 .Values.runners.graceSeconds) $least) -}}
{{- end -}}
{{- if and .Values.networkPolicy.lightTasks.egress (not .Values.networkPolicy.lightTasks.restrict) -}}
{{- fail "networkPolicy.lightTasks.egress has no effect while networkPolicy.lightTasks.restrict is false: set that to true" -}}
{{- end -}}
{{- end -}}
