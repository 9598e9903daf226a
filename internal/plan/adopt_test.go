package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/phone"
)

func blind(c *Claim) { c.Blind = true }

// whatever are phones of which a claim for numberA that has no record of them must not
// learn which one is there.
var whatever = map[string]Method{
	"its own number":     shows(phone.Mobile, numberA),
	"another number":     shows(phone.Mobile, foreign),
	"its mask":           shows(phone.Mobile, twinOfA),
	"a masked number":    showsText("+1 ********01"),
	"what is no number":  showsText("unknown"),
	"its number, signed": showsSMS(numberA, phone.Ready),
}

func TestWhatIsSaidWhateverNumberGraphShows(t *testing.T) {
	alone := func(options ...func(*Claim)) []Claim { return []Claim{claim("a", options...)} }
	for name, c := range map[string]struct {
		claims []Claim
		want   string
		hidden bool // the verdict of a must not even show the phone
	}{
		"adoption wants what an update wants":               {claims: alone(denied(Update)), want: "a: denied"},
		"so does a take-over":                               {claims: alone(denied(Update), always), want: "a: denied"},
		"so does one of a claim that may create and delete": {claims: alone(denied(Update, EnableSMS, DisableSMS), sms(Enabled)), want: "a: denied"},
		"Never adopts nothing":                              {claims: alone(never), want: "a: already exists"},
		"Never adopts nothing, and wants no Update":         {claims: alone(never, denied(Update)), want: "a: already exists"},
		"who guessed too often is told nothing":             {claims: alone(blind), want: "a: already exists"},
		"nor is it by its permissions":                      {claims: alone(blind, denied(Update)), want: "a: already exists"},
		"nor by SMS sign-in":                                {claims: alone(blind, sms(Enabled)), want: "a: already exists"},
		"a protected user's phone is not compared":          {claims: alone(protected), want: "a: privileged", hidden: true},
		"nor taken over":                                    {claims: alone(protected, always), want: "a: privileged", hidden: true},
		"nor told of where nothing may be adopted":          {claims: alone(protected, never), want: "a: privileged", hidden: true},
		"nor told of to who guessed too often":              {claims: alone(protected, blind), want: "a: privileged", hidden: true},
		"nor told of to who may not update":                 {claims: alone(protected, denied(Update)), want: "a: privileged", hidden: true},
		"nor handed over to the heir of a leaver": {
			claims: []Claim{claim("a", younger, protected), claim("z", holding(numberB), leaving, protected)},
			want:   "a: privileged; z: privileged +", hidden: true,
		},
	} {
		for shown, m := range whatever {
			t.Run(name+": "+shown, func(t *testing.T) {
				p := Compute(c.claims, []Method{m})
				if diff := cmp.Diff(c.want, said(p)); diff != "" {
					t.Error(diff)
				}
				if c.hidden && p.Verdicts["people/a"].Method != nil {
					t.Error("the verdict shows the phone")
				}
				fatal(t, lawful(c.claims, []Method{m}, p))
			})
		}
		if c.hidden && len(c.claims) == 1 {
			t.Run(name+": none", func(t *testing.T) {
				if diff := cmp.Diff(c.want, said(Compute(c.claims, nil))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// Whether the number is Graph's or not, a claim that guessed too often comes to the same: its
// number is written if it may be, and it is told nothing that depends on a comparison.
func TestWhoGuessedTooOftenIsToldNothingByAComparison(t *testing.T) {
	noUpdate := denied(Update)
	refused := refused(Update)
	privileged := protected
	edit := func(with ...func(*Claim)) Claim {
		return claim("a", append([]func(*Claim){blind, changed, saying(numberA), holding(numberB)}, with...)...)
	}
	for name, c := range map[string]struct {
		claim Claim
		want  string
	}{
		"who adopts what has its number":             {claim("a", blind), "a: already exists"},
		"who takes over whatever is there":           {claim("a", blind, always), "update mobile for a; a: pending"},
		"who takes over, where Graph refuses it":     {claim("a", blind, always, refused), "a: rejected"},
		"an edit of what it holds":                   {edit(), "update mobile for a; a: pending +"},
		"an edit that the rules do not allow":        {edit(noUpdate), "a: denied +"},
		"an edit that Graph refuses":                 {edit(refused), "a: rejected +"},
		"an edit of the phone of a user with a role": {edit(privileged), "a: privileged +"},
	} {
		for _, m := range []Method{shows(phone.Mobile, numberA), shows(phone.Mobile, foreign)} {
			t.Run(name, func(t *testing.T) {
				if diff := cmp.Diff(c.want, said(Compute([]Claim{c.claim}, []Method{m}))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	if got := said(Compute([]Claim{claim("a", blind)}, nil)); got != "create mobile for a; a: pending" {
		t.Errorf("a free type: %s", got)
	}
}

// What a claim is told that may not compare must not depend on the number, whoever else is there.
func TestWhoMayNotCompareLearnsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(t)
		one, other := rapid.SampledFrom([]phone.Number{numberA, numberB, foreign}).Draw(t, "one number"), foreign
		for i := range w.claims {
			c := &w.claims[i]
			if c.Type == phone.Mobile {
				c.Holder, c.Pending = false, ""
				switch rapid.IntRange(0, 2).Draw(t, "how") {
				case 0:
					protected(c)
				case 1:
					c.Blind, c.Adopt, c.Holds = true, AdoptIfNumberMatches, c.Holds.With(ProtectedUser, 0)
				case 2:
					c.Holds = c.Holds.With(ProtectedUser, 0).With(NotAllowed, SetOf(Update))
				}
			}
		}
		a := Compute(w.claims, []Method{shows(phone.Mobile, one)})
		b := Compute(w.claims, []Method{shows(phone.Mobile, other)})
		if diff := cmp.Diff(said(a), said(b)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAdopts(t *testing.T) {
	alt := on(phone.AlternateMobile)
	for name, c := range map[string]struct {
		claims []Claim
		want   bool
	}{
		"nobody":                                      {nil, false},
		"a new claim":                                 {[]Claim{claim("a")}, true},
		"a new claim that adopts nothing":             {[]Claim{claim("a", never)}, true}, // it may inherit
		"a holder":                                    {[]Claim{claim("a", holding(numberA))}, false},
		"a rival of a holder":                         {[]Claim{claim("a"), claim("b", younger, holding(numberA))}, false},
		"a rival of a holder that leaves":             {[]Claim{claim("a"), claim("b", younger, holding(numberA), leaving)}, true},
		"a rival of a suspended holder":               {[]Claim{claim("a"), claim("b", younger, holding(numberA), suspended)}, false},
		"a suspended claim":                           {[]Claim{claim("a", suspended)}, false},
		"a claim without a number":                    {[]Claim{claim("a", barred(InvalidNumber))}, false},
		"a younger one beside it":                     {[]Claim{claim("a", barred(InvalidNumber)), claim("b", younger)}, true},
		"a leaver":                                    {[]Claim{claim("a", leaving)}, false},
		"a new claim of another type beside a holder": {[]Claim{claim("a", holding(numberA)), claim("z", alt)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Adopts(c.claims); got != c.want {
				t.Errorf("Adopts = %t", got)
			}
		})
	}
}

// Where nobody adopts, what is compared is what the claims hold.
func TestWhereNobodyAdoptsNobodyComesToHoldAPhone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := worlds(t)
		if Adopts(w.claims) {
			return
		}
		p := Compute(w.claims, w.graph.methods())
		for _, c := range w.claims {
			if p.Verdicts[c.Ref].Owns && !c.Holder && c.Pending == "" {
				t.Errorf("%s comes to hold the %s", c.Ref, c.Type)
			}
		}
	})
}

var (
	line, trunk  = must("+44 2079460101"), must("+44 02079460101")
	otherCountry = must("+1 2079460101")
)

func TestANumberThatGraphWritesWithOtherDigits(t *testing.T) {
	holder := func(options ...func(*Claim)) []Claim {
		return []Claim{claim("a", append([]func(*Claim){saying(trunk), holding(trunk), exactly(trunk)}, options...)...)}
	}
	for name, c := range map[string]struct {
		claims    []Claim
		shown     phone.Number
		want      string
		respelled bool
	}{
		"is in sync without a write":                    {holder(), line, "a: synced +", true},
		"is in sync where drift is only reported":       {holder(reporting), line, "a: synced +", true},
		"is in sync when a look is asked for":           {holder(requested), line, "a: synced +", true},
		"is in sync the other way round":                {holder(saying(line), holding(line), exactly(line)), trunk, "a: synced +", true},
		"has its SMS sign-in switched":                  {holder(sms(Enabled), changed), line, "enable SMS sign-in mobile for a; a: synced + sms pending", true},
		"is written when the number is edited":          {holder(saying(line), changed), trunk, "update mobile for a; a: pending +", false},
		"is drift in another country":                   {holder(), otherCountry, "update mobile for a (drift); a: pending +", false},
		"is another number to a claim without a record": {[]Claim{claim("a", saying(trunk))}, line, "a: already exists", false},
		"is overwritten by who takes over":              {[]Claim{claim("a", saying(trunk), always)}, line, "update mobile for a; a: pending", false},
		"the number itself is no other spelling":        {holder(), trunk, "a: synced +", false},
	} {
		t.Run(name, func(t *testing.T) {
			m := []Method{shows(phone.Mobile, c.shown)}
			p := Compute(c.claims, m)
			if diff := cmp.Diff(c.want, said(p)); diff != "" {
				t.Error(diff)
			}
			if got := p.Verdicts["people/a"].Respelled; got != c.respelled {
				t.Errorf("respelled %t", got)
			}
			fatal(t, lawful(c.claims, m, p))
		})
	}
}
