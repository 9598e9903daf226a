package graph

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AuditRecord is an entry of the audit log about users' authentication methods. It does not
// say what was changed: an entry may hold a number, which does not leave this package.
type AuditRecord struct {
	ID string
	// At is when it happened, by Graph's clock. The record may show much later.
	At time.Time
	// Activity is Entra's name for what was done, such as "Admin updated security info".
	Activity string
	// Failed says that nothing came of it.
	Failed bool
	// App is the client id of the application that did it, in lower case; "" for a person, or
	// if the record does not tell.
	App string
	// ByApp says that an application did it, named or not.
	ByApp bool
	// Users are the object ids, in lower case, of those to whom it was done.
	Users []string
}

// auditRows is how many records a page is asked for: such a page is about a megabyte.
const auditRows = 500

// AuditRecords reads one page of what the audit log has from a time on about authentication
// methods, in no order that counts. next is "" for the first page, or what the page before it
// had. No more than one page is read, since Graph allows few such requests.
//
// Sources: https://learn.microsoft.com/graph/api/directoryaudit-list,
// https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities
func (c *Client) AuditRecords(ctx context.Context, since time.Time, next string) (Page[AuditRecord], error) {
	query := url.Values{
		"$filter": {"activityDateTime ge " + since.UTC().Format(time.RFC3339) + " and loggedByService eq 'Authentication Methods'"},
		"$top":    {strconv.Itoa(auditRows)},
	}
	read, err := onePage[auditBody](ctx, c, call{op: "list audit records", method: http.MethodGet, path: "auditLogs/directoryAudits", needs: readAudits}, query, next)
	p := Page[AuditRecord]{Next: read.Next, Now: read.Now}
	for _, row := range read.Rows {
		p.Rows = append(p.Rows, row.record())
	}
	return p, err
}

// auditBody is what is read of a record. Numbers are in modifiedProperties, which is left out.
type auditBody struct {
	ID               text `json:"id"`
	ActivityDateTime text `json:"activityDateTime"`
	Activity         text `json:"activityDisplayName"`
	Result           text `json:"result"`
	InitiatedBy      struct {
		App *struct {
			AppID text `json:"appId"`
		} `json:"app"`
		User *struct{} `json:"user"`
	} `json:"initiatedBy"`
	TargetResources []struct {
		ID text `json:"id"`
	} `json:"targetResources"`
}

func (b auditBody) record() AuditRecord {
	r := AuditRecord{ID: string(b.ID), Activity: string(b.Activity), Failed: strings.EqualFold(string(b.Result), "failure")}
	r.At, _ = time.Parse(time.RFC3339, string(b.ActivityDateTime)) // a record without a time is one of a change all the same
	if app := b.InitiatedBy.App; app != nil {
		r.ByApp = b.InitiatedBy.User == nil // a person may act through one
		if IsGUID(string(app.AppID)) {
			r.App = strings.ToLower(string(app.AppID))
		}
	}
	for _, target := range b.TargetResources {
		if id := strings.ToLower(string(target.ID)); IsGUID(id) && !slices.Contains(r.Users, id) {
			r.Users = append(r.Users, id)
		}
	}
	return r
}

// MissingForAudits returns the permissions to grant so that an application that has some may
// read the audit log; none if it may.
//
// Source: https://learn.microsoft.com/graph/api/directoryaudit-list#permissions
func MissingForAudits(has []string) (missing []string) {
	for _, needed := range []opening{readAudits, readDirectory} {
		if !needed.openTo(has) {
			missing = append(missing, needed.least())
		}
	}
	return missing
}
