package graph

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// objectBody is a group, directory role or administrative unit. Of a kind that the
// application may not read, Graph shows the id only and null for the rest. Of an
// ordinary group isAssignableToRole is null as well, as a rule, and seldom false: that
// it shows at all is told by its name, which every group has.
//
// Sources: https://learn.microsoft.com/graph/permissions-overview,
// https://learn.microsoft.com/graph/api/user-list-memberof,
// https://github.com/Microsoft365DSC/Microsoft365DSC/issues/5959
type objectBody struct {
	Kind               string `json:"@odata.type"`
	ID                 string `json:"id"`
	DisplayName        text   `json:"displayName"`
	RoleTemplateID     string `json:"roleTemplateId"`
	IsAssignableToRole *bool  `json:"isAssignableToRole"`
}

// hidden reports whether nothing of what may be a group shows.
func (o *objectBody) hidden() bool { return o.IsAssignableToRole == nil && o.DisplayName == "" }

func (o *objectBody) assignable() bool { return o.IsAssignableToRole != nil && *o.IsAssignableToRole }

// complete reports whether it is an object at all.
func (o *objectBody) complete() bool { return o.ID != "" }

// objects reads directory objects: roles, and the groups that the user has to do with
// as kind says. What a row holds counts, whatever its type is called: a gateway may
// leave the types out.
func objects(kind PrivilegeKind) func(context.Context, *Client, call) ([]Privilege, error) {
	return func(ctx context.Context, c *Client, r call) ([]Privilege, error) {
		rows, err := list[objectBody](ctx, c, r)
		if err != nil {
			return nil, err
		}
		var found []Privilege
		for _, o := range rows {
			switch {
			case o.Kind == "#microsoft.graph.directoryRole" || o.RoleTemplateID != "":
				found = append(found, Privilege{HoldsRole, strings.ToLower(o.RoleTemplateID)})
			case o.assignable():
				found = append(found, Privilege{kind, strings.ToLower(o.ID)})
			case o.hidden() && (o.Kind == "#microsoft.graph.group" || o.Kind == ""):
				err = &Error{Kind: Forbidden, Op: r.op, Cause: "the user's groups do not show", Permission: readGroups.least()}
			}
		}
		return found, err
	}
}

// roles reads assignments of roles, each of which counts: of whatever scope, of a
// built-in role or one that the tenant made.
func roles(kind PrivilegeKind) func(context.Context, *Client, call) ([]Privilege, error) {
	type assignment struct {
		RoleDefinitionID string `json:"roleDefinitionId"`
	}
	return func(ctx context.Context, c *Client, r call) ([]Privilege, error) {
		rows, err := list[assignment](ctx, c, r)
		var found []Privilege
		for _, a := range rows {
			found = append(found, Privilege{kind, strings.ToLower(a.RoleDefinitionID)})
		}
		return found, err
	}
}

// eligibleGroups reads which groups the user may join or own, and counts those that
// may hold roles.
func eligibleGroups(ctx context.Context, c *Client, r call) ([]Privilege, error) {
	type eligibility struct {
		GroupID  string `json:"groupId"`
		AccessID string `json:"accessId"`
	}
	rows, err := list[eligibility](ctx, c, r)
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, e := range rows {
		if id := strings.ToLower(e.GroupID); !slices.Contains(groups, id) {
			groups = append(groups, id)
		}
	}
	counts, failed := make([]bool, len(groups)), make([]error, len(groups))
	c.SideBySide(len(groups), func(i int) {
		counts[i], failed[i] = c.mayHoldRoles(ctx, groups[i])
	})

	var found []Privilege
	for _, e := range rows {
		i := slices.Index(groups, strings.ToLower(e.GroupID))
		kind := MayJoinRoleGroup
		if e.AccessID == "owner" {
			kind = MayOwnRoleGroup
		}
		if counts[i] {
			found = append(found, Privilege{kind, groups[i]})
		}
		if err == nil {
			err = failed[i]
		}
	}
	return found, err
}

// mayHoldRoles looks at one group. One that does not show is taken for a group that may.
//
// Source: https://learn.microsoft.com/graph/api/group-get
func (c *Client) mayHoldRoles(ctx context.Context, id string) (may bool, err error) {
	if !IsGUID(id) {
		return true, nil
	}
	var o objectBody
	err = c.send(ctx, get("groups/"+id+"?$select=id,displayName,isAssignableToRole", readGroups), &o)
	if e, ok := errors.AsType[*Error](err); ok && !e.noToken &&
		(e.Kind == Forbidden || e.Kind == Restricted || e.Status == http.StatusNotFound && e.Code != "") {
		return true, nil
	}
	return err == nil && (o.assignable() || o.hidden()), err
}
