{{- /* What the "restricted" Pod Security Standard asks for; 65532 is the images' own user. */ -}}
{{- define "scheduledtask.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- /* And a root file system that nobody writes to. */ -}}
{{- define "scheduledtask.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{- /* Probes that read the age of a file which a program touches each second. To start Python for a probe would take more
       than the program itself. A busy node may keep a program from its heartbeat for many seconds, hence a minute. */ -}}
{{- define "scheduledtask.heartbeatProbes" -}}
{{- $fresh := "test -e /tmp/heartbeat && test $(($(date +%s) - $(stat -c %Y /tmp/heartbeat))) -lt 60" -}}
startupProbe:
  exec:
    command: [sh, -c, test -e /tmp/heartbeat]
  periodSeconds: 1
  timeoutSeconds: 10
  failureThreshold: 300
readinessProbe:
  exec:
    command: [sh, -c, {{ $fresh | quote }}]
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 1
livenessProbe:
  exec:
    command: [sh, -c, {{ $fresh | quote }}]
  periodSeconds: 20
  timeoutSeconds: 10
  failureThreshold: 3
{{- end -}}

{{- /* (list ROOT PART NAME): what the containers of the operator's pod have in common. */ -}}
{{- define "scheduledtask.container" -}}
{{- $root := index . 0 -}}
{{- $part := index . 1 -}}
name: {{ index . 2 }}
image: {{ include "scheduledtask.image" (list $root $part) | quote }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
resources:
  {{- toYaml $part.resources | nindent 2 }}
securityContext:
  {{- include "scheduledtask.containerSecurity" $root | nindent 2 }}
terminationMessagePolicy: FallbackToLogsOnError
{{- end -}}

{{- define "scheduledtask.loggingEnv" -}}
- name: SCHEDULEDTASK_LOG_LEVEL
  value: {{ .Values.logging.level }}
- name: SCHEDULEDTASK_LOG_FORMAT
  value: {{ .Values.logging.format }}
{{- end -}}

{{- /* (list ROOT NAME COMMAND): a pod of the operator's image that runs a program of ours, with its account's token. */ -}}
{{- define "scheduledtask.helperPod" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ index . 1 }}
automountServiceAccountToken: true
enableServiceLinks: false
restartPolicy: Never
securityContext:
  {{- include "scheduledtask.podSecurity" $root | nindent 2 }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: main
    image: {{ include "scheduledtask.image" (list $root $root.Values.operator) | quote }}
    imagePullPolicy: {{ $root.Values.image.pullPolicy }}
    command:
      {{- toYaml (index . 2) | nindent 6 }}
    resources:
      requests: {cpu: 50m, memory: 64Mi}
      limits: {memory: 256Mi}
    securityContext:
      {{- include "scheduledtask.containerSecurity" $root | nindent 6 }}
    terminationMessagePolicy: FallbackToLogsOnError
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
volumes:
  - {name: tmp, emptyDir: {}}
{{- end -}}

{{- /* (list ROOT COMPONENT): the network of such a pod. It asks the API server, and nobody asks it. */ -}}
{{- define "scheduledtask.helperPolicy" -}}
{{- $root := index . 0 -}}
podSelector:
  matchLabels:
    {{- include "scheduledtask.selector" . | nindent 4 }}
policyTypes: [Ingress, Egress]
ingress: []
egress:
  {{- include "scheduledtask.egressToApi" $root | nindent 2 }}
{{- end -}}

{{- /* What every pod that speaks to Kubernetes must reach. */ -}}
{{- define "scheduledtask.egressToApi" -}}
# Names. Wherever the resolver is: on the node, in the cluster, or the cloud's own.
- ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
# The API server. No `to` is anywhere, since some networks know it by no address block.
- ports:
    {{- range .Values.networkPolicy.apiServer.ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .Values.networkPolicy.apiServer.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
