package emulator

import "net/http"

// The refusals whose look is assumed: that Graph refuses is documented, or follows
// from OData. The status and code of those that the operator meets are in the table in
// assumed.go; of the others one plausible pair stands here. None of them repeats what the
// request held.

// The rules of phone methods. The first two phrases are seen in the field.

func errDuplicateType() error {
	return guessed(DuplicateType, "A phone method of this type is already registered for the user.")
}

func errNeededByAlternate() error {
	return guessed(NeededByAlternate, "The mobile phone cannot be deleted without first deleting alternate mobile number.")
}

func errInvalidNumber() error   { return guessed(InvalidNumber, "The phone number is not valid.") }
func errMalformedNumber() error { return guessed(MalformedNumber, "The phone number is not valid.") }
func errNeedsMobile() error {
	return guessed(NeedsMobile, "An alternateMobile phone needs a mobile phone.")
}
func errTypeChange() error {
	return refuseMethod(http.StatusBadRequest, "badRequest", "The type of a phone method cannot be changed.")
}

// Extensions are documented for office phones only; Graph's own sample shows one
// without naming a type.
func errExtensionNotOffice() error {
	return refuseMethod(http.StatusBadRequest, "badRequest", "An extension is supported for office phones only.")
}

func errStateInWrite() error {
	return refuseMethod(http.StatusBadRequest, "badRequest", "smsSignInState is read-only.")
}

func errSignInNotAllowed() error {
	return guessed(SignInRefused, "The user is not enabled by policy for SMS sign-in.")
}

func errSignInNotSupported() error {
	return guessed(SignInRefused, "SMS sign-in is not supported for this method.")
}

func errMethodNotFound() error {
	return guessed(UnknownMethod, "The authentication method was not found.")
}

func errMethodsUserNotFound() error { return guessed(UnknownUser, "The user was not found.") }

// errBody refuses what a body to the authentication methods holds.
func errBody(what string) error { return refuseMethod(http.StatusBadRequest, "badRequest", what) }

// errRequest refuses the form of a request before a service sees it.
func errRequest(what string) error { return refuse(http.StatusBadRequest, "BadRequest", what) }

// errQuery refuses a query option.
func errQuery(what string) error {
	return refuse(http.StatusBadRequest, "Request_UnsupportedQuery", what)
}

// errAdvancedQuery refuses what the directory serves only to callers that accept
// its index: the header ConsistencyLevel: eventual is missing.
func errAdvancedQuery() error {
	return errQuery("The request needs the header ConsistencyLevel: eventual and $count.")
}

// errKey refuses a key that OData cannot read: a bare one that begins with $ or
// holds an apostrophe, or a quoted one whose apostrophes are not doubled. That the
// first is refused is documented, of the others only that they break.
func errKey() error {
	return refuse(http.StatusBadRequest, "Request_BadRequest", "The key in the request target is not valid.")
}

func errTooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large.")
}

func errEncoding() error {
	return refuse(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content encoding is not supported.")
}

// errBatch refuses a whole batch.
func errBatch(what string) error { return refuse(http.StatusBadRequest, "BadRequest", what) }

// guessed is a refusal by the authentication methods service.
func guessed(g Guess, message string) error {
	return &graphError{guess: g, message: message, repeat: true}
}
