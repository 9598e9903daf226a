package access_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/phone"
)

// only selects one namespace by its name.
func only(namespace string) metav1.LabelSelector {
	return metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: namespace}}
}

// in makes a request from a namespace, about a mobile in a manifest.
func in(namespace, upn string) access.Request {
	return access.Request{
		NamespaceLabels:   map[string]string{corev1.LabelMetadataName: namespace, "team": "blue"},
		UserPrincipalName: upn, PhoneType: phone.Mobile,
	}
}

func compile(t testing.TB, rules ...v1alpha1.AccessRule) access.Policy {
	t.Helper()
	p, err := access.Compile(rules)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatARuleCovers(t *testing.T) {
	contoso := []string{"*@contoso.com"}
	ada := in("people", "ada@contoso.com")
	inSecret := ada
	inSecret.FromSecret = true
	unread := ada
	unread.NamespaceLabels = nil

	for name, tc := range map[string]struct {
		rules []v1alpha1.AccessRule
		ask   access.Request
		want  access.Mismatch
	}{
		"no rule allows nobody":                {nil, ada, access.NoRules},
		"namespace and user":                   {[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: contoso}}, ada, access.Nothing},
		"another namespace":                    {[]v1alpha1.AccessRule{{Namespaces: only("sales"), Users: contoso}}, ada, access.Namespace},
		"an empty selector is every namespace": {[]v1alpha1.AccessRule{{Users: contoso}}, ada, access.Nothing},
		"but not one whose labels were not read": {
			[]v1alpha1.AccessRule{{Users: contoso}}, unread, access.Namespace,
		},
		"a namespace by an expression": {[]v1alpha1.AccessRule{{
			Namespaces: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "team", Operator: metav1.LabelSelectorOpIn, Values: []string{"green", "blue"}},
			}}, Users: contoso,
		}}, ada, access.Nothing},
		"a namespace that an expression leaves out": {[]v1alpha1.AccessRule{{
			Namespaces: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "team", Operator: metav1.LabelSelectorOpDoesNotExist},
			}}, Users: contoso,
		}}, ada, access.Namespace},
		"another user": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: []string{"ben@contoso.com"}}}, ada, access.User,
		},
		"no users at all": {[]v1alpha1.AccessRule{{Namespaces: only("people")}}, ada, access.User},
		"a user who was not looked up is nobody, even to a star": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: []string{"*"}}}, in("people", ""), access.User,
		},
		"any of several users": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: []string{"ben@contoso.com", "a*@contoso.com"}}}, ada, access.Nothing,
		},
		"another phone type": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: contoso, PhoneTypes: []v1alpha1.PhoneType{"office"}}}, ada, access.PhoneType,
		},
		"this phone type among others": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: contoso, PhoneTypes: []v1alpha1.PhoneType{"office", "mobile"}}}, ada, access.Nothing,
		},
		"a number in the manifest where a Secret is asked for": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: contoso, NumberSource: v1alpha1.NumberSourceSecretOnly}}, ada, access.NumberSource,
		},
		"a number in a Secret where one is asked for": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: contoso, NumberSource: v1alpha1.NumberSourceSecretOnly}}, inSecret, access.Nothing,
		},
		"a number in a Secret where any is allowed": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: contoso, NumberSource: v1alpha1.NumberSourceAny}}, inSecret, access.Nothing,
		},
		"a number source of a later API": {
			[]v1alpha1.AccessRule{{Namespaces: only("people"), Users: contoso, NumberSource: "VaultOnly"}}, inSecret, access.NumberSource,
		},
		"the rule that went furthest is told of": {[]v1alpha1.AccessRule{
			{Namespaces: only("people"), Users: contoso, PhoneTypes: []v1alpha1.PhoneType{"office"}},
			{Namespaces: only("people"), Users: []string{"ben@contoso.com"}},
			{Namespaces: only("sales"), Users: contoso},
		}, ada, access.PhoneType},
		"a rule for another namespace is not told of, however well it fits": {[]v1alpha1.AccessRule{
			{Namespaces: only("sales"), Users: contoso, NumberSource: v1alpha1.NumberSourceSecretOnly},
			{Namespaces: only("people"), Users: []string{"ben@contoso.com"}},
		}, ada, access.User},
		"one rule that matches is enough, wherever it stands": {[]v1alpha1.AccessRule{
			{Namespaces: only("sales"), Users: contoso},
			{Namespaces: only("people"), Users: contoso},
			{Namespaces: only("people"), Users: []string{"ben@contoso.com"}},
		}, ada, access.Nothing},
		"the parts must match in one rule, not across two": {[]v1alpha1.AccessRule{
			{Namespaces: only("people"), Users: []string{"ben@contoso.com"}},
			{Namespaces: only("sales"), Users: contoso},
		}, ada, access.User},
	} {
		t.Run(name, func(t *testing.T) {
			j := compile(t, tc.rules...).Judge(tc.ask)
			if j.Mismatch != tc.want {
				t.Errorf("mismatch %d, want %d", j.Mismatch, tc.want)
			}
			if permitted := tc.want == access.Nothing; j.Permitted() != permitted || j.Allows(v1alpha1.ActionCreate) != permitted {
				t.Errorf("permitted %t, allows Create %t, want both %t", j.Permitted(), j.Allows(v1alpha1.ActionCreate), permitted)
			}
		})
	}
}

func TestActions(t *testing.T) {
	const create, update, remove = v1alpha1.ActionCreate, v1alpha1.ActionUpdate, v1alpha1.ActionDelete
	rule := func(user string, actions ...v1alpha1.Action) v1alpha1.AccessRule {
		return v1alpha1.AccessRule{Namespaces: only("people"), Users: []string{user}, Actions: actions}
	}
	for name, tc := range map[string]struct {
		rules []v1alpha1.AccessRule
		want  []v1alpha1.Action
	}{
		"absent means all":                     {[]v1alpha1.AccessRule{rule("*")}, []v1alpha1.Action{create, update, remove}},
		"one":                                  {[]v1alpha1.AccessRule{rule("*", update)}, []v1alpha1.Action{update}},
		"two rules add up":                     {[]v1alpha1.AccessRule{rule("*", update), rule("ada@*", remove)}, []v1alpha1.Action{update, remove}},
		"a rule that does not match adds none": {[]v1alpha1.AccessRule{rule("*", update), rule("ben@*", remove)}, []v1alpha1.Action{update}},
		"an action of a later API is none":     {[]v1alpha1.AccessRule{rule("*", "Approve")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			j := compile(t, tc.rules...).Judge(in("people", "ada@contoso.com"))
			want := map[v1alpha1.Action]bool{}
			for _, a := range tc.want {
				want[a] = true
			}
			for _, a := range []v1alpha1.Action{create, update, remove, "Approve", ""} {
				if j.Allows(a) != want[a] {
					t.Errorf("Allows(%s) = %t, want %t", a, j.Allows(a), want[a])
				}
			}
			if j.Permitted() != (len(tc.want) > 0) {
				t.Errorf("Permitted() = %t, want %t", j.Permitted(), len(tc.want) > 0)
			}
		})
	}
}

func TestABadSelectorIsNamedAndAllowsNobody(t *testing.T) {
	expression := func(op metav1.LabelSelectorOperator, values ...string) v1alpha1.AccessRule {
		return v1alpha1.AccessRule{
			Namespaces: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: op, Values: values}}},
			Users:      []string{"*"},
		}
	}
	good := v1alpha1.AccessRule{Namespaces: only("people"), Users: []string{"*"}}
	for name, tc := range map[string]struct {
		rules []v1alpha1.AccessRule
		named []string
	}{
		"an operator that is none":       {[]v1alpha1.AccessRule{good, expression("Equals", "blue")}, []string{"access[1].namespaces"}},
		"In without values":              {[]v1alpha1.AccessRule{expression(metav1.LabelSelectorOpIn)}, []string{"access[0].namespaces"}},
		"Exists with values":             {[]v1alpha1.AccessRule{expression(metav1.LabelSelectorOpExists, "blue")}, []string{"access[0].namespaces"}},
		"a value that no label can have": {[]v1alpha1.AccessRule{{Namespaces: only("no such name")}}, []string{"access[0].namespaces"}},
		"every bad rule": {
			[]v1alpha1.AccessRule{expression("Equals"), good, expression(metav1.LabelSelectorOpNotIn)},
			[]string{"access[0].namespaces", "access[2].namespaces"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := access.Compile(tc.rules)
			if err == nil {
				t.Fatal("no error")
			}
			for _, rule := range tc.named {
				if !strings.Contains(err.Error(), rule) {
					t.Errorf("the error does not name %s: %v", rule, err)
				}
			}
			if strings.Count(err.Error(), "access[") != len(tc.named) {
				t.Errorf("the error names other rules too: %v", err)
			}
			if p.Judge(in("people", "ada@contoso.com")).Permitted() {
				t.Error("the rules that could be read are in force without the others")
			}
		})
	}
}

func TestThePolicyKeepsNothingOfItsRules(t *testing.T) {
	rules := []v1alpha1.AccessRule{{
		Namespaces: only("people"), Users: []string{"ben@*"}, PhoneTypes: []v1alpha1.PhoneType{"office"},
	}}
	p := compile(t, rules...)
	rules[0].Users[0], rules[0].PhoneTypes[0] = "*", "mobile"
	rules[0].Namespaces.MatchLabels[corev1.LabelMetadataName] = "sales"
	if got := p.Judge(in("people", "ben@contoso.com")).Mismatch; got != access.PhoneType {
		t.Errorf("mismatch %d after the rules were changed, want %d", got, access.PhoneType)
	}
}
