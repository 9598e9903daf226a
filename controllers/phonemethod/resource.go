package phonemethod

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// resource is one PhoneAuthenticationMethod in a reconcile: the object as the API server last
// showed it, which is not changed, and what the plan is told of it.
type resource struct {
	plan.Claim
	object *v1alpha1.PhoneAuthenticationMethod
	failed error // what the API server answered to a write of this resource; the others go on

	// What was found out about it.
	newSecret   bool // its Secret was edited since it was last gathered
	secretEdits int  // how often that was by then
	misnamed    bool // its Secret does not name the user
	veiled      bool // it may not know yet whether its user exists

	// What this reconcile did.
	intended   bool // it recorded the pending write, and there was none before
	made       bool // it made the phone
	carriedOut bool // it wrote what an edit wanted; drift is none
	vanished   bool // the resource was deleted in spite of its finalizer, and its phone is here

	// What the person who wrote the resource is told beside the plan's verdict.
	why       string     // what stands behind Barred and a hold
	refusedAs graph.Kind // what Graph said of Refused
	undone    bool       // Graph shows the same other number after each write
}

// resourceOf returns what an object says of itself.
func resourceOf(o *v1alpha1.PhoneAuthenticationMethod) resource {
	c := resource{object: o, Claim: plan.Claim{
		Ref:         client.ObjectKeyFromObject(o).String(),
		Created:     o.CreationTimestamp.Time,
		Type:        phone.Type(o.Spec.PhoneType),
		SMS:         smsSignIn[o.Spec.SMSSignIn],
		Adopt:       adoption[o.Spec.AdoptionPolicyOrDefault()],
		Drift:       drift[o.Spec.DriftPolicyOrDefault()],
		Delete:      deletion[o.Spec.DeletionPolicyOrDefault()],
		Terminating: !o.DeletionTimestamp.IsZero(),
		Suspended:   o.Spec.Suspend,
		Holder:      o.Status.ID != "" && o.Status.UserID != "",
		Last:        o.Status.MaskedNumber,
	}}
	pending := o.Generation != actedOn(o)
	c.Edited = pending && o.Generation > 1 // the first one is no edit
	c.Changed = pending || requestOf(o) != o.Status.LastHandledRequest
	if w := o.Status.PendingWrite; w != nil && strings.EqualFold(w.UserID, o.Status.UserID) {
		c.Pending, c.Unread = w.MaskedNumber, w.Unread
	}
	return c
}

// The API's words for what the plan has constants for.
var (
	smsSignIn = map[v1alpha1.SMSSignIn]plan.SMSSignIn{
		v1alpha1.SMSSignInEnabled: plan.Enabled, v1alpha1.SMSSignInDisabled: plan.Disabled,
	}
	adoption = map[v1alpha1.AdoptionPolicy]plan.AdoptionPolicy{
		v1alpha1.AdoptIfNumberMatches: plan.AdoptIfNumberMatches,
		v1alpha1.AdoptAlways:          plan.AdoptAlways, v1alpha1.AdoptNever: plan.AdoptNever,
	}
	drift = map[v1alpha1.DriftPolicy]plan.DriftPolicy{
		v1alpha1.DriftCorrect: plan.CorrectDrift, v1alpha1.DriftReport: plan.ReportDrift,
	}
	deletion = map[v1alpha1.DeletionPolicy]plan.DeletionPolicy{
		v1alpha1.DeletionDelete: plan.DeleteMethod, v1alpha1.DeletionOrphan: plan.OrphanMethod,
	}
)

// actedOn is the last generation of the spec that was carried through. Status tells the last
// one that was seen; a reconcile that came to no end leaves this one behind.
func actedOn(o *v1alpha1.PhoneAuthenticationMethod) int64 {
	if synced := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced); synced != nil {
		return synced.ObservedGeneration
	}
	return 0
}

// requestOf is the reconcile that a resource asks for, cut as in the cache: the API server's
// answer to a patch has it whole.
func requestOf(o client.Object) string {
	return cut(o.GetAnnotations()[v1alpha1.ReconcileRequestedAtAnnotation])
}

// request names what the resource asks for, so that two requests can be told apart, also those of two resources that had
// one name.
func (c resource) request() string {
	return fmt.Sprintf("%s %d %s", c.object.UID, c.object.Generation, requestOf(c.object))
}

// saying tells one state of a resource's spec and of its Secret from any later one.
type saying struct {
	generation  int64
	secretEdits int
}

func (c resource) saying() saying { return saying{c.object.Generation, c.secretEdits} }

// isAwaited reports whether the resource asks for something that was not looked at yet. Nothing is
// done for a suspended one, whatever reconcile was requested.
func (c resource) isAwaited() bool { return isAwaited(c.object) }

func isAwaited(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return !o.DeletionTimestamp.IsZero() || o.Generation != o.Status.ObservedGeneration ||
		!o.Spec.Suspend && requestOf(o) != o.Status.LastHandledRequest
}

// isReady reports whether the resource says that its phone is as spec says.
func (c resource) isReady() bool {
	return meta.IsStatusConditionTrue(c.object.Status.Conditions, v1alpha1.ConditionReady)
}

// isInSync reports whether status says that the phone is as the resource is now, as far as a mask tells. A suspended or
// terminating resource is left as it is.
func (c resource) isInSync() bool {
	return c.Holder && !c.Terminating && !c.Suspended && c.Last == c.Number.Masked() && c.object.Generation == actedOn(c.object) &&
		meta.IsStatusConditionTrue(c.object.Status.Conditions, v1alpha1.ConditionSynced)
}

// wasRefused reports whether the last word on the resource is that the rules do not allow it.
func (c resource) wasRefused() bool { return wasRefused(c.object) }

func wasRefused(o *v1alpha1.PhoneAuthenticationMethod) bool {
	accepted := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted)
	return accepted != nil && accepted.Reason == v1alpha1.ReasonNotPermitted
}

// isRecorded reports whether status says that the resource holds its phone. What this reconcile
// found out alone is lost if the operator is killed.
func (c resource) isRecorded() bool { return c.object.Status.ID != "" && c.object.Status.UserID != "" }

// hasPhone reports whether a phone in Graph is, or may be, the resource's.
func (c resource) hasPhone() bool { return c.Holder || c.Pending != "" }

// isReleasable reports whether the resource is terminating and has nothing in Graph to take
// along, or leaves it behind. To release it needs neither the tenant nor Graph.
func (c resource) isReleasable() bool {
	return c.Terminating && (c.Suspended || c.Delete == plan.OrphanMethod || !c.hasPhone() && c.object.Status.PendingWrite == nil)
}

// isSettled reports whether there was a verdict on the resource as it is, with nothing left to
// do until a person, or another resource, does something; what the tenant stood in the way of is none.
func (c resource) isSettled() bool {
	s := c.object.Status
	if c.object.Generation != s.ObservedGeneration {
		return false
	}
	stalled := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionStalled)
	if stalled != nil && stalled.Status == metav1.ConditionTrue {
		return !slices.Contains(tenantReasons, stalled.Reason)
	}
	return c.isReady() || c.isWaiting()
}

// isWaiting reports whether the resource says that it waits for another one.
func (c resource) isWaiting() bool {
	synced := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionSynced)
	return synced != nil && slices.Contains(waitingReasons, synced.Reason)
}

// waitingReasons are what a resource says that waits for another one. backOff goes by since when.
var waitingReasons = []string{v1alpha1.ReasonWaitingForMobile, v1alpha1.ReasonWaitingForAlternateMobile}

var tenantReasons = []string{v1alpha1.ReasonForbidden, v1alpha1.ReasonTenantNotFound, v1alpha1.ReasonTenantNotReady}

// unreadReasons are what a resource may say before anybody asked for the user's phones.
var unreadReasons = []string{
	v1alpha1.ReasonTenantNotFound, v1alpha1.ReasonTenantNotReady, v1alpha1.ReasonUserNotFound, v1alpha1.ReasonThrottled,
	v1alpha1.ReasonNumberSourceNotFound, v1alpha1.ReasonNotPermitted, v1alpha1.ReasonPrivilegedUser, v1alpha1.ReasonSuspended,
}

// isUnexamined reports whether nothing was found out yet of the resource's phone.
func (c resource) isUnexamined() bool {
	synced := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionSynced)
	return synced == nil || slices.Contains(unreadReasons, synced.Reason)
}

// afterLanding returns the resource after a write that may have landed over a newer one: what that one was for is yet to be
// done, and the difference no drift.
func (c resource) afterLanding(a plan.Action) resource {
	switch {
	case !c.Holder || c.Type != a.Type:
	case a.Verb == plan.EnableSMS || a.Verb == plan.DisableSMS:
		c.Changed = true
	case c.Number != a.Number:
		c.Last, c.Was = a.Number.Masked(), a.Number
	}
	return c
}

// bar keeps the resource from acting, and says why.
func (c resource) bar(b plan.Barrier, why string) resource {
	c.Barred, c.why = b, why
	return c
}

// isEdited reports whether the number is another than the one last in sync. Where that is not
// known any more but for its mask, a new spec is enough.
func (c resource) isEdited() bool {
	if changed, known := c.NumberChanged(); known {
		return changed
	}
	return c.Edited
}

// mayBeEdited adds to that a number which comes from a Secret, as long as nothing but the mask
// of the last one is known: no spec tells an edit of it.
func (c resource) mayBeEdited() bool {
	return c.isEdited() || c.Was.IsZero() && c.object.Spec.PhoneNumberFrom != nil
}

// differs reports whether the number is another than the one that was looked at: what is in a
// Secret changes without a new generation. As long as the number is not read, an edit of the
// Secret tells.
func (c resource) differs() bool {
	if c.Terminating || c.Suspended {
		return false
	}
	ready := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return true // a status that was restored in part
	}
	unusable := c.Barred == plan.InvalidNumber || c.Barred == plan.NumberSourceNotFound
	if c.Number.IsZero() && !unusable {
		return c.newSecret
	}
	if said := ready.Reason == v1alpha1.ReasonInvalidNumber || ready.Reason == v1alpha1.ReasonNumberSourceNotFound; said != unusable {
		return true
	}
	return c.Holder && !unusable && c.Last != c.Number.Masked()
}

// contradicts reports whether the resource says something else than a verdict.
func (c resource) contradicts(v plan.Verdict) bool {
	switch {
	case c.isReady():
		return v.Outcome != plan.Synced || v.SMS != plan.SMSAsAsked
	case c.isWaiting():
		return v.Outcome != plan.WaitingForMobile && v.Outcome != plan.WaitingForAlternateMobile
	}
	return v.Outcome == plan.Synced || v.Outcome == plan.Pending || v.Outcome == plan.HandingOver
}

// gracePeriod is how long after its creation a resource may find that what it needs is not
// there yet, and nobody is to act: Graph shows a new user late, and GitOps applies many things
// at once.
const gracePeriod = 2 * time.Minute

// untilNextTry returns, while the resource is within its grace period, when to try again, at
// increasing distances until the end of it; 0 after it.
func (c resource) untilNextTry(now time.Time) time.Duration {
	age := now.Sub(c.Created)
	if age >= gracePeriod {
		return 0
	}
	return min(max(age, 2*time.Second), gracePeriod-age)
}

// backOff returns when to try again a resource that waits for something to happen in Graph:
// after as long as it has waited already, at last at the resync, which is 0.
func (c resource) backOff(now time.Time, resync time.Duration) time.Duration {
	waited := time.Duration(0)
	synced := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionSynced)
	if synced != nil && synced.Status != metav1.ConditionTrue {
		waited = now.Sub(synced.LastTransitionTime.Time)
	}
	if d := max(waited, firstRetry); d < resync {
		return d
	}
	return 0
}
