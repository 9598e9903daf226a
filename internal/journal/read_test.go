package journal

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

func TestEntry_shownAndMayLag(t *testing.T) {
	was, is, on := mobile(numberA, phone.NotEnabled), mobile(numberB, phone.NotEnabled), mobile(numberA, phone.Ready)
	masked := &plan.Method{Type: phone.Mobile, Number: hidden, SMS: phone.NotEnabled}
	of := func(v plan.Verb, n phone.Number, before *plan.Method, earlier ...*plan.Method) Entry {
		return Entry{Action: plan.Action{Verb: v, Number: n}, Before: before, earlier: earlier}
	}
	update, again := of(plan.Update, numberB, was), of(plan.Update, numberB, is, was, nothing)
	enable, disable := of(plan.EnableSMS, phone.Number{}, was), of(plan.DisableSMS, phone.Number{}, on)
	for name, c := range map[string]struct {
		entry       Entry
		read        *plan.Method
		shown, lags bool
	}{
		"a create shows":                             {of(plan.Create, numberB, nothing), is, true, false},
		"a create does not show":                     {of(plan.Create, numberB, nothing), nothing, false, true},
		"a create shows another number":              {of(plan.Create, numberB, nothing), was, false, false},
		"an update shows":                            {update, is, true, false},
		"an update does not show":                    {update, was, false, true},
		"an update shows nothing at all":             {update, nothing, false, false},
		"an update shows what was before before":     {again, was, false, true},
		"an update shows what never was":             {update, on, false, false},
		"an update after a create shows nothing":     {again, nothing, false, true},
		"an update shows a number that was hidden":   {of(plan.Update, numberB, masked), was, false, true},
		"an update of a hidden number shows nothing": {of(plan.Update, numberB, masked), nothing, false, false},
		"a deletion shows":                           {of(plan.Delete, phone.Number{}, was), nothing, true, false},
		"a deletion does not show":                   {of(plan.Delete, phone.Number{}, was), was, false, true},
		"SMS sign-in is on":                          {enable, on, true, false},
		"SMS sign-in is not on":                      {enable, was, false, true},
		"SMS sign-in is on no phone":                 {enable, nothing, false, false},
		"SMS sign-in is off":                         {disable, was, true, false},
		"SMS sign-in is not off":                     {disable, on, false, true},
		"SMS sign-in is off no phone":                {disable, nothing, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			if c.entry.shown(c.read) != c.shown || c.entry.mayLag(c.read) != c.lags {
				t.Errorf("shown %v, may lag %v; want %v, %v", c.entry.shown(c.read), c.entry.mayLag(c.read), c.shown, c.lags)
			}
		})
	}
}

func TestEntry_isSame(t *testing.T) {
	e := entry(plan.Update, numberA, Acknowledged, epoch)
	for name, c := range map[string]struct {
		other plan.Action
		want  bool
	}{
		"the same":         {plan.Action{Verb: plan.Update, Number: numberA, For: theRef, Drift: true}, true},
		"another verb":     {plan.Action{Verb: plan.Create, Number: numberA, For: theRef}, false},
		"another number":   {plan.Action{Verb: plan.Update, Number: numberB, For: theRef}, false},
		"another resource": {plan.Action{Verb: plan.Update, Number: numberA, For: "people/b"}, false},
	} {
		if got := e.isSame(Entry{Action: c.other}); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestJournal_Read(t *testing.T) {
	update := func(r Result, seconds int) Entry {
		e := entry(plan.Update, numberB, r, ago(seconds))
		e.Before, e.After = methodA, methodB
		return e
	}
	after := func(e Entry, earlier ...*plan.Method) Entry {
		e.earlier = earlier
		return e
	}
	remove := func(r Result, seconds int) Entry {
		e := entry(plan.Delete, phone.Number{}, r, ago(seconds))
		e.Before = methodA
		return e
	}
	enable := entry(plan.EnableSMS, phone.Number{}, Acknowledged, ago(30))
	enable.Before, enable.After = mobile(numberA, phone.NotEnabled), mobile(numberA, phone.Ready)
	masked := &plan.Method{Type: phone.Mobile, Number: hidden}
	refused := refusedTwice(update(Refused, 15*60))
	for name, c := range map[string]struct {
		entry, left     Entry // left: only Result, refusals and At are compared; zero At: nothing is left
		read, believed  *plan.Method
		confirmed       bool
		replaced        bool
		again           time.Duration
		startedSecsPast int
	}{
		"an acknowledged write shows":                        {entry: update(Acknowledged, 1), read: methodB, believed: methodB, left: update(Acknowledged, 1)},
		"an acknowledged write shows for long":               {entry: update(Acknowledged, 30), read: methodB, believed: methodB},
		"an acknowledged write has not shown yet":            {entry: update(Acknowledged, -1), read: methodA, believed: methodB, again: 2 * time.Second, left: update(Acknowledged, -1)},
		"an acknowledged write shows not this soon":          {entry: update(Acknowledged, 2), read: methodA, believed: methodB, again: 3 * time.Second, left: update(Acknowledged, 2)},
		"an acknowledged write does not show yet":            {entry: update(Acknowledged, 5), read: methodA, believed: methodB, again: 25 * time.Second, left: update(Acknowledged, 5)},
		"an acknowledged write does not show, near the end":  {entry: update(Acknowledged, 28), read: methodA, believed: methodB, again: 2 * time.Second, left: update(Acknowledged, 28)},
		"an acknowledged write does not show for long":       {entry: update(Acknowledged, 30), read: methodA, believed: methodA, replaced: true},
		"another client's number shows":                      {entry: update(Acknowledged, 1), read: foreignMethod, believed: foreignMethod, replaced: true},
		"another client deleted the phone":                   {entry: update(Acknowledged, 1), read: nothing, believed: nothing},
		"a new operator sees no phone after an update":       {entry: update(Acknowledged, 1), read: nothing, believed: methodB, again: 4 * time.Second, left: update(Acknowledged, 1), startedSecsPast: 10},
		"a new operator sees another number after its first": {entry: update(Acknowledged, 1), read: foreignMethod, believed: methodB, again: 4 * time.Second, left: update(Acknowledged, 1), startedSecsPast: 10},
		"an acknowledged number is hidden":                   {entry: update(Acknowledged, 1), read: masked, believed: methodB, left: update(Acknowledged, 1)},
		"an unclear number is hidden":                        {entry: update(Unclear, 1), read: masked, believed: masked, left: update(Unclear, 1)},
		"an unclear write shows":                             {entry: update(Unclear, 1), read: methodB, believed: methodB, confirmed: true, left: update(Acknowledged, 0)},
		"an unclear write shows much later":                  {entry: update(Unclear, 60), read: methodB, believed: methodB, confirmed: true, left: update(Acknowledged, 0)},
		"an unclear write does not show":                     {entry: update(Unclear, 95), read: methodA, believed: methodA, left: update(Unclear, 95)},
		"an unclear write can come no more, but counts":      {entry: update(Unclear, 96), read: methodA, believed: methodA, left: update(Unclear, 96)},
		"an unclear write that was made long ago":            {entry: update(Unclear, 601), read: methodA, believed: methodA},
		"what an expired write was to bring about":           {entry: expired(update(Unclear, 200)), read: methodB, believed: methodB},
		"what is shown may be older than the write before":   {entry: after(update(Unclear, 10), methodB), read: methodB, believed: methodA, again: 20 * time.Second, left: update(Unclear, 10)},
		"a refused write was done":                           {entry: update(Refused, 1), read: methodB, believed: methodB, confirmed: true, left: update(Acknowledged, 1)},
		"a number that is not unique may show later":         {entry: update(NumberNotUnique, 1), read: methodA, believed: methodA, again: 4 * time.Second, left: update(NumberNotUnique, 1)},
		"a number that is not unique was not saved":          {entry: update(NumberNotUnique, 30), read: methodA, believed: methodA, left: update(NumberNotUnique, 30)},
		"a refused write was not done":                       {entry: update(Refused, 1), read: methodA, believed: methodA, left: update(Refused, 1)},
		"a rejected write is tried again after the resync":   {entry: refused, read: methodA, believed: methodA, left: entryWith(refused, refusalsToBelieve-1)},
		"a refusal that nobody asks about is forgotten":      {entry: update(Refused, 30*60), read: methodA, believed: methodA},
		"a deletion is done":                                 {entry: remove(Acknowledged, 1), read: nothing, believed: nothing, left: remove(Acknowledged, 1)},
		"another client deleted before us":                   {entry: remove(NotFound, 1), read: nothing, believed: nothing, left: remove(Acknowledged, 0)},
		"a refused deletion before its phone shows":          {entry: after(remove(Refused, 10), nothing), read: nothing, believed: methodA, again: 20 * time.Second, left: remove(Refused, 10)},
		"an unclear deletion before its phone shows":         {entry: after(remove(Unclear, 10), nothing), read: nothing, believed: methodA, again: 20 * time.Second, left: remove(Unclear, 10)},
		"an unclear deletion just now, after a creation":     {entry: after(remove(Unclear, 0), nothing), read: nothing, believed: methodA, again: 5 * time.Second, left: remove(Unclear, 0)},
		"an unclear deletion, when its phone would show":     {entry: after(remove(Unclear, 30), nothing), read: nothing, believed: nothing, confirmed: true, left: remove(Acknowledged, 0)},
		"SMS sign-in is acknowledged and never switched":     {entry: enable, read: enable.Before, believed: enable.Before, left: entryWith(entry(plan.EnableSMS, phone.Number{}, Refused, epoch), refusalsToBelieve)},
	} {
		t.Run(name, func(t *testing.T) {
			j := old(c.entry)
			if c.startedSecsPast > 0 {
				j.since = ago(c.startedSecsPast)
			}
			var shown []plan.Method
			if c.read != nil {
				shown = []plan.Method{*c.read}
			}
			v := j.Read(shown, epoch)
			if got := plan.MethodOf(v.Methods, phone.Mobile); !contains([]*plan.Method{c.believed}, got) {
				t.Errorf("believed is %v, want %v", got, c.believed)
			}
			if (len(v.Confirmed) > 0) != c.confirmed || (len(v.Replaced) > 0) != c.replaced || v.ReadAgain != c.again {
				t.Errorf("got %+v", v)
			}
			got, _ := j.last(phone.Mobile)
			if got.Result != c.left.Result || !got.At.Equal(c.left.At) || got.refusals != c.left.refusals {
				t.Errorf("left is %v at %v after %d refusals, want %v at %v after %d", got.Result, got.At, got.refusals, c.left.Result, c.left.At, c.left.refusals)
			}
		})
	}
}

func expired(e Entry) Entry {
	e.expired = true
	return e
}

func entryWith(e Entry, refusals int) Entry {
	e.refusals = refusals
	return e
}

func TestJournal_isAValue(t *testing.T) {
	e := entry(plan.Update, numberB, Unclear, ago(1))
	e.Before, e.After = methodA, methodB
	j := old(e)
	kept := j
	shown := []plan.Method{*methodB}
	j.Read(shown, epoch)
	j.Record(entry(plan.Create, numberA, Unclear, epoch))
	j.ExpectPredecessorCreate(phone.Office, ago(3600))
	if last, _ := kept.last(phone.Mobile); last.Result != Unclear || len(kept.entries) != 1 || kept.CreateMayLand(phone.Mobile, epoch) || shown[0] != *methodB {
		t.Errorf("a copy changed with the original: %+v", kept)
	}
}
