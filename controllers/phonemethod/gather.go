package phonemethod

import (
	"context"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/index"
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
			if r.isBehind(o) {
				return nil, fmt.Errorf("list the resources of the user: %w", errBehind)
			}
			if o.DeletionTimestamp.IsZero() || controllerutil.ContainsFinalizer(o, v1alpha1.Finalizer) {
				all = slices.DeleteFunc(all, func(c resource) bool { return c.object.UID == o.UID }) // it was bound meanwhile
				all = append(all, resourceOf(o))
			}
		}
	}
	slices.SortFunc(all, func(a, b resource) int { return strings.Compare(a.Ref, b.Ref) })
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

// release removes the finalizer of a resource that takes no part any more. If the API server does
// not accept that, it is tried again. Neither are the others held up, nor is anything asked of
// Graph for them: whoever edits such a resource without pause would make it so.
func (r *Reconciler) release(ctx context.Context, c resource) outcome {
	switch err := r.removeFinalizer(ctx, c); {
	case err == nil:
		return outcome{}
	case onlyConflicts(err):
		return outcome{aside: conflictRetry}
	default:
		log.FromContext(ctx).Info("could not take the finalizer off a resource", "resource", c.Ref, "answer", reasonOf(err))
		return outcome{aside: r.unwritable.retry(c.object.UID)}
	}
}

// findTenant is the stage that finds the tenant, or says of every resource why it cannot be used.
// The phone of a terminating resource cannot be deleted then; who does not mind says Orphan. An
// EntraTenant that its own controller has not looked at yet wakes its users when it has.
func (r *Reconciler) findTenant(ctx context.Context, s snapshot) (snapshot, outcome) {
	t, problem := r.usableTenant(ctx, s.key.Tenant)
	if problem == nil && t != nil {
		s.tenant = t
		return s, outcome{}
	}
	if problem == nil {
		return s.with(nil), outcome{}
	}
	return r.conclude(ctx, s, func(c resource) statement {
		try := c.untilNextTry(s.now)
		if c.Leaving {
			try = 0
		}
		return c.says(conditions.TenantNotUsable(s.key.Tenant, problem.Reason, problem.Message, c.Leaving, try > 0)).soon(try)
	})
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
