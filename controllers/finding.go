package controllers

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// finding is what a pass has to say of one resource, in the API's conditions.
type finding struct {
	accepted, synced, ready condition
	mood                    mood
	acted                   bool // the spec was carried through, or cannot be as it is
	before                  bool // the conditions stay as they were
	open                    bool // it is no verdict yet: a request for a look stands
	release                 bool // the finalizer may go
}

// condition is a condition without its name and times.
type condition struct {
	status          metav1.ConditionStatus
	reason, message string
}

// mood says who can bring a resource further: nobody needs to, the operator, or
// a person. It becomes the conditions Reconciling and Stalled, as kstatus reads them.
type mood int

const (
	content mood = iota
	progressing
	stalled
)

var acceptable = condition{metav1.ConditionTrue, v1alpha1.ReasonAccepted, "The operator manages this phone."}

// asBefore leaves the conditions alone: nothing is known that they do not say.
func asBefore() finding { return finding{before: true, open: true} }

// released lets a leaving resource go.
func released() finding { return finding{release: true, before: true} }

// inSync: Graph holds what spec says, SMS sign-in included.
func inSync() finding {
	return finding{
		accepted: acceptable,
		synced:   condition{metav1.ConditionTrue, v1alpha1.ReasonSynced, "Graph holds what spec says."},
		ready:    condition{metav1.ConditionTrue, v1alpha1.ReasonReady, "The phone is registered as spec says."},
		acted:    true,
	}
}

// notAccepted: the operator may not act on the resource.
func notAccepted(reason string, m mood, message string) finding {
	return finding{
		accepted: condition{metav1.ConditionFalse, reason, message},
		synced:   condition{metav1.ConditionUnknown, v1alpha1.ReasonPending, "Not looked at: see Accepted."},
		ready:    condition{metav1.ConditionFalse, reason, message},
		mood:     m,
	}
}

// notSynced: Graph does not hold what spec says.
func notSynced(reason string, m mood, message string) finding {
	return finding{
		accepted: acceptable,
		synced:   condition{metav1.ConditionFalse, reason, message},
		ready:    condition{metav1.ConditionFalse, reason, message},
		mood:     m,
		acted:    m == stalled,
	}
}

// unseen: Graph could not be asked, or did not say.
func unseen(reason string, m mood, message string) finding {
	return finding{
		accepted: condition{metav1.ConditionUnknown, reason, message},
		synced:   condition{metav1.ConditionUnknown, reason, message},
		ready:    condition{metav1.ConditionUnknown, reason, message},
		mood:     m,
		open:     m == progressing,
	}
}

// unheard: a resource leaves whose phone Graph does not show, and may show yet.
func unheard() finding {
	f := notSynced(v1alpha1.ReasonPending, progressing, "Graph does not show this phone; it may have been asked for and come "+
		"yet. The deletion waits for two minutes or so, to take it along.")
	f.open = true
	return f
}

// onItsWay: a change is being made, or waits a moment.
func onItsWay() finding {
	f := notSynced(v1alpha1.ReasonPending, progressing, "A change is on its way to Graph.")
	f.open = true
	return f
}

// notAsAsked: Graph holds the number, and SMS sign-in is not as spec asks.
func notAsAsked(reason string, m mood, message string) finding {
	f := inSync()
	f.ready = condition{metav1.ConditionFalse, reason, message}
	f.mood, f.acted = m, m == stalled
	return f
}

// write puts a finding into a status. generation is the spec's that was looked at.
func (f finding) write(s *v1alpha1.PhoneAuthenticationMethodStatus, generation int64) {
	s.ObservedGeneration = generation
	if f.before {
		return
	}
	carried := int64(0)
	if last := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionSynced); last != nil {
		carried = last.ObservedGeneration
	}
	if f.acted {
		carried = generation
	}
	set(&s.Conditions, v1alpha1.ConditionAccepted, f.accepted, generation)
	set(&s.Conditions, v1alpha1.ConditionSynced, f.synced, carried)
	set(&s.Conditions, v1alpha1.ConditionReady, f.ready, generation)
	mark(&s.Conditions, v1alpha1.ConditionStalled, f.mood == stalled, f.ready, generation)
	mark(&s.Conditions, v1alpha1.ConditionReconciling, f.mood == progressing, f.ready, generation)
}

// suspend writes that nothing is done for the resource. What was known stays; of a
// resource that was never reconciled nothing is known, and kstatus calls it Current. What
// was refused before goes where the rules are known to permit it by now.
func suspend(s *v1alpha1.PhoneAuthenticationMethodStatus, generation int64, permitted bool) {
	if c := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionAccepted); permitted && c != nil && c.Reason == v1alpha1.ReasonNotPermitted {
		for _, stale := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionSynced, v1alpha1.ConditionReady, v1alpha1.ConditionStalled} {
			meta.RemoveStatusCondition(&s.Conditions, stale)
		}
	}
	markSuspended(s, generation)
}

func markSuspended(s *v1alpha1.PhoneAuthenticationMethodStatus, generation int64) {
	s.ObservedGeneration = generation
	asleep := condition{metav1.ConditionTrue, v1alpha1.ReasonSuspended, "spec.suspend is true: nothing is read or written for this resource."}
	mark(&s.Conditions, v1alpha1.ConditionSuspended, true, asleep, generation)
	meta.RemoveStatusCondition(&s.Conditions, v1alpha1.ConditionReconciling)
}

// requestIDMark stands before a request id in a message. The id is of the first
// failure of its kind: a new one at every try would be a write at every try.
const requestIDMark = " Graph's request-id: "

func set(all *[]metav1.Condition, name string, c condition, generation int64) {
	if last := meta.FindStatusCondition(*all, name); last != nil && last.Status == c.status && last.Reason == c.reason {
		was, _, had := strings.Cut(last.Message, requestIDMark)
		if is, _, has := strings.Cut(c.message, requestIDMark); had && has && was == is {
			c.message = last.Message
		}
	}
	meta.SetStatusCondition(all, metav1.Condition{
		Type: name, Status: c.status, Reason: c.reason, Message: c.message, ObservedGeneration: generation,
	})
}

// mark keeps a condition that exists only while it is True.
func mark(all *[]metav1.Condition, name string, is bool, because condition, generation int64) {
	if !is {
		meta.RemoveStatusCondition(all, name)
		return
	}
	set(all, name, condition{metav1.ConditionTrue, because.reason, because.message}, generation)
}

// isSettled says whether there was a verdict on the resource as it is, with nothing
// left to do but for a person; what the tenant stood in the way of is none.
func isSettled(o *v1alpha1.PhoneAuthenticationMethod) bool {
	if o.Generation != o.Status.ObservedGeneration {
		return false
	}
	stalled := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionStalled)
	return isReady(o) || stalled != nil && stalled.Status == metav1.ConditionTrue && !slices.Contains(ofTheTenant, stalled.Reason)
}

var ofTheTenant = []string{v1alpha1.ReasonForbidden, v1alpha1.ReasonTenantNotFound, v1alpha1.ReasonTenantNotReady}

func isReady(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady)
}
