package emulator

import (
	"slices"
	"strings"
)

// userFilter is the one clause of a $filter over users. Graph serves many more; what is not among
// these is refused here.
//
//	property eq literal
//	startswith(property,'value')            userPrincipalName and displayName
//	endswith(userPrincipalName,'value')     an advanced query
//
// https://learn.microsoft.com/graph/aad-advanced-queries
type userFilter struct {
	comparison
	function string // "eq", "startswith" or "endswith"
}

// userFilter reads $filter; nil: there is none. A property that the caller may not see is refused
// as in $select.
func (c *call) userFilter() (*userFilter, error) {
	raw, ok := c.options["$filter"]
	if !ok {
		return nil, nil
	}
	f, err := parseUserFilter(strings.TrimSpace(raw))
	if err != nil {
		return nil, err
	}
	if !c.shows(f.property) {
		return nil, errDirectoryForbidden()
	}
	advanced := f.function == "endswith"
	if advanced && c.options["$count"] != "true" {
		return nil, errAdvancedQuery()
	}
	return f, c.eventualIf(advanced)
}

func parseUserFilter(raw string) (*userFilter, error) {
	unsupported := errQuery("The filter clause is not supported.")
	for function, properties := range map[string][]string{
		"startswith": {"userPrincipalName", "displayName"}, "endswith": {"userPrincipalName"},
	} {
		name, inner, found := strings.Cut(raw, "(")
		if !found || !strings.EqualFold(name, function) {
			continue
		}
		inner, closed := strings.CutSuffix(inner, ")")
		property, literal, _ := strings.Cut(inner, ",")
		property = strings.TrimSpace(property)
		value, err := unquote(strings.TrimSpace(literal))
		if !closed || err != nil || !slices.Contains(properties, property) {
			return nil, unsupported
		}
		return &userFilter{comparison{property, value}, function}, nil
	}
	if value, found := strings.CutPrefix(raw, "accountEnabled eq "); found {
		if value != "true" && value != "false" {
			return nil, unsupported
		}
		return &userFilter{comparison{"accountEnabled", value}, "eq"}, nil
	}
	clause, err := options{"$filter": raw}.filter("id", "userPrincipalName", "displayName", "userType")
	if err != nil {
		return nil, err
	}
	return &userFilter{*clause, "eq"}, nil
}

// passes reports whether a user passes the filter. Texts are compared in any case.
func (f *userFilter) passes(u *user) bool {
	if f == nil {
		return true
	}
	is := map[string]string{"id": u.ID, "userPrincipalName": u.UPN, "displayName": u.DisplayName, "userType": u.UserType, "accountEnabled": "true"}[f.property]
	if f.property == "accountEnabled" && u.Disabled {
		is = "false"
	}
	is, value := strings.ToLower(is), strings.ToLower(f.value)
	switch f.function {
	case "startswith":
		return strings.HasPrefix(is, value)
	case "endswith":
		return strings.HasSuffix(is, value)
	default:
		return f.accepts(is)
	}
}

// usersIn gives the users who pass a filter, sorted by object id.
func (t *tenant) usersIn(f *userFilter) []*user {
	return slices.DeleteFunc(t.sortedUsers(), func(u *user) bool { return !f.passes(u) })
}
