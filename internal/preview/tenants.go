package preview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// storeTenant keeps an EntraTenant of a manifest.
func (l *layers) storeTenant(got, live *unstructured.Unstructured) error {
	o, err := typed[v1alpha1.EntraTenant](got)
	if err != nil {
		return err
	}
	l.tenants[o.Name] = o
	l.changed[o.Name] = live == nil || !equality.Semantic.DeepEqual(live.Object["spec"], got.Object["spec"])
	l.rerouted[o.Name] = live == nil || !isSameWay(live, got)
	return nil
}

// isSameWay reports whether two versions of an EntraTenant sign in with the same credential at the same place.
func isSameWay(a, b *unstructured.Unstructured) bool {
	return !slices.ContainsFunc([]string{"tenantID", "clientID", "credential", "cloud", "endpoint"}, func(field string) bool {
		was, _, _ := unstructured.NestedFieldNoCopy(a.Object, "spec", field)
		is, _, _ := unstructured.NestedFieldNoCopy(b.Object, "spec", field)
		return !equality.Semantic.DeepEqual(was, is)
	})
}

// loadTenant reads an EntraTenant that no manifest brings.
func (l *layers) loadTenant(ctx context.Context, name string) error {
	if l.tenants[name] != nil {
		return nil
	}
	o := &v1alpha1.EntraTenant{}
	switch err := l.Client.Get(ctx, client.ObjectKey{Name: name}, o); {
	case apierrors.IsNotFound(err):
	case apierrors.IsForbidden(err):
		return fmt.Errorf("you may not read EntraTenant %s, which says who may manage whom: the role phone-operator-entratenant-viewer-role allows it", name)
	case err != nil:
		return fmt.Errorf("read EntraTenant %s: %w", name, err)
	default:
		l.tenants[name] = o
	}
	return nil
}

// connect makes a tenant of an EntraTenant as the operator does, but to look only. What the operator says of it already,
// and what is wrong with its rules, is the tenant's problem; that the caller cannot sign in is an error.
func (l *layers) connect(ctx context.Context, o *v1alpha1.EntraTenant, registry *tenant.Registry, ambient bool) (t *tenant.Tenant, err error) {
	// Whoever wrote the manifest, which may be anybody's pull request, would have the credential sent to where it says.
	switch {
	case l.rerouted[o.Name] && l.recorded != nil:
		return nil, fmt.Errorf("a manifest says where and how EntraTenant %s signs in, other than the cluster did when the recording was made: "+
			"plan it without --offline", o.Name)
	case l.recorded != nil && l.bringsCredential(o):
		return nil, fmt.Errorf("a manifest has the credential of EntraTenant %s, of which a recording cannot say whether it signs in: "+
			"plan it without --offline, or without that manifest", o.Name)
	case l.rerouted[o.Name] && !l.trust:
		return nil, fmt.Errorf("a manifest says where and how EntraTenant %s signs in, other than the cluster does; a credential would be sent there. "+
			"Read that manifest, then say --trust-tenants, or plan without it", o.Name)
	}
	t = &tenant.Tenant{Name: o.Name, Version: tenant.VersionOf(o), Spec: *o.Spec.DeepCopy()}
	t.Spec.Mode = v1alpha1.ModeObserve
	if t.Problem = l.saidProblem(o); t.Problem != nil {
		return t, nil
	}
	if t.Access, err = access.Compile(o.Spec.Access); err != nil {
		t.Problem = &tenant.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: fmt.Sprintf("spec.access cannot be used: %v.", err)}
		return t, nil
	}
	if l.recorded != nil {
		err = l.playBack(t)
	} else {
		err = l.reach(ctx, t, o, registry, ambient)
	}
	if t.Problem != nil || err != nil {
		return t, err
	}
	if _, err := t.Graph.Permissions(ctx); err != nil {
		return nil, fmt.Errorf("sign in to EntraTenant %s: %w", o.Name, err)
	}
	forget := func(context.Context, []v1alpha1.ProtectedUsersView) error { return nil }
	t.Views = tenant.NewViews(o.Status.ProtectedUsers, forget)
	t.Deletions = tenant.NewBudget(l.clock, o.Status.RecentDeletions, func(context.Context, []v1alpha1.DeletionCount) error { return nil })
	t.AuditLog, t.Inventory, t.Reads = tenant.NewAuditLog(o.Status.AuditLog, l.now), tenant.NewInventory(), tenant.NewReads()
	return t, nil
}

// bringsCredential reports whether a Secret of the manifests has an EntraTenant's credential.
func (l *layers) bringsCredential(o *v1alpha1.EntraTenant) bool {
	ref := o.Spec.Credential.SecretReference()
	return ref != nil && l.secrets[client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}] != nil
}

// reach connects a tenant to its Graph.
func (l *layers) reach(ctx context.Context, t *tenant.Tenant, o *v1alpha1.EntraTenant, registry *tenant.Registry, ambient bool) (err error) {
	proof := tenant.Ambient()
	if !ambient {
		if proof, t.Problem, err = l.proof(ctx, o); t.Problem != nil || err != nil {
			return err
		}
	}
	t.Throttle = registry.Throttle(o.Name, time.Now, tenant.LearntPace(o.Status.Pace))
	if t.Graph, err = tenant.ConnectReadOnly(&t.Spec, proof, t.Throttle, l.around); err != nil {
		t.Problem = unusable(err)
	}
	return nil
}

// playBack connects a tenant to what was recorded of its Graph.
func (l *layers) playBack(t *tenant.Tenant) (err error) {
	if reason, message := l.recorded.Broken(t.Name); reason != "" && !l.changed[t.Name] {
		t.Problem = &tenant.Problem{Reason: reason, Message: message}
		return nil
	}
	if !l.recorded.HasGraph(t.Name) {
		return fmt.Errorf("the recording has nothing of the Graph of EntraTenant %s: make it again, with this tenant", t.Name)
	}
	t.Throttle = throttle.New(hurried(l.clock), nil, t.Name)
	if t.Graph, err = tenant.ConnectRecorded(&t.Spec, l.recorded.Credential(t.Name), l.recorded.Transport(t.Name)); err != nil {
		t.Problem = unusable(err)
	}
	return nil
}

func unusable(err error) *tenant.Problem {
	return &tenant.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: fmt.Sprintf("The connection cannot be made: %v.", err)}
}

// hurried is a clock by which an hour has gone by whenever it is read: a recording is asked as fast as it answers.
func hurried(clock func() time.Time) func() time.Time {
	var hours atomic.Int64
	return func() time.Time { return clock().Add(time.Duration(hours.Add(1)) * time.Hour) }
}

// saidProblem is why the operator does not work for an EntraTenant, if no manifest changes that.
func (l *layers) saidProblem(o *v1alpha1.EntraTenant) *tenant.Problem {
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	if l.changed[o.Name] || ready == nil || ready.Status != metav1.ConditionFalse || ready.ObservedGeneration != o.Generation || ready.Reason == v1alpha1.ReasonInUse {
		return nil
	}
	return &tenant.Problem{Reason: ready.Reason, Message: ready.Message}
}

// otherCredential is what a caller can do who cannot sign in as the operator does.
const otherCredential = "sign in yourself, with an application that may read users and phones, and say --credential=default"

// proof reads the credential of an EntraTenant.
func (l *layers) proof(ctx context.Context, o *v1alpha1.EntraTenant) (tenant.Proof, *tenant.Problem, error) {
	ref := o.Spec.Credential.SecretReference()
	if ref == nil {
		return tenant.Proof{}, nil, fmt.Errorf("EntraTenant %s has a credential that only the operator's pod has: %s", o.Name, otherCredential)
	}
	var from client.Reader = l
	if l.sealed[client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}] {
		from = l.Client
	}
	value, err := Credential(ctx, from, ref)
	missing, none := errors.AsType[*MissingCredential](err)
	switch {
	case none:
		return tenant.Proof{}, &tenant.Problem{Reason: v1alpha1.ReasonCredentialNotFound, Message: missing.Error()}, nil
	case apierrors.IsForbidden(err):
		return tenant.Proof{}, nil, fmt.Errorf("you may not read Secret %s/%s, the credential of EntraTenant %s: %s", ref.Namespace, ref.Name, o.Name, otherCredential)
	case err != nil:
		return tenant.Proof{}, nil, fmt.Errorf("read the credential of EntraTenant %s: %w", o.Name, err)
	}
	return tenant.ProofOf(o.Spec.Credential, value), nil, nil
}
