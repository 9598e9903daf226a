package phone

// Type is Graph's phoneType: the place a number has among a user's methods. A
// user has at most one number per type.
//
// Source: https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod
type Type string

// The phone types, spelled as Graph spells them.
const (
	Mobile          Type = "mobile"          // called and texted
	AlternateMobile Type = "alternateMobile" // called only; Graph wants a mobile beside it
	Office          Type = "office"          // called only; the one type with extensions
)

// Types returns every type in the order Graph accepts their creation: mobile
// before alternateMobile. Backwards it is the order Graph accepts deletion.
func Types() []Type { return []Type{Mobile, AlternateMobile, Office} }

// SMSSignInState is Graph's smsSignInState: whether a user can sign in with a
// text message to this number. It is read-only. A word that Graph adds later is kept
// as it is.
//
// Source: https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod
type SMSSignInState string

// The states, spelled as Graph spells them.
const (
	NotSupported       SMSSignInState = "notSupported"         // not a mobile, or a user who cannot have it
	NotAllowedByPolicy SMSSignInState = "notAllowedByPolicy"   // the tenant's policy leaves the user out
	NotEnabled         SMSSignInState = "notEnabled"           // allowed, and switched off
	NumberNotUnique    SMSSignInState = "phoneNumberNotUnique" // another user signs in with this number
	Ready              SMSSignInState = "ready"                // the user can sign in with it
	NotConfigured      SMSSignInState = "notConfigured"        // allowed, and something is still to be done
	UnknownState       SMSSignInState = "unknownFutureValue"   // one that this version of Graph has no word for
)
