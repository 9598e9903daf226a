package phonemethod

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/patch"
	"github.com/entraops/phone-operator/internal/plan"
)

// Reasons of events that tell what was done in Graph.
const (
	eventCreated        = "Created"
	eventUpdated        = "Updated"
	eventDeleted        = "Deleted"
	eventSMSEnabled     = "SMSSignInEnabled"
	eventSMSDisabled    = "SMSSignInDisabled"
	eventDriftCorrected = "DriftCorrected"
	eventUserGone       = "UserGone"
)

// announceWrite records an event of what was done in Graph for a resource; none if that is gone.
func (r *Reconciler) announceWrite(s snapshot, a plan.Action) {
	c, ok := s.resource(a.For)
	if !ok {
		return
	}
	reason, note := eventUpdated, "The phone was changed in Entra."
	switch a.Verb {
	case plan.Create:
		reason, note = eventCreated, "The phone was registered in Entra."
	case plan.Delete:
		reason, note = eventDeleted, "The phone was deleted in Entra."
	case plan.EnableSMS:
		reason, note = eventSMSEnabled, "SMS sign-in was enabled in Entra."
	case plan.DisableSMS:
		reason, note = eventSMSDisabled, "SMS sign-in was disabled in Entra."
	case plan.None, plan.Update:
	}
	if a.Drift {
		reason, note = eventDriftCorrected, "A change made in Entra was undone: "+note
	}
	r.Events.Eventf(c.object, nil, corev1.EventTypeNormal, reason, "Reconcile", "%s", note)
}

// announceTransition records an event when a resource, as it was before, comes to need a person.
// Other transitions are in the conditions; writes have events of their own.
func (r *Reconciler) announceTransition(s snapshot, before resource, set conditions.Set) {
	// A spent budget cures itself, and may still be a sign that somebody errs.
	if set.Unchanged || set.Progress != conditions.Failed && set.Ready.Reason != v1alpha1.ReasonDeletionBudgetExhausted {
		return
	}
	was := meta.FindStatusCondition(before.object.Status.Conditions, v1alpha1.ConditionReady)
	if was == nil || was.Reason != set.Ready.Reason {
		switch set.Ready.Reason {
		case v1alpha1.ReasonNotPermitted, v1alpha1.ReasonPrivilegedUser, v1alpha1.ReasonUserChanged:
			metrics.RefusedClaims.WithLabelValues(s.key.Tenant, set.Ready.Reason).Inc()
		case v1alpha1.ReasonDriftDetected:
			metrics.DriftFound.WithLabelValues(s.key.Tenant, "reported").Inc()
		}
		r.Events.Eventf(before.object, nil, corev1.EventTypeWarning, set.Ready.Reason, "Reconcile", "%s", set.Ready.Message)
	}
}

// audit logs one line for each change made in Graph: what was done to whom, for which resource,
// who applied that as far as it tells, and under which id Microsoft knows the request. Never the
// number.
func audit(ctx context.Context, s snapshot, a plan.Action, requestID string) {
	o := &v1alpha1.PhoneAuthenticationMethod{} // its resource is gone, and the change was confirmed only now
	if c, ok := s.resource(a.For); ok {
		o = c.object
	}
	log.FromContext(ctx).Info("changed Graph", "action", a.Verb.String(), "phoneType", a.Type, "userID", s.user.ID,
		"resource", a.For, "generation", o.Generation, "driftCorrection", a.Drift,
		"appliedBy", appliedBy(o), "source", gitSource(o), "requestID", requestID)
}

func requestIDOf(answer *http.Response) string {
	if answer == nil {
		return ""
	}
	return graph.RequestID(answer.Header)
}

// requestIDIn returns Graph's id of a request that failed, or ours where no answer came:
// Microsoft finds the request by either.
func requestIDIn(err error) string {
	failure, ok := errors.AsType[*graph.Error](err)
	if !ok {
		return ""
	}
	return cmp.Or(failure.RequestID, failure.ClientRequestID)
}

// appliedBy names the field manager that last wrote the spec of the resource: kubectl, Flux or
// Argo CD, or a person's client.
func appliedBy(o *v1alpha1.PhoneAuthenticationMethod) string {
	for _, last := range lastManager(o.ManagedFields) {
		return last.Manager
	}
	return ""
}

// Labels and an annotation by which Flux and Argo CD mark what they applied.
const (
	fluxKustomize  = "kustomize.toolkit.fluxcd.io/"
	fluxHelm       = "helm.toolkit.fluxcd.io/"
	fluxName       = "name"
	fluxNamespace  = "namespace"
	argoTrackingID = "argocd.argoproj.io/tracking-id"
)

// gitSource names the Flux or Argo CD object that applied the resource, if its controller wrote spec
// last: what a person changed since is not in Git.
func gitSource(o *v1alpha1.PhoneAuthenticationMethod) string {
	by := appliedBy(o)
	for flux, controller := range map[string]string{fluxKustomize: "kustomize-controller", fluxHelm: "helm-controller"} {
		if name := o.Labels[flux+fluxName]; name != "" && by == controller {
			kind, _, _ := strings.Cut(flux, ".")
			return "flux " + kind + " " + cut(o.Labels[flux+fluxNamespace]) + "/" + cut(name)
		}
	}
	if id := o.Annotations[argoTrackingID]; id != "" && strings.HasPrefix(by, "argocd") {
		return "argocd " + cut(id)
	}
	return ""
}

// lastManager returns an entry with the name of the manager that wrote spec last, and nothing else; none where no
// manager did. It returns its own results unchanged.
func lastManager(all []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	if len(all) == 1 && all[0].Operation == "" && all[0].FieldsV1 == nil { // the API server has none without an operation
		return all
	}
	last := lastWrite(all)
	if last == nil {
		return nil
	}
	return namedManager(last.Manager)
}

// lastWrite returns the entry of the manager that wrote spec last; nil where no manager did, and of what the cache keeps.
func lastWrite(all []metav1.ManagedFieldsEntry) (last *metav1.ManagedFieldsEntry) {
	for i := range all {
		if e := &all[i]; e.Subresource == "" && e.Manager != patch.FieldManager && hasPlausibleTime(e.Time) && hasSpec(e.FieldsV1) && (last == nil || !e.Time.Before(last.Time)) {
			last = e
		}
	}
	return last
}

// previousManager is what namedManager returned last.
var previousManager atomic.Pointer[[]metav1.ManagedFieldsEntry]

// namedManager returns the entry, not to be changed. Thousands of resources that one manager wrote one after the
// other have it in common.
func namedManager(name string) []metav1.ManagedFieldsEntry {
	if previous := previousManager.Load(); previous != nil && (*previous)[0].Manager == name {
		return *previous
	}
	entry := []metav1.ManagedFieldsEntry{{Manager: shared(name)}}
	previousManager.Store(&entry)
	return entry
}

// hasPlausibleTime reports whether an entry has a time that is not in the future. A client that writes the
// entries itself could leave the time out or choose a later one, and would be the last manager for ever.
func hasPlausibleTime(at *metav1.Time) bool { return at != nil && !at.After(time.Now().Add(time.Hour)) }

// hasSpec reports whether a field manager's fields are some of spec.
func hasSpec(fields *metav1.FieldsV1) bool {
	if fields == nil || !bytes.Contains(fields.GetRawBytes(), []byte(`"f:spec":`)) {
		return false
	}
	var top map[string]json.RawMessage // an annotation may be called spec, too
	if json.Unmarshal(fields.GetRawBytes(), &top) != nil {
		return false
	}
	_, ok := top["f:spec"]
	return ok
}
