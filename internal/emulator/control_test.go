package emulator_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

type control struct {
	t   *testing.T
	url string
}

func startControl(t *testing.T, g *graph) control {
	t.Helper()
	s, err := emulator.ServeControl(g.Emulator, "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return control{t, s.URL}
}

func (c control) send(method, path, body string, header map[string]string) (int, string) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	must(c.t, err)
	r.Header.Set("Content-Type", "application/json")
	for name, value := range header {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(r)
	must(c.t, err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	must(c.t, err)
	return answer.StatusCode, string(got)
}

func (c control) do(method, path, body string) string {
	c.t.Helper()
	status, got := c.send(method, path, body, nil)
	if status != 200 && status != 204 {
		c.t.Fatalf("%s %s: %d %s", method, path, status, got)
	}
	return got
}

func TestAWorldMadeThroughTheControlInterface(t *testing.T) {
	g := start(t)
	c := startControl(t, g)
	c.do("POST", "/reset", "")
	c.do("POST", "/tenants", `{"id":"`+tenantID+`"}`)
	c.do("POST", "/apps", `{"clientID":"`+clientID+`","secret":"`+secret+`","roles":["UserAuthMethod-Phone.ReadWrite.All","User.Read.All"]}`)
	c.do("POST", "/groups", `{"id":"`+deskID+`","isAssignableToRole":true}`)
	c.do("POST", "/users", `{"id":"`+adaID+`","upn":"`+adaUPN+`","phones":{"mobile":"+1 2065550100"}}`)
	g.token = g.signIn()

	c.do("PATCH", "/users/"+adaID, `{"smsSignIn":true,"upn":"lovelace@contoso.example","groups":["`+deskID+`"]}`)
	g.do("GET", phones("lovelace@contoso.example"), "").wants(200, "")
	g.wantsState(adaID, "notEnabled")

	c.do("PUT", "/users/"+adaID+"/phones/office", `{"phoneNumber":"+12065550101x5"}`)
	c.do("DELETE", "/users/"+adaID+"/phones/mobile", "")
	var got map[string][]emulator.Phone
	must(t, json.Unmarshal([]byte(c.do("GET", "/phones", "")), &got))
	want := map[string][]emulator.Phone{adaID: {{ID: officeID, Type: "office", Number: "+1 2065550101x5", SMSSignInState: "notSupported"}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	c.do("DELETE", "/users/"+adaID, "")
	g.do("GET", "/v1.0/users/"+adaID, "").wants(404, "Request_ResourceNotFound")
}

func TestFaultsAndLimitsThroughTheControlInterface(t *testing.T) {
	g := start(t)
	c := startControl(t, g)
	c.do("POST", "/faults", `{"method":"GET","path":"phoneMethods$","times":1,"effect":"answer","status":503,"retryAfter":"5"}`)
	c.do("POST", "/faults", `{"method":"POST","effect":"lag","delay":"10s"}`)
	g.do("GET", phones(adaID), "").wants(503, "serviceNotAvailable")
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	g.do("GET", phones(adaID, "/", mobileID), "").wants(404, "resourceNotFound")
	c.do("DELETE", "/faults", "")

	c.do("PUT", "/throttle", `{"requests":1,"per":"9s"}`)
	g.do("GET", phones(adaID), "").wants(200, "")
	if got := g.do("GET", phones(adaID), "").header.Get("Retry-After"); got != "17" { // as long as it takes to be below the limit again
		t.Errorf("Retry-After %q", got)
	}
	c.do("DELETE", "/throttle", "")

	c.do("PUT", "/throttle", `{"class":"authentication","requests":1,"per":"1h"}`)
	g.do("GET", "/v1.0/users/"+adaID, "").wants(200, "")
	g.do("GET", phones(adaID), "").wants(200, "")
	g.do("GET", phones(adaID), "").wants(429, "TooManyRequests")
	c.do("DELETE", "/throttle", "")

	var writes []emulator.Request
	must(t, json.Unmarshal([]byte(c.do("GET", "/writes", "")), &writes))
	if len(writes) != 1 || writes[0].Status != 201 || writes[0].PhoneType != "mobile" || writes[0].User != adaID || writes[0].Body == "" {
		t.Errorf("%+v", writes)
	}
	if got := strings.TrimSpace(c.do("GET", "/requests/count", "")); got == "0" {
		t.Errorf("%s requests", got)
	}
	c.do("DELETE", "/requests", "")
	if got := strings.TrimSpace(c.do("GET", "/requests/count", "")); got != "0" {
		t.Errorf("%s requests after they were forgotten", got)
	}
	if got := strings.TrimSpace(c.do("GET", "/requests", "")); got != "[]" && got != "null" {
		t.Errorf("requests %s", got)
	}
	if !strings.Contains(c.do("GET", "/", ""), "POST   /faults") {
		t.Error("no help")
	}
}

func TestWhichGraphThisIsThroughTheControlInterface(t *testing.T) {
	g := start(t)
	c := startControl(t, g)
	c.do("PUT", "/assumptions", `{"unknownMethod":"itemNotFound"}`)
	g.do("DELETE", phones(adaID, "/", mobileID), "").wants(404, "itemNotFound")
	if got := strings.TrimSpace(c.do("GET", "/assumptions", "")); got != `{"unknownMethod":"itemNotFound"}` {
		t.Errorf("assumptions %s", got)
	}
	c.do("PUT", "/readlag", `{"readLag":"1m"}`)
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	if got := g.numbers(adaID); len(got) != 0 {
		t.Errorf("a read sees the write at once: %v", got)
	}
}

func TestWhatTheControlInterfaceRefuses(t *testing.T) {
	g := start(t)
	c := startControl(t, g)
	for name, q := range map[string]struct {
		method, path, body string
		header             map[string]string
		status             int
	}{
		"a misspelt fault":            {method: "POST", path: "/faults", body: `{"efect":"cut"}`, status: 400},
		"a length of time in numbers": {method: "POST", path: "/faults", body: `{"effect":"delay","delay":5}`, status: 400},
		"a class of no limit":         {method: "PUT", path: "/throttle", body: `{"class":"all","requests":1}`, status: 400},
		"a guess there is none of":    {method: "PUT", path: "/assumptions", body: `{"weather":"fine"}`, status: 400},
		"a lag in numbers":            {method: "PUT", path: "/readlag", body: `{"readLag":5}`, status: 400},
		"a user with no tenant":       {method: "POST", path: "/users", body: `{"id":"` + oneillID + `","upn":"x@y.example","tenantID":"` + bobID + `"}`, status: 400},
		"a user whose id is no GUID":  {method: "POST", path: "/users", body: `{"id":"x","upn":"x@y.example"}`, status: 400},
		"a user twice":                {method: "POST", path: "/users", body: `{"id":"` + adaID + `","upn":"x@y.example"}`, status: 400},
		"another id for a user":       {method: "PATCH", path: "/users/" + adaID, body: `{"id":"` + oneillID + `"}`, status: 400},
		"the UPN of another user":     {method: "PATCH", path: "/users/" + adaID, body: `{"upn":"bob@contoso.example"}`, status: 400},
		"a phone of no type":          {method: "PUT", path: "/users/" + adaID + "/phones/fax", body: `{"phoneNumber":"+1 2065550100"}`, status: 400},
		"a user nobody knows":         {method: "DELETE", path: "/users/" + oneillID, status: 400},
		"an app without a GUID":       {method: "POST", path: "/apps", body: `{"clientID":"x"}`, status: 400},
		"a certificate that is none":  {method: "POST", path: "/apps", body: `{"clientID":"` + clientID + `","certificate":"x"}`, status: 400},
		"a key that is none":          {method: "POST", path: "/apps", body: `{"clientID":"` + clientID + `","federated":[{"publicKey":"x"}]}`, status: 400},
		"a form":                      {method: "POST", path: "/reset", header: map[string]string{"Content-Type": "text/plain"}, status: 415},
		"a name made to point here":   {method: "GET", path: "/phones", header: map[string]string{"Host": "evil.example"}, status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			if status, got := c.send(q.method, q.path, q.body, q.header); status != q.status {
				t.Errorf("%d %s", status, got)
			}
		})
	}
}
