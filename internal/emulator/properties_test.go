package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/emulator"
)

// answer gives a request to the handler itself, which is fast enough for many.
func (g *graph) answer(method, path, contentType, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, g.server.URL+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+g.token)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

// TestNoSequenceBreaksGraphsRules lets lawful and unlawful requests follow each
// other as they will.
func TestNoSequenceBreaksGraphsRules(t *testing.T) {
	g := start(t)
	users := []string{adaID, bobID, guestID}
	methodIDs := []string{mobileID, alternateID, officeID, deskID, "x"}
	numbers := []string{one, two, "+12065550100", "+31612345678", "+1 2065550100x9", "1", ""}
	types := []string{"mobile", "alternateMobile", "office", "fax"}
	rapid.Check(t, func(t *rapid.T) {
		for _, id := range users {
			for _, phoneType := range types[:3] {
				must(g.t, g.RemovePhone(id, phoneType))
			}
			policy, last := rapid.Bool().Draw(t, "policy"), rapid.SampledFrom([]string{"", "mobile", "alternateMobile", "office"}).Draw(t, "default")
			must(g.t, g.UpdateUser(id, func(u *emulator.User) { u.SMSSignIn, u.DefaultMethod = policy, last }))
		}
		for range rapid.IntRange(1, 25).Draw(t, "length") {
			user := rapid.SampledFrom(users).Draw(t, "user")
			before := g.Phones(user)
			method, path, body := "POST", phones(user), phoneJSON(rapid.SampledFrom(numbers).Draw(t, "number"), rapid.SampledFrom(types).Draw(t, "type"))
			switch id := rapid.SampledFrom(methodIDs).Draw(t, "id"); rapid.IntRange(0, 5).Draw(t, "what") {
			case 0:
				method, path = "PATCH", path+"/"+id
			case 1:
				method, path, body = "DELETE", path+"/"+id, ""
			case 2:
				path, body = path+"/"+id+"/enableSmsSignIn", ""
			case 3:
				path, body = path+"/"+id+"/disableSmsSignIn", ""
			}
			w := g.answer(method, path, "application/json", body)
			after := g.Phones(user)
			if w.Code >= 500 {
				t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
			if w.Code >= 400 && w.Code != http.StatusConflict && fmt.Sprint(before) != fmt.Sprint(after) {
				t.Fatalf("%s %s was refused with %d and did something: %v, then %v", method, path, w.Code, before, after)
			}
			lawful(t, g)
		}
	})
}

// lawful checks what holds in Graph at any time.
func lawful(t *rapid.T, g *graph) {
	signIn := map[string]string{}
	for user, list := range g.Snapshot() {
		types := map[string]bool{}
		for _, p := range list {
			if types[p.Type] {
				t.Fatalf("two %s phones", p.Type)
			}
			types[p.Type] = true
			if country, rest, found := strings.Cut(p.Number, " "); !found || country[0] != '+' || rest == "" {
				t.Fatalf("a number without its space: %q", p.Number)
			}
			if strings.Contains(p.Number, "x") && p.Type != "office" {
				t.Fatalf("an extension on a %s phone", p.Type)
			}
			if (p.Type != "mobile" || user == guestID) != (p.SMSSignInState == "notSupported") {
				t.Fatalf("%s of %s is %s", p.Type, user, p.SMSSignInState)
			}
			if p.SMSSignInState == "ready" {
				if other, taken := signIn[p.Number]; taken {
					t.Fatalf("%s and %s sign in with one number", user, other)
				}
				signIn[p.Number] = user
			}
		}
		if types["alternateMobile"] && !types["mobile"] {
			t.Fatal("an alternateMobile without a mobile")
		}
	}
}

// FuzzRequests looks for a request that makes the emulator fail instead of refuse.
func FuzzRequests(f *testing.F) {
	g := start(f)
	f.Add("POST", "/authentication/phoneMethods", "application/json", phoneJSON(one, "mobile"))
	f.Add("PATCH", "/authentication/phoneMethods/"+mobileID, "application/json; charset=utf-8", `{"phoneNumber":"+1 2065550100x1"}`)
	f.Add("GET", "/authentication/phoneMethods?$filter=phoneType eq 'mobile'&$select=id", "", "")
	f.Add("GET", "/transitiveMemberOf/microsoft.graph.group?$count=true", "", "")
	f.Add("POST", "/../../$batch", "application/json", `{"requests":[{"id":"1","method":"GET","url":"/users('a''b')"}]}`)
	f.Add("GET", "('%27')", "", "")
	f.Fuzz(func(t *testing.T, method, path, contentType, body string) {
		if !json.Valid([]byte(`"`+method+`"`)) || strings.ContainsAny(method, " \t\r\n") || method == "" {
			t.Skip("no method of HTTP")
		}
		for _, prefix := range []string{"/v1.0/users/" + adaID, "/beta/users", "/v1.0/$batch", "/" + tenantID + "/oauth2/v2.0/token"} {
			r := httptest.NewRequest("GET", g.server.URL, strings.NewReader(body))
			r.Method, r.URL.Path = method, prefix+strings.SplitN(path, "?", 2)[0]
			if _, query, found := strings.Cut(path, "?"); found {
				r.URL.RawQuery = query
			}
			r.Header.Set("Authorization", "Bearer "+g.token)
			r.Header.Set("Content-Type", contentType)
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			if w.Code >= 500 || w.Code < 200 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if w.Code >= 400 && !json.Valid(w.Body.Bytes()) && w.Header().Get("Content-Type") != "text/plain" {
				t.Errorf("a refusal that is no JSON: %q", w.Body)
			}
		}
	})
}
