package graph

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// View is a kind of protected users that not every tenant lets the operator see.
type View string

// The views.
const (
	// EligibleRoles are the roles that a user may activate.
	EligibleRoles View = "EligibleRoles"
	// EligibleGroups are the role-assignable groups that a user may join or own (PIM for
	// Groups).
	EligibleGroups View = "EligibleGroups"
	// OwnedGroups are the role-assignable groups that a user owns.
	OwnedGroups View = "OwnedGroups"
)

// Answer is what Graph answered about a View.
type Answer string

// The answers. Every cloud that the operator knows has these collections, so that
// nothing but these says that one is not to be seen.
const (
	// Answered: it showed what there is.
	Answered Answer = "Answered"
	// Unlicensed: the tenant has no licence for PIM.
	Unlicensed Answer = "Unlicensed"
	// NotGranted: the token has no permission for it.
	NotGranted Answer = "NotGranted"
	// Revoked: the token has no permission for it any more. That is an error.
	Revoked Answer = "Revoked"
)

// Causes of an Error that is Forbidden about a View which answered before.
const (
	// CauseRevoked is that of a View that is Revoked.
	CauseRevoked = "the permission was taken away"
	// CauseThisUser is for a View of which nobody outside Microsoft knows what opens it: the
	// refusal of one user proves nothing of the others.
	CauseThisUser = "Graph answered this of other users, and does not of this one"
)

// unlicensed is the code with which Graph refuses PIM to a tenant without Entra ID P2.
const unlicensed = "AadPremiumLicenseRequired"

// put asks one question about a user.
func (c *Client) put(ctx context.Context, q question, user string, answered []View) ([]Privilege, Answer, error) {
	before := slices.Contains(answered, q.view)
	if q.view != "" && !q.unsure && !before && c.lacks(ctx, q.needs) {
		return nil, NotGranted, nil // a refusal that is known beforehand is not asked for
	}
	found, err := q.rows(ctx, c, get(strings.ReplaceAll(q.path, "{user}", user), q.needs))
	if err == nil {
		return found, Answered, nil
	}
	failure, ok := errors.AsType[*Error](err)
	if !ok || failure.Status == 0 || failure.noToken { // not Graph's word
		return found, "", err
	}
	e := *failure
	word := isAny(e.Code, denied) || isAny(e.Code, scopeMissing) // the refusal is Graph's own
	lacks := e.carried != nil && !q.needs.openTo(e.carried)
	switch {
	case q.view != "" && e.Code == unlicensed && e.Status < 500:
		return nil, Unlicensed, nil
	case e.Status == http.StatusNotFound && !strings.Contains(q.path, "{user}/"):
		e.Kind, e.Cause = Unavailable, "a collection that every Graph has is said not to be there"
	case e.Status != http.StatusForbidden:
	case q.unsure && !word:
		// Somebody on the way, and nothing tells whether Graph would have answered.
		e.Kind, e.Permission, e.Cause = Unavailable, "", "refused without a code of a refusal"
	case q.unsure && !before:
		return nil, NotGranted, nil
	case q.unsure:
		e.Kind, e.Permission, e.Cause = Forbidden, "", CauseThisUser
		if lacks {
			e.Permission = q.needs.least()
		}
	case e.carried == nil:
		e.Kind, e.Permission, e.Cause = Unavailable, "", "refused, and the token cannot be read"
	case lacks && q.view != "" && !before:
		return nil, NotGranted, nil
	case lacks && q.view != "":
		e.Kind, e.Permission, e.Cause = Forbidden, q.needs.least(), CauseRevoked
		return nil, Revoked, &e
	case lacks:
		e.Kind, e.Permission = Forbidden, q.needs.least()
	case q.view != "" && !before && word && !q.needs[:1].openTo(e.carried):
		// The permission that the token has does not open it, whatever Microsoft's pages say.
		e.Kind, e.Permission = Forbidden, q.needs.least()
	default:
		// Nothing that can be granted is missing: what answers is not itself, or not Graph.
		e.Kind, e.Permission, e.Cause = Unavailable, "", "refused, although the token has the permission"
	}
	return found, "", &e
}

// lacks reports whether the token demonstrably has no permission that opens a call.
func (c *Client) lacks(ctx context.Context, needs opening) bool {
	has := c.grants(ctx)
	return has != nil && !needs.openTo(has)
}

// grants are the permissions in the token; nil if it cannot be read.
func (c *Client) grants(ctx context.Context) []string {
	has, err := c.Permissions(ctx)
	if err != nil {
		return nil
	}
	return append([]string{}, has...)
}
