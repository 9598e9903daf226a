package emulator

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// listAudits answers GET /auditLogs/directoryAudits. Records of other services than that of
// the methods there are none.
// https://learn.microsoft.com/graph/api/directoryaudit-list
func (e *Emulator) listAudits(c *call) (answer, error) {
	if !c.may(readDirectory) { // as the page says; whether it is so is not known
		return answer{}, errReportsForbidden()
	}
	accepts, err := auditFilter(c.options["$filter"])
	if err != nil {
		return answer{}, err
	}
	retention := cmp.Or(e.auditLog.Retention, auditRetention)
	var shown []auditRecord
	for _, r := range c.tenant.audits {
		if !r.shown.After(c.clock) && c.clock.Sub(r.at) < retention && accepts(r) {
			shown = append(shown, r)
		}
	}
	slices.Reverse(shown) // latest first
	rows := make([]map[string]any, len(shown))
	for i, r := range shown {
		rows[i] = c.audit(r)
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#auditLogs/directoryAudits", rows)
}

// auditFilter reads the terms of $filter that are served, joined by and.
func auditFilter(raw string) (func(auditRecord) bool, error) {
	unsupported := errQuery("The filter clause is not supported.")
	var terms []func(auditRecord) bool
	if strings.TrimSpace(raw) == "" {
		return func(auditRecord) bool { return true }, nil
	}
	for term := range strings.SplitSeq(raw, " and ") {
		fields := strings.SplitN(strings.TrimSpace(term), " ", 3)
		if len(fields) != 3 {
			return nil, unsupported
		}
		property, operator, value := fields[0], fields[1], strings.TrimSpace(fields[2])
		switch property {
		case "activityDateTime":
			at, err := time.Parse(time.RFC3339, value)
			if err != nil || operator != "ge" {
				return nil, unsupported
			}
			terms = append(terms, func(r auditRecord) bool { return !r.at.Before(at) })
		case "loggedByService":
			text, err := unquote(value)
			if err != nil || operator != "eq" {
				return nil, unsupported
			}
			terms = append(terms, func(auditRecord) bool { return strings.EqualFold(text, auditService) })
		default:
			return nil, unsupported
		}
	}
	return func(r auditRecord) bool {
		return !slices.ContainsFunc(terms, func(accepts func(auditRecord) bool) bool { return !accepts(r) })
	}, nil
}

// auditTime has seven digits below the second, as Graph writes the times of the log.
const auditTime = "2006-01-02T15:04:05.0000000Z"

// audit is the JSON of a record. The number is in it, as it is in Entra's.
func (c *call) audit(r auditRecord) map[string]any {
	property := func(name, before, after string) map[string]any {
		return map[string]any{"displayName": name, "oldValue": quoted(before), "newValue": quoted(after)}
	}
	id := methodIDs[r.phoneType]
	return map[string]any{
		"id": r.id, "category": "UserManagement", "correlationId": r.correlation,
		"result": "success", "resultReason": r.words.reason, "activityDisplayName": r.words.activity,
		"activityDateTime": r.at.UTC().Format(auditTime), "loggedByService": auditService, "operationType": r.words.operation,
		"initiatedBy": c.initiator(r),
		"targetResources": []any{map[string]any{
			"id": r.user.ID, "displayName": r.user.DisplayName, "type": "User", "userPrincipalName": r.user.UPN, "groupType": nil,
			"modifiedProperties": []any{
				property("PhoneMethod.Id", id, id), property("PhoneMethod.PhoneType", r.phoneType, r.phoneType),
				property("PhoneMethod.PhoneNumber", r.before, r.after),
			},
		}},
		"additionalDetails": []any{},
	}
}

func quoted(value string) string { return `"` + value + `"` }

// initiator names who made a change: the administrator of the portal, or an application as
// far as records tell.
func (c *call) initiator(r auditRecord) map[string]any {
	if r.app == "" {
		return map[string]any{"app": nil, "user": map[string]any{
			"id": administrator, "displayName": "Admin", "userPrincipalName": "admin@" + c.tenant.ID, "ipAddress": "203.0.113.7", "userType": "Member",
		}}
	}
	app := map[string]any{
		"appId": r.app, "displayName": "App " + r.app, "servicePrincipalName": nil,
		"servicePrincipalId": uuid.NewSHA1(uuid.NameSpaceOID, []byte(c.tenant.ID+"/"+r.app)).String(),
	}
	if c.assume(AuditAppID).name == "servicePrincipal" {
		app["appId"] = nil
	}
	return map[string]any{"app": app, "user": nil}
}

// administrator is the object id of who uses the portal, who is none of the users.
const administrator = "ad000000-0000-4000-8000-000000000001"
