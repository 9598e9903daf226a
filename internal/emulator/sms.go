package emulator

import "errors"

// The states of authenticationMethodSignInState that this Graph computes.
const (
	stateNotSupported       = "notSupported"
	stateNotAllowedByPolicy = "notAllowedByPolicy"
	stateNotEnabled         = "notEnabled"
	stateNotUnique          = "phoneNumberNotUnique"
	stateReady              = "ready"
)

// signInState says how far a phone is from being a sign-in name. It is computed
// at each read, because the policy and other users' numbers change beside it.
func (t *tenant) signInState(u *user, phoneType string, m phone) string {
	switch {
	case phoneType != Mobile || u.isGuest():
		return stateNotSupported
	case !u.SMSSignIn:
		return stateNotAllowedByPolicy
	case m.signIn:
		return stateReady
	case t.signInTaken(u, m.number):
		return stateNotUnique
	default:
		return stateNotEnabled
	}
}

// signInTaken reports whether number is another user's sign-in name. The same number
// on many users is lawful as long as nobody signs in with it.
func (t *tenant) signInTaken(u *user, number string) bool {
	holder := t.signIns[signInName(number)]
	return holder != nil && holder != u
}

// registerSignIn tries to make a new or changed mobile a sign-in name, as Graph
// does by itself when the policy allows it. The phone is saved either way.
func (t *tenant) registerSignIn(u *user) error {
	m, ok := u.phones[Mobile]
	if !ok || !u.SMSSignIn || u.isGuest() {
		return nil
	}
	if t.signInTaken(u, m.number) {
		return errNumberNotUnique()
	}
	t.setSignIn(u, true)
	return nil
}

func (t *tenant) setSignIn(u *user, on bool) {
	next := u.phones.clone()
	m := next[Mobile]
	m.signIn = on
	next[Mobile] = m
	t.store(u, next)
}

// settleSignIn drops a registration that the policy no longer covers. The
// opposite does not happen: a phone that was there before the policy is not
// registered by it.
func (t *tenant) settleSignIn(u *user) {
	if m, ok := u.phones[Mobile]; ok && m.signIn && (!u.SMSSignIn || u.isGuest()) {
		t.setSignIn(u, false)
	}
}

// enableSMSSignIn answers POST .../phoneMethods/{id}/enableSmsSignIn.
// https://learn.microsoft.com/graph/api/phoneauthenticationmethod-enablesmssignin
func (e *Emulator) enableSMSSignIn(c *call) (answer, error) {
	u, err := c.mobileForSignIn()
	if err != nil {
		return c.refusedSignIn(err)
	}
	if !u.SMSSignIn {
		return c.refusedSignIn(errSignInNotAllowed())
	}
	before := u.phones
	if err := c.tenant.registerSignIn(u); err != nil {
		return answer{}, err
	}
	c.wrote(u, before)
	return noContent(), nil
}

// disableSMSSignIn answers POST .../phoneMethods/{id}/disableSmsSignIn. Switching
// off what is off changes nothing.
func (e *Emulator) disableSMSSignIn(c *call) (answer, error) {
	u, err := c.mobileForSignIn()
	if err != nil {
		return c.refusedSignIn(err)
	}
	before := u.phones
	c.tenant.setSignIn(u, false)
	c.wrote(u, before)
	return noContent(), nil
}

// refusedSignIn answers an action that policy or type forbid: by one assumption with
// a success that did nothing.
func (c *call) refusedSignIn(err error) (answer, error) {
	if g, ok := errors.AsType[*graphError](err); ok && g.guess == SignInRefused && c.assume(SignInRefused).status == 0 {
		return noContent(), nil
	}
	return answer{}, err
}

// mobileForSignIn finds the user of an SMS action, whose method must be a mobile
// that is there.
func (c *call) mobileForSignIn() (*user, error) {
	u, phoneType, err := c.methodsPhone()
	if err != nil {
		return nil, err
	}
	if _, ok := u.phones[phoneType]; !ok {
		return nil, errMethodNotFound()
	}
	if phoneType != Mobile || u.isGuest() {
		return nil, errSignInNotSupported()
	}
	return u, c.noParameters()
}
