package conditions_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

var update = flag.Bool("update", false, "write testdata/messages.txt anew")

// sentence is one thing that can be said of a resource.
type sentence struct {
	of  string
	set conditions.Set
}

var number = func() phone.Number {
	n, err := phone.Parse("+1 2065550101")
	if err != nil {
		panic(err)
	}
	return n
}()

func subject(change func(*conditions.Subject)) conditions.Subject {
	c := conditions.Subject{Claim: plan.Claim{Ref: "people/a", Type: phone.Mobile, Number: number}, Namespace: "people", Why: "(why)"}
	if change != nil {
		change(&c)
	}
	return c
}

// verdicts are what the plan can say, with each difference that makes another sentence.
func verdicts() (all []sentence) {
	say := func(of string, change func(*conditions.Subject), v plan.Verdict) {
		all = append(all, sentence{of, conditions.ForVerdict(subject(change), v)})
	}
	observe := func(c *conditions.Subject) { c.Observe = true }
	terminating := func(c *conditions.Subject) { c.Terminating = true }
	as := func(k graph.Kind) func(*conditions.Subject) { return func(c *conditions.Subject) { c.RefusedAs = k } }
	shows := func(n string) *plan.Method { return &plan.Method{Type: phone.Mobile, Number: phone.Read(n)} }

	say("Synced", nil, plan.Verdict{Outcome: plan.Synced})
	say("Synced, with other digits", nil, plan.Verdict{Outcome: plan.Synced, Respelled: true})
	say("Synced, SMS sign-in to be switched", nil, plan.Verdict{Outcome: plan.Synced, SMS: plan.SMSPending})
	say("Synced, SMS sign-in not to be had", nil, plan.Verdict{Outcome: plan.Synced, SMS: plan.SMSUnavailable})
	say("Synced, SMS sign-in not to be had for a restricted user", as(graph.Restricted), plan.Verdict{Outcome: plan.Synced, SMS: plan.SMSUnavailable})
	say("Pending", nil, plan.Verdict{Outcome: plan.Pending})
	say("Pending, terminating and not shown", func(c *conditions.Subject) { c.Terminating, c.Holds = true, plan.Holds{plan.Unsettled: plan.AllWrites} }, plan.Verdict{Outcome: plan.Pending})
	for _, v := range []plan.Verb{plan.Create, plan.Delete} {
		say(fmt.Sprintf("Pending, and %s does not get through", v), func(c *conditions.Subject) {
			c.Lost, c.LostVerb, c.Terminating = "HTTP 404 UnknownError", v, v == plan.Delete
		}, plan.Verdict{Outcome: plan.Pending, Method: shows("+1 2065550101")})
	}
	say("HandingOver", terminating, plan.Verdict{Outcome: plan.HandingOver})
	for _, v := range []plan.Verb{plan.Create, plan.Update, plan.Delete} {
		say(fmt.Sprintf("Pending in mode Observe, %s", v), observe, plan.Verdict{Outcome: plan.Pending, Verb: v})
	}
	say("SMS sign-in in mode Observe", observe, plan.Verdict{Outcome: plan.Synced, SMS: plan.SMSPending, Verb: plan.EnableSMS})
	say("HandingOver in mode Observe", observe, plan.Verdict{Outcome: plan.HandingOver})
	say("Conflict with a neighbour", nil, plan.Verdict{Outcome: plan.Conflict, Winner: "people/b"})
	say("Conflict with another namespace", nil, plan.Verdict{Outcome: plan.Conflict, Winner: "secret/name"})
	for _, b := range []plan.Barrier{plan.InvalidNumber, plan.NumberSourceNotFound, plan.UserChanged} {
		say(fmt.Sprintf("Barred %d", b), func(c *conditions.Subject) { c.Barred = b }, plan.Verdict{Outcome: plan.Barred})
		say(fmt.Sprintf("Barred %d, young", b), func(c *conditions.Subject) { c.Barred, c.Young = b, true }, plan.Verdict{Outcome: plan.Barred})
	}
	say("Suspended", nil, plan.Verdict{Outcome: plan.Suspended})
	say("AlreadyExists", nil, plan.Verdict{Outcome: plan.AlreadyExists, Method: shows("+1 2065550102")})
	say("AlreadyExists, never adopted", func(c *conditions.Subject) { c.Adopt = plan.AdoptNever }, plan.Verdict{Outcome: plan.AlreadyExists, Method: shows("+1 2065550101")})
	say("AlreadyExists, a zero apart", func(c *conditions.Subject) {
		c.Number, _ = phone.Parse("+44 7911123456")
	}, plan.Verdict{Outcome: plan.AlreadyExists, Method: shows("+44 07911123456")})
	say("AlreadyExists, not compared", func(c *conditions.Subject) { c.Blind = true }, plan.Verdict{Outcome: plan.AlreadyExists})
	say("DriftDetected", nil, plan.Verdict{Outcome: plan.DriftDetected})
	say("DriftDetected, undone each time", func(c *conditions.Subject) { c.Undone = true }, plan.Verdict{Outcome: plan.DriftDetected})
	say("WaitingForMobile", nil, plan.Verdict{Outcome: plan.WaitingForMobile})
	say("Denied", nil, plan.Verdict{Outcome: plan.Denied, Verb: plan.Update})
	say("Privileged", nil, plan.Verdict{Outcome: plan.Privileged, Verb: plan.Update})
	say("Privileged, terminating", terminating, plan.Verdict{Outcome: plan.Privileged, Verb: plan.Delete})
	say("Rejected", nil, plan.Verdict{Outcome: plan.Rejected, Verb: plan.Create})
	say("Rejected as invalid", as(graph.InvalidNumber), plan.Verdict{Outcome: plan.Rejected, Verb: plan.Create})
	say("Rejected for a restricted user", as(graph.Restricted), plan.Verdict{Outcome: plan.Rejected, Verb: plan.Create})
	say("Released", terminating, plan.Verdict{Outcome: plan.Released})
	say("WaitingForAlternateMobile", terminating, plan.Verdict{Outcome: plan.WaitingForAlternateMobile})
	say("DeleteRefused", terminating, plan.Verdict{Outcome: plan.DeleteRefused})
	say("DeleteRefused for a restricted user", func(c *conditions.Subject) { c.Terminating, c.RefusedAs = true, graph.Restricted }, plan.Verdict{Outcome: plan.DeleteRefused})
	say("BudgetExhausted", terminating, plan.Verdict{Outcome: plan.BudgetExhausted})
	return all
}

func refusals() (all []sentence) {
	for m := access.NoRules; m <= access.Nothing; m++ {
		all = append(all, sentence{fmt.Sprintf("not permitted %d", m), conditions.NotPermitted(m)})
	}
	return append(all,
		sentence{"not permitted, or an unknown object id", conditions.NotCoveredOrUnknown()},
		sentence{"not known whether permitted", conditions.NotCoveredYet()},
	)
}

func failures() (all []sentence) {
	for _, k := range []graph.Kind{
		graph.Throttled, graph.Forbidden, graph.CredentialFailed, graph.TokenRefused, graph.Restricted, graph.Busy, graph.NotFound,
		graph.Refused, graph.InvalidNumber, graph.NumberNotUnique, graph.Unavailable, graph.Unclear,
	} {
		e := &graph.Error{Kind: k, RequestID: "6a5f7c1e-0000-4000-8000-000000000001"}
		all = append(all, sentence{"failure " + string(k), conditions.ForFailure(e, false)})
		e = &graph.Error{Kind: k, Permission: "UserAuthMethod-Phone.Read.All"}
		all = append(all, sentence{"failure " + string(k) + ", in mode Observe", conditions.ForFailure(e, true)})
	}
	return all
}

func users() []sentence {
	return []sentence{
		{"user not found", conditions.UserNotFound(false)},
		{"user not found, young", conditions.UserNotFound(true)},
		{"user name refused", conditions.UserNameRefused()},
		{"user changed, by name", conditions.UserChanged(conditions.NameOfAnother)},
		{"user changed, by object id", conditions.UserChanged(conditions.OtherObjectID)},
		{"user may be gone", conditions.UserMayBeGone()},
		{"written again", conditions.GoesOn()},
		{"written again, terminating", conditions.DeletionGoesOn()},
		{"release pending", conditions.ReleasePending()},
		{"no tenant", conditions.TenantNotUsable("t", "TenantNotFound", conditions.TenantNotFound("t"), false, false)},
		{"no tenant, young", conditions.TenantNotUsable("t", "TenantNotFound", conditions.TenantNotFound("t"), false, true)},
		{"tenant not ready", conditions.TenantNotUsable("t", "CredentialRefused", "", false, false)},
		{"tenant not ready, terminating", conditions.TenantNotUsable("t", "CredentialRefused", "", true, false)},
	}
}

func reasons() []sentence {
	barred := func(why string) conditions.Set {
		return conditions.ForVerdict(subject(func(c *conditions.Subject) { c.Barred, c.Why = plan.InvalidNumber, why }), plan.Verdict{Outcome: plan.Barred})
	}
	privileged := func(why string) conditions.Set {
		return conditions.ForVerdict(subject(func(c *conditions.Subject) { c.Why = why }), plan.Verdict{Outcome: plan.Privileged})
	}
	return []sentence{
		{"no Secret", barred(conditions.NoSecret("phones", "number"))},
		{"Secret forbidden", barred(conditions.SecretForbidden("phones"))},
		{"no key in the Secret", barred(conditions.NoSecretKey("phones", "number"))},
		{"no number in the Secret", barred(conditions.NoNumberInSecret("phones", "number"))},
		{"invalid number", barred(conditions.InvalidNumber(errors.New("(error)")))},
		{"protected", privileged(conditions.Protected)},
		{"protection not known", privileged(conditions.ProtectionUnknown(&graph.Error{Permission: "GroupMember.Read.All"}))},
		{"protection not known of this user", privileged(conditions.ProtectionUnknown(&graph.Error{Permission: "User.Read.All", Cause: graph.CauseThisUser}))},
		{"protection not known any more", privileged(conditions.ProtectionUnknown(&graph.Error{Permission: "GroupMember.Read.All", Cause: graph.CauseRevoked}))},
	}
}

func everything() []sentence {
	return slices.Concat(verdicts(), refusals(), failures(), users(), reasons())
}

// TestEverySentence shows a change of words as such.
func TestEverySentence(t *testing.T) {
	const file = "testdata/messages.txt"
	var b strings.Builder
	for _, s := range everything() {
		fmt.Fprintf(&b, "## %s\n%s\n", s.of, rendered(s.set))
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("the words changed; if that was meant, run go test ./internal/conditions -update\n%s", diff)
	}
}

func rendered(s conditions.Set) string {
	var b strings.Builder
	for _, f := range []struct {
		is   bool
		name string
	}{{s.Settled, "settled"}, {s.Unchanged, "unchanged"}, {s.Open, "open"}, {s.Release, "release"}} {
		if f.is {
			fmt.Fprintf(&b, "%s\n", f.name)
		}
	}
	if s.Unchanged {
		return b.String()
	}
	fmt.Fprintln(&b, [...]string{"Current", "InProgress", "Failed"}[s.Progress])
	for _, c := range []struct {
		name string
		conditions.Condition
	}{{"Accepted", s.Accepted}, {"Synced", s.Synced}, {"Ready", s.Ready}} {
		fmt.Fprintf(&b, "%s=%s %s", c.name, c.Status, c.Reason)
		if c.name == "Ready" || c.Message != s.Ready.Message {
			fmt.Fprintf(&b, ": %s", c.Message)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}
