package emulator_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestAnAppMayAskSoMuchAndThenWaits(t *testing.T) {
	g := start(t)
	g.SetThrottle(emulator.Throttle{Requests: 10})
	for i := range 10 {
		r := g.do("GET", phones(adaID), "")
		r.wants(200, "")
		if warned := r.header.Get("x-ms-throttle-limit-percentage"); (warned != "") != (i >= 8) {
			t.Errorf("request %d: used %q", i, warned)
		}
	}
	r := g.do("GET", phones(adaID), "")
	r.wants(429, "TooManyRequests")
	if r.header.Get("x-ms-throttle-scope") != "Tenant_Application/ReadWrite/"+clientID+"/"+tenantID ||
		r.header.Get("x-ms-throttle-information") != "ResourceUnitLimitExceeded" || r.header.Get("x-ms-throttle-limit-percentage") != "1.10" {
		t.Errorf("headers %v", r.header)
	}
	inner := r.json()["error"].(map[string]any)["innerError"].(map[string]any)
	if inner["code"] != "429" || inner["status"] != "429" {
		t.Errorf("innerError %v", inner)
	}
	if all := g.Requests(); all[len(all)-1].RetryAfter != r.header.Get("Retry-After") {
		t.Errorf("the record says %q", all[len(all)-1].RetryAfter)
	}
	wait, err := strconv.Atoi(r.header.Get("Retry-After"))
	must(t, err)
	g.clock.advance(time.Duration(wait)*time.Second - time.Millisecond)
	must(t, g.AddApp(emulator.App{ClientID: bobID, Secret: secret, Roles: everyPermission}))
	g.clock.advance(time.Millisecond)
	g.do("GET", phones(adaID), "").wants(200, "")
	g.do("GET", phones(adaID), "").wants(429, "TooManyRequests")
}

func TestRetryingAtOnceMakesTheWaitLonger(t *testing.T) {
	g := start(t)
	g.SetThrottle(emulator.Throttle{Requests: 10})
	for range 10 {
		g.do("GET", phones(adaID), "")
	}
	for i := range 12 {
		want := strconv.Itoa(min(i+2, 9)) // usage ends at 1.8 times the limit
		if got := g.do("GET", phones(adaID), "").header.Get("Retry-After"); got != want {
			t.Errorf("Retry-After %s, want %s", got, want)
		}
	}
}

func TestABusyAppDoesNotSlowAnother(t *testing.T) {
	g := start(t)
	g.SetThrottle(emulator.Throttle{Requests: 1})
	g.do("GET", phones(adaID), "").wants(200, "")
	g.do("GET", phones(adaID), "").wants(429, "TooManyRequests")
	must(t, g.AddApp(emulator.App{ClientID: bobID, Secret: secret, Roles: everyPermission}))
	form := g.form()
	form.Set("client_id", bobID)
	g.token = g.post("/"+tenantID+"/oauth2/v2.0/token", form).json()["access_token"].(string)
	g.do("GET", phones(adaID), "").wants(200, "")
}

func TestEachRequestOfABatchIsMetered(t *testing.T) {
	g := start(t)
	g.SetThrottle(emulator.Throttle{Requests: 2})
	refused := 0
	for _, a := range g.batch(get("1", "/users/"+adaID), get("2", "/users/"+adaID), get("3", "/users/"+adaID)).answers() {
		if a["status"] == 429.0 {
			refused++
			if a["headers"].(object)["Retry-After"] == nil {
				t.Errorf("headers %v", a["headers"])
			}
		}
	}
	if refused != 1 {
		t.Errorf("%d of 3 are refused", refused)
	}
}

func TestAuthenticationMethodsHaveABucketOfTheirOwn(t *testing.T) {
	g := start(t)
	for _, limit := range emulator.ListedLimits() {
		g.SetThrottle(limit)
	}
	for range 5 {
		g.do("GET", phones(adaID), "").wants(200, "")
	}
	g.do("GET", "/v1.0/users/"+adaID+"/authentication/methods", "").wants(429, "TooManyRequests")
	g.do("GET", "/v1.0/users/"+adaID, "").wants(200, "")
	g.clock.advance(10 * time.Second)
	g.do("GET", phones(adaID), "").wants(200, "")
}

func TestALimitIsTakenAway(t *testing.T) {
	g := start(t)
	for name, without := range map[string]emulator.Throttle{
		"by its class": {Class: emulator.AuthenticationMethods}, "with all others": {},
	} {
		g.SetThrottle(emulator.Throttle{Class: emulator.AuthenticationMethods, Requests: 1})
		g.do("GET", phones(adaID), "").wants(200, "")
		g.do("GET", phones(adaID), "").wants(429, "")
		g.SetThrottle(without)
		if r := g.do("GET", phones(adaID), ""); r.status != 200 {
			t.Errorf("%s: %d", name, r.status)
		}
	}
}
