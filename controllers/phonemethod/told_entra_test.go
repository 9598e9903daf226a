package phonemethod

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// deleteAnswers has Graph answer deletions with a 404, so many times.
func deleteAnswers(code string, times int) step {
	return graphFault("404 "+code+" to a deletion", emulator.Fault{
		Method: http.MethodDelete, Path: "/phoneMethods/", Times: times, Effect: emulator.Answer, Status: http.StatusNotFound, Code: code,
	})
}

// gone wants that a resource is gone, or not.
func (m *model) gone(t *testing.T, name string, want bool) {
	t.Helper()
	if got := m.cluster.pams[keyFor(name)] == nil; got != want {
		t.Errorf("%s is gone: %t, want %t", name, got, want)
	}
}

// A 404 to a deletion says that the phone is gone only if the list says so, too.
func TestA404ToADeletionWhileThePhoneIsThere(t *testing.T) {
	// Where the service that knows is not reached, it is asked for as long as it takes, like after an error.
	for code, most := range map[string]int{
		"itemNotFound": 30, "resourceNotFound": 30, "Request_ResourceNotFound": 30, "UnknownError": 360, "SomethingNew": 360, "": 360,
	} {
		t.Run("for ever: "+code, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(10*time.Minute), deleteAnswers(code, 0), deletes("people/a"), waits(3*time.Hour))
				m.gone(t, "people/a", false)
				m.wants(t, numberOne)
				if n := m.sent(http.MethodDelete); n > most {
					t.Errorf("%d deletions in three hours, want %d at most", n, most)
				}
				m.take(graphWell, waits(time.Hour))
				m.gone(t, "people/a", true)
				m.wants(t, "")
			})
		})
		t.Run("once: "+code, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(10*time.Minute), deleteAnswers(code, 1), deletes("people/a"), waits(10*time.Minute))
				m.gone(t, "people/a", true)
				m.wants(t, "")
			})
		})
		t.Run("and it is gone: "+code, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(10*time.Minute),
					graphFault("404 "+code+" to a deletion that is done", emulator.Fault{
						Method: http.MethodDelete, Path: "/phoneMethods/", Times: 1, Effect: emulator.Answer, Status: http.StatusNotFound, Code: code, AfterWork: true,
					}), deletes("people/a"), waits(10*time.Minute))
				m.gone(t, "people/a", true)
				m.wants(t, "")
				if n := m.sent(http.MethodDelete); n != 1 {
					t.Errorf("%d deletions", n)
				}
			})
		})
	}
}

// bornAnew is another user under the name that a deleted one had.
func bornAnew(upn string, phones map[string]string) step {
	return step{"another user is made as " + upn, func(m *model) {
		must(m.graph.AddUser(emulator.User{ID: eve, UPN: upn, Phones: phones, OtherMethods: []emulator.OtherMethod{authenticator}}))
	}}
}

// restored is a user who comes back out of the deleted ones, with all phones.
func restored(phones map[string]string) step {
	return step{"ada is restored", func(m *model) {
		must(m.graph.AddUser(emulator.User{ID: ada, UPN: "ada@contoso.com", Phones: phones, OtherMethods: []emulator.OtherMethod{authenticator}}))
	}}
}

// A user deleted and made anew under the same name is somebody else: the old resource
// writes nothing, and a new one is for the new user.
func TestAUserWhoIsMadeAnewUnderTheSameName(t *testing.T) {
	byName := creates("people/a", "ada@contoso.com", mobileType, number(numberOne))
	for name, gap := range map[string]time.Duration{"at once": 0, "found out in between": 20 * time.Minute, "after days": 50 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(byName, waits(10*time.Minute), removesUser(ada), waits(gap), bornAnew("ada@contoso.com", map[string]string{"mobile": numberTwo}), waits(3*time.Hour))
				m.saysReady(t, "people/a", v1alpha1.ReasonUserChanged)
				m.wantsOf(t, eve, numberTwo)
				m.take(edits("people/a", number(twinOfOne)), waits(10*time.Minute))
				m.saysReady(t, "people/a", v1alpha1.ReasonUserChanged)
				m.take(deletes("people/a"), waits(10*time.Minute))
				m.gone(t, "people/a", true)
				m.wantsOf(t, eve, numberTwo)
				m.take(creates("people/a", "ada@contoso.com", mobileType, number(numberTwo)), waits(10*time.Minute))
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
			})
		})
	}
}

// What leaves while its user is away goes: the phone is the user's, who may come back
// with it within 30 days.
func TestADeletedUserWhoIsRestored(t *testing.T) {
	with := func(steps ...step) []step {
		away := []step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), removesUser(ada)}
		return slices.Concat(away, steps, []step{restored(map[string]string{"mobile": numberOne}), waits(3 * time.Hour)})
	}
	tells(t, map[string]story{
		"the resource stayed":      {with(waits(3 * time.Hour)), numberOne, v1alpha1.ReasonReady, nil},
		"the resource was edited":  {with(waits(10*time.Minute), edits("people/a", number(numberTwo)), waits(10*time.Minute)), numberTwo, v1alpha1.ReasonReady, nil},
		"the resource was deleted": {with(waits(10*time.Minute), deletes("people/a"), waits(10*time.Minute)), numberOne, "", nil},
	})
}

// An object id that is not found once may be late: a resource that leaves waits for the
// second answer, and one that stays says so after its grace.
func TestAUserWhoIsNotFound(t *testing.T) {
	hides := func(requests int) step {
		return changes(ada, "does not show", func(u *emulator.User) { u.HiddenFor = requests })
	}
	for name, c := range map[string]struct {
		then  []step
		phone string
		says  string
	}{
		"once, while its resource leaves": {[]step{hides(1), deletes("people/a"), works(1)}, numberOne, v1alpha1.ReasonPending},
		"once, and then it shows":         {[]step{hides(1), deletes("people/a"), waits(time.Minute)}, "", ""},
		"twice, which is believed":        {[]step{removesUser(ada), deletes("people/a"), waits(time.Minute)}, "", ""},
		"while its resource stays":        {[]step{removesUser(ada), edits("people/a", asking()), waits(time.Minute)}, "", v1alpha1.ReasonUserNotFound},
		"once, while its resource stays":  {[]step{hides(1), edits("people/a", asking()), waits(2 * time.Hour)}, numberOne, v1alpha1.ReasonReady},
		"not for a moment, then for ever": {[]step{hides(1), edits("people/a", asking()), waits(time.Hour), removesUser(ada), deletes("people/a"), works(1)}, "", v1alpha1.ReasonPending},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(10*time.Minute))
				m.take(c.then...)
				m.wants(t, c.phone)
				m.ends(t, "people/a", c.says)
				if n := m.sent(http.MethodPost); n > 1 {
					t.Errorf("%d creations", n)
				}
			})
		})
	}
}

// Of whom Graph protects by itself nothing is written, and what was written stays.
func TestAUserUnderRestrictedManagement(t *testing.T) {
	restrict := func(yes bool) step {
		return changes(ada, "restricted management", func(u *emulator.User) { u.ManagementRestricted = yes })
	}
	for name, c := range map[string]struct {
		steps  []step
		method string
		phone  string
		says   string // while restricted
		after  string // the phone once that ends
	}{
		"a phone is to come":       {[]step{restrict(true), creates("people/a", ada, mobileType, number(numberOne))}, http.MethodPost, "", v1alpha1.ReasonUserRestricted, numberOne},
		"a phone is to change":     {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), restrict(true), edits("people/a", number(numberTwo))}, http.MethodPatch, numberOne, v1alpha1.ReasonUserRestricted, numberTwo},
		"a phone is to go":         {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), restrict(true), deletes("people/a")}, http.MethodDelete, numberOne, v1alpha1.ReasonUserRestricted, ""},
		"nothing is to be written": {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), restrict(true)}, http.MethodPatch, numberOne, v1alpha1.ReasonReady, numberOne},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(c.steps...)
				m.take(waits(50 * time.Minute))
				m.saysReady(t, "people/a", c.says)
				m.wants(t, c.phone)
				if n := m.sent(c.method); n > 1 {
					t.Errorf("%d times %s", n, c.method)
				}
				m.take(restrict(false), waits(3*time.Hour))
				m.wants(t, c.after)
			})
		})
	}
}

// Entra was busy with somebody else's change and did nothing: that is no strike.
func TestADirectoryThatIsBusy(t *testing.T) {
	busyOnce := func(method string, times int) step {
		return graphFault("busy", emulator.Fault{Method: method, Path: "/phoneMethods", Times: times, Effect: emulator.Answer, Status: http.StatusConflict, Code: "Directory_ConcurrencyViolation"})
	}
	for name, c := range map[string]struct {
		steps []step
		phone string
	}{
		"at a create":   {[]step{busyOnce(http.MethodPost, 5), creates("people/a", ada, mobileType, number(numberOne))}, numberOne},
		"at an update":  {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), busyOnce(http.MethodPatch, 5), edits("people/a", number(numberTwo))}, numberTwo},
		"at a deletion": {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), busyOnce(http.MethodDelete, 5), deletes("people/a")}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(c.steps...)
				m.take(works(3))
				if o := m.cluster.pams[keyFor("people/a")]; o == nil || readyOf(o).Reason != v1alpha1.ReasonGraphUnavailable {
					t.Errorf("it says %+v", o)
				}
				m.take(waits(5 * time.Minute))
				m.wants(t, c.phone)
				m.gone(t, "people/a", c.phone == "")
			})
		})
	}
}

// What Graph calls no number is not sent again until the resource says another.
func TestANumberThatGraphCallsInvalid(t *testing.T) {
	const impossible = "+1 0005550100"
	for name, c := range map[string]struct {
		steps  []step
		method string
		phone  string
	}{
		"at a create":  {[]step{creates("people/a", ada, mobileType, number(impossible))}, http.MethodPost, ""},
		"at an update": {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute), edits("people/a", number(impossible))}, http.MethodPatch, numberOne},
	} {
		for _, status := range []string{"400", "422"} {
			t.Run(name+", as "+status, func(t *testing.T) {
				told(t, func(m *model) {
					must(m.graph.SetAssumptions(emulator.Assumptions{emulator.InvalidNumber: status, emulator.NumberPlan: "valid"}))
					m.take(c.steps...)
					m.take(waits(50 * time.Minute))
					m.saysReady(t, "people/a", v1alpha1.ReasonRejected)
					m.wants(t, c.phone)
					if n := m.sent(c.method); n != 1 {
						t.Errorf("%d times %s, want one", n, c.method)
					}
					m.take(edits("people/a", number(numberTwo)), waits(time.Minute))
					m.wants(t, numberTwo)
				})
			})
		}
	}
}

// A Graph that writes the number otherwise is no reason to write it again.
func TestAGraphThatDropsTheTrunkZero(t *testing.T) {
	const line, trunk = "+44 2079460101", "+44 02079460101"
	toLine := func(says string) []step {
		return []step{creates("people/a", ada, mobileType, number(says)), waits(10 * time.Minute)}
	}
	for name, c := range map[string]struct {
		steps   []step
		creates int
		updates int // at most
	}{
		"a number with a zero":            {toLine(trunk), 1, 1},
		"a number without one":            {toLine(line), 1, 0},
		"an edit that only adds the zero": {append(toLine(line), edits("people/a", number(trunk)), waits(10*time.Minute)), 1, 2},
		"a look that is asked for":        {append(toLine(trunk), edits("people/a", asking()), waits(10*time.Minute)), 1, 1},
		"an operator that has forgotten":  {append(toLine(trunk), reborn, waits(10*time.Minute)), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				must(m.graph.SetAssumptions(emulator.Assumptions{emulator.TrunkZero: "dropped"}))
				m.take(c.steps...)
				m.take(waits(10 * time.Hour))
				m.wants(t, line)
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
				if n := m.sent(http.MethodPost); n != c.creates {
					t.Errorf("%d creations", n)
				}
				if n := m.sent(http.MethodPatch); n > c.updates {
					t.Errorf("%d updates, want %d at most", n, c.updates)
				}
				m.take(deletes("people/a"), waits(10*time.Minute))
				m.gone(t, "people/a", true)
				m.wants(t, "")
			})
		})
	}
}
