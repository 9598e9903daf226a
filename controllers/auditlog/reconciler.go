package auditlog

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// Reconciler reads the audit log of each tenant, a page in one reconcile.
type Reconciler struct {
	Client  client.Client
	Tenants *tenant.Registry
	Now     func() time.Time
	// Drifted is told each user whose phones somebody else changed, Connected the name of each
	// EntraTenant all of whose users have to be read.
	Drifted   chan<- event.TypedGenericEvent[user.Key]
	Connected chan<- event.TypedGenericEvent[string]
}

const (
	// period is how often the log is asked. Records show some five minutes late.
	period = 5 * time.Minute
	// nextPage is when the next page is asked for: Graph allows five such requests in ten seconds.
	nextPage = 2 * time.Second
	// retryConnection is for a tenant that cannot be used yet.
	retryConnection = 5 * time.Second
	// jitter spreads the reads of several tenants.
	jitter = 0.2
)

// Reconcile reads one page of one tenant's log.
func (r *Reconciler) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	var o v1alpha1.EntraTenant
	if err := r.Client.Get(ctx, req.NamespacedName, &o); err != nil {
		return reconcile.Result{}, client.IgnoreNotFound(err)
	}
	t, ok := r.Tenants.Get(o.Name)
	if !ok || t.Problem != nil {
		return reconcile.Result{RequeueAfter: retryConnection}, nil
	}
	if t.Spec.CloudOrDefault() == v1alpha1.CloudChina {
		return reconcile.Result{}, nil // its Graph has no audit log; an edit of the spec comes here again
	}
	if t.Inventory.IsReading() && t.AuditLog.IsReadWithin(period, r.Now()) { // one request at a time
		if r.takeStock(ctx, t) {
			return reconcile.Result{RequeueAfter: nextPage}, nil
		}
		return reconcile.Result{RequeueAfter: wait.Jitter(period, jitter)}, nil
	}
	answer, again, err := r.read(ctx, t)
	if err != nil {
		return reconcile.Result{}, err
	}
	if answer == v1alpha1.AuditLogFollowed && again != nextPage && r.takeStock(ctx, t) {
		again = nextPage
	}
	if t.AuditLog.Lost(r.Now()) {
		log.FromContext(ctx).Info("the audit log cannot be read any more: all users are read again in each resyncPeriod")
		if err := tell(ctx, r.Connected, t.Name); err != nil {
			return reconcile.Result{}, err
		}
	}
	return reconcile.Result{RequeueAfter: again}, r.report(ctx, &o, t.AuditLog, answer)
}

// read asks for a page and tells whom it is about. It returns what came of it, and when to go on.
func (r *Reconciler) read(ctx context.Context, t *tenant.Tenant) (v1alpha1.AuditLogAnswer, time.Duration, error) {
	later := wait.Jitter(period, jitter)
	id, err := t.Graph.Identity(ctx)
	if err != nil {
		return answerOf(err), later, nil
	}
	if len(graph.MissingForAudits(id.Permissions)) > 0 {
		return v1alpha1.AuditLogNotGranted, later, nil
	}
	since, next := t.AuditLog.Ask(r.Now())
	page, err := t.Graph.AuditRecords(ctx, since, next)
	if err != nil {
		t.AuditLog.Failed()
		return answerOf(err), later, nil
	}
	users, further := t.AuditLog.Heard(page, id.ClientID, r.Now())
	for _, one := range users {
		if err := tell(ctx, r.Drifted, user.Key{Tenant: t.Name, User: one}); err != nil {
			return "", 0, err
		}
	}
	if further {
		later = nextPage
	}
	return v1alpha1.AuditLogFollowed, later, nil
}

// takeStock reads a page of the registration report, if one is due, and reports whether there are
// further ones. The permission for the audit log opens it. A tenant without a licence has none.
func (r *Reconciler) takeStock(ctx context.Context, t *tenant.Tenant) (further bool) {
	next, due := t.Inventory.Due(r.Now())
	if !due {
		return false
	}
	page, err := t.Graph.Registrations(ctx, next)
	if err != nil {
		log.FromContext(ctx).V(1).Info("the registration report cannot be read", "answer", err.Error())
		t.Inventory.Failed(r.Now())
		return false
	}
	t.Inventory.Heard(page, r.Now())
	return page.Next != ""
}

func tell[T any](ctx context.Context, whom chan<- event.TypedGenericEvent[T], what T) error {
	select {
	case whom <- event.TypedGenericEvent[T]{Object: what}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func answerOf(err error) v1alpha1.AuditLogAnswer {
	switch graph.KindOf(err) { //nolint:exhaustive // the rest passes
	case graph.Forbidden:
		return v1alpha1.AuditLogNotGranted
	case graph.Restricted:
		return v1alpha1.AuditLogUnlicensed
	}
	return v1alpha1.AuditLogUnavailable
}

// report writes what came of a read into the tenant's status, and nothing else: what others write
// there meanwhile stays. The condition follows from it.
func (r *Reconciler) report(ctx context.Context, o *v1alpha1.EntraTenant, followed *tenant.AuditLog, answer v1alpha1.AuditLogAnswer) error {
	said, worth := followed.Report(answer)
	if !worth {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": o.UID}, "status": map[string]any{"auditLog": said}})
	if err != nil {
		return fmt.Errorf("write down how far the audit log was read: %w", err)
	}
	written := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: o.Name}}
	if err := r.Client.Status().Patch(ctx, written, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("save how far the audit log was read: %w", err)
	}
	followed.Written(said)
	return nil
}
