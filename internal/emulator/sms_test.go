package emulator_test

import (
	"testing"

	"github.com/entraops/phone-operator/internal/emulator"
)

// state is what Graph says of a user's mobile and SMS sign-in.
func (g *graph) state(user string) string {
	g.t.Helper()
	for _, p := range g.Phones(user) {
		if p.Type == emulator.Mobile {
			return p.SMSSignInState
		}
	}
	return "no mobile"
}

func (g *graph) wantsState(user, want string) {
	g.t.Helper()
	if got := g.state(user); got != want {
		g.t.Errorf("smsSignInState %q, want %q", got, want)
	}
}

func TestANewMobileBecomesASignInName(t *testing.T) {
	g := start(t)
	must(t, g.UpdateUser(adaID, allowSMS))
	r := g.do("POST", phones(adaID), phoneJSON(one, "mobile"))
	r.wants(201, "")
	if got := r.json()["smsSignInState"]; got != "ready" {
		t.Errorf("the answer says %v", got)
	}
	g.do("PATCH", phones(adaID, "/", mobileID), phoneJSON(two, "mobile")).wants(204, "")
	g.wantsState(adaID, "ready")
	must(t, g.UpdateUser(adaID, func(u *emulator.User) { u.Disabled = true }))
	g.wantsState(adaID, "ready") // what has nothing to do with it changes nothing
}

func TestSMSSignInIsSwitchedOffAndOn(t *testing.T) {
	g := start(t)
	must(t, g.UpdateUser(adaID, allowSMS))
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	for range 2 { // twice, for what is so already is no error
		g.do("POST", phones(adaID, "/", mobileID, "/disableSmsSignIn"), "").wants(204, "")
		g.wantsState(adaID, "notEnabled")
	}
	for range 2 {
		g.do("POST", phones(adaID, "/", mobileID, "/microsoft.graph.enableSmsSignIn"), "{}").wants(204, "")
		g.wantsState(adaID, "ready")
	}
}

func TestATakenNumberIsSavedAlthoughItIsRefused(t *testing.T) {
	g := start(t)
	must(t, g.UpdateUser(adaID, allowSMS))
	must(t, g.UpdateUser(bobID, allowSMS))
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")

	g.do("POST", phones(bobID), phoneJSON("+12065550100", "mobile")).wants(409, "phoneNumberNotUnique")
	g.wantsState(bobID, "phoneNumberNotUnique")
	g.do("POST", phones(bobID, "/", mobileID, "/enableSmsSignIn"), "").wants(409, "phoneNumberNotUnique")

	g.do("PATCH", phones(bobID, "/", mobileID), phoneJSON(two, "mobile")).wants(204, "")
	g.wantsState(bobID, "ready")
	g.do("PATCH", phones(bobID, "/", mobileID), phoneJSON(one, "mobile")).wants(409, "phoneNumberNotUnique")
	if got := g.Phones(bobID)[0].Number; got != one {
		t.Errorf("the number was not saved: %s", got)
	}

	g.do("DELETE", phones(adaID, "/", mobileID), "").wants(204, "")
	g.wantsState(bobID, "notEnabled")
	g.do("POST", phones(bobID, "/", mobileID, "/enableSmsSignIn"), "").wants(204, "")
	g.wantsState(bobID, "ready")
}

func TestOneNumberForMFAOfMany(t *testing.T) {
	g := start(t)
	must(t, g.UpdateUser(bobID, allowSMS))
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	g.wantsState(adaID, "notAllowedByPolicy")
	g.do("POST", phones(bobID), phoneJSON(one, "mobile")).wants(201, "")
	g.wantsState(bobID, "ready")
}

func TestThePolicyDecidesAtEachLook(t *testing.T) {
	g := start(t)
	g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
	g.do("POST", phones(adaID, "/", mobileID, "/enableSmsSignIn"), "").wants(400, "badRequest")
	must(t, g.UpdateUser(adaID, allowSMS))
	g.wantsState(adaID, "notEnabled") // a phone of before the policy
	g.do("POST", phones(adaID, "/", mobileID, "/enableSmsSignIn"), "").wants(204, "")
	must(t, g.UpdateUser(adaID, func(u *emulator.User) { u.SMSSignIn = false }))
	g.wantsState(adaID, "notAllowedByPolicy")
	must(t, g.UpdateUser(adaID, allowSMS))
	g.wantsState(adaID, "notEnabled") // the registration is gone with the policy
}

func TestSMSSignInIsForMobilesOfMembers(t *testing.T) {
	g := start(t)
	must(t, g.UpdateUser(adaID, allowSMS))
	must(t, g.UpdateUser(guestID, allowSMS))
	g.do("POST", phones(adaID), phoneJSON(one, "office")).wants(201, "")
	g.do("POST", phones(adaID, "/", officeID, "/enableSmsSignIn"), "").wants(400, "badRequest")
	g.do("POST", phones(adaID, "/", mobileID, "/enableSmsSignIn"), "").wants(404, "resourceNotFound")
	g.do("POST", phones(guestID), phoneJSON(one, "mobile")).wants(201, "")
	g.wantsState(guestID, "notSupported")
	g.do("POST", phones(guestID, "/", mobileID, "/enableSmsSignIn"), "").wants(400, "badRequest")
}

func TestASignInNameIsFreeWhenItsHolderIsGone(t *testing.T) {
	for name, leave := range map[string]func(*graph) error{
		"the user is deleted":         func(g *graph) error { return g.RemoveUser(adaID) },
		"the phone is removed":        func(g *graph) error { return g.RemovePhone(adaID, emulator.Mobile) },
		"the number is changed":       func(g *graph) error { return g.SetPhone(adaID, emulator.Mobile, two) },
		"the policy no longer allows": func(g *graph) error { return g.UpdateUser(adaID, func(u *emulator.User) { u.SMSSignIn = false }) },
		"the number is only for MFA":  func(g *graph) error { g.do("POST", phones(adaID, "/", mobileID, "/disableSmsSignIn"), ""); return nil },
		"the user gets another number": func(g *graph) error {
			g.do("PATCH", phones(adaID, "/", mobileID), phoneJSON(two, "mobile"))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := start(t)
			must(t, g.UpdateUser(adaID, allowSMS))
			must(t, g.UpdateUser(bobID, allowSMS))
			g.do("POST", phones(adaID), phoneJSON(one, "mobile")).wants(201, "")
			must(t, leave(g))
			g.do("POST", phones(bobID), phoneJSON(one, "mobile")).wants(201, "")
			g.wantsState(bobID, "ready")
		})
	}
}
