package emulator_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/emulator"
)

// meets asks for what a guess is about and gives what a client sees of it.
var meets = map[emulator.Guess]func(*graph) string{
	emulator.DuplicateType: func(g *graph) string {
		g.with(has{"mobile": one})
		return g.do("POST", phones(adaID), phoneJSON(two, "mobile")).brief()
	},
	emulator.InvalidNumber:   func(g *graph) string { return g.do("POST", phones(adaID), phoneJSON("+1 5550100", "mobile")).brief() },
	emulator.MalformedNumber: func(g *graph) string { return g.do("POST", phones(adaID), phoneJSON("5550100", "mobile")).brief() },
	emulator.NumberPlan: func(g *graph) string {
		return g.do("POST", phones(adaID), phoneJSON("+1 5550100", "mobile")).brief() + ", " +
			g.do("POST", phones(adaID), phoneJSON("+1 0005550100", "office")).brief()
	},
	emulator.TrunkZero: func(g *graph) string {
		g.do("POST", phones(adaID), phoneJSON("+44 07700900123", "mobile")).wants(201, "")
		g.do("POST", phones(adaID), phoneJSON("+39 0612345678", "office")).wants(201, "")
		return fmt.Sprint(g.numbers(adaID))
	},
	emulator.NeedsMobile: func(g *graph) string { return g.do("POST", phones(adaID), phoneJSON(one, "alternateMobile")).brief() },
	emulator.NeededByAlternate: func(g *graph) string {
		g.with(has{"mobile": one, "alternateMobile": two})
		return g.do("DELETE", phones(adaID, "/", mobileID), "").brief()
	},
	emulator.SignInRefused: func(g *graph) string {
		g.with(has{"mobile": one, "office": two})
		return g.do("POST", phones(adaID, "/", mobileID, "/enableSmsSignIn"), "").brief() + " " +
			g.do("POST", phones(adaID, "/", officeID, "/enableSmsSignIn"), "").brief()
	},
	emulator.SignInOnUpdate: func(g *graph) string {
		must(g.t, g.UpdateUser(adaID, allowSMS))
		g.with(has{"mobile": one})
		g.do("PATCH", phones(adaID, "/", mobileID), phoneJSON(two, "mobile")).wants(204, "")
		return g.Phones(adaID)[0].SMSSignInState
	},
	emulator.UnknownMethod: func(g *graph) string { return g.do("GET", phones(adaID, "/", mobileID), "").brief() },
	emulator.UnknownUser:   func(g *graph) string { return g.do("GET", phones("nobody@contoso.example"), "").brief() },
	emulator.CreatedDate: func(g *graph) string {
		g.with(has{"mobile": one})
		return fmt.Sprint(g.do("GET", phones(adaID, "/", mobileID), "").json()["createdDateTime"])
	},
	emulator.ThrottleCode: func(g *graph) string { return g.throttled().brief() },
	emulator.ThrottleHeaders: func(g *graph) string {
		r := g.throttled()
		return r.header.Get("x-ms-throttle-scope") + r.header.Get("x-ms-throttle-information") + r.header.Get("x-ms-throttle-limit-percentage")
	},
	emulator.OwnedObjects: func(g *graph) string {
		g.allow("GroupMember.Read.All")
		return g.do("GET", "/v1.0/users/"+adaID+"/ownedObjects", "").brief()
	},
	emulator.ReadBasic: func(g *graph) string {
		g.allow("User.ReadBasic.All")
		user := "/v1.0/users/" + adaID + "?$select=id"
		return g.do("GET", user, "").brief() + ", " + g.do("GET", user+",isManagementRestricted", "").brief()
	},
	emulator.AuditAppID: func(g *graph) string {
		g.readsLogs().do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
		return fmt.Sprint(g.logged(audits(sinceStart)))
	},
}

func (g *graph) with(phones has) {
	g.t.Helper()
	for phoneType, number := range phones {
		must(g.t, g.SetPhone(adaID, phoneType, number))
	}
}

// throttled is the first answer below /authentication that comes too soon.
func (g *graph) throttled() reply {
	g.t.Helper()
	g.SetThrottle(emulator.Throttle{Class: emulator.AuthenticationMethods, Requests: 1})
	g.do("GET", phones(adaID), "").wants(200, "")
	return g.do("GET", phones(adaID), "")
}

// brief is the status, and of a refusal the code.
func (r reply) brief() string {
	if r.status < 400 {
		return fmt.Sprint(r.status)
	}
	return fmt.Sprint(r.status, " ", r.code())
}

// TestEveryValueOfEveryGuessIsSeen makes sure that a test that runs with all of them
// runs against different Graphs.
func TestEveryValueOfEveryGuessIsSeen(t *testing.T) {
	seen := map[emulator.Guess][]string{}
	for name, a := range emulator.Variants() {
		if len(a) != 1 {
			continue // the defaults, and all guesses together
		}
		t.Run(name, func(t *testing.T) {
			for guess := range a {
				meet := meets[guess]
				if meet == nil {
					t.Fatal("no request meets this guess")
				}
				g := start(t)
				usual := meet(g)
				g = start(t)
				must(t, g.SetAssumptions(a))
				other := meet(g)
				if other == usual || slices.Contains(seen[guess], other) {
					t.Errorf("a client sees %q, as with another value", other)
				}
				seen[guess] = append(seen[guess], other)
			}
		})
	}
	for guess := range meets {
		if len(seen[guess]) == 0 {
			t.Errorf("%s has one value only", guess)
		}
	}
}

func TestAssumptionsThatThereAreNot(t *testing.T) {
	g := start(t)
	for want, a := range map[string]emulator.Assumptions{
		`there is no assumption "weather"`:                                   {"weather": "fine"},
		`duplicateType cannot be "teapot": it is badRequest or conflict`:     {emulator.DuplicateType: "teapot"},
		`createdDate cannot be "": it is filled or null`:                     {emulator.CreatedDate: ""},
		`unknownUser cannot be "x": it is resourceNotFound or Request_Resou`: {emulator.UnknownUser: "x"},
	} {
		if err := g.SetAssumptions(a); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if d := cmp.Diff(emulator.Assumptions{}, g.Assumptions()); d != "" {
		t.Errorf("what was refused is set: %s", d)
	}
}

func TestWhatGraphThisIsOutlivesAReset(t *testing.T) {
	g := start(t)
	chosen := emulator.Assumptions{emulator.DuplicateType: "conflict"}
	must(t, g.SetAssumptions(chosen))
	g.Reset()
	if d := cmp.Diff(chosen, g.Assumptions()); d != "" {
		t.Error(d)
	}
}

func TestReadsLagBehindEveryWrite(t *testing.T) {
	g := start(t)
	g.SetReadLag(500 * time.Millisecond)
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	if got := g.numbers(adaID); len(got) != 0 {
		t.Errorf("a read sees the write at once: %v", got)
	}
	g.clock.advance(500 * time.Millisecond)
	if got := g.numbers(adaID); len(got) != 1 {
		t.Errorf("a read does not see the write in time: %v", got)
	}
	g.clock.advance(10 * time.Minute)
	g.do("PATCH", phones(adaID, "/", mobileID), phoneJSON(two, "mobile")).wants(204, "")
	g.clock.advance(time.Minute)
	g.do("DELETE", phones(adaID, "/", mobileID), "").wants(204, "")
	if got := fmt.Sprint(g.numbers(adaID)); got != "["+two+"]" {
		t.Errorf("a read sees %s, want the state right before the last write", got)
	}
	g.SetReadLag(0)
	g.clock.advance(time.Minute)
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	if got := g.numbers(adaID); len(got) != 1 {
		t.Errorf("without a lag: %v", got)
	}
}
