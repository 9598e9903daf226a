package journal

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// setting changes a journal before a case of a table.
type setting func(*Journal)

func began(seconds int) setting { return func(j *Journal) { j.since = ago(seconds) } }

func lands(seconds int) setting {
	return func(j *Journal) { j.expectCreate(phone.Mobile, epoch.Add(time.Duration(seconds)*time.Second)) }
}

func wrote(v plan.Verb) setting {
	return func(j *Journal) { j.Record(entry(v, phone.Number{}, Acknowledged, ago(10))) }
}

func deletes(j *Journal) { j.Record(entry(plan.Delete, phone.Number{}, Acknowledged, epoch)) }

func TestJournal_Unseen(t *testing.T) {
	gone := plan.Claim{Terminating: true}
	holder := plan.Claim{Terminating: true, Holder: true}
	beginner := plan.Claim{Terminating: true, Pending: numberA.Masked()}
	edited := plan.Claim{Number: numberB, Pending: numberA.Masked()}
	rival := plan.Claim{Holder: true}
	for name, c := range map[string]struct {
		claims []plan.Claim // the first one is asked about
		shown  *plan.Method
		more   []setting
		want   time.Duration
	}{
		"it made nothing, and the operator just began": {[]plan.Claim{gone}, nothing, []setting{began(10)}, 0},
		"it stays": {[]plan.Claim{{Holder: true}}, nothing, []setting{began(10)}, 0},

		"its phone shows":                                   {[]plan.Claim{holder}, methodA, []setting{began(10), lands(40)}, 0},
		"its phone shows another number":                    {[]plan.Claim{holder}, methodB, []setting{lands(40)}, 0},
		"its phone does not show":                           {[]plan.Claim{holder}, nothing, nil, 0},
		"its phone does not show to an operator just begun": {[]plan.Claim{holder}, nothing, []setting{began(10)}, 20 * time.Second},
		"its phone does not show, just made":                {[]plan.Claim{holder}, nothing, []setting{wrote(plan.Create)}, 20 * time.Second},
		"its phone does not show, just changed":             {[]plan.Claim{holder}, nothing, []setting{wrote(plan.Update)}, 0},
		"its phone does not show, and a create may land":    {[]plan.Claim{holder}, nothing, []setting{lands(40)}, 70 * time.Second},
		"its phone does not show, and a write is pending": {
			[]plan.Claim{{Terminating: true, Holder: true, Pending: numberA.Masked()}}, nothing, []setting{began(40)}, 0,
		},
		"its phone was just deleted":                        {[]plan.Claim{holder}, nothing, []setting{deletes, began(10)}, 0},
		"its phone was just deleted, beside a rival":        {[]plan.Claim{holder, rival}, nothing, []setting{deletes, began(10)}, 0},
		"its phone was just deleted, and a create may land": {[]plan.Claim{holder}, nothing, []setting{deletes, lands(40)}, 40 * time.Second},

		"what it began shows":                    {[]plan.Claim{beginner}, methodA, []setting{began(10), lands(40)}, 0},
		"what it began does not show":            {[]plan.Claim{beginner}, nothing, nil, 0},
		"what it began may be a dead operator's": {[]plan.Claim{beginner}, nothing, []setting{began(10)}, 85 * time.Second},
		"another number shows than it began":     {[]plan.Claim{beginner}, methodB, []setting{began(10)}, 85 * time.Second},
		"another number shows, and it may land over that": {
			[]plan.Claim{beginner}, methodB, []setting{func(j *Journal) { j.Record(entry(plan.Update, numberA, Unclear, ago(10))) }}, 85 * time.Second,
		},
		"what it began shows, and is a rival's": {[]plan.Claim{beginner, rival}, methodA, []setting{began(10)}, 85 * time.Second},
		"what it began shows, beside who holds nothing": {
			[]plan.Claim{beginner, {}}, methodA, []setting{began(10)}, 0,
		},
		"what it began shows, beside a holder of another type": {
			[]plan.Claim{beginner, {Type: phone.Office, Holder: true}}, methodA, []setting{began(10)}, 0,
		},
		"what it began was just deleted": {[]plan.Claim{beginner}, nothing, []setting{deletes, began(10)}, 0},
		"a rival's was just deleted":     {[]plan.Claim{beginner, rival}, nothing, []setting{deletes, began(10)}, 85 * time.Second},

		"its number was edited, and what it began may come":        {[]plan.Claim{edited}, nothing, []setting{lands(40)}, 70 * time.Second},
		"its number was edited, and what it began shows":           {[]plan.Claim{edited}, methodA, []setting{lands(40)}, 0},
		"its number was edited, and what it began can not come":    {[]plan.Claim{edited}, nothing, nil, 0},
		"its number is what it began to create":                    {[]plan.Claim{{Number: numberA, Pending: numberA.Masked()}}, nothing, []setting{lands(40)}, 0},
		"its number was edited, and the phone is a recorded one's": {[]plan.Claim{{Number: numberB, Pending: numberA.Masked(), Holder: true}}, nothing, []setting{lands(40)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			j := old()
			for _, set := range c.more {
				set(&j)
			}
			for i := range c.claims {
				c.claims[i].Ref = "people/" + string(rune('a'+i))
				if c.claims[i].Type == "" {
					c.claims[i].Type = phone.Mobile
				}
			}
			refs, next := j.Unseen(c.claims, plan.Replace(nil, phone.Mobile, c.shown), epoch)
			if waits := len(refs) > 0; waits != (c.want > 0) || next != c.want {
				t.Errorf("%v for %v, want %v", refs, next, c.want)
			}
		})
	}
}

func TestJournal_PendingSettled(t *testing.T) {
	pending, masked := plan.Claim{Type: phone.Mobile, Pending: numberA.Masked()}, &plan.Method{Type: phone.Mobile}
	leaver := pending
	leaver.Terminating = true
	for name, c := range map[string]struct {
		claim   plan.Claim
		verdict plan.Verdict
		since   time.Time
		more    setting
		want    bool
		wait    time.Duration
	}{
		"its phone is recorded":                                {pending, plan.Verdict{Owns: true, Method: methodA}, ago(1), nil, true, 0},
		"its phone is recorded, and an earlier one may land":   {pending, plan.Verdict{Owns: true}, ago(1), lands(9), false, 9 * time.Second},
		"Graph refused it":                                     {plan.Claim{}, plan.Verdict{Outcome: plan.Pending}, ago(1), nil, true, 0},
		"Graph refused it for good":                            {pending, plan.Verdict{Outcome: plan.Rejected}, ago(1), nil, true, 0},
		"another phone shows":                                  {pending, plan.Verdict{Method: methodB}, ago(30), nil, true, 0},
		"another phone shows, and the read may lag":            {pending, plan.Verdict{Method: methodB}, ago(29), nil, false, time.Second},
		"another phone shows to a terminating resource":        {leaver, plan.Verdict{Method: methodB}, ago(3600), nil, false, 0},
		"a masked number shows":                                {pending, plan.Verdict{Method: masked}, ago(1), nil, false, 0},
		"nothing shows, and it may land":                       {pending, plan.Verdict{}, ago(60), nil, false, 35 * time.Second},
		"nothing shows, and it may have landed":                {pending, plan.Verdict{}, ago(66), nil, false, 29 * time.Second},
		"nothing shows, and it landed and shows or never will": {pending, plan.Verdict{}, ago(95), nil, true, 0},
		"nothing shows to an operator just begun":              {pending, plan.Verdict{}, ago(3600), began(60), false, 35 * time.Second},
		"its write is not settled":                             {pending, plan.Verdict{Method: methodB}, ago(3600), wrote(plan.Create), false, 85 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			j := old()
			if c.more != nil {
				c.more(&j)
			}
			if got, wait := j.PendingSettled(c.claim, c.verdict, c.since, epoch); got != c.want || wait != c.wait {
				t.Errorf("settled: %v, wait %v; want %v, %v", got, wait, c.want, c.wait)
			}
		})
	}
}

func TestJournal_UntilPendingExpires(t *testing.T) {
	for name, c := range map[string]struct {
		since time.Time
		began int
		want  time.Duration
	}{
		"it may land, and show after that":      {ago(10), 3600, WriteDeadline + GraphReadLag - 10*time.Second},
		"it was sent by an operator before":     {ago(3600), 10, WriteDeadline + GraphReadLag - 10*time.Second},
		"it has landed and shows or never will": {ago(95), 3600, 0},
	} {
		j := old()
		began(c.began)(&j)
		if got := j.UntilPendingExpires(c.since, epoch); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestJournal_UntilLanded(t *testing.T) {
	unclear := func(v plan.Verb, seconds int) setting {
		return func(j *Journal) { j.Record(entry(v, numberA, Unclear, ago(seconds))) }
	}
	predecessor := func(j *Journal) { j.ExpectPredecessor() }
	for name, c := range map[string]struct {
		more    []setting
		want    time.Duration
		creates bool
	}{
		"nothing was lost":                               {[]setting{wrote(plan.Update)}, 0, false},
		"the answer to an update was lost":               {[]setting{unclear(plan.Update, 5)}, 60 * time.Second, false},
		"the answer to a create was lost":                {[]setting{unclear(plan.Create, 5)}, 60 * time.Second, true},
		"it was lost a while ago":                        {[]setting{unclear(plan.Create, 65)}, 0, false},
		"an update may have landed, and not show":        {[]setting{unclear(plan.Update, 65)}, 30 * time.Second, false},
		"a deletion may have landed, and not show":       {[]setting{unclear(plan.Delete, 90)}, 5 * time.Second, false},
		"an update has landed and shows or never will":   {[]setting{unclear(plan.Update, 95)}, 0, false},
		"an operator before may have been sending":       {[]setting{began(10), predecessor}, 55 * time.Second, false},
		"an operator before may not any more":            {[]setting{began(65), predecessor}, 0, false},
		"an update of a new operator may be overwritten": {[]setting{began(10), wrote(plan.Update)}, 55 * time.Second, false},
		"a create of a new operator may not":             {[]setting{began(10), wrote(plan.Create)}, 0, false},
		"the last deadline counts":                       {[]setting{began(10), unclear(plan.Update, 5), predecessor}, 60 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			j := old()
			for _, set := range c.more {
				set(&j)
			}
			if got := j.UntilLanded(epoch); got != c.want || j.CreateMayLand(phone.Mobile, epoch) != c.creates {
				t.Errorf("%v, a create: %v; want %v, %v", got, !c.creates, c.want, c.creates)
			}
		})
	}
}

func TestJournal_ExpectPredecessorCreate(t *testing.T) {
	for name, c := range map[string]struct {
		began int
		want  bool
	}{
		"an operator just begun":            {10, true},
		"an operator that has long been on": {65, false},
	} {
		j := old()
		began(c.began)(&j)
		j.ExpectPredecessorCreate(phone.Mobile, epoch)
		if j.CreateMayLand(phone.Mobile, epoch) != c.want || j.CreateMayLand(phone.Office, epoch) {
			t.Errorf("%s: want %v, and none of another type", name, c.want)
		}
	}
	t.Run("a create that shows ends the wait, if it was the only one", func(t *testing.T) {
		for _, only := range []bool{true, false} {
			j := old()
			if !only {
				lands(1)(&j)
			}
			e := entry(plan.Create, numberA, Unclear, ago(0))
			e.After = methodA
			j.Record(e)
			j.Read([]plan.Method{*methodA}, epoch)
			if j.CreateMayLand(phone.Mobile, epoch) == only {
				t.Errorf("a create may land: %v", only)
			}
		}
	})
}

// What was written without an answer shows over something newer: that is no other client's doing, as long as it may be.
func TestAWriteLandsOverANewerOne(t *testing.T) {
	for name, c := range map[string]struct {
		late, newer plan.Verb
		shows       *plan.Method
		other       *plan.Method // another client's
	}{
		"a number":              {plan.Update, plan.Update, methodA, foreignMethod},
		"a deletion":            {plan.Delete, plan.Create, nothing, foreignMethod},
		"a switch of SMS":       {plan.EnableSMS, plan.DisableSMS, mobile(numberB, phone.Ready), mobile(numberB, phone.NotEnabled)},
		"a switch of SMS again": {plan.DisableSMS, plan.EnableSMS, mobile(numberB, phone.NotEnabled), mobile(numberB, phone.Ready)},
	} {
		t.Run(name, func(t *testing.T) {
			j := New(epoch.Add(-time.Hour))
			j.Record(entry(c.late, numberA, Unclear, epoch))
			j.Record(entry(c.newer, numberB, Acknowledged, epoch.Add(10*time.Second)))
			other := j
			last := WriteDeadline + GraphReadLag + time.Second // the reconcile that it is looked for in is late
			for _, read := range []struct {
				age  time.Duration
				want bool
			}{{20 * time.Second, true}, {WriteDeadline, true}, {last, true}, {last + time.Second, false}} {
				landed := j.Read(plan.Replace(nil, phone.Mobile, c.shows), epoch.Add(read.age)).Landed
				if len(landed) > 0 != read.want {
					t.Errorf("after %v: %v landed, want %v", read.age, landed, read.want)
				}
			}
			if landed := other.Read(plan.Replace(nil, phone.Mobile, c.other), epoch.Add(20*time.Second)).Landed; len(landed) > 0 {
				t.Errorf("what another client wrote landed: %v", landed)
			}
		})
	}
}
