package emulator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Tenant is one directory.
type Tenant struct {
	ID      string   `json:"id"`                // a GUID
	Domains []string `json:"domains,omitempty"` // may stand for the id in the authority's path
	// WithoutP2 is a tenant without the licence for what may be activated (PIM).
	WithoutP2 bool `json:"withoutP2,omitempty"`
	// WithoutP1 is a tenant without the licence for the registration report.
	WithoutP1 bool `json:"withoutP1,omitempty"`
	// ListsGroupRoles lets transitiveMemberOf list the roles that a user holds through
	// a group. Reports disagree on whether Graph does.
	ListsGroupRoles bool `json:"listsGroupRoles,omitempty"`
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
	Groups        []string `json:"groups,omitempty"`        // ids of groups added before, beside All Users
	OwnedGroups   []string `json:"ownedGroups,omitempty"`   // ids of groups added before
	// EligibleGroups are the groups that the user may join or own on demand (PIM for
	// Groups).
	EligibleGroups []EligibleGroup `json:"eligibleGroups,omitempty"`

	// ManagementRestricted says that the user is in a restricted management
	// administrative unit: no application permission but Directory.Write.Restricted
	// beside another lets an app write.
	ManagementRestricted bool `json:"managementRestricted,omitempty"`

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
	// Scope is what the role is over: empty or "/" is the whole tenant,
	// "/administrativeUnits/{id}" one unit.
	Scope string `json:"scope,omitempty"`
	// Custom says that the tenant made the role itself.
	Custom bool `json:"custom,omitempty"`
}

// scope is the role's directoryScopeId.
func (r Role) scope() string { return cmp.Or(r.Scope, "/") }

// EligibleGroup is a group that a user may join or own on demand.
type EligibleGroup struct {
	Group  string `json:"group"`            // the id of a group added before
	Access string `json:"access,omitempty"` // member, which is the default, or owner
}

// Group is a group of a tenant. What a role-assignable group holds, its members hold.
type Group struct {
	ID          string `json:"id"`
	TenantID    string `json:"tenantID,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	// IsAssignableToRole is what Graph shows of it: true, or of an ordinary group null,
	// as a rule, and seldom false.
	IsAssignableToRole *bool    `json:"isAssignableToRole,omitempty"`
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
	// everybody is the ordinary group that holds every user, as in most tenants.
	everybody Group
	// signIns says whose SMS sign-in name a number is.
	signIns map[string]*user
	audits  []auditRecord // oldest first
	logged  int           // how many there ever were
}

type user struct {
	User
	phones        phones
	stale         *stale         // what lagging reads still see
	registrations []registration // oldest first
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
	made := &tenant{Tenant: t, apps: map[string]App{}, users: map[string]*user{}, upns: map[string]*user{}, groups: map[string]Group{}, signIns: map[string]*user{}}
	made.everybody = Group{ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(t.ID+"/All Users")).String(), TenantID: t.ID, DisplayName: "All Users"}
	made.groups[made.everybody.ID] = made.everybody
	e.tenants[t.ID] = made
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
	g.DisplayName = cmp.Or(g.DisplayName, "Group "+g.ID) // every group has a name
	t.groups[strings.ToLower(g.ID)] = g
	return nil
}
