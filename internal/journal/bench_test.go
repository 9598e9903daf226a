package journal_test

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// BenchmarkJournal is what the journal does in one reconcile of a user of two phones: nothing was written lately, or
// both were a moment ago and the list is late.
func BenchmarkJournal(b *testing.B) {
	now := time.Unix(1_800_000_000, 0)
	var claims []plan.Claim
	var written []journal.Entry
	requests := map[string]string{}
	for _, t := range []phone.Type{phone.Mobile, phone.AlternateMobile} {
		n, err := phone.Parse("+1 2065550101")
		if err != nil {
			b.Fatal(err)
		}
		c := plan.Claim{Ref: "people/" + string(t), Type: t, Number: n, Holder: true}
		claims, requests[c.Ref] = append(claims, c), "1"
		after := &plan.Method{Type: t, Number: phone.Read(n.Graph())}
		written = append(written, journal.Entry{Action: plan.Action{Verb: plan.Create, Type: t, Number: n, For: c.Ref}, After: after, Result: journal.Acknowledged, At: now})
	}
	shown := []plan.Method{*written[0].After, *written[1].After}
	reconcile := func(j journal.Journal, shown []plan.Method) {
		j.Begin(time.Hour, claims, requests)
		view := j.Read(shown, now)
		j.Holds(claims, now)
		j.Unseen(claims, view.Methods, now)
		j.Retention(now)
	}
	quiet := journal.New(now.Add(-time.Hour))
	busy := quiet
	for _, e := range written {
		busy.Record(e)
	}
	b.Run("at rest", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			reconcile(quiet, shown)
		}
	})
	b.Run("a list that is late", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			reconcile(busy, nil)
		}
	})
	b.Run("record", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			j := quiet
			j.Record(written[0])
		}
	})
}
