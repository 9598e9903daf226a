package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// operatorMeets are the guesses that the operator's requests come across.
var operatorMeets = []emulator.Guess{
	emulator.DuplicateType, emulator.InvalidNumber, emulator.NumberPlan, emulator.NeedsMobile, emulator.NeededByAlternate,
	emulator.SignInRefused, emulator.SignInOnUpdate, emulator.UnknownMethod, emulator.UnknownUser, emulator.CreatedDate,
	emulator.ThrottleCode, emulator.ThrottleHeaders,
}

// One operator works in the Graphs that there may be, at the same time: in an emulator of the defaults, in one of the last value
// of each guess, and in one of those between, so that it meets every value. TestModel plays each value alone as well.
func TestTheSameLifeInEveryPlausibleGraph(t *testing.T) {
	t.Parallel()
	const last = "none of the defaults"
	for name, assumed := range map[string]emulator.Assumptions{
		"the defaults": {},
		last:           emulator.Variants(operatorMeets...)[last],
		"the values between": {
			emulator.NumberPlan: "valid", emulator.SignInRefused: "conflict", emulator.UnknownMethod: "itemNotFound",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := patient(t)
			must(t, s.graph.SetAssumptions(assumed))
			if name == "the defaults" || assumed[emulator.ThrottleCode] != "" || assumed[emulator.ThrottleHeaders] != "" {
				s.graph.SetThrottle(emulator.Throttle{Class: emulator.AuthenticationMethods, Requests: 10, Per: 2 * time.Second})
			}
			s.connect()
			s.lead(assumed)
		})
	}
}

func (s *story) lead(assumed emulator.Assumptions) {
	p, t := s.people, s.t
	answered := func(u emulator.User, method string) (statuses []int) {
		for _, r := range s.writes() {
			if r.User == u.ID && r.Method == method {
				statuses = append(statuses, r.Status)
			}
		}
		return statuses
	}

	t.Log("three phones, the alternateMobile first")
	ada := s.user()
	p.apply(p.phone("ada-alt", ada.UPN, alternate, "+1 2065550102"), p.phone("ada", ada.UPN, mobile, "+12065550101"),
		p.phone("ada-office", ada.UPN, office, "+1 2065550103x77"))
	p.ready("ada-alt", "ada", "ada-office")
	s.has(ada, "mobile +1 2065550101", "alternateMobile +1 2065550102", "office +1 2065550103x77")
	if got := answered(ada, http.MethodPost); !slices.Equal(got, []int{201, 201, 201}) {
		t.Errorf("creates were answered %v", got)
	}

	t.Log("a phone that is there is adopted, a number that cannot be is refused")
	ben := s.user(hasPhone("office", "+1 2065550120"))
	p.apply(p.phone("ben-office", ben.UPN, office, "+1 2065550120"), p.phone("ben", ben.UPN, mobile, "+1 0005550100"))
	p.ready("ben-office")
	if assumed[emulator.NumberPlan] == "valid" {
		p.reaches("ben", v1alpha1.ConditionSynced, no, v1alpha1.ReasonRejected)
		s.has(ben, "office +1 2065550120")
	} else {
		p.ready("ben")
		s.has(ben, "mobile +1 0005550100", "office +1 2065550120")
	}

	t.Log("another client makes the phone first")
	cora := s.user()
	s.elsewhere(http.MethodPost, cora, "", `{"phoneNumber":"+1 2065550130","phoneType":"mobile"}`)
	p.apply(p.phone("cora", cora.UPN, mobile, "+1 2065550131", adoptAlways))
	p.ready("cora")
	s.has(cora, "mobile +1 2065550131")
	refusal := http.StatusBadRequest
	if assumed[emulator.DuplicateType] == "conflict" {
		refusal = http.StatusConflict
	}
	if got := answered(cora, http.MethodPost); len(got) < 2 || !slices.Contains(got, refusal) {
		t.Errorf("creates were answered %v: no duplicate was met", got)
	}

	t.Log("another client deletes the phone first")
	s.elsewhere(http.MethodDelete, cora, "/"+mobileID, "")
	p.remove("cora")
	p.gone("cora")
	s.has(cora)
	if got := answered(cora, http.MethodDelete); !slices.Contains(got, http.StatusNotFound) {
		t.Errorf("deletions were answered %v: none came too late", got)
	}

	t.Log("SMS sign-in is switched off and the number edited")
	dora, eve := s.user(), s.user(func(u *emulator.User) { u.SMSSignIn = true })
	p.apply(p.phone("dora", dora.UPN, mobile, "+1 2065550140"), p.phone("eve", eve.UPN, mobile, "+1 2065550150"))
	p.ready("dora", "eve")
	p.edit("eve", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.SMSSignIn, o.Spec.PhoneNumber = v1alpha1.SMSSignInDisabled, "+1 2065550151"
	})
	p.edit("dora", signIn(v1alpha1.SMSSignInEnabled))
	p.ready("eve")
	s.has(eve, "mobile +1 2065550151")
	s.eventually("SMS sign-in of Eve is off", func() error {
		if got := s.graph.Phones(eve.ID)[0].SMSSignInState; got != "notEnabled" {
			return fmt.Errorf("it is %s", got)
		}
		return nil
	})
	// The policy does not let Dora sign in so, whatever Graph says to the attempt.
	p.reaches("dora", v1alpha1.ConditionReady, no, v1alpha1.ReasonSMSSignInNotAsAsked)
	p.reaches("dora", v1alpha1.ConditionSynced, yes, v1alpha1.ReasonSynced)

	t.Log("the mobile goes with its alternateMobile, one user is deleted")
	must(t, s.graph.RemoveUser(eve.ID))
	all := []string{"ada", "ada-alt", "ada-office", "ben", "ben-office", "dora", "eve"}
	p.remove(all...)
	p.gone(all...)
	for _, u := range []emulator.User{ada, ben, dora} {
		s.has(u)
	}
	if got := answered(ada, http.MethodDelete); !slices.Equal(got, []int{204, 204, 204}) {
		t.Errorf("deletions were answered %v, want each phone once, in an order that Graph takes", got)
	}
}

func signIn(as v1alpha1.SMSSignIn) option {
	return func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.SMSSignIn = as }
}

// elsewhere is a request of another client of the same Graph. The next reads of the user do not show yet what it did.
func (s *story) elsewhere(method string, u emulator.User, path, body string) {
	s.t.Helper()
	target := "/v1.0/users/" + u.ID + "/authentication/phoneMethods" + path
	must(s.t, s.graph.AddFault(emulator.Fault{Method: method, Path: "^" + target + "$", Times: 1, Effect: emulator.Lag, Reads: 4}))
	send := func(method, path, media, body, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, s.front.URL+path, strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		s.graph.ServeHTTP(w, r)
		if w.Code >= 300 {
			s.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		return w
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {install.ClientID}, "client_secret": {"first"}, "scope": {s.front.URL + "/.default"}}
	var said struct {
		Token string `json:"access_token"`
	}
	tokens := send(http.MethodPost, "/"+s.tenantID+"/oauth2/v2.0/token", "application/x-www-form-urlencoded", form.Encode(), "")
	must(s.t, json.Unmarshal(tokens.Body.Bytes(), &said))
	send(method, target, "application/json", body, said.Token)
}
