package controllers

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/entraops/phone-operator/controllers/auditlog"
	"github.com/entraops/phone-operator/controllers/entratenant"
	"github.com/entraops/phone-operator/controllers/phonemethod"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/patch"
	"github.com/entraops/phone-operator/internal/recorder"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// Options are what the controllers take from the command line.
type Options struct {
	// MaxConcurrentReconciles is how many users are worked on at once.
	MaxConcurrentReconciles int
	// CredentialNamespaces are the namespaces whose Secrets may be the credential of an
	// EntraTenant.
	CredentialNamespaces []string
	// Share says which EntraTenants this operator works for, and how long; nil: for all, and nobody else does. What it
	// calls is set here.
	Share *tenant.Share
}

// SetupWithManager adds the controllers, and their indexes.
func SetupWithManager(ctx context.Context, mgr ctrl.Manager, o Options) error {
	if err := index.Add(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	writer := client.WithFieldOwner(mgr.GetClient(), patch.FieldManager)
	plain := writer
	if o.Share != nil {
		writer = fenced{plain, o.Share.Check}
		plain = fenced{plain, func(string) error { return o.Share.CheckLeader() }}
	}
	tenants := tenant.NewRegistry()
	tenants.ShareWorkers(o.MaxConcurrentReconciles)
	events := recorder.Bounded{Next: mgr.GetEventRecorder("phone-operator")}
	connected := make(chan event.TypedGenericEvent[string], 64)
	doubted := make(chan event.TypedGenericEvent[entratenant.Doubt], 64)
	r := &phonemethod.Reconciler{
		Client:  writer,
		Reader:  mgr.GetAPIReader(),
		Events:  events,
		Tenants: tenants,
		Share:   o.Share,
		Now:     time.Now,
		Doubt: func(tenant string, kind graph.Kind) {
			select {
			case doubted <- event.TypedGenericEvent[entratenant.Doubt]{Object: entratenant.Doubt{Tenant: tenant, Kind: kind}}:
			default: // many wait already, and the user's next reconcile tells it again
			}
		},
	}
	drifted := make(chan event.TypedGenericEvent[user.Key], 64)
	if err := r.SetupWithManager(mgr, o.MaxConcurrentReconciles, connected, drifted); err != nil {
		return err
	}
	audits := &auditlog.Reconciler{Client: writer, Tenants: tenants, Now: time.Now, Drifted: drifted}
	if err := audits.SetupWithManager(mgr); err != nil {
		return err
	}
	lost := make(chan event.TypedGenericEvent[string], 64)
	if o.Share != nil {
		o.Share.Taken = r.TakeOver
		o.Share.Lost = func(name string) { lost <- event.TypedGenericEvent[string]{Object: name} }
		if err := mgr.Add(o.Share); err != nil {
			return err
		}
	}
	t := &entratenant.Reconciler{
		Client:    writer,
		Unheld:    plain,
		Share:     o.Share,
		Lost:      lost,
		Reader:    mgr.GetAPIReader(),
		Events:    events,
		Tenants:   tenants,
		Now:       time.Now,
		Connected: connected,
		Doubted:   doubted,

		CredentialNamespaces: o.CredentialNamespaces,
	}
	return t.SetupWithManager(mgr)
}
