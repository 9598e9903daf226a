package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// plansBoth plans with the cluster and without.
func (w *connected) plansBoth(recording string, args ...string) (online planned) {
	w.t.Helper()
	args = append(args, "--show-unmanaged")
	out, _, err := w.run(append([]string{"plan", "-o", "json"}, args...)...)
	if out != "" {
		must(w.t, json.Unmarshal([]byte(out), &online))
	}
	w.sameOffline(recording, online, err, args...)
	return online
}

// phones is a manifest of a Secret, with what it has.
func (w *connected) phones(name, has string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {name: %s, namespace: %s}\n%s\n", name, w.namespace, has)
}

// fromKey is a manifest of a resource whose number is under a key of a Secret.
func (w *connected) fromKey(name, user, phoneType, secret, key string) string {
	return fmt.Sprintf("apiVersion: identity.entraops.dev/v1alpha1\nkind: PhoneAuthenticationMethod\nmetadata: {name: %s}\nspec:\n  tenantRef: {name: %s}\n"+
		"  user: %s@contoso.com\n  phoneType: %s\n  phoneNumberFrom: {secretKeyRef: {name: %s, key: %s}}\n", name, w.namespace, user, phoneType, secret, key)
}

// appliesBySide applies a manifest as kubectl does, on the server's side or on its own.
func (w *connected) appliesBySide(server bool, manifest string) {
	w.t.Helper()
	o := &unstructured.Unstructured{}
	must(w.t, yaml.Unmarshal([]byte(manifest), &o.Object))
	if server {
		must(w.t, w.Apply(w.t.Context(), client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("kubectl")))
		return
	}
	text, err := json.Marshal(o)
	must(w.t, err)
	o.SetAnnotations(map[string]string{corev1.LastAppliedConfigAnnotation: string(text)})
	must(w.t, w.Create(w.t.Context(), o, client.FieldOwner("kubectl-client-side-apply")))
}

const (
	base64Mobile = "KzEgMjA2NTU1MDE5MQ==" // +1 2065550191
	base64Office = "KzEgMjA2NTU1MDE5Mg=="
	base64Other  = "KzEgMjA2NTU1MDE5Mw=="
)

// A key that goes from a Secret goes with its number, whoever applied it; of the Secret the recording has no other number.
func TestPlanOfflineOfSecrets(t *testing.T) {
	w := newConnected(t, "keys", least)
	for _, name := range []string{"ada", "ben"} {
		w.user(name, having(map[string]string{"mobile": "+1 2065550191", "office": "+1 2065550192"}))
	}
	all := "data: {mobile: " + base64Mobile + ", office: " + base64Office + ", other: " + base64Other + "}"
	w.appliesBySide(true, w.phones("ada", all))
	w.appliesBySide(false, w.phones("ben", all))
	w.appliesBySide(true, w.phones("fixed", "immutable: true\ndata: {mobile: "+base64Mobile+"}"))
	w.apply(folder(t, w.fromKey("ada-mobile", "ada", "mobile", "ada", "mobile"), w.fromKey("ben-mobile", "ben", "mobile", "ben", "mobile"),
		w.fromKey("ada-alternate", "ada", "alternateMobile", "fixed", "mobile"), w.fromKey("ada-none", "ada", "office", "ada", "none")))
	_, file := w.records()
	text, err := os.ReadFile(file)
	must(t, err)
	for _, left := range []string{base64Office, base64Other, `f:other`, `"other":`} {
		if strings.Contains(string(text), left) {
			t.Errorf("%s of a Secret is in the recording", left)
		}
	}
	for _, name := range []string{"ada", "ben"} {
		for want, has := range map[string]string{
			"":                              all,
			"Refused: NumberSourceNotFound": "data: {office: " + base64Office + "}",
			"Refused: AlreadyExists":        "data: {mobile: " + base64Office + "}",
		} {
			if got := outcomesOf(w.plansBoth(file, "-f", folder(t, w.phones(name, has))))["keys/"+name+"-mobile"]; got != want {
				t.Errorf("%s with %s: %q", name, has, got)
			}
		}
	}
	for _, manifest := range []string{
		w.phones("fixed", "immutable: true\ndata: {mobile: "+base64Office+"}"), w.phones("fixed", ""), w.phones("ada", "type: example.com/phones\n"+all),
		w.phones("new", "stringData: {\"+1 2065550191\": x}"), w.phones("new", "colour: red"), w.phones("new", "data: []"),
		w.phones("new", "data: null\nstringData: {mobile: \"+1 2065550191\"}") + "---\n" + w.fromKey("ben-office", "ben", "office", "new", "mobile"),
		w.fromKey("ada-none", "ada", "office", "ada", "none"),
	} {
		w.plansBoth(file, "-f", folder(t, manifest))
	}
	p, _, err := w.plansOffline(file, folder(t, w.fromKey("ada-office", "ada", "office", "ada", "office"), w.fromKey("ben-office", "ben", "office", "ben", "never")))
	if d := cmp.Diff(map[string]string{"keys/ada-office": "Unknown: NotRecorded", "keys/ben-office": "Unknown: NotRecorded"}, outcomesOf(p)); d != "" || !errors.Is(err, ErrSaid) {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	p, _, err = w.plansOffline(file, folder(t, w.phones("credential", "stringData: {secret: another}"), w.phone("ben-office", "ben", "office", "+1 2065550192")))
	if d := cmp.Diff(map[string]string{"keys/ben-office": "Unknown: NotRecorded"}, outcomesOf(p)); d != "" || !errors.Is(err, ErrSaid) || !strings.Contains(p.Rows[0].Message, "has the credential") {
		t.Errorf("another credential: %v %+v (-want +got):\n%s", err, p.Rows, d)
	}
}

// What the API server does not take is not taken without it either.
func TestPlanOfflineTakesWhatTheAPIServerTakes(t *testing.T) {
	w := newConnected(t, "taken", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550191"}))
	ending := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "taken-ending", Labels: map[string]string{"team": "taken"}}}
	must(t, w.Create(t.Context(), ending))
	must(t, w.Delete(t.Context(), ending)) // there is nobody in this cluster who would remove it
	ada := w.phone("ada-mobile", "ada", "mobile", "+1 2065550191")
	w.appliesBySide(false, w.with("name: ada-csa, namespace: taken", w.phone("ada-csa", "ada", "office", "+1 2065550192")))
	w.appliesBySide(true, w.with("name: ada-ssa, namespace: taken", w.phone("ada-ssa", "ada", "alternateMobile", "+1 2065550193")))
	_, file := w.records()
	newNamespace := func(more string) string {
		return "apiVersion: v1\nkind: Namespace\nmetadata: {name: taken-new, labels: {team: taken}" + more + "}\n"
	}
	rules := func(n int, rule string) string {
		return "apiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: taken}\nspec:\n  access:\n" + strings.Repeat("  - "+rule+"\n", n)
	}
	const gone = ", deletionTimestamp: \"2026-01-01T00:00:00Z\""
	for name, manifests := range map[string][]string{
		"a field that is null":               {ada + "  suspend: null\n"},
		"metadata that is unknown":           {w.with("name: ada-mobile, colour: red", ada)},
		"labels that are numbers":            {w.with("name: ada-mobile, labels: {a: 1}", ada)},
		"annotations that are a list":        {w.with("name: ada-mobile, annotations: [a]", ada)},
		"an owner that is none":              {w.with("name: ada-mobile, ownerReferences: [{a: b}]", ada)},
		"a boolean for a word":               {ada + "  smsSignIn: true\n"},
		"more than is read":                  {w.with("name: ada-mobile, annotations: {a: "+strings.Repeat("a", 3<<20)+"}", ada)},
		"no spec":                            {"apiVersion: identity.entraops.dev/v1alpha1\nkind: PhoneAuthenticationMethod\nmetadata: {name: ada-mobile}\nspec: []\n"},
		"a new one that is being deleted":    {w.with("name: ada-mobile"+gone, ada)},
		"one that is being deleted":          {w.with("name: ada-ssa"+gone, w.phone("ada-ssa", "ada", "alternateMobile", "+1 2065550193"))},
		"another finalizer":                  {w.with("name: ada-ssa, finalizers: [example.com/held]", w.phone("ada-ssa", "ada", "alternateMobile", "+1 2065550193"))},
		"an unknown field, by client side":   {w.phone("ada-csa", "ada", "office", "+1 2065550192", "  colour: red\n")},
		"a namespace that ends":              {w.with("name: ada-mobile, namespace: taken-ending", ada)},
		"a namespace with a dot":             {"apiVersion: v1\nkind: Namespace\nmetadata: {name: taken.new}\n"},
		"a namespace with an unknown field":  {newNamespace("") + "colour: red\n"},
		"a namespace with labels not texts":  {newNamespace(", annotations: {a: 1}")},
		"in a namespace that is new":         {newNamespace(""), w.with("name: ada-mobile, namespace: taken-new", ada)},
		"unknown in a namespace that is new": {newNamespace(""), w.with("name: ada-mobile, namespace: taken-new", ada+"  colour: red\n")},
		"more rules than there may be":       {rules(65, "{namespaces: {}, users: [a@contoso.com]}")},
		"more users than a rule may have":    {rules(1, "{namespaces: {}, users: ["+strings.Repeat("a@contoso.com, ", 129)+"]}")},
		"deleted in a namespace that is new": {newNamespace(gone), w.with("name: ada-mobile, namespace: taken-new"+gone, ada)},
	} {
		t.Run(name, func(t *testing.T) {
			in := *w
			in.world = &world{Client: w.Client, t: t, namespace: w.namespace, kubeconfig: w.kubeconfig}
			in.plansBoth(file, "-f", folder(t, manifests...))
		})
	}
	// What is wrong with each of too many rules is not said: to find it out takes the square of their number.
	p, _, _ := w.plansOffline(file, folder(t, rules(20_000, "{}")))
	if len(p.Rows) != 1 || !strings.HasPrefix(p.Rows[0].Message, "spec.access: Too many: 20000: must have at most 64 items; ") {
		t.Errorf("%.1000v", p.Rows)
	}
}

// with gives a manifest other metadata.
func (w *connected) with(metadata, manifest string) string {
	before, rest, _ := strings.Cut(manifest, "metadata: {")
	_, after, _ := strings.Cut(rest, "}\n")
	return before + "metadata: {" + metadata + "}\n" + after
}

// Whoever opens a pull request must not learn by other rules what the cluster's hide: they count where whoever made the recording
// may set them.
func TestPlanOfflineBelievesRulesOfThoseWhoMaySetThem(t *testing.T) {
	w := newConnected(t, "rules", least, func(s *v1alpha1.EntraTenantSpec) { s.Access = s.Access[1:] })
	w.user("ada", having(map[string]string{"mobile": "+1 2065550191"}))
	w.method("ada-mobile", ofTenant(w.namespace), of("ada"))
	tenant := tenantNamed(t, w, "rules")
	tenant.Spec.Access[0].Namespaces = metav1.LabelSelector{}
	spec, err := yaml.Marshal(map[string]any{"apiVersion": v1alpha1.GroupVersion.String(), "kind": "EntraTenant", "metadata": map[string]any{"name": "rules"}, "spec": tenant.Spec})
	must(t, err)
	for name, manifest := range map[string]string{
		"EntraTenant": string(spec),
		"Namespace":   "apiVersion: v1\nkind: Namespace\nmetadata: {name: rules, labels: {team: rules}}\n",
	} {
		dir := folder(t, manifest, w.phone("ada-mobile", "ada", "mobile", "+1 2065550191"))
		_, mayFile := w.records()
		if got := outcomesOf(w.plansBoth(mayFile, "-f", dir))["rules/ada-mobile"]; got != "Adopt" {
			t.Errorf("%s by whoever may apply it: %s", name, got)
		}
		kubeconfig, err := os.ReadFile(w.kubeconfig)
		must(t, err)
		w.actsAs("recorder-"+strings.ToLower(name), []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}}}, mayRecord)
		_, file := w.records()
		must(t, os.WriteFile(w.kubeconfig, kubeconfig, 0o600))
		p, _, _ := w.plansOffline(file, dir)
		if got := outcomesOf(p)["rules/ada-mobile"]; got != "Refused: NotPermitted" || !slices.ContainsFunc(p.Notes, func(note string) bool { return strings.Contains(note, "--trust-tenants") }) {
			t.Errorf("%s by whoever may not: %s %q", name, got, p.Notes)
		}
		out, _, _ := offline(t, "plan", "--namespace", "rules", "--offline", file, "-f", dir, "--trust-tenants")
		mustSay(t, out, "Adopt")
	}
}

// An EntraTenant that does not work keeps no other one from being planned, and what is its own is said of its own resources.
func TestPlanOfflineWhereAnEntraTenantDoesNotWork(t *testing.T) {
	w := newConnected(t, "broken", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550191"}))
	must(t, w.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "credential"}}))
	said, file := w.records()
	if len(said.Tenants) > 0 || !strings.Contains(strings.Join(said.Notes, "\n"), "EntraTenant broken does not work") {
		t.Errorf("it says %+v", said)
	}
	if got := outcomesOf(w.plansBoth(file, "-f", folder(t, w.phone("ada-mobile", "ada", "mobile", "+1 2065550191"))))["broken/ada-mobile"]; got != "Refused: TenantNotReady" {
		t.Errorf("got %s", got)
	}
}
