package controllers

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// find puts the plan's verdict on a claim into words: what is, and what to do.
func (p *pass) find(c *claim, v plan.Verdict) finding {
	if p.observing() && (v.Outcome == plan.Pending || v.Outcome == plan.HandingOver || v.SMS == plan.SMSPending) {
		f := notSynced(v1alpha1.ReasonWouldChange, stalled, fmt.Sprintf(
			"Mode Enforce would %s; the EntraTenant is in mode Observe and nothing is written.", would(c, v)))
		f.acted = false
		return f
	}
	switch v.Outcome {
	case plan.Synced:
		if v.SMS == plan.SMSUnavailable && c.refusedAs == graph.Restricted {
			return notAsAsked(v1alpha1.ReasonUserRestricted, stalled, "The number is registered, but SMS sign-in is not as spec.smsSignIn asks. "+userRestricted)
		}
		f := foundSMS(v)
		if v.Respelled {
			f.synced.message = "Graph holds what spec says, and writes the number with other digits than it was sent."
		}
		return f
	case plan.Pending, plan.HandingOver:
		if c.Leaving && c.Withheld == plan.Unsettled && v.Method == nil {
			return unheard()
		}
		return onItsWay()
	case plan.Conflict:
		return conflict(c, v.Winner)
	case plan.Barred:
		if c.Barred == plan.NumberSourceNotFound && p.young(c) {
			return notAccepted(barred[c.Barred], progressing, c.why) // GitOps applies many things at once
		}
		return notAccepted(barred[c.Barred], stalled, c.why)
	case plan.Suspended:
		return asBefore()
	case plan.AlreadyExists:
		if c.Blind {
			return notSynced(v1alpha1.ReasonAlreadyExists, stalled, fmt.Sprintf(
				"Graph already has a phone of type %s for this user. So many other numbers were tried from this namespace that the number is "+
					"compared again only later. To take the phone over, set spec.adoptionPolicy: Always; or remove it in Entra.", c.Type))
		}
		return notSynced(v1alpha1.ReasonAlreadyExists, stalled, fmt.Sprintf(
			"Graph already has a phone of type %s for this user%s. To take it over and make it what spec says, set "+
				"spec.adoptionPolicy: Always; or remove it in Entra.", c.Type, otherNumber(c, v)))
	case plan.DriftDetected:
		if c.undone {
			return notSynced(v1alpha1.ReasonDriftDetected, stalled, "Each time that the operator writes this number, Graph shows the same other "+
				"number right after: somebody or something in Entra changes it, or Graph writes it in its own way. It is written again at the "+
				"resync. Find out who changes it, or put the number that Graph shows into spec.")
		}
		return notSynced(v1alpha1.ReasonDriftDetected, stalled,
			"Somebody changed this phone in Entra, and driftPolicy is Report. To undo that, set spec.driftPolicy: Correct; "+
				"to keep it, change spec.")
	case plan.WaitingForMobile:
		f := notSynced(v1alpha1.ReasonWaitingForMobile, progressing,
			"Graph wants a mobile before an alternateMobile: create a PhoneAuthenticationMethod with phoneType mobile for this user.")
		f.acted = !c.Holder
		p.backOff(c)
		return f
	case plan.Denied:
		return notAccepted(v1alpha1.ReasonNotPermitted, stalled, fmt.Sprintf(
			"The access rules for this namespace and user do not allow to %s the phone. Ask an administrator of the EntraTenant (spec.access).", v.Verb))
	case plan.Privileged:
		if c.Leaving {
			return notAccepted(v1alpha1.ReasonPrivilegedUser, stalled, c.why+
				" The deletion waits; to let the resource go and leave the phone, set spec.deletionPolicy: Orphan.")
		}
		return notAccepted(v1alpha1.ReasonPrivilegedUser, stalled, c.why)
	case plan.Rejected:
		if c.refusedAs == graph.Restricted {
			return notSynced(v1alpha1.ReasonUserRestricted, stalled, userRestricted)
		}
		if c.refusedAs == graph.InvalidNumber {
			return notSynced(v1alpha1.ReasonRejected, stalled, "Graph calls this number invalid: check that it exists and that the country code fits. "+
				"After a change of spec, or when asked by annotation, it is tried again.")
		}
		p.backOff(c) // reads may lag longer than patience lasts: what was refused may be there
		return notSynced(v1alpha1.ReasonRejected, stalled, fmt.Sprintf(
			"Graph refused to %s this phone: check that the number exists and is right for a phone of type %s. "+
				"After a change of spec, or when asked by annotation, it is tried again.", v.Verb, c.Type))
	case plan.Released:
		return released()
	case plan.WaitingForAlternateMobile:
		p.backOff(c)
		return notSynced(v1alpha1.ReasonWaitingForAlternateMobile, progressing,
			"Graph does not delete a mobile while the user has an alternateMobile: delete that first, "+
				"or set spec.deletionPolicy: Orphan to let the resource go and leave the phone.")
	case plan.DeleteRefused:
		if c.refusedAs == graph.Restricted {
			return notSynced(v1alpha1.ReasonUserRestricted, stalled, userRestricted+
				" Or set spec.deletionPolicy: Orphan to let the resource go and leave the phone.")
		}
		return notSynced(v1alpha1.ReasonDefaultMethod, stalled,
			"Graph refused to delete this phone, most likely because it is the user's default sign-in method: the user chooses "+
				"another one in My Security Info, then the deletion goes through. Or set spec.deletionPolicy: Orphan to leave the phone.")
	case plan.BudgetExhausted:
		return notSynced(v1alpha1.ReasonDeletionBudgetExhausted, progressing,
			"The EntraTenant's limits.deletionsPerHour is used up: the deletion waits for its turn, or for a higher limit.")
	}
	return asBefore()
}

// userRestricted: Graph refuses for one user what the app registration may do for others.
const userRestricted = "Graph refuses this for this user, although the app registration has the permission: the user may be in a restricted " +
	"management administrative unit, or a policy may protect the user. Give the app's service principal a role at the scope of that unit, " +
	"or manage this user's phones by hand. It is tried again at the resync."

// backOff asks for another look at a resource that waits for something to happen
// in Graph, after as long as it has waited already: looks get rarer up to the resync.
func (p *pass) backOff(c *claim) {
	waited := time.Duration(0)
	synced := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionSynced)
	if synced != nil && synced.Status != metav1.ConditionTrue {
		waited = p.now.Sub(synced.LastTransitionTime.Time)
	}
	if d := max(waited, firstLook); d < p.tenant.Spec.ResyncPeriodOrDefault() {
		p.lookAgain(d)
	}
}

var barred = map[plan.Barrier]string{
	plan.InvalidNumber:        v1alpha1.ReasonInvalidNumber,
	plan.NumberSourceNotFound: v1alpha1.ReasonNumberSourceNotFound,
	plan.UserChanged:          v1alpha1.ReasonUserChanged,
}

// foundSMS is for a number that is in sync: what remains is SMS sign-in.
func foundSMS(v plan.Verdict) finding {
	switch v.SMS {
	case plan.SMSPending:
		f := notAsAsked(v1alpha1.ReasonSMSSignInNotAsAsked, progressing, "The number is registered; SMS sign-in is being switched.")
		f.open = true
		return f
	case plan.SMSUnavailable:
		state := "unknown"
		if v.Method != nil && v.Method.SMS != "" {
			state = string(v.Method.SMS)
		}
		return notAsAsked(v1alpha1.ReasonSMSSignInNotAsAsked, stalled, fmt.Sprintf("The number is registered, but SMS sign-in is not as spec.smsSignIn asks: "+
			"Graph says %s (status.smsSignInState). Check the tenant's SMS sign-in policy for this user and that no other "+
			"user signs in with the number; then annotate the resource to try again.", state))
	case plan.SMSAsAsked:
	}
	return inSync()
}

// conflict names the winner only to its neighbours: what other namespaces hold
// is none of theirs.
func conflict(c *claim, winner string) finding {
	who := "a resource in another namespace"
	if namespace, name, _ := strings.Cut(winner, "/"); namespace == c.object.Namespace {
		who = fmt.Sprintf("PhoneAuthenticationMethod %q", name)
	}
	return notAccepted(v1alpha1.ReasonConflict, stalled, fmt.Sprintf(
		"The user's phone of type %s is managed by %s: a user has one of each type. Delete one of the two; "+
			"this one takes over when the other goes.", c.Type, who))
}

func otherNumber(c *claim, v plan.Verdict) string {
	switch {
	case c.Adopt == plan.AdoptNever:
		return ", and adoptionPolicy is Never"
	case v.Method != nil && v.Method.Number.DiffersOnlyInTrunkZero(c.Number):
		return ", with a number that differs only in a zero after the country code"
	}
	return ", with another number or one that cannot be compared"
}

// would says what an action would do to Graph, without the number.
func would(c *claim, v plan.Verdict) string {
	switch {
	case v.SMS == plan.SMSPending:
		return v.Verb.String() + " for the user's mobile"
	case v.Outcome == plan.HandingOver:
		return fmt.Sprintf("hand the user's %s over to another resource", c.Type)
	case v.Verb == plan.Create:
		return fmt.Sprintf("create the user's %s: %s", c.Type, c.Number.Masked())
	case v.Verb == plan.Update:
		return fmt.Sprintf("change the user's %s to %s", c.Type, c.Number.Masked())
	case v.Verb == plan.Delete:
		return fmt.Sprintf("delete the user's %s", c.Type)
	}
	return "write to Graph"
}
