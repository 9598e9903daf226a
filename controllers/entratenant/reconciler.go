package entratenant

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
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

	probes   probes
	doubts   doubts
	contests contests
	written  written
}

// Reconcile connects one tenant, tries the connection, and reports.
func (r *Reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	var o v1alpha1.EntraTenant
	err := r.Client.Get(ctx, req.NamespacedName, &o)
	if apierrors.IsNotFound(err) {
		r.forget(req.Name)
		switch done, err := r.Share.LetGo(ctx, req.Name, true); {
		case err != nil:
			return reconcile.Result{}, err
		case !done:
			return reconcile.Result{RequeueAfter: drainPeriod}, nil
		}
		return reconcile.Result{}, r.wakeUsers(ctx, req.Name)
	}
	if err != nil {
		return reconcile.Result{}, fmt.Errorf("get the EntraTenant: %w", err)
	}
	if r.written.isBehind(&o) { // else what was just written would be taken for what is there
		return reconcile.Result{RequeueAfter: conflictRetry}, nil
	}
	if ours, again, err := r.claim(ctx, &o); err != nil || !ours {
		return again, err
	}
	r.Tenants.Expect(o.Name, tenant.VersionOf(&o))
	count, err := r.count(ctx, o.Name)
	if err != nil {
		return reconcile.Result{}, err
	}
	if !o.DeletionTimestamp.IsZero() && count.Methods.Total == 0 {
		return reconcile.Result{}, r.removeFinalizer(ctx, &o)
	}
	if err := r.ensureFinalizer(ctx, &o); err != nil {
		return retryConflict(err)
	}
	if err := r.renewWanted(ctx, o.Name); err != nil {
		return reconcile.Result{}, err
	}
	found, err := r.connect(ctx, &o)
	switch {
	case errors.Is(err, errOutdated):
		return reconcile.Result{}, nil // the edit has put it in the queue again
	case err != nil && found.ready.Reason != "":
		return reconcile.Result{}, errors.Join(err, r.report(ctx, &o, found, count))
	case err != nil:
		return reconcile.Result{}, err
	}
	if err := r.report(ctx, &o, found, count); err != nil {
		return retryConflict(err)
	}
	if t, ok := r.Tenants.Last(o.Name); ok && t.Deletions != nil {
		if err := t.Deletions.SaveExact(ctx); err != nil {
			return reconcile.Result{}, err
		}
	}
	after := probePeriod
	switch {
	case found.ready.Reason == v1alpha1.ReasonConflict && found.progress == conditions.InProgress:
		return reconcile.Result{RequeueAfter: retryClaim}, nil
	case found.ready.Reason == v1alpha1.ReasonConflict:
		r.Tenants.Yield(o.Spec.TenantGUID(), o.Name) // only now that its status does not say Ready
	}
	if found.progress != conditions.Current {
		after = retryProbe
	}
	if _, missing := r.doubts.wants(o.Name, r.Now()); missing {
		after = min(after, grantPeriod)
	}
	return reconcile.Result{RequeueAfter: wait.Jitter(after, jitter)}, nil
}

func (r *Reconciler) ensureFinalizer(ctx context.Context, o *v1alpha1.EntraTenant) error {
	base := o.DeepCopy()
	if !o.DeletionTimestamp.IsZero() || !controllerutil.AddFinalizer(o, v1alpha1.Finalizer) {
		return nil
	}
	if err := r.Client.Patch(ctx, o, patch.Optimistic(base)); err != nil {
		return fmt.Errorf("put the finalizer on the EntraTenant: %w", err)
	}
	return nil
}

// removeFinalizer ends a tenant that nobody uses any more.
func (r *Reconciler) removeFinalizer(ctx context.Context, o *v1alpha1.EntraTenant) error {
	r.Tenants.Remove(o.Name)
	base := o.DeepCopy()
	if !controllerutil.RemoveFinalizer(o, v1alpha1.Finalizer) {
		return nil
	}
	err := r.Client.Patch(ctx, o, patch.Optimistic(base))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("take the finalizer off the EntraTenant: %w", err)
	}
	return nil
}
