package phonemethod

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// auditRead has the audit log read to its end, as nothing is in it.
var auditRead = step{"the audit log is read", func(m *model) {
	m.registered.AuditLog.Ask(time.Now(), "")
	m.registered.AuditLog.Heard(graph.Page[graph.AuditRecord]{Now: time.Now()}, "", m.registered.Reads.Of, time.Now())
}}

// aDay lets a day go by, in which the audit log is read once in half an hour.
var aDay = step{"a day goes by, in which the audit log is followed", func(m *model) {
	for range 48 {
		auditRead.do(m)
		m.wait(30 * time.Minute)
	}
	auditRead.do(m)
}}

// auditTells has the audit log tell that a user's phone was changed by somebody else.
func auditTells(id string) step {
	return step{"the audit log tells of " + id[:3], func(m *model) {
		m.process.wakeDrifted(context.Background(), event.TypedGenericEvent[user.Key]{Object: user.Key{Tenant: v1alpha1.DefaultTenantName, User: id}}, m.process.work)
	}}
}

func TestWhileTheAuditLogIsFollowed(t *testing.T) {
	for name, c := range map[string]struct {
		then  []step
		reads int // in the day that follows
		phone string
	}{
		"a user who is as spec says is not read":                {nil, 0, numberOne},
		"a user of whom it tells is read once, and put right":   {[]step{setsByHand(ada, mobileType, numberTwo), auditTells(ada)}, 1, numberOne},
		"a user of whom it does not tell is left to the week":   {[]step{setsByHand(ada, mobileType, numberTwo)}, 0, numberTwo},
		"what it tells of others is nothing to this one":        {[]step{auditTells(bob)}, 0, numberOne},
		"a user whose resource waits for something is read":     {[]step{setsByHand(ada, v1alpha1.PhoneTypeOffice, numberTwo), creates("people/office", ada, v1alpha1.PhoneTypeOffice, number(numberOne), adopting(v1alpha1.AdoptNever))}, 24, numberOne},
		"a user is read as resyncPeriod says where it is given": {[]step{tenantEdited("resyncPeriod 2h", func(s *tenantState) { s.spec.ResyncPeriod = &metav1.Duration{Duration: 2 * time.Hour} })}, 12, numberOne},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				m.registered.AuditLog, m.registered.Reads = tenant.NewAuditLog(v1alpha1.AuditLogStatus{}, time.Now()), tenant.NewReads()
				m.take(auditRead, waits(time.Minute), creates("people/a", ada, mobileType, number(numberOne)), waits(10*time.Minute))
				m.take(c.then...)
				ofAda := "^GET .*" + ada + "/authentication/phoneMethods"
				before := m.asked(ofAda)
				m.take(aDay)
				if got := m.asked(ofAda) - before; got < c.reads-2 || got > c.reads+3 || c.reads == 0 && got > 0 {
					t.Errorf("ada was read %d times in a day, want about %d", got, c.reads)
				}
				m.wants(t, c.phone)
			})
		})
	}
}
