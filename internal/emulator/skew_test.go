package emulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestGraphsClockIsOff(t *testing.T) {
	g := start(t)
	g.SetSkew(-90 * time.Second)
	g.fault(emulator.Fault{Name: "a date", Times: 1, Effect: emulator.Answer, Status: 429, RetryIn: 30 * time.Second})
	r := g.do("GET", phones(adaID), "")
	r.wants(429, "TooManyRequests")
	for name, ahead := range map[string]time.Duration{"Date": -90 * time.Second, "Retry-After": -60 * time.Second} {
		at, err := http.ParseTime(r.header.Get(name))
		if got := at.Sub(g.clock.Now()); err != nil || got != ahead {
			t.Errorf("%s is %v from the real time (%v), want %v", name, got, err, ahead)
		}
	}
	if got := g.Requests(); got[len(got)-1].Fault != "a date" {
		t.Errorf("recorded as %q", got[len(got)-1].Fault)
	}
	g.do("GET", phones(adaID), "").wants(200, "")
}

// A token is of Graph's clock, and Graph holds it against the same.
func TestTokensAreOfGraphsClock(t *testing.T) {
	g := start(t)
	g.do("GET", phones(adaID), "").wants(200, "")
	g.SetSkew(25 * time.Hour)
	g.do("GET", phones(adaID), "").wants(401, "InvalidAuthenticationToken")
	g.SetSkew(0)
	g.do("GET", phones(adaID), "").wants(200, "")
}

// How far reads lag behind is no matter of what Graph's clock shows.
func TestLagIsOfRealTime(t *testing.T) {
	g := start(t)
	g.fault(emulator.Fault{Method: "POST", Times: 1, Effect: emulator.Lag, Delay: 4 * time.Second})
	g.do("POST", phones(adaID), `{"phoneNumber": "+1 2065550100", "phoneType": "office"}`).wants(201, "")
	g.SetSkew(-4 * time.Minute)
	g.clock.advance(5 * time.Second)
	if got := g.numbers(adaID); len(got) != 1 {
		t.Errorf("after the lag it shows %v", got)
	}
}
