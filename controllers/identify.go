package controllers

import (
	"context"
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
		return p.unknown(ctx, err)
	}
	p.directory.hand(p.key.Tenant, p.key.User, u)
	p.queue.Add(UserKey{Tenant: p.key.Tenant, User: u.ID})
	return nil
}

// identify makes sure that the user exists and that each resource still means
// this user: a name can be given to somebody else. Resources of a user that was
// renamed stay with the object id that they are bound to.
func (p *pass) identify(ctx context.Context) (known bool, err error) {
	var mine []*claim
	for _, c := range p.claims {
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
		switch {
		case graph.KindOf(err) == graph.NotFound && boundTo(c.object) != "":
			// renamed, or deleted: the object id tells below
		case err != nil && graph.KindOf(err) != graph.NotFound:
			return false, p.unknown(ctx, err)
		case err == nil && u.ID == p.key.User:
			p.user = u
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
	if p.user.ID == "" && len(p.claims) > 0 {
		p.user, err = p.named(ctx, p.key.User)
	}
	switch {
	case graph.KindOf(err) == graph.NotFound:
		return false, p.userNotFound(ctx)
	case err != nil:
		return false, p.unknown(ctx, err)
	}
	return len(p.claims) > 0, nil
}

// named returns the user behind a spelling, asked once in a pass.
func (p *pass) named(ctx context.Context, spelling string) (graph.User, error) {
	spelling = strings.ToLower(spelling)
	if u, ok := p.names[spelling]; ok {
		return u, nil
	}
	u, err := p.directory.take(ctx, p.tenant, spelling)
	if err == nil {
		if p.names == nil {
			p.names = map[string]graph.User{}
		}
		p.names[spelling] = u
	}
	return u, err
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

// name returns the user principal name in the spelling that access rules match.
func (p *pass) name() string { return strings.ToLower(p.user.UserPrincipalName) }
