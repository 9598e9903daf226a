{{/* Values that are right one by one and wrong together. */}}
{{- define "phone-operator.check" -}}
{{- /* A release's name may begin with a digit and have dots. */}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" (include "phone-operator.fullname" .)) }}
{{- fail (printf "fullnameOverride: %s begins no name of a Service: give a prefix of lower-case letters, digits and -, with a letter first" (include "phone-operator.fullname" .)) }}
{{- end }}
{{- if and (gt (int .Values.replicas) 1) (not .Values.leaderElection.enabled) }}
{{- fail "replicas: more than one needs leaderElection.enabled, as two operators would undo each other's work" }}
{{- end }}
{{- /* Rights, probes and the Lease follow from the values: a flag beside them would not be what they are for. */}}
{{- $given := list "leader-elect" "health-probe-bind-address" "metrics-bind-address" "max-concurrent-reconciles" "zap-log-level" "watch-namespaces" "credential-namespaces" "tenant-selector" "enable-webhooks" "webhook-cert-dir" "webhook-name" "check-installation" }}
{{- range .Values.extraArgs }}
{{- $name := regexReplaceAll "^--?([a-z-]+).*$" . "${1}" }}
{{- if has $name $given }}{{ fail (printf "extraArgs: the chart gives --%s itself, by a value of its own" $name) }}{{ end }}
{{- end }}
{{- /* The API server refuses a variable that is there twice, after the roles have changed. */}}
{{- $names := list }}
{{- range (first (include "phone-operator.pod" . | fromYaml).containers).env }}
{{- if has .name $names }}{{ fail (printf "extraEnv: %s is there already" .name) }}{{ end }}
{{- $names = append $names .name }}
{{- end }}
{{- /* What the operator takes, which ends at its start otherwise: see Parse of k8s.io/apimachinery/pkg/labels. */}}
{{- with .Values.tenantSelector }}
{{- $value := "([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?" }}
{{- $key := "([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?" }}
{{- $is := printf "\\s*(==?|!=)\\s*%s" $value }}
{{- $in := printf "\\s+(in|notin)\\s*[(]\\s*%s\\s*(,\\s*%s\\s*)*[)]" $value $value }}
{{- $one := printf "\\s*(!\\s*%s|%s(%s|%s|\\s*[<>]\\s*[0-9]+)?)\\s*" $key $key $is $in }}
{{- if not (regexMatch (printf "^%s(,%s)*$" $one $one) .) }}
{{- fail (printf "tenantSelector: %s is no label selector, such as team=blue, '!team' or team in (blue, red)" .) }}
{{- end }}
{{- end }}
{{- if contains "@" .Values.proxy.url }}
{{- fail "proxy.url: a URL with a password belongs into a Secret, which proxy.secret names" }}
{{- end }}
{{- if and .Values.proxy.url .Values.proxy.secret.name }}
{{- fail "proxy: give either url or secret.name" }}
{{- end }}
{{- if gt (len (compact (list .Values.caBundle.pem .Values.caBundle.configMapName .Values.caBundle.secretName))) 1 }}
{{- fail "caBundle: give one of pem, configMapName and secretName" }}
{{- end }}
{{- if and .Values.networkPolicy.enabled .Values.networkPolicy.egress.enabled (not .Values.networkPolicy.egress.apiServerCIDRs) }}
{{- fail "networkPolicy.egress.apiServerCIDRs: name the API server's addresses, without which the operator cannot start; kubectl -n default get endpointslices -l kubernetes.io/service-name=kubernetes shows them" }}
{{- end }}
{{- if and .Values.workloadIdentity.enabled (eq .Values.workloadIdentity.token "Webhook") (not .Values.workloadIdentity.clientID) }}
{{- fail "workloadIdentity.clientID: name the application (client) id, which Azure's webhook reads from the ServiceAccount" }}
{{- end }}
{{- if and .Values.admissionPolicies.usersOfNamespaces.enabled (not .Values.admissionPolicies.usersOfNamespaces.table) }}
{{- fail "admissionPolicies.usersOfNamespaces.table: name a namespace and its endings, or nobody can declare a phone" }}
{{- end }}
{{- if and (or .Values.metrics.serviceMonitor.enabled .Values.metrics.prometheusRule.enabled) (not .Values.metrics.enabled) }}
{{- fail "metrics.enabled is false: then there is nothing for serviceMonitor and prometheusRule to read" }}
{{- end }}
{{- /* A label that is set twice is no YAML, and the chart's own select. */}}
{{- $own := concat (include "phone-operator.ownLabels" . | fromYaml | keys) (list "app.kubernetes.io/component" "control-plane") }}
{{- range keys .Values.commonLabels }}
{{- if has . $own }}{{ fail (printf "commonLabels: %s is a label that the chart sets itself" .) }}{{ end }}
{{- end }}
{{- $own = concat $own (keys .Values.commonLabels) }}
{{- range $kind := list "serviceMonitor" "prometheusRule" "dashboard" }}
{{- range keys (index $.Values.metrics $kind).labels }}
{{- if has . $own }}{{ fail (printf "metrics.%s.labels: %s is a label that the chart or commonLabels sets" $kind .) }}{{ end }}
{{- end }}
{{- end }}
{{- range .Values.metrics.prometheusRule.disabled }}
{{- $alert := . }}
{{- $known := false }}
{{- range ($.Files.Get "files/alerts.yaml" | fromYaml).groups }}
{{- range .rules }}{{ if eq .alert $alert }}{{ $known = true }}{{ end }}{{ end }}
{{- end }}
{{- if not $known }}{{ fail (printf "metrics.prometheusRule.disabled: there is no alert %s" $alert) }}{{ end }}
{{- end }}
{{- /* A cluster that can be asked has kube-system; without one (helm template) nothing is known. Helm looks up every kind
       before it creates the first CRD. */}}
{{- if and .Values.tenants (lookup "v1" "Namespace" "" "kube-system") (not (.Capabilities.APIVersions.Has "identity.entraops.dev/v1alpha1/EntraTenant")) }}
{{- fail "tenants: this cluster does not know EntraTenants yet, and Helm cannot create them together with their CRD: install without tenants, then add them with helm upgrade" }}
{{- end }}
{{- /* An upgrade narrows the ClusterRole before it makes the Roles: if it failed at one of these, the operator that runs would
       be left without its rights. The release's namespace is there, or Helm makes it. */}}
{{- if and .Values.watchNamespaces (lookup "v1" "Namespace" "" "kube-system") }}
{{- range without (concat .Values.watchNamespaces .Values.credentialNamespaces) .Release.Namespace }}
{{- $there := lookup "v1" "Namespace" "" . }}
{{- if not $there }}
{{- fail (printf "watchNamespaces, credentialNamespaces: there is no namespace %s for the operator's Role: create it first" .) }}
{{- else if $there.metadata.deletionTimestamp }}
{{- fail (printf "watchNamespaces, credentialNamespaces: the namespace %s is being deleted and takes no Role" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
