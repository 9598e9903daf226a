package graph

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

// User is a user of the tenant.
type User struct {
	ID                string // the object id, a GUID in lower case
	UserPrincipalName string // as Graph spells it
}

// Nobody is an object id that no user has.
const Nobody = "00000000-0000-0000-0000-000000000000"

type userBody struct {
	ID                string `json:"id"`
	UserPrincipalName string `json:"userPrincipalName"`
}

func (u *userBody) complete() bool { return IsGUID(u.ID) && u.UserPrincipalName != "" }

// User looks a user up by object id or user principal name, in any case. Of a guest the
// latter is the whole of it: "ada_fabrikam.com#EXT#@contoso.onmicrosoft.com".
//
// Source: https://learn.microsoft.com/graph/api/user-get
func (c *Client) User(ctx context.Context, key string) (User, error) {
	const op = "look up user"
	path, ok := userPath(key)
	if !ok {
		return User{}, &Error{Kind: Refused, Op: op, Cause: "this is neither a user principal name nor an object id"}
	}
	var u userBody
	r := call{op: op, method: http.MethodGet, path: path + "?$select=id,userPrincipalName", needs: readUsers}
	if err := c.send(ctx, r, &u); err != nil {
		return User{}, err
	}
	if IsGUID(key) && !strings.EqualFold(u.ID, key) {
		return User{}, &Error{Kind: Unavailable, Op: op, Cause: "the answer is about another user"}
	}
	return User{ID: strings.ToLower(u.ID), UserPrincipalName: u.UserPrincipalName}, nil
}

// userPath returns the path of a user, and false if no user can have this key: such a
// key could make the path one of something else.
//
// A name with an apostrophe, or a dollar sign in front, goes in quotes, as OData
// writes keys; there an apostrophe is doubled.
func userPath(key string) (string, bool) {
	if IsGUID(key) {
		return "users/" + strings.ToLower(key), true
	}
	if !strings.Contains(key, "@") || strings.ContainsFunc(key, neverInName) {
		return "", false
	}
	if strings.HasPrefix(key, "$") || strings.Contains(key, "'") {
		return "users('" + strings.ReplaceAll(url.PathEscape(key), "%27", "''") + "')", true
	}
	return "users/" + url.PathEscape(key), true
}

func neverInName(r rune) bool {
	return strings.ContainsRune(`/\?%*"<>|:;,()[]`, r) || unicode.IsSpace(r) || !unicode.IsPrint(r)
}
