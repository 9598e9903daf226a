package controllers

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// bind finds the object id behind a spelling that no resource is bound to yet,
// and hands the user on under it: only object ids are worked on, or one user
// spelled in two ways would be two.
func (p *pass) bind(ctx context.Context) error {
	u, err := p.directory.find(ctx, p.tenant, p.key.User)
	switch {
	case graph.KindOf(err) == graph.NotFound:
		return p.userNotFound(ctx)
	case err != nil:
		return p.unknown(ctx, err, nil)
	}
	p.lookAgain(remembered) // should the pass that follows come to nothing for as long
	p.directory.hand(p.key.Tenant, u)
	p.queue.Add(UserKey{Tenant: p.key.Tenant, User: u.ID})
	return nil
}

// identify makes sure that the user exists and that each resource still means
// this user: a name can be given to somebody else. Resources of a user that was
// renamed stay with the object id that they are bound to.
//
// The name that the user has is asked for first: for those that say it, that is all.
// What others say is looked up, which makes work for Graph; who holds nothing cannot
// make much of it, nor hold up the others if Graph has no answer.
func (p *pass) identify(ctx context.Context) (known bool, err error) {
	if p.user, err = p.named(ctx, p.key.User); err != nil {
		return false, p.unidentified(ctx, err)
	}
	if err := p.join(ctx); err != nil {
		return false, err
	}
	var mine []*claim
	for _, c := range slices.SortedStableFunc(slices.Values(p.claims), holdersFirst) {
		spelling := c.object.Spec.User
		if isObjectID(spelling) {
			if !strings.EqualFold(spelling, p.key.User) { // nothing of ours binds it so
				c.bar(plan.UserChanged, "The object id in spec.user is not the one that this resource is bound to (status.userID): "+
					"nothing is written. Delete the resource and create it anew.")
			}
			mine = append(mine, c)
			continue
		}
		u, err := p.named(ctx, spelling)
		switch kind := graph.KindOf(err); {
		case kind == graph.NotFound && boundTo(c.object) != "":
			// renamed: the object id is there
		case errors.Is(err, errManyNames), kind == graph.Unavailable && !c.Holder:
			p.lookAgain(firstLook)
			continue
		case err != nil && kind != graph.NotFound:
			return false, p.unknown(ctx, err, nil)
		case err == nil && u.ID == p.key.User:
		case boundTo(c.object) != "":
			c.bar(plan.UserChanged, "The name in spec.user now belongs to another user than the one this resource was "+
				"bound to (status.userID): nothing is written. Delete the resource and create it anew if the new user is meant.")
		default: // not bound, and somebody else's by now
			p.queue.Add(keyOf(c.object))
			continue
		}
		mine = append(mine, c)
	}
	p.claims = mine
	return len(p.claims) > 0, nil
}

// join adds the resources that name the user as Graph does and are not bound yet. A
// restart forgets which spellings led to the user, and without them a resource that
// leaves would have no heir, and a younger one would win.
func (p *pass) join(ctx context.Context) error {
	newcomers, err := p.gather(ctx, p.key.Tenant, strings.ToLower(p.user.UserPrincipalName))
	if err != nil {
		return err
	}
	here := p.claims
	p.claims = slices.DeleteFunc(newcomers, func(c *claim) bool {
		return slices.ContainsFunc(here, func(o *claim) bool { return o.Ref == c.Ref })
	})
	p.releaseUnmade(ctx)
	if err := p.dismiss(ctx); err != nil {
		return err
	}
	if err := p.numbers(ctx); err != nil {
		return err
	}
	p.claims = append(here, p.claims...)
	return nil
}

// unidentified reports that the user behind the object id was not found.
func (p *pass) unidentified(ctx context.Context, err error) error {
	if graph.KindOf(err) == graph.NotFound {
		return p.userNotFound(ctx)
	}
	return p.unknown(ctx, err, nil)
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

// userNotFound says so to the claims. A resource that leaves has nothing to take
// along from a user that is gone.
func (p *pass) userNotFound(ctx context.Context) error {
	return p.reportEach(ctx, func(c *claim) finding {
		switch {
		case c.Leaving && !p.young(c):
			return released()
		case p.young(c):
			return notAccepted(v1alpha1.ReasonUserNotFound, progressing,
				"Entra does not know this user yet. A new user can take minutes to show; the operator keeps looking.")
		}
		return notAccepted(v1alpha1.ReasonUserNotFound, stalled,
			"Entra knows no such user: check spec.user, a user principal name or an object id. "+
				"After a correction, create the resource anew: spec.user cannot be changed.")
	})
}
