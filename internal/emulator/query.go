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
func (o options) only(allowed []string) error {
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

// comparison is what $filter asks: that a property has a value. No filter is nil.
type comparison struct{ property, value string }

// filter reads the one form of $filter that most lists serve here: property eq 'value'.
func (o options) filter(properties ...string) (*comparison, error) {
	raw, ok := o["$filter"]
	if !ok {
		return nil, nil
	}
	property, literal, found := strings.Cut(strings.TrimSpace(raw), " eq ")
	value, err := unquote(strings.TrimSpace(literal))
	if !found || err != nil || !slices.Contains(properties, property) {
		return nil, errQuery("The filter clause is not supported.")
	}
	return &comparison{property, value}, nil
}

// accepts reports whether a value passes the filter; none lets all pass. The
// directory compares ids and UPNs in any case.
func (f *comparison) accepts(value string) bool { return f == nil || strings.EqualFold(f.value, value) }
