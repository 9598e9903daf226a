package entratenant

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/metrics"
	"github.com/entraops/phone-operator/internal/tenant"
)

// connect builds the tenant's connection if it is new or its spec or Secret
// changed, tries it, and puts it where users find it. Where the spec changed and the
// way to Graph did not, users find it before it is tried: a rule that is taken away
// must not wait for a Graph that hangs. An error is the API server's; what is wrong
// with the tenant is in the connection's condition.
func (r *Reconciler) connect(ctx context.Context, o *v1alpha1.EntraTenant) (connection, error) {
	was, known := r.Tenants.Last(o.Name)
	t, err := r.build(ctx, o)
	if err != nil {
		if _, works := r.Tenants.Get(o.Name); works {
			return connection{}, err // and goes on as it was
		}
		return connection{ready: conditions.False(v1alpha1.ReasonCredentialNotFound, unread(&o.Spec)), progress: conditions.InProgress}, err
	}
	if known {
		t = inherit(t, was)
	}
	cleared, err := r.acceptClearedViews(ctx, o, t)
	if err != nil {
		return connection{}, err
	}
	edited := !known || was.Version != t.Version
	sameWay := known && was.Problem == nil && t.Problem == nil && isSameWay(was, t)
	if sameWay {
		t.Graph = was.Graph // with its connections, and its token until it is tried
		if edited {
			unprobed := *t // the probe changes t, and what is registered is not changed
			r.Tenants.Put(&unprobed)
			if err := r.wakeUsers(ctx, o.Name); err != nil {
				return connection{}, err
			}
		}
	}
	found, err := r.find(ctx, t, sameWay && edited)
	if err != nil {
		return connection{}, err
	}
	r.Tenants.Put(t)
	metrics.Begin(t.Name)
	if edited && !sameWay || cleared || (was.Problem == nil) != (t.Problem == nil) {
		return found, r.wakeUsers(ctx, o.Name)
	}
	return found, nil
}

// inherit returns a tenant that goes on counting where the last one of its name was. What is known of its users counts
// only for the same object.
func inherit(t, was *tenant.Tenant) *tenant.Tenant {
	next := *t
	next.Deletions = was.Deletions
	if was.Views != nil && was.Version.UID == t.Version.UID {
		next.Views, next.AuditLog, next.Inventory, next.Reads = was.Views, was.AuditLog, was.Inventory, was.Reads
	}
	return &next
}

// find returns whether a tenant can be used: from what was built, from a probe of a moment ago, or from a new one.
// renew has the token renewed for that.
func (r *Reconciler) find(ctx context.Context, t *tenant.Tenant, renew bool) (connection, error) {
	if t.Problem != nil {
		found := connection{ready: conditions.False(t.Problem.Reason, t.Problem.Message), progress: conditions.Failed}
		if t.Problem.Passing {
			found.progress = conditions.InProgress
		}
		return found, nil
	}
	last := r.probes.get(t.Name)
	if last.version == t.Version && last.found.progress == conditions.Current && r.Now().Sub(last.at) < probePeriod/2 {
		return last.found, nil // this look is for the counts
	}
	return r.probe(ctx, t, renew)
}

// isSameWay reports whether two tenants reach the same Graph with the same credential.
func isSameWay(a, b *tenant.Tenant) bool {
	return a.Version.UID == b.Version.UID && a.Version.Secret == b.Version.Secret &&
		equality.Semantic.DeepEqual(wayOf(a.Spec), wayOf(b.Spec))
}

// wayOf leaves out of a spec what says nothing of how Graph is reached.
func wayOf(spec v1alpha1.EntraTenantSpec) v1alpha1.EntraTenantSpec {
	spec.Mode, spec.Access, spec.PrivilegedUsers, spec.ResyncPeriod, spec.Limits = "", nil, "", nil, nil
	spec.Cloud, spec.GraphVersion = spec.CloudOrDefault(), spec.GraphVersionOrDefault()
	return spec
}

// build makes a tenant of an EntraTenant and its Secret.
func (r *Reconciler) build(ctx context.Context, o *v1alpha1.EntraTenant) (t *tenant.Tenant, err error) {
	o = o.DeepCopy() // the tenant is for others to read, while a patch of o's status writes into it
	t = &tenant.Tenant{
		Name:     o.Name,
		Version:  tenant.VersionOf(o),
		Spec:     o.Spec,
		Throttle: r.Tenants.Throttle(o.Name, r.Now, tenant.LearntPace(o.Status.Pace)),
	}
	t.Deletions = tenant.NewBudget(r.Now, o.Status.RecentDeletions, func(ctx context.Context, counts []v1alpha1.DeletionCount) error {
		return r.saveDeletions(ctx, o.Name, counts)
	})
	t.Views, t.AuditLog = r.viewsOf(o), tenant.NewAuditLog(o.Status.AuditLog, r.Now())
	t.Inventory, t.Reads = tenant.NewInventory(), tenant.NewReads()
	refuse := func(reason, message string) (*tenant.Tenant, error) {
		t.Problem = &tenant.Problem{Reason: reason, Message: message}
		return t, nil
	}
	if t.Problem, err = r.rival(ctx, o); t.Problem != nil || err != nil {
		return t, err
	}
	if t.Access, err = access.Compile(o.Spec.Access); err != nil {
		return refuse(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("spec.access cannot be used: %v.", err))
	}
	if ref := o.Spec.Credential.SecretReference(); ref != nil && !slices.Contains(r.CredentialNamespaces, ref.Namespace) {
		return refuse(v1alpha1.ReasonCredentialNamespaceNotAllowed, namespaceNotAllowed(ref, r.CredentialNamespaces))
	}
	secret, problem, err := r.credential(ctx, t)
	if err != nil {
		return nil, err
	}
	if problem != "" {
		return refuse(v1alpha1.ReasonCredentialNotFound, problem)
	}
	if t.Graph, err = tenant.Connect(&o.Spec, secret, t.Throttle, func() error { return r.Share.Check(o.Name) }); err != nil {
		return refuse(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("The connection cannot be made: %v.", err))
	}
	return t, nil
}

// credential reads the value of the tenant's credential; nil where no Secret holds
// it. A problem is one that an administrator must mend.
func (r *Reconciler) credential(ctx context.Context, t *tenant.Tenant) (value []byte, problem string, err error) {
	ref := t.Spec.Credential.SecretReference()
	if ref == nil {
		return nil, "", nil
	}
	var s corev1.Secret
	err = r.Reader.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &s)
	switch {
	case apierrors.IsNotFound(err):
		return nil, noSecret(ref), nil
	case apierrors.IsForbidden(err):
		return nil, secretForbidden(ref), nil
	case err != nil:
		return nil, "", fmt.Errorf("get the Secret of the credential: %w", err)
	}
	value, ok := s.Data[ref.Key]
	if !ok {
		return nil, noSecretKey(ref), nil
	}
	t.Version.Secret = s.ResourceVersion
	return value, "", nil
}
