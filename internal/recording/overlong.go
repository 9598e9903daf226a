package recording

import (
	"maps"
	"slices"

	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// overlong says which lists have more items than a schema allows, unless they were so before. Such a list is refused whatever
// is in it, so its items need not be judged: the validator compares each problem with all others, which takes minutes for some
// ten thousand.
func overlong(fields *structural.Structural, at *field.Path, value, was any) (problems field.ErrorList) {
	switch value := value.(type) {
	case []any:
		switch most := fields.ValueValidation; {
		case fields.Items == nil || was != nil && equality.Semantic.DeepEqual(was, value):
			return nil
		case most != nil && most.MaxItems != nil && int64(len(value)) > *most.MaxItems:
			return field.ErrorList{field.TooMany(at, len(value), int(*most.MaxItems))}
		}
		for i := range value {
			problems = append(problems, overlong(fields.Items, at.Index(i), value[i], nil)...)
		}
	case map[string]any:
		before, _ := was.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(value)) {
			if of, ok := fields.Properties[name]; ok {
				problems = append(problems, overlong(&of, at.Child(name), value[name], before[name])...)
			}
		}
	}
	return problems
}
