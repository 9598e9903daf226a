package emulator

import (
	"slices"
	"strings"
	"time"
)

// registration is which phones a user had from some time on.
type registration struct {
	at      time.Time
	methods []string
}

// registeredAs are the words of the report for phone types.
var registeredAs = map[string]string{Mobile: "mobilePhone", AlternateMobile: "alternateMobilePhone", Office: "officePhone"}

func (p phones) registered() []string {
	methods := []string{}
	for _, phoneType := range []string{Mobile, AlternateMobile, Office} {
		if _, ok := p[phoneType]; ok {
			methods = append(methods, registeredAs[phoneType])
		}
	}
	return methods
}

// noteRegistered takes down which phones a user has from now on, and forgets what a report
// that is behind by lag does not show any more.
func (u *user) noteRegistered(now time.Time, lag time.Duration) {
	methods := u.phones.registered()
	if n := len(u.registrations); n > 0 && slices.Equal(u.registrations[n-1].methods, methods) {
		return
	}
	u.registrations = append(u.registrations, registration{now, methods})
	for len(u.registrations) > 1 && !u.registrations[1].at.After(now.Add(-lag)) {
		u.registrations = u.registrations[1:]
	}
}

// registration is what the report shows of a user.
func (u *user) registration(now time.Time, lag time.Duration) registration {
	shown := registration{methods: []string{}}
	for _, r := range u.registrations {
		if !r.at.After(now.Add(-lag)) {
			shown = r
		}
	}
	return shown
}

// listRegistrations answers GET /reports/authenticationMethods/userRegistrationDetails: which
// types of methods users have, never a number.
// https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
func (e *Emulator) listRegistrations(c *call) (answer, error) {
	if c.tenant.WithoutP1 {
		return answer{}, errNoPremiumReports()
	}
	rows := []map[string]any{}
	for _, u := range c.tenant.sortedUsers() {
		r := u.registration(c.clock, e.auditLog.ReportLag)
		rows = append(rows, map[string]any{
			"id": u.ID, "userPrincipalName": u.UPN, "userDisplayName": u.DisplayName, "userType": strings.ToLower(u.UserType),
			"isAdmin": len(u.Roles) > 0, "isMfaRegistered": len(r.methods) > 0, "isMfaCapable": len(r.methods) > 0,
			"methodsRegistered": r.methods, "lastUpdatedDateTime": c.clock.Add(-e.auditLog.ReportLag).UTC().Format(auditTime),
		})
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#reports/authenticationMethods/userRegistrationDetails", rows)
}
