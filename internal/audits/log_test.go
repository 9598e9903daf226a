package audits

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/graph"
)

const (
	adaID = "0f1c0000-0000-4000-8000-000000000001"
	bobID = "0f1c0000-0000-4000-8000-000000000002"
	own   = "66666666-7777-8888-9999-000000000000"
	other = "66666666-7777-8888-9999-00000000000f"
)

var noon = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

// record is one about Ada by an administrator, a minute ago, with what is different.
func record(id string, different ...func(*graph.AuditRecord)) graph.AuditRecord {
	r := graph.AuditRecord{ID: id, At: noon.Add(-time.Minute), Activity: "Admin updated security info", Users: []string{adaID}}
	for _, change := range different {
		change(&r)
	}
	return r
}

func by(app string) func(*graph.AuditRecord) {
	return func(r *graph.AuditRecord) { r.App, r.ByApp = app, true }
}

// never says of each user that nobody read it.
func never(string) time.Time { return time.Time{} }

// readAt says that each user was read at a time.
func readAt(t time.Time) func(string) time.Time { return func(string) time.Time { return t } }

func about(users ...string) func(*graph.AuditRecord) {
	return func(r *graph.AuditRecord) { r.Users = users }
}
func of(activity string) func(*graph.AuditRecord) {
	return func(r *graph.AuditRecord) { r.Activity = activity }
}
func at(t time.Time) func(*graph.AuditRecord) { return func(r *graph.AuditRecord) { r.At = t } }
func failed(r *graph.AuditRecord)             { r.Failed = true }

func page(rows ...graph.AuditRecord) graph.Page[graph.AuditRecord] {
	return graph.Page[graph.AuditRecord]{Rows: rows, Now: noon}
}

// read asks and hears one page.
func (l Log) read(p graph.Page[graph.AuditRecord]) (Log, string) {
	l, _, _ = l.Ask(noon)
	l, users := l.Heard(p, own, never, noon)
	return l, strings.Join(users, " ")
}

func TestWhomARecordIsAbout(t *testing.T) {
	for name, tc := range map[string]struct {
		page graph.Page[graph.AuditRecord]
		want string
	}{
		"an administrator changed a phone":           {page(record("1")), adaID},
		"another application did":                    {page(record("1", by(other))), adaID},
		"its application did, and no operator knows": {page(record("1", by(own))), adaID},
		"an activity that nobody has heard of":       {page(record("1", of("Something new"))), adaID},
		"one after which no phone is another":        {page(record("1", of("user reviewed security info"))), ""},
		"nothing came of it":                         {page(record("1", failed)), ""},
		"it is about nobody":                         {page(record("1", about())), ""},
		"it is about two":                            {page(record("1", about(bobID, adaID))), adaID + " " + bobID},
		"two are about one":                          {page(record("1"), record("2")), adaID},
		"two without an id are about two":            {page(record(""), record("", about(bobID))), adaID + " " + bobID},
		"a moment ago, which reads may not show":     {page(record("1", at(noon.Add(-59*time.Second))), record("2", about(bobID))), bobID},
		"the default method, which is for DELETE":    {page(record("1", of("User changed default security info"))), adaID},
	} {
		t.Run(name, func(t *testing.T) {
			if _, got := (Log{}).read(tc.page); got != tc.want {
				t.Errorf("users %q, want %q", got, tc.want)
			}
		})
	}
}

// The operator's own write is one by its application, or by one that is not named, of which it knew.
func TestTheOperatorsOwnWrites(t *testing.T) {
	minuteAgo := noon.Add(-2 * time.Minute) // by our clock
	for name, tc := range map[string]struct {
		by   func(*graph.AuditRecord)
		at   time.Time
		want string
	}{
		"as it was read since":             {by(own), minuteAgo.Add(-time.Second), ""},
		"as clocks differ by seconds":      {by(own), minuteAgo.Add(4 * time.Second), ""},
		"by an application without a name": {by(""), minuteAgo, ""},
		"not one that landed later":        {by(own), minuteAgo.Add(6 * time.Second), adaID},
		"not one of another application":   {by(other), minuteAgo.Add(-time.Second), adaID},
		"not one of a person":              {func(*graph.AuditRecord) {}, minuteAgo.Add(-time.Second), adaID},
	} {
		t.Run(name, func(t *testing.T) {
			l, _, _ := Log{}.Ask(noon)
			_, users := l.Heard(page(record("1", tc.by, at(tc.at))), own, readAt(minuteAgo), noon)
			if got := strings.Join(users, " "); got != tc.want {
				t.Errorf("users %q, want %q", got, tc.want)
			}
		})
	}
}

// What was too young at one read is told by the next, and once.
func TestAYoungRecordIsToldByTheNextRead(t *testing.T) {
	young := record("1", at(noon.Add(-time.Second)))
	l, users := Log{}.read(page(young))
	if users != "" {
		t.Errorf("at once it tells %q", users)
	}
	later := page(young)
	later.Now = noon.Add(5 * time.Minute)
	if l, users = l.read(later); users != adaID {
		t.Errorf("five minutes later it tells %q", users)
	}
	if _, users = l.read(later); users != "" {
		t.Errorf("it tells %q twice", users)
	}
}

// Without the operator's own client id nothing can be told apart, so all is read.
func TestAnUnknownClientIDHidesNothing(t *testing.T) {
	l, _, _ := Log{}.Ask(noon)
	if _, users := l.Heard(page(record("1", by(own))), "", never, noon); len(users) != 1 {
		t.Errorf("users %v", users)
	}
}

func TestFromWhenOnTheLogIsAsked(t *testing.T) {
	for name, tc := range map[string]struct {
		log  Log
		want time.Time
	}{
		"never read":             {Log{}, noon.Add(-overlap)},
		"read a moment ago":      {Resume(noon.Add(-time.Minute)), noon.Add(-time.Minute - overlap)},
		"not read for two hours": {Resume(noon.Add(-2 * time.Hour)), noon.Add(-2*time.Hour - overlap)},
		"not read for a week":    {Resume(noon.Add(-7 * 24 * time.Hour)), noon.Add(-reach)},
		"our clock is behind":    {Resume(noon.Add(time.Hour)), noon.Add(-overlap)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, since, next := tc.log.Ask(noon); !since.Equal(tc.want) || next != "" {
				t.Errorf("since %s, want %s; page %q", since, tc.want, next)
			}
		})
	}
}

func TestAPositionMovesWhenAReadCameToItsEnd(t *testing.T) {
	first, second := page(record("1")), page(record("2", about(bobID)))
	first.Next, second.Now = "page 2", noon.Add(time.Minute)

	l, users := Log{}.read(first)
	if users != adaID || !l.IsReading() || !l.Position().IsZero() {
		t.Errorf("after the first page: %q, reading %v, position %s", users, l.IsReading(), l.Position())
	}
	if _, since, next := l.Ask(noon.Add(time.Hour)); next != "page 2" || !since.Equal(noon.Add(-overlap)) {
		t.Errorf("then page %q since %s is asked for", next, since)
	}
	again, users := l.Failed().read(first)
	if users != "" || !again.IsReading() {
		t.Errorf("after a failure the first page tells %q", users)
	}
	l, users = l.read(second)
	if users != bobID || l.IsReading() || !l.Position().Equal(noon) {
		t.Errorf("after the last page: %q, reading %v, position %s, want that of the first page", users, l.IsReading(), l.Position())
	}
}

func TestWhatTheClockOfAnAnswerMayBe(t *testing.T) {
	for name, tc := range map[string]struct {
		said, record, want time.Time
	}{
		"it says so":                        {noon.Add(time.Minute), noon.Add(-time.Minute), noon.Add(time.Minute)},
		"it says nothing":                   {time.Time{}, noon.Add(-time.Minute), noon.Add(-time.Minute)},
		"it is far ahead":                   {noon.Add(48 * time.Hour), noon, noon.Add(overlap)},
		"it is behind what was read before": {noon.Add(-2 * time.Hour), noon, noon.Add(-10 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			l, _, _ := Resume(noon.Add(-10 * time.Minute)).Ask(noon)
			l, _ = l.Heard(graph.Page[graph.AuditRecord]{Rows: []graph.AuditRecord{record("1", at(tc.record))}, Now: tc.said}, own, never, noon)
			if d := cmp.Diff(tc.want, l.Position()); d != "" {
				t.Errorf("position (-want +got): %s", d)
			}
		})
	}
}
