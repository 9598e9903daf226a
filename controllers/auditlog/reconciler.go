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
	// Drifted is told each user whose phones somebody else changed.
	Drifted chan<- event.TypedGenericEvent[user.Key]
}

const (
	// period is how often the log is asked. Records show some five minutes late.
	period = 5 * time.Minute
	// nextRequest is when to go on where something is left to ask. The tenant's AuditLog says when that may be.
	nextRequest = time.Second
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
	if wait := t.AuditLog.UntilNextRequest(r.Now()); wait > 0 {
		return reconcile.Result{RequeueAfter: wait}, nil
	}
	later := reconcile.Result{RequeueAfter: wait.Jitter(period, jitter)}
	next, due := t.Inventory.Due(r.Now())
	request := o.Annotations[v1alpha1.ReconcileRequestedAtAnnotation]
	if due && t.AuditLog.IsReadWithin(period, r.Now()) && t.AuditLog.YieldToReport(request) { // one request to Graph at a time
		if r.takeStock(ctx, t, next) || t.AuditLog.IsAwaited(request) {
			return reconcile.Result{RequeueAfter: nextRequest}, nil
		}
		return later, nil
	}
	answer, further, err := r.read(ctx, t, request)
	if err != nil {
		return reconcile.Result{}, err
	}
	if err := r.report(ctx, &o, t.AuditLog, answer); err != nil { // the next read writes it
		log.FromContext(ctx).Error(err, "cannot save how far the audit log was read")
	}
	if further || due && answer == v1alpha1.AuditLogFollowed {
		return reconcile.Result{RequeueAfter: nextRequest}, nil
	}
	return later, nil
}

// read asks for a page and tells whom it is about. request is what asked for it, if anybody did. It returns what came of it, and whether there are
// further pages.
func (r *Reconciler) read(ctx context.Context, t *tenant.Tenant, request string) (_ v1alpha1.AuditLogAnswer, further bool, _ error) {
	id, err := t.Graph.Identity(ctx)
	if err != nil {
		return answerOf(err), false, nil
	}
	if len(graph.MissingForAudits(id.Permissions)) > 0 {
		return v1alpha1.AuditLogNotGranted, false, nil
	}
	since, next := t.AuditLog.Ask(r.Now(), request)
	page, err := t.Graph.AuditRecords(ctx, since, next)
	if err != nil {
		t.AuditLog.Failed()
		return answerOf(err), false, nil
	}
	users, further := t.AuditLog.Heard(page, id.ClientID, t.Reads.Of, r.Now())
	for _, one := range users {
		select {
		case r.Drifted <- event.TypedGenericEvent[user.Key]{Object: user.Key{Tenant: t.Name, User: one}}:
		case <-ctx.Done():
			return "", false, ctx.Err()
		}
	}
	return v1alpha1.AuditLogFollowed, further, nil
}

// takeStock reads a page of the registration report, and reports whether there are further ones. The
// permission for the audit log opens it. A tenant without a licence has none.
func (r *Reconciler) takeStock(ctx context.Context, t *tenant.Tenant, next string) (further bool) {
	page, err := t.Graph.Registrations(ctx, next)
	if err != nil {
		log.FromContext(ctx).V(1).Info("the registration report cannot be read", "answer", err.Error())
		if answerOf(err) != v1alpha1.AuditLogUnavailable {
			t.Inventory.Refused(r.Now())
		}
		return false
	}
	t.Inventory.Heard(page, r.Now())
	return page.Next != ""
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
