package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/manifests"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/preview"
	"github.com/entraops/phone-operator/internal/testenv"
)

// plans types plan -o json.
func (w *connected) plans(wantErr error, args ...string) (p planned) {
	w.t.Helper()
	out, stderr, err := w.run(append([]string{"plan", "-o", "json"}, args...)...)
	if !errors.Is(err, wantErr) {
		w.t.Fatalf("plan ends with %v, want %v\n%s%s", err, wantErr, out, stderr)
	}
	must(w.t, json.Unmarshal([]byte(out), &p))
	if !w.unrecordable {
		users := slices.Collect(maps.Values(w.names))
		for _, r := range p.Rows {
			users = append(users, r.User)
		}
		_, recording := w.records("--users-from", file(w.t, strings.Join(users, "\n")))
		w.sameOffline(recording, p, err, args...)
	}
	return p
}

// sameOffline plans without the cluster, and fails where that differs from a plan with it in a row, or in how it ended.
func (w *connected) sameOffline(recording string, online planned, ended error, args ...string) {
	w.t.Helper()
	out, stderr, err := offlineWith(w.t, w.in, append([]string{"plan", "-o", "json", "--namespace", w.namespace, "--offline", recording}, args...)...)
	var p planned
	if json.Unmarshal([]byte(out), &p) != nil {
		w.t.Errorf("%v: %s%s", err, out, stderr)
	}
	p.Notes, online.Notes = nil, nil
	if diff := cmp.Diff(online, p); diff != "" || fmt.Sprint(ended) != fmt.Sprint(err) {
		w.t.Errorf("online %v, offline %v (-online +offline):\n%s", ended, err, diff)
	}
}

// apply applies manifests as kubectl apply --server-side does, and returns the names of those that were refused.
func (w *connected) apply(dir string) (refused []string) {
	w.t.Helper()
	set, err := manifests.Read([]string{dir}, nil, w.namespace)
	must(w.t, err)
	for _, o := range set.Objects {
		err := w.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl"), client.ForceOwnership)
		if err != nil {
			refused = append(refused, o.GetName())
		}
	}
	return refused
}

// TestPlanSaysWhatTheOperatorDoes plans a folder, applies it, and compares what the operator comes to.
func TestPlanSaysWhatTheOperatorDoes(t *testing.T) {
	w := newConnected(t, "planned", least)
	w.operate("pruned")
	for _, name := range []string{"ada", "fred", "hal", "ivy", "kim", "lea", "mia", "dan@fabrikam.com"} {
		w.user(name)
	}
	w.user("ben")
	w.user("cora", having(map[string]string{"mobile": "+1 2065550120", "office": "+1 2065550121"}))
	w.user("gina", func(u *emulator.User) {
		u.Roles = []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}}
	})
	before := folder(t,
		w.phone("ben-mobile", "ben", "mobile", "+1 2065550110"), w.phone("ben-office", "ben", "office", "+1 2065550111"),
		w.phone("mia-mobile", "mia", "mobile", "+1 2065550112", "  driftPolicy: Report\n"))
	w.apply(before)
	for _, name := range []string{"ben-mobile", "ben-office", "mia-mobile"} {
		testenv.Eventually(t, patience, name, func() error {
			return w.readyOf(client.ObjectKey{Namespace: w.namespace, Name: name}, v1alpha1.ReasonReady)
		})
	}

	dir := folder(t,
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: planned-new, labels: {team: planned}}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: erin-phones}\nstringData: {secret: none}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n",
		w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"),
		w.phone("ben-mobile", "ben", "mobile", "+1 2065550119"),
		w.phone("ben-office", "ben", "office", "+12065550111"),
		w.phone("cora-mobile", "cora", "mobile", "+1 2065550120"),
		w.phone("cora-office", "cora", "office", "+1 2065550122"),
		w.phone("dan-mobile", "dan@fabrikam.com", "mobile", "+1 2065550123"),
		ofSecret(w.phone("erin-mobile", "ada", "office", "+1 2065550124"), "+1 2065550124", "erin-phones"),
		w.phone("fred-mobile", "fred", "mobile", "+1 2065550125"),
		w.phone("fred-second", "fred", "mobile", "+1 2065550126"),
		w.phone("gina-mobile", "gina", "mobile", "+1 2065550127"),
		w.phone("hal-alternate", "hal", "alternateMobile", "+1 2065550128"),
		w.phone("ivy-alternate", "ivy", "alternateMobile", "+1 2065550129"),
		w.phone("ivy-mobile", "ivy", "mobile", "+1 2065550130"),
		w.phone("jo-mobile", "jo", "mobile", "+1 2065550131"),
		w.phone("kim-mobile", "kim", "mobile", "+1 2065550132", "  suspend: true\n"),
		strings.Replace(w.phone("lea-mobile", "lea", "mobile", "+1 2065550133"), "{name: lea-mobile}", "{name: lea-mobile, namespace: planned-new}", 1),
		strings.Replace(w.phone("lea-office", "lea", "office", "2065550134"), "{name: lea-office}", "{name: lea-office, namespace: planned-new}", 1),
		w.phone("mia-mobile", "mia", "mobile", "+1 2065550112"), // as before, but for driftPolicy
		w.phone("mia-office", "mia", "office", "2065550135"),
		w.phone("ned-mobile", "mia", "mobile", "+1 2065550136", "  colour: red\n"),
	)
	versions := w.versions()
	w.graph.ResetRequests()
	p := w.plans(ErrFound, "-f", dir)
	w.onlyLooked()
	if diff := cmp.Diff(versions, w.versions()); diff != "" {
		t.Errorf("the plan changed the cluster (-before +after):\n%s", diff)
	}
	got := map[string]string{}
	for _, r := range p.Rows {
		if r.Name == "mia-office" && !strings.HasPrefix(r.Message, "spec.phoneNumber: write + and the country code, one space") {
			t.Errorf("what the API server does not like is said so: %s", r.Message)
		}
		got[r.Name] = strings.TrimSpace(string(r.Outcome) + " " + r.Action)
		if r.Action == "" && r.Outcome != preview.Unchanged {
			got[r.Name] += " " + r.Reason
		}
	}
	if diff := cmp.Diff(map[string]string{
		"ada-mobile": "Change Create", "ben-mobile": "Change Update", "ben-office": "Unchanged", "cora-mobile": "Unchanged Adopt",
		"cora-office": "Refused AlreadyExists", "dan-mobile": "Refused NotPermitted", "erin-mobile": "Refused InvalidNumber",
		"fred-mobile": "Change Create", "fred-second": "Refused Conflict", "gina-mobile": "Refused PrivilegedUser",
		"hal-alternate": "Waits WaitingForMobile", "ivy-alternate": "Change Create", "ivy-mobile": "Change Create",
		"jo-mobile": "Refused UserNotFound", "kim-mobile": "Unchanged", "lea-mobile": "Change Create", "lea-office": "Refused Invalid",
		"mia-mobile": "Unchanged", "mia-office": "Refused Invalid", "ned-mobile": "Refused Invalid",
	}, got); diff != "" {
		t.Errorf("the plan (-want +got):\n%s", diff)
	}

	had := w.graph.Snapshot()
	refused := w.apply(dir)
	changes := map[string]bool{}
	for _, r := range p.Rows {
		want := r.Reason
		switch {
		case slices.Contains(refused, r.Name):
			if r.Outcome != preview.Refused {
				t.Errorf("%s was refused: the plan said %s", r.Name, r.Outcome)
			}
			continue
		case r.Outcome == preview.Change:
			want = v1alpha1.ReasonReady
			changes[strings.ToLower(r.User)] = true
		case r.Reason == v1alpha1.ReasonSuspended:
			continue
		}
		testenv.Eventually(t, patience, r.Name, func() error { return w.readyOf(client.ObjectKey{Namespace: r.Namespace, Name: r.Name}, want) })
	}
	changed := map[string]bool{}
	for id, has := range w.graph.Snapshot() {
		if !reflect.DeepEqual(had[id], has) {
			changed[w.names[id]] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(changes)), slices.Sorted(maps.Keys(changed))); diff != "" {
		t.Errorf("users whose phones were changed (-plan +operator):\n%s", diff)
	}

	// What is in Graph by now would change nothing.
	p = w.plans(nil, "-f", before+"/001.yaml")
	if p.Summary != (summary{Unchanged: 1}) {
		t.Errorf("got %+v", p)
	}
	p = w.plans(nil, "-f", dir+"/006.yaml", "--show-unmanaged") // of cora, whose office a resource declares in vain
	if len(p.Unmanaged) != 0 {
		t.Errorf("got %+v", p.Unmanaged)
	}
	t.Run("prune", planSaysWhatAPruneDeletes)
}

// versions are the versions of all resources, and the names of the objects beside them.
func (w *connected) versions() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	var list v1alpha1.PhoneAuthenticationMethodList
	must(w.t, w.List(w.t.Context(), &list))
	for _, o := range list.Items {
		if o.Spec.TenantName() == w.namespace { // those of other tests an operator may be at work on
			all[o.Namespace+"/"+o.Name] = o.ResourceVersion
		}
	}
	var secrets corev1.SecretList
	must(w.t, w.List(w.t.Context(), &secrets))
	var spaces corev1.NamespaceList
	must(w.t, w.List(w.t.Context(), &spaces))
	for _, s := range secrets.Items {
		all["Secret "+s.Namespace+"/"+s.Name] = s.ResourceVersion
	}
	for _, s := range spaces.Items {
		all["Namespace "+s.Name] = s.ResourceVersion
	}
	return all
}
