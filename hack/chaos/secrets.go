package main

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// secret is one of the resources that have their number from a Secret; nil if there is none.
func (u *user) secret() *resource {
	if i := slices.IndexFunc(u.resources, func(r *resource) bool { return r.inSecret }); i >= 0 {
		return u.resources[i]
	}
	return nil
}

func (u *user) rotateSecret(ctx context.Context) error {
	r := u.secret()
	if r == nil || r.lost {
		return errNothing
	}
	return u.w.merge(ctx, u.secretOf(r), map[string]any{"stringData": map[string]string{"number": u.asks(r)}})
}

func (u *user) secretOf(r *resource) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: u.object(r).ObjectMeta}
}

// loseSecret takes a Secret away, or gives it back.
func (u *user) loseSecret(ctx context.Context) error {
	r := u.secret()
	switch {
	case r == nil:
		return errNothing
	case r.lost:
		return u.giveSecret(ctx, r)
	}
	r.lost = true
	return u.w.persist(ctx, func() error { return client.IgnoreNotFound(u.w.Delete(ctx, u.secretOf(r))) })
}

func (u *user) giveSecret(ctx context.Context, r *resource) error {
	r.lost = false
	secret := u.secretOf(r)
	secret.StringData = map[string]string{"number": r.versions[len(r.versions)-1].Number}
	return u.w.make(ctx, secret)
}
