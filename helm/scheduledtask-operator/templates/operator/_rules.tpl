{{- /* What the operator may do with tasks and their workers: in every namespace, or in each of watchNamespaces. */ -}}
{{- define "scheduledtask.rules" -}}
# What is to run, and what became of it.
- apiGroups: [scheduledtask.dev]
  resources: [scheduledtasks]
  verbs: [get, list, watch]
- apiGroups: [scheduledtask.dev]
  resources: [scheduledtasks/status]
  verbs: [patch]
# Requests for one run: made for triggers, made to go with their ScheduledTask, and deleted after their time.
- apiGroups: [scheduledtask.dev]
  resources: [scheduledtaskruns]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [scheduledtask.dev]
  resources: [scheduledtaskruns/status]
  verbs: [patch]
# Transitions and failures, for `kubectl describe`.
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
# Runs of a namespace that is being deleted are cancelled.
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get, list, watch]
# The workers of a pool, in its own namespace, and how many of them.
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [get, patch]
# An eviction of a busy worker is refused until its run ends.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
# Which workers are ready and why others are not; marks who is busy and who goes first; one short pod reads the catalog
# of an image, and prints it.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
# The catalogs of a namespace's images, kept for a restart.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, create, patch]
  resourceNames: [stask-catalogs]
# The account of the workers, which has no rights.
- apiGroups: [""]
  resources: [serviceaccounts]
  verbs: [get, create, patch]
  resourceNames: [stask-worker]
# The Redis user of a namespace's workers. No other Secret can be read, or made.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
  resourceNames: [stask-redis]
{{- end -}}
