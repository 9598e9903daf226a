package doctor

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// kinds are those of the operator's API, with what this program knows of them.
var kinds = []struct {
	name string
	is   any
}{{"PhoneAuthenticationMethod", v1alpha1.PhoneAuthenticationMethod{}}, {"EntraTenant", v1alpha1.EntraTenant{}}}

// api compares the fields that the API server serves with those that this program knows. Everybody may read what it serves,
// which is not so with the CRDs.
func (o Options) api() (all []Finding, served bool, err error) {
	paths, err := o.Schemas.Paths()
	if err != nil {
		return nil, false, err
	}
	group := paths["apis/"+v1alpha1.GroupVersion.String()]
	if group == nil {
		return []Finding{{"CRDs", Fail, "The API server does not serve " + v1alpha1.GroupVersion.String() + ".", "Install the operator's CRDs, or see whether --context is right."}}, false, nil
	}
	text, err := group.Schema("application/json")
	if err != nil {
		return nil, false, err
	}
	var document struct {
		Components struct {
			Schemas map[string]schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, false, err
	}
	for _, kind := range kinds {
		all = append(all, compare(kind.name, document.Components.Schemas, kind.is))
	}
	return all, true, nil
}

// schema is what matters here of an OpenAPI schema.
type schema struct {
	Properties map[string]schema `json:"properties"`
	Items      *schema           `json:"items"`
	Kinds      []struct {
		Kind string `json:"kind"`
	} `json:"x-kubernetes-group-version-kind"`
}

func compare(kind string, schemas map[string]schema, known any) Finding {
	check, serves := "CRD "+kind, map[string]bool{}
	for _, s := range schemas {
		if slices.ContainsFunc(s.Kinds, func(k struct {
			Kind string `json:"kind"`
		}) bool {
			return k.Kind == kind
		}) {
			for _, part := range []string{"spec", "status"} {
				s.Properties[part].fields(part, serves)
			}
		}
	}
	if len(serves) == 0 {
		return Finding{check, Fail, "The API server does not serve it.", "Install the operator's CRDs."}
	}
	knows := map[string]bool{}
	for _, part := range []string{"Spec", "Status"} {
		fieldsOf(reflect.ValueOf(known).FieldByName(part).Type(), strings.ToLower(part), knows)
	}
	if lacks := without(knows, serves); len(lacks) > 0 {
		return Finding{check, Fail, "It is older than this program: it has no " + strings.Join(lacks, ", ") + ".", "Install the CRDs of the operator's version: an upgrade of the chart leaves them to you."}
	}
	if more := without(serves, knows); len(more) > 0 {
		return Finding{check, Warn, "It is newer than this program, which does not know " + strings.Join(more, ", ") + ".", "Install this program in the operator's version."}
	}
	return Finding{check, OK, "It has the fields that this program knows.", ""}
}

// without are the keys of all that are not in others, sorted; of many the first.
func without(all, others map[string]bool) []string {
	const many = 5
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(field string) bool { return others[field] })
	if len(rest) > many {
		rest = append(rest[:many], "...")
	}
	return rest
}

// fields collects the paths below a schema.
func (s schema) fields(path string, into map[string]bool) {
	if s.Items != nil {
		s.Items.fields(path, into)
		return
	}
	if len(s.Properties) == 0 {
		into[path] = true
	}
	for name, of := range s.Properties {
		of.fields(path+"."+name, into)
	}
}

var marshaler = reflect.TypeFor[json.Marshaler]()

// fieldsOf collects the same paths from a Go type.
func fieldsOf(t reflect.Type, path string, into map[string]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.NumField() == 0 || reflect.PointerTo(t).Implements(marshaler) {
		into[path] = true
		return
	}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch name {
		case "-":
		case "":
			fieldsOf(field.Type, path, into)
		default:
			fieldsOf(field.Type, path+"."+name, into)
		}
	}
}
