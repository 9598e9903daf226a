package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// contacts: what new users cost of the budget that is scarce, that of requests below /authentication/. The pace is that of
// a Graph without limits, so that many are on their way at once.
func (b *bench) contacts(ctx context.Context) error {
	for _, c := range []struct {
		figure string
		change func(*emulator.User)
		spec   func(*v1alpha1.PhoneAuthenticationMethodSpec)
	}{
		{"requests below /authentication/ per new phone", func(*emulator.User) {}, func(*v1alpha1.PhoneAuthenticationMethodSpec) {}},
		{"the same, users by object id", func(*emulator.User) {}, byID},
		{"the same per phone that is adopted, as import declares it", hasPhone, func(s *v1alpha1.PhoneAuthenticationMethodSpec) {
			s.AdoptionPolicy = v1alpha1.AdoptIfNumberMatches
		}},
		{"the same per phone that is adopted unexpectedly", hasPhone, func(*v1alpha1.PhoneAuthenticationMethodSpec) {}},
	} {
		users, err := b.newUsers(ctx, b.first, c.change)
		if err != nil {
			return err
		}
		if err := b.forget(ctx); err != nil {
			return err
		}
		all := methodsOf(users, three[0])
		for i, o := range all {
			c.spec(&o.Spec)
			if o.Spec.User == "" {
				o.Spec.User = users[i].ID
			}
		}
		if err := b.becomeReady(ctx, all); err != nil {
			return err
		}
		asked, err := b.asked(ctx)
		if err != nil {
			return err
		}
		scarce, refused := 0, 0
		for _, r := range asked {
			if !strings.Contains(r.Path, "/authentication/") {
				continue
			}
			scarce++
			if r.IsWrite() && r.Status >= http.StatusBadRequest {
				refused++
			}
		}
		b.table.add(c.figure, "1.00", "%.2f, and %d writes refused (%d users)", float64(scarce)/float64(len(all)), refused, len(users))
	}
	return nil
}

// byID has the user named by object id.
func byID(s *v1alpha1.PhoneAuthenticationMethodSpec) { s.User = "" }

// hasPhone gives the user the mobile that its resource will ask for.
func hasPhone(u *emulator.User) { u.Phones = map[string]string{emulator.Mobile: numberOf(*u)} }

// removal: everything that the large run made is deleted, with a budget that allows it.
func (b *bench) removal(ctx context.Context) error {
	if err := b.populate(ctx); err != nil {
		return err
	}
	unlimited := int32(1_000_000)
	err := b.editTenant(ctx, func(s *v1alpha1.EntraTenantSpec) { s.Limits = &v1alpha1.Limits{DeletionsPerHour: &unlimited} })
	if err != nil {
		return err
	}
	if err := b.quiet(ctx); err != nil {
		return err
	}
	var took time.Duration
	did, err := b.during(ctx, func() error {
		return b.profiled(ctx, "removal", func() (err error) {
			took, err = b.untilGone(ctx, b.drift, func(o *v1alpha1.PhoneAuthenticationMethod) error { return b.admin.Delete(ctx, o) })
			return err
		})
	})
	if err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("deletion of %d methods", len(b.drift)), "at most 1.25 times bare", "%s; %s", beside(took, len(b.drift), b.bareRemoval), did)
	b.drift = nil
	return nil
}
