package controllers_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// plausible is one Graph that there may be: an emulator with one set of assumptions,
// the EntraTenant for it, and the operator of the suite, which runs against all of
// them at the same time.
type plausible struct {
	*story
	tenant  string
	assumed emulator.Assumptions
}

// readLag is how long Graph's reads lag behind its writes in stories that are not about speed. A Graph that
// is never behind would be kinder than the real one.
const readLag = 500 * time.Millisecond

// operatorMeets are the guesses that the operator's requests come across.
var operatorMeets = []emulator.Guess{
	emulator.DuplicateType, emulator.InvalidNumber, emulator.NumberPlan, emulator.NeedsMobile, emulator.NeededByAlternate,
	emulator.SignInRefused, emulator.SignInOnUpdate, emulator.UnknownMethod, emulator.UnknownUser, emulator.CreatedDate,
	emulator.ThrottleCode, emulator.ThrottleHeaders,
}

// TestTheSameLifeInEveryPlausibleGraph plays each step in all Graphs before the next,
// so that the operator works in all of them at once.
func TestTheSameLifeInEveryPlausibleGraph(t *testing.T) {
	s := newStory(t)
	variants := emulator.Variants(operatorMeets...)
	var graphs []*plausible
	for i, name := range slices.Sorted(maps.Keys(variants)) {
		graphs = append(graphs, s.plausible(name, fmt.Sprintf("plausible-%d", i), variants[name]))
	}
	for _, step := range []struct {
		name       string
		begin, end func(*plausible)
	}{
		{"three phones, the alternateMobile first", (*plausible).applyThree, (*plausible).threeReady},
		{"a phone that is there is adopted, a number that cannot be is refused", (*plausible).applyOdd, (*plausible).oddSettled},
		{"another client makes the phone first", (*plausible).applyDuplicate, (*plausible).duplicateSettled},
		{"another client deletes the phone first", (*plausible).removeDuplicate, (*plausible).duplicateGone},
		{"SMS sign-in is switched off and the number edited", (*plausible).editSignIn, (*plausible).signInSettled},
		{"the mobile goes with its alternateMobile, one user is deleted", (*plausible).removeAll, (*plausible).allGone},
	} {
		for _, g := range graphs {
			step.begin(g)
		}
		for _, g := range graphs {
			t.Run(step.name+": "+g.tenant, func(t *testing.T) {
				g.t = t
				t.Log(g.assumed)
				step.end(g)
			})
			g.t = t
		}
		if t.Failed() {
			return // the steps build on each other
		}
	}
}

// plausible serves one Graph and has the operator connect to it.
func (s *story) plausible(name, tenant string, a emulator.Assumptions) *plausible {
	s.t.Helper()
	graph := emulator.New(emulator.Options{Seed: 1})
	must(s.t, graph.SetAssumptions(a))
	graph.SetReadLag(readLag)
	if name == "the defaults" || a[emulator.ThrottleCode] != "" || a[emulator.ThrottleHeaders] != "" {
		graph.SetThrottle(emulator.Throttle{Class: emulator.AuthenticationMethods, Requests: 10, Per: 2 * time.Second})
	}
	id := uuid.NewString()
	must(s.t, graph.AddTenant(emulator.Tenant{ID: id, Domains: []string{"contoso.com"}}))
	must(s.t, graph.AddApp(emulator.App{ClientID: clientID, Secret: "first", Roles: []string{
		"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}}))
	server, err := emulator.Serve(graph, "127.0.0.1:0")
	must(s.t, err)
	s.t.Cleanup(func() { must(s.t, server.Close()) })

	here := *s.suite
	here.graph, here.url, here.ca = graph, server.URL, server.CAPEM
	g := &plausible{&story{suite: &here, t: s.t, namespace: s.namespace}, tenant, a}
	for _, user := range []string{"ada", "ben", "cora", "dora", "eve"} {
		u := emulator.User{ID: g.id(user), UPN: user + "@contoso.com", SMSSignIn: user == "eve"}
		if user == "ben" {
			u.Phones = map[string]string{"office": "+1 2065550120"}
		}
		must(s.t, graph.AddUser(u))
	}
	o := here.tenant(tenant, id)
	must(s.t, s.Create(s.t.Context(), o))
	s.t.Cleanup(func() { _ = s.Delete(s.t.Context(), o) })
	return g
}

func (g *plausible) id(user string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(g.tenant+"/"+user)).String()
}

func (g *plausible) name(user string, t v1alpha1.PhoneType) string {
	return strings.ToLower(g.tenant + "-" + user + "-" + string(t))
}

func (g *plausible) declare(user string, t v1alpha1.PhoneType, number string, options ...option) {
	g.t.Helper()
	o := g.pam(g.name(user, t), user+"@contoso.com", t, number, options...)
	o.Spec.TenantRef = &v1alpha1.TenantReference{Name: g.tenant}
	g.apply(o)
}

// holds waits until Graph has just these phones of the user.
func (g *plausible) holds(user string, phones ...string) {
	g.t.Helper()
	g.has(emulator.User{ID: g.id(user)}, phones...)
}

// answered are the statuses of the writes for a user.
func (g *plausible) answered(user, method string) (statuses []int) {
	for _, r := range g.graph.Writes() {
		if r.User == g.id(user) && r.Method == method {
			statuses = append(statuses, r.Status)
		}
	}
	return statuses
}

// elsewhere is a request of another client of the same Graph. The next reads of the
// user do not show yet what it did.
func (g *plausible) elsewhere(method, user, path, body string) {
	g.t.Helper()
	target := "/v1.0/users/" + g.id(user) + "/authentication/phoneMethods" + path
	must(g.t, g.graph.AddFault(emulator.Fault{Method: method, Path: "^" + target + "$", Times: 1, Effect: emulator.Lag, Reads: 4}))
	send := func(method, path, media, body, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, g.url+path, strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		g.graph.ServeHTTP(w, r)
		if w.Code >= 300 {
			g.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		return w
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {clientID}, "client_secret": {"first"}, "scope": {g.url + "/.default"}}
	var said struct {
		Token string `json:"access_token"`
	}
	must(g.t, json.Unmarshal(send(http.MethodPost, "/contoso.com/oauth2/v2.0/token", "application/x-www-form-urlencoded", form.Encode(), "").Body.Bytes(), &said))
	send(method, target, "application/json", body, said.Token)
}

func (g *plausible) applyThree() {
	g.declare("ada", alternate, "+1 2065550102")
	g.declare("ada", mobile, "+12065550101")
	g.declare("ada", office, "+1 2065550103x77")
}

func (g *plausible) threeReady() {
	g.ready(g.name("ada", alternate), g.name("ada", mobile), g.name("ada", office))
	g.holds("ada", "mobile +1 2065550101", "alternateMobile +1 2065550102", "office +1 2065550103x77")
	if got := g.answered("ada", http.MethodPost); !slices.Equal(got, []int{201, 201, 201}) {
		g.t.Errorf("creates were answered %v", got)
	}
}

func (g *plausible) applyOdd() {
	g.declare("ben", office, "+1 2065550120")
	g.declare("ben", mobile, "+1 0005550100")
}

func (g *plausible) oddSettled() {
	g.ready(g.name("ben", office))
	if g.assumed[emulator.NumberPlan] == "valid" {
		g.reaches(g.name("ben", mobile), v1alpha1.ConditionSynced, no, v1alpha1.ReasonRejected)
		g.holds("ben", "office +1 2065550120")
		return
	}
	g.ready(g.name("ben", mobile))
	g.holds("ben", "mobile +1 0005550100", "office +1 2065550120")
}

func (g *plausible) applyDuplicate() {
	g.elsewhere(http.MethodPost, "cora", "", `{"phoneNumber":"+1 2065550130","phoneType":"mobile"}`)
	g.declare("cora", mobile, "+1 2065550131", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.AdoptionPolicy = v1alpha1.AdoptAlways })
}

func (g *plausible) duplicateSettled() {
	g.ready(g.name("cora", mobile))
	g.holds("cora", "mobile +1 2065550131")
	if got := g.answered("cora", http.MethodPost); len(got) < 2 || !slices.Contains(got, g.refusedAs(emulator.DuplicateType)) {
		g.t.Errorf("creates were answered %v: no duplicate was met", got)
	}
}

// refusedAs is the status of a rule's refusal.
func (g *plausible) refusedAs(guess emulator.Guess) int {
	if g.assumed[guess] == "conflict" {
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

func (g *plausible) removeDuplicate() {
	g.elsewhere(http.MethodDelete, "cora", "/"+mobileMethod, "")
	g.remove(g.name("cora", mobile))
	g.declare("dora", mobile, "+1 2065550140")
	g.declare("eve", mobile, "+1 2065550150")
}

const mobileMethod = "3179e48a-750b-4051-897c-87b9720928f7"

func (g *plausible) duplicateGone() {
	g.gone(g.name("cora", mobile))
	g.holds("cora")
	g.ready(g.name("dora", mobile), g.name("eve", mobile))
	if got := g.answered("cora", http.MethodDelete); !slices.Contains(got, http.StatusNotFound) {
		g.t.Errorf("deletions were answered %v: none came too late", got)
	}
}

func (g *plausible) editSignIn() {
	g.edit(g.name("eve", mobile), func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.SMSSignIn, o.Spec.PhoneNumber = v1alpha1.SMSSignInDisabled, "+1 2065550151"
	})
	g.edit(g.name("dora", mobile), func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.SMSSignIn = v1alpha1.SMSSignInEnabled })
}

func (g *plausible) signInSettled() {
	g.ready(g.name("eve", mobile))
	g.holds("eve", "mobile +1 2065550151")
	g.eventually("SMS sign-in of Eve is off", func() error {
		if got := g.graph.Phones(g.id("eve"))[0].SMSSignInState; got != "notEnabled" {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
	// The policy does not let Dora sign in so, whatever Graph says to the attempt.
	g.reaches(g.name("dora", mobile), v1alpha1.ConditionReady, no, v1alpha1.ReasonSMSSignInNotAsAsked)
	g.reaches(g.name("dora", mobile), v1alpha1.ConditionSynced, yes, v1alpha1.ReasonSynced)
}

func (g *plausible) removeAll() {
	g.remove(g.name("ada", mobile), g.name("ada", alternate), g.name("ada", office))
	must(g.t, g.graph.RemoveUser(g.id("eve")))
	g.remove(g.name("eve", mobile), g.name("ben", office), g.name("ben", mobile), g.name("dora", mobile))
}

func (g *plausible) allGone() {
	for _, t := range []v1alpha1.PhoneType{mobile, alternate, office} {
		g.gone(g.name("ada", t))
	}
	g.gone(g.name("eve", mobile), g.name("ben", office), g.name("ben", mobile), g.name("dora", mobile))
	for _, user := range []string{"ada", "ben", "dora"} {
		g.holds(user)
	}
	if got := g.answered("ada", http.MethodDelete); !slices.Equal(got, []int{204, 204, 204}) {
		g.t.Errorf("deletions were answered %v, want each phone once, in an order that Graph takes", got)
	}
}
