package phonemethod

import (
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/user"
)

const (
	numberOne = "+1 2065550101"
	numberTwo = "+1 2065550102"
)

// told plays one history, which may look at the model in between.
func told(t *testing.T, history func(m *model)) {
	t.Helper()
	bubble(t, func() {
		m := newModel(t.Logf)
		history(m)
		for _, v := range m.violations {
			t.Errorf("rule %d is broken: %s", v.rule, v.what)
		}
		if t.Failed() {
			t.Log(m.describe())
		}
	})
}

// wants that Graph has a number as ada's mobile, "" for none.
func (m *model) wants(t *testing.T, number string) {
	t.Helper()
	m.wantsOf(t, ada, number)
}

func (m *model) wantsOf(t *testing.T, user, number string) {
	t.Helper()
	got := ""
	if p := m.has(user, mobileType); p != nil {
		got = p.Number
	}
	if got != number {
		t.Errorf("Graph has %q of %.3s, want %q", got, user, number)
	}
}

// saysReady wants a reason of a resource's Ready.
func (m *model) saysReady(t *testing.T, name, reason string) {
	t.Helper()
	if got := readyOf(m.cluster.pams[keyFor(name)]); got.Reason != reason {
		t.Errorf("%s says Ready=%s/%s, want %s", name, got.Status, got.Reason, reason)
	}
}

// asked counts the requests to Graph so far whose method and path match a pattern.
func (m *model) asked(pattern string) (n int) {
	expr := regexp.MustCompile(pattern)
	for _, path := range m.paths {
		if expr.MatchString(path) {
			n++
		}
	}
	return n
}

func answers(method, path string, status, times int) step {
	return graphFault(fmt.Sprintf("%d times %d to %s %s", times, status, method, path),
		emulator.Fault{Method: method, Path: path, Times: times, Effect: emulator.Answer, Status: status})
}

func TestWhatWasLetGoAndIsKeptByAnotherFinalizerDeletesNothingMore(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy),
			step{"somebody else's finalizer", func(m *model) {
				m.cluster.edit(keyFor("people/a"), func(o *pam) { o.Finalizers = append(o.Finalizers, "example.com/other") })
			}},
			deletes("people/a"), waits(5*time.Minute))
		m.wants(t, "")
		m.take(setsByHand(ada, mobileType, numberTwo), creates("people/b", ada, v1alpha1.PhoneTypeOffice, number(numberOne)), waits(time.Minute))
		m.saysReady(t, "people/b", v1alpha1.ReasonReady) // it is not held up
		m.take(waits(3 * time.Hour))
		m.wants(t, numberTwo)
	})
}

func TestAResourceThatCannotBeWrittenHoldsUpNobody(t *testing.T) {
	for name, rule := range map[string]func(*v1alpha1.AccessRule){
		"without a rule": onlyPeopleMay,
		"with a rule":    func(*v1alpha1.AccessRule) {},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.spoils(func(o *pam, status bool) error { // as where each is edited all the time
					if status && o.Namespace == "staff" {
						return apierrors.NewConflict(pamResource, o.Name, nil)
					}
					return nil
				})
				m.take(ruled(name, rule), creates("staff/evil", ada, v1alpha1.PhoneTypeOffice, number(numberTwo)),
					creates("people/a", ada, mobileType, number(numberOne)))
				m.tries(time.Minute)
				m.wants(t, numberOne)
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
				m.take(deletes("people/a"))
				m.tries(2 * time.Minute)
				m.wants(t, "")
				m.gone(t, "people/a", true)
			})
		})
	}
}

// Whoever edits a resource without pause, so that each write of the operator's comes too
// late, does not keep the holder of the same phone from going, nor another from having it.
func TestARivalThatIsEditedWithoutPauseHoldsUpNobody(t *testing.T) {
	editsWithoutPause := func(m *model) {
		m.spoils(func(o *pam, _ bool) error {
			if o.Namespace == "staff" {
				return apierrors.NewConflict(pamResource, o.Name, nil)
			}
			return nil
		})
	}
	for _, rivals := range []string{numberOne, numberTwo} {
		t.Run("the holder goes, the heir says "+rivals, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy))
				editsWithoutPause(m)
				m.take(creates("staff/b", ada, mobileType, number(rivals)), works(busy), deletes("people/a"))
				m.tries(2 * time.Minute)
				m.wants(t, "")
				m.gone(t, "people/a", true)
				asked := len(m.paths)
				m.tries(time.Hour)
				if n := len(m.paths) - asked; n > 300 {
					t.Errorf("%d requests in an hour", n)
				}
				m.process.spoil = nil
				m.take(waits(10 * time.Minute))
				m.wants(t, rivals)
				m.saysReady(t, "staff/b", v1alpha1.ReasonReady)
			})
		})
	}
	t.Run("an older one", func(t *testing.T) {
		told(t, func(m *model) {
			editsWithoutPause(m)
			m.take(creates("staff/b", ada, mobileType, number(numberTwo)), works(busy), creates("people/a", ada, mobileType, number(numberOne)))
			m.tries(2 * time.Minute)
			m.wants(t, numberOne)
			m.saysReady(t, "people/a", v1alpha1.ReasonReady)
		})
	})
}

// A gateway may cut each request for a name that looks odd. Many such names, which an editor
// makes up, close nobody else's way to Graph; where Graph does not answer at all, they do.
func TestNamesThatNobodyAnswersHoldUpNobody(t *testing.T) {
	for path, want := range map[string]string{"/users/odd": numberTwo, "": numberOne} {
		told(t, func(m *model) {
			m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(time.Minute),
				graphFault("no answer", emulator.Fault{Path: path, Effect: emulator.Cut}))
			for i := range 40 {
				m.take(creates(fmt.Sprintf("staff/odd-%d", i), fmt.Sprintf("odd%d@contoso.com", i), mobileType, number(numberOne)))
			}
			m.tries(10 * time.Minute)
			asked := len(m.paths)
			m.take(edits("people/a", number(numberTwo)))
			m.tries(10 * time.Second)
			m.wants(t, want)
			if n := len(m.paths) - asked; path == "" && n > 12 {
				t.Errorf("%d requests in ten seconds to a Graph that is away", n)
			}
		})
	}
}

// After a restart only the mask of the number last in sync is known. Numbers of that mask that
// come from a Secret, which is edited without a trace in the resource, are guesses all the same.
func TestNumbersFromASecretCannotBeGuessedAfterARestart(t *testing.T) {
	for name, steps := range map[string][]step{
		"no Update": {ruled("no Update", withoutUpdate), creates("staff/a", ada, mobileType, fromSecret)},
		"Report":    {creates("staff/a", ada, mobileType, fromSecret, drifting(v1alpha1.DriftReport))},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(secretSays("staff", numberOne))
				m.take(steps...)
				m.take(waits(time.Minute), setsByHand(ada, mobileType, "+1 2125552001"), waits(time.Minute),
					reborn, waits(time.Minute))
				for i := 10; i < 25; i++ {
					m.take(secretSays("staff", fmt.Sprintf("+1 212555%02d01", i)), works(busy), waits(time.Second))
				}
				m.take(secretSays("staff", "+1 2125552001"), works(busy))
				if ready := readyOf(m.cluster.pams[keyFor("staff/a")]); ready.Reason == v1alpha1.ReasonReady {
					t.Error("the number was found with the 16th guess in as many seconds")
				}
			})
		})
	}
}

// tries lets the operator work for a time in which it may not come to rest. What the
// model finds of resources that cannot be written is no news.
func (m *model) tries(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); elapse(time.Second) {
		m.work(busy)
	}
}

// The API server is slow to take the finalizer, and what comes meanwhile counts.
func TestWhatComesWhileAWriteIsPrepared(t *testing.T) {
	for name, c := range map[string]struct {
		then []step
		says string
	}{
		"the user becomes an administrator": {[]step{{"", func(*model) { elapse(time.Minute) }}, promotes(ada)}, v1alpha1.ReasonPrivilegedUser},
		"the tenant is edited": {[]step{tenantEdited("mode Observe", func(s *tenantState) { s.spec.Mode = v1alpha1.ModeObserve })},
			v1alpha1.ReasonWouldChange},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.spoils(func(_ *pam, status bool) error {
					if !status {
						m.take(c.then...)
					}
					return nil
				})
				m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy))
				m.wants(t, "")
				m.saysReady(t, "people/a", c.says)
			})
		})
	}
}

func TestReadyEndsWhereGraphIsKnownToDiffer(t *testing.T) {
	tells(t, map[string]story{
		"a drift that cannot be undone": {[]step{
			creates("people/a", ada, mobileType, number(numberOne)), works(busy), waits(10 * time.Minute),
			answers(http.MethodGet, "roleManagement", 500, 100000), setsByHand(ada, mobileType, numberTwo), waits(3 * time.Hour),
		}, numberTwo, v1alpha1.ReasonGraphUnavailable, nil},
		"a number in a Secret that changed": {[]step{
			secretSays("people", numberOne), creates("people/a", ada, mobileType, fromSecret), works(busy), waits(10 * time.Minute),
			answers(http.MethodGet, "", 500, 100000), secretSays("people", numberTwo), waits(time.Hour),
		}, numberOne, v1alpha1.ReasonGraphUnavailable, nil},
		"a number in a Secret that changed while its user waited for a turn": {[]step{
			secretSays("people", numberOne), creates("people/a", ada, mobileType, fromSecret), works(busy), waits(10 * time.Minute),
			{"Graph accepts 12 requests in a minute", func(m *model) { m.process.throttle.SetCeilings(0.2, 0.2) }},
			edits("people/a", drifting(v1alpha1.DriftReport)), works(busy), secretSays("people", numberTwo), works(busy),
			{"Graph accepts more", func(m *model) { m.process.throttle.SetCeilings(1000, 1000) }},
			answers(http.MethodGet, "", 500, 100000), waits(time.Hour),
		}, numberOne, v1alpha1.ReasonGraphUnavailable, nil},
	})
}

// A pass over all users, as after a restart or an upgrade, takes as long as Graph allows: who waits for a turn, or whose
// first request fails, is Ready as before, although its number was not read again.
func TestWhatWasFoundOutlastsBadWeather(t *testing.T) {
	one := creates("people/a", ada, mobileType, number(numberOne))
	restart := []step{answers(http.MethodGet, "", 429, 100000), reborn, waits(20 * time.Minute)}
	for name, c := range map[string]struct {
		before, then []step
		says         string
	}{
		"a conflict": {[]step{creates("people/b", ada, mobileType, number(numberTwo)), waits(2 * time.Second), one},
			[]step{answers(http.MethodGet, "/phoneMethods$", 500, 4), waits(70 * time.Minute)}, v1alpha1.ReasonConflict},
		"a number in spec, after a restart": {[]step{one}, restart, v1alpha1.ReasonReady},
		"a number in a Secret, after a restart": {[]step{secretSays("people", numberOne), creates("people/a", ada, mobileType, fromSecret)},
			restart, v1alpha1.ReasonReady},
		"no number in a Secret, after a restart": {[]step{secretSays("people", "none"), creates("people/a", ada, mobileType, fromSecret)},
			restart, v1alpha1.ReasonInvalidNumber},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(c.before...)
				m.take(works(busy), waits(10*time.Minute))
				before := m.cluster.pams[keyFor("people/a")].ResourceVersion
				m.take(c.then...)
				m.saysReady(t, "people/a", c.says)
				if after := m.cluster.pams[keyFor("people/a")].ResourceVersion; after != before {
					t.Error("people/a was written")
				}
			})
		})
	}
}

func TestALateWriteOfAnEarlierOperatorIsSeen(t *testing.T) {
	one := creates("people/a", ada, mobileType, number(numberOne))
	late := func(method string) step {
		return graphFault("a late "+method, emulator.Fault{Method: method, Times: 1, Effect: emulator.Late, Delay: 50 * time.Second})
	}
	// The pass hangs in its write when the operator is killed.
	killed := step{"killed", func(m *model) { m.work(1); reborn.do(m) }}
	tells(t, map[string]story{
		"a deletion": {[]step{
			waits(10 * time.Minute), one, waits(10 * time.Minute), late(http.MethodDelete), deletes("people/a"), killed, waits(2 * time.Second),
			creates("people/b", ada, mobileType, number(numberOne)), waits(20 * time.Minute),
		}, numberOne, "", map[string]string{"people/b": v1alpha1.ReasonReady}},
		"an update that is not wanted any more": {[]step{
			waits(10 * time.Minute), one, waits(10 * time.Minute), late(http.MethodPatch), edits("people/a", number(numberTwo)), killed,
			edits("people/a", number(numberOne)), waits(20 * time.Minute),
		}, numberOne, v1alpha1.ReasonReady, nil},
	})
}

func TestASecretThatMayNotBeReadIsSaidAndHoldsUpNobody(t *testing.T) {
	told(t, func(m *model) {
		m.process.secretless = "staff"
		m.take(creates("staff/s", ada, v1alpha1.PhoneTypeOffice, fromSecret), creates("people/a", ada, mobileType, number(numberOne)), works(busy))
		m.wants(t, numberOne)
		m.saysReady(t, "staff/s", v1alpha1.ReasonNumberSourceNotFound)
	})
}

func TestABindingIsLookedUpAgainWhereItsPassNeverCame(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", "ada@contoso.com", mobileType, number(numberOne)))
		m.work(1)
		key := user.Key{Tenant: "default", User: ada}
		turn := m.process.work.waiting[key]
		delete(m.process.work.waiting, key)
		m.take(graphFault("a pause of 15 minutes", emulator.Fault{Method: http.MethodGet, Path: bob, Times: 1, Effect: emulator.Answer, Status: 429, Retry: "900"}),
			creates("people/b", bob, mobileType, number(numberTwo)))
		m.work(1)
		turn.at = time.Now()
		m.process.work.waiting[key] = turn
		m.take(waits(25 * time.Minute))
		m.wants(t, numberOne)
	})
}

func TestASpentBudgetDoesNotHastenOtherWrites(t *testing.T) {
	told(t, func(m *model) {
		m.take(deletionsPerHour(0), creates("people/a", ada, mobileType, number(numberOne)), works(busy),
			deletes("people/a"), works(busy), waits(3*time.Minute), answers(http.MethodPost, "/phoneMethods$", 400, 2),
			creates("people/o", ada, v1alpha1.PhoneTypeOffice, number(numberTwo)), works(busy))
		elapse(time.Second)
		m.take(edits("people/a", asking()), works(busy))
		m.saysReady(t, "people/o", v1alpha1.ReasonPending)
	})
}

func TestWhoWaitsForTheBudgetAsksForNoRoles(t *testing.T) {
	told(t, func(m *model) {
		m.take(deletionsPerHour(0), creates("people/a", ada, mobileType, number(numberOne)), works(busy),
			deletes("people/a"), works(busy), waits(3*time.Minute))
		before, all := m.asked("transitiveMemberOf")+m.asked("roleManagement"), m.asked("")
		m.take(waits(3 * time.Hour))
		if after := m.asked("transitiveMemberOf") + m.asked("roleManagement"); after != before {
			t.Errorf("%d questions about roles", after-before)
		}
		if m.asked("") == all {
			t.Error("nobody looked")
		}
	})
}

func TestARequestForALookOutlastsBadWeather(t *testing.T) {
	told(t, func(m *model) {
		m.take(allowsSMS(ada, true),
			allowsSMS(bob, true),
			creates("people/b", bob, mobileType, number(numberOne), sms(v1alpha1.SMSSignInEnabled)), works(busy),
			creates("people/a", ada, mobileType, number(numberOne), sms(v1alpha1.SMSSignInEnabled)), works(busy), waits(20*time.Minute))
		m.saysReady(t, "people/a", v1alpha1.ReasonSMSSignInNotAsAsked)
		before := m.asked("enableSmsSignIn")
		m.take(answers(http.MethodGet, "/phoneMethods$", 500, 4), edits("people/a", asking()), waits(2*time.Hour))
		if m.asked("enableSmsSignIn") == before {
			t.Error("SMS sign-in was not tried again")
		}
	})
}

func TestForgedNotesMakeLittleWorkForGraph(t *testing.T) {
	told(t, func(m *model) {
		m.take(ruled("ada only", func(r *v1alpha1.AccessRule) { r.Users = []string{"ada*"} }),
			creates("people/a", ada, mobileType, number(numberOne)), works(busy), waits(5*time.Minute))
		for i := range 50 {
			name := fmt.Sprintf("staff/x%d", i)
			m.take(creates(name, fmt.Sprintf("nobody%d@contoso.com", i), mobileType, number(numberTwo)), forges(name, ada, "+1 ********02"))
		}
		m.tries(30 * time.Minute)
		m.wants(t, numberOne)
		before, passes := m.asked(ada)+m.asked("nobody"), m.passes
		m.take(edits("people/a", asking()))
		m.tries(time.Second)
		if calls := m.asked(ada) + m.asked("nobody") - before; calls > (manyNames+2)*(m.passes-passes) {
			t.Errorf("%d calls in %d passes", calls, m.passes-passes)
		}
	})
}
