// Package phone knows what a phone number is: how Microsoft Graph writes it, when
// two writings are the same number, and how it may be shown.
//
// A phone number is personal data. Number and Reading print themselves masked
// wherever they are printed (fmt, JSON, slog, logr); Number.Graph is the one way
// out unmasked. The digits are kept behind a handle, so that a print that cannot
// call methods (an unexported field, a wrong verb) shows an address and no digits.
//
// The package leaves out which numbers a user may have, and when to write them.
package phone
