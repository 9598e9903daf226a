package main

import (
	"fmt"
	"strings"
)

const intro = `<!-- Made from values.yaml by hack/chart (make generate): edit the comments there. -->
# The Helm chart's values

How to install with the chart is in [docs/helm.md](../../docs/helm.md).

| value | default | meaning |
|---|---|---|
`

// page is the chart's README: a row for each value.
func page(values []value) []byte {
	var b strings.Builder
	b.WriteString(intro)
	rows(&b, "", values)
	return []byte(b.String())
}

func rows(b *strings.Builder, path string, values []value) {
	for _, v := range values {
		if len(v.children) > 0 {
			rows(b, path+v.name+".", v.children)
			continue
		}
		text, err := v.text()
		if err != nil {
			panic(err) // it was read from YAML just now
		}
		fmt.Fprintf(b, "| `%s%s` | `%s` | %s |\n", path, v.name, cell(text), cell(v.description))
	}
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
