{{- define "phone-operator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 36 | trimSuffix "-" }}
{{- end }}

{{/* The prefix of all names: the longest that is put behind it has 27 letters, and a Service's name has 63. */}}
{{- define "phone-operator.fullname" -}}
{{- $name := include "phone-operator.name" . }}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- default $full .Values.fullnameOverride | trunc 36 | trimSuffix "-" }}
{{- end }}

{{- define "phone-operator.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (printf "%s-controller-manager" (include "phone-operator.fullname" .)) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name: say which ServiceAccount the operator has, as serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{/* What selects the operator's pods. */}}
{{- define "phone-operator.selector" -}}
app.kubernetes.io/name: {{ include "phone-operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
control-plane: controller-manager
{{- end }}

{{- define "phone-operator.ownLabels" -}}
app.kubernetes.io/name: {{ include "phone-operator.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | trunc 63 | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{- define "phone-operator.labels" -}}
{{ include "phone-operator.ownLabels" . }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "phone-operator.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}
{{- end }}

{{/* The namespaces that are watched, with commas between them; empty is all. */}}
{{- define "phone-operator.watched" -}}
{{- with .Values.watchNamespaces }}
{{- concat . $.Values.credentialNamespaces (list $.Release.Namespace) | uniq | join "," }}
{{- end }}
{{- end }}

{{/* Whom a binding is for. */}}
{{- define "phone-operator.subjects" -}}
subjects:
- kind: ServiceAccount
  name: {{ include "phone-operator.serviceAccount" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end }}

{{/* Where more certificate authorities come from: the volume's source. */}}
{{- define "phone-operator.caVolume" -}}
{{- with .Values.caBundle }}
{{- if .pem }}
configMap: {name: {{ include "phone-operator.fullname" $ }}-ca-bundle}
{{- else if .configMapName }}
configMap: {name: {{ .configMapName | quote }}}
{{- else if .secretName }}
secret: {secretName: {{ .secretName | quote }}}
{{- end }}
{{- end }}
{{- end }}
