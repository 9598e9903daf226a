package flux

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/fluxcd/pkg/ssa"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// TestFlux has Flux's engine keep folders applied, with the real operator behind it.
func TestFlux(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]func(*testing.T, *kustomization){
		"apply":    applies,
		"conflict": failsEarlyOnConflict,
		"invalid":  failsEarlyOnAnInvalidNumber,
		"prune":    prunes,
		"suspend":  isNotKeptWaitingBySuspended,
		"drift":    putsBackWhatWasEdited,
	} {
		t.Run(name, func(t *testing.T) {
			w.space(t, name)
			test(t, w.kustomization(t, name))
		})
	}
}

// A folder becomes Ready; at rest nothing is written anywhere; a changed number is one PATCH.
func applies(t *testing.T, k *kustomization) {
	ada, ben := k.user(t, "ada"), k.user(t, "ben")
	k.has(phone("ada-mobile", "ada", "mobile", "+1 2065550101"), phone("ada-alternate", "ada", "alternateMobile", "+1 2065550102"),
		ofSecret("ben-office", "ben", "office", "+1 2065550103x12"))
	k.healthy()
	if got, want := k.phones(ada)+"; "+k.phones(ben), "mobile +1 2065550101, alternateMobile +1 2065550102; office +1 2065550103x12"; got != want {
		t.Errorf("the Kustomization is ready, and Graph has %s, want %s", got, want)
	}

	versions, writes := k.versions(), len(k.graph.Writes())
	for range 3 {
		changes := k.healthy()
		if len(changes) != 4 || slices.ContainsFunc(slices.Collect(maps.Values(changes)), func(a ssa.Action) bool { return a != ssa.UnchangedAction }) {
			t.Errorf("at rest Flux sees a difference: %v", changes)
		}
	}
	if d := cmp.Diff(versions, k.versions()); d != "" {
		t.Errorf("at rest resources are written (-before +after):\n%s", d)
	}
	if n := len(k.graph.Writes()) - writes; n != 0 {
		t.Errorf("at rest Graph got %d writes", n)
	}

	k.has(phone("ada-mobile", "ada", "mobile", "+1 2065550109"), phone("ada-alternate", "ada", "alternateMobile", "+1 2065550102"),
		ofSecret("ben-office", "ben", "office", "+1 2065550103x12"))
	changes := k.healthy()
	if d := cmp.Diff(map[string]ssa.Action{
		"PhoneAuthenticationMethod/ada-mobile": ssa.ConfiguredAction, "PhoneAuthenticationMethod/ada-alternate": ssa.UnchangedAction,
		"PhoneAuthenticationMethod/ben-office": ssa.UnchangedAction, "Secret/ben-office": ssa.UnchangedAction,
	}, changes); d != "" {
		t.Errorf("a changed number (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"PATCH"}, k.writes(ada, writes)); d != "" || k.phones(ada) != "mobile +1 2065550109, alternateMobile +1 2065550102" {
		t.Errorf("Graph has %s: %s", k.phones(ada), d)
	}
}

func failsEarlyOnConflict(t *testing.T, k *kustomization) {
	cora := k.user(t, "cora")
	k.has(phone("cora-mobile", "cora", "mobile", "+1 2065550111"))
	k.healthy()
	k.has(phone("cora-mobile", "cora", "mobile", "+1 2065550111"), phone("cora-rival", "cora", "mobile", "+1 2065550112"))
	k.stalled("cora-rival")
	k.has(phone("cora-mobile", "cora", "mobile", "+1 2065550111"))
	k.healthy()
	if got := k.phones(cora); got != "mobile +1 2065550111" {
		t.Errorf("Graph has %s", got)
	}
}

func failsEarlyOnAnInvalidNumber(t *testing.T, k *kustomization) {
	dan := k.user(t, "dan")
	k.has(ofSecret("dan-mobile", "dan", "mobile", "2065550113"))
	k.stalled("dan-mobile")
	k.has(ofSecret("dan-mobile", "dan", "mobile", "+1 2065550113"))
	// Only the Secret changed, of which no generation of the resource tells. So Flux may fail once more on what the resource
	// said before, and is Ready at a later interval: see docs/gitops.md.
	k.eventually("a Kustomization that is ready", func() bool { _, err := k.reconcile(); return err == nil })
	if got := k.phones(dan); got != "mobile +1 2065550113" {
		t.Errorf("the Kustomization is ready, and Graph has %q", got)
	}
}

// What Flux takes away together goes in the order that Graph accepts. It deletes one resource after the other, the last by name
// first, and a rival that goes last does not take the phone over on its own way out.
func prunes(t *testing.T, k *kustomization) {
	eve := k.user(t, "eve")
	stays := k.user(t, "fay")
	k.has(phone("eve-mobile", "eve", "mobile", "+1 2065550121"), phone("eve-alternate", "eve", "alternateMobile", "+1 2065550122"),
		phone("fay-mobile", "fay", "mobile", "+1 2065550124"))
	k.healthy()
	all := []string{phone("eve-mobile", "eve", "mobile", "+1 2065550121"), phone("eve-alternate", "eve", "alternateMobile", "+1 2065550122"),
		phone("a-rival", "eve", "mobile", "+1 2065550123"), phone("fay-mobile", "fay", "mobile", "+1 2065550124")}
	for n := range 30 { // which Flux deletes in between
		all = append(all, phone(fmt.Sprintf("between-%02d", n), "fay", "office", "+1 2065550125", "  suspend: true\n"))
	}
	k.has(all...)
	k.stalled("a-rival")
	writes := len(k.graph.Writes())
	k.has(phone("fay-mobile", "fay", "mobile", "+1 2065550124"))
	k.healthy()
	if d := cmp.Diff([]string{"DELETE", "DELETE"}, k.writes(eve, writes)); d != "" || k.phones(eve) != "" {
		t.Errorf("Graph has %q: %s", k.phones(eve), d)
	}
	if got := k.phones(stays); got != "mobile +1 2065550124" || len(k.writes(stays, writes)) > 0 {
		t.Errorf("of who stays Graph has %s, after %v", got, k.writes(stays, writes))
	}
}

func isNotKeptWaitingBySuspended(t *testing.T, k *kustomization) {
	gus := k.user(t, "gus")
	k.has(phone("gus-mobile", "gus", "mobile", "+1 2065550131", "  suspend: true\n"))
	k.healthy()
	if got := k.phones(gus); got != "" {
		t.Errorf("of a suspended resource Graph has %s", got)
	}
	k.has(phone("gus-mobile", "gus", "mobile", "+1 2065550131"))
	k.healthy()
	k.has(phone("gus-mobile", "gus", "mobile", "+1 2065550132", "  suspend: true\n"))
	k.healthy()
	if got := k.phones(gus); got != "mobile +1 2065550131" {
		t.Errorf("of a suspended resource Graph has %s", got)
	}
}

// Whoever edits by hand is overruled at the next interval, and so is what the edit did in Graph.
func putsBackWhatWasEdited(t *testing.T, k *kustomization) {
	hal := k.user(t, "hal")
	k.has(phone("hal-mobile", "hal", "mobile", "+1 2065550141"))
	k.healthy()
	o := &v1alpha1.PhoneAuthenticationMethod{}
	must(t, k.Get(t.Context(), client.ObjectKey{Namespace: k.namespace, Name: "hal-mobile"}, o))
	must(t, k.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"phoneNumber":"+1 2065550142","driftPolicy":"Report"}}`)), client.FieldOwner("kubectl-edit")))
	k.eventually("the edited number", func() bool { return k.phones(hal) == "mobile +1 2065550142" })
	changes := k.healthy()
	if d := cmp.Diff(map[string]ssa.Action{"PhoneAuthenticationMethod/hal-mobile": ssa.ConfiguredAction}, changes); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got := k.phones(hal); got != "mobile +1 2065550141" {
		t.Errorf("Graph has %s", got)
	}
	must(t, k.Get(t.Context(), client.ObjectKeyFromObject(o), o))
	if o.Spec.DriftPolicy != "" {
		t.Errorf("spec.driftPolicy is still %q, of which the folder says nothing", o.Spec.DriftPolicy)
	}
}

// eventually waits for a state.
func (k *kustomization) eventually(what string, is func() bool) {
	k.t.Helper()
	err := wait.PollUntilContextTimeout(k.t.Context(), healthInterval, healthTimeout, true, func(context.Context) (bool, error) { return is(), nil })
	if err != nil {
		k.t.Fatalf("%s: %v\n%s", what, err, k.describe(k.namespace))
	}
}
