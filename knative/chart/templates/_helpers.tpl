{{/* An image by its name: (list . "billing-overview"). A digest is preferred to a tag. */}}
{{- define "kube-dc-billing.image" -}}
{{- $values := (index . 0).Values -}}
{{- $name := index . 1 -}}
{{- $image := get $values.images $name | default dict -}}
{{- $repository := $image.repository | default (printf "%s/%s" $values.imagePrefix $name) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest | quote -}}
{{- else -}}
{{- printf "%s:%s" $repository ($image.tag | default $values.imageTag | default (index . 0).Chart.AppVersion) | quote -}}
{{- end -}}
{{- end -}}

{{/* The settings of a function: those that follow from other values, then `settings`, which can replace them. */}}
{{- define "kube-dc-billing.settings" -}}
{{- $defaults := dict "KEYCLOAK_URL" .Values.keycloakURL "CORS_ALLOWED_ORIGINS" .Values.frontendURL -}}
{{- if ne .Values.billingNamespace "billing" -}}
{{- $url := printf "http://billing-dashboard-svc.%s.svc.cluster.local:5000" .Values.billingNamespace -}}
{{- $_ := set $defaults "BILLING_API_URL" $url -}}
{{- end -}}
{{- if eq .Values.ownership "claims" -}}
{{- $_ := set $defaults "NAMESPACE_OWNERSHIP" "claims" -}}
{{- end -}}
{{- range $name, $value := merge (deepCopy .Values.settings) $defaults }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
- name: BILLING_API_TOKEN
  valueFrom: {secretKeyRef: {name: billing-api, key: BILLING_API_TOKEN{{ if .Values.tokenOptional }}, optional: true{{ end }}}}
{{- end -}}

{{/* The settings of the worker. */}}
{{- define "kube-dc-billing.workerSettings" -}}
{{- range $name, $value := .Values.billingService.workerSettings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{/* Destinations of the functions that the NetworkPolicy does not have. */}}
{{- define "kube-dc-billing.egress" -}}
{{- with .Values.extraEgress }}
{{- toYaml . }}
{{- end }}
{{- end -}}

{{/* Destinations of the worker that the NetworkPolicy does not have. */}}
{{- define "kube-dc-billing.workerEgress" -}}
{{- with .Values.billingService.workerEgress }}
{{- toYaml . }}
{{- end }}
{{- end -}}
