package survey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/throttle"
)

// person looks at one user, in the order in which the operator does: the access rules first, then the phones, and whether
// Entra protects the user before anything is told of them.
func (s *survey) person(ctx context.Context, a asked) (Person, error) {
	if a.Text != "" {
		if strings.Contains(a.Text, "@") { // whether there is such a user is not told either of whom no rule covers
			if left, all := inAll(s.denied(a.Text)); all {
				return Person{Line: a.Line, Asked: a.Text, Name: a.Text, Left: []Left{left}}, nil
			}
		}
		u, left, err := s.user(ctx, a.Text)
		if err != nil {
			return Person{}, err
		}
		if left != nil {
			if left.Reason == v1alpha1.ReasonRejected { // a name that Graph does not take is nobody's
				left = &unknown
			}
			return Person{Line: a.Line, Asked: a.Text, Name: a.Text}.leftOut(left), nil
		}
		a.user = u
	}
	p := Person{Line: a.Line, Asked: a.Text, ID: a.user.ID, Name: a.user.UserPrincipalName}
	if s.Done != nil && s.Done(p.ID) {
		return p, nil
	}
	denied := s.denied(p.Name)
	if left, all := inAll(denied); all {
		p.Name, p.Left = cmp.Or(a.Text, p.Name), []Left{left} // whoever asked by object id does not learn the name
		return p, nil
	}
	methods, left, err := about(ctx, s, &s.phones, throttle.Authentication, func(ctx context.Context) ([]graph.PhoneMethod, error) {
		return s.tenant.Graph.PhoneMethods(ctx, p.ID)
	})
	if err != nil || left != nil {
		return p.leftOut(left), err
	}
	if p.Without = len(methods) == 0; p.Without {
		return p, nil
	}
	// The page that named the user may be half an hour old by now, and the name somebody else's.
	u, left, err := s.user(ctx, p.ID)
	if err != nil || left != nil {
		return p.leftOut(left), err
	}
	if u.UserPrincipalName != p.Name {
		p.Name, denied = u.UserPrincipalName, s.denied(u.UserPrincipalName)
		if left, all := inAll(denied); all {
			p.Name, p.Left = cmp.Or(a.Text, a.user.UserPrincipalName), []Left{left}
			return p, nil
		}
	}
	if left, err := s.protected(ctx, p.ID); err != nil || left != nil {
		return p.leftOut(left), err
	}
	for _, t := range phone.Types() {
		if i := slices.IndexFunc(methods, func(m graph.PhoneMethod) bool { return m.Type == t }); i >= 0 {
			s.judge(&p, methods[i], denied)
		}
	}
	return p, nil
}

var unknown = Left{Reason: v1alpha1.ReasonUserNotFound, Message: "Entra knows no such user. A new one can take minutes to show."}

// leftOut is the person with all phones left out; nil: nothing is.
func (p Person) leftOut(l *Left) Person {
	if l != nil {
		p.Left = []Left{*l}
	}
	return p
}

// user looks a user up by name or object id.
func (s *survey) user(ctx context.Context, key string) (graph.User, *Left, error) {
	return about(ctx, s, &s.names, throttle.Directory, func(ctx context.Context) (graph.User, error) { return s.tenant.Graph.User(ctx, key) })
}

// about asks Graph a question about one user. One user whom Graph does not show must not keep the others from being imported,
// now and each time: that one is left out. What concerns all users is an error.
func about[T any](ctx context.Context, s *survey, q *question, class throttle.Class, do func(context.Context) (T, error)) (T, *Left, error) {
	others := q.answered.Load()
	got, err := patiently(ctx, s, do, class)
	switch kind := graph.KindOf(err); {
	case err == nil:
		q.answered.Add(1)
		again := func(ctx context.Context) error { _, err := do(ctx); return err }
		q.again.Store(&again)
		return got, nil, nil
	case kind == graph.NotFound:
		return got, &unknown, nil
	case kind == graph.Refused:
		return got, &Left{Reason: v1alpha1.ReasonRejected, Message: "Graph refuses to show this user: " + err.Error()}, nil
	case kind == graph.Restricted:
		return got, &restricted, s.refusesAll(ctx, q, class)
	case kind == graph.Unavailable && q.answered.Load() > others:
		return got, &Left{Reason: v1alpha1.ReasonGraphUnavailable, Message: "Graph shows others and not this user; import this user once more, by name: " + err.Error()}, nil
	}
	return got, nil, s.refused(err)
}

var restricted = Left{Reason: v1alpha1.ReasonUserRestricted, Message: "Graph does not show this user, although the permission is there."}

// refusesAll is the error if Graph refuses by now to show a user whom it has shown: then it is no matter of one user.
func (s *survey) refusesAll(ctx context.Context, q *question, class throttle.Class) error {
	again := q.again.Load()
	if again == nil {
		return nil // see holder
	}
	_, err := patiently(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, (*again)(ctx) }, class)
	kind := graph.KindOf(err)
	if kind == graph.Restricted {
		return fmt.Errorf("Graph refuses by now what it showed before: see what has changed for %s: %w", s.application(), err) //nolint:staticcheck // a name
	}
	if kind == graph.NotFound || kind == graph.Refused {
		return nil // it answers
	}
	return s.refused(err)
}

// judge adds a phone to those that may be declared, or to what was left out.
func (s *survey) judge(p *Person, m graph.PhoneMethod, denied map[phone.Type]denial) {
	left := func(reason, message string) {
		p.Left = append(p.Left, Left{Type: m.Type, Reason: reason, Message: message, Masked: m.Number.Masked()})
	}
	d, isDenied := denied[m.Type]
	n, exact := m.Number.Number()
	switch of := s.tenant.Declared(p.ID, p.Name, m.Type); {
	case isDenied:
		d.Type = m.Type
		p.Left = append(p.Left, d.Left) // nothing of the phone is told
	case of != "":
		left(DeclaredAlready, "PhoneAuthenticationMethod "+of+" is for this phone already")
	case !exact:
		left(NotReadable, "Graph masks this number, or it is none that a resource could have: write the resource by hand")
	case n.HasExtension() && m.Type != phone.Office:
		left(Extension, "the number has an extension, which a resource may only have for an office phone")
	default:
		p.Phones = append(p.Phones, Phone{m.Type, n})
	}
}

// denial is what the access rules refuse.
type denial struct {
	Left
	mismatch access.Mismatch
}

// inAll returns the denial that says most, if all types of phones are denied.
func inAll(denied map[phone.Type]denial) (_ Left, all bool) {
	if len(denied) < len(phone.Types()) {
		return Left{}, false
	}
	return denied[slices.MaxFunc(phone.Types(), func(a, b phone.Type) int { return cmp.Compare(denied[a].mismatch, denied[b].mismatch) })].Left, true
}

// denied judges the phones of a user as the operator would judge resources that adopt them: that takes what an update does.
func (s *survey) denied(userPrincipalName string) map[phone.Type]denial {
	denied := map[phone.Type]denial{}
	for _, t := range phone.Types() {
		j := s.tenant.Access.Judge(access.Request{
			NamespaceLabels: s.tenant.Namespace, UserPrincipalName: userPrincipalName, PhoneType: t, FromSecret: s.Secrets, SecretNamesUser: s.Secrets,
		})
		switch {
		case !j.Permitted():
			denied[t] = denial{Left{Reason: v1alpha1.ReasonNotPermitted, Message: conditions.NotPermitted(j.Mismatch).Ready.Message}, j.Mismatch}
		case !j.Allows(v1alpha1.ActionUpdate):
			denied[t] = denial{Left{Reason: v1alpha1.ReasonNotPermitted, Message: "The access rules do not allow Update, without which no phone is adopted."}, j.Mismatch}
		}
	}
	return denied
}

// protected says why a user is left out whom Entra protects, or of whom that is not known; nil: there is no reason.
func (s *survey) protected(ctx context.Context, userID string) (*Left, error) {
	if s.tenant.Spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersAllow {
		return nil, nil
	}
	privileges, left, err := about(ctx, s, &s.protections, throttle.Directory, func(ctx context.Context) ([]graph.Privilege, error) {
		return s.tenant.Protection(ctx, userID)
	})
	if e, ok := errors.AsType[*graph.Error](err); ok && e.Kind == graph.Forbidden {
		return nil, fmt.Errorf("whether Entra protects a user cannot be asked: %s (%w)", conditions.ProtectionUnknown(e), err)
	}
	switch {
	case len(privileges) > 0:
		left = &Left{Reason: v1alpha1.ReasonPrivilegedUser, Message: conditions.Protected}
	case left != nil && *left != unknown && s.protections.answered.Load() == 0: // that is no matter of one user
		return nil, fmt.Errorf("whether Entra protects users is not shown: %s", left.Message)
	}
	return left, err
}
