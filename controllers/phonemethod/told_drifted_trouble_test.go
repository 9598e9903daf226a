package phonemethod

import (
	"net/http"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// What the audit log told is found out in spite of trouble at that moment.
func TestTroubleWhenTheAuditLogTells(t *testing.T) {
	drift := setsByHand(ada, mobileType, numberTwo)
	list := "/phoneMethods$"
	for name, steps := range map[string][]step{
		"throttled":                 {answers(http.MethodGet, list, 429, 1), auditTells(ada)},
		"throttled on the user":     {graphFault("429", emulator.Fault{Path: "^/v1.0/users/[^/]+$", Times: 1, Effect: emulator.Answer, Status: 429, Retry: "40"}), auditTells(ada)},
		"503":                       {answers(http.MethodGet, list, 503, 9), auditTells(ada)},
		"403":                       {answers(http.MethodGet, list, 403, 1), auditTells(ada)},
		"400":                       {answers(http.MethodGet, list, 400, 1), auditTells(ada)},
		"404 of the list":           {answers(http.MethodGet, list, 404, 1), auditTells(ada)},
		"user does not show":        {changes(ada, "hidden", func(u *emulator.User) { u.HiddenFor = 1 }), auditTells(ada)},
		"cut":                       {graphFault("cut", emulator.Fault{Method: http.MethodGet, Path: list, Times: 9, Effect: emulator.Cut}), auditTells(ada)},
		"half":                      {graphFault("half", emulator.Fault{Method: http.MethodGet, Path: list, Times: 9, Effect: emulator.Half}), auditTells(ada)},
		"the write is refused once": {answers(http.MethodPatch, "/phoneMethods/", 400, 1), auditTells(ada)},
		"the write is forbidden":    {answers(http.MethodPatch, "/phoneMethods/", 403, 1), auditTells(ada)},
		"cache behind":              {cacheBehind(3), auditTells(ada)},
		"api fails":                 {apiFails(apiFailsBefore, apiFailsBefore, apiFailsAfter), auditTells(ada)},
		"tenant broken": {auditTells(ada), tenantEdited("broken", func(s *tenantState) { s.state = tenantBroken }), waits(2 * time.Hour),
			tenantEdited("well", func(s *tenantState) { s.state = tenantUsable })},
		"tenant edited":          {auditTells(ada), deletionsPerHour(5)},
		"restart":                {auditTells(ada), works(0), reborn},
		"killed within":          {auditTells(ada), dies(true, 3, true)},
		"suspended then resumed": {edits("people/a", suspended(true)), waits(time.Minute), auditTells(ada), waits(time.Minute), edits("people/a", suspended(false))},
		"masked":                 {graphFault("mask", emulator.Fault{Method: http.MethodGet, Path: list, Times: 1, Effect: emulator.Mask}), auditTells(ada)},
		"token":                  {graphFault("token", emulator.Fault{Method: http.MethodGet, Path: list, Times: 2, Effect: emulator.ExpiredToken}), auditTells(ada)},
		"refused rival":          {creates("other/x", ada, mobileType, number(numberOne)), waits(time.Minute), auditTells(ada)},
		"suspended sibling":      {creates("people/o", ada, v1alpha1.PhoneTypeOffice, number(numberOne), suspended(true)), waits(time.Minute), auditTells(ada)},
		"during a reconcile":     {edits("people/a", asking()), auditTells(ada), works(1)},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				followedLog(m)
				m.knowsNot("whom the log told of", inSyncIsTrue)
				m.take(auditRead, creates("people/a", ada, mobileType, number(numberOne)), waits(20*time.Minute), drift)
				m.take(steps...)
				for range 24 { // two hours
					m.wait(5 * time.Minute)
					if m.registered != nil && m.registered.AuditLog != nil {
						auditRead.do(m)
					}
				}
				m.wants(t, numberOne)
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
			})
		})
	}
}
