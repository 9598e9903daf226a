package phonemethod

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// takeOvers are the times at which this operator took tenants over, by the names of their EntraTenants. It is safe for
// concurrent use.
type takeOvers struct {
	mu sync.Mutex
	at map[string]time.Time
}

func newTakeOvers() *takeOvers { return &takeOvers{at: map[string]time.Time{}} }

// startedFor is when this replica began to work for a tenant.
func (m *memory) startedFor(tenant string) time.Time {
	m.takeOvers.mu.Lock()
	defer m.takeOvers.mu.Unlock()
	if at := m.takeOvers.at[tenant]; at.After(m.started) {
		return at
	}
	return m.started
}

// TakeOver begins to work for a tenant that another operator worked for until now, maybe after this one did: for that
// tenant it is a restart. What was remembered of its users is dropped where it could be taken for the present.
func (r *Reconciler) TakeOver(ctx context.Context, name string) error {
	err := index.EachOfTenant(ctx, r.Client, name, func(o *v1alpha1.PhoneAuthenticationMethod) {
		r.intents.Delete(o.UID)
		r.numbersInSync.forget(o.UID)
		r.reversals.Delete(o.UID)
		r.users.forget(user.KeyOf(o))
	})
	if err != nil {
		return fmt.Errorf("list the resources of the tenant: %w", err)
	}
	r.takeOvers.mu.Lock()
	defer r.takeOvers.mu.Unlock()
	r.takeOvers.at[name] = r.Now()
	return nil
}

// beginOwn begins a reconcile of a user of a tenant that is this operator's. A tenant that does not exist counts as
// one without labels: somebody has to say that it is not there.
func (r *Reconciler) beginOwn(ctx context.Context, name string) (end func(), err error) {
	end, err = r.Share.Begin(name)
	if !errors.Is(err, tenant.ErrNotOurs) || !r.Share.Selects(nil) {
		return end, err
	}
	var o v1alpha1.EntraTenant
	switch found := r.Client.Get(ctx, client.ObjectKey{Name: name}, &o); {
	case apierrors.IsNotFound(found):
		return r.Share.BeginWithout(name), nil
	case found != nil:
		return nil, fmt.Errorf("get the EntraTenant: %w", found)
	}
	return nil, err
}
