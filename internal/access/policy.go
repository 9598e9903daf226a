package access

import (
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// Policy is the access rules of one EntraTenant, made ready to judge with. The
// zero value allows nobody. It is never changed and may be used from any number
// of goroutines.
type Policy struct{ rules []rule }

// rule is one AccessRule.
type rule struct {
	namespaces labels.Selector
	users      []glob
	phoneTypes []v1alpha1.PhoneType // empty: all
	actions    actions
	source     v1alpha1.NumberSource
}

// Compile makes rules ready. The error names every rule whose label selector
// cannot be read; the Policy beside it allows nobody, because a rule left out
// would be a policy that nobody wrote.
func Compile(rules []v1alpha1.AccessRule) (Policy, error) {
	var p Policy
	var errs []error
	for i := range rules {
		r := &rules[i]
		selector, err := metav1.LabelSelectorAsSelector(&r.Namespaces)
		if err != nil {
			errs = append(errs, fmt.Errorf("access[%d].namespaces is no label selector (In and NotIn need values, Exists and DoesNotExist take none): %w", i, err))
			continue
		}
		p.rules = append(p.rules, rule{
			namespaces: selector,
			users:      compileGlobs(r.Users),
			phoneTypes: slices.Clone(r.PhoneTypes),
			actions:    actionsOf(r.Actions),
			source:     r.NumberSourceOrDefault(),
		})
	}
	if len(errs) > 0 {
		return Policy{}, errors.Join(errs...)
	}
	return p, nil
}

// Request is one resource that wants to manage one phone.
type Request struct {
	// NamespaceLabels are the labels of the resource's namespace. A namespace always
	// has one, kubernetes.io/metadata.name, which the API server sets; without any,
	// the namespace was not read, and no rule matches.
	NamespaceLabels map[string]string
	// UserPrincipalName is the user's as Graph has it now, in any case, never the text
	// in spec.user. Empty means not looked up, and no rule matches.
	UserPrincipalName string
	PhoneType         phone.Type
	FromSecret        bool // the number comes from a Secret, not from the manifest
	// SecretNamesUser is whether that Secret says that it is for this user. It is true
	// as well as long as the Secret was not read.
	SecretNamesUser bool
}

// Judge returns what the rules allow to r.
func (p Policy) Judge(r Request) Judgement {
	return p.judge(r, r.UserPrincipalName != "")
}

// Foresee judges r before its user was looked up. A refusal is final: nothing that is
// said of the user later changes it. What is not refused must be judged by Judge.
//
// r.UserPrincipalName is the name in spec.user of a resource that no user is bound to
// yet, and empty where an object id says who the user is. By such a name Entra finds the
// user who has it, so a name that no rule covers need not be looked up.
func (p Policy) Foresee(r Request) Judgement { return p.judge(r, true) }

// CoversAnybody reports whether the rules allow anything to r whoever its user is, so that
// to hear whether a user exists tells nothing that the rules do not let on anyway.
func (p Policy) CoversAnybody(r Request) bool {
	r.UserPrincipalName = "\x00" // nobody's name: only a pattern of stars matches it
	return p.Judge(r).Permitted()
}

func (p Policy) judge(r Request, userKnown bool) Judgement {
	var j Judgement
	r.UserPrincipalName = foldASCII(r.UserPrincipalName)
	for i := range p.rules {
		m := p.rules[i].mismatch(r, userKnown)
		j.Mismatch = max(j.Mismatch, m)
		if m == Nothing {
			j.actions |= p.rules[i].actions
		}
	}
	return j
}

// mismatch returns the first part of the rule that does not match q, whose user is
// folded; a user that is known and has no name is covered by every rule. The namespace
// comes first: a rule for other namespaces is not looked into any further, so that
// nothing of it can be told to this one.
func (r *rule) mismatch(q Request, userKnown bool) Mismatch {
	switch {
	case len(q.NamespaceLabels) == 0 || !r.namespaces.Matches(labels.Set(q.NamespaceLabels)):
		return Namespace
	case !userKnown || q.UserPrincipalName != "" && !r.coversUser(q.UserPrincipalName):
		return User
	case len(r.phoneTypes) > 0 && !slices.Contains(r.phoneTypes, v1alpha1.PhoneType(q.PhoneType)):
		return PhoneType
	case !r.takesNumber(q):
		return NumberSource
	}
	return Nothing
}

func (r *rule) coversUser(upn string) bool {
	return slices.ContainsFunc(r.users, func(g glob) bool { return g.matches(upn) })
}

func (r *rule) takesNumber(q Request) bool {
	switch r.source {
	case v1alpha1.NumberSourceAny:
		return true
	case v1alpha1.NumberSourceSecretOnly:
		return q.FromSecret
	case v1alpha1.NumberSourceSecretForUser:
		return q.FromSecret && q.SecretNamesUser
	}
	return false // of a later API
}
