package phonemethod

import (
	"net/http"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/journal"
)

// twinOfOne has numberOne's mask.
const twinOfOne = "+1 2065559901"

// sent counts the writes that the operator sent, by method. A token is none: the first history of a process asks for it.
func (m *model) sent(method string) int { return m.asked("^" + method + " /v1.0/") }

var reborn = step{"the operator is killed and another one starts", func(m *model) { m.startOperator(); m.connectTenant() }}

func TestAfterARestartARivalThatIsSpelledOtherwiseIsKnown(t *testing.T) {
	t.Run("as an heir", func(t *testing.T) {
		told(t, func(m *model) {
			m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy), waits(10*time.Minute),
				creates("people/b", "ADA@contoso.com", mobileType, number(numberOne)), deletes("people/a"), reborn, waits(time.Minute))
			m.wants(t, numberOne)
			m.saysReady(t, "people/b", v1alpha1.ReasonReady)
			if n := m.sent(http.MethodDelete); n > 0 {
				t.Errorf("%d deletions", n)
			}
		})
	})
	t.Run("as the older", func(t *testing.T) {
		told(t, func(m *model) {
			m.tenant.state = tenantMissing
			m.connectTenant()
			m.take(creates("people/old", "ada@contoso.com", mobileType, number(numberOne)), waits(3*time.Second),
				creates("people/new", ada, mobileType, number(numberTwo)))
			m.tenant.state = tenantUsable
			m.take(reborn, waits(5*time.Minute))
			m.wants(t, numberOne)
			m.saysReady(t, "people/new", v1alpha1.ReasonConflict)
		})
	})
}

func TestANumberWithTheSameMask(t *testing.T) {
	tells(t, map[string]story{
		"that the user chose is drift, whatever else is asked for or edited": {[]step{
			creates("people/a", ada, mobileType, number(numberOne), drifting(v1alpha1.DriftReport)), works(busy), waits(time.Minute),
			setsByHand(ada, mobileType, twinOfOne), edits("people/a", asking()), waits(time.Minute),
		}, twinOfOne, v1alpha1.ReasonDriftDetected, nil},
		"that the user chose is drift after a restart": {[]step{
			creates("people/a", ada, mobileType, number(numberOne), drifting(v1alpha1.DriftReport)), works(busy), waits(time.Minute),
			setsByHand(ada, mobileType, twinOfOne), reborn, edits("people/a", asking()), waits(time.Minute),
		}, twinOfOne, v1alpha1.ReasonDriftDetected, nil},
		"that a Secret has now is an edit": {[]step{
			secretSays("people", numberOne), creates("people/a", ada, mobileType, fromSecret, drifting(v1alpha1.DriftReport)), works(busy), waits(time.Minute),
			secretSays("people", twinOfOne), waits(time.Minute),
		}, twinOfOne, v1alpha1.ReasonReady, nil},
	})
}

func TestASwitchOfSMSSignInThatWasDoneAllTheSameCostsNoUpdate(t *testing.T) {
	told(t, func(m *model) {
		m.take(allowsSMS(ada, true),
			graphFault("the answer is cut", emulator.Fault{Method: http.MethodPost, Path: "disableSmsSignIn", Times: 1, Effect: emulator.Cut, AfterWork: true}),
			creates("people/a", ada, mobileType, number(numberOne), sms(v1alpha1.SMSSignInDisabled)), waits(5*time.Minute))
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
		if n := m.sent(http.MethodPatch); n > 0 {
			t.Errorf("%d updates", n)
		}
	})
}

func TestACreateThatGraphRefusedMakesNoPhoneOurs(t *testing.T) {
	told(t, func(m *model) {
		m.knowsNot("of a phone that comes between a read and a write", graphsRules)
		m.spoils(func(_ *pam, status bool) error {
			if !status && m.has(ada, mobileType) == nil {
				must(m.graph.SetPhone(ada, "mobile", twinOfOne)) // the user was a moment faster
			}
			return nil
		})
		m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(5*time.Minute))
		m.wants(t, twinOfOne)
		m.saysReady(t, "people/a", v1alpha1.ReasonAlreadyExists)
		m.take(deletes("people/a"), waits(5*time.Minute))
		m.wants(t, twinOfOne)
	})
}

// So is a create that was not sent, since the user came to be protected while it was written down.
func TestACreateThatWasNotSentMakesNoPhoneOurs(t *testing.T) {
	told(t, func(m *model) {
		m.spoils(func(_ *pam, status bool) error {
			if status {
				m.spoils(nil)
				elapse(answerTTL + time.Second)
				m.take(promotes(ada))
			}
			return nil
		})
		m.take(waits(10*time.Minute), creates("people/a", ada, mobileType, number(numberOne), adopting(v1alpha1.AdoptIfNumberMatches)), works(busy))
		m.saysReady(t, "people/a", v1alpha1.ReasonPrivilegedUser)
		m.take(setsByHand(ada, mobileType, twinOfOne), changes(ada, "loses the role", func(u *emulator.User) { u.Roles = nil }),
			edits("people/a", asking()), waits(5*time.Minute))
		m.wants(t, twinOfOne)
		m.saysReady(t, "people/a", v1alpha1.ReasonAlreadyExists)
	})
}

// vanishes has the API server take a resource's finalizer and delete it all the same, which shows when ada has her mobile.
// before is done right before that.
func (m *model) vanishes(name string, before func()) {
	m.knowsNot("of resources that vanish", everyWriteIsSpokenFor)
	m.spoils(func(o *pam, status bool) error {
		if !status || m.has(ada, mobileType) == nil {
			return nil
		}
		if was := m.cluster.pams[keyFor(name)]; was != nil {
			before()
			m.cluster.drop(was)
		}
		return apierrors.NewNotFound(pamResource, o.Name)
	})
}

func TestWhatWasMadeForAResourceThatVanishedGoes(t *testing.T) {
	told(t, func(m *model) {
		m.vanishes("people/a", func() {})
		m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy))
		m.wants(t, "")
	})
}

// The same where another resource has its name at once, as after kubectl replace --force.
func TestWhatWasMadeForAResourceThatWasReplacedGoes(t *testing.T) {
	told(t, func(m *model) {
		m.knowsNot("of resources that vanish", everyWriteIsSpokenFor)
		m.take(waits(10*time.Minute), onceCreated(step{"people/a is replaced", func(m *model) {
			m.cluster.drop(m.cluster.pams[keyFor("people/a")])
			m.take(creates("people/a", ada, mobileType, number(numberTwo)))
		}}), creates("people/a", ada, mobileType, number(numberOne)), waits(time.Minute))
		m.wants(t, numberTwo)
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
	})
}

// What a Secret says is read early in a reconcile. An edit of it that comes later in the same one, when
// the resource has no status yet, is not left to the resync.
func TestASecretThatIsEditedWhileItsResourceIsReconciled(t *testing.T) {
	told(t, func(m *model) {
		m.take(secretSays("people", numberOne))
		edited := false
		m.spoils(func(_ *pam, status bool) error {
			if status && !edited {
				edited = true
				m.take(secretSays("people", numberTwo))
			}
			return nil
		})
		m.take(creates("people/a", ada, mobileType, fromSecret), waits(5*time.Minute))
		m.wants(t, numberTwo)
	})
}

func TestAReadThatIsBehindOnceMoreIsNoDrift(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", ada, mobileType, number(numberOne), drifting(v1alpha1.DriftReport)), works(busy), waits(5*time.Minute),
			edits("people/a", number(numberTwo)), works(busy))
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
		// Another part of Graph still has the number before.
		must(m.graph.SetPhone(ada, "mobile", numberOne))
		m.take(edits("people/a", asking()), works(1))
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
		must(m.graph.SetPhone(ada, "mobile", numberTwo))
		m.take(waits(5 * time.Minute))
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
	})
}

func TestACacheThatIsBehindOurOwnWriteIsWaitedFor(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", ada, mobileType, number(numberOne)), waits(2*time.Second),
			creates("people/b", ada, mobileType, number(numberTwo)), works(busy))
		m.saysReady(t, "people/b", v1alpha1.ReasonConflict)
		m.tenant.state = tenantBroken
		m.take(step{"the EntraTenant cannot be used", func(m *model) { m.connectTenant() }})
		m.work(1)
		m.saysReady(t, "people/b", v1alpha1.ReasonTenantNotReady)
		m.process.informer.behind = 3 // passes in which that status does not show
		m.tenant.state = tenantUsable
		m.take(step{"the EntraTenant can be used", func(m *model) { m.connectTenant() }}, waits(time.Minute))
		m.saysReady(t, "people/b", v1alpha1.ReasonConflict)
	})
}

// What a resource had pending when it was suspended is not taken for a phone of the same
// mask that comes much later.
func TestAPendingWriteOfASuspendedResourceEnds(t *testing.T) {
	told(t, func(m *model) {
		m.take(waits(10*time.Minute), graphFault("a create is lost", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Cut}),
			creates("people/a", ada, mobileType, number(numberOne), adopting(v1alpha1.AdoptNever)))
		m.work(1)
		if m.cluster.pams[keyFor("people/a")].Status.PendingWrite == nil {
			t.Fatal("nothing is pending")
		}
		m.take(edits("people/a", suspended(true)), works(busy), waits(2*journal.WriteDeadline))
		if w := m.cluster.pams[keyFor("people/a")].Status.PendingWrite; w != nil {
			t.Errorf("still pending: %+v", w)
		}
		m.take(setsByHand(ada, mobileType, twinOfOne), edits("people/a", suspended(false)), waits(time.Minute))
		m.saysReady(t, "people/a", v1alpha1.ReasonAlreadyExists)
		m.take(deletes("people/a"), waits(5*time.Minute))
		m.wants(t, twinOfOne)
	})
}

// A number that is edited while a create of another is pending waits until that phone shows:
// its own pending write would take the place of the one that tells whose the phone is.
func TestAnEditWhileACreateIsPendingForgetsNoPhone(t *testing.T) {
	for name, lag := range map[string]step{
		"the phone shows":     {"", func(*model) {}},
		"the read lags":       graphFault("the next reads lag", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Lag, Reads: 2}),
		"the create is late":  graphFault("a late create", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Late, Delay: 50 * time.Second}),
		"the create was lost": graphFault("a lost create", emulator.Fault{Method: http.MethodPost, Path: "/phoneMethods$", Times: 1, Effect: emulator.Cut}),
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(waits(10*time.Minute), lag, creates("people/a", ada, mobileType, number(numberOne), adopting(v1alpha1.AdoptNever)))
				m.dieAfter(http.MethodPost)
				m.take(edits("people/a", number(numberTwo)), waits(5*time.Minute))
				m.wants(t, numberTwo)
				m.saysReady(t, "people/a", v1alpha1.ReasonReady)
			})
		})
	}
}

// dieAfter has the operator work until a request of the method was answered, kills it before
// it learns of the answer, and starts another one.
func (m *model) dieAfter(method string) {
	sent := m.sent(method)
	for calls := 1; m.sent(method) == sent; calls++ {
		m.process.fuse = &fuse{calls: calls, kill: true}
		m.work(1)
	}
	m.startOperator()
	m.connectTenant()
}

// A prune deletes the holder and its heir one after the other: the heir's number is not
// written for the moment between. Who stays takes the phone over.
func TestAnHeirThatIsPrunedTooWritesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		steps   []step
		updates int
		phone   string
	}{
		"both go within a second": {[]step{deletes("people/a"), works(busy), waits(time.Second), deletes("people/b"), waits(2 * time.Minute)}, 0, ""},
		"both go at once":         {[]step{deletes("people/a", "people/b"), works(busy), waits(2 * time.Minute)}, 0, ""},
		"only the holder goes":    {[]step{deletes("people/a"), works(busy), waits(10 * time.Second)}, 1, numberTwo},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.take(creates("people/a", ada, mobileType, number(numberOne)), works(busy), waits(time.Minute),
					creates("people/b", ada, mobileType, number(numberTwo)), works(busy), waits(10*time.Minute))
				m.take(c.steps...)
				m.wants(t, c.phone)
				if n := m.sent(http.MethodPatch); n != c.updates {
					t.Errorf("%d updates, want %d", n, c.updates)
				}
			})
		})
	}
}
