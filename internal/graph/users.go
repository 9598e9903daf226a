package graph

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Selection says which users of the tenant are listed. The zero value is all of them.
type Selection struct {
	Group  string // object id of a group: its members, also those of groups in it
	Filter string // an OData filter over users; not together with Group
}

// usersAtOnce is the most that Graph puts on a page.
const usersAtOnce = "999"

// Users reads one page of the tenant's users, in no order that counts. next is "" for the first page,
// or what the page before it had. A user who was made a moment ago may not be among them.
//
// A filter that names what the permission does not show is Restricted; one that Graph does not take
// is Refused. A group that is not there is NotFound.
//
// Sources: https://learn.microsoft.com/graph/api/user-list,
// https://learn.microsoft.com/graph/api/group-list-transitivemembers,
// https://learn.microsoft.com/graph/aad-advanced-queries
func (c *Client) Users(ctx context.Context, of Selection, next string) (Page[User], error) {
	r := call{op: "list users", method: http.MethodGet, path: "users", needs: readUsers, eventual: true}
	query := url.Values{"$select": {"id,userPrincipalName"}, "$top": {usersAtOnce}, "$count": {"true"}}
	switch {
	case of.Group != "" && !IsGUID(of.Group):
		return Page[User]{}, &Error{Kind: Refused, Op: r.op, Cause: "this is no object id of a group"}
	case of.Group != "":
		r.op, r.needs = "list members of group", readGroups
		r.path = "groups/" + strings.ToLower(of.Group) + "/transitiveMembers/microsoft.graph.user"
	case of.Filter != "":
		query.Set("$filter", of.Filter)
	}
	read, err := onePage[userBody](ctx, c, r, query, next)
	if err != nil {
		return Page[User]{}, err
	}
	p := Page[User]{Next: read.Next, Now: read.Now, Count: read.Count}
	for _, row := range read.Rows {
		switch {
		case !IsGUID(row.ID):
			return Page[User]{}, &Error{Kind: Unavailable, Op: r.op, Cause: "the answer has a user without an object id"}
		case row.UserPrincipalName == "": // a member whom the permission for groups alone does not show
			return Page[User]{}, &Error{Kind: Forbidden, Op: r.op, Permission: readUsers.least(), Cause: "users show without their names"}
		}
		p.Rows = append(p.Rows, User{ID: strings.ToLower(row.ID), UserPrincipalName: row.UserPrincipalName})
	}
	return p, nil
}
