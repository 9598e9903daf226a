package emulator

import "net/http"

// This file is the table of ASSUMED refusals. That Graph refuses in these cases is
// documented, or follows from OData; with which status, code and words is not
// published anywhere we looked. They are guesses in the service's habit, and no
// client may depend on them beyond the class of the status.

// The rules of phone methods.

func errDuplicateType() error { return badMethod("The user already has a phone method of this type.") }
func errInvalidNumber() error { return badMethod("The phone number is not in the required format.") }
func errNeedsMobile() error   { return badMethod("An alternateMobile phone needs a mobile phone.") }
func errTypeChange() error    { return badMethod("The type of a phone method cannot be changed.") }

func errNeededByAlternate() error {
	return badMethod("The mobile phone cannot be deleted while an alternateMobile phone exists.")
}

// Extensions are documented for office phones only; Graph's own sample shows one
// without naming a type.
func errExtensionNotOffice() error {
	return badMethod("An extension is supported for office phones only.")
}

func errSignInNotAllowed() error {
	return badMethod("The user is not enabled by policy for SMS sign-in.")
}

func errSignInNotSupported() error {
	return badMethod("SMS sign-in is not supported for this method.")
}

func errMethodNotFound() error {
	return assumeMethod(http.StatusNotFound, "resourceNotFound", "The authentication method was not found.")
}

func errMethodsUserNotFound() error {
	return assumeMethod(http.StatusNotFound, "resourceNotFound", "The user was not found.")
}

// The form of requests. None of them repeats what the request held.

// errBody refuses what a body to the authentication methods holds.
func errBody(what string) error { return badMethod(what) }

// errRequest refuses the form of a request before a service sees it.
func errRequest(what string) error { return assume(http.StatusBadRequest, "BadRequest", what) }

// errQuery refuses a query option.
func errQuery(what string) error {
	return assume(http.StatusBadRequest, "Request_UnsupportedQuery", what)
}

// errAdvancedQuery refuses what the directory serves only to callers that accept
// its index: the header ConsistencyLevel: eventual is missing. The code is usual.
func errAdvancedQuery() error {
	return assume(http.StatusBadRequest, "Request_UnsupportedQuery", "The request needs the header ConsistencyLevel: eventual and $count.")
}

// errNoPremium answers role eligibility in a tenant without the licence for it.
// The code is seen in the field, the status differs between reports.
func errNoPremium() error {
	return assume(http.StatusBadRequest, "AadPremiumLicenseRequired", "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.")
}

// errKey refuses a key that OData cannot read: a bare one that begins with $ or
// holds an apostrophe, or a quoted one whose apostrophes are not doubled. That the
// first is refused is documented, of the others only that they break.
func errKey() error {
	return assume(http.StatusBadRequest, "Request_BadRequest", "The key in the request target is not valid.")
}

func errTooLarge() error {
	return assume(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large.")
}

func errEncoding() error {
	return assume(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content encoding is not supported.")
}

// errBatch refuses a whole batch. That it is 400 is documented, the words are not.
func errBatch(what string) error { return assume(http.StatusBadRequest, "BadRequest", what) }

// errDependency answers a step whose predecessor failed; 424 is documented.
func errDependency() error {
	return assume(http.StatusFailedDependency, "FailedDependency", "A request this one depends on failed.")
}

func badMethod(message string) error {
	return assumeMethod(http.StatusBadRequest, "badRequest", message)
}

func assume(status int, code, message string) error {
	return &graphError{status: status, code: code, message: message, assumed: true}
}

// assumeMethod is an assumed refusal by the authentication methods service.
func assumeMethod(status int, code, message string) error {
	return &graphError{status: status, code: code, message: message, assumed: true, repeat: true}
}
