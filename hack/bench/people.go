package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// newUsers makes users in Graph, as a directory of a company would have them: found by name.
func (b *bench) newUsers(ctx context.Context, n int, change ...func(*emulator.User)) ([]emulator.User, error) {
	users := make([]emulator.User, n)
	for i := range users {
		id := uuid.NewString()
		users[i] = emulator.User{ID: id, TenantID: tenantID, UPN: "u-" + id + "@" + domain}
		for _, f := range change {
			f(&users[i])
		}
	}
	for part := range slices.Chunk(users, 1000) {
		if err := b.graph.Tell(ctx, http.MethodPost, "/seed", emulator.Seed{Users: part}); err != nil {
			return nil, err
		}
	}
	return users, nil
}

// numberOf is the number of all phones of a user, of the range that is kept for fiction.
func numberOf(u emulator.User) string { return fmt.Sprintf("+1 20655501%02d", u.ID[0]%100) }

// masked is how a status shows such a number.
func masked(number string) string { return "+1 ********" + number[len(number)-2:] }

// newMethod makes a resource, not yet applied.
func newMethod(u emulator.User, t v1alpha1.PhoneType) *v1alpha1.PhoneAuthenticationMethod {
	return &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: people, Name: u.ID + "-" + map[v1alpha1.PhoneType]string{
			v1alpha1.PhoneTypeMobile: "m", v1alpha1.PhoneTypeAlternateMobile: "a", v1alpha1.PhoneTypeOffice: "o"}[t]},
		Spec: v1alpha1.PhoneAuthenticationMethodSpec{
			User: u.UPN, PhoneType: t, PhoneNumber: numberOf(u),
		},
	}
}

func methodsOf(users []emulator.User, types ...v1alpha1.PhoneType) []*v1alpha1.PhoneAuthenticationMethod {
	var all []*v1alpha1.PhoneAuthenticationMethod
	for _, u := range users {
		for _, t := range types {
			all = append(all, newMethod(u, t))
		}
	}
	return all
}

// create applies resources, many at once.
func (b *bench) create(ctx context.Context, all []*v1alpha1.PhoneAuthenticationMethod) error {
	return parallel(b.workers, all, func(o *v1alpha1.PhoneAuthenticationMethod) error { return b.admin.Create(ctx, o) })
}

func names(all []*v1alpha1.PhoneAuthenticationMethod) []string {
	names := make([]string, len(all))
	for i, o := range all {
		names[i] = o.Name
	}
	return names
}

// parallel does all with so many workers, and returns the first error.
func parallel[T any](workers int, all []T, do func(T) error) error {
	group, ctx := errgroup.WithContext(context.Background())
	group.SetLimit(workers)
	for _, one := range all {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return do(one) })
	}
	return group.Wait()
}
