package emulator

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Tenant is one directory.
type Tenant struct {
	ID      string   `json:"id"`                // a GUID
	Domains []string `json:"domains,omitempty"` // may stand for the id in the authority's path
	// WithoutP2 is a tenant without the licence for eligible roles.
	WithoutP2 bool `json:"withoutP2,omitempty"`
}

// User is one account and what the directory and the authentication methods
// policy say of it.
type User struct {
	ID          string `json:"id"`                 // object id, a GUID
	TenantID    string `json:"tenantID,omitempty"` // may be left out while there is one tenant
	UPN         string `json:"upn"`                // a guest's holds #EXT#
	DisplayName string `json:"displayName,omitempty"`
	UserType    string `json:"userType,omitempty"` // Member or Guest; empty: from the UPN
	Disabled    bool   `json:"disabled,omitempty"`

	// SMSSignIn says that the tenant's policy lets this user sign in by SMS.
	SMSSignIn bool `json:"smsSignIn,omitempty"`
	// DefaultMethod is the phone type that is the user's default for MFA, or empty.
	DefaultMethod string `json:"defaultMethod,omitempty"`
	// OtherMethods are the user's methods that are no phones, beside the password.
	OtherMethods []OtherMethod `json:"otherMethods,omitempty"`

	Roles         []Role   `json:"roles,omitempty"`         // active directory roles
	EligibleRoles []Role   `json:"eligibleRoles,omitempty"` // roles the user may activate
	Groups        []string `json:"groups,omitempty"`        // ids of groups added before

	// HiddenFor is how many requests naming this user are still answered 404, as
	// happens right after an account was made.
	HiddenFor int `json:"hiddenFor,omitempty"`

	// Phones are the numbers the user starts with, by phone type.
	Phones map[string]string `json:"phones,omitempty"`
}

// OtherMethod is an authentication method that is not a phone.
type OtherMethod struct {
	ID   string `json:"id"`
	Type string `json:"type"` // for example microsoftAuthenticatorAuthenticationMethod
}

// Role is a directory role, named by its template.
type Role struct {
	TemplateID  string `json:"templateID"`
	DisplayName string `json:"displayName"`
}

// Group is a group of a tenant. What a role-assignable group holds, its members hold.
type Group struct {
	ID                 string   `json:"id"`
	TenantID           string   `json:"tenantID,omitempty"`
	DisplayName        string   `json:"displayName,omitempty"`
	IsAssignableToRole bool     `json:"isAssignableToRole,omitempty"`
	Roles              []Role   `json:"roles,omitempty"`
	EligibleRoles      []Role   `json:"eligibleRoles,omitempty"`
	MemberOf           []string `json:"memberOf,omitempty"` // ids of groups this one is nested in
}

type tenant struct {
	Tenant
	apps   map[string]App
	users  map[string]*user // by lower-case object id
	upns   map[string]*user // the same users by lower-case UPN
	groups map[string]Group
}

type user struct {
	User
	phones phones
	stale  *stale // what lagging reads still see
}

func (u *user) isGuest() bool { return u.UserType == "Guest" }

// AddTenant makes an empty directory, or renames an existing one's domains.
func (e *Emulator) AddTenant(t Tenant) error {
	if uuid.Validate(t.ID) != nil {
		return fmt.Errorf("tenant id %q is not a GUID", t.ID)
	}
	t.ID = strings.ToLower(t.ID)
	e.mu.Lock()
	defer e.mu.Unlock()
	if known, ok := e.tenants[t.ID]; ok {
		known.Tenant = t
		return nil
	}
	e.tenants[t.ID] = &tenant{Tenant: t, apps: map[string]App{}, users: map[string]*user{}, upns: map[string]*user{}, groups: map[string]Group{}}
	return nil
}

// tenantFor finds the tenant of a new user, group or app; "" is the only one there is.
func (e *Emulator) tenantFor(id string) (*tenant, error) {
	if id == "" && len(e.tenants) == 1 {
		for _, t := range e.tenants {
			return t, nil
		}
	}
	if t, ok := e.tenants[strings.ToLower(id)]; ok {
		return t, nil
	}
	return nil, fmt.Errorf("there is no tenant %q", id)
}

// tenantNamed finds a tenant by id or domain, nil if there is none.
func (e *Emulator) tenantNamed(name string) *tenant {
	name = strings.ToLower(name)
	if t, ok := e.tenants[name]; ok {
		return t
	}
	for _, t := range e.tenants {
		if slices.ContainsFunc(t.Domains, func(d string) bool { return strings.EqualFold(d, name) }) {
			return t
		}
	}
	return nil
}

// AddGroup adds or replaces a group.
func (e *Emulator) AddGroup(g Group) error {
	if uuid.Validate(g.ID) != nil {
		return fmt.Errorf("group id %q is not a GUID", g.ID)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t, err := e.tenantFor(g.TenantID)
	if err != nil {
		return err
	}
	g.TenantID = t.ID
	t.groups[strings.ToLower(g.ID)] = g
	return nil
}

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
		if err := e.setPhone(u, phoneType, n.Phones[phoneType]); err != nil {
			return err
		}
	}
	u.Phones = nil
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
	u.settleSignIn()
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

func equalFoldID(a, b string) bool { return strings.EqualFold(a, b) }
