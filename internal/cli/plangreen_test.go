package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// outcomesOf are the outcomes of a plan by the names of its rows, with the reason where nothing is done.
func outcomesOf(p planned) map[string]string {
	got := map[string]string{}
	for _, r := range p.Rows {
		got[nameOf(r)] = what(r)
	}
	return got
}

// secret creates a Secret with a number.
func (w *connected) secret(name, number string) {
	w.t.Helper()
	must(w.t, w.Create(w.t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name}, Data: map[string][]byte{"secret": []byte(number)}}))
}

// of makes a resource that of a user.
func of(name string) func(*v1alpha1.PhoneAuthenticationMethod) {
	return func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.User = name + "@contoso.com" }
}

// What SOPS has encrypted is not known, and so is whatever takes its number from it.
func TestPlanDoesNotKnowWhatIsEncrypted(t *testing.T) {
	w := newConnected(t, "encrypted", least)
	for _, name := range []string{"ada", "ben", "cora"} {
		w.user(name, having(map[string]string{"mobile": "+1 2065550101"}))
	}
	w.secret("ada-phones", "+1 2065550101")
	const sealed = "apiVersion: v1\nkind: Secret\nmetadata: {name: NAME}\nstringData: {secret: \"ENC[AES256_GCM,data:x,type:str]\"}\nsops: {version: 3.9.0}\n"
	dir := folder(t,
		ofSecret(w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"), "+1 2065550101", "ada-phones"), strings.Replace(sealed, "NAME", "ada-phones", 1),
		ofSecret(w.phone("ben-mobile", "ben", "mobile", "+1 2065550101"), "+1 2065550101", "ben-phones"), strings.Replace(sealed, "NAME", "ben-phones", 1),
		w.phone("cora-mobile", "cora", "mobile", "ENC[AES256_GCM,data:x,type:str]")+"sops: {version: 3.9.0}\n",
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: encrypted}\nsops: {version: 3.9.0}\n",
	)
	p := w.plans(ErrSaid, "-f", dir)
	if d := cmp.Diff(map[string]string{
		"encrypted/ada-mobile": "Unknown: Encrypted", "encrypted/ben-mobile": "Unknown: Encrypted", "encrypted/cora-mobile": "Unknown: Encrypted",
		"Namespace encrypted": "Unknown: Encrypted",
	}, outcomesOf(p)); d != "" || p.Summary != (summary{Unknown: 4}) {
		t.Errorf("%+v (-want +got):\n%s", p.Summary, d)
	}
	out, _, err := w.run("plan", "-f", dir, "-o", "markdown")
	if !errors.Is(err, ErrSaid) {
		t.Errorf("got %v", err)
	}
	mustSay(t, out, "**Phones: 0 changes in Graph, 4 not known.**", "| Unknown: Encrypted | encrypted/cora-mobile |", "Secret encrypted/ada-phones is encrypted by SOPS")
}

// What nobody reads would seem to change nothing, or to be gone.
func TestPlanOfNothingThatCanBeRead(t *testing.T) {
	w := newConnected(t, "unread", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	w.method("ada-mobile", w.holds("ada", "+1 ********01"))
	later := strings.Replace(w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"), "v1alpha1", "v1beta1", 1)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"-f", "-"}, "standard input has no manifest"},
		{[]string{"-f", "-", "--prune"}, "standard input has no manifest"},
		{[]string{"-f", t.TempDir()}, "there is no manifest in "},
		{[]string{"-f", folder(t, later)}, "identity.entraops.dev/v1beta1"},
		{[]string{"-f", folder(t, later), "--prune"}, "identity.entraops.dev/v1beta1"},
	} {
		out, _, err := w.run(append([]string{"plan"}, tc.args...)...)
		if err == nil || errors.Is(err, ErrFound) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: %v\n%s", tc.args, err, out)
		}
	}
	p := w.plans(nil, "-f", folder(t, "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"))
	if d := cmp.Diff([]string{"left out: 1 of kind Service"}, p.Notes); d != "" {
		t.Error(d)
	}
}

// A Secret that is applied changes the resources that read it, whether their manifests are there or not.
func TestPlanOfASecretLooksAtTheResourcesOfIt(t *testing.T) {
	w := newConnected(t, "secrets", least)
	from := func(secret string) func(*v1alpha1.PhoneAuthenticationMethod) {
		return func(o *v1alpha1.PhoneAuthenticationMethod) {
			o.Spec.TenantRef, o.Spec.PhoneNumber = &v1alpha1.TenantReference{Name: w.namespace}, ""
			o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: secret, Key: "secret"}}
		}
	}
	for _, name := range []string{"ada", "ben"} {
		w.user(name, having(map[string]string{"mobile": "+1 2065550101"}))
		w.secret(name+"-phones", "+1 2065550101")
		w.method(name+"-mobile", w.holds(name, "+1 ********01"), of(name), from(name+"-phones"))
	}
	w.user("cora")
	w.method("cora-mobile", of("cora"), from("cora-phones"))
	secret := func(name, number string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: " + name + "}\nstringData: {secret: \"" + number + "\"}\n"
	}
	p := w.plans(ErrFound, "-f", folder(t, secret("ada-phones", "+1 2065550102"), secret("ben-phones", "+1 2065550101"), secret("cora-phones", "+1 2065550103")))
	if d := cmp.Diff(map[string]string{"secrets/ada-mobile": "Update", "secrets/cora-mobile": "Create"}, outcomesOf(p)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	mustSay(t, strings.Join(p.Notes, "\n"), "planned as well: 2 of the cluster whose numbers come from Secrets of these manifests")
	p = w.plans(ErrSaid, "-f", folder(t, secret("ada-phones", "ENC[AES256_GCM,data:x,type:str]")+"sops: {version: 3.9.0}\n"))
	if d := cmp.Diff(map[string]string{"secrets/ada-mobile": "Unknown: Encrypted"}, outcomesOf(p)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	p = w.plans(nil, "-f", folder(t, secret("ben-phones", "+1 2065550101")))
	if len(p.Rows) != 0 {
		t.Errorf("a Secret that stays as it is: %+v", p.Rows)
	}
	w.onlyLooked()
}

// An EntraTenant or a Namespace may change more resources than can be looked at: how many there are is said.
func TestPlanOfRulesSaysWhatItDoesNotLookAt(t *testing.T) {
	w := newConnected(t, "bystanders", least)
	for _, name := range []string{"ada", "ben"} {
		w.user(name, having(map[string]string{"mobile": "+1 2065550101"}))
		w.method(name+"-mobile", w.holds(name, "+1 ********01"), of(name))
	}
	tenant := func(spec string) string {
		return "apiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: bystanders}\nspec: {" + spec + "}\n"
	}
	p := w.plans(ErrSaid, "-f", folder(t, tenant("access: []")), "--field-manager=test")
	if len(p.Rows) != 1 || nameOf(p.Rows[0]) != "EntraTenant bystanders" || p.Summary != (summary{Unknown: 1}) {
		t.Fatalf("got %+v", p)
	}
	mustSay(t, p.Rows[0].Message, "no manifest here: 2.", "give their manifests, too")
	space := "apiVersion: v1\nkind: Namespace\nmetadata: {name: bystanders, labels: {team: sales}}\n"
	ada, ben := w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"), w.phone("ben-mobile", "ben", "mobile", "+1 2065550101")
	p = w.plans(ErrSaid, "-f", folder(t, space, ada))
	if d := cmp.Diff(map[string]string{"Namespace bystanders": "Unknown: NotPlanned", "bystanders/ada-mobile": "Unchanged"}, outcomesOf(p)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	p = w.plans(ErrFound, "-f", folder(t, tenant("access: []"), ada, ben), "--field-manager=test")
	if p.Summary != (summary{Refused: 2}) {
		t.Errorf("all manifests are there: %+v", p)
	}
	if p = w.plans(nil, "-f", folder(t, tenant("clientID: "+clientID))); len(p.Rows) != 0 {
		t.Errorf("an EntraTenant that stays as it is: %+v", p.Rows)
	}
}

// Who may not see which resources there are is told that, and not that nothing changes.
func TestPlanOfChangesToResourcesThatNobodySees(t *testing.T) {
	w := newConnected(t, "unseen", least)
	w.unrecordable = true
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	w.method("ada-mobile", w.holds("ada", "+1 ********01"), of("ada"))
	w.actsAs("dev", []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"get", "create", "patch"}}},
		[]rbacv1.PolicyRule{{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"entratenants"}, Verbs: []string{"get", "patch"}}})
	p := w.plans(ErrSaid, "-f", folder(t,
		"apiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: unseen}\nspec: {access: []}\n",
		"apiVersion: v1\nkind: Secret\nmetadata: {name: ada-phones}\nstringData: {secret: \"+1 2065550101\"}\n"), "--field-manager=test")
	if d := cmp.Diff(map[string]string{"EntraTenant unseen": "Unknown: NotPlanned", "Secret unseen/ada-phones": "Unknown: NotPlanned"}, outcomesOf(p)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
