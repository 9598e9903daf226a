package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/user"
)

// bind finds the object id behind a spelling that no resource is bound to yet,
// and hands the user on under it: only object ids are worked on, or one user
// spelled in two ways would be two.
func (p *pass) bind(ctx context.Context) error {
	u, err := p.directory.find(ctx, p.tenant, p.key.User)
	switch {
	case graph.KindOf(err) == graph.NotFound:
		return p.userNotFound(ctx)
	case graph.KindOf(err) == graph.Refused:
		return p.reportEach(ctx, func(c *claim) conditions.Set {
			p.backOff(c)
			return conditions.UserNameRefused()
		})
	case graph.Silent(err) && p.answers(ctx):
		return p.unknown(ctx, &graph.Error{Kind: graph.Unavailable, Op: "look up user", Cause: "no answer to this name"}, nil)
	case err != nil:
		return p.unknown(ctx, err, nil)
	}
	p.lookAgain(remembered) // should the pass that follows come to nothing for as long
	p.directory.hand(p.key.Tenant, u)
	p.hand(user.Key{Tenant: p.key.Tenant, User: u.ID})
	return nil
}

// nobodyID is an object id that no user has.
const nobodyID = "00000000-0000-0000-0000-000000000000"

// answers reports whether Graph answers at all. A gateway may leave a request alone for the
// name in it, which an editor chose: the whole tenant must not wait because of that.
func (p *pass) answers(ctx context.Context) bool {
	_, err := p.tenant.Graph.User(ctx, nobodyID)
	return !graph.Silent(err)
}

// hand has the work queue serve another key, whatever that waits for.
func (p *pass) hand(key user.Key) {
	p.visits.force(key)
	p.queue.Add(key)
}

// identify makes sure that the user exists and that each resource still means
// this user: a name can be given to somebody else. Resources of a user that was
// renamed stay with the object id that they are bound to.
//
// The name that the user has is asked for first: for those that say it, that is all.
// What others say is looked up. Of a claim that holds nothing, a look-up that fails
// stops that claim alone.
func (p *pass) identify(ctx context.Context) (known bool, err error) {
	p.user, err = p.named(ctx, p.key.User)
	switch {
	case graph.KindOf(err) == graph.NotFound:
		return false, p.userGone(ctx)
	case err != nil:
		return false, p.unknown(ctx, err, nil)
	}
	p.absences.Delete(p.key)
	if err := p.join(ctx); err != nil {
		return false, err
	}
	var mine, unheard []*claim
	for _, c := range slices.SortedStableFunc(slices.Values(p.claims), holdersFirst) {
		spelling, bound := c.object.Spec.User, c.object.Status.UserID != ""
		if graph.IsGUID(spelling) {
			if !strings.EqualFold(spelling, p.key.User) { // nothing of ours binds it so
				p.userChanged(ctx, c, conditions.OtherObjectID)
			}
			mine = append(mine, c)
			continue
		}
		u, err := p.named(ctx, spelling)
		notFound := graph.KindOf(err) == graph.NotFound
		switch {
		case err == nil && u.ID == p.key.User, notFound && bound: // the latter was renamed: the object id is there
			mine = append(mine, c)
		case err == nil && bound:
			p.userChanged(ctx, c, conditions.NameOfAnother)
			mine = append(mine, c)
		case err == nil, notFound: // not bound, and not this user's by now
			p.hand(user.KeyOf(c.object))
		case p.ofTheTenant(err) || c.Holder && !errors.Is(err, errManyNames):
			return false, p.unknown(ctx, err, nil)
		default:
			unheard = append(unheard, c)
			p.namelessly(c, err)
		}
	}
	p.claims = unheard
	if err := p.reportEach(ctx, func(c *claim) conditions.Set { return *c.unheard }); err != nil {
		log.FromContext(ctx).V(1).Info("could not say that a name cannot be looked up", "answer", err.Error())
	}
	p.claims = mine
	return len(p.claims) > 0, nil
}

// userChanged bars a claim whose user is no longer the one that it is bound to. That is
// what an account which was taken over looks like, so it is logged.
func (p *pass) userChanged(ctx context.Context, c *claim, why string) {
	c.bar(plan.UserChanged, why)
	if stalled := meta.FindStatusCondition(c.object.Status.Conditions, v1alpha1.ConditionReady); stalled == nil || stalled.Reason != v1alpha1.ReasonUserChanged {
		log.FromContext(ctx).Info("a resource names another user than the one it is bound to", "resource", c.Ref, "boundTo", c.object.Status.UserID)
	}
}

// ofTheTenant reports whether a failure concerns every request of the tenant.
func (p *pass) ofTheTenant(err error) bool {
	kind := graph.KindOf(err)
	return kind == graph.Throttled || kind == graph.CredentialFailed || kind == "" && !errors.Is(err, errManyNames)
}

// namelessly says of a claim why its name could not be looked up, and asks again later
// and later.
func (p *pass) namelessly(c *claim, err error) {
	var failure *graph.Error
	if !errors.As(err, &failure) {
		failure = &graph.Error{Kind: graph.Unavailable}
	}
	found := conditions.ForFailure(failure, p.observing())
	if failure.Kind == graph.Refused {
		found = conditions.UserNameRefused()
	}
	c.unheard = &found
	p.backOff(c)
}

// join adds the resources that name the user as Graph does and are not bound yet. A
// restart forgets which spellings led to the user, and without them a resource that
// leaves would have no heir, and a younger one would win.
func (p *pass) join(ctx context.Context) error {
	newcomers, err := p.gather(ctx, p.gathered, p.key.Tenant, strings.ToLower(p.user.UserPrincipalName), p.key.User)
	if err != nil {
		return err
	}
	here := p.claims
	p.claims = newcomers
	p.releaseUnmade(ctx)
	if err := p.foreseeAccess(ctx); err != nil {
		return err
	}
	p.onlyWritable(ctx)
	p.claims = append(here, p.claims...)
	return nil
}

func holdersFirst(a, b *claim) int {
	switch {
	case a.Holder == b.Holder:
		return a.Created.Compare(b.Created)
	case a.Holder:
		return -1
	}
	return 1
}

// manyNames is how many names beside the user's own are looked up in a pass.
const manyNames = 10

var errManyNames = errors.New("too many names are said to be the user's")

// named returns the user behind a spelling, asked once in a pass: the one whom the
// pass is for where that is the name that Graph has.
func (p *pass) named(ctx context.Context, spelling string) (graph.User, error) {
	spelling = strings.ToLower(spelling)
	if p.user.ID != "" && spelling == strings.ToLower(p.user.UserPrincipalName) {
		return p.user, nil
	}
	if a, ok := p.names[spelling]; ok {
		return a.user, a.err
	}
	if len(p.names) > manyNames {
		return graph.User{}, errManyNames
	}
	if p.names == nil {
		p.names = map[string]answer{}
	}
	u, err := p.directory.take(ctx, p.tenant, spelling)
	p.names[spelling] = answer{u, err}
	return u, err
}

// answer is what Graph said of a spelling.
type answer struct {
	user graph.User
	err  error
}

// grace is how long after its creation a resource may find that what it needs is
// not there yet, and nobody is to act: Graph shows a new user late, and GitOps
// applies many things at once.
const grace = 2 * time.Minute

// young says whether the resource is within its grace; it asks for another look
// at increasing distances until the end of it.
func (p *pass) young(c *claim) bool {
	age := p.now.Sub(c.Created)
	if age >= grace {
		return false
	}
	p.lookAgain(min(max(age, 2*time.Second), grace-age))
	return true
}

// userGone says of the claims of an object id that Entra knows no such user. One answer
// is no ground to let a phone be forgotten: a terminating resource waits until the id is
// not found a second time.
func (p *pass) userGone(ctx context.Context) error {
	gone := p.goneTwice()
	if err := p.refuseUnknown(ctx); err != nil {
		return err
	}
	for _, c := range p.claims {
		if c.Leaving || graph.IsGUID(c.object.Spec.User) {
			continue
		}
		u, err := p.named(ctx, c.object.Spec.User)
		switch {
		case err == nil && c.object.Status.UserID == "":
			p.hand(user.KeyOf(c.object))
		case err == nil && u.ID != p.key.User:
			p.userChanged(ctx, c, conditions.NameOfAnother)
		case err != nil && p.ofTheTenant(err):
			return p.unknown(ctx, err, nil)
		}
	}
	return p.reportEach(ctx, func(c *claim) conditions.Set {
		switch {
		case c.Leaving && gone && !p.young(c):
			if c.Holder || c.Creating != "" {
				p.Events.Eventf(c.object, nil, corev1.EventTypeNormal, eventUserGone, "Reconcile", "%s", "The user is not in Entra any more, "+
					"and the resource goes. A deleted user can be restored for 30 days, with the phones it had.")
			}
			return conditions.Released()
		case c.Leaving:
			return conditions.UserMayBeGone()
		case c.Barred == plan.UserChanged:
			return conditions.UserChanged(c.why)
		}
		return p.userUnknown(c)
	})
}

// goneTwice reports whether the user was not found before, a moment ago or earlier, and
// not since. Otherwise it asks for another look.
func (p *pass) goneTwice() bool {
	first, ok := p.absences.Get(p.key)
	if !ok {
		first = p.now
		p.absences.Set(p.key, p.now, time.Hour)
	}
	if wait := first.(time.Time).Add(firstLook).Sub(p.now); wait > 0 {
		p.lookAgain(wait)
		return false
	}
	return true
}

// userNotFound says so to the claims of a name.
func (p *pass) userNotFound(ctx context.Context) error { return p.reportEach(ctx, p.userUnknown) }

func (p *pass) userUnknown(c *claim) conditions.Set { return conditions.UserNotFound(p.young(c)) }
