package cli

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

const patience = 30 * time.Second

func labelled(o *v1alpha1.PhoneAuthenticationMethod) { o.Labels = map[string]string{"team": "sales"} }

func held(o *v1alpha1.PhoneAuthenticationMethod) { o.Finalizers = []string{v1alpha1.Finalizer} }

func TestSuspendAndResume(t *testing.T) {
	w := newWorld(t, "suspend")
	w.method("ada", labelled)
	w.method("ben", labelled)
	w.method("cora")

	out, _ := w.works("suspend", "pam/ada")
	mustSay(t, out, "suspend/ada suspended")
	if !slices.ContainsFunc(w.get("ada").ManagedFields, func(e managedField) bool { return e.Manager == "kubectl-phonemethod" }) {
		t.Error("nobody can see who suspended it")
	}
	out, _ = w.works("suspend", "-l", "team=sales")
	mustSay(t, out, "suspend/ada unchanged", "suspend/ben suspended")
	if w.get("cora").Spec.Suspend {
		t.Error("cora has not the label, and was suspended")
	}

	w.works("resume", "--all")
	for _, name := range []string{"ada", "ben"} {
		if w.get(name).Spec.Suspend {
			t.Errorf("%s is still suspended", name)
		}
	}
}

func TestOneThatIsMissingDoesNotKeepTheOthersBack(t *testing.T) {
	w := newWorld(t, "missing")
	w.method("ada")
	out, stderr, err := w.run("suspend", "nobody", "ada")
	if !errors.Is(err, ErrSaid) {
		t.Errorf("got %v", err)
	}
	mustSay(t, out, "missing/ada suspended")
	mustSay(t, stderr, "missing/nobody failed")

	out, _, _ = w.run("suspend", "nobody", "ada", "-o", "json")
	var all []result
	must(t, json.Unmarshal([]byte(out), &all))
	if len(all) != 2 || all[0].Outcome != failed || all[1].Outcome != outcomeUnchanged {
		t.Errorf("got %+v", all)
	}
}

func TestASelectionMustBeClear(t *testing.T) {
	w := newWorld(t, "unclear")
	w.method("ada")
	for name, args := range map[string][]string{
		"nothing is named":             {"suspend"},
		"a name and all":               {"suspend", "ada", "--all"},
		"a name in all namespaces":     {"suspend", "ada", "-A"},
		"a selector and all":           {"suspend", "-l", "a=b", "--all"},
		"all namespaces without --all": {"suspend", "-A"},
	} {
		if _, _, err := w.run(args...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if w.get("ada").Spec.Suspend {
		t.Error("suspended all the same")
	}
}

func TestWhoeverIsUndoneByGitIsWarned(t *testing.T) {
	w := newWorld(t, "pulled")
	w.method("ada", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "people", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
	})
	w.method("ben", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "people:identity.entraops.dev/PhoneAuthenticationMethod:pulled/ben"}
	})
	_, stderr := w.works("suspend", "--all")
	mustSay(t, stderr, "flux suspend kustomization -n flux-system people", "argocd app set people --sync-policy none")
}

func TestReconcileWaitsForTheVerdict(t *testing.T) {
	w := newWorld(t, "reconcile")
	w.method("ada")
	w.method("ben", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true })
	printed := make(chan string)
	go func() { // as the operator does
		out, _, _ := w.run("reconcile", "ada", "ben", "--wait", "--timeout=5m")
		printed <- out
	}()
	testenv.Eventually(t, patience, "the request", func() error {
		o := w.get("ada")
		request := o.Annotations[v1alpha1.ReconcileRequestedAtAnnotation]
		if request == "" {
			return errors.New("there is none")
		}
		o.Status.LastHandledRequest = request
		o.Status.Conditions = []v1Condition{readyFalse("NotPermitted", "no rule covers it")}
		return w.Status().Update(t.Context(), o)
	})
	mustSay(t, <-printed, "reconcile/ada reconciled: NotPermitted: no rule covers it", "reconcile/ben asked for a reconcile: it is suspended")
}

func TestReleaseAsksFirst(t *testing.T) {
	w := newWorld(t, "asks")
	w.method("ada")
	for _, answer := range []string{"", "n\n", "yessir\n", "y\n"} {
		w.in = answer
		_, stderr, err := w.run("release", "--all")
		if err == nil {
			t.Errorf("%q was taken for a yes", answer)
		}
		mustSay(t, stderr, "asks/ada", "1 resource will be deleted, the phones stay")
	}
	if o := w.get("ada"); o.Spec.DeletionPolicy != "" || !o.DeletionTimestamp.IsZero() {
		t.Error("released without a yes")
	}
	w.in = "yes\n"
	out, _ := w.works("release", "--all")
	mustSay(t, out, "asks/ada released")
	if err := w.Get(t.Context(), client.ObjectKey{Namespace: "asks", Name: "ada"}, &v1alpha1.PhoneAuthenticationMethod{}); !apierrors.IsNotFound(err) {
		t.Errorf("it is still there: %v", err)
	}
}

// Who stays alone with a phone may write another number: that is said before.
func TestReleaseNamesWhoTakesThePhoneOver(t *testing.T) {
	w, other := newWorld(t, "left"), newWorld(t, "heirs")
	of := func(user string) func(*v1alpha1.PhoneAuthenticationMethod) {
		return func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.User = user }
	}
	w.method("one", of("heiress@contoso.com"))
	w.method("two", of("heiress@contoso.com"))
	other.method("three", of("Heiress@contoso.com"))
	other.method("suspended", of("heiress@contoso.com"), func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true })
	other.method("office", of("heiress@contoso.com"), func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneType = v1alpha1.PhoneTypeOffice })
	for args, want := range map[string]string{
		"one":   "there are, and stay: heirs/three, left/two. They take",
		"--all": "there are, and stay: heirs/three. They take",
	} {
		_, stderr, err := w.run("release", args)
		if err == nil {
			t.Error("nobody said yes")
		}
		mustSay(t, stderr, want)
	}
}

func TestReleaseKeepsAndReleasesWhatHangs(t *testing.T) {
	w := newWorld(t, "release")
	w.method("ada")
	w.works("release", "ada", "--keep", "--yes")
	if o := w.get("ada"); o.Spec.DeletionPolicy != v1alpha1.DeletionOrphan || !o.DeletionTimestamp.IsZero() {
		t.Errorf("policy %q, deleted %v", o.Spec.DeletionPolicy, o.DeletionTimestamp)
	}

	must(t, w.Delete(t.Context(), w.method("ben", held)))
	out, _ := w.works("release", "ben", "--yes", "--wait=false")
	mustSay(t, out, "release/ben released")
	o := w.get("ben")
	if o.Spec.DeletionPolicy != v1alpha1.DeletionOrphan {
		t.Errorf("policy %q", o.Spec.DeletionPolicy)
	}

	_, stderr, err := w.run("release", "ben", "--yes", "--timeout=1ms")
	if !errors.Is(err, ErrSaid) {
		t.Errorf("got %v", err)
	}
	mustSay(t, stderr, "the operator has not let go yet")
	must(t, w.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))))
}

// undoing puts spec back right after each patch, as a GitOps tool may.
type undoing struct{ client.Client }

func (u undoing) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.PatchOption) error {
	if err := u.Client.Patch(ctx, o, p, opts...); err != nil {
		return err
	}
	back := o.DeepCopyObject().(client.Object)
	return u.Client.Patch(ctx, back, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"deletionPolicy":null}}`)))
}

func TestReleaseDeletesNothingWhosePolicyIsPutBack(t *testing.T) {
	w := newWorld(t, "undone")
	o := w.method("ada")
	r := release{session: &session{IOStreams: genericiooptions.NewTestIOStreamsDiscard()}, Client: undoing{w}}
	err := r.letGo(t.Context(), released{client.ObjectKeyFromObject(o), o.UID})
	if err == nil || !strings.Contains(err.Error(), "put spec.deletionPolicy back") {
		t.Errorf("got %v", err)
	}
	if !w.get("ada").DeletionTimestamp.IsZero() {
		t.Error("it was deleted with its phone")
	}
}

func TestReleaseMeansTheResourceThatWasShown(t *testing.T) {
	w := newWorld(t, "another")
	o := w.method("ada")
	r := release{session: &session{IOStreams: genericiooptions.NewTestIOStreamsDiscard()}, Client: w}
	if err := r.letGo(t.Context(), released{client.ObjectKeyFromObject(o), "another"}); err == nil {
		t.Error("another one of the same name was released")
	}
	if w.get("ada").Spec.DeletionPolicy != "" {
		t.Error("its policy was changed")
	}
}

func TestACommandCompletesNames(t *testing.T) {
	w := newWorld(t, "completed")
	w.method("ada")
	out, _ := w.works("__complete", "suspend", "")
	mustSay(t, out, "ada\n")
	out, _ = w.works("__complete", "status", "-o", "")
	mustSay(t, out, "yaml\n")
}

// What takes some values only completes them, each of which the command takes.
func TestACommandCompletesValues(t *testing.T) {
	refused := regexp.MustCompile("is none of|is not known|is no country|--delimiter is|--numbers is")
	for flag, want := range map[string][]string{
		"--numbers": {"plain", "secret"}, "--fail-on": {"refused", "guess", "duplicate", "shared"}, "--encoding": {"utf-8", "windows-1252"},
		"--delimiter": {"tab", ";"}, "--accept": {"CountryOfColumn", "UserByAddress"}, "--default-region": {"DE", "US"}, "--map": {"user=", "mobile="},
		"--credential": {"tenant", "default"},
	} {
		t.Run(flag, func(t *testing.T) {
			offered := offered(t, "import", flag, "")
			for _, value := range want {
				if !slices.Contains(offered, value) {
					t.Errorf("%s is not offered: %v", value, offered)
				}
			}
			if flag == "--credential" { // not of a table
				return
			}
			for _, value := range offered {
				if flag == "--map" {
					value += "UPN"
				}
				if _, _, err := offline(t, "import", "--from-csv", file(t, "UPN,PhoneType,PhoneNumber\n"), "--dry-run", flag, value); err != nil && refused.MatchString(err.Error()) {
					t.Errorf("%s: %v", value, err)
				}
			}
		})
	}
	if got := offered(t, "import", "--fail-on", "guess,re"); !slices.Contains(got, "guess,refused") || slices.Contains(got, "guess,guess") {
		t.Errorf("behind a comma: %v", got)
	}
	w := newWorld(t, "valued")
	must(t, w.Create(t.Context(), &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: "valued"}, Spec: v1alpha1.EntraTenantSpec{
		TenantID: uuid.NewString(), Credential: v1alpha1.Credential{ManagedIdentity: &v1alpha1.ManagedIdentityCredential{}}}}))
	for _, command := range [][]string{{"status", "--tenant"}, {"import", "--tenant"}, {"import", "--from-tenant"}} {
		out, _ := w.works(append([]string{"__complete"}, append(command, "")...)...)
		mustSay(t, out, "valued\n")
	}
}

// offered is what a shell offers.
func offered(t *testing.T, args ...string) []string {
	t.Helper()
	out, _, err := offline(t, append([]string{"__complete"}, args...)...)
	must(t, err)
	out, _, _ = strings.Cut(out, "\n:") // which is for the shell
	return strings.Split(out, "\n")
}
