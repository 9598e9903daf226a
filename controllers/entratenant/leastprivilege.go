package entratenant

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

// enough are the application permissions that the operator has a use for.
// Everything else in its token is only of use to who steals it.
//
// Source: https://learn.microsoft.com/graph/permissions-reference
var enough = []string{
	"UserAuthMethod-Phone.Read.All", // of a tenant in mode Observe
	"UserAuthMethod-Phone.ReadWrite.All",
	"User.ReadBasic.All",
	"User.Read.All", // where User.ReadBasic.All does not open /users, or nothing else what users own
	"GroupMember.Read.All",
	"RoleManagement.Read.Directory",
	"RoleEligibilitySchedule.Read.Directory",
	"PrivilegedEligibilitySchedule.Read.AzureADGroup", // for PIM for Groups
	"AuditLog.Read.All",                               // to find drift by the audit log
}

// besideAuditLog is of use with AuditLog.Read.All only.
const besideAuditLog = "Directory.Read.All"

// leastPrivilege looks at what the token allows. A tenant with too much works;
// its administrator is told, since a phone is all that the operator needs to
// reach, and UserAuthenticationMethod.ReadWrite.All can make passwords too.
func (r *Reconciler) leastPrivilege(ctx context.Context, t *tenant.Tenant) conditions.Condition {
	has, err := t.Graph.Permissions(ctx)
	if err != nil {
		return conditions.Condition{}
	}
	return LeastPrivilege(has)
}

// LeastPrivilege is the condition of that name for the permissions that a token carries.
func LeastPrivilege(has []string) conditions.Condition {
	broad := slices.DeleteFunc(slices.Clone(has), func(p string) bool {
		return slices.Contains(enough, p) || p == besideAuditLog && len(graph.MissingForAudits(has)) == 0
	})
	if len(broad) == 0 {
		return conditions.True(v1alpha1.ReasonLeastPrivilege, "The app registration has no more permission than the operator needs.")
	}
	return conditions.False(v1alpha1.ReasonBroadPermissions, fmt.Sprintf(
		"The app registration may do more than the operator needs: remove %s. UserAuthMethod-Phone.ReadWrite.All is enough for "+
			"phones, and User.ReadBasic.All, GroupMember.Read.All and RoleManagement.Read.Directory for finding and guarding users.",
		strings.Join(broad, ", ")))
}
