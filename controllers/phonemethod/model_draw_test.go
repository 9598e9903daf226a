package phonemethod

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// The numbers of the histories. The first and the third have one mask. Each is
// fictional.
var (
	numbers         = []string{"+1 2065550101", "+1 2065550102", "+1 2125550101", "+12065550101"}
	office          = []string{"+1 2065550103x77", "+1 2065550101", "+1 2065550102"}
	inSecrets       = []string{"+1 2065550101", "+1 2065550102", "+1 2065550103x123456789012345", "12", ""}
	foreign         = []string{"+1 2065550101", "+1 2065550109", "+1 2125550101", "+999 1234567", ""}
	userNames       = []string{"ada@contoso.com", "ADA@contoso.com", ada, strings.ToUpper(ada), "bob@contoso.com", bob, "eve@contoso.com"}
	names           = []string{"people/a", "people/b", "people/c", "staff/a", "staff/b"}
	phoneTypes      = []v1alpha1.PhoneType{v1alpha1.PhoneTypeMobile, v1alpha1.PhoneTypeAlternateMobile, v1alpha1.PhoneTypeOffice}
	freshNames      = []string{"ada@contoso.com", "bob@contoso.com", "eve@contoso.com", "ada.new@contoso.com"}
	nationalNumbers = []string{"2065550101", "2065550102", "2125550101", "2065550103", "2065550109", "1234567"}
)

func pick[T any](t *rapid.T, from []T) T { return rapid.SampledFrom(from).Draw(t, "pick") }

func among(t *rapid.T, n int) int { return rapid.IntRange(0, n-1).Draw(t, "n") }

// actions are what can happen next, each with its chance.
func (m *model) actions() map[string]func(*rapid.T) {
	all := map[string]func(*rapid.T){}
	for name, draw := range map[string]func(*rapid.T) step{
		"apply": m.drawCreate, "apply another": m.drawCreate, "edit": m.drawEdit, "delete": m.drawDelete,
		"secret": drawSecret, "by hand": drawByHand, "directory": drawDirectory, "tenant": drawTenant,
		"fault": drawFault, "more faults": drawFault, "crash": drawCrash, "work": drawWork, "wait": drawWait,
	} {
		all[name] = func(t *rapid.T) {
			m.take(rapid.Custom(func(t *rapid.T) step {
				next := draw(t)
				if among(t, 2) == 1 {
					return atOnce(next)
				}
				return next
			}).Draw(t, "then"))
		}
	}
	return all
}

func (m *model) drawCreate(t *rapid.T) step {
	kind := pick(t, phoneTypes)
	from := numbers
	if kind == v1alpha1.PhoneTypeOffice {
		from = office
	}
	name, user := pick(t, names), pick(t, userNames)
	parts := []says{number(pick(t, from))}
	if among(t, 5) == 4 {
		parts[0] = fromSecret
	}
	for range among(t, 3) {
		parts = append(parts, drawPolicy(t))
	}
	return creates(name, user, kind, parts...)
}

func drawPolicy(t *rapid.T) says {
	return pick(t, []says{
		adopting(v1alpha1.AdoptAlways), adopting(v1alpha1.AdoptNever), adopting(""),
		drifting(v1alpha1.DriftReport), drifting(""), deleting(v1alpha1.DeletionOrphan), deleting(""),
		sms(v1alpha1.SMSSignInEnabled), sms(v1alpha1.SMSSignInDisabled), sms(""), suspended(true), suspended(false),
	})
}

func (m *model) drawEdit(t *rapid.T) step {
	part := drawPolicy(t)
	switch among(t, 5) {
	case 1, 2:
		part = number(pick(t, numbers))
	case 3:
		part = fromSecret
	case 4:
		part = asking()
	}
	return edits(pick(t, names), part)
}

func (m *model) drawDelete(t *rapid.T) step {
	if among(t, 2) == 1 {
		return deletes(pick(t, names), pick(t, names))
	}
	return deletes(pick(t, names))
}

func drawSecret(t *rapid.T) step {
	return secretSays(pick(t, []string{"people", "staff"}), pick(t, inSecrets))
}

func drawByHand(t *rapid.T) step {
	return setsByHand(pick(t, []string{ada, bob}), pick(t, phoneTypes), pick(t, foreign))
}

func drawDirectory(t *rapid.T) step {
	user := pick(t, []string{ada, bob, eve})
	switch among(t, 8) {
	case 0:
		return renames(user, pick(t, freshNames))
	case 1:
		return addsEve(pick(t, freshNames), among(t, 4))
	case 2:
		return removesUser(user)
	case 3:
		return promotes(user)
	case 4:
		return changes(user, "has no directory role any more", func(u *emulator.User) { u.Roles = nil })
	case 5:
		method := pick(t, []string{"", "mobile", "office"})
		return changes(user, fmt.Sprintf("default method %q", method), func(u *emulator.User) { u.DefaultMethod = method })
	}
	return allowsSMS(user, among(t, 2) == 0)
}

func drawTenant(t *rapid.T) step {
	state := func(say string, state int) step { return tenantEdited(say, func(s *tenantState) { s.state = state }) }
	mode := func(mode v1alpha1.Mode) step {
		return tenantEdited("mode "+string(mode), func(s *tenantState) { s.spec.Mode = mode })
	}
	privileged := func(p v1alpha1.PrivilegedUsers) step {
		return tenantEdited("privilegedUsers "+string(p), func(s *tenantState) { s.spec.PrivilegedUsers = p })
	}
	return pick(t, []step{
		ruled("everybody may do everything", nil),
		ruled("only people may", onlyPeopleMay),
		ruled("only staff may", func(r *v1alpha1.AccessRule) { r.Namespaces.MatchExpressions[0].Values = []string{"staff"} }),
		ruled("users ada* only", func(r *v1alpha1.AccessRule) { r.Users = []string{"ada*"} }),
		ruled("mobiles only", func(r *v1alpha1.AccessRule) { r.PhoneTypes = phoneTypes[:1] }),
		ruled("numbers from Secrets only", secretsOnly),
		ruled("no Create", func(r *v1alpha1.AccessRule) {
			r.Actions = []v1alpha1.Action{v1alpha1.ActionUpdate, v1alpha1.ActionDelete}
		}),
		ruled("no Update", withoutUpdate),
		ruled("no Delete", func(r *v1alpha1.AccessRule) {
			r.Actions = []v1alpha1.Action{v1alpha1.ActionCreate, v1alpha1.ActionUpdate}
		}),
		mode(v1alpha1.ModeObserve), mode(v1alpha1.ModeEnforce),
		deletionsPerHour(0), deletionsPerHour(1), deletionsPerHour(100),
		privileged(v1alpha1.PrivilegedUsersAllow), privileged(v1alpha1.PrivilegedUsersDeny),
		state("cannot be used", tenantBroken), state("is deleted", tenantMissing), state("is well", tenantUsable),
	})
}

func drawCrash(t *rapid.T) step {
	switch among(t, 6) {
	case 0:
		return cacheBehind(1 + among(t, 3))
	case 1:
		var faults []apiFault
		for range 1 + among(t, 3) {
			faults = append(faults, apiFault(among(t, 3)))
		}
		return apiFails(faults...)
	case 2:
		return dies(false, among(t, 20), among(t, 2) == 0)
	}
	return dies(true, among(t, 20), among(t, 2) == 0)
}

func drawWork(t *rapid.T) step { return works(1 + among(t, 4)) }

func drawWait(t *rapid.T) step {
	return waits(pick(t, []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 3 * time.Minute, 15 * time.Minute, 70 * time.Minute}))
}

// requestsOf are the requests that a fault can hit.
var requestsOf = []struct{ say, method, path string }{
	{"any request", "", ""},
	{"lists of phones", http.MethodGet, "/phoneMethods$"},
	{"creations", http.MethodPost, "/phoneMethods$"},
	{"updates", http.MethodPatch, "/phoneMethods/"},
	{"deletions", http.MethodDelete, "/phoneMethods/"},
	{"switches of SMS sign-in", http.MethodPost, "SmsSignIn$"},
	{"look-ups of users", http.MethodGet, "^/v1.0/users/[^/]+$"},
	{"questions for roles", http.MethodGet, "transitiveMemberOf|roleManagement"},
}

func drawFault(t *rapid.T) step {
	if among(t, 6) == 5 {
		return graphWell
	}
	effects := []emulator.Fault{
		{Effect: emulator.Answer, Status: 429, Retry: "3"}, {Effect: emulator.Answer, Status: 429, Retry: "40"}, {Effect: emulator.Answer, Status: 429},
		{Effect: emulator.Answer, Status: 429, Retry: "date"}, {Effect: emulator.Answer, Status: 503, Retry: "7"},
		{Effect: emulator.Answer, Status: 500}, {Effect: emulator.Answer, Status: 500, AfterWork: true},
		{Effect: emulator.Answer, Status: 503}, {Effect: emulator.Answer, Status: 504, AfterWork: true},
		{Effect: emulator.Cut}, {Effect: emulator.Cut, AfterWork: true}, {Effect: emulator.Late, Delay: 50 * time.Second}, {Effect: emulator.Half}, {Effect: emulator.Garble},
		{Effect: emulator.Delay, Delay: 80 * time.Second}, {Effect: emulator.Delay, Delay: 80 * time.Second, AfterWork: true},
		{Effect: emulator.Answer, Status: 400}, {Effect: emulator.Answer, Status: 403}, {Effect: emulator.ExpiredToken}, {Effect: emulator.ClaimsChallenge},
		{Effect: emulator.Lag, Delay: mostLag / 2}, {Effect: emulator.Lag, Delay: mostLag}, {Effect: emulator.Mask}, {Effect: emulator.DeleteUser},
	}
	f, of := pick(t, effects), pick(t, requestsOf)
	f.Method, f.Path, f.Times = of.method, of.path, 1+among(t, 3)
	if f.Retry == "date" {
		f.Retry = time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat)
	}
	if f.Effect == emulator.DeleteUser {
		f.Times = 1
	}
	after := map[bool]string{true: " after the work"}[f.AfterWork]
	return graphFault(fmt.Sprintf("%s %d %s%s, %d times, for %s", f.Effect, f.Status, f.Retry, after, f.Times, of.say), f)
}
