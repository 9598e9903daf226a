package phonemethod

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// gather returns what the cluster says of a user: the resources under all spellings of the user
// that are known.
func (r *Reconciler) gather(ctx context.Context, key user.Key) (snapshot, error) {
	s := snapshot{key: key, due: r.schedule.begin(key), gathered: map[types.UID]bool{}}
	spellings := append(slices.Clone(r.users.spelled(key)), key.User)
	resources, err := r.list(ctx, nil, key.Tenant, spellings...)
	for _, c := range resources {
		s.gathered[c.object.UID] = true
	}
	s.now, s.journal = r.Now(), r.journalOf(key)
	return s.with(resources), err
}

// list returns the resources that the cluster has under some spellings of a user, of which the
// object id is the last: a resource that is bound between two of the reads goes from a name to
// the id, and is found all the same. Those that are known already are left out. So is a resource
// that was released and that the finalizer of another owner keeps: what Graph has is not its own.
func (r *Reconciler) list(ctx context.Context, known map[types.UID]bool, tenant string, spellings ...string) ([]resource, error) {
	var all []resource
	id := user.Key{Tenant: tenant, User: spellings[len(spellings)-1]}
	for _, spelling := range spellings {
		var found v1alpha1.PhoneAuthenticationMethodList
		key := user.Key{Tenant: tenant, User: spelling}
		if err := r.Client.List(ctx, &found, client.MatchingFields{index.User: key.String()}); err != nil {
			return nil, fmt.Errorf("list the resources of the user: %w", err)
		}
		for i := range found.Items {
			o := &found.Items[i]
			if known[o.UID] {
				continue
			}
			if err := r.checkNotBehind(ctx, o); err != nil {
				return nil, fmt.Errorf("list the resources of the user: %w", err)
			}
			if !isReleased(o) {
				all = slices.DeleteFunc(all, func(c resource) bool { return c.object.UID == o.UID }) // it was bound meanwhile
				all = append(all, resourceOf(o))
				if name := user.KeyOf(o); id.Bound() && !name.Bound() {
					r.users.binds(name, id)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b resource) int { return strings.Compare(a.Ref, b.Ref) })
	for i := range all {
		all[i].secretEdits, all[i].newSecret = r.secrets.gather(all[i].object.UID)
	}
	return all, nil
}

// isReleased reports whether a resource is gone as far as the operator goes: its finalizer keeps it no more.
func isReleased(o *v1alpha1.PhoneAuthenticationMethod) bool {
	return !o.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(o, v1alpha1.Finalizer)
}

// checkNotBehind returns a behindError where the cache has a resource as it was before our own last write to it. A status
// that is compared with such a one may look as if nothing had to be written, and a phone as if it still were that of a
// resource that is gone. What the operator before this one released is not known: for as long as that may matter, the API
// server is asked for each terminating resource.
func (r *Reconciler) checkNotBehind(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod) error {
	own, ok := r.versions.Get(o.UID)
	isNew := r.Now().Sub(r.startedFor(o.Spec.TenantName())) <= journal.WriteDeadline
	if !ok && isNew && !o.DeletionTimestamp.IsZero() {
		own, ok = ownWrite{versionReleasing, r.Now()}, true
	}
	if !ok || isReleased(o) {
		return nil
	}
	if own.version == versionReleasing {
		var err error
		if own.version, err = r.versionNow(ctx, o); err != nil {
			return err
		}
	}
	if own.version != versionGone {
		if order, err := resourceversion.CompareResourceVersion(o.ResourceVersion, own.version); err != nil || order >= 0 {
			return nil
		}
	}
	return behindError{lag: r.Now().Sub(own.at)}
}

// versionNow asks the API server for the version of a resource that was to be released, and remembers it.
func (r *Reconciler) versionNow(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod) (string, error) {
	var live v1alpha1.PhoneAuthenticationMethod
	err := r.Reader.Get(ctx, client.ObjectKeyFromObject(o), &live)
	if client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("look whether a resource is gone: %w", err)
	}
	if err != nil || live.UID != o.UID || isReleased(&live) {
		r.versions.Set(o.UID, ownWrite{versionGone, r.Now()}, releaseRemembered)
		return versionGone, nil
	}
	r.versions.Set(o.UID, ownWrite{live.ResourceVersion, r.Now()}, staleCacheBound)
	return live.ResourceVersion, nil
}

// namespaces returns the metadata of the resources' namespaces by name, from the cache.
func (r *Reconciler) namespaces(ctx context.Context, resources []resource) (map[string]namespace, error) {
	all := map[string]namespace{}
	for _, c := range resources {
		if _, ok := all[c.object.Namespace]; ok {
			continue
		}
		ns := &metav1.PartialObjectMetadata{}
		ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
		err := r.Client.Get(ctx, client.ObjectKey{Name: c.object.Namespace}, ns)
		switch {
		case apierrors.IsNotFound(err):
			ns = nil
		case err != nil:
			return nil, fmt.Errorf("get the namespace of %s: %w", c.Ref, err)
		}
		all[c.object.Namespace] = ns
	}
	return all, nil
}

// releaseUnmade is the stage that releases the terminating resources that need neither the tenant
// nor Graph.
func (r *Reconciler) releaseUnmade(ctx context.Context, s snapshot) (snapshot, outcome) {
	var o outcome
	var rest []resource
	for _, c := range s.resources {
		if c.isReleasable() {
			o = o.and(r.release(ctx, c))
		} else {
			rest = append(rest, c)
		}
	}
	return s.with(rest), o
}

// findTenant is the stage that finds the tenant, or says of every resource why it cannot be used.
// The phone of a terminating resource cannot be deleted then, and deletionPolicy Orphan releases it
// all the same. An EntraTenant that is not connected yet wakes its users when it is.
func (r *Reconciler) findTenant(ctx context.Context, s snapshot) (snapshot, outcome) {
	t, problem := r.usableTenant(ctx, s.key.Tenant)
	switch {
	case problem != nil:
		return r.conclude(ctx, s, func(c resource) statement {
			try := c.untilNextTry(s.now)
			if c.Terminating {
				try = 0
			}
			return c.says(conditions.TenantNotUsable(s.key.Tenant, problem.Reason, problem.Message, c.Terminating, try > 0)).soon(try)
		})
	case t == nil:
		return s.with(nil), outcome{}
	}
	s.tenant = t
	return s, outcome{}
}

// usableTenant returns the tenant of a name, or what keeps its users from using it. Neither: it is
// not connected yet.
func (r *Reconciler) usableTenant(ctx context.Context, name string) (*tenant.Tenant, *tenant.Problem) {
	if t, ok := r.Tenants.Get(name); ok {
		return t, t.Problem
	}
	if err := r.Client.Get(ctx, client.ObjectKey{Name: name}, &v1alpha1.EntraTenant{}); apierrors.IsNotFound(err) {
		return nil, &tenant.Problem{Reason: v1alpha1.ReasonTenantNotFound, Message: conditions.TenantNotFound(name)}
	}
	return nil, nil
}
