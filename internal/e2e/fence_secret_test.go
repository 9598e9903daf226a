package e2e_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// What a Secret holds that is no number is told in one sentence, whatever it is.
func TestWhatIsNoNumberIsToldInOneSentence(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user()
	said := map[string]string{}
	for name, value := range map[string]string{
		"password": "correct horse battery staple", "empty": "", "blank": " \n ", "pem": "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n",
		"pin": "+1234", "digits": "48151623", "binary": "\x00\xff\xfe", "long": strings.Repeat("9", 3000), "json": `{"token":"x"}`,
		"almost": "+1 206", "letters": "+1 206555CALL", "extended": "+1 2065550109x9073156", "no-country": "+999 5550109555",
	} {
		must(t, s.Create(t.Context(), secret(p.namespace, name, "number", value)))
		p.apply(p.phone(name, u.UPN, mobile, "", fromSecret(name)))
		o := p.reaches(name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonInvalidNumber)
		said[strings.ReplaceAll(meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted).Message, name, "SECRET")] = name
		p.toldNothing(name)
		p.remove(name)
		p.gone(name)
	}
	if len(said) != 1 {
		t.Errorf("values can be told apart by %d sentences: %v", len(said), said)
	}
}

// Whether a Secret or a key is there is nothing for a namespace that may not use it.
func TestSecretsAreNotToldToWhomTheRulesRefuse(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	hostile, stranger := s.team("hostile"), s.team("stranger")
	s.allow(hostile.desk())
	u := s.user()
	for _, g := range []*team{hostile, stranger} {
		must(t, s.Create(t.Context(), secret(g.namespace, "number", "number", "+1 2065550109")))
		must(t, s.Create(t.Context(), secret(g.namespace, "other", "other", "x")))
		names := []string{"number", "other", "missing"}
		for _, name := range names {
			g.apply(g.phone(name, u.UPN, mobile, "", fromSecret(name)))
		}
		g.refused(v1alpha1.ReasonNotPermitted, names...)
		g.look(names...)
		g.alike(names...)
		g.toldNothing(names...)
		for _, name := range names {
			if o, err := g.get(name); err != nil || o.Status.MaskedNumber != "" {
				t.Errorf("%s is told %q (%v)", name, o.Status.MaskedNumber, err)
			}
		}
	}
}

// Where the rule wants it so, a Secret says for whom its number is, and an editor who may not read it cannot have it
// registered for anybody else.
func TestASecretThatIsForAUser(t *testing.T) {
	t.Parallel()
	s := newStory(t, func(spec *v1alpha1.EntraTenantSpec) { spec.Access[0].NumberSource = "SecretForUser" })
	p := s.people
	own, boss := s.user(), s.user()
	for name, who := range map[string]string{
		"nobody": "", "by-name": boss.UPN, "by-id": boss.ID, "capitals": strings.ToUpper(boss.UPN), "nearly": "x" + boss.UPN, "all": "*",
	} {
		o := secret(p.namespace, name, "number", "+1 2065550142")
		if who != "" {
			o.Annotations = map[string]string{"identity.entraops.dev/user": who}
		}
		must(t, s.Create(t.Context(), o))
		p.apply(p.phone("own-"+name, own.UPN, mobile, "", fromSecret(name)))
		o2 := p.reaches("own-"+name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonNotPermitted)
		if o2.Status.MaskedNumber != "" {
			t.Errorf("%s: the mask of another user's number is told: %s", name, o2.Status.MaskedNumber)
		}
		p.toldNothing("own-" + name)
	}
	s.has(own)
	for _, name := range []string{"by-name", "by-id", "capitals"} {
		p.apply(p.phone("boss", boss.UPN, mobile, "", fromSecret(name)))
		p.ready("boss")
		s.has(boss, "mobile +1 2065550142")
		p.remove("boss")
		p.gone("boss")
	}
	p.apply(p.phone("in-spec", boss.UPN, mobile, "+1 2065550143"))
	p.refused(v1alpha1.ReasonNotPermitted, "in-spec")
}
