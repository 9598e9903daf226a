package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

// The three collections that tell together whether somebody is an administrator, in the order in which they are asked.
const (
	memberships = "/transitiveMemberOf"
	assignments = "/roleAssignments"
	eligibility = "/roleEligibilityScheduleInstances"
)

var (
	membershipsPath = regexp.MustCompile(`/users/([^/]+)` + memberships + `$`)
	principalFilter = regexp.MustCompile(`^principalId eq '([^']+)'$`)
)

// rolesOf is whose roles a request asks for; nil: it asks for something else.
func (e *exchange) rolesOf() *account {
	if m := membershipsPath.FindStringSubmatch(e.request.Path); m != nil {
		return e.ledger.users[strings.ToLower(m[1])]
	}
	if m := principalFilter.FindStringSubmatch(e.request.Query); m != nil {
		return e.ledger.users[strings.ToLower(m[1])]
	}
	return nil
}

// toldRoles records what a whole answer says of somebody's roles. Nobody here is in a group, so that each row is a
// role. l.mu is held.
func (l *ledger) toldRoles(a *account, path string, body []byte) {
	var rows struct {
		Value []json.RawMessage `json:"value"`
	}
	if a == nil || json.Unmarshal(body, &rows) != nil || rows.Value == nil {
		return
	}
	if strings.HasSuffix(path, memberships) {
		a.toldAdmin = false // a question begins
	}
	a.toldAdmin = a.toldAdmin || len(rows.Value) > 0
	if strings.HasSuffix(path, eligibility) {
		a.asked = time.Now()
	}
	l.note(a, "Graph: %d of %s", len(rows.Value), path[strings.LastIndexByte(path, '/')+1:])
}
