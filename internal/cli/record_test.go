package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/recording"
)

// records types record, and returns what it says and the file.
func (w *connected) records(args ...string) (said recorded, file string) {
	w.t.Helper()
	file = filepath.Join(w.t.TempDir(), "recording.json")
	out, _ := w.works(append([]string{"record", "-o", "json", "--out", file, "--from-tenant", w.namespace}, args...)...)
	must(w.t, json.Unmarshal([]byte(out), &said))
	return said, file
}

// mayRecord are the rights in the cluster that record takes.
var mayRecord = []rbacv1.PolicyRule{
	{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"entratenants", "phoneauthenticationmethods"}, Verbs: []string{"get", "list"}},
	{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"list"}},
	{APIGroups: []string{"apiextensions.k8s.io"}, Resources: []string{"customresourcedefinitions"}, Verbs: []string{"get"}},
}

// plansOffline types plan --offline.
func (w *connected) plansOffline(file, dir string) (p planned, stderr string, err error) {
	w.t.Helper()
	out, stderr, err := offline(w.t, "plan", "-o", "json", "--namespace", w.namespace, "--offline", file, "-f", dir)
	if out != "" {
		must(w.t, json.Unmarshal([]byte(out), &p))
	}
	return p, stderr, err
}

// What a plan without a cluster says is compared with the plan beside it wherever a test plans: see plans.
func TestWhatARecordingDoesNotHaveIsNotKnown(t *testing.T) {
	w := newConnected(t, "recorded", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	w.user("ben", having(map[string]string{"mobile": "+1 2065550102"}))
	w.user("cora", having(map[string]string{"mobile": "+1 2065550197"}))
	w.user("root", having(map[string]string{"mobile": "+1 2065550198"}), func(u *emulator.User) {
		u.Roles = []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}}
	})
	w.secret("ada-phones", "+1 2065550101")
	w.secret("later", "+1 2065550197")
	w.method("ada-mobile", ofTenant(w.namespace), of("ada"), func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.PhoneNumber, o.Spec.PhoneNumberFrom = "", &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "ada-phones", Key: "secret"}}
	})
	w.method("thief", ofTenant(w.namespace), of("ben"), func(o *v1alpha1.PhoneAuthenticationMethod) { // as an editor of the namespace might
		o.Spec.PhoneNumber, o.Spec.PhoneNumberFrom = "", &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "credential", Key: "secret"}}
	})
	w.graph.ResetRequests()
	said, file := w.records("ben@contoso.com", "root@contoso.com")
	w.onlyLooked()
	if diff := cmp.Diff(recorded{Out: file, Tenants: []string{w.namespace}, Users: 3, NotRecorded: []string{}, Notes: []string{}}, said); diff != "" {
		t.Errorf("it says (-want +got):\n%s", diff)
	}
	text, err := os.ReadFile(file)
	must(t, err)
	for _, secret := range []string{appSecret, "+1 2065550197", "+1 2065550198"} {
		if bytes.Contains(text, []byte(secret)) || bytes.Contains(text, []byte(base64.StdEncoding.EncodeToString([]byte(secret)))) {
			t.Errorf("%s is in the recording: a credential, the number of a Secret that nobody names, or that of an administrator", secret)
		}
	}
	if at, err := os.Stat(file); err != nil || at.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v %v", at.Mode(), err)
	}

	p, _, err := w.plansOffline(file, folder(t,
		ofSecret(w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"), "+1 2065550101", "ada-phones"),
		w.phone("ben-mobile", "ben", "mobile", "+1 2065550109"), w.phone("cora-mobile", "cora", "mobile", "+1 2065550197"),
		w.phone("root-mobile", "root", "mobile", "+1 2065550198"),
		ofSecret(w.phone("ben-office", "ben", "office", "+1 2065550197"), "+1 2065550197", "later"),
	))
	if d := cmp.Diff(map[string]string{
		"recorded/ada-mobile": "Adopt", "recorded/ben-mobile": "Refused: AlreadyExists", "recorded/cora-mobile": "Unknown: NotRecorded",
		"recorded/root-mobile": "Refused: PrivilegedUser", "recorded/ben-office": "Unknown: NotRecorded",
	}, outcomesOf(p)); d != "" || !errors.Is(err, ErrSaid) {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if len(p.Notes) == 0 || !strings.Contains(p.Notes[0], "recorded at ") {
		t.Errorf("that it is of a recording is not said: %q", p.Notes)
	}

	// What changed since is not seen; where a recording is of another tenant that is said.
	must(t, w.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: 500}))
	if p, _, err := w.plansOffline(file, folder(t, w.phone("ben-mobile", "ben", "mobile", "+1 2065550102"))); err != nil || p.Rows[0].Action != "Adopt" {
		t.Errorf("Graph was asked: %v %+v", err, p)
	}
	const elsewhere = "apiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: recorded}\nspec: {clientID: 11111111-7777-8888-9999-000000000000}\n"
	p, _, err = w.plansOffline(file, folder(t, elsewhere, w.phone("ben-mobile", "ben", "mobile", "+1 2065550102")))
	if d := cmp.Diff(map[string]string{"EntraTenant recorded": "Unknown: NotPlanned", "recorded/ben-mobile": "Unknown: NotRecorded"}, outcomesOf(p)); d != "" || !errors.Is(err, ErrSaid) {
		t.Errorf("an EntraTenant that signs in otherwise: %v (-want +got):\n%s", err, d)
	}
}

// An EntraTenant that a recording does not have keeps the resources of no other one from being planned.
func TestPlanOfflineOfTwoTenants(t *testing.T) {
	w, other := newConnected(t, "had", least), newConnected(t, "had-not", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	other.method("held", other.holds("ben", "+1 ********01"))
	other.appliesBySide(true, other.phones("others", "data: {mobile: "+base64Other+"}"))
	other.apply(folder(t, other.fromKey("other", "ben", "office", "others", "mobile")))
	_, file := w.records("ada@contoso.com")
	text, err := os.ReadFile(file)
	must(t, err)
	if strings.Contains(string(text), base64Other) {
		t.Error("it has the number of another tenant's resource")
	}
	foreign := func(phone string) string {
		return strings.Replace(phone, "metadata: {", "metadata: {namespace: had-not, ", 1)
	}
	dir := folder(t, w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"),
		foreign(other.phone("ben-mobile", "ben", "mobile", "+1 2065550102")), foreign(other.phone("ben-office", "ben", "office", "+1 2065550103", "  suspend: true\n")),
		"apiVersion: identity.entraops.dev/v1alpha1\nkind: EntraTenant\nmetadata: {name: newcomer}\nspec: {tenantID: 11111111-2222-3333-4444-555555555555, "+
			"clientID: 11111111-2222-3333-4444-555555555555, credential: {managedIdentity: {}}}\n",
		strings.Replace(w.phone("cora-mobile", "cora", "mobile", "+1 2065550104"), "name: had}", "name: newcomer}", 1))
	out, _, err := offline(t, "plan", "-o", "json", "--namespace", w.namespace, "--offline", file, "-f", dir, "--prune", "--show-unmanaged")
	var p planned
	must(t, json.Unmarshal([]byte(out), &p))
	if d := cmp.Diff(map[string]string{
		"had/ada-mobile": "Adopt", "had/cora-mobile": "Unknown: NotRecorded", "had-not/ben-mobile": "Unknown: NotRecorded", "had-not/ben-office": "Unchanged",
		"had-not/held": "Unknown: NotRecorded", "had-not/other": "LetGo",
	}, outcomesOf(p)); d != "" || !errors.Is(err, ErrSaid) {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	for _, r := range p.Rows {
		want := map[string]string{"newcomer": "plan it without --offline.", "had-not": "The recording has nothing of the Graph of EntraTenant had-not: make it again, with this tenant."}[r.Tenant]
		if r.Reason == "NotRecorded" && !strings.HasSuffix(r.Message, want) {
			t.Errorf("%s/%s: %s", r.Namespace, r.Name, r.Message)
		}
	}
}

// Of all users of a tenant none is missing but those that there are not.
func TestARecordingOfAllUsersKnowsWhoThereIsNot(t *testing.T) {
	w := newConnected(t, "everybody", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	dir := folder(t, w.phone("ada-mobile", "ADA@contoso.com", "mobile", "+1 2065550101"), w.phone("gone-mobile", "gone", "mobile", "+1 2065550102"),
		w.phone("o-mobile", "o'gone@contoso.com", "mobile", "+1 2065550102"), w.phone("id-mobile", "11111111-2222-4333-8444-555555555555", "mobile", "+1 2065550102"))
	_, file := w.records("--all")
	p, _, err := w.plansOffline(file, dir)
	if d := cmp.Diff(outcomesOf(w.plans(ErrFound, "-f", dir)), outcomesOf(p)); d != "" || p.Summary != (summary{Refused: 3, Unchanged: 1}) || !errors.Is(err, ErrFound) {
		t.Errorf("%v %+v (-online +offline):\n%s", err, p.Summary, d)
	}
}

// A recording is there as a whole or not at all, and nothing else is written over.
func TestARecordingIsWhole(t *testing.T) {
	w := newConnected(t, "whole", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	w.method("ada-mobile", ofTenant(w.namespace), of("ada"))
	_, file := w.records()
	text, err := os.ReadFile(file)
	must(t, err)
	dir := folder(t, w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"))
	half := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1 // without its last line
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"without its end":         {text[:half], recording.ErrCut.Error()},
		"cut in a line":           {text[:half-7], recording.ErrCut.Error()},
		"without a line in it":    {append(bytes.Clone(text[:bytes.IndexByte(text, '\n')+1]), text[half:]...), recording.ErrCut.Error()},
		"of another format":       {bytes.Replace(text, []byte(`"format":1`), []byte(`"format":2`), 1), "another format"},
		"something else":          {[]byte("{\"user\": \"+1 2065550101\"}\n"), "no recording"},
		"with a line that is odd": {bytes.Replace(text, []byte("\n{"), []byte("\n[{"), 1), "cannot be read"},
	} {
		broken := filepath.Join(t.TempDir(), "recording.json")
		must(t, os.WriteFile(broken, c.text, 0o600))
		if _, _, err := w.plansOffline(broken, dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}

	letter := filepath.Join(t.TempDir(), "letter.txt")
	must(t, os.WriteFile(letter, []byte("Dear Ada,\n"), 0o600))
	if _, _, err := w.run("record", "--out", letter); err == nil || !strings.Contains(err.Error(), "is no recording") {
		t.Errorf("over a letter: %v", err)
	}
	must(t, os.WriteFile(filepath.Join(filepath.Dir(file), ".recording.json.1.part"), text[:half], 0o600)) // of one that was killed
	must(t, w.graph.AddFault(emulator.Fault{Path: "/oauth2/", Effect: emulator.Answer, Status: 401}))
	if _, _, err := w.run("record", "--from-tenant", w.namespace, "--out", file); err == nil {
		t.Error("there is a recording without a token")
	}
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, text) {
		t.Errorf("one that came to nothing took the place of a whole one: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(file)); err != nil || len(left) != 1 {
		t.Errorf("it left files behind: %v %v", left, err)
	}
}

// Through a pipe, as for a program that encrypts it.
func TestARecordingThroughPipes(t *testing.T) {
	w := newConnected(t, "piped", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	w.method("ada-mobile", ofTenant(w.namespace), of("ada"))
	var out, errOut bytes.Buffer
	err := w.typed(&out, &errOut, "record", "--from-tenant", w.namespace, "--out", "-")
	must(t, err)
	mustSay(t, errOut.String(), "recorded 1 user of piped in -")
	said, _, err := offlineWith(t, out.String(), "plan", "--namespace", w.namespace, "--offline", "-", "-f", folder(t, w.phone("ada-mobile", "ada", "mobile", "+1 2065550101")))
	must(t, err)
	mustSay(t, said, "Adopt")
	if _, _, err := offlineWith(t, out.String(), "plan", "--offline", "-", "-f", "-"); err == nil || !strings.Contains(err.Error(), "one of") {
		t.Errorf("both of standard input: %v", err)
	}
}

// Numbers are for a program or a file, and not for a screen.
func TestARecordingIsNotShown(t *testing.T) {
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	defer func() { _ = screen.Close() }()
	w := newWorld(t, "shown")
	if err := w.typed(screen, screen, "record", "--out", "-"); err == nil || !strings.Contains(err.Error(), "on the screen") {
		t.Errorf("got %v", err)
	}
}

// Whoever may not read the numbers of resources records what is left, and is told so.
func TestARecordingOfWhatOneMayRead(t *testing.T) {
	w := newConnected(t, "partly", least)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	w.secret("ada-phones", "+1 2065550101")
	w.method("ada-mobile", ofTenant(w.namespace), of("ada"), func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.PhoneNumber, o.Spec.PhoneNumberFrom = "", &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "ada-phones", Key: "secret"}}
	})
	w.actsAs("recorder", []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: []string{"credential"}, Verbs: []string{"get"}}}, mayRecord)
	said, file := w.records()
	if len(said.Notes) == 0 || !strings.Contains(strings.Join(said.Notes, "\n"), "you may not read") {
		t.Errorf("a Secret that is missing is not told of: %+v", said)
	}
	p, _, err := w.plansOffline(file, folder(t, ofSecret(w.phone("ada-mobile", "ada", "mobile", "+1 2065550101"), "+1 2065550101", "ada-phones")))
	if d := cmp.Diff(map[string]string{"partly/ada-mobile": "Unknown: NotRecorded"}, outcomesOf(p)); d != "" || !errors.Is(err, ErrSaid) {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}
