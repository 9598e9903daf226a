package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/importing"
	"github.com/entraops/phone-operator/internal/cli/manifests"
	"github.com/entraops/phone-operator/internal/emulator"
)

// imports types import --from-tenant -o json.
func (w *connected) imports(args ...string) (s surveyed) {
	w.t.Helper()
	out, _ := w.works(append([]string{"import", "--from-tenant", w.namespace, "-o", "json"}, args...)...)
	must(w.t, json.Unmarshal([]byte(out), &s))
	return s
}

// declared are the resources in a folder, as "user type".
func (w *connected) declared(dir string) (all []string) {
	w.t.Helper()
	set, err := manifests.Read([]string{dir}, nil, w.namespace)
	must(w.t, err)
	for _, o := range set.Objects {
		if o.GetKind() == "PhoneAuthenticationMethod" {
			spec := o.Object["spec"].(map[string]any)
			all = append(all, fmt.Sprintf("%s %s", spec["user"], spec["phoneType"]))
		}
	}
	slices.Sort(all)
	return all
}

// told are the findings of an import, as "user type reason".
func (s surveyed) told() (all []string) {
	for _, f := range s.Findings {
		all = append(all, strings.Join(strings.Fields(f.User+" "+f.PhoneType+" "+f.Reason), " "))
	}
	slices.Sort(all)
	return all
}

// fast is a tenant that begins at a pace which makes no test wait.
func fast(spec *v1alpha1.EntraTenantSpec) {
	spec.Limits = &v1alpha1.Limits{AuthenticationRequestsPerMinute: new(int32(6000))}
}

const salesID = "0f1c0000-0000-4000-8000-0000000000a1"

// people makes a tenant with somebody for each thing that an import has to tell apart.
func (w *connected) people() {
	w.t.Helper()
	must(w.t, w.graph.AddGroup(emulator.Group{ID: salesID}))
	inSales := func(u *emulator.User) { u.Groups = []string{salesID} }
	w.user("ada", inSales, having(map[string]string{"mobile": "+1 2065550101", "alternateMobile": "+1 2065550102", "office": "+1 2065550103x12"}))
	w.user("ben", having(map[string]string{"mobile": "+1 2065550104"}))
	w.user("none", inSales)
	w.user("admin", inSales, having(map[string]string{"mobile": "+1 2065550105"}), func(u *emulator.User) {
		u.Roles = []emulator.Role{{TemplateID: "62e90394-69f5-4237-9190-012177145e10", DisplayName: "Global Administrator"}}
	})
	w.user("eve@fabrikam.com", inSales, having(map[string]string{"mobile": "+1 2065550106"}))
	w.user("masked", having(map[string]string{"mobile": "+1 2065550107"}))
	masked := ""
	for id, name := range w.names {
		if strings.HasPrefix(name, "masked@") {
			masked = id
		}
	}
	must(w.t, w.graph.AddFault(emulator.Fault{Effect: emulator.Mask, Path: masked}))
	w.user("o'neill", having(map[string]string{"mobile": "+1 2065550108"}))
	w.method("ben-here", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.User, o.Spec.TenantRef = "BEN@contoso.com", &v1alpha1.TenantReference{Name: w.namespace}
	})
}

func TestImportFromATenant(t *testing.T) {
	w := newConnected(t, "surveyed", least, fast)
	w.people()
	dir, report := filepath.Join(t.TempDir(), "people"), filepath.Join(t.TempDir(), "report.csv")
	w.graph.ResetRequests()
	s := w.imports("--all", "--out", dir, "--report", report)
	w.onlyLooked()
	want := []string{"ada@contoso.com alternateMobile", "ada@contoso.com mobile", "ada@contoso.com office", "o'neill@contoso.com mobile"}
	if d := cmp.Diff(want, w.declared(dir)); d != "" {
		t.Errorf("manifests (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"admin@contoso.com PrivilegedUser", "ben@contoso.com mobile DeclaredAlready", "eve@fabrikam.com NotPermitted", "masked@contoso.com mobile NumberNotShown"}, s.told()); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	if s.Users != 7 || s.Without != 1 || s.Phones != 4 {
		t.Errorf("%+v", s.Progress)
	}
	text, err := os.ReadFile(report)
	must(t, err)
	mustSay(t, string(text), ",admin@contoso.com,,skipped,PrivilegedUser,,", "PhoneAuthenticationMethod surveyed/ben-here is for this phone already")
	manifest, err := os.ReadFile(filepath.Join(dir, "phones-0001.yaml"))
	must(t, err)
	mustSay(t, string(manifest), "  namespace: surveyed\n", "tenantRef:\n    name: surveyed\n", "adoptionPolicy: IfNumberMatches\n  deletionPolicy: Orphan\n", `phoneNumber: "+1 2065550103x12"`)
	for _, r := range w.graph.Requests() {
		if strings.Contains(r.Path, "/authentication/") && r.Header.Get("x-ms-throttle-priority") != "low" {
			t.Errorf("%s goes before what people wait for", r.LogPath())
		}
	}
	for _, of := range []string{"eve@fabrikam.com"} { // the rules leave her out: her phones are not even read
		for id, name := range w.names {
			if name == of && slices.ContainsFunc(w.graph.Requests(), func(r emulator.Request) bool { return strings.Contains(r.Path, id) }) {
				t.Errorf("Graph was asked about %s", of)
			}
		}
	}

	w.printsAsDocumented()

	// Secrets name their users, a plan has nothing to change, and what is applied is not imported again.
	secrets := filepath.Join(t.TempDir(), "secrets")
	w.imports("--all", "--numbers=secret", "--out", secrets)
	text, err = os.ReadFile(filepath.Join(secrets, "secrets-0001.yaml"))
	must(t, err)
	mustSay(t, string(text), `identity.entraops.dev/user: "ada@contoso.com"`)
	if p := w.plans(nil, "-f", dir); p.Summary != (summary{Unchanged: 4}) {
		t.Errorf("the plan of what was imported: %+v", p.Summary)
	}
	if refused := w.apply(dir); len(refused) > 0 {
		t.Errorf("refused: %v", refused)
	}
	if s := w.imports("--all", "--dry-run"); s.Phones != 0 || s.Counts[importing.Duplicate] != 5 {
		t.Errorf("imported again: %+v", s.Progress)
	}
}

// printsAsDocumented types the import of docs/kubectl-plugin.md, and compares what it prints. The order of users is Graph's.
func (w *connected) printsAsDocumented() {
	w.t.Helper()
	text, err := os.ReadFile("../../docs/kubectl-plugin.md")
	must(w.t, err)
	_, section, found := strings.Cut(string(text), "\n## Import from a tenant\n")
	block := fenced.FindStringSubmatch(section)
	if !found || block == nil {
		w.t.Fatal("there is no documented import from a tenant")
	}
	command, want, _ := strings.Cut(block[1], "\n")
	dir := filepath.Join(w.t.TempDir(), "people")
	args := strings.Fields(strings.NewReplacer("$ kubectl phonemethod ", "", "--from-tenant default", "--from-tenant "+w.namespace,
		"-n people", "-n "+w.namespace, "people/", dir).Replace(command))
	out, _ := w.works(args...)
	out = strings.NewReplacer("EntraTenant "+w.namespace, "EntraTenant default", w.namespace+"/", "people/", dir, "people/").Replace(out)
	sorted := func(text string) []string {
		return slices.Sorted(slices.Values(strings.Split(strings.TrimSpace(text), "\n")))
	}
	if d := cmp.Diff(sorted(want), sorted(out)); d != "" {
		w.t.Errorf("%s (-documented +printed):\n%s", command, d)
	}
}

func TestWhoseAreImported(t *testing.T) {
	w := newConnected(t, "selected", least, fast)
	w.people()
	list := filepath.Join(t.TempDir(), "users.txt")
	must(t, os.WriteFile(list, []byte("\ufeff# sales\r\nADA@contoso.com\r\n\r\n  o'neill@contoso.com\nada@contoso.com\nnobody@contoso.com\nno name\n"), 0o600))
	ada := []string{"ada@contoso.com alternateMobile", "ada@contoso.com mobile", "ada@contoso.com office"}
	for name, tc := range map[string]struct {
		args []string
		want []string
		told []string
	}{
		"a group": {[]string{"--group", salesID}, ada, []string{"admin@contoso.com PrivilegedUser", "eve@fabrikam.com NotPermitted"}},
		"a file": {[]string{"--users-from", list}, append(slices.Clone(ada), "o'neill@contoso.com mobile"),
			[]string{"ada@contoso.com SameUser", "no name UserNotFound", "nobody@contoso.com UserNotFound"}},
		"names":    {[]string{"ada@contoso.com", uuid.Nil.String()}, ada, []string{uuid.Nil.String() + " UserNotFound"}},
		"a filter": {[]string{"--filter", "startswith(userPrincipalName,'o''n')"}, []string{"o'neill@contoso.com mobile"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := &connected{world: &world{Client: w.Client, t: t, namespace: w.namespace, kubeconfig: w.kubeconfig}, graph: w.graph}
			dir := t.TempDir()
			s := w.imports(append(tc.args, "--out", dir)...)
			if d := cmp.Diff(tc.want, w.declared(dir)); d != "" {
				t.Errorf("manifests (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tc.told, s.told()); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
	for name, tc := range map[string]struct{ args, want []string }{
		"nobody":                     {nil, []string{"say whose phones"}},
		"two ways":                   {[]string{"--group", salesID, "ada@contoso.com"}, []string{"say whose phones"}},
		"a filter of other things":   {[]string{"--filter", "userType eq 'Guest'"}, []string{"grant User.Read.All"}},
		"a filter that is none":      {[]string{"--filter", "shoeSize gt 40"}, []string{"does not take this filter"}},
		"a group that is not there":  {[]string{"--group", uuid.NewString()}, []string{"no group with this object id"}},
		"a tenant that is not there": {[]string{"--all", "--from-tenant", "nowhere"}, []string{"there is no EntraTenant nowhere"}},
	} {
		_, _, err := w.run(append([]string{"import", "--from-tenant", w.namespace, "--dry-run"}, tc.args...)...)
		if err == nil {
			t.Errorf("%s is imported", name)
			continue
		}
		mustSay(t, err.Error(), tc.want...)
	}
}

// What the token lacks is said before anything is read.
func TestImportSaysWhatToGrant(t *testing.T) {
	w := newConnected(t, "granted", []string{"User.ReadBasic.All", "GroupMember.Read.All"})
	_, _, err := w.run("import", "--from-tenant", w.namespace, "--all", "--dry-run")
	if err == nil {
		t.Fatal("imported without a permission")
	}
	mustSay(t, err.Error(), "the app registration of EntraTenant granted lacks UserAuthMethod-Phone.Read.All, RoleManagement.Read.Directory: grant these")

	// Where Entra's protection does not count, groups need their permission all the same.
	o := &v1alpha1.EntraTenant{}
	must(t, w.Get(t.Context(), client.ObjectKey{Name: w.namespace}, o))
	o.Spec.PrivilegedUsers = v1alpha1.PrivilegedUsersAllow
	must(t, w.Update(t.Context(), o))
	must(t, w.graph.AddApp(emulator.App{ClientID: clientID, Secret: appSecret, Roles: []string{"UserAuthMethod-Phone.Read.All", "User.ReadBasic.All"}}))
	_, _, err = w.run("import", "--from-tenant", w.namespace, "--group", salesID, "--dry-run")
	if err == nil {
		t.Fatal("imported without a permission")
	}
	mustSay(t, err.Error(), "lacks GroupMember.Read.All: grant this")

	w.actsAs("importer", nil, []rbacv1.PolicyRule{
		{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{"phoneauthenticationmethods", "entratenants"}, Verbs: []string{"get", "list"}}})
	_, _, err = w.run("import", "--from-tenant", w.namespace, "--all", "--dry-run")
	if err == nil || !strings.Contains(err.Error(), "--credential=default") {
		t.Errorf("who may not read the Secret is told %v", err)
	}
}

// An import that is interrupted, wherever that is, goes on and comes to the same manifests.
func TestAnInterruptedImportGoesOn(t *testing.T) {
	w := newConnected(t, "interrupted", least, fast)
	var want []string
	for n := range 12 {
		name := fmt.Sprintf("user%02d", n)
		w.user(name, having(map[string]string{"mobile": fmt.Sprintf("+1 20655501%02d", n)}))
		want = append(want, name+"@contoso.com mobile")
	}
	w.user("eve@fabrikam.com", func(u *emulator.User) { u.ID = "00000000" + u.ID[8:] }) // the first
	dir, report := t.TempDir(), filepath.Join(t.TempDir(), "report.csv")
	args := []string{"import", "--from-tenant", w.namespace, "--all", "--out", dir, "--report", report}
	ids := slices.Sorted(maps.Keys(w.names)) // the order of Graph
	must(t, w.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusUnauthorized, Path: ids[6] + "/authentication"}))
	must(t, w.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusBadRequest, Path: ids[3] + "/authentication"}))
	_, _, err := w.run(args...)
	if err == nil {
		t.Fatal("nothing interrupted it")
	}
	mustSay(t, err.Error(), "the same command with --resume goes on")
	if _, _, err := w.run(args...); !errors.Is(err, importing.ErrInterrupted) {
		t.Errorf("it begins anew: %v", err)
	}
	w.graph.ClearFaults()
	before := len(w.declared(dir)) + 1
	want = slices.DeleteFunc(want, func(phone string) bool { return phone == w.names[ids[3]]+" mobile" }) // whom Graph did not show
	w.graph.ResetRequests()
	out, _ := w.works(append(args, "--resume")...)
	mustSay(t, out, "looked at 13 users", "imported: 11 phones; left out: 1 refused, 1 skipped by the tenant's rules", "refused: 1 Rejected")
	if d := cmp.Diff(want, w.declared(dir)); d != "" {
		t.Errorf("manifests (-want +got):\n%s", d)
	}
	read := 0
	for _, r := range w.graph.Requests() {
		if strings.HasSuffix(r.Path, "/phoneMethods") {
			read++
		}
	}
	if before < 2 || read != 12-before {
		t.Errorf("%d users were done, and then %d read", before, read)
	}
	rows, err := os.ReadFile(report)
	must(t, err)
	if strings.Count(string(rows), "eve@fabrikam.com") != 1 || strings.Count(string(rows), "line,column") != 1 {
		t.Errorf("the report:\n%s", rows)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*journal*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left: %v", left, err)
	}
}

// A list of many pages is read to its end, although Graph asks for a pause and forgets in between where the next page is.
func TestImportOfManyPages(t *testing.T) {
	w := newConnected(t, "pages", least, fast)
	const many = 1200
	for n := range many {
		w.user(fmt.Sprintf("user%04d@fabrikam.com", n)) // whom the rules do not cover, and of whom nothing more is asked
	}
	must(t, w.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusTooManyRequests, Retry: "1", Path: "/users$", Times: 1}))
	must(t, w.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusBadRequest, Path: "/users$", From: 2, Times: 1}))
	w.graph.ResetRequests()
	s := w.imports("--all", "--dry-run")
	if s.Users != many || s.Counts[importing.Skipped] != many {
		t.Errorf("%+v", s.Progress)
	}
	asked := 0
	for _, r := range w.graph.Requests() {
		if strings.HasSuffix(r.Path, "/users") {
			asked++
		}
	}
	if asked != 5 { // the pause, the first page, the one that is forgotten, and both
		t.Errorf("%d pages were asked for", asked)
	}
}
