package conditions

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Set is what one reconcile has to say of one resource.
type Set struct {
	Accepted, Synced, Ready Condition
	Progress                Progress

	// Settled: the spec was carried through, or cannot be as it is.
	Settled bool
	// Unchanged: the conditions stay as they were, since nothing is known that they do
	// not say.
	Unchanged bool
	// Open: it is no verdict yet, so that a request for a reconcile stands.
	Open bool
	// Release: the finalizer may be removed.
	Release bool
}

// Condition is a condition without its type and times.
type Condition struct {
	Status          metav1.ConditionStatus
	Reason, Message string
}

// True is a condition that holds.
func True(reason, message string) Condition {
	return Condition{Status: metav1.ConditionTrue, Reason: reason, Message: message}
}

// False is a condition that does not hold.
func False(reason, message string) Condition {
	return Condition{Status: metav1.ConditionFalse, Reason: reason, Message: message}
}

// Unknown is a condition of which it is not known whether it holds.
func Unknown(reason, message string) Condition {
	return Condition{Status: metav1.ConditionUnknown, Reason: reason, Message: message}
}

// Progress says who can bring a resource further, in the words of kstatus. It becomes the
// conditions Reconciling and Stalled.
//
// Source: https://pkg.go.dev/sigs.k8s.io/cli-utils/pkg/kstatus
type Progress int

// The kinds of progress.
const (
	Current    Progress = iota // nobody needs to
	InProgress                 // the operator
	Failed                     // a person
)

var acceptable = True(v1alpha1.ReasonAccepted, "The operator manages this phone.")

// Unchanged leaves the conditions alone: nothing is known that they do not say.
func Unchanged() Set { return Set{Unchanged: true, Open: true} }

// Released lets a terminating resource go.
func Released() Set { return Set{Release: true, Unchanged: true} }

// inSync: Graph holds what spec says, SMS sign-in included.
func inSync() Set {
	return Set{
		Accepted: acceptable,
		Synced:   True(v1alpha1.ReasonSynced, "Graph holds what spec says."),
		Ready:    True(v1alpha1.ReasonReady, "The phone is registered as spec says."),
		Settled:  true,
	}
}

// notAccepted: the operator may not act on the resource.
func notAccepted(reason string, p Progress, message string) Set {
	return Set{
		Accepted: False(reason, message),
		Synced:   Unknown(v1alpha1.ReasonPending, "Not looked at: see Accepted."),
		Ready:    False(reason, message),
		Progress: p,
	}
}

// notSynced: Graph does not hold what spec says.
func notSynced(reason string, p Progress, message string) Set {
	return Set{
		Accepted: acceptable,
		Synced:   False(reason, message),
		Ready:    False(reason, message),
		Progress: p,
		Settled:  p == Failed,
	}
}

// unknown: Graph could not be asked, or did not say.
func unknown(reason string, p Progress, message string) Set {
	return Set{
		Accepted: Unknown(reason, message),
		Synced:   Unknown(reason, message),
		Ready:    Unknown(reason, message),
		Progress: p,
		Open:     p == InProgress,
	}
}

// pending: the operator is at it.
func pending(message string) Set {
	s := notSynced(v1alpha1.ReasonPending, InProgress, message)
	s.Open = true
	return s
}

// smsNotAsAsked: Graph holds the number, and SMS sign-in is not as spec asks.
func smsNotAsAsked(reason string, p Progress, message string) Set {
	s := inSync()
	s.Ready = False(reason, message)
	s.Progress, s.Settled = p, p == Failed
	return s
}

// Apply puts the set into a status. generation is that of the spec which was reconciled.
func (s Set) Apply(status *v1alpha1.PhoneAuthenticationMethodStatus, generation int64) {
	status.ObservedGeneration = generation
	if s.Unchanged {
		return
	}
	carried := int64(0)
	if last := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionSynced); last != nil {
		carried = last.ObservedGeneration
	}
	if s.Settled {
		carried = generation
	}
	Put(&status.Conditions, v1alpha1.ConditionAccepted, s.Accepted, generation)
	Put(&status.Conditions, v1alpha1.ConditionSynced, s.Synced, carried)
	Put(&status.Conditions, v1alpha1.ConditionReady, s.Ready, generation)
	PutProgress(&status.Conditions, s.Progress, s.Ready, generation)
}

// Suspend says that nothing is done for a resource. What was known stays; of a resource
// that was never reconciled nothing is known, and kstatus calls it Current. That it was
// refused goes where the rules are known to permit it by now.
func Suspend(status *v1alpha1.PhoneAuthenticationMethodStatus, generation int64, permitted bool) {
	if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionAccepted); permitted && c != nil && c.Reason == v1alpha1.ReasonNotPermitted {
		for _, stale := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionSynced, v1alpha1.ConditionReady, v1alpha1.ConditionStalled} {
			meta.RemoveStatusCondition(&status.Conditions, stale)
		}
	}
	status.ObservedGeneration = generation
	why := True(v1alpha1.ReasonSuspended, "spec.suspend is true: nothing is read or written for this resource.")
	mark(&status.Conditions, v1alpha1.ConditionSuspended, true, why, generation)
	meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionReconciling)
}

// Resume takes back what Suspend says.
func Resume(status *v1alpha1.PhoneAuthenticationMethodStatus) {
	meta.RemoveStatusCondition(&status.Conditions, v1alpha1.ConditionSuspended)
}

// requestIDMark stands before a request id in a message.
const requestIDMark = " Graph's request-id: "

// Put sets a condition. The request id in a message stays that of the first failure of its
// kind: a new one at every attempt would be a write at every attempt.
func Put(all *[]metav1.Condition, name string, c Condition, generation int64) {
	if last := meta.FindStatusCondition(*all, name); last != nil && last.Status == c.Status && last.Reason == c.Reason {
		was, _, had := strings.Cut(last.Message, requestIDMark)
		if is, _, has := strings.Cut(c.Message, requestIDMark); had && has && was == is {
			c.Message = last.Message
		}
	}
	meta.SetStatusCondition(all, metav1.Condition{
		Type: name, Status: c.Status, Reason: c.Reason, Message: c.Message, ObservedGeneration: generation,
	})
}

// mark keeps a condition that exists only while it is True.
func mark(all *[]metav1.Condition, name string, is bool, because Condition, generation int64) {
	if !is {
		meta.RemoveStatusCondition(all, name)
		return
	}
	Put(all, name, True(because.Reason, because.Message), generation)
}

// PutProgress keeps the conditions Stalled and Reconciling, with the words of Ready.
func PutProgress(all *[]metav1.Condition, p Progress, ready Condition, generation int64) {
	mark(all, v1alpha1.ConditionStalled, p == Failed, ready, generation)
	mark(all, v1alpha1.ConditionReconciling, p == InProgress, ready, generation)
}
