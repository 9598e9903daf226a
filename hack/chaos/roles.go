package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

// The collections that tell together whether somebody is an administrator.
const (
	memberships = "/transitiveMemberOf"
	owned       = "/ownedObjects"
	assignments = "/roleAssignments"
	eligibility = "/roleEligibilityScheduleInstances"
)

var (
	objectsPath     = regexp.MustCompile(`/users/([^/]+)(?:` + memberships + `|` + owned + `)$`)
	principalFilter = regexp.MustCompile(`^principalId eq '([^']+)'$`)
)

// rolesOf is whose roles a request asks for; nil: it asks for something else.
func (e *exchange) rolesOf() *account {
	if m := objectsPath.FindStringSubmatch(e.request.Path); m != nil {
		return e.ledger.users[strings.ToLower(m[1])]
	}
	if m := principalFilter.FindStringSubmatch(e.request.Query); m != nil {
		return e.ledger.users[strings.ToLower(m[1])]
	}
	return nil
}

// standing is what one collection last said of somebody, and when.
type standing struct {
	admin bool
	at    time.Time
}

// toldRoles records what a whole answer says of somebody's roles: each row is one, but for groups that cannot hold any.
// The collections are asked in any order, so that an answer to all of them is as old as the oldest. l.mu is held.
func (l *ledger) toldRoles(a *account, path string, body []byte) {
	var rows struct {
		Value []struct {
			Kind string `json:"@odata.type"`
			Role *bool  `json:"isAssignableToRole"`
		} `json:"value"`
	}
	if a == nil || json.Unmarshal(body, &rows) != nil || rows.Value == nil {
		return
	}
	said := standing{at: time.Now()}
	for _, r := range rows.Value {
		said.admin = said.admin || r.Kind != "#microsoft.graph.group" || r.Role != nil && *r.Role
	}
	name := path[strings.LastIndexByte(path, '/'):]
	if a.answers == nil {
		a.answers = map[string]standing{}
	}
	a.answers[name] = said
	a.toldAdmin, a.asked = false, said.at
	for _, name := range []string{memberships, owned, assignments, eligibility} {
		one := a.answers[name]
		a.toldAdmin = a.toldAdmin || one.admin
		if one.at.Before(a.asked) {
			a.asked = one.at
		}
	}
	l.note(a, "Graph: %d of %s", len(rows.Value), name[1:])
}
