package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// verdict is what is not as it should be at the end.
type verdict struct {
	user *account // nil: no single one
	what string
}

// verdicts hold the cluster and Graph against each other: what the resources say now, and what Graph has now. It knows
// nothing of how they came to be so but whose phone each is.
func (w *world) verdicts(ctx context.Context) ([]verdict, error) {
	var all v1alpha1.PhoneAuthenticationMethodList
	if err := w.List(ctx, &all); err != nil {
		return nil, err
	}
	var out []verdict
	byUser := map[*account][]*v1alpha1.PhoneAuthenticationMethod{}
	w.ledger.mu.Lock()
	for i := range all.Items {
		o := &all.Items[i]
		if r := w.ledger.resources[client.ObjectKeyFromObject(o).String()]; r != nil && r.refused() {
			w.ledger.judgeTold(o, r)
			for _, what := range ofRefused(o, r) {
				out = append(out, verdict{r.user, what})
			}
		} else if r != nil {
			a := w.ledger.meant(o, r)
			byUser[a] = append(byUser[a], o)
		} else {
			out = append(out, verdict{nil, "nobody made " + o.Name})
		}
	}
	w.ledger.mu.Unlock()
	for a, resources := range byUser {
		out = append(out, w.ofUser(a, resources)...)
	}
	tenants, err := w.ofTenants(ctx, all.Items)
	return append(out, tenants...), err
}

// meant is the user whom a resource means: to whom the operator bound it, else whose its spelling is. l.mu is held.
func (l *ledger) meant(o *v1alpha1.PhoneAuthenticationMethod, r *resource) *account {
	return cmp.Or(l.users[o.Status.UserID], l.names[r.spelling], r.user)
}

// ofUser judges one user.
func (w *world) ofUser(a *account, resources []*v1alpha1.PhoneAuthenticationMethod) []verdict {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	var out []verdict
	c := circumstances{ledger: w.ledger, quiet: w.quiet, has: map[string]emulator.Phone{}, observed: a.realm.name == watched, admin: a.admin, gone: a.gone}
	for _, p := range w.front.graph.Phones(a.id) {
		p.Number = plain(p.Number)
		c.has[p.Type] = p
	}
	bySlot := map[string][]*v1alpha1.PhoneAuthenticationMethod{}
	for _, o := range resources {
		t := string(o.Spec.PhoneType)
		bySlot[t] = append(bySlot[t], o)
	}
	for t, claims := range bySlot {
		c.foreign = a.slot(t).by == byHand || a.realm.tookAccess && w.ledger.spokenForBy(team, a, t)
		for _, what := range ofSlot(t, claims, c) {
			out = append(out, verdict{a, what})
		}
	}
	return out
}

// strays says whether a resource's name is another's now than whom it is bound to. l.mu is held.
func (l *ledger) strays(o *v1alpha1.PhoneAuthenticationMethod) bool {
	now := l.names[strings.ToLower(o.Spec.User)]
	return o.Status.UserID != "" && now != nil && now.id != o.Status.UserID
}

// untold says whether a resource gives an object id whose user the operator never found: that there is none is not told
// to a namespace whose rules do not cover everybody.
func (l *ledger) untold(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return o.Status.UserID == "" && l.users[strings.ToLower(o.Spec.User)] != nil
}

// nobody says whether a resource's spelling is that of no user now. l.mu is held.
func (l *ledger) nobody(o *v1alpha1.PhoneAuthenticationMethod) bool {
	spelling := strings.ToLower(o.Spec.User)
	a := cmp.Or(l.users[spelling], l.names[spelling])
	return a == nil || a.gone
}

// numberOf is the number that a resource says or has from its Secret: the newest that the ledger knows. l.mu is held.
func (l *ledger) numberOf(o *v1alpha1.PhoneAuthenticationMethod) string {
	versions := l.resources[client.ObjectKeyFromObject(o).String()].versions
	return versions[len(versions)-1].number
}

// circumstances are what is true of a user beside what the resources say.
type circumstances struct {
	*ledger
	quiet                 time.Duration             // how long all is to stay as it is
	has                   map[string]emulator.Phone // by phone type, with the number written plainly
	foreign               bool                      // a hand put the phone that Graph has, or its record may be lost
	observed, admin, gone bool
}

// grace is how long the operator says of a new resource that its user may still come.
const grace = 2 * time.Minute

// lasting says whether that has ended, or does not end while nothing is to be written.
func (c circumstances) lasting(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) ||
		time.Since(o.CreationTimestamp.Time)+c.quiet+c.quiet/2 < grace
}

// ofSlot judges the resources of one phone type of one user. The ledger is held.
func ofSlot(phoneType string, claims []*v1alpha1.PhoneAuthenticationMethod, c circumstances) (out []string) {
	phone, there := c.has[phoneType]
	_, mobile := c.has[emulator.Mobile]
	var holders, ready []string
	for _, o := range claims {
		say := func(format string, args ...any) {
			out = append(out, o.Namespace+"/"+o.Name+": "+fmt.Sprintf(format, args...))
		}
		reason := reasonOf(o, v1alpha1.ConditionReady)
		if o.DeletionTimestamp != nil {
			if !c.observed && !c.admin { // there nothing is deleted, so what is held stays
				say("is still leaving: %s", reason)
			}
			continue
		}
		if o.Status.ID != "" {
			holders = append(holders, o.Name)
		}
		if o.Status.ObservedGeneration != o.Generation {
			say("generation %d is observed, %d is there", o.Status.ObservedGeneration, o.Generation)
		}
		if o.Status.PendingWrite != nil && !c.gone {
			say("has a pending write: %s", o.Status.PendingWrite.Action)
		}
		if is := meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady); is {
			ready = append(ready, o.Name)
			switch {
			case !there || phone.Number != c.numberOf(o):
				say("is Ready, but Graph has %q and not %q", phone.Number, c.numberOf(o))
			case o.Status.ID != phone.ID:
				say("is Ready with id %q", o.Status.ID)
			case o.Status.SMSSignInState != phone.SMSSignInState:
				say("says smsSignInState %q, Graph says %q", o.Status.SMSSignInState, phone.SMSSignInState)
			case o.Spec.SMSSignIn == v1alpha1.SMSSignInEnabled && phone.SMSSignInState != "ready",
				o.Spec.SMSSignIn == v1alpha1.SMSSignInDisabled && phone.SMSSignInState == "ready":
				say("is Ready, but SMS sign-in is %q", phone.SMSSignInState)
			}
			continue
		}
		// Each reason why not is to be true.
		winner := func() bool {
			return slices.ContainsFunc(claims, func(other *v1alpha1.PhoneAuthenticationMethod) bool {
				return other != o && other.DeletionTimestamp == nil
			})
		}
		right := false
		switch reason {
		case v1alpha1.ReasonConflict:
			right = winner()
		case v1alpha1.ReasonAlreadyExists:
			right = there && c.foreign && (o.Spec.AdoptionPolicyOrDefault() == v1alpha1.AdoptNever ||
				o.Spec.AdoptionPolicyOrDefault() == v1alpha1.AdoptIfNumberMatches && phone.Number != c.numberOf(o))
		case v1alpha1.ReasonDriftDetected:
			right = o.Spec.DriftPolicyOrDefault() == v1alpha1.DriftReport
		case v1alpha1.ReasonWaitingForMobile:
			right = phoneType == emulator.AlternateMobile && !mobile
		case v1alpha1.ReasonWouldChange:
			right = c.observed
		case v1alpha1.ReasonPrivilegedUser:
			right = c.admin
		case v1alpha1.ReasonUserNotFound:
			right = (c.gone || o.Status.UserID == "" && c.nobody(o)) && c.lasting(o)
		case v1alpha1.ReasonNotPermitted:
			right = c.gone && c.untold(o)
		case v1alpha1.ReasonUserChanged:
			right = c.strays(o)
		case v1alpha1.ReasonSMSSignInNotAsAsked:
			right = there && phone.Number == c.numberOf(o) && (phone.SMSSignInState != "ready") == (o.Spec.SMSSignIn == v1alpha1.SMSSignInEnabled)
		}
		if !right {
			say("says %s; Graph has %q, it wants %q (%s)", reason, phone.Number, c.numberOf(o), o.Spec.AdoptionPolicyOrDefault())
		}
	}
	if len(holders) > 1 || len(ready) > 1 {
		out = append(out, fmt.Sprintf("%s has holders %v and Ready %v", phoneType, holders, ready))
	}
	return out
}

func reasonOf(o *v1alpha1.PhoneAuthenticationMethod, condition string) string {
	if c := meta.FindStatusCondition(o.Status.Conditions, condition); c != nil {
		return c.Reason
	}
	return "nothing"
}

// ofTenants judges what the tenants say of themselves and of their resources.
func (w *world) ofTenants(ctx context.Context, all []v1alpha1.PhoneAuthenticationMethod) ([]verdict, error) {
	var tenants v1alpha1.EntraTenantList
	if err := w.List(ctx, &tenants); err != nil {
		return nil, err
	}
	var out []verdict
	for _, t := range tenants.Items {
		var want v1alpha1.MethodCounts
		users := map[string]bool{}
		for _, o := range all {
			if o.Spec.TenantName() != t.Name {
				continue
			}
			want.Total++
			// Whose namespace no rule is for was never looked up: the spelling counts.
			users[strings.ToLower(cmp.Or(o.Status.UserID, o.Spec.User))] = true
			if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) {
				want.Ready++
			}
			if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) {
				want.Stalled++
			}
		}
		if !meta.IsStatusConditionTrue(t.Status.Conditions, v1alpha1.ConditionReady) {
			out = append(out, verdict{nil, fmt.Sprintf("tenant %s is not Ready", t.Name)})
		}
		if t.Status.Methods != want || int(t.Status.Users) != len(users) {
			out = append(out, verdict{nil, fmt.Sprintf("tenant %s says %d users and %+v, and there are %d and %+v", t.Name, t.Status.Users, t.Status.Methods, len(users), want)})
		}
	}
	return out, nil
}
