package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

type schema = apiextensionsv1.JSONSchemaProps

// chapter is all that the page says of one kind: a section for spec, one for status, and one for each object in them.
func chapter(crd *apiextensionsv1.CustomResourceDefinition) string {
	names := crd.Spec.Names
	var b strings.Builder
	for _, v := range crd.Spec.Versions {
		kind := v.Schema.OpenAPIV3Schema
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", names.Kind, prose(kind.Description))
		fmt.Fprintf(&b, "`apiVersion: %s/%s`, `kind: %s`; %s. kubectl also calls it `%s`.\n",
			crd.Spec.Group, v.Name, names.Kind, scopes[crd.Spec.Scope], strings.Join(append([]string{names.Singular}, names.ShortNames...), "` or `"))
		b.WriteString(rules(kind))
		for _, part := range []string{"spec", "status"} {
			if s, there := kind.Properties[part]; there {
				section(&b, names.Kind+"."+part, &s)
			}
		}
	}
	return b.String()
}

var scopes = map[apiextensionsv1.ResourceScope]string{
	apiextensionsv1.ClusterScoped: "it belongs to no namespace", apiextensionsv1.NamespaceScoped: "it belongs to a namespace",
}

// section writes the table of an object's fields, and then a section for each object among them.
func section(b *strings.Builder, path string, s *schema) {
	fmt.Fprintf(b, "\n### %s\n\n", path)
	if s.Description != "" {
		fmt.Fprintf(b, "%s\n\n", prose(s.Description))
	}
	fmt.Fprint(b, "| field | type | what it is |\n|---|---|---|\n")
	fields := slices.Sorted(maps.Keys(s.Properties))
	for _, name := range fields {
		field := s.Properties[name]
		need := ""
		if slices.Contains(s.Required, name) {
			need = "**Required.** "
		}
		fmt.Fprintf(b, "| `%s` | %s | %s%s%s |\n", name, typeOf(path+"."+name, &field), need, cell(field.Description), cell(limits(&field)))
	}
	b.WriteString(rules(s))
	for _, name := range fields {
		field := s.Properties[name]
		if object := element(&field); hasSection(object) {
			section(b, path+"."+name, object)
		}
	}
}

// rules are the sentences with which the API server refuses what the fields alone do not show.
func rules(s *schema) string {
	var b strings.Builder
	for _, v := range s.XValidations {
		if b.Len() == 0 {
			b.WriteString("\nRefused by the API server, with these words:\n\n")
		}
		fmt.Fprintf(&b, "* %s\n", prose(v.Message))
	}
	return b.String()
}

// element is what a list has, or the field itself.
func element(s *schema) *schema {
	if s.Type == "array" && s.Items != nil && s.Items.Schema != nil {
		return s.Items.Schema
	}
	return s
}

// hasSection is false for what Kubernetes itself documents.
func hasSection(s *schema) bool { return len(s.Properties) > 0 && foreign(s) == "" }

// foreign is the link to the page of a type of Kubernetes' own, known by its fields.
func foreign(s *schema) string {
	has := func(names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { _, there := s.Properties[n]; return !there })
	}
	switch {
	case has("matchExpressions", "matchLabels"):
		return "[LabelSelector](https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/)"
	case has("lastTransitionTime", "reason", "status", "type"):
		return "[Condition](https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition)"
	default:
		return ""
	}
}
