{{/* What the operator's pods are, and the pod of helm test, which is the same one with another argument: only so does it find
     what the operator finds. */}}
{{- define "phone-operator.pod" -}}
{{- $watched := include "phone-operator.watched" . }}
{{- $ca := include "phone-operator.caVolume" . }}
{{- $projected := and .Values.workloadIdentity.enabled (eq .Values.workloadIdentity.token "Projected") }}
{{- $proxied := or .Values.proxy.url .Values.proxy.secret.name -}}
serviceAccountName: {{ include "phone-operator.serviceAccount" . | quote }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 0 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
# Long enough for the Graph calls under way to be answered and recorded.
terminationGracePeriodSeconds: 30
# No user id: the image has one, and OpenShift gives each namespace its own.
securityContext:
  runAsNonRoot: true
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints:
{{- $selector := dict "matchLabels" (include "phone-operator.selector" $ | fromYaml) }}
{{- range . }}
- {{ merge (dict) . (dict "labelSelector" $selector) | toYaml | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 0 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
- name: manager
  image: {{ include "phone-operator.image" . | quote }}
  {{- with .Values.image.pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  args:
  - --leader-elect{{ if not .Values.leaderElection.enabled }}=false{{ end }}
  - --health-probe-bind-address=:8081
  - --metrics-bind-address={{ .Values.metrics.enabled | ternary ":8443" "0" }}
  {{- if ne (int .Values.maxConcurrentReconciles) 16 }}
  - --max-concurrent-reconciles={{ .Values.maxConcurrentReconciles }}
  {{- end }}
  {{- if ne .Values.logLevel "info" }}
  - --zap-log-level={{ .Values.logLevel }}
  {{- end }}
  {{- with $watched }}
  - --watch-namespaces={{ . }}
  {{- end }}
  {{- with .Values.credentialNamespaces }}
  - --credential-namespaces={{ join "," . }}
  {{- end }}
  {{- with .Values.tenantSelector }}
  - {{ printf "--tenant-selector=%s" . | quote }}
  {{- end }}
  {{- if .Values.webhook.enabled }}
  - --enable-webhooks
  - --webhook-cert-dir=/certificates
  {{- $name := printf "%s-webhook" (include "phone-operator.fullname" .) }}
  {{- if ne $name "phone-operator-webhook" }}
  - --webhook-name={{ $name }}
  {{- end }}
  {{- end }}
  {{- with .Values.extraArgs }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  env:
  # Whose Secrets may be the credential of an EntraTenant; see --credential-namespaces.
  - name: POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  {{- with .Values.goMemoryLimit }}
  - name: GOMEMLIMIT
    value: {{ . | quote }}
  {{- end }}
  {{- if $projected }}
  - name: AZURE_FEDERATED_TOKEN_FILE
    value: /var/run/secrets/azure/tokens/azure-identity-token
  {{- end }}
  {{- if $proxied }}
  - name: HTTPS_PROXY
    {{- if .Values.proxy.url }}
    value: {{ .Values.proxy.url | quote }}
    {{- else }}
    valueFrom:
      secretKeyRef:
        name: {{ .Values.proxy.secret.name | quote }}
        key: {{ .Values.proxy.secret.key | quote }}
    {{- end }}
  - name: NO_PROXY
    value: {{ join "," .Values.proxy.noProxy | quote }}
  {{- end }}
  {{- if $ca }}
  # Beside the image's own bundle, which is a file.
  - name: SSL_CERT_DIR
    value: /etc/phone-operator/ca
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  ports:
  {{- if .Values.metrics.enabled }}
  - name: metrics
    containerPort: 8443
  {{- end }}
  - name: probes
    containerPort: 8081
  {{- if .Values.webhook.enabled }}
  - name: webhook
    containerPort: 9443
  {{- end }}
  livenessProbe:
    httpGet:
      path: /healthz
      port: probes
    initialDelaySeconds: 15
    periodSeconds: 20
  readinessProbe:
    httpGet:
      path: /readyz
      port: probes
    initialDelaySeconds: 5
    periodSeconds: 10
  {{- with .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  securityContext:
    allowPrivilegeEscalation: false
    capabilities:
      drop:
      - ALL
    readOnlyRootFilesystem: true
  {{- if or .Values.webhook.enabled $ca $projected }}
  volumeMounts:
  {{- if .Values.webhook.enabled }}
  - name: webhook
    mountPath: /certificates
    readOnly: true
  {{- end }}
  {{- if $ca }}
  - name: ca-bundle
    mountPath: /etc/phone-operator/ca
    readOnly: true
  {{- end }}
  {{- if $projected }}
  - name: azure-identity-token
    mountPath: /var/run/secrets/azure/tokens
    readOnly: true
  {{- end }}
volumes:
{{- if .Values.webhook.enabled }}
- name: webhook
  secret:
    secretName: {{ include "phone-operator.fullname" . }}-webhook
    # Empty until the operator runs, so the pod must not wait for the keys. The CA's
    # own key, which is in the Secret too, is not for the files.
    optional: true
    items:
    - key: tls.crt
      path: tls.crt
    - key: tls.key
      path: tls.key
{{- end }}
{{- if $ca }}
- name: ca-bundle
  {{- $ca | trim | nindent 2 }}
{{- end }}
{{- if $projected }}
- name: azure-identity-token
  projected:
    sources:
    - serviceAccountToken:
        path: azure-identity-token
        audience: {{ .Values.workloadIdentity.audience | quote }}
        expirationSeconds: 3600
{{- end }}
{{- end }}
{{- end }}
