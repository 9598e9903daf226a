package phonemethod

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

func followedLog(m *model) {
	m.registered.AuditLog, m.registered.Reads = tenant.NewAuditLog(v1alpha1.AuditLogStatus{}, time.Now()), tenant.NewReads()
}

// With a full pass in the queue, whom the log tells of waits behind all.
func TestADriftedUserGoesBeforeAFullPass(t *testing.T) {
	scheme := runtime.NewScheme()
	must(v1alpha1.AddToScheme(scheme))
	c := fake.NewClientBuilder().WithScheme(scheme).
		WithIndex(&pam{}, index.Tenant, index.PartOfTenant).
		WithIndex(&pam{}, index.User, func(o client.Object) []string { return []string{user.KeyOf(o.(*pam)).String()} })
	seen := func(o *pam) { o.Generation, o.Status.ObservedGeneration = 3, 3 }
	for i := range 500 {
		c.WithObjects(aResource(fmt.Sprint("r", i), fmt.Sprintf("u%d@contoso.com", i), seen))
	}
	c.WithObjects(aResource("zdrifted", ada, seen))
	r := &Reconciler{Client: c.Build(), Now: time.Now, memory: newMemory(time.Time{})}
	synctest.Test(t, func(t *testing.T) {
		q := priorityqueue.New[user.Key]("test")
		defer q.ShutDown()
		r.wakeTenant(t.Context(), event.TypedGenericEvent[string]{Object: "default"}, q)
		synctest.Wait()
		r.wakeDrifted(t.Context(), event.TypedGenericEvent[user.Key]{Object: user.Key{Tenant: "default", User: ada}}, q)
		synctest.Wait()
		n := 0
		for {
			key, _, _ := q.GetWithPriority()
			q.Done(key)
			if key.User == ada {
				break
			}
			n++
		}
		t.Logf("%d users go first", n)
		if n > 50 {
			t.Errorf("%d users of whom nothing is known go before one of whom the log tells: at 0.5/s %v", n, time.Duration(n)*2*time.Second)
		}
	})
}

// driftCheckPatience does not hold for a user who is woken by the log: the next reconcile is due in a week.
func TestADriftedUserDoesNotStarve(t *testing.T) {
	scheme := runtime.NewScheme()
	must(v1alpha1.AddToScheme(scheme))
	c := fake.NewClientBuilder().WithScheme(scheme).
		WithIndex(&pam{}, index.User, func(o client.Object) []string { return []string{user.KeyOf(o.(*pam)).String()} }).
		WithObjects(aResource("drifted", ada, func(o *pam) { o.Generation, o.Status.ObservedGeneration = 3, 3 }))
	r := &Reconciler{Client: c.Build(), Now: time.Now, memory: newMemory(time.Time{})}
	synctest.Test(t, func(t *testing.T) {
		q := priorityqueue.New[user.Key]("test")
		defer q.ShutDown()
		tick := time.NewTicker(time.Minute)
		defer tick.Stop()
		go r.schedule.raisePriority(t.Context(), q, tick.C)
		drifted := user.Key{Tenant: "default", User: ada}
		low := handler.LowPriority
		r.schedule.expect(drifted, nextReconcile{at: time.Now().Add(v1alpha1.AuditedResyncPeriod), driftCheck: true})
		q.AddWithOpts(priorityqueue.AddOpts{Priority: &low, After: v1alpha1.AuditedResyncPeriod}, drifted)
		busy := []user.Key{{Tenant: "t", User: "a"}, {Tenant: "t", User: "b"}, {Tenant: "t", User: "c"}}
		for _, key := range busy {
			q.Add(key)
		}
		r.wakeDrifted(t.Context(), event.TypedGenericEvent[user.Key]{Object: drifted}, q)
		synctest.Wait()
		began := time.Now()
		for {
			key, _ := q.Get()
			elapse(time.Second)
			if key == drifted {
				return
			}
			q.Add(key)
			q.Done(key)
			synctest.Wait()
			if time.Since(began) > 3*time.Hour {
				t.Fatal("nobody looked for three hours")
			}
		}
	})
}

// By a report that is hours behind, phones that came since are absent, for all, whatever was found.
func TestAReportThatIsBehindCostsOneRefusedWrite(t *testing.T) {
	told(t, func(m *model) {
		m.take(addsEve("eve@contoso.com", 0), waits(10*time.Minute))
		m.registered.Inventory = tenant.NewInventory()
		m.registered.Inventory.Heard(graph.Page[graph.Registration]{}, time.Now()) // nobody had a phone then
		for _, u := range []string{ada, bob, eve} {
			m.take(setsByHand(u, mobileType, numberOne))
		}
		for i, u := range []string{ada, bob, eve} {
			m.take(creates(fmt.Sprint("people/", i), u, mobileType, number(numberOne)), works(busy))
		}
		if n := m.asked(creations); n > 1 {
			t.Errorf("%d of 3 creates for phones that are there, want one at most: the first one told", n)
		}
	})
}

// What Graph decides without a record of a phone.
func TestWhatNoRecordTells(t *testing.T) {
	for name, c := range map[string]struct {
		change step
		says   string
		part   says
	}{
		"the user is deleted":             {removesUser(ada), v1alpha1.ReasonUserNotFound, sms("")},
		"the user is renamed out of rule": {renames(ada, "ada@fabrikam.com"), v1alpha1.ReasonNotPermitted, sms("")},
		"the name is somebody else's": {step{"", func(m *model) { renames(ada, "ada2@contoso.com").do(m); renames(bob, "ada@contoso.com").do(m) }},
			v1alpha1.ReasonUserChanged, sms("")},
		"the policy switches SMS sign-in on": {allowsSMS(ada, true), v1alpha1.ReasonReady, sms(v1alpha1.SMSSignInEnabled)},
	} {
		for _, log := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, log %v", name, log), func(t *testing.T) {
				told(t, func(m *model) {
					if c.says != v1alpha1.ReasonReady {
						m.knowsNot("of names", everyWriteIsSpokenFor, inSyncIsTrue)
						m.take(ruled("contoso only", func(r *v1alpha1.AccessRule) { r.Users = []string{"*@contoso.com"} }))
					}
					day := waits(24 * time.Hour)
					if log {
						followedLog(m)
						m.take(auditRead)
						day = aDay
					}
					m.take(creates("people/a", "ada@contoso.com", mobileType, number(numberOne), c.part), waits(2*time.Hour), c.change, day)
					m.saysReady(t, "people/a", c.says)
				})
			})
		}
	}
}

// A rival that is deleted before it was bound.
func TestARivalThatGoesBeforeItIsBound(t *testing.T) {
	for name, part := range map[string]says{"good": number(numberTwo), "from a Secret that is not there": fromSecret, "bad": number("+1 0")} {
		for writes := range 4 {
			t.Run(fmt.Sprintf("%s %d", name, writes), func(t *testing.T) {
				told(t, func(m *model) {
					n := 0
					m.spoils(func(*pam, bool) error {
						if key := keyFor("people/a"); n == writes && m.cluster.pams[key] != nil && len(m.cluster.pams[key].Finalizers) == 0 {
							m.cluster.remove(key)
						}
						n++
						return nil
					})
					m.take(creates("people/a", "ada@contoso.com", mobileType, part))
					elapse(2 * time.Second)
					m.take(creates("people/b", ada, mobileType, number(numberOne)), waits(20*time.Minute))
					if m.cluster.pams[keyFor("people/a")] != nil {
						return // it had a finalizer
					}
					m.saysReady(t, "people/b", v1alpha1.ReasonReady)
				})
			})
		}
	}
}

// An update that Graph acknowledged is carried out, whatever fails after that. The number that a person sets then is drift.
func TestAChangeRightAfterAnUpdateIsDrift(t *testing.T) {
	const byHand = "+1 2065550103"
	made := []step{creates("people/a", ada, mobileType, number(numberOne), drifting(v1alpha1.DriftReport)), waits(10 * time.Minute)}
	edited := edits("people/a", number(numberTwo))
	noStatus := step{"no status can be written", func(m *model) {
		m.spoils(func(_ *pam, status bool) error {
			if status {
				return apierrors.NewInternalError(errors.New("no space"))
			}
			return nil
		})
	}}
	tells(t, map[string]story{
		"while reads fail": {append(slices.Clone(made),
			graphFault("no read after the next one", emulator.Fault{Method: http.MethodGet, Path: "/phoneMethods$", From: 2, Times: 3, Effect: emulator.Answer, Status: 503}),
			edited, works(1), setsByHand(ada, mobileType, byHand), waits(5*time.Minute),
		), byHand, v1alpha1.ReasonDriftDetected, nil},
		"while its status cannot be written": {append(slices.Clone(made),
			noStatus, edited, works(1), waits(20*time.Second), setsByHand(ada, mobileType, byHand), waits(2*time.Minute),
			step{"it can again", func(m *model) { m.spoils(nil) }}, waits(10*time.Minute), reborn, waits(10*time.Minute),
		), byHand, v1alpha1.ReasonDriftDetected, nil},
	})
}

// An edit that cannot be carried out is none the less an edit hours later, where no more than the mask tells it from drift.
func TestAnEditThatWaitsForHoursIsNoDrift(t *testing.T) {
	told(t, func(m *model) {
		m.take(creates("people/a", ada, mobileType, number(numberOne), drifting(v1alpha1.DriftReport)), works(busy),
			ruled("no Update", withoutUpdate), edits("people/a", number(twinOfOne)), waits(6*time.Hour))
		m.wants(t, numberOne)
		m.saysReady(t, "people/a", v1alpha1.ReasonNotPermitted)
		m.take(ruled("Update", nil), works(busy))
		m.wants(t, twinOfOne)
		m.saysReady(t, "people/a", v1alpha1.ReasonReady)
	})
}
