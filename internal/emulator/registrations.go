package emulator

import "strings"

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

// listRegistrations answers GET /reports/authenticationMethods/userRegistrationDetails: which
// types of methods users have, never a number.
// https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
func (e *Emulator) listRegistrations(c *call) (answer, error) {
	if c.tenant.WithoutP1 {
		return answer{}, errNoPremiumReports()
	}
	rows := []map[string]any{}
	for _, u := range c.tenant.sortedUsers() {
		methods := u.phones.registered()
		rows = append(rows, map[string]any{
			"id": u.ID, "userPrincipalName": u.UPN, "userDisplayName": u.DisplayName, "userType": strings.ToLower(u.UserType),
			"isAdmin": len(u.Roles) > 0, "isMfaRegistered": len(methods) > 0, "isMfaCapable": len(methods) > 0,
			"methodsRegistered": methods, "lastUpdatedDateTime": c.clock.UTC().Format(auditTime),
		})
	}
	return e.page(c, c.base+"/"+c.version+"/$metadata#reports/authenticationMethods/userRegistrationDetails", rows)
}
