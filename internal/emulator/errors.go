package emulator

import (
	"fmt"
	"net/http"
)

// graphError is a refusal in Graph's words. Clients should look at the status and,
// where it is published, the code; the message is for people.
type graphError struct {
	status  int
	code    string
	message string
	// repeat puts the message into innerError too, as authentication methods do.
	repeat bool
	// inner is what innerError holds beside the usual three.
	inner  map[string]any
	header http.Header
	// guess stands for status and code where nobody has published them.
	guess Guess
}

func (g *graphError) Error() string {
	return fmt.Sprintf("%d %s%s: %s", g.status, g.code, g.guess, g.message)
}

func refuse(status int, code, message string) error {
	return &graphError{status: status, code: code, message: message}
}

// refuseMethod is a refusal by the authentication methods service.
func refuseMethod(status int, code, message string) error {
	return &graphError{status: status, code: code, message: message, repeat: true}
}

// Refusals whose status and code are published, in the documents or in reports
// from the field.

func errMethodsForbidden() error {
	return refuseMethod(http.StatusForbidden, "accessDenied", "Request Authorization failed")
}

func errDirectoryForbidden() error {
	return refuse(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

func errUserNotFound(key string) error {
	return refuse(http.StatusNotFound, "Request_ResourceNotFound",
		fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", key))
}

// errVerbNotAllowed is the directory's. Below /authentication a verb that is not
// served is not routed: see errUnroutable.
func errVerbNotAllowed() error {
	return refuse(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
}

func errDefaultMethod(methodID string) error {
	return refuseMethod(http.StatusBadRequest, "badRequest", "The requested authentication method id of ["+methodID+
		"] matches the user's current default authentication method, and cannot be deleted until the default authentication method is changed")
}

// errUnroutable answers a verb or a key that the authentication methods service does
// not route. The address in it is the service's own, in OData's way of writing keys.
func errUnroutable(c *call) error {
	return refuseMethod(http.StatusNotFound, "UnknownError", fmt.Sprintf(
		`{"Message":"No HTTP resource was found that matches the request URI 'https://mface.windowsazure.com/odata/%s'.","MessageDetail":"No type was found that matches the controller named 'users'."}`,
		c.inOData()))
}

// errUnknownSegment answers a path that the model of Graph does not have.
func errUnknownSegment(segment string) error {
	return refuse(http.StatusBadRequest, "badRequest", "Resource not found for segment '"+segment+"'.")
}

// errNoPremium answers role eligibility in a tenant without the licence for it.
func errNoPremium() error {
	return refuse(http.StatusBadRequest, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.")
}

// errReportsForbidden answers who may not read the audit log or the reports.
func errReportsForbidden() error {
	return refuse(http.StatusForbidden, "Authentication_MSGraphPermissionMissing", "The principal does not have required Microsoft Graph permission(s): AuditLog.Read.All to call this API.")
}

// errNoPremiumReports answers a report in a tenant without the licence for it. Tenants that have
// the licence have been told the same now and then.
// https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/3808
func errNoPremiumReports() error {
	return refuse(http.StatusForbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C or tenant doesn't have premium license")
}

func errNoContentType() error {
	return refuse(http.StatusBadRequest, "BadRequest", "Write requests (excluding DELETE) must contain the Content-Type header declaration.")
}

func errContentTypeNotJSON() error {
	return refuse(http.StatusBadRequest, "BadRequest", "Entity only allows writes with a JSON Content-Type header.")
}

func errBatchWrite(id string) error {
	return refuse(http.StatusBadRequest, "BadRequest", fmt.Sprintf("Write request id : %s does not contain Content-Type header or body.", id))
}

func errMixedBatch() error {
	return refuse(http.StatusBadRequest, "BadRequest", "Batch should be either fully sequential or fully parallel.")
}

func errLongBatch() error {
	return refuse(http.StatusBadRequest, "BadRequest", "Number of requests inside batch exceed(s) the limit.")
}

func errBatchDependency(id string) error {
	return refuse(http.StatusBadRequest, "BadRequest", "Invalid dependency for request Id "+id+".")
}

// errDependency answers a part whose predecessor failed.
func errDependency() error {
	return refuse(http.StatusFailedDependency, "FailedDependency", "A request this one depends on failed.")
}

func errDelegatedOnly() error {
	return refuse(http.StatusBadRequest, "BadRequest", "/me request is only valid with delegated authentication flow.")
}

// errMissingFilter answers a question about PIM for Groups that names nobody.
func errMissingFilter() error {
	return refuse(http.StatusBadRequest, "MissingParameters", "The required parameters GroupId or PrincipalId is missing.")
}

// errRestricted answers a write to a member of a restricted management administrative
// unit. Status, code and gist were seen on a property of the directory; that phones
// fall under it is inferred.
func errRestricted() error {
	return refuse(http.StatusForbidden, "Authorization_RequestDenied",
		"Insufficient privileges to complete the operation. Target object is a member of a restricted management administrative unit and can only be modified by administrators scoped to that administrative unit.")
}

func errGroupNotFound(key string) error { return errUserNotFound(key) }

// The number is taken for SMS sign-in. Status and code are published, the words
// are assumed.
func errNumberNotUnique() error {
	return refuseMethod(http.StatusConflict, "phoneNumberNotUnique", "The phone number is already used for SMS sign-in by another user.")
}
