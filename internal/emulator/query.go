package emulator

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// systemOptions are OData's; Graph takes them with and without the dollar sign.
var systemOptions = []string{"$select", "$filter", "$top", "$skip", "$skiptoken", "$orderby", "$expand", "$search", "$count", "$format"}

// options are the OData query options of a request. Other parameters are no
// business of Graph's and are ignored.
type options map[string]string

func parseOptions(raw string) (options, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errRequest("The query string is not valid.")
	}
	o := options{}
	for name, value := range values {
		full := "$" + strings.TrimPrefix(name, "$")
		switch {
		case slices.Contains(systemOptions, full):
			if _, twice := o[full]; twice || len(value) > 1 {
				return nil, errRequest("Query option '" + full + "' was specified more than once.")
			}
			o[full] = value[0]
		case strings.HasPrefix(name, "$"):
			return nil, errRequest("The query option is not known.")
		}
	}
	return o, nil
}

// only refuses every option that is not among the allowed ones.
func (o options) only(allowed ...string) error {
	for name := range o {
		if !slices.Contains(allowed, name) {
			word := strings.TrimPrefix(name, "$")
			return errQuery("Query option '" + strings.ToUpper(word[:1]) + word[1:] + "' is not allowed.")
		}
	}
	return nil
}

// selected gives the properties $select asks for, or nil if all are wanted. A
// property that known does not have is refused.
func (o options) selected(known []string) ([]string, error) {
	raw, ok := o["$select"]
	if !ok {
		return nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(raw, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(known, name) {
			return nil, errRequest("Parsing OData Select and Expand failed: a property is not known.")
		}
		names = append(names, name)
	}
	return names, nil
}

// top gives the wanted page size, at most 999.
func (o options) top(otherwise int) (int, error) {
	raw, ok := o["$top"]
	if !ok {
		return otherwise, nil
	}
	n, err := strconv.Atoi(raw)
	if err != nil || n < 1 || n > 999 {
		return 0, errQuery("Invalid page size specified.")
	}
	return n, nil
}

// comparison is what $filter asks: that a property is one of some values.
type comparison struct {
	property string
	values   []string
}

// filter reads the two forms of $filter that are served: "property eq 'value'"
// and "property in ('value', ...)" with up to 15 values.
func (o options) filter(properties ...string) (*comparison, error) {
	raw, ok := o["$filter"]
	if !ok {
		return nil, nil
	}
	unsupported := errQuery("The filter clause is not supported.")
	fields := strings.SplitN(strings.TrimSpace(raw), " ", 3)
	if len(fields) != 3 || !slices.Contains(properties, fields[0]) {
		return nil, unsupported
	}
	list := fields[2]
	switch fields[1] {
	case "eq":
	case "in":
		inner, ok := strings.CutPrefix(strings.TrimSpace(list), "(")
		if !ok || !strings.HasSuffix(inner, ")") {
			return nil, unsupported
		}
		list = strings.TrimSuffix(inner, ")")
	default:
		return nil, unsupported
	}
	values, err := literals(list)
	if err != nil || len(values) > 15 || (fields[1] == "eq" && len(values) != 1) {
		return nil, unsupported
	}
	return &comparison{property: fields[0], values: values}, nil
}

// literals reads OData strings with commas between them.
func literals(list string) ([]string, error) {
	var values []string
	for rest := strings.TrimSpace(list); ; {
		end := literalEnd(rest)
		value, err := unquote(rest[:end])
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		rest = strings.TrimSpace(rest[end:])
		if rest == "" {
			return values, nil
		}
		if rest[0] != ',' {
			return nil, errKey()
		}
		rest = strings.TrimSpace(rest[1:])
	}
}

// literalEnd says where the string literal at the start of s ends; a doubled
// apostrophe does not end it.
func literalEnd(s string) int {
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			i++
			continue
		}
		return i + 1
	}
	return len(s)
}
