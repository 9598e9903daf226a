package conditions

import (
	"fmt"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// Subject is the claim that a verdict is about, with what the plan need not know of it.
type Subject struct {
	plan.Claim
	Namespace string
	// Young: what the resource needs may yet come, since it was created a moment ago.
	Young bool
	// Observe: the EntraTenant is in mode Observe.
	Observe bool
	// Why is what stands behind Barred and a hold, for the person who wrote the resource.
	Why string
	// RefusedAs is what Graph said of the verbs that it refused.
	RefusedAs graph.Kind
	// Undone: Graph shows the same other number after each write.
	Undone bool
	// Lost is what the write LostVerb is answered, for minutes now, by what does not know of
	// phones, such as "HTTP 404 UnknownError"; empty where no write is.
	Lost     string
	LostVerb plan.Verb
	// Unanswered: the answer to the write was unclear so often in a row that it is to be told.
	// RequestID is Graph's id of the last one.
	Unanswered bool
	RequestID  string
}

// ForVerdict puts the plan's verdict on a claim into words: what is, and what to do.
func ForVerdict(c Subject, v plan.Verdict) Set {
	if v.Outcome == plan.Pending && c.Holds.Has(plan.Unsettled) && c.Unanswered && c.Lost == "" {
		return ForFailure(&graph.Error{Kind: graph.Unclear, RequestID: c.RequestID}, c.Observe)
	}
	if c.Observe && (v.Outcome == plan.Pending || v.Outcome == plan.HandingOver || v.SMS == plan.SMSPending) {
		s := notSynced(v1alpha1.ReasonWouldChange, Failed, enforceWould+would(c, v)+butObserves)
		s.Settled = false
		return s
	}
	switch v.Outcome {
	case plan.Synced:
		return forSynced(c, v)
	case plan.Pending, plan.HandingOver:
		if c.Terminating && c.Holds.Has(plan.Unsettled) && v.Method == nil {
			return pending("Graph does not show this phone; it may have been asked for and come yet. The deletion waits for two minutes or so, to take it along.")
		}
		if c.Lost != "" {
			return writeLost(c)
		}
		return pending("A change is on its way to Graph.")
	case plan.Conflict:
		return conflict(c, v.Winner)
	case plan.Barred:
		return forBarrier(c)
	case plan.Suspended:
		return Unchanged()
	case plan.AlreadyExists:
		return forExisting(c, v)
	case plan.DriftDetected:
		return forDrift(c)
	case plan.WaitingForMobile:
		s := notSynced(v1alpha1.ReasonWaitingForMobile, InProgress,
			"Graph wants a mobile before an alternateMobile: create a PhoneAuthenticationMethod with phoneType mobile for this user.")
		s.Settled = !c.Holder
		return s
	case plan.Denied:
		return notAccepted(v1alpha1.ReasonNotPermitted, Failed, fmt.Sprintf(
			"The access rules for this namespace and user do not allow to %s the phone. Ask an administrator of the EntraTenant (spec.access).", v.Verb))
	case plan.Privileged:
		if c.Terminating {
			return notAccepted(v1alpha1.ReasonPrivilegedUser, Failed, c.Why+" The deletion waits; to let the resource go and leave the phone, "+orphan)
		}
		return notAccepted(v1alpha1.ReasonPrivilegedUser, Failed, c.Why)
	case plan.Rejected:
		return forRejected(c, v)
	case plan.Released:
		return Released()
	case plan.WaitingForAlternateMobile:
		return notSynced(v1alpha1.ReasonWaitingForAlternateMobile, InProgress,
			"Graph does not delete a mobile while the user has an alternateMobile: delete that first, or to let the resource go and leave the phone, "+orphan)
	case plan.DeleteRefused:
		if c.RefusedAs == graph.Restricted {
			return notSynced(v1alpha1.ReasonUserRestricted, Failed, userRestricted+" Or, to let the resource go and leave the phone, "+orphan)
		}
		return notSynced(v1alpha1.ReasonDefaultMethod, Failed,
			"Graph refused to delete this phone, most likely because it is the user's default sign-in method: the user chooses "+
				"another one in My Security Info, then the deletion goes through. Or, to let the resource go and leave the phone, "+orphan)
	case plan.BudgetExhausted:
		return notSynced(v1alpha1.ReasonDeletionBudgetExhausted, InProgress,
			"The EntraTenant's limits.deletionsPerHour is used up: the deletion waits for its turn, or for a higher limit.")
	}
	return Unchanged()
}

// The beginning and the end of what a WouldChange says.
const (
	enforceWould = "Mode Enforce would "
	butObserves  = "; the EntraTenant is in mode Observe and nothing is written."
)

// Foreseen returns what mode Enforce would do, such as "create the user's mobile: +1 ********00", out of the message
// of a WouldChange.
func Foreseen(message string) string {
	return strings.TrimSuffix(strings.TrimPrefix(message, enforceWould), butObserves)
}

// orphan ends a sentence on a deletion that does not go through.
const orphan = "set spec.deletionPolicy: Orphan."

// forSynced is for a number that is in sync: what remains is SMS sign-in.
func forSynced(c Subject, v plan.Verdict) Set {
	switch {
	case v.SMS == plan.SMSPending:
		s := smsNotAsAsked(v1alpha1.ReasonSMSSignInNotAsAsked, InProgress, "The number is registered; SMS sign-in is being switched.")
		s.Open = true
		return s
	case v.SMS == plan.SMSUnavailable && c.RefusedAs == graph.Restricted:
		return smsNotAsAsked(v1alpha1.ReasonUserRestricted, Failed,
			"The number is registered, but SMS sign-in is not as spec.smsSignIn asks. "+userRestricted)
	case v.SMS == plan.SMSUnavailable:
		state := "unknown"
		if v.Method != nil && v.Method.SMS != "" {
			state = string(v.Method.SMS)
		}
		return smsNotAsAsked(v1alpha1.ReasonSMSSignInNotAsAsked, Failed, fmt.Sprintf(
			"The number is registered, but SMS sign-in is not as spec.smsSignIn asks: Graph says %s (status.smsSignInState). Check the tenant's "+
				"SMS sign-in policy for this user and that no other user signs in with the number; then annotate the resource to try again.", state))
	}
	s := inSync()
	if v.Respelled {
		s.Synced.Message = "Graph holds what spec says, and writes the number with other digits than it was sent."
	}
	return s
}

var barriers = map[plan.Barrier]string{
	plan.InvalidNumber:        v1alpha1.ReasonInvalidNumber,
	plan.NumberSourceNotFound: v1alpha1.ReasonNumberSourceNotFound,
	plan.UserChanged:          v1alpha1.ReasonUserChanged,
}

func forBarrier(c Subject) Set {
	if c.Barred == plan.NumberSourceNotFound && c.Young {
		return notAccepted(barriers[c.Barred], InProgress, c.Why) // GitOps applies many things at once
	}
	return notAccepted(barriers[c.Barred], Failed, c.Why)
}

func forExisting(c Subject, v plan.Verdict) Set {
	const takeOver = "To take it over and make it what spec says, set spec.adoptionPolicy: Always; or remove it in Entra."
	exists := fmt.Sprintf("Graph already has a phone of type %s for this user", c.Type)
	switch {
	case c.Blind:
		return notSynced(v1alpha1.ReasonAlreadyExists, Failed, exists+
			". So many other numbers were tried from this namespace that the number is compared again only later. "+takeOver)
	case c.Adopt == plan.AdoptNever:
		exists += ", and adoptionPolicy is Never"
	case v.Method != nil && v.Method.Number.DiffersOnlyInTrunkZero(c.Number):
		exists += ", with a number that differs only in a zero after the country code"
	default:
		exists += ", with another number or one that cannot be compared"
	}
	return notSynced(v1alpha1.ReasonAlreadyExists, Failed, exists+". "+takeOver)
}

func forDrift(c Subject) Set {
	if c.Undone {
		return notSynced(v1alpha1.ReasonDriftDetected, Failed, "Each time that the operator writes this number, Graph shows the same other "+
			"number right after: somebody or something in Entra changes it, or Graph writes it in its own way. It is written again at the "+
			"resync. Find out who changes it, or put the number that Graph shows into spec.")
	}
	return notSynced(v1alpha1.ReasonDriftDetected, Failed,
		"Somebody changed this phone in Entra, and driftPolicy is Report. To undo that, set spec.driftPolicy: Correct; to keep it, change spec.")
}

func forRejected(c Subject, v plan.Verdict) Set {
	const again = " After a change of spec, or when asked by annotation, it is tried again."
	if c.RefusedAs == graph.Restricted {
		return notSynced(v1alpha1.ReasonUserRestricted, Failed, userRestricted)
	}
	if c.RefusedAs == graph.InvalidNumber {
		return notSynced(v1alpha1.ReasonRejected, Failed,
			"Graph calls this number invalid: check that it exists and that the country code fits."+again)
	}
	return notSynced(v1alpha1.ReasonRejected, Failed, fmt.Sprintf(
		"Graph refused to %s this phone: check that the number exists and is right for a phone of type %s.", v.Verb, c.Type)+again)
}

// writeLost: a change does not get through to the service that would make it.
func writeLost(c Subject) Set {
	message := fmt.Sprintf("Graph, or something on the way to it, answers the request to %s this phone with %s, which says nothing of the phone, "+
		"and the list shows that nothing came of it", c.LostVerb, c.Lost)
	if c.LostVerb == plan.Delete {
		message += ": the phone is still there"
	}
	message += ". The operator keeps trying; if this lasts, look at the proxies and gateways on the way, or ask Microsoft."
	if c.Terminating {
		message += " To let the resource go and leave the phone, " + orphan
	}
	s := notSynced(v1alpha1.ReasonGraphUnavailable, InProgress, message)
	s.Open = true
	return s
}

// conflict names the winner only to its neighbours: what other namespaces hold is none of
// theirs.
func conflict(c Subject, winner string) Set {
	holder := "a resource in another namespace"
	if namespace, name, _ := strings.Cut(winner, "/"); namespace == c.Namespace {
		holder = fmt.Sprintf("PhoneAuthenticationMethod %q", name)
	}
	return notAccepted(v1alpha1.ReasonConflict, Failed, fmt.Sprintf(
		"The user's phone of type %s is managed by %s: a user has one of each type. Delete one of the two; "+
			"this one takes over when the other goes.", c.Type, holder))
}

// would says what an action would do to Graph, with a masked number.
func would(c Subject, v plan.Verdict) string {
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
