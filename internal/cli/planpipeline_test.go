package cli

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/manifests"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/preview"
)

// TestPlanOfAPipeline has no right to the EntraTenant's Secret nor to write, and signs in to Graph by itself.
func TestPlanOfAPipeline(t *testing.T) {
	w := newConnected(t, "pipeline", least)
	must(t, w.graph.AddApp(emulator.App{ClientID: "66666666-7777-8888-9999-000000000001", Secret: "another-secret", Roles: []string{
		"UserAuthMethod-Phone.Read.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}}))
	w.user("ada", having(map[string]string{"office": "+1 2065550102"}))
	w.in = w.phone("ada-mobile", "ada", "mobile", "+1 2065550101")
	w.actsAs("ci", nil, []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"phoneauthenticationmethods", "entratenants"}, Verbs: []string{"get", "list"}}})

	_, _, err := w.run("plan", "-f", "-")
	if err == nil || !strings.Contains(err.Error(), "--credential=default") {
		t.Errorf("who may not read the Secret is told %v", err)
	}
	o := &v1alpha1.EntraTenant{}
	must(t, w.Get(t.Context(), client.ObjectKey{Name: w.namespace}, o))
	for name, value := range map[string]string{
		"AZURE_TENANT_ID": o.Spec.TenantID, "AZURE_CLIENT_ID": "66666666-7777-8888-9999-000000000001", "AZURE_CLIENT_SECRET": "another-secret"} {
		t.Setenv(name, value)
	}
	w.graph.ResetRequests()
	out, _, err := w.run("plan", "-f", "-", "--credential=default", "--show-unmanaged", "-o", "markdown")
	if !errors.Is(err, ErrFound) {
		t.Fatalf("%v\n%s", err, out)
	}
	w.onlyLooked()
	mustSay(t, out, "**Phones: 1 change in Graph.**", `| Create | pipeline/ada-mobile | ada@contoso.com | mobile | create the user's mobile: \+1 \*\*\*\*\*\*\*\*01 |`,
		`| ada@contoso.com | office | \+1 \*\*\*\*\*\*\*\*02 |`, "you may not apply PhoneAuthenticationMethod", "you may not read namespace pipeline")

	w.in = ofSecret(w.in, "+1 2065550101", "credential")
	out, _, err = w.run("plan", "-f", "-", "--credential=default")
	if !errors.Is(err, ErrSaid) {
		t.Errorf("a number that nobody read is planned: %v", err)
	}
	mustSay(t, out, "Unknown: SecretNotReadable", "You may not read Secret credential")
}

// Rules that whoever plans may not apply would show what the cluster's hide: they count only for who says so.
func TestPlanKeepsToTheRulesOfTheCluster(t *testing.T) {
	w := newConnected(t, "ruled", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	o := &v1alpha1.EntraTenant{}
	must(t, w.Get(t.Context(), client.ObjectKey{Name: w.namespace}, o))
	o.Spec.Access = nil
	must(t, w.Update(t.Context(), o))
	o.Spec.Access = []v1alpha1.AccessRule{{Users: []string{"*"}}}
	spec, err := json.Marshal(o.Spec)
	must(t, err)
	w.in = w.phone("ada-mobile", "ada", "mobile", "+1 2065550101") +
		"---\napiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: ruled}\nspec: " + string(spec) + "\n"
	w.actsAs("ci", nil, []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"phoneauthenticationmethods", "entratenants"}, Verbs: []string{"get", "list"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}}})
	out, _, err := w.run("plan", "-f", "-")
	if !errors.Is(err, ErrFound) {
		t.Errorf("%v\n%s", err, out)
	}
	mustSay(t, out, "Refused: NotPermitted", "you may not apply EntraTenant ruled")
	out, _, err = w.run("plan", "-f", "-", "--trust-tenants")
	if err != nil && !errors.Is(err, ErrFound) {
		t.Errorf("%v\n%s", err, out)
	}
	mustSay(t, out, "Adopt")
}

// TestErrorsMoveNoCursorAndBeginNoLine prints what others wrote.
func TestErrorsMoveNoCursorAndBeginNoLine(t *testing.T) {
	if got, want := Printable(errors.New("a\n::error::b\x1b[2J\u202ec")), "a\n  ::error::b[2Jc"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestPlanOfATeam has the roles that the operator ships for people, in one namespace, and looks for itself at Graph.
func TestPlanOfATeam(t *testing.T) {
	w := newConnected(t, "team", least)
	w.user("ada")
	w.in = w.phone("ada-mobile", "ada", "mobile", "+1 2065550101")
	w.actsAs("dev", []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"phoneauthenticationmethods"}, Verbs: []string{"get", "list", "create", "patch"}},
		{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get"}},
	}, []rbacv1.PolicyRule{{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"entratenants"}, Verbs: []string{"get"}}})
	out, _, err := w.run("plan", "-f", "-")
	if !errors.Is(err, ErrFound) {
		t.Fatalf("%v\n%s", err, out)
	}
	mustSay(t, out, "Create", "1 change in Graph.", "rivals there are not seen")
}

// ofSecret makes a manifest take its number from a Secret.
func ofSecret(manifest, number, secret string) string {
	return strings.Replace(manifest, `phoneNumber: "`+number+`"`, "phoneNumberFrom: {secretKeyRef: {name: "+secret+", key: secret}}", 1)
}

// TestPlanOfWhatOthersApplied lays a manifest over a resource that kubectl applied at the client, and new rules over the old.
func TestPlanOfWhatOthersApplied(t *testing.T) {
	w := newConnected(t, "others", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550109"}))
	o := w.method("ada-mobile", ofTenant("others"), func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.User, o.Spec.AdoptionPolicy = "ada@contoso.com", v1alpha1.AdoptAlways
		o.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: `{"apiVersion":"identity.entraops.dev/v1alpha1","kind":"PhoneAuthenticationMethod",` +
			`"metadata":{"annotations":{},"name":"ada-mobile","namespace":"others"},"spec":{"adoptionPolicy":"Always"}}`}
	})
	w.in = w.phone("ada-mobile", "ada", "mobile", "+1 2065550101", "  adoptionPolicy: Always\n")
	if p := w.plans(ErrFound, "-f", "-"); p.Rows[0].Action != "Update" {
		t.Errorf("got %+v", p.Rows)
	}
	w.in = w.phone("ada-mobile", "ada", "mobile", "+1 2065550101")
	if p := w.plans(ErrFound, "-f", "-"); p.Rows[0].Reason != v1alpha1.ReasonAlreadyExists {
		t.Errorf("a policy that the manifest leaves out stays: %+v", p.Rows)
	}
	w.in += "---\napiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: others}\nspec: {access: []}\n"
	if p := w.plans(ErrFound, "-f", "-", "--field-manager=test"); p.Rows[0].Reason != v1alpha1.ReasonNotPermitted {
		t.Errorf("the rules of the folder do not count: %+v", p.Rows)
	}
	if now := w.get("ada-mobile"); now.ResourceVersion != o.ResourceVersion {
		t.Error("the plan changed a resource")
	}
	w.onlyLooked()
}

// TestPlanTells what the files do not say and what cannot be known.
func TestPlanTells(t *testing.T) {
	w := newConnected(t, "telling", least)
	if _, _, err := w.run("plan"); err == nil {
		t.Error("nothing was planned")
	}
	w.in = strings.Replace(w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"), "tenantRef: {name: telling}", "tenantRef: {name: nowhere}", 1)
	out, _, err := w.run("plan", "-f", "-")
	if !errors.Is(err, ErrFound) {
		t.Errorf("got %v", err)
	}
	mustSay(t, out, "Refused: TenantNotFound", "0 changes in Graph, 1 refused.")

	must(t, w.graph.AddFault(emulator.Fault{Path: "/users", Effect: emulator.Answer, Status: 503}))
	w.in = w.phone("ada-mobile", "ada", "mobile", "+1 2065550101")
	out, _, err = w.run("plan", "-f", "-")
	if err == nil || errors.Is(err, ErrFound) {
		t.Errorf("Graph is away, and the plan says %v\n%s", err, out)
	}
}

// A user is one, although the name is looked up first: with a thousand users and Microsoft's pace the rest takes half an hour.
func TestPlanCountsUsersOnce(t *testing.T) {
	w := newConnected(t, "counted", least)
	for _, name := range []string{"ada", "ben", "cora"} {
		w.user(name)
		w.in += "---\n" + w.phone(name+"-mobile", name, "mobile", "+1 2065550101")
	}
	set, err := manifests.Read([]string{"-"}, strings.NewReader(w.in), w.namespace)
	must(t, err)
	var told [][2]int
	_, err = preview.Run(t.Context(), preview.Options{API: w.Client, Manifests: set.Objects, Progress: func(done, all int) {
		if told = append(told, [2]int{done, all}); all != 3 {
			t.Errorf("%d of %d users", done, all)
		}
	}})
	must(t, err)
	if last := told[len(told)-1]; last[0] != 3 {
		t.Errorf("ends with %v", last)
	}
}

// What the operator found last time is no word about now.
func TestPlanTellsOfAReadyResourceThatItCouldNotLookAt(t *testing.T) {
	for name, path := range map[string]string{"away-users": "/users/[^/]*$", "away-phones": "/phoneMethods$"} {
		t.Run(name, func(t *testing.T) {
			w := newConnected(t, name, least)
			w.user("ada", having(map[string]string{"mobile": "+1 2065550100"}))
			dir := folder(t, w.phone("ada-mobile", "ada", "mobile", "+1 2065550100"))
			w.apply(dir)
			o := w.get("ada-mobile")
			for id := range w.names {
				o.Status.UserID = id
			}
			o.Status.ID, o.Status.MaskedNumber, o.Status.ObservedGeneration = "3179e48a-750b-4051-897c-87b9720928f7", "+1 ********00", o.Generation
			for _, kind := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionSynced, v1alpha1.ConditionReady} {
				o.Status.Conditions = append(o.Status.Conditions, metav1.Condition{Type: kind, Status: metav1.ConditionTrue,
					Reason: kind, ObservedGeneration: o.Generation, LastTransitionTime: metav1.Now()})
			}
			must(t, w.Status().Update(t.Context(), o))
			if p := w.plans(nil, "-f", dir); p.Summary.Unchanged != 1 {
				t.Errorf("got %+v", p)
			}
			must(t, w.graph.AddFault(emulator.Fault{Path: path, Effect: emulator.Answer, Status: 500}))
			w.unrecordable = true
			if p := w.plans(ErrSaid, "-f", dir); p.Summary.Unknown != 1 || p.Rows[0].Reason != v1alpha1.ReasonGraphUnavailable {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// A pull request may bring an EntraTenant that names another host, and any Secret for the credential. What the pipeline may
// read must not be sent there.
func TestPlanSendsNoCredentialWhereAManifestSays(t *testing.T) {
	w := newConnected(t, "trusting", least)
	w.user("ada")
	asked := make(chan string, 100)
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
	}))
	defer elsewhere.Close()
	bundle := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: elsewhere.Certificate().Raw}))
	phone := w.phone("ada-mobile", "ada", "mobile", "+1 2065550101")
	manifest := func(name, spec string) string {
		return "---\napiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n"
	}
	endpoint := fmt.Sprintf("endpoint: {graph: %[1]q, authority: %[1]q, caBundle: %[2]s}", elsewhere.URL, bundle)
	other := "credential: {clientSecret: {secretRef: {namespace: kube-system, name: another, key: token}}}"
	newcomer := "tenantID: 11111111-2222-3333-4444-555555555555, clientID: 11111111-2222-3333-4444-555555555555, " + endpoint +
		", credential: {clientSecret: {secretRef: {namespace: trusting, name: graph, key: clientSecret}}}"
	for what, in := range map[string]string{
		"another host":   phone + manifest("trusting", endpoint),
		"another Secret": phone + manifest("trusting", other),
		"a new tenant":   strings.Replace(phone, "name: trusting}", "name: newcomer}", 1) + manifest("newcomer", newcomer),
	} {
		for _, credential := range []string{"tenant", "default"} {
			w.in = in
			out, _, err := w.run("plan", "-f", "-", "--credential="+credential)
			if err == nil || !strings.Contains(err.Error(), "--trust-tenants") {
				t.Errorf("%s, credential %s: %v\n%s", what, credential, err, out)
			}
		}
	}
	select {
	case path := <-asked:
		t.Fatalf("the other host was asked for %s", path)
	default:
	}
	w.in = phone + manifest("trusting", endpoint)
	_, _, err := w.run("plan", "-f", "-", "--trust-tenants")
	select {
	case <-asked: // the test above asks the right host
	default:
		t.Errorf("with --trust-tenants nothing is asked there: %v", err)
	}
}
