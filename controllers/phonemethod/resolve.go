package phonemethod

import (
	"context"
	"errors"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/user"
)

// resolve is the stage that finds out who the user is, and whether each resource still means this
// user: a name can be given to another person. Resources of a user who was renamed stay with the
// object id that they are bound to.
//
// The name that the user has is asked for first: for resources that say it, that is all. What
// others say is looked up.
func (r *Reconciler) resolve(ctx context.Context, s snapshot) (snapshot, outcome) {
	if !s.mayBeUrgent() {
		ctx = graph.WithLowPriority(ctx)
	}
	if !s.key.Bound() {
		return r.bind(ctx, s)
	}
	lookUp := r.newLookUp(s)
	asked, handed := r.users.isHanded(s.key)
	if s.named = s.now; handed {
		s.named = asked
	} else if r.isWorthAskingAhead(s) {
		s.tenant.Graph.SideBySide(2, func(i int) {
			if i == 0 {
				_, _ = lookUp(ctx, s.key.User) // and keeps the answer
				return
			}
			s.protection = r.askProtection(ctx, s.tenant, s.key.User)
		})
	}
	found, err := lookUp(ctx, s.key.User)
	switch {
	case graph.KindOf(err) == graph.NotFound:
		return r.userNotShown(ctx, s, lookUp)
	case err != nil:
		return r.concludeFailure(ctx, s, err, nil)
	}
	r.absences.Delete(s.key)
	s.user = found
	s, joined := r.join(ctx, s)
	if joined.err != nil {
		return s, joined
	}
	s, o := r.keepThoseOfUser(ctx, s, lookUp)
	return s, joined.and(o)
}

// userLookUp returns the user behind a spelling.
type userLookUp func(ctx context.Context, spelling string) (graph.User, error)

// newLookUp returns the look-up of one reconcile: each spelling is asked for once, and not more than
// manyNames of them.
func (r *Reconciler) newLookUp(s snapshot) userLookUp {
	type answer struct {
		user graph.User
		err  error
	}
	answers := map[string]answer{}
	return func(ctx context.Context, spelling string) (graph.User, error) {
		spelling = strings.ToLower(spelling)
		if a, ok := answers[spelling]; ok {
			return a.user, a.err
		}
		if len(answers) > manyNames {
			return graph.User{}, errManyNames
		}
		u, err := r.users.take(ctx, s.tenant, spelling, s.resources)
		answers[spelling] = answer{u, err}
		return u, err
	}
}

// manyNames is how many names beside the user's own are looked up in a reconcile.
const manyNames = 10

// bind finds the object id behind a spelling that no resource is bound to yet, and hands the
// user on under it: only object ids are worked on, or one user spelled in two ways would be two.
func (r *Reconciler) bind(ctx context.Context, s snapshot) (snapshot, outcome) {
	u, err := r.users.find(ctx, s.tenant, s.key.User)
	switch {
	case graph.KindOf(err) == graph.NotFound:
		return r.conclude(ctx, s, func(c resource) statement { return c.unknownUser(s) })
	case graph.KindOf(err) == graph.Refused:
		return r.conclude(ctx, s, func(c resource) statement {
			return c.says(conditions.UserNameRefused()).soon(c.backOff(s.now, s.resyncPeriod()))
		})
	case graph.Silent(err) && r.answers(ctx, s):
		return r.concludeFailure(ctx, s, &graph.Error{Kind: graph.Unavailable, Op: "look up user", Cause: "no answer to this name"}, nil)
	case err != nil:
		return r.concludeFailure(ctx, s, err, nil)
	}
	r.users.hand(s.key.Tenant, u, s.now, s.resources)
	r.handOver(user.Key{Tenant: s.key.Tenant, User: u.ID})
	return s.with(nil), requeueAfter(spellingTTL) // should the reconcile that follows come to nothing for as long
}

// answers reports whether Graph answers at all. A gateway may leave a request alone for the
// name in it, which an editor chose: the whole tenant must not wait because of that.
func (r *Reconciler) answers(ctx context.Context, s snapshot) bool {
	_, err := s.tenant.Graph.User(ctx, graph.Nobody)
	return !graph.Silent(err)
}

// join adds the resources that name the user as Graph does and are not bound yet. A restart
// forgets which spellings led to the user, and without them a terminating resource would have no
// heir, and a younger one would win.
func (r *Reconciler) join(ctx context.Context, s snapshot) (snapshot, outcome) {
	newcomers, err := r.list(ctx, s.gathered, s.key.Tenant, strings.ToLower(s.user.UserPrincipalName), s.key.User)
	if err != nil {
		return s.with(nil), outcome{err: err}
	}
	joined, o := through(ctx, s.with(newcomers), r.releaseUnmade, r.authorize, r.setAside)
	return s.with(append(slices.Clone(s.resources), joined.resources...)), o
}

// keepThoseOfUser goes on with the resources that mean the user. One that is bound to the user and
// names another one is barred; one that is not bound and means another one is handed over. If the
// look-up of a name fails that only a resource brings which holds nothing, that resource alone
// waits.
func (r *Reconciler) keepThoseOfUser(ctx context.Context, s snapshot, lookUp userLookUp) (snapshot, outcome) {
	var mine, unknown []resource
	failures := map[string]error{}
	for _, c := range slices.SortedStableFunc(slices.Values(s.resources), holdersFirst) {
		spelling, bound := c.object.Spec.User, c.object.Status.UserID != ""
		if graph.IsGUID(spelling) {
			if !strings.EqualFold(spelling, s.key.User) { // the operator binds no resource to another object id than its spec has
				c = logUserChanged(ctx, c.bar(plan.UserChanged, conditions.OtherObjectID))
			}
			mine = append(mine, c)
			continue
		}
		// Who joined may have come after the user was looked up, and mean somebody else who has the name since.
		if s.gathered[c.object.UID] && strings.EqualFold(spelling, s.user.UserPrincipalName) {
			mine = append(mine, c)
			continue
		}
		u, err := lookUp(ctx, spelling)
		notFound := graph.KindOf(err) == graph.NotFound
		switch {
		case err == nil && u.ID == s.key.User, notFound && bound: // the latter was renamed: the object id is there
			mine = append(mine, c)
		case err == nil && bound:
			mine = append(mine, logUserChanged(ctx, c.bar(plan.UserChanged, conditions.NameOfAnother)))
		case err == nil, notFound: // not bound, and not this user's by now
			r.handOver(user.KeyOf(c.object))
		case isOfTenant(err) || c.Holder && !errors.Is(err, errManyNames):
			s.user = graph.User{} // none is bound: whom those mean that are left is not known
			return r.concludeFailure(ctx, s, err, nil)
		default:
			unknown = append(unknown, c)
			failures[c.Ref] = err
		}
	}
	_, o := r.publish(ctx, s.with(unknown), func(c resource) statement {
		t := c.says(nameNotLookedUp(failures[c.Ref], s.isObserving())).soon(c.backOff(s.now, s.resyncPeriod()))
		t.nameless = true
		return t
	})
	if o.err != nil {
		log.FromContext(ctx).V(1).Info("could not say that a name cannot be looked up", "answer", o.err.Error())
		o.err = nil
	}
	return s.with(mine), o
}

// nameNotLookedUp says why a name could not be looked up.
func nameNotLookedUp(err error, observing bool) conditions.Set {
	var failure *graph.Error
	if !errors.As(err, &failure) {
		failure = &graph.Error{Kind: graph.Unavailable}
	}
	if failure.Kind == graph.Refused {
		return conditions.UserNameRefused()
	}
	return conditions.ForFailure(failure, observing)
}

// logUserChanged logs that a resource does not mean the user any more that it is bound to: that is
// what an account which was taken over looks like.
func logUserChanged(ctx context.Context, c resource) resource {
	if last := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionReady); last == nil || last.Reason != v1alpha1.ReasonUserChanged {
		log.FromContext(ctx).Info("a resource names another user than the one it is bound to", "resource", c.Ref, "boundTo", c.object.Status.UserID)
	}
	return c
}

func holdersFirst(a, b resource) int {
	switch {
	case a.Holder == b.Holder:
		return a.Created.Compare(b.Created)
	case a.Holder:
		return -1
	}
	return 1
}

// userNotShown says of the resources of an object id that Entra knows no such user. One answer is
// no ground to let a phone be forgotten: a terminating resource waits until the id is not found a
// second time.
func (r *Reconciler) userNotShown(ctx context.Context, s snapshot, lookUp userLookUp) (snapshot, outcome) {
	gone, again := r.noteAbsence(s.key, s.now)
	o := requeueAfter(again)
	namespaces, err := r.namespaces(ctx, s.resources)
	if err != nil {
		return s, outcome{err: err}
	}
	refused := judgeUnknownUser(s.tenant.Access, s.resources, namespaces)
	for _, c := range refused.refused {
		if c.looked {
			o = o.and(requeueAfter(c.untilNextTry(s.now)))
		}
	}
	s, enforced := r.enforce(ctx, s, refused)
	o = o.and(enforced)
	for _, c := range s.resources {
		if c.Terminating || graph.IsGUID(c.object.Spec.User) {
			continue
		}
		u, err := lookUp(ctx, c.object.Spec.User)
		switch {
		case err == nil && c.object.Status.UserID == "":
			r.handOver(user.KeyOf(c.object))
		case err == nil && u.ID != s.key.User:
			s = s.replace(logUserChanged(ctx, c.bar(plan.UserChanged, conditions.NameOfAnother)))
		case err != nil && isOfTenant(err):
			s, failed := r.concludeFailure(ctx, s, err, nil)
			return s, o.and(failed)
		}
	}
	for _, c := range s.resources {
		if c.Terminating && gone && c.untilNextTry(s.now) == 0 && c.hasPhone() {
			r.Events.Eventf(c.object, nil, corev1.EventTypeNormal, eventUserGone, "Reconcile", "%s", conditions.UserGone)
		}
	}
	s, told := r.conclude(ctx, s, func(c resource) statement {
		try := c.untilNextTry(s.now)
		switch {
		case c.Terminating && gone && try == 0:
			return c.says(conditions.Released())
		case c.Terminating:
			t := c.says(conditions.UserMayBeGone())
			if gone {
				t = t.soon(try)
			}
			return t
		case c.Barred == plan.UserChanged:
			return c.says(conditions.UserChanged(c.why))
		}
		return c.unknownUser(s)
	})
	return s, o.and(told)
}

// unknownUser says that Entra does not know the user, or not yet.
func (c resource) unknownUser(s snapshot) statement {
	try := c.untilNextTry(s.now)
	return c.says(conditions.UserNotFound(try > 0)).soon(try)
}
