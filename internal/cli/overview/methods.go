package overview

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Words that stand in place of a reason.
const (
	// NotReconciled means: no operator has looked at the resource.
	NotReconciled = "NotReconciled"
	// Deleting stands before the reason of a resource that is being deleted.
	Deleting = "Deleting"
)

// Methods are the resources that were added. The zero value has none.
type Methods struct {
	all     Counts
	reasons map[string]int
	tenants map[string]*Counts
	oldest  []Trouble // by Since
}

// Counts are how many resources there are of a kind. Those that are neither ready nor stalled nor suspended are on
// their way, or wait.
type Counts struct {
	Total     int `json:"total"`
	Ready     int `json:"ready"`
	Stalled   int `json:"stalled"`
	Suspended int `json:"suspended"`
	Deleting  int `json:"deleting"`
}

// Reason is how many resources give one.
type Reason struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Trouble is a resource that is not as it should be.
type Trouble struct {
	Since     time.Time `json:"since"`
	Namespace string    `json:"namespace"`
	Name      string    `json:"name"`
	User      string    `json:"user"`
	PhoneType string    `json:"phoneType"`
	Reason    string    `json:"reason"`
	Stalled   bool      `json:"stalled"` // a person must act
	Message   string    `json:"message"`
}

// maxTroubles is how many of them are kept.
const maxTroubles = 10

// Add counts one more resource.
func (m *Methods) Add(o *v1alpha1.PhoneAuthenticationMethod) {
	if m.reasons == nil {
		m.reasons, m.tenants = map[string]int{}, map[string]*Counts{}
	}
	tenant := m.tenants[o.Spec.TenantName()]
	if tenant == nil {
		tenant = &Counts{}
		m.tenants[o.Spec.TenantName()] = tenant
	}
	m.all.add(o)
	tenant.add(o)
	t, isTrouble := judge(o)
	m.reasons[t.Reason]++
	if isTrouble {
		m.keep(t)
	}
}

// judge returns what a resource says, and whether that is a trouble. What is suspended is none, nor what waits for
// mode Enforce: before that it is all that is to be registered, and would hide the rest.
func judge(o *v1alpha1.PhoneAuthenticationMethod) (t Trouble, isTrouble bool) {
	t = Trouble{
		Since: o.CreationTimestamp.Time, Namespace: o.Namespace, Name: o.Name, User: o.Spec.User, PhoneType: string(o.Spec.PhoneType),
		Reason: NotReconciled, Message: "No operator has looked at this resource.",
		Stalled: meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled),
	}
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil {
		t.Since, t.Reason, t.Message = ready.LastTransitionTime.Time, ready.Reason, ready.Message
	}
	switch {
	case !o.DeletionTimestamp.IsZero():
		t.Since, t.Reason = o.DeletionTimestamp.Time, strings.TrimSuffix(Deleting+"/"+t.Reason, "/"+v1alpha1.ReasonReady)
		return t, true
	case o.Spec.Suspend:
		t.Reason = v1alpha1.ReasonSuspended
		return t, false
	}
	return t, t.Reason != v1alpha1.ReasonReady && t.Reason != v1alpha1.ReasonWouldChange
}

// keep remembers a trouble if it is among the oldest.
func (m *Methods) keep(t Trouble) {
	at, _ := slices.BinarySearchFunc(m.oldest, t, func(a, b Trouble) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	if at < maxTroubles {
		m.oldest = slices.Insert(m.oldest, at, t)
		m.oldest = m.oldest[:min(len(m.oldest), maxTroubles)]
	}
}

// add counts a resource.
func (c *Counts) add(o *v1alpha1.PhoneAuthenticationMethod) {
	c.Total++
	if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) {
		c.Ready++
	}
	if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) {
		c.Stalled++
	}
	if o.Spec.Suspend {
		c.Suspended++
	}
	if !o.DeletionTimestamp.IsZero() {
		c.Deleting++
	}
}

// Counts are how many were added.
func (m *Methods) Counts() Counts { return m.all }

// Of are those that name an EntraTenant; found is false where none does.
func (m *Methods) Of(tenant string) (c Counts, found bool) {
	if c := m.tenants[tenant]; c != nil {
		return *c, true
	}
	return Counts{}, false
}

// Reasons are those that were given, the most frequent first.
func (m *Methods) Reasons() []Reason {
	all := make([]Reason, 0, len(m.reasons))
	for reason, count := range m.reasons {
		all = append(all, Reason{reason, count})
	}
	slices.SortFunc(all, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason)) })
	return all
}

// Oldest are the ten that have been in trouble for longest.
func (m *Methods) Oldest() []Trouble { return append([]Trouble{}, m.oldest...) }

// Tenants are the names of the EntraTenants, in order.
func (m *Methods) Tenants() []string {
	all := make([]string, 0, len(m.tenants))
	for name := range m.tenants {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
