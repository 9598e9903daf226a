package access_test

import (
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/phone"
)

var everyAction = []v1alpha1.Action{v1alpha1.ActionCreate, v1alpha1.ActionUpdate, v1alpha1.ActionDelete}

// The names are few, so that rules and requests meet often.
var (
	namespaces = rapid.SampledFrom([]string{"people", "sales"})
	upns       = rapid.SampledFrom([]string{"ada@contoso.com", "ben@contoso.com", "ada_fabrikam.com#EXT#@contoso.onmicrosoft.com"})
	patterns   = rapid.SampledFrom([]string{"*", "*@contoso.com", "ADA*", "ben@contoso.com", "*#EXT#@*", "nobody@*"})
	rules      = rapid.Custom(func(t *rapid.T) v1alpha1.AccessRule {
		r := v1alpha1.AccessRule{
			Users:        rapid.SliceOfN(patterns, 0, 2).Draw(t, "users"),
			PhoneTypes:   rapid.SliceOfN(rapid.SampledFrom([]v1alpha1.PhoneType{"mobile", "alternateMobile", "office"}), 0, 2).Draw(t, "types"),
			Actions:      rapid.SliceOfN(rapid.SampledFrom(everyAction), 0, 2).Draw(t, "actions"),
			NumberSource: rapid.SampledFrom([]v1alpha1.NumberSource{"", "Any", "SecretOnly", "SecretForUser"}).Draw(t, "source"),
		}
		if rapid.Bool().Draw(t, "one namespace") {
			r.Namespaces = only(namespaces.Draw(t, "namespace"))
		}
		return r
	})
	ruleLists = rapid.SliceOfN(rules, 0, 5)
	requests  = rapid.Custom(func(t *rapid.T) access.Request {
		r := in(namespaces.Draw(t, "from"), upns.Draw(t, "user"))
		r.PhoneType = rapid.SampledFrom(phone.Types()).Draw(t, "type")
		r.FromSecret = rapid.Bool().Draw(t, "from a Secret")
		r.SecretNamesUser = rapid.Bool().Draw(t, "the Secret names the user")
		return r
	})
)

func TestARuleMoreNeverTakesAPermissionAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fewer, ask := ruleLists.Draw(t, "rules"), requests.Draw(t, "request")
		at := rapid.IntRange(0, len(fewer)).Draw(t, "place of the new rule")
		more := append(append(append([]v1alpha1.AccessRule{}, fewer[:at]...), rules.Draw(t, "new rule")), fewer[at:]...)

		before, after := judge(t, fewer, ask), judge(t, more, ask)
		for _, a := range everyAction {
			if before.Allows(a) && !after.Allows(a) {
				t.Errorf("%s was allowed and is no longer", a)
			}
		}
		if after.Mismatch < before.Mismatch {
			t.Errorf("mismatch fell from %d to %d", before.Mismatch, after.Mismatch)
		}
	})
}

func TestAJudgementIsTheUnionOfItsRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list, ask := ruleLists.Draw(t, "rules"), requests.Draw(t, "request")
		all := judge(t, list, ask)
		for _, a := range everyAction {
			want := false
			for _, r := range list {
				want = want || judge(t, []v1alpha1.AccessRule{r}, ask).Allows(a)
			}
			if all.Allows(a) != want {
				t.Errorf("Allows(%s) = %t, want %t", a, all.Allows(a), want)
			}
		}
		if all.Permitted() != (all.Mismatch == access.Nothing) {
			t.Errorf("permitted %t with mismatch %d", all.Permitted(), all.Mismatch)
		}
	})
}

func TestTheEmptyPolicyAllowsNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ask := requests.Draw(t, "request")
		for _, j := range []access.Judgement{access.Policy{}.Judge(ask), judge(t, nil, ask)} {
			if j.Permitted() || j.Mismatch != access.NoRules {
				t.Errorf("permitted %t, mismatch %d", j.Permitted(), j.Mismatch)
			}
		}
	})
}

func TestTheCaseOfAUserDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list, ask := ruleLists.Draw(t, "rules"), requests.Draw(t, "request")
		shout := ask
		shout.UserPrincipalName = strings.ToUpper(ask.UserPrincipalName)
		if quiet, loud := judge(t, list, ask), judge(t, list, shout); quiet != loud {
			t.Errorf("%+v for %s, %+v for %s", quiet, ask.UserPrincipalName, loud, shout.UserPrincipalName)
		}
	})
}

// What a namespace is told of a refusal must not depend on rules that are for
// others: it could ask for one user after the other and read them out.
func TestRulesForOtherNamespacesAreNotToldOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list, ask := ruleLists.Draw(t, "rules"), requests.Draw(t, "request")
		foreign := rules.Draw(t, "a rule for another namespace")
		foreign.Namespaces = only("elsewhere")
		otherwise := rules.Draw(t, "another rule in its place")
		otherwise.Namespaces = metav1.LabelSelector{MatchLabels: map[string]string{"team": "red"}}

		one := judge(t, append(slices.Clip(list), foreign), ask)
		other := judge(t, append(slices.Clip(list), otherwise), ask)
		if one != other {
			t.Errorf("%+v with one foreign rule, %+v with another", one, other)
		}
	})
}

func judge(t *rapid.T, rules []v1alpha1.AccessRule, ask access.Request) access.Judgement {
	p, err := access.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return p.Judge(ask)
}
