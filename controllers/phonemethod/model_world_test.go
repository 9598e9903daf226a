package phonemethod

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/tenant"
)

// model is a cluster, a Graph and an operator between them, by a clock that jumps
// to whatever is due, and what an onlooker knows of it all: see ledger.
type model struct {
	cluster *cluster
	graph   *emulator.Emulator
	tenant  tenantState
	process *process
	ledger

	registered  *tenant.Tenant            // as the process knows it; nil: not yet
	view        map[client.ObjectKey]*pam // what the pass that runs can see
	apiFaults   []apiFault                // of the next writes to the API server
	grantedAnew bool                      // tokens are this model's own
	lastFault   string                    // that the emulator applied
	paths       []string                  // of all requests to Graph, behind their method
	hurried     int                       // requests that are not marked as ones that can wait
	passes      int
	hidden      bool // eve did not show when the pass began
	stopping    bool
	tenantFirst bool // the next process knows the tenant before its first pass
	logger      logr.Logger
	logf        func(string, ...any)
}

// tenantState is the one EntraTenant of the model.
type tenantState struct {
	spec  v1alpha1.EntraTenantSpec
	state int
	saved []v1alpha1.DeletionCount // status.recentDeletions
}

const (
	tenantUsable  = iota
	tenantBroken  // its own controller found a problem
	tenantMissing // there is no such EntraTenant
)

type apiFault int

const (
	apiWorks apiFault = iota
	apiFailsBefore
	apiFailsAfter
)

// The users that there can be, by object id. Eve comes later, if at all.
const (
	ada = "ada00000-0000-4000-8000-000000000001"
	bob = "b0b00000-0000-4000-8000-000000000002"
	eve = "e4e00000-0000-4000-8000-000000000003"
)

var authenticator = emulator.OtherMethod{ID: "6f0fd9d4-2b3f-4f5e-8d2e-6f3b9f6c1f11", Type: "microsoftAuthenticatorAuthenticationMethod"}

// modelRoles are what the documents ask for.
var modelRoles = []string{"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}

// assume makes Graph one of those that there may be. Where User.ReadBasic.All opens nothing the
// EntraTenant says so, and the administrator grants User.Read.All.
func (m *model) assume(a emulator.Assumptions) {
	must(m.graph.SetAssumptions(a))
	if a[emulator.ReadBasic] == "nothing" {
		must(m.graph.AddApp(emulator.App{ClientID: modelCID, Secret: "secret", Roles: append([]string{"User.Read.All"}, modelRoles...)}))
		m.grantedAnew = true
	}
}

func newModel(logf func(string, ...any)) *model {
	m := &model{cluster: newCluster(), logf: logf, ledger: newLedger()}
	m.logger = funcr.New(func(_, line string) { m.private("the log", line) }, funcr.Options{Verbosity: 1})
	m.graph = emulator.New(emulator.Options{Now: time.Now, KeepRequests: 1, OnRequest: func(r emulator.Request) {
		m.lastFault, m.paths = r.Fault, append(m.paths, r.Method+" "+r.Path)
		if r.Header.Get("x-ms-throttle-priority") != "low" {
			m.hurried++
		}
	}})
	must(m.graph.AddTenant(emulator.Tenant{ID: modelTID}))
	must(m.graph.AddApp(emulator.App{ClientID: modelCID, Secret: "secret", Roles: modelRoles}))
	for id, upn := range map[string]string{ada: "ada@contoso.com", bob: "bob@contoso.com"} {
		must(m.graph.AddUser(emulator.User{ID: id, UPN: upn, OtherMethods: []emulator.OtherMethod{authenticator}}))
	}
	m.tenant.spec = v1alpha1.EntraTenantSpec{Access: rules(nil)}
	m.startOperator()
	m.connectTenant()
	return m
}

// rules lets both namespaces do everything to everybody, but for what change does to it.
func rules(change func(*v1alpha1.AccessRule)) []v1alpha1.AccessRule {
	r := v1alpha1.AccessRule{Users: []string{"*"}, Namespaces: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpIn, Values: []string{"people", "staff"},
	}}}}
	if change != nil {
		change(&r)
	}
	return []v1alpha1.AccessRule{r}
}

// connectTenant does what the controller of EntraTenants does for its users:
// registers the tenant as it is now and wakes them.
func (m *model) connectTenant() {
	p := m.process
	const name = v1alpha1.DefaultTenantName
	m.registered = nil
	switch m.tenant.state {
	case tenantMissing:
		p.Tenants.Remove(name)
	case tenantBroken:
		m.registered = &tenant.Tenant{Name: name, Version: tenant.Version{Secret: fmt.Sprint(m.tenant)}, Throttle: p.throttle, Spec: m.tenant.spec, Problem: &tenant.Problem{Reason: v1alpha1.ReasonCredentialRefused}}
	case tenantUsable:
		t := &tenant.Tenant{Name: name, Version: tenant.Version{Secret: fmt.Sprint(m.tenant)}, Throttle: p.throttle, Spec: m.tenant.spec}
		var err error
		t.Access, err = access.Compile(m.tenant.spec.Access)
		must(err)
		if was, ok := p.Tenants.Get(name); ok && was.Problem == nil {
			t.Graph, t.Deletions, t.AuditLog, t.Reads = was.Graph, was.Deletions, was.AuditLog, was.Reads
		} else {
			t.Graph, t.Deletions = p.connect(), tenant.NewBudget(time.Now, m.tenant.saved, p.saveDeletions)
		}
		m.registered = t
	}
	if m.registered != nil {
		p.Tenants.Put(m.registered)
	}
	p.wakeTenant(context.Background(), event.TypedGenericEvent[string]{Object: name}, p.work)
}

func (p *process) saveDeletions(ctx context.Context, counts []v1alpha1.DeletionCount) error {
	p.tick("before a write to the API server")
	if err := ctx.Err(); err != nil {
		return err
	}
	p.m.tenant.saved = counts
	p.tick("after a write to the API server")
	return nil
}

func (m *model) apiFault() apiFault {
	if len(m.apiFaults) == 0 {
		return apiWorks
	}
	f := m.apiFaults[0]
	m.apiFaults = m.apiFaults[1:]
	return f
}

// person tells what Graph has of a user; false if there is none.
func (m *model) person(id string) (u emulator.User, ok bool) {
	ok = m.graph.UpdateUser(id, func(now *emulator.User) { u = *now }) == nil
	return u, ok
}

// named gives the object id that a spelling stands for now, "" for nobody.
func (m *model) named(spelling string) string {
	for _, id := range []string{ada, bob, eve} {
		if u, ok := m.person(id); ok && (id != eve || !m.hidden) && (strings.EqualFold(id, spelling) || strings.EqualFold(u.UPN, spelling)) {
			return id
		}
	}
	return ""
}

// userOf gives the object id of the user that a resource is for, "" for nobody.
func (m *model) userOf(o *pam) string {
	if id := bound(o); id != "" {
		return id
	}
	return m.named(o.Spec.User)
}

// bound gives the user that a resource is bound to.
func bound(o *pam) string { return o.Status.UserID }

// began gives the mask of the number of a pending write, "" if there is none.
func began(o *pam) string {
	if o.Status.PendingWrite == nil {
		return ""
	}
	return o.Status.PendingWrite.MaskedNumber
}

// isUnread reports whether what is pending was begun without a look at what the user has.
func isUnread(o *pam) bool { return o.Status.PendingWrite != nil && o.Status.PendingWrite.Unread }

// moved reports whether a resource's name belongs to somebody else by now.
func (m *model) moved(o *pam) bool {
	now := m.named(o.Spec.User)
	return bound(o) != "" && now != "" && now != bound(o)
}

// number gives the number that a resource says, or the reason why it says none.
func (m *model) number(o *pam) (phone.Number, string) {
	text := o.Spec.PhoneNumber
	if from := o.Spec.PhoneNumberFrom; from != nil {
		secret, ok := m.cluster.secrets[client.ObjectKey{Namespace: o.Namespace, Name: from.SecretKeyRef.Name}]
		if !ok || secret.Data[from.SecretKeyRef.Key] == nil {
			return phone.Number{}, v1alpha1.ReasonNumberSourceNotFound
		}
		text = string(secret.Data[from.SecretKeyRef.Key])
	}
	n, err := phone.Parse(text)
	if err != nil || n.HasExtension() && o.Spec.PhoneType != v1alpha1.PhoneTypeOffice {
		return phone.Number{}, v1alpha1.ReasonInvalidNumber
	}
	return n, ""
}

// has gives what Graph truly has of a user's phone type; nil is none.
func (m *model) has(user string, t v1alpha1.PhoneType) *emulator.Phone {
	for _, p := range m.graph.Phones(user) {
		if p.Type == string(t) {
			return &p
		}
	}
	return nil
}

// allows reports whether the access rules let a resource do one of the actions to
// its user. It reads the rules anew, without the package that judges for the operator.
func (m *model) allows(o *pam, actions ...v1alpha1.Action) bool {
	u, ok := m.person(m.userOf(o))
	if !ok {
		return false
	}
	for _, r := range m.tenant.spec.Access {
		selected := slices.Contains(r.Namespaces.MatchExpressions[0].Values, o.Namespace)
		for key, value := range r.Namespaces.MatchLabels {
			selected = selected && m.cluster.labels[o.Namespace][key] == value
		}
		covered := r.Users[0] == "*" || strings.HasPrefix(strings.ToLower(u.UPN), strings.TrimSuffix(r.Users[0], "*"))
		typed := len(r.PhoneTypes) == 0 || slices.Contains(r.PhoneTypes, o.Spec.PhoneType)
		sourced := r.NumberSource != v1alpha1.NumberSourceSecretOnly || o.Spec.PhoneNumberFrom != nil
		acts := len(r.Actions) == 0 || slices.ContainsFunc(actions, func(a v1alpha1.Action) bool { return slices.Contains(r.Actions, a) })
		if selected && covered && typed && sourced && acts {
			return true
		}
	}
	return false
}

func (m *model) permitted(o *pam) bool {
	return m.allows(o, v1alpha1.ActionCreate, v1alpha1.ActionUpdate, v1alpha1.ActionDelete)
}

func (m *model) observing() bool { return m.tenant.spec.ModeOrDefault() == v1alpha1.ModeObserve }

// outOfBounds reports whether a user holds a role and the tenant leaves such users alone.
func (m *model) outOfBounds(user string) bool {
	u, ok := m.person(user)
	return ok && len(u.Roles) > 0 && m.tenant.spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersDeny
}

// describe tells the state of everything, for the end of a history that failed.
func (m *model) describe() string {
	var b strings.Builder
	for _, id := range []string{ada, bob, eve} {
		u, ok := m.person(id)
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "%s is %s, default method %q, SMS sign-in allowed %v, roles %d\n", id[:3], u.UPN, u.DefaultMethod, u.SMSSignIn, len(u.Roles))
		for _, p := range m.graph.Phones(id) {
			fmt.Fprintf(&b, "  %s %s (%s)\n", p.Type, p.Number, p.SMSSignInState)
		}
	}
	for _, o := range m.cluster.all() {
		fmt.Fprintf(&b, "%s: %s of %s, generation %d, deleted %v, finalizers %d, annotations %v\n  status: id %.3q, user %.3q, %s %s\n", ref(o), o.Spec.PhoneType,
			o.Spec.User, o.Generation, !o.DeletionTimestamp.IsZero(), len(o.Finalizers), o.Annotations, o.Status.ID, o.Status.UserID, o.Status.MaskedNumber, o.Status.SMSSignInState)
		for _, c := range o.Status.Conditions {
			fmt.Fprintf(&b, "  %s=%s %s: %s\n", c.Type, c.Status, c.Reason, c.Message)
		}
	}
	return b.String()
}
