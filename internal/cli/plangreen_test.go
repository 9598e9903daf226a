package cli

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
