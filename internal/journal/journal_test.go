package journal

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// ago is so many seconds before now, which is epoch in tables.
func ago(seconds int) time.Time { return epoch.Add(-time.Duration(seconds) * time.Second) }

// old is the journal of an operator that has been at work for an hour, with some entries.
func old(entries ...Entry) Journal {
	j := New(ago(3600))
	j.resync, j.entries = resync, entries
	return j
}

// entry is an entry for people/a's mobile.
func entry(v plan.Verb, n phone.Number, r Result, at time.Time) Entry {
	return Entry{Action: plan.Action{Verb: v, Type: phone.Mobile, Number: n, For: theRef}, Result: r, At: at}
}

func refusedTwice(e Entry) Entry {
	e.refusals = refusalsToBelieve
	return e
}

func doubtful(e Entry) Entry {
	e.doubtful = true
	return e
}

func TestJournal_Begin(t *testing.T) {
	a := plan.Claim{Ref: theRef, Number: numberA}
	other := plan.Claim{Ref: "people/b", Number: numberA}
	for name, c := range map[string]struct {
		result  Result
		verb    plan.Verb
		claims  []plan.Claim
		request string
		want    bool
	}{
		"a refusal stands while the resource asks for the same":                     {Refused, plan.Create, []plan.Claim{other, a}, "1", true},
		"a refusal is forgotten with another request":                               {Refused, plan.Create, []plan.Claim{a}, "2", false},
		"a refusal is forgotten where the Secret has another number":                {Refused, plan.Create, []plan.Claim{{Ref: theRef, Number: numberB}}, "1", false},
		"a refusal is forgotten when its resource is gone":                          {Refused, plan.Create, []plan.Claim{other}, "1", false},
		"the refusal of a switch stands, which has no number":                       {Refused, plan.EnableSMS, []plan.Claim{a}, "1", true},
		"a number that is invalid is no other refusal":                              {InvalidNumber, plan.Create, []plan.Claim{a}, "2", false},
		"nor is a restricted user":                                                  {Restricted, plan.Create, []plan.Claim{a}, "2", false},
		"an acknowledged write stays":                                               {Acknowledged, plan.Create, []plan.Claim{a}, "2", true},
		"an unclear write stays":                                                    {Unclear, plan.Create, []plan.Claim{a}, "2", true},
		"a number that is not unique stays, for as a rule it is saved all the same": {NumberNotUnique, plan.Create, []plan.Claim{a}, "2", true},
	} {
		t.Run(name, func(t *testing.T) {
			e := entry(c.verb, numberA, c.result, ago(1))
			if e.Request = "1"; c.verb == plan.EnableSMS {
				e.Action.Number = phone.Number{}
			}
			j := old(e)
			j.Begin(resync, c.claims, map[string]string{theRef: c.request, "people/b": "1"})
			if got := j.Unsettled(phone.Mobile); got != c.want {
				t.Errorf("it is there: %v, want %v", got, c.want)
			}
		})
	}
	t.Run("the write before a refusal counts again when that is forgotten", func(t *testing.T) {
		j := old()
		made := entry(plan.Create, numberA, Acknowledged, ago(2))
		made.After = methodA
		j.Record(made)
		for range 2 {
			e := entry(plan.Update, numberB, Refused, ago(1))
			e.Before = methodA
			j.Record(e)
		}
		j.Begin(resync, []plan.Claim{a}, map[string]string{theRef: "2"})
		if v := j.Read(nil, epoch); plan.MethodOf(v.Methods, phone.Mobile) == nil {
			t.Error("a read is believed that does not show the phone yet")
		}
	})
}

func TestJournal_Holds(t *testing.T) {
	claims := []plan.Claim{{Ref: theRef, Type: phone.Mobile}, {Ref: "people/b", Type: phone.Mobile}, {Ref: "people/c", Type: phone.Office}}
	type holds struct {
		all, rejected bool // all claims of the type; the write of its own claim
		next          time.Duration
	}
	notFound := func(times, seconds int) Entry {
		e := entry(plan.Delete, phone.Number{}, NotFound, ago(seconds))
		e.refusals = times
		return e
	}
	ambiguous := entry(plan.Delete, phone.Number{}, Unclear, ago(10))
	ambiguous.ambiguous = true
	for name, c := range map[string]struct {
		entry Entry
		want  holds
	}{
		"a read that may be as old as an earlier write holds": {ambiguous, holds{true, false, GraphReadLag - 10*time.Second}},
		"an acknowledged write holds nothing":                 {entry(plan.Create, numberA, Acknowledged, ago(1)), holds{}},
		"an unclear write holds the phone type":               {entry(plan.Create, numberA, Unclear, ago(1)), holds{true, false, 4 * time.Second}},
		"an unclear write holds for a moment":                 {entry(plan.Create, numberA, Unclear, ago(5)), holds{}},
		"a refusal is checked once more":                      {entry(plan.Create, numberA, Refused, ago(1)), holds{true, false, 2 * time.Second}},
		"a refusal is checked in a moment":                    {entry(plan.Create, numberA, Refused, ago(3)), holds{}},
		"a number that is not unique holds while reads lag":   {entry(plan.Create, numberA, NumberNotUnique, ago(4)), holds{true, false, GraphReadLag - 4*time.Second}},
		"a switch for which it is not holds for a moment":     {entry(plan.EnableSMS, phone.Number{}, NumberNotUnique, ago(4)), holds{true, false, time.Second}},
		"a refusal of a phone that may be ours holds":         {doubtful(entry(plan.Create, numberA, Refused, ago(4))), holds{true, false, GraphReadLag - 4*time.Second}},
		"so does the second one":                              {refusedTwice(doubtful(entry(plan.Create, numberA, Refused, ago(4)))), holds{true, false, GraphReadLag - 4*time.Second}},
		"and is believed when reads show no phone after that": {refusedTwice(doubtful(entry(plan.Create, numberA, Refused, ago(30)))), holds{false, true, resync - GraphReadLag}},
		"two refusals reject the write of one claim":          {refusedTwice(entry(plan.Create, numberA, Refused, ago(1))), holds{false, true, resync - time.Second}},
		"two refusals reject a deletion for less":             {refusedTwice(entry(plan.Delete, phone.Number{}, Refused, ago(1))), holds{false, true, deletionRetry - time.Second}},
		"a restricted user's deletion is not retried yet":     {refusedTwice(entry(plan.Delete, phone.Number{}, Restricted, ago(1))), holds{false, true, resync - time.Second}},
		"a deletion that found nothing holds":                 {notFound(1, 1), holds{true, false, 4 * time.Second}},
		"each further one holds twice as long":                {notFound(3, 1), holds{true, false, 19 * time.Second}},
		"up to a limit":                                       {notFound(99, 0), holds{true, false, deletionRetry}},
	} {
		t.Run(name, func(t *testing.T) {
			got, next := old(c.entry).Holds(claims, epoch)
			for _, h := range got {
				if h.Unsettled != c.want.all || h.Ref == "people/c" {
					t.Errorf("hold %+v", h)
				}
				if own := h.Ref == theRef; (h.Refused != 0) != (own && c.want.rejected) || h.Refused != 0 && h.Result != c.entry.Result {
					t.Errorf("hold %+v", h)
				}
			}
			if all := len(got) == 2; all != (c.entry.Result != Acknowledged) {
				t.Errorf("holds %+v", got)
			}
			if next != c.want.next {
				t.Errorf("until %v, want %v", next, c.want.next)
			}
		})
	}
}

func TestJournal_Record(t *testing.T) {
	for name, c := range map[string]struct {
		results  []Result
		another  bool // the last one is of another number
		rejected bool
		want     Result
	}{
		"one refusal is not believed":                          {[]Result{Refused}, false, false, Refused},
		"two are":                                              {[]Result{Refused, Refused}, false, true, Refused},
		"one of each of two writes is not":                     {[]Result{Refused, Refused}, true, false, Refused},
		"a number that is invalid is believed at once":         {[]Result{InvalidNumber}, false, true, InvalidNumber},
		"a restricted user is believed at once":                {[]Result{Restricted}, false, true, Restricted},
		"a number that is not unique is no refusal":            {[]Result{NumberNotUnique}, false, false, NumberNotUnique},
		"twice it is one":                                      {[]Result{NumberNotUnique, NumberNotUnique}, false, true, Refused},
		"a write that Graph did in between begins a new count": {[]Result{Refused, Acknowledged, Refused}, false, false, Refused},
	} {
		t.Run(name, func(t *testing.T) {
			j := old()
			for i, r := range c.results {
				n := numberA
				if c.another && i == len(c.results)-1 {
					n = numberB
				}
				j.Record(entry(plan.Create, n, r, epoch))
			}
			if e, _ := j.last(phone.Mobile); e.isRejected() != c.rejected || e.Result != c.want {
				t.Errorf("rejected %v as %v", e.isRejected(), e.Result)
			}
		})
	}
}

func TestJournal_RecordDoubts(t *testing.T) {
	create, update := entry(plan.Create, numberA, Refused, epoch), entry(plan.Update, numberA, Refused, epoch)
	for name, c := range map[string]struct {
		last  Entry
		lands int // until when a create may land, in seconds from now
		want  bool
	}{
		"a refused create, and nothing was lost":              {create, -3600, false},
		"a refused create, and one before it may land":        {create, 60, true},
		"a refused create, and one before it may not show":    {create, -29, true},
		"a refused create, and one before it shows or is not": {create, -30, false},
		"a refused update":            {update, 60, false},
		"a number that is invalid":    {entry(plan.Create, numberA, InvalidNumber, epoch), 60, false},
		"a number that is not unique": {entry(plan.Create, numberA, NumberNotUnique, epoch), 60, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := old()
			lands(c.lands)(&j)
			j.Record(c.last)
			if e, _ := j.last(phone.Mobile); e.doubtful != c.want {
				t.Errorf("doubtful: %v, want %v", e.doubtful, c.want)
			}
		})
	}
}

func TestJournal_Retention(t *testing.T) {
	j := old()
	j.Record(entry(plan.Update, numberA, Unclear, epoch))
	j.entries = nil
	if got := j.Retention(epoch); got != 2*(WriteDeadline+GraphReadLag) {
		t.Errorf("a write that may land is kept for %v", got)
	}
	if got := j.Retention(epoch.Add(WriteDeadline + GraphReadLag)); got != 0 {
		t.Errorf("a write that has landed is kept for %v", got)
	}
	for name, c := range map[string]struct {
		entries []Entry
		want    time.Duration
	}{
		"nothing was written":  {nil, 0},
		"acknowledged":         {[]Entry{entry(plan.Create, numberA, Acknowledged, epoch)}, 2 * GraphReadLag},
		"unclear":              {[]Entry{entry(plan.Create, numberA, Unclear, epoch)}, 2 * resync},
		"refused":              {[]Entry{entry(plan.Create, numberA, Refused, epoch)}, 2 * resync},
		"a refused deletion":   {[]Entry{entry(plan.Delete, phone.Number{}, Refused, epoch)}, 2 * deletionRetry},
		"a refusal and others": {[]Entry{entry(plan.Create, numberA, Acknowledged, epoch), entry(plan.Create, numberA, Refused, epoch)}, 2 * resync},
	} {
		if got := old(c.entries...).Retention(epoch); got != c.want {
			t.Errorf("%s: kept for %v, want %v", name, got, c.want)
		}
	}
}

func TestReversal(t *testing.T) {
	e := entry(plan.Update, numberA, Acknowledged, epoch)
	other := Replacement{e, foreignMethod.Number}
	claim := plan.Claim{Number: numberA, Holder: true}
	twice := Reversal{}.Count(other, epoch).Count(other, epoch)
	for name, c := range map[string]struct {
		r     Reversal
		claim plan.Claim
		shown *plan.Method
		after time.Duration
		want  bool
	}{
		"the same number took its place twice":     {twice, claim, foreignMethod, 0, true},
		"it did so once":                           {Reversal{}.Count(other, epoch), claim, foreignMethod, 0, false},
		"two numbers did":                          {Reversal{}.Count(Replacement{e, methodB.Number}, epoch).Count(other, epoch), claim, foreignMethod, 0, false},
		"another one shows now":                    {twice, claim, methodB, 0, false},
		"none shows now":                           {twice, claim, nothing, 0, false},
		"the resource asks for another number now": {twice, plan.Claim{Number: numberB, Holder: true}, foreignMethod, 0, false},
		"the resource does not hold the phone":     {twice, plan.Claim{Number: numberA}, foreignMethod, 0, false},
		"the resync is near":                       {twice, claim, foreignMethod, resync * 3 / 4, false},
	} {
		if got := c.r.Persists(c.claim, c.shown, resync, epoch.Add(c.after)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestJournal_Lost(t *testing.T) {
	const said = "HTTP 404 UnknownError"
	for name, c := range map[string]struct {
		answers []string // one a minute, the last one now
		of      string
		want    string
	}{
		"for three minutes":                     {[]string{said, said, said, said}, theRef, said},
		"for two minutes":                       {[]string{said, said, said}, theRef, ""},
		"for three, but for one answer":         {[]string{said, "", said, said}, theRef, ""},
		"for three, and the last one means one": {[]string{said, said, said, ""}, theRef, ""},
		"of another resource":                   {[]string{said, said, said, said}, "people/b", ""},
	} {
		j := old()
		for i, answer := range c.answers {
			e := entry(plan.Delete, phone.Number{}, Unclear, ago(60*(len(c.answers)-1-i)))
			e.Lost = answer
			j.Record(e)
		}
		if verb, got := j.Lost(plan.Claim{Ref: c.of, Type: phone.Mobile}, epoch); got != c.want || (verb == plan.Delete) != (c.want != "") {
			t.Errorf("%s: %v %q", name, verb, got)
		}
	}
}
