package preview

import (
	"cmp"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// declared are the phones for which there are resources, and for each the one that has it.
type declared map[claim]claimant

// claim is a phone as a resource names it: the user by object id or name, in lower case.
type claim struct {
	user string
	kind phone.Type
}

// claimant is a resource, and what decides between it and its rivals.
type claimant struct {
	name                 string // "namespace/name"; "": there is none
	stays, holds, mayAct bool
	since                time.Time
}

func (d declared) add(o *method) {
	c := claimant{
		name: o.Namespace + "/" + o.Name, stays: o.DeletionTimestamp.IsZero(), holds: o.Status.ID != "", since: o.CreationTimestamp.Time,
		mayAct: !o.Spec.Suspend && !meta.IsStatusConditionFalse(o.Status.Conditions, v1alpha1.ConditionAccepted),
	}
	for _, user := range []string{o.Status.UserID, o.Spec.User} {
		if of := (claim{strings.ToLower(user), phone.Type(o.Spec.PhoneType)}); user != "" {
			d[of] = winner(d[of], c)
		}
	}
}

// of is the resource that has a phone of the user of these names.
func (d declared) of(t phone.Type, names ...string) (c claimant) {
	for _, name := range names {
		c = winner(c, d[claim{strings.ToLower(name), t}])
	}
	return c
}

// winner is the resource that has the phone, as the plan decides it among rivals.
func winner(a, b claimant) claimant {
	if a.name == "" || b.name != "" && cmp.Or(
		first(b.stays, a.stays), first(b.holds, a.holds), first(b.mayAct, a.mayAct), b.since.Compare(a.since), strings.Compare(b.name, a.name)) < 0 {
		return b
	}
	return a
}

// first is negative if only a is, and positive if only b is.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
