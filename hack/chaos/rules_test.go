package main

import (
	"strings"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// Each rule accuses whom it should, and nobody else. at is long after everything that is told of.
func TestRules(t *testing.T) {
	const number, other = "+12065550100", "+12065550101"
	mine := version{Says: oracle.Says{Number: number, Adopt: v1alpha1.AdoptIfNumberMatches, Drift: v1alpha1.DriftCorrect, Delete: v1alpha1.DeletionDelete}}
	with := func(change func(*version)) version {
		v := mine
		change(&v)
		return v
	}
	create := func(phoneType string) oracle.Write {
		return oracle.Write{Verb: oracle.Create, Type: phoneType, Number: number}
	}
	for name, tc := range map[string]struct {
		said  version
		tell  func(*world1) // what is different; nil: nothing
		write oracle.Write
		want  string // in the accusation; empty: none
	}{
		"what a resource asks for":                   {said: mine, write: create(emulator.Mobile)},
		"a number that no resource asks for":         {said: mine, write: oracle.Write{Verb: oracle.Create, Type: emulator.Mobile, Number: other}, want: "says another number"},
		"a phone that nobody speaks for":             {said: mine, write: create(emulator.Office), want: "nobody speaks"},
		"a resource of outsiders":                    {said: mine, tell: func(w *world1) { w.r.namespace = outsiders }, write: create(emulator.Mobile), want: "nobody speaks"},
		"a resource of an attacker":                  {said: mine, tell: func(w *world1) { w.r.namespace = hostile }, write: create(emulator.Mobile), want: "nobody speaks"},
		"an attacker's user":                         {said: mine, tell: func(w *world1) { w.r.namespace, w.a.hostile = hostile, true }, write: create(emulator.Mobile)},
		"access that was taken":                      {said: mine, tell: func(w *world1) { w.a.realm.barred[people] = w.past }, write: create(emulator.Mobile), want: "is not permitted"},
		"what only who has no access asks for":       {said: mine, tell: func(w *world1) { w.a.realm.barred[team] = w.past; w.rival(team, other) }, write: oracle.Write{Verb: oracle.Create, Type: emulator.Mobile, Number: other}, want: "team/mobile is not permitted"},
		"mode Observe":                               {said: mine, tell: func(w *world1) { w.a.realm.silent = w.past }, write: create(emulator.Mobile), want: "mode Observe"},
		"mode Observe, just now":                     {said: mine, tell: func(w *world1) { w.a.realm.silent = w.at }, write: create(emulator.Mobile)},
		"an administrator, and told so":              {said: mine, tell: func(w *world1) { w.a.toldAdmin = true }, write: create(emulator.Mobile), want: "was told so"},
		"an administrator for long":                  {said: mine, tell: func(w *world1) { w.a.admin, w.a.adminSince = true, w.past }, write: create(emulator.Mobile), want: "an administrator for"},
		"an administrator since just now":            {said: mine, tell: func(w *world1) { w.a.admin, w.a.adminSince = true, w.at }, write: create(emulator.Mobile)},
		"roles that nobody asked for":                {said: mine, tell: func(w *world1) { w.a.asked = time.Time{} }, write: create(emulator.Mobile), want: "nobody ever asked"},
		"roles that were asked for long ago":         {said: mine, tell: func(w *world1) { w.a.asked = w.past }, write: create(emulator.Mobile), want: "roles were asked for"},
		"a delete over the budget":                   {said: mine, tell: func(w *world1) { w.spent() }, write: oracle.Write{Verb: oracle.Delete, Type: emulator.Mobile}, want: "deletion budget"},
		"a create when the budget is spent":          {said: mine, tell: func(w *world1) { w.spent(); w.there(""); w.s.number = "" }, write: create(emulator.Mobile)},
		"a name that is another's now":               {said: mine, tell: func(w *world1) { w.r.astray = w.past }, write: create(emulator.Mobile), want: "is not permitted"},
		"a name that is another's, to take along":    {said: mine, tell: func(w *world1) { w.there(byOperator); w.r.astray, w.r.leaving = w.past, true }, write: oracle.Write{Verb: oracle.Delete, Type: emulator.Mobile}},
		"a name that is the user's now":              {said: mine, tell: func(w *world1) { w.r.heir, w.r.user, w.r.astray = w.a, newAccount("", "", w.a.realm), w.past }, write: create(emulator.Mobile)},
		"a second method, told of the first":         {said: mine, tell: func(w *world1) { w.there(byHand); w.s.told, w.s.toldAt = other, w.at }, write: create(emulator.Mobile), want: "and there is one"},
		"a second method, told another operator":     {said: mine, tell: func(w *world1) { w.there(byHand); w.s.told, w.s.toldAt, w.l.epoch = other, w.at, 1 }, write: create(emulator.Mobile)},
		"a second method, told and recorded":         {said: mine, tell: func(w *world1) { w.there(byHand); w.s.told, w.s.toldAt, w.l.epoch, w.r.verdict = other, w.at, 1, true }, write: create(emulator.Mobile), want: "and there is one"},
		"a second method, told before the resource":  {said: mine, tell: func(w *world1) { w.there(byHand); w.s.told, w.s.toldAt = other, w.at.Add(-time.Hour) }, write: create(emulator.Mobile)},
		"a second method, not told of the first":     {said: mine, tell: func(w *world1) { w.there(byHand) }, write: create(emulator.Mobile)},
		"a second method after an acknowledgement":   {said: mine, tell: func(w *world1) { w.there(byOperator); w.s.acked = w.at.Add(-time.Second) }, write: create(emulator.Mobile), want: "and there is one"},
		"a second method, acknowledged to the dead":  {said: mine, tell: func(w *world1) { w.there(byOperator); w.s.acked = w.at; w.l.epoch++ }, write: create(emulator.Mobile)},
		"an update of a stranger's phone":            {said: mine, tell: func(w *world1) { w.there(byHand) }, write: oracle.Write{Verb: oracle.Update, Type: emulator.Mobile, Number: number}, want: "not ours"},
		"an update of what may be adopted":           {said: with(func(v *version) { v.Adopt = v1alpha1.AdoptAlways }), tell: func(w *world1) { w.there(byHand) }, write: oracle.Write{Verb: oracle.Update, Type: emulator.Mobile, Number: number}},
		"a delete of a stranger's phone":             {said: mine, tell: func(w *world1) { w.there(byHand); w.r.leaving = true }, write: oracle.Write{Verb: oracle.Delete, Type: emulator.Mobile}, want: "not ours"},
		"a delete by who left, and is not gone yet":  {said: mine, tell: func(w *world1) { w.there(byHand); w.r.leaving, w.s.leavers = true, []*resource{w.r} }, write: oracle.Write{Verb: oracle.Delete, Type: emulator.Mobile}},
		"a delete by who left, and is gone":          {said: mine, tell: func(w *world1) { w.there(byHand); w.s.leavers = []*resource{{gone: true}} }, write: oracle.Write{Verb: oracle.Update, Type: emulator.Mobile, Number: number}, want: "not ours"},
		"a delete that nobody asked for":             {said: mine, tell: func(w *world1) { w.there(byOperator) }, write: oracle.Write{Verb: oracle.Delete, Type: emulator.Mobile}, want: "is not leaving"},
		"a delete that was asked for":                {said: mine, tell: func(w *world1) { w.there(byOperator); w.r.leaving = true }, write: oracle.Write{Verb: oracle.Delete, Type: emulator.Mobile}},
		"a delete of what is to stay":                {said: with(func(v *version) { v.Delete = v1alpha1.DeletionOrphan }), tell: func(w *world1) { w.there(byOperator); w.r.leaving = true }, write: oracle.Write{Verb: oracle.Delete, Type: emulator.Mobile}, want: "leaves its phone behind"},
		"a mobile before its alternate":              {said: mine, tell: func(w *world1) { w.there(byOperator); w.r.leaving = true; w.alternate() }, write: oracle.Write{Verb: oracle.Delete, Type: emulator.Mobile}, want: "while there is an alternateMobile"},
		"drift that is to be reported":               {said: mine, tell: func(w *world1) { w.there(byHand); w.s.held, w.s.frozen = true, w.past }, write: oracle.Write{Verb: oracle.Update, Type: emulator.Mobile, Number: number}, want: "driftPolicy is Report"},
		"SMS sign-in that nobody asks for":           {said: mine, write: oracle.Write{Verb: oracle.Enable, Type: emulator.Mobile}, want: "does not ask for it"},
		"an alternate without a mobile":              {said: mine, tell: func(w *world1) { w.r.phoneType = emulator.AlternateMobile }, write: create(emulator.AlternateMobile), want: "without a mobile"},
		"an alternate whose mobile was just removed": {said: mine, tell: func(w *world1) { w.r.phoneType = emulator.AlternateMobile; w.s.gone, w.s.wrote = w.at, w.at }, write: create(emulator.AlternateMobile)},
		"an alternate whose mobile is a hand's":      {said: mine, tell: func(w *world1) { w.r.phoneType = emulator.AlternateMobile; w.s.gone = w.at }, write: create(emulator.AlternateMobile), want: "without a mobile"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld1(tc.said)
			if tc.tell != nil {
				tc.tell(w)
			}
			w.l.reckon(w.a, tc.write.Type)
			w.l.judge(w.a, tc.write, w.at)
			w.found(t, tc.want)
		})
	}
}

func TestNobodyAsksInsideAPause(t *testing.T) {
	for name, tc := range map[string]struct {
		told, until time.Duration // from now
		epoch       int
		want        string
	}{
		"in the middle of it":          {told: -5 * time.Second, until: 5 * time.Second, want: "into a pause"},
		"when it is over":              {told: -5 * time.Second, until: -time.Second},
		"when the word is on its way":  {told: -time.Second, until: 5 * time.Second},
		"when who was told is no more": {told: -5 * time.Second, until: 5 * time.Second, epoch: 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld1(version{})
			w.l.epoch = tc.epoch
			w.a.realm.pauseTold, w.a.realm.pause = w.at.Add(tc.told), w.at.Add(tc.until)
			w.l.pauseRule(w.a.realm, w.a, w.at)
			w.found(t, tc.want)
		})
	}
}

// world1 is a ledger with one user, who has one resource for a mobile and no phone.
type world1 struct {
	l        *ledger
	a        *account
	s        *slot
	r        *resource
	past, at time.Time
}

func newWorld1(said version) *world1 {
	l, now := newLedger(), time.Now()
	a := newAccount("", "", &realm{name: "contoso", barred: map[string]time.Time{}, limit: 1})
	w := &world1{l: l, a: a, s: a.slot(emulator.Mobile), past: now, at: now.Add(time.Hour)}
	w.r = &resource{ref: people + "/mobile", namespace: people, user: a, phoneType: emulator.Mobile}
	a.asked = w.at
	l.says(w.r, said, "created")
	return w
}

// rival is one more resource for the mobile.
func (w *world1) rival(namespace, number string) {
	r := &resource{ref: namespace + "/mobile", namespace: namespace, user: w.a, phoneType: emulator.Mobile}
	w.l.says(r, version{Says: oracle.Says{Number: number}}, "created")
}

// there puts a phone of another number there.
func (w *world1) there(by origin) {
	w.s.number, w.s.by, w.s.set, w.s.held = "+12065550199", by, w.past, by == byOperator
}

// spent is a tenant whose deletions are done, with one more that was asked for.
func (w *world1) spent() {
	w.there(byOperator)
	w.r.leaving = true
	w.a.realm.deleted = 1
}

// alternate puts an alternateMobile beside it, and tells the operator.
func (w *world1) alternate() {
	s := w.a.slot(emulator.AlternateMobile)
	s.number, s.told, s.set = "+12065550198", "+12065550198", w.past
}

func (w *world1) found(t *testing.T, want string) {
	t.Helper()
	var found []string
	for _, v := range w.l.violations {
		found = append(found, v.rule)
	}
	switch {
	case want == "" && len(found) > 0, want != "" && (len(found) == 0 || !strings.Contains(found[0], want)):
		t.Errorf("accused of %q, want %q", found, want)
	}
}
