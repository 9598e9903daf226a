package access_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/phone"
)

func TestWhatIsForeseenBeforeTheUserIsLookedUp(t *testing.T) {
	secretOnly := v1alpha1.AccessRule{Namespaces: only("people"), Users: []string{"ada@contoso.com"}, NumberSource: v1alpha1.NumberSourceSecretOnly}
	forUser := v1alpha1.AccessRule{Namespaces: only("people"), Users: []string{"ada@contoso.com"}, NumberSource: v1alpha1.NumberSourceSecretForUser}
	offices := v1alpha1.AccessRule{Namespaces: only("people"), Users: []string{"ben@contoso.com"}, PhoneTypes: []v1alpha1.PhoneType{"office"}}
	named := func(upn string, change func(*access.Request)) access.Request {
		r := in("people", upn)
		if change != nil {
			change(&r)
		}
		return r
	}
	fromSecret := func(r *access.Request) { r.FromSecret, r.SecretNamesUser = true, true }
	ofAnother := func(r *access.Request) { r.FromSecret = true }
	office := func(r *access.Request) { r.PhoneType = phone.Office }
	for name, tc := range map[string]struct {
		rules []v1alpha1.AccessRule
		ask   access.Request
		want  access.Mismatch
	}{
		"nobody may anything":                        {nil, named("", nil), access.NoRules},
		"another namespace":                          {[]v1alpha1.AccessRule{offices}, in("sales", ""), access.Namespace},
		"a name that no rule covers":                 {[]v1alpha1.AccessRule{secretOnly, offices}, named("cy@contoso.com", fromSecret), access.User},
		"a name that a rule covers, in other case":   {[]v1alpha1.AccessRule{offices}, named("BEN@contoso.com", office), access.Nothing},
		"a user known by object id may be any":       {[]v1alpha1.AccessRule{offices}, named("", office), access.Nothing},
		"a phone type of no rule, for any user":      {[]v1alpha1.AccessRule{offices}, named("", nil), access.PhoneType},
		"a phone type that only another user has":    {[]v1alpha1.AccessRule{secretOnly, offices}, named("ada@contoso.com", office), access.NumberSource},
		"a manifest where a Secret is asked for":     {[]v1alpha1.AccessRule{secretOnly}, named("", nil), access.NumberSource},
		"a Secret where one is asked for":            {[]v1alpha1.AccessRule{secretOnly}, named("", ofAnother), access.Nothing},
		"a Secret for the user":                      {[]v1alpha1.AccessRule{forUser}, named("", fromSecret), access.Nothing},
		"a Secret for somebody else":                 {[]v1alpha1.AccessRule{forUser}, named("", ofAnother), access.NumberSource},
		"a manifest where the Secret names the user": {[]v1alpha1.AccessRule{forUser}, named("", func(r *access.Request) { r.SecretNamesUser = true }), access.NumberSource},
		"a Secret for somebody else under two rules, one of which takes it": {
			[]v1alpha1.AccessRule{forUser, secretOnly}, named("", ofAnother), access.Nothing,
		},
	} {
		t.Run(name, func(t *testing.T) {
			j := compile(t, tc.rules...).Foresee(tc.ask)
			if j.Mismatch != tc.want || j.Permitted() != (tc.want == access.Nothing) {
				t.Errorf("mismatch %d, permitted %t, want mismatch %d", j.Mismatch, j.Permitted(), tc.want)
			}
		})
	}
}

// What is allowed beside a Secret that is somebody else's is what the other rules allow.
func TestASecretForSomebodyElseTakesOnlyTheRulesAwayThatAskForOne(t *testing.T) {
	rule := func(source v1alpha1.NumberSource, a v1alpha1.Action) v1alpha1.AccessRule {
		return v1alpha1.AccessRule{Namespaces: only("people"), Users: []string{"*"}, NumberSource: source, Actions: []v1alpha1.Action{a}}
	}
	p := compile(t, rule(v1alpha1.NumberSourceSecretForUser, v1alpha1.ActionUpdate), rule(v1alpha1.NumberSourceSecretOnly, v1alpha1.ActionCreate))
	ask := in("people", "ada@contoso.com")
	ask.FromSecret = true
	for _, names := range []bool{true, false} {
		ask.SecretNamesUser = names
		j := p.Judge(ask)
		if !j.Allows(v1alpha1.ActionCreate) || j.Allows(v1alpha1.ActionUpdate) != names || j.Allows(v1alpha1.ActionDelete) {
			t.Errorf("the Secret names the user %t: Create %t, Update %t, Delete %t", names,
				j.Allows(v1alpha1.ActionCreate), j.Allows(v1alpha1.ActionUpdate), j.Allows(v1alpha1.ActionDelete))
		}
	}
}

var anyUser = rapid.OneOf(upns, rapid.StringMatching(`[a-zA-Z#_.]{1,12}@(contoso|fabrikam)\.com`))

// A claim that is refused beforehand is not looked up, so that must be right whoever the
// user turns out to be, and whatever the Secret says.
func TestARefusalThatIsForeseenComesTrueForWhateverUser(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list, ask := ruleLists.Draw(t, "rules"), requests.Draw(t, "request")
		p, err := access.Compile(list)
		if err != nil {
			t.Fatal(err)
		}
		before := ask
		before.UserPrincipalName, before.SecretNamesUser = "", true
		if byID := p.Foresee(before); !byID.Permitted() {
			ask.UserPrincipalName = anyUser.Draw(t, "anybody")
			ask.SecretNamesUser = rapid.Bool().Draw(t, "the Secret names the user")
			if j := p.Judge(ask); j.Permitted() {
				t.Errorf("refused as %d beforehand, and allowed to %s", byID.Mismatch, ask.UserPrincipalName)
			}
		}
		before.UserPrincipalName = ask.UserPrincipalName
		if byName := p.Foresee(before); !byName.Permitted() && p.Judge(ask).Permitted() {
			t.Errorf("refused as %d beforehand by the name that is allowed", byName.Mismatch)
		}
	})
}

// Whoever is allowed at the end must not be stopped at the beginning, nor be told less.
func TestWhatIsAllowedWasForeseen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list, ask := ruleLists.Draw(t, "rules"), requests.Draw(t, "request")
		p, err := access.Compile(list)
		if err != nil {
			t.Fatal(err)
		}
		end := p.Judge(ask)
		for _, name := range []string{"", ask.UserPrincipalName} {
			before := ask
			before.UserPrincipalName, before.SecretNamesUser = name, true
			begin := p.Foresee(before)
			for _, a := range everyAction {
				if end.Allows(a) && !begin.Allows(a) {
					t.Errorf("%s is allowed, and was not foreseen by the name %q", a, name)
				}
			}
			if begin.Mismatch < end.Mismatch {
				t.Errorf("mismatch %d, foreseen was %d by the name %q", end.Mismatch, begin.Mismatch, name)
			}
		}
	})
}
