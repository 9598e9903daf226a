package entratenant

import (
	"context"
	"time"

	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/internal/patch"
	"github.com/entraops/phone-operator/internal/tenant"
)

// Reconciler makes EntraTenants into connections and reports whether they work.
type Reconciler struct {
	Client  client.Client
	Reader  client.Reader // not cached: credentials are fetched when needed, never kept
	Events  events.EventRecorder
	Tenants *tenant.Registry
	Now     func() time.Time
	// Share says which EntraTenants this operator works for; nil: all.
	Share *tenant.Share
	// Unheld writes of those that another operator works for, which Client does not.
	Unheld client.Client
	// CredentialNamespaces are those whose Secrets are read for credentials. Whoever
	// writes an EntraTenant says where the credential is sent, so that a Secret which may
	// be one is as good as handed out.
	CredentialNamespaces []string

	// Connected is told the name of each EntraTenant that can be used in a new way, or not any
	// more; Doubted receives what Graph refused to users.
	Connected chan<- event.TypedGenericEvent[string]
	Doubted   <-chan event.TypedGenericEvent[Doubt]
	// Lost receives the names of EntraTenants whose Lease was lost.
	Lost <-chan event.TypedGenericEvent[string]

	trials   trials
	doubts   doubts
	contests contests
	written  written
}

const (
	// tenantWorkers is how many tenants are tried at once: one whose Graph hangs takes
	// half a minute, which the others do not wait for.
	tenantWorkers = 8
	// probePeriod is how often a connection that works is tried again.
	probePeriod = 10 * time.Minute
	// retryProbe is for one that does not.
	retryProbe = 30 * time.Second
	// countDelay gathers the changes of many resources into one count, goneDelay
	// those that somebody may wait for.
	countDelay = 15 * time.Second
	goneDelay  = time.Second
	// manyMethods take a moment to count.
	manyMethods = 2000
	// conflictRetry is for an EntraTenant that was changed by another client meanwhile.
	conflictRetry = 100 * time.Millisecond
	// retryShare is when it is looked again whether another operator has let a tenant go, drainPeriod whether the
	// last of this one's reconciles has ended.
	retryShare  = 2 * time.Second
	drainPeriod = 200 * time.Millisecond
	// jitter spreads probes that would fall together.
	jitter = 0.2
)

// wakeUsers has the users of a tenant reconciled again.
func (r *Reconciler) wakeUsers(ctx context.Context, name string) error {
	select {
	case r.Connected <- event.TypedGenericEvent[string]{Object: name}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryConflict retries soon what came second to another writer.
func retryConflict(err error) (reconcile.Result, error) {
	if patch.OnlyConflicts(err, nil) {
		return reconcile.Result{RequeueAfter: conflictRetry}, nil
	}
	return reconcile.Result{}, err
}
