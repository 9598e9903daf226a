package phonemethod

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// readNumbers is the stage that reads the numbers. A terminating or suspended resource needs none, nor
// the Secret that it may be in, unless its create went before the first read: that phone is recognised
// by the whole number only. The access rules may not let a resource use a Secret that does not name
// the user.
func (r *Reconciler) readNumbers(ctx context.Context, s snapshot) (snapshot, outcome) {
	for _, c := range s.resources {
		if c.Suspended || c.Terminating && !c.Unread {
			continue
		}
		read, err := r.readNumber(ctx, s, c)
		if err != nil {
			return s, outcome{err: err}
		}
		if c.Terminating {
			c.Number = read.Number
			read = c
		}
		s = s.replace(read)
	}
	if !s.any(func(c resource) bool { return c.misnamed }) {
		return s, outcome{}
	}
	return r.authorizeByName(ctx, s)
}

// readNumber reads the number of a resource, or bars the resource and says why. An error is the API
// server's.
func (r *Reconciler) readNumber(ctx context.Context, s snapshot, c resource) (resource, error) {
	text := c.object.Spec.PhoneNumber
	from := c.object.Spec.PhoneNumberFrom
	if from != nil {
		ref := from.SecretKeyRef
		var secret corev1.Secret
		err := r.Reader.Get(ctx, client.ObjectKey{Namespace: c.object.Namespace, Name: ref.Name}, &secret)
		value, ok := secret.Data[ref.Key]
		switch {
		case apierrors.IsNotFound(err):
			return c.bar(plan.NumberSourceNotFound, conditions.NoSecret(ref.Name, ref.Key)), nil
		case apierrors.IsForbidden(err):
			return c.bar(plan.NumberSourceNotFound, conditions.SecretForbidden(ref.Name)), nil
		case err != nil:
			return c, fmt.Errorf("get the Secret of the number: %w", err)
		case !ok:
			return c.bar(plan.NumberSourceNotFound, conditions.NoSecretKey(ref.Name, ref.Key)), nil
		}
		text = string(value)
		c.misnamed = !namesUser(&secret, s.user)
	}
	n, err := phone.Parse(text)
	if err == nil && n.HasExtension() && c.Type != phone.Office {
		err = errors.New("only an office phone has an extension: leave it out")
	}
	switch {
	case err != nil && from != nil:
		return c.bar(plan.InvalidNumber, conditions.NoNumberInSecret(from.SecretKeyRef.Name, from.SecretKeyRef.Key)), nil
	case err != nil:
		return c.bar(plan.InvalidNumber, conditions.InvalidNumber(err)), nil
	}
	c.Number, c.Was = n, r.numbersInSync.get(c.object.UID, s.now)
	if c.Holder && !c.Was.IsZero() {
		c.Last = c.Was.Masked() // status may be older, where it could not be written
	}
	c.Changed = c.Changed || c.Holder && (c.Last != n.Masked() || !c.Was.IsZero() && c.Was != n)
	return c, nil
}

// namesUser reports whether a Secret says that its values are for the user.
func namesUser(secret *corev1.Secret, u graph.User) bool {
	names := strings.FieldsFunc(secret.Annotations[v1alpha1.UserAnnotation], func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	return slices.ContainsFunc(append(names, secret.Labels[v1alpha1.UserAnnotation]), func(name string) bool {
		return name != "" && (strings.EqualFold(name, u.ID) || strings.EqualFold(name, u.UserPrincipalName))
	})
}
