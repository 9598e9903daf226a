package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testenv"
)

// planSaysWhatAPruneDeletes plans a folder with less than the cluster has, prunes as a GitOps tool does, and finds that Graph is
// as planned. The operator of TestPlanSaysWhatTheOperatorDoes works for it.
func planSaysWhatAPruneDeletes(t *testing.T) {
	w := newConnected(t, "pruned", least, fast, func(spec *v1alpha1.EntraTenantSpec) { spec.Limits.DeletionsPerHour = new(int32(50)) })
	for _, name := range []string{"ada", "ben", "cora", "dan", "eve", "fred", "gus"} {
		w.user(name)
	}
	all := folder(t,
		w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"), w.phone("ada-alternate", "ada", "alternateMobile", "+1 2065550102"),
		w.phone("ben-mobile", "ben", "mobile", "+1 2065550103", "  deletionPolicy: Orphan\n"),
		w.phone("cora-mobile", "cora", "mobile", "+1 2065550104"), w.phone("dan-mobile", "dan", "mobile", "+1 2065550106"),
		w.phone("eve-mobile", "eve", "mobile", "+1 2065550107"), w.phone("fred-mobile", "fred", "mobile", "+1 2065550108"),
		w.phone("gus-mobile", "gus", "mobile", "+1 2065550109"), w.phone("gus-office", "gus", "office", "+1 2065550110"),
	)
	w.apply(all)
	names := []string{"ada-mobile", "ada-alternate", "ben-mobile", "cora-mobile", "dan-mobile", "eve-mobile", "fred-mobile", "gus-mobile", "gus-office"}
	for _, name := range names {
		testenv.Eventually(t, patience, name, func() error {
			return w.readyOf(client.ObjectKey{Namespace: w.namespace, Name: name}, v1alpha1.ReasonReady)
		})
	}
	w.apply(folder(t, w.phone("cora-heir", "cora", "mobile", "+1 2065550105")))
	testenv.Eventually(t, patience, "cora-heir", func() error {
		return w.readyOf(client.ObjectKey{Namespace: w.namespace, Name: "cora-heir"}, v1alpha1.ReasonConflict)
	})
	for name, patch := range map[string]string{
		"dan-mobile": `{"spec":{"suspend":true}}`,
		"eve-mobile": `{"metadata":{"annotations":{"kustomize.toolkit.fluxcd.io/prune":"disabled"}}}`,
		"gus-mobile": `{"metadata":{"labels":{"team":"sales"}}}`,
	} {
		must(t, w.Patch(t.Context(), w.get(name), client.RawPatch(types.MergePatchType, []byte(patch))))
	}
	testenv.Eventually(t, patience, "dan-mobile", func() error {
		if o := w.get("dan-mobile"); o.Status.ObservedGeneration != o.Generation {
			return errNotSeen
		}
		return nil
	})

	rest := folder(t, w.phone("cora-heir", "cora", "mobile", "+1 2065550105"), w.phone("fred-mobile", "fred", "mobile", "+1 2065550108"))
	versions := w.versions()
	w.graph.ResetRequests()
	outcomes := func(args ...string) map[string]string {
		t.Helper()
		got := map[string]string{}
		for _, r := range w.plans(ErrFound, append([]string{"-f", rest, "--prune"}, args...)...).Rows {
			got[r.Name] = strings.TrimSpace(string(r.Outcome) + " " + r.Action)
			if r.Pruned {
				got[r.Name] += ", pruned"
			}
		}
		return got
	}
	if d := cmp.Diff(map[string]string{
		"ada-mobile": "Change Delete, pruned", "ada-alternate": "Change Delete, pruned", "ben-mobile": "Unchanged LetGo, pruned",
		"cora-mobile": "Change HandOver, pruned", "cora-heir": "Change Update", "dan-mobile": "Unchanged LetGo, pruned",
		"fred-mobile": "Unchanged", "gus-mobile": "Change Delete, pruned", "gus-office": "Change Delete, pruned",
	}, outcomes()); d != "" {
		t.Errorf("the plan (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string]string{"cora-heir": "Refused", "fred-mobile": "Unchanged", "gus-mobile": "Change Delete, pruned"}, outcomes("-l", "team=sales")); d != "" {
		t.Errorf("with a selector (-want +got):\n%s", d)
	}
	w.onlyLooked()
	if d := cmp.Diff(versions, w.versions()); d != "" {
		t.Errorf("the plan changed the cluster (-before +after):\n%s", d)
	}
	out, _, err := w.run("plan", "-f", rest, "--prune", "-o", "markdown")
	if !errors.Is(err, ErrFound) {
		t.Error(err)
	}
	mustSay(t, out, `not pruned: 1 with an annotation or a label for Flux or Argo CD`)

	for _, name := range []string{"ada-mobile", "ada-alternate", "ben-mobile", "cora-mobile", "dan-mobile", "gus-mobile", "gus-office"} {
		must(t, w.Delete(t.Context(), w.get(name)))
	}
	w.apply(rest)
	want := map[string]string{
		"ada@contoso.com": "", "ben@contoso.com": "mobile +1 2065550103", "cora@contoso.com": "mobile +1 2065550105", "dan@contoso.com": "mobile +1 2065550106",
		"eve@contoso.com": "mobile +1 2065550107", "fred@contoso.com": "mobile +1 2065550108", "gus@contoso.com": "",
	}
	testenv.Eventually(t, patience, "Graph as planned", func() error {
		got := map[string]string{}
		for id, name := range w.names {
			var phones []string
			for _, p := range w.graph.Phones(id) {
				phones = append(phones, p.Type+" "+p.Number)
			}
			got[name] = strings.Join(phones, ", ")
		}
		if d := cmp.Diff(want, got); d != "" {
			return diffError(d)
		}
		return nil
	})
}

// A prune of more than the budget allows says so: GitOps tools would show it as done.
func TestPlanOfAPruneBeyondTheBudget(t *testing.T) {
	w := newConnected(t, "overdrawn", least, fast, func(spec *v1alpha1.EntraTenantSpec) { spec.Limits.DeletionsPerHour = new(int32(1)) })
	for _, name := range []string{"ada", "ben"} {
		w.user(name, having(map[string]string{emulator.Mobile: "+1 2065550101"}))
		w.method(name+"-mobile", w.holds(name, "+1 ********01"))
	}
	out, _, err := w.run("plan", "-f", folder(t, w.phone("other", "ada", "office", "+1 2065550102")), "--prune")
	if !errors.Is(err, ErrFound) {
		t.Errorf("%v\n%s", err, out)
	}
	mustSay(t, out, "limits.deletionsPerHour of EntraTenant overdrawn is 1, and 1 of it are left; this prune deletes 2.", "3 changes in Graph")
	if out, _, err := w.run("plan", "-f", folder(t), "--prune"); !errors.Is(err, ErrFound) || !strings.Contains(out, "2 changes in Graph.") {
		t.Errorf("a folder from which everything went: %v\n%s", err, out)
	}
	if _, _, err := w.run("plan", "-f", folder(t), "-l", "team=sales"); err == nil || !strings.Contains(err.Error(), "--prune") {
		t.Errorf("a selector without a prune: %v", err)
	}
}

// holds makes of a resource one that the operator had brought in sync.
func (w *connected) holds(name, mask string) func(*v1alpha1.PhoneAuthenticationMethod) {
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.TenantRef, o.Spec.PhoneNumber = &v1alpha1.TenantReference{Name: w.namespace}, "+1 2065550101"
		o.Finalizers = []string{v1alpha1.Finalizer}
		o.Status.ID, o.Status.MaskedNumber, o.Status.ObservedGeneration = "3179e48a-750b-4051-897c-87b9720928f7", mask, 1
		for id, upn := range w.names {
			if strings.HasPrefix(upn, name+"@") {
				o.Status.UserID = id
			}
		}
		for _, kind := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionSynced, v1alpha1.ConditionReady} {
			c := readyFalse(kind, "As it should be.")
			c.Type, c.Status, c.ObservedGeneration = kind, "True", 1
			o.Status.Conditions = append(o.Status.Conditions, c)
		}
	}
}

type diffError string

func (e diffError) Error() string { return string(e) }

const errNotSeen = diffError("the operator has not seen it yet")
