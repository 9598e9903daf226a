package plan

import (
	"slices"

	"github.com/entraops/phone-operator/internal/phone"
)

// MethodOf returns a copy of the method of a phone type; nil where there is none.
func MethodOf(methods []Method, t phone.Type) *Method {
	if i := slices.IndexFunc(methods, func(m Method) bool { return m.Type == t }); i >= 0 {
		return new(methods[i])
	}
	return nil
}

// Replace returns methods with m in place of what they have of the phone type; nil is no method.
// The argument is not changed.
func Replace(methods []Method, t phone.Type, m *Method) []Method {
	others := slices.DeleteFunc(slices.Clone(methods), func(m Method) bool { return m.Type == t })
	if m == nil {
		return others
	}
	return append(others, *m)
}
