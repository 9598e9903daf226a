package chain

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// TestEveryReasonIsKnown reads the reasons that are documented: a new one must say what comes next.
func TestEveryReasonIsKnown(t *testing.T) {
	text, err := os.ReadFile("../../../docs/phoneauthenticationmethod.md")
	if err != nil {
		t.Fatal(err)
	}
	silent := []string{v1alpha1.ReasonAccepted, v1alpha1.ReasonSynced, v1alpha1.ReasonSuspended} // Ready never gives them
	rows := regexp.MustCompile("(?m)^\\| `([A-Za-z]+)` \\| (?:Accepted|Synced|Ready|Suspended|all three)").FindAllSubmatch(text, -1)
	if len(rows) < 20 {
		t.Fatalf("the table of reasons has %d rows", len(rows))
	}
	for _, row := range rows {
		reason := string(row[1])
		if _, known := byReason[reason]; !known && !slices.Contains(silent, reason) {
			t.Errorf("explain does not know what comes after %s", reason)
		}
	}
}

func TestTheChainEndsWhereTheReasonSays(t *testing.T) {
	for reason, want := range map[string]string{
		v1alpha1.ReasonReady:               "",
		v1alpha1.ReasonTenantNotReady:      stepTenant,
		v1alpha1.ReasonNotPermitted:        stepAccess,
		v1alpha1.ReasonUserNotFound:        stepUser,
		v1alpha1.ReasonInvalidNumber:       stepNumber,
		v1alpha1.ReasonConflict:            stepRival,
		v1alpha1.ReasonPrivilegedUser:      stepProtected,
		v1alpha1.ReasonAlreadyExists:       stepGraph,
		v1alpha1.ReasonSMSSignInNotAsAsked: stepSMS,
	} {
		o := &v1alpha1.PhoneAuthenticationMethod{}
		status := metav1.ConditionFalse
		if want == "" {
			status = metav1.ConditionTrue
		} else {
			o.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue}}
		}
		o.Status.Conditions = append(o.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: status, Reason: reason, Message: "because"})
		x := Explain(o, nil, "")
		stopped, reached := "", true
		for _, step := range x.Steps {
			switch {
			case step.State == Failed && reached:
				stopped, reached = step.Step, false
				if step.Message != "because" {
					t.Errorf("%s: %s says %q", reason, step.Step, step.Message)
				}
			case reached && step.State != Passed, !reached && step.State != NotReached:
				t.Errorf("%s: %s is %s", reason, step.Step, step.State)
			}
		}
		if stopped != want || x.Next != byReason[reason] {
			t.Errorf("%s: stops at %q, want %q; next %v", reason, stopped, want, x.Next)
		}
	}
}

// Who holds a phone was found before: only Graph is what it waits for.
func TestGraphThatCannotBeAsked(t *testing.T) {
	for holds, want := range map[bool]string{false: stepUser, true: stepGraph} {
		o := &v1alpha1.PhoneAuthenticationMethod{}
		reason := v1alpha1.ReasonGraphUnavailable
		if holds {
			o.Status.UserID, o.Status.ID, reason = "a user", "a phone", v1alpha1.ReasonForbidden
		}
		for _, kind := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionSynced, v1alpha1.ConditionReady} {
			o.Status.Conditions = append(o.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionUnknown, Reason: reason})
		}
		x := Explain(o, nil, "")
		if user, at := x.Steps[slices.Index(steps, stepUser)].State, x.Steps[slices.Index(steps, want)].State; (user == Passed) != holds || at != Waiting {
			t.Errorf("holds %v: the user %s, %s %s", holds, user, want, at)
		}
	}
}

// An EntraTenant breaks before its resources say so: a thousand of them take their turn.
func TestATenantThatBrokeSinceTheVerdict(t *testing.T) {
	o := &v1alpha1.PhoneAuthenticationMethod{}
	o.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady}}
	tenant := &v1alpha1.EntraTenant{}
	tenant.Name = "default"
	tenant.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonCredentialNotFound, Message: "There is no Secret."}}
	x := Explain(o, tenant, "")
	want := Step{stepTenant, Failed, "EntraTenant default worked when the operator came to the verdict on this resource. It says CredentialNotFound: There is no Secret."}
	if diff := cmp.Diff(want, x.Steps[slices.Index(steps, stepTenant)]); diff != "" {
		t.Error(diff)
	}
	if x.Ready != "True" || x.Next != byReason[v1alpha1.ReasonTenantNotReady] {
		t.Errorf("Ready=%s, next %v", x.Ready, x.Next)
	}
}

func TestWhatHoldsBesideTheChain(t *testing.T) {
	o := &v1alpha1.PhoneAuthenticationMethod{}
	o.Spec.Suspend = true
	o.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: "now"}
	now := metav1.Now()
	o.DeletionTimestamp = &now
	o.Status.ID, o.Status.PendingWrite = "an id", &v1alpha1.PendingWrite{Action: v1alpha1.PendingCreate}
	var names []string
	for _, step := range Explain(o, nil, "").Steps[len(steps):] {
		names = append(names, step.Step)
	}
	if diff := cmp.Diff([]string{"suspended", "pending write", "request", "deletion"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestASuspendedResourceIsNotLookedAtUntilItIsResumed(t *testing.T) {
	o := &v1alpha1.PhoneAuthenticationMethod{}
	o.Spec.Suspend = true
	if next := Explain(o, nil, "").Next; next.Who != you || next.When != "at once when it is resumed" {
		t.Errorf("next: %v", next)
	}
}

func TestWhatTheOperatorHasLetGoOfIsHeldByOthers(t *testing.T) {
	now := metav1.Now()
	o := &v1alpha1.PhoneAuthenticationMethod{}
	o.DeletionTimestamp, o.Finalizers = &now, []string{"example.com/a", "foregroundDeletion"}
	o.Status.ID = "an id"
	x := Explain(o, nil, "")
	if last := x.Steps[len(x.Steps)-1]; !strings.HasSuffix(last.Message, "the operator has let go of it, and finalizers of others hold it: example.com/a, foregroundDeletion.") {
		t.Errorf("the deletion: %v", last)
	}
	if x.Next.Who != admin || x.Next.When != "not any more" {
		t.Errorf("next: %v", x.Next)
	}
	o.Finalizers = append(o.Finalizers, v1alpha1.Finalizer)
	if next := Explain(o, nil, "").Next; next.When == "not any more" {
		t.Errorf("next, while the operator holds it: %v", next)
	}
}
