package main

import (
	"fmt"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// typeOf names the type of a field, and leads to its section where it has one.
func typeOf(path string, s *schema) string {
	e := element(s)
	name := e.Type
	switch {
	case foreign(e) != "":
		name = foreign(e)
	case hasSection(e):
		name = fmt.Sprintf("[object](#%s)", anchor(path))
	case e.Type == "object" && e.AdditionalProperties != nil:
		name = "map"
	case e.Format != "":
		name = fmt.Sprintf("%s (%s)", e.Type, e.Format)
	case e.Type == "" && e.XIntOrString:
		name = "integer or string"
	}
	if s.Type == "array" {
		return "list of " + name
	}
	return name
}

// anchor is the one that GitHub gives a heading.
func anchor(heading string) string {
	return strings.ToLower(strings.ReplaceAll(heading, ".", ""))
}

// limits are what the schema itself demands, as a sentence.
func limits(s *schema) string {
	var all []string
	e := element(s)
	if e.Enum != nil {
		all = append(all, "one of "+quoted(e.Enum))
	}
	if s.Default != nil {
		all = append(all, "default "+string(s.Default.Raw))
	}
	all = append(all, between("", s.Minimum, s.Maximum)...)
	all = append(all, between("characters", e.MinLength, e.MaxLength)...)
	all = append(all, between("entries", s.MinItems, s.MaxItems)...)
	if !hasSection(e) { // where the rules would stand otherwise
		for _, v := range e.XValidations {
			all = append(all, v.Message)
		}
	}
	if e != s {
		for _, v := range s.XValidations {
			all = append(all, v.Message)
		}
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}

func between[N int64 | float64](unit string, low, high *N) []string {
	if unit != "" {
		unit = " " + unit
	}
	switch {
	case low != nil && high != nil:
		return []string{fmt.Sprintf("%v to %v%s", *low, *high, unit)}
	case low != nil:
		return []string{fmt.Sprintf("at least %v%s", *low, unit)}
	case high != nil:
		return []string{fmt.Sprintf("at most %v%s", *high, unit)}
	default:
		return nil
	}
}

func quoted(values []apiextensionsv1.JSON) string {
	var all []string
	for _, v := range values {
		all = append(all, strings.Trim(string(v.Raw), `"`))
	}
	return strings.Join(all, ", ")
}

// prose is a text of a Go comment as Markdown: nothing in it is a tag or an emphasis.
func prose(text string) string {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	for i, p := range paragraphs {
		paragraphs[i] = escaped.Replace(strings.Join(strings.Fields(p), " "))
	}
	return strings.Join(paragraphs, "\n\n")
}

// cell is prose in one line of a table.
func cell(text string) string {
	space := ""
	if strings.HasPrefix(text, " ") {
		space = " "
	}
	return space + strings.ReplaceAll(strings.ReplaceAll(prose(text), "\n\n", " "), "|", `\|`)
}

var escaped = strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "`", "\\`")
