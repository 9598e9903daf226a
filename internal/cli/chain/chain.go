package chain

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// State is how a step came out.
type State string

// The states.
const (
	Passed     State = "Passed"
	Failed     State = "Failed"  // a person must act
	Waiting    State = "Waiting" // it goes on by itself
	NotReached State = "NotReached"
)

// Step is one decision.
type Step struct {
	Step    string `json:"step"`
	State   State  `json:"state"`
	Message string `json:"message,omitempty"`
}

// Explanation is how a resource came to be as it is.
type Explanation struct {
	Namespace    string `json:"namespace"`
	Name         string `json:"name"`
	User         string `json:"user"`
	PhoneType    string `json:"phoneType"`
	MaskedNumber string `json:"maskedNumber,omitempty"`
	Ready        string `json:"ready"`
	Reason       string `json:"reason"`
	Steps        []Step `json:"steps"`
	Next         Next   `json:"next"`
}

// The steps, in the order in which the operator takes them.
const (
	stepOperator  = "operator"
	stepTenant    = "tenant"
	stepAccess    = "access rule"
	stepUser      = "user"
	stepNumber    = "number"
	stepRival     = "rivals"
	stepProtected = "protected user"
	stepGraph     = "Graph"
	stepSMS       = "SMS sign-in"
)

var steps = []string{stepOperator, stepTenant, stepAccess, stepUser, stepNumber, stepRival, stepProtected, stepGraph, stepSMS}

// stepOf is the step that a reason of Accepted or Ready is of; all others are of Graph.
var stepOf = map[string]string{
	v1alpha1.ReasonTenantNotFound: stepTenant, v1alpha1.ReasonTenantNotReady: stepTenant,
	v1alpha1.ReasonNotPermitted: stepAccess,
	v1alpha1.ReasonUserNotFound: stepUser, v1alpha1.ReasonUserChanged: stepUser,
	v1alpha1.ReasonInvalidNumber: stepNumber, v1alpha1.ReasonNumberSourceNotFound: stepNumber,
	v1alpha1.ReasonConflict: stepRival, v1alpha1.ReasonPrivilegedUser: stepProtected,
	v1alpha1.ReasonSMSSignInNotAsAsked: stepSMS,
}

// Explain reads a resource's status. tenant is nil where it could not be read, and unread says why then.
func Explain(o *v1alpha1.PhoneAuthenticationMethod, tenant *v1alpha1.EntraTenant, unread string) Explanation {
	x := Explanation{
		Namespace: o.Namespace, Name: o.Name, User: o.Spec.User, PhoneType: string(o.Spec.PhoneType), MaskedNumber: o.Status.MaskedNumber,
		Ready: string(metav1.ConditionUnknown), Reason: "NotReconciled",
	}
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	if ready != nil {
		x.Ready, x.Reason = string(ready.Status), ready.Reason
	}
	stopped, reason := stopsAt(o, ready), x.Reason
	broken := ready != nil && stopped != stepTenant && notReady(tenant) != nil
	if broken {
		stopped, reason = stepTenant, v1alpha1.ReasonTenantNotReady
	}
	for i, name := range steps {
		at := slices.Index(steps, stopped)
		step := Step{Step: name, State: NotReached}
		switch {
		case stopped == "" || i < at:
			step.State, step.Message = Passed, passed(name, o, tenant, unread)
		case i == at:
			step.State, step.Message = Waiting, "No operator has looked at this resource."
			if broken || meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled) {
				step.State = Failed
			}
			if ready != nil {
				step.Message = ready.Message
			}
			if broken {
				step.Message = fmt.Sprintf("EntraTenant %s worked when the operator came to the verdict on this resource.", tenant.Name)
			}
			step.Message += aside(name, tenant)
		}
		x.Steps = append(x.Steps, step)
	}
	x.Steps = append(x.Steps, marks(o)...)
	x.Next = next(o, tenant, reason)
	return x
}

// stopsAt is the step that a resource came to and no further; "" for one that is Ready.
func stopsAt(o *v1alpha1.PhoneAuthenticationMethod, ready *metav1.Condition) string {
	switch {
	case ready == nil:
		return stepOperator
	case ready.Reason == v1alpha1.ReasonReady:
		return ""
	}
	if step := stepOf[ready.Reason]; step != "" {
		return step
	}
	accepted := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted)
	if accepted != nil && accepted.Status == metav1.ConditionUnknown && o.Status.ID == "" {
		return stepUser // Graph could not be asked about the user; who holds a phone came further before
	}
	return stepGraph
}

// passed says what is known of a step that nothing is wrong with.
func passed(step string, o *v1alpha1.PhoneAuthenticationMethod, tenant *v1alpha1.EntraTenant, unread string) string {
	switch step {
	case stepOperator:
		if o.Status.ObservedGeneration < o.Generation {
			return fmt.Sprintf("It has seen generation %d; spec has changed since (%d).", o.Status.ObservedGeneration, o.Generation)
		}
		return "It has seen spec as it is."
	case stepTenant:
		if tenant == nil {
			return fmt.Sprintf("EntraTenant %s works. %s", o.Spec.TenantName(), unread)
		}
		return fmt.Sprintf("EntraTenant %s works, in mode %s.", tenant.Name, tenant.Spec.ModeOrDefault())
	case stepAccess:
		return fmt.Sprintf("A rule of the EntraTenant lets namespace %s manage this phone.", o.Namespace)
	case stepUser:
		return fmt.Sprintf("Bound to object id %s.", o.Status.UserID)
	case stepNumber:
		from := "spec.phoneNumber"
		if ref := o.Spec.PhoneNumberFrom; ref != nil {
			from = fmt.Sprintf("key %s of Secret %s", ref.SecretKeyRef.Key, ref.SecretKeyRef.Name)
		}
		return strings.TrimSpace(fmt.Sprintf("From %s. %s", from, o.Status.MaskedNumber))
	case stepRival:
		return "No other resource speaks for this user and phone type, or this one wins."
	case stepProtected:
		return "Not known to be one whom Entra protects; asked again before each write."
	case stepGraph:
		if synced := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced); synced != nil {
			return synced.Message
		}
	case stepSMS:
		if o.Spec.SMSSignIn == "" {
			return strings.TrimSuffix("Left as Graph has it: "+o.Status.SMSSignInState, ": ") + "."
		}
		return fmt.Sprintf("%s, as asked.", o.Spec.SMSSignIn)
	}
	return ""
}

// aside adds what the EntraTenant itself says, where the resource waits for it.
func aside(step string, tenant *v1alpha1.EntraTenant) string {
	if ready := notReady(tenant); step == stepTenant && ready != nil {
		return fmt.Sprintf(" It says %s: %s", ready.Reason, ready.Message)
	}
	return ""
}

// notReady is the Ready condition of an EntraTenant that is known not to work; else nil.
func notReady(tenant *v1alpha1.EntraTenant) *metav1.Condition {
	if tenant == nil {
		return nil
	}
	ready := meta.FindStatusCondition(tenant.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.Status != metav1.ConditionFalse || ready.Reason == v1alpha1.ReasonInUse {
		return nil // one that is being deleted works for its resources until then
	}
	return ready
}

// marks are what holds beside the chain.
func marks(o *v1alpha1.PhoneAuthenticationMethod) (all []Step) {
	if o.Spec.Suspend {
		all = append(all, Step{"suspended", Waiting, "spec.suspend is true: nothing is read or written for this resource, and the steps above are as they were."})
	}
	if w := o.Status.PendingWrite; w != nil {
		all = append(all, Step{"pending write", Waiting, fmt.Sprintf("A %s was begun at %s and is not confirmed.", w.Action, w.Since.UTC().Format("15:04:05 MST"))})
	}
	if request := o.Annotations[v1alpha1.ReconcileRequestedAtAnnotation]; request != "" && request != o.Status.LastHandledRequest && len(request) <= 256 {
		all = append(all, Step{"request", Waiting, "A reconcile was asked for and is not served yet."})
	}
	if !o.DeletionTimestamp.IsZero() {
		what := "its phone is to be deleted in Graph first"
		switch {
		case letGo(o):
			what = "the operator has let go of it, and finalizers of others hold it: " + strings.Join(o.Finalizers, ", ")
		case o.Status.ID == "":
			what = "it holds no phone"
		case o.Spec.Suspend || o.Spec.DeletionPolicyOrDefault() == v1alpha1.DeletionOrphan:
			what = "its phone stays in Graph"
		}
		all = append(all, Step{"deletion", Waiting, fmt.Sprintf("Deleted at %s; %s.", o.DeletionTimestamp.UTC().Format("2006-01-02 15:04:05 MST"), what)})
	}
	return all
}

// letGo reports whether the operator is done with a resource that is being deleted and still there.
func letGo(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return !o.DeletionTimestamp.IsZero() && len(o.Finalizers) > 0 && !slices.Contains(o.Finalizers, v1alpha1.Finalizer)
}
