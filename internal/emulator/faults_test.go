package emulator_test

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

func (g *graph) fault(f emulator.Fault) {
	g.t.Helper()
	must(g.t, g.AddFault(f))
}

// numbers are the numbers that a list shows.
func (g *graph) numbers(user string) []any {
	g.t.Helper()
	return g.do("GET", phones(user), "").column("phoneNumber")
}

func TestAFaultActsOnWhatItNames(t *testing.T) {
	g := start(t)
	g.fault(emulator.Fault{Method: "GET", Path: "phoneMethods$", From: 2, Times: 2, Effect: emulator.Answer, Status: 503, Retry: "7"})
	g.do("GET", phones(adaID, "/$count"), "").wants(200, "")
	g.do("POST", phones(adaID), "{}").wants(400, "badRequest")
	g.do("GET", phones(adaID), "").wants(200, "")
	for range 2 {
		r := g.do("GET", phones(adaID), "")
		r.wants(503, "serviceNotAvailable")
		if r.header.Get("Retry-After") != "7" {
			t.Errorf("Retry-After %q", r.header.Get("Retry-After"))
		}
	}
	g.do("GET", phones(adaID), "").wants(200, "")
	faults := map[string]int{}
	for _, r := range g.Requests() {
		faults[r.Fault]++
	}
	if faults["answer"] != 2 {
		t.Errorf("recorded faults %v", faults)
	}
}

func TestTheFirstFaultThatIsDueActs(t *testing.T) {
	g := start(t)
	g.fault(emulator.Fault{Times: 1, Effect: emulator.Answer, Status: 500})
	g.fault(emulator.Fault{Effect: emulator.Answer, Status: 429})
	g.do("GET", phones(adaID), "").wants(500, "UnknownError")
	r := g.do("GET", phones(adaID), "")
	r.wants(429, "TooManyRequests")
	if _, there := r.header["Retry-After"]; there {
		t.Error("Retry-After is there unasked")
	}
	g.ClearFaults()
	g.do("GET", phones(adaID), "").wants(200, "")
}

func TestAProbabilityFollowsTheSeed(t *testing.T) {
	run := func() (pattern string) {
		g := start(t)
		g.fault(emulator.Fault{Probability: 0.5, Effect: emulator.Answer, Status: 502})
		for range 30 {
			pattern += fmt.Sprint(g.do("GET", phones(adaID), "").status, " ")
		}
		return pattern
	}
	first := run()
	if first != run() || !strings.Contains(first, "200") || !strings.Contains(first, "502") {
		t.Errorf("pattern %s", first)
	}
}

// A caller is told of a failure, or of nothing, before or after the work is done.
func TestAFailureBeforeAndAfterTheWork(t *testing.T) {
	for name, c := range map[string]struct {
		fault  emulator.Fault
		status int // 0: no answer comes
		done   bool
	}{
		"an error after the work":     {emulator.Fault{Effect: emulator.Answer, Status: 504, AfterWork: true}, 504, true},
		"cut before the work":         {emulator.Fault{Effect: emulator.Cut}, 0, false},
		"cut after the work":          {emulator.Fault{Effect: emulator.Cut, AfterWork: true}, 0, true},
		"in the middle of the answer": {emulator.Fault{Effect: emulator.Half}, 0, true},
	} {
		for _, http2 := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", HTTP/2 ", http2), func(t *testing.T) {
				g := start(t)
				transport := trusting(t, g.server)
				transport.ForceAttemptHTTP2 = http2
				g.client.Transport = transport
				g.fault(c.fault)
				tries := func(method, path, body string, done bool) {
					r, err := g.try(request{method: method, path: path, body: body})
					if r.status != c.status && err == nil || (err == nil) != (c.status != 0) {
						t.Errorf("%s is answered %d %s, %v", method, r.status, r.body, err)
					}
					if has := len(g.Phones(adaID)) == 1; has != done {
						t.Errorf("%s: the phone is there: %v", method, has)
					}
				}
				tries("POST", phones(adaID), phoneJSON(one, "mobile"), c.done)
				g.with(has{"mobile": one})
				tries("DELETE", phones(adaID, "/", mobileID), "", !c.done) // its answer has no body
			})
		}
	}
}

func TestAHeldRequestIsAnsweredWhenItIsLetGo(t *testing.T) {
	for name, afterWork := range map[string]bool{"before the work": false, "after the work": true} {
		t.Run(name, func(t *testing.T) {
			g := start(t)
			hold := make(chan struct{})
			g.fault(emulator.Fault{Method: "POST", Effect: emulator.Delay, Hold: hold, AfterWork: afterWork})
			answered := make(chan int)
			go func() {
				r, err := g.try(request{method: "POST", path: phones(adaID), body: phoneJSON(one, "mobile")})
				if err != nil {
					r.status = -1
				}
				answered <- r.status
			}()
			if afterWork {
				for len(g.Phones(adaID)) == 0 { // the work is done while the answer is held
					select {
					case status := <-answered:
						t.Fatalf("answered %d while held", status)
					default:
					}
				}
			}
			g.do("GET", phones(bobID), "").wants(200, "") // others are not held
			close(hold)
			if status := <-answered; status != 201 {
				t.Errorf("status %d", status)
			}
		})
	}
}

func TestWorkThatIsDoneLongAfterTheConnectionIsGone(t *testing.T) {
	g := start(t)
	hold := make(chan struct{})
	g.fault(emulator.Fault{Method: "POST", Times: 1, Effect: emulator.Late, Hold: hold})
	if r, err := g.try(request{method: "POST", path: phones(adaID), body: phoneJSON(one, "mobile")}); err == nil {
		t.Errorf("an answer came: %d", r.status)
	}
	if has := g.Phones(adaID); len(has) != 0 {
		t.Errorf("done at once: %v", has)
	}
	close(hold)
	never := time.After(time.Minute)
	for len(g.Phones(adaID)) == 0 {
		select {
		case <-never:
			t.Fatal("not done within a minute")
		default:
		}
	}
}

func TestNoRequestIsHeldForEver(t *testing.T) {
	g := start(t, func(o *emulator.Options) { o.MaxHold = time.Millisecond })
	g.fault(emulator.Fault{Effect: emulator.Delay, Hold: make(chan struct{})})
	g.do("GET", phones(adaID), "").wants(200, "")
	g.ClearFaults()
	g.fault(emulator.Fault{Effect: emulator.Delay, Delay: time.Hour})
	g.do("GET", phones(adaID), "").wants(200, "")
}

func TestAnExpiredTokenToOrder(t *testing.T) {
	g := start(t)
	g.fault(emulator.Fault{Times: 1, Effect: emulator.ExpiredToken})
	r := g.do("POST", phones(adaID), phoneJSON(one, "mobile"))
	r.wants(401, "InvalidAuthenticationToken")
	if len(g.Phones(adaID)) != 0 || strings.Contains(r.header.Get("WWW-Authenticate"), "claims") {
		t.Errorf("%v", r.header)
	}
}

func TestAClaimsChallengeForThoseWhoUnderstandIt(t *testing.T) {
	g := start(t)
	g.fault(emulator.Fault{Path: "phoneMethods", Effect: emulator.ClaimsChallenge})
	r := g.do("GET", phones(adaID), "")
	r.wants(401, "InvalidAuthenticationToken")
	if strings.Contains(r.header.Get("WWW-Authenticate"), "claims") {
		t.Error("a challenge to a client that did not declare cp1")
	}
	form := g.form()
	form.Set("claims", `{"access_token":{"xms_cc":{"values":["CP1"]}}}`) // as azidentity declares it
	g.token = g.post(tokenPath, form).json()["access_token"].(string)
	r = g.do("GET", phones(adaID), "")
	r.wants(401, "InvalidAuthenticationToken")
	challenge := regexp.MustCompile(`, error="insufficient_claims", claims="([^"]+)"$`).FindStringSubmatch(r.header.Get("WWW-Authenticate"))
	if challenge == nil {
		t.Fatalf("WWW-Authenticate %q", r.header.Get("WWW-Authenticate"))
	}
	claims, err := base64.StdEncoding.DecodeString(challenge[1])
	if err != nil || !strings.Contains(string(claims), `"nbf"`) {
		t.Errorf("claims %s: %v", claims, err)
	}
	g.send(request{method: "GET", path: phones(adaID), header: map[string]string{"Authorization": ""}}).wants(401, "InvalidAuthenticationToken")
}

func TestReadsLagBehindAWrite(t *testing.T) {
	g := start(t)
	must(t, g.SetPhone(adaID, emulator.Mobile, one))
	g.fault(emulator.Fault{Method: "PATCH", Times: 1, Effect: emulator.Lag, Reads: 2})
	g.do("PATCH", phones(adaID, "/", mobileID), phoneJSON(two, "mobile")).wants(204, "")
	for i, want := range []string{one, one, two} {
		if d := cmp.Diff([]any{want}, g.numbers(adaID)); d != "" {
			t.Errorf("read %d: %s", i, d)
		}
	}
	if got := g.Phones(adaID)[0].Number; got != two {
		t.Errorf("the truth lags too: %s", got)
	}
}

func TestReadsLagForATime(t *testing.T) {
	g := start(t)
	g.fault(emulator.Fault{Method: "POST", Effect: emulator.Lag, Delay: 10 * time.Second})
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	g.do("POST", phones(adaID), phoneJSON(two, "office")).wants(201, "")           // the oldest state stays in view
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(400, "badRequest") // writes see the truth
	g.clock.advance(9 * time.Second)
	g.do("GET", phones(adaID, "/", mobileID), "").wants(404, "resourceNotFound")
	if got := g.do("GET", phones(adaID, "/$count"), "").body; got != "0" {
		t.Errorf("count %s", got)
	}
	g.clock.advance(time.Second)
	if got := len(g.numbers(adaID)); got != 2 {
		t.Errorf("%d phones after the lag", got)
	}
}

func TestFaultsReachIntoABatch(t *testing.T) {
	g := start(t)
	g.fault(emulator.Fault{Method: "POST", Path: "^/v1.0/users/.*phoneMethods$", Times: 1, Effect: emulator.Answer, Status: 503, Retry: "3"})
	answers := g.batch(create("1", adaID, one, "mobile"), create("2", adaID, two, "alternateMobile", "1")).answers()
	if answers["1"]["status"] != 503.0 || answers["1"]["headers"].(object)["Retry-After"] != "3" || answers["2"]["status"] != 424.0 {
		t.Errorf("%v", answers)
	}
	g.fault(emulator.Fault{Method: "POST", Path: "^/v1.0/users/.*phoneMethods$", Times: 1, Effect: emulator.Cut, AfterWork: true})
	body := `{"requests":[{"id":"1","method":"POST","url":"/users/` + adaID + `/authentication/phoneMethods","headers":{"content-type":"application/json"},"body":` + phoneJSON(one, "mobile") + `}]}`
	if r, err := g.try(request{method: "POST", path: "/v1.0/$batch", body: body}); err == nil {
		t.Errorf("an answer came: %d", r.status)
	}
	if len(g.Phones(adaID)) != 1 {
		t.Error("the work was not done")
	}
}

func TestFaultsThatMakeNoSense(t *testing.T) {
	g := start(t)
	for name, f := range map[string]emulator.Fault{
		"no effect":            {},
		"an unknown effect":    {Effect: "explode"},
		"an answer of success": {Effect: emulator.Answer, Status: 200},
		"a path that is none":  {Effect: emulator.Cut, Path: "("},
	} {
		if g.AddFault(f) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// Whoever counts requests by tenant must not lose those that a fault answered.
func TestTheRecordKnowsWhoseRequestAFaultAnswered(t *testing.T) {
	for name, f := range map[string]emulator.Fault{
		"an error":            {Effect: emulator.Answer, Status: 503},
		"a cut":               {Effect: emulator.Cut},
		"late work":           {Effect: emulator.Late},
		"an expired token":    {Effect: emulator.ExpiredToken},
		"an error, after":     {Effect: emulator.Answer, Status: 503, AfterWork: true},
		"a half of an answer": {Effect: emulator.Half},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t)
			g.do("GET", phones(adaID), "").wants(200, "")
			g.ResetRequests()
			g.fault(f)
			_, _ = g.try(request{method: "GET", path: phones(adaID)})
			_, _ = g.try(request{method: "POST", path: tokenPath, body: g.form().Encode(),
				header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
			got := g.Requests()
			if len(got) != 2 {
				t.Fatalf("%d requests", len(got))
			}
			for _, r := range got {
				if r.Fault == "" || r.Tenant != tenantID || r.App != g.form().Get("client_id") {
					t.Errorf("%s %s: fault %q, tenant %q, app %q", r.Method, r.Path, r.Fault, r.Tenant, r.App)
				}
			}
		})
	}
}
