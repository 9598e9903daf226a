package graph

import (
	"context"
	"slices"
	"strings"
)

// Privilege is one reason for which Entra protects a user.
type Privilege struct {
	Kind PrivilegeKind
	// ID is the role definition's, which is the same in every tenant for a built-in role
	// (https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference),
	// or the group's object id; in lower case. It is "" if Graph did not say.
	ID string
}

// PrivilegeKind is how a user comes by a privilege.
type PrivilegeKind string

// The kinds of privilege. Those that a user may activate are shown by Privileged
// Identity Management (PIM).
const (
	HoldsRole         PrivilegeKind = "holds a directory role"
	MemberOfRoleGroup PrivilegeKind = "is a member of a role-assignable group"
	OwnerOfRoleGroup  PrivilegeKind = "owns a role-assignable group"
	MayActivateRole   PrivilegeKind = "may activate a directory role"
	MayJoinRoleGroup  PrivilegeKind = "may become a member of a role-assignable group"
	MayOwnRoleGroup   PrivilegeKind = "may become an owner of a role-assignable group"
)

// Protection is what Graph says of whether Entra protects a user.
type Protection struct {
	// Privileges are the reasons, each once, always in the same order. A user without
	// any is an ordinary one.
	Privileges []Privilege
	// Views says of each View what Graph answered, where that is known.
	Views map[View]Answer
}

// Protection asks Graph whether a user is protected in Entra's own sense: holds a
// directory role of any scope, is a member or an owner of a group that may hold roles,
// or may activate either. userID is the object id. No one call of v1.0 knows all of it,
// so the questions below are asked side by side.
//
// answered are the views that have answered this tenant's operator before, which the
// client does not remember itself: an application that lost the permission for one is
// Forbidden. One that never had it goes without, as Views says.
//
// One privilege is enough, whatever became of the other questions. Without any, an
// error to one of them, the first in their order, is the error of all. It is an *Error;
// beside it only Views is set.
//
// Source: https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions
func (c *Client) Protection(ctx context.Context, userID string, answered ...View) (Protection, error) {
	if !IsGUID(userID) {
		return Protection{}, noUser(opProtection)
	}
	user := strings.ToLower(userID)
	found := make([][]Privilege, len(questions))
	failed := make([]error, len(questions))
	answers := make([]Answer, len(questions))
	c.SideBySide(len(questions), func(i int) {
		found[i], answers[i], failed[i] = c.put(ctx, questions[i], user, answered)
	})

	p := Protection{Views: map[View]Answer{}}
	var first error
	for i, q := range questions {
		if q.view != "" && answers[i] != "" {
			p.Views[q.view] = answers[i]
		}
		if first == nil {
			first = failed[i]
		}
		for _, one := range found[i] {
			if !slices.Contains(p.Privileges, one) {
				p.Privileges = append(p.Privileges, one)
			}
		}
	}
	if len(p.Privileges) > 0 {
		return p, nil
	}
	return p, first
}
