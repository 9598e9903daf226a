package emulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// AddUser adds an account. The object id and the UPN must be new.
func (e *Emulator) AddUser(n User) error {
	if uuid.Validate(n.ID) != nil {
		return fmt.Errorf("user id %q is not a GUID", n.ID)
	}
	n.ID = strings.ToLower(n.ID)
	e.mu.Lock()
	defer e.mu.Unlock()
	t, err := e.tenantFor(n.TenantID)
	if err != nil {
		return err
	}
	if e.userByID(n.ID) != nil || t.userByUPN(n.UPN) != nil {
		return fmt.Errorf("user %s or its UPN is there already", n.ID)
	}
	n.TenantID = t.ID
	u := &user{User: n, phones: phones{}}
	if err := u.complete(); err != nil {
		return err
	}
	for _, phoneType := range slices.Sorted(maps.Keys(n.Phones)) {
		if err := t.setPhone(u, phoneType, n.Phones[phoneType], e.clock()); err != nil {
			return err
		}
	}
	u.Phones = nil
	u.registrations = []registration{{time.Time{}, u.phones.registered()}}
	t.users[n.ID], t.upns[strings.ToLower(u.UPN)] = u, u
	return nil
}

// complete fills what follows from the rest of the account and refuses what cannot be.
func (u *user) complete() error {
	if u.UPN == "" {
		return fmt.Errorf("user %s has no UPN", u.ID)
	}
	if u.DisplayName == "" {
		u.DisplayName, _, _ = strings.Cut(u.UPN, "@")
	}
	if u.UserType == "" {
		u.UserType = "Member"
		if strings.Contains(strings.ToUpper(u.UPN), "#EXT#") {
			u.UserType = "Guest"
		}
	}
	if u.DefaultMethod != "" && methodIDs[u.DefaultMethod] == "" {
		return fmt.Errorf("%q is no phone type", u.DefaultMethod)
	}
	for _, g := range u.EligibleGroups {
		if g.Access != "" && g.Access != "member" && g.Access != "owner" {
			return fmt.Errorf("%q is no access to a group: write member or owner", g.Access)
		}
	}
	return nil
}

// UpdateUser changes an account. Its id, tenant and phones stay.
func (e *Emulator) UpdateUser(id string, change func(*User)) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.userByID(id)
	if u == nil {
		return fmt.Errorf("there is no user %q", id)
	}
	n := user{User: u.User}
	n.Roles, n.EligibleRoles = slices.Clone(u.Roles), slices.Clone(u.EligibleRoles)
	n.Groups, n.OtherMethods = slices.Clone(u.Groups), slices.Clone(u.OtherMethods)
	n.OwnedGroups, n.EligibleGroups = slices.Clone(u.OwnedGroups), slices.Clone(u.EligibleGroups)
	change(&n.User)
	n.ID, n.TenantID, n.Phones = u.ID, u.TenantID, nil
	if err := n.complete(); err != nil {
		return err
	}
	t := e.tenants[u.TenantID]
	if other := t.userByUPN(n.UPN); other != nil && other != u {
		return errors.New("another user has that UPN")
	}
	delete(t.upns, strings.ToLower(u.UPN))
	t.upns[strings.ToLower(n.UPN)] = u
	u.User = n.User
	t.settleSignIn(u)
	return nil
}

// RenameUser gives a user another UPN; the object id stays.
func (e *Emulator) RenameUser(id, upn string) error {
	return e.UpdateUser(id, func(u *User) { u.UPN = upn })
}

// RemoveUser deletes an account and its methods.
func (e *Emulator) RemoveUser(id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	u := e.userByID(id)
	if u == nil {
		return fmt.Errorf("there is no user %q", id)
	}
	e.tenants[u.TenantID].remove(u)
	return nil
}

func (t *tenant) remove(u *user) {
	t.store(u, nil)
	delete(t.users, u.ID)
	delete(t.upns, strings.ToLower(u.UPN))
}

// userByID finds a user in any tenant, nil if there is none.
func (e *Emulator) userByID(id string) *user {
	id = strings.ToLower(id)
	for _, t := range e.tenants {
		if u, ok := t.users[id]; ok {
			return u
		}
	}
	return nil
}

// userByUPN finds a user by UPN in any case, nil if there is none.
func (t *tenant) userByUPN(upn string) *user { return t.upns[strings.ToLower(upn)] }
