package phonemethod

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/journal"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

var aMoment = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// ago is so many seconds before the pass.
func ago(seconds int) time.Time { return aMoment.Add(-time.Duration(seconds) * time.Second) }

func parsed(text string) phone.Number {
	n, err := phone.Parse(text)
	must(err)
	return n
}

// mobile is what Graph shows of a mobile.
func mobile(n phone.Number, sms phone.SMSSignInState) *plan.Method {
	return &plan.Method{Type: phone.Mobile, Number: phone.Read(n.Graph()), SMS: sms}
}

// atWork is an operator that has been at work for so many seconds.
func atWork(seconds int) *Reconciler {
	return &Reconciler{memory: newMemory(ago(seconds)), Now: func() time.Time { return aMoment }}
}

// phonesOf is a user of that operator with the resources people/a, people/b and so on.
func (r *Reconciler) phonesOf(claims ...plan.Claim) phones {
	u := phones{snapshot: snapshot{
		key: user.Key{Tenant: "contoso", User: ada}, tenant: &tenant.Tenant{}, now: aMoment, journal: journal.New(r.started),
	}}
	for i, c := range claims {
		c.Ref, c.Type = "people/"+string(rune('a'+i)), phone.Mobile
		u.resources = append(u.resources, resource{Claim: c, object: &pam{ObjectMeta: metav1.ObjectMeta{Generation: 1}}})
	}
	return u
}

func TestNoWriteWaitsLongerThanTheJournal(t *testing.T) {
	if graph.WriteTimeout > journal.WriteDeadline {
		t.Errorf("a write is given up after %v, and the journal takes it for landed after %v", graph.WriteTimeout, journal.WriteDeadline)
	}
}

func TestARefusalIsTheSameInTheJournalAndInWords(t *testing.T) {
	for kind, result := range results {
		if back, ok := refusedAs[result]; ok && back != kind {
			t.Errorf("%s comes back as %s", kind, back)
		}
	}
}

func TestTwoRequestsOfAResourceAreToldApart(t *testing.T) {
	c := atWork(3600).phonesOf(plan.Claim{}).resources[0]
	first := c.request()
	for name, change := range map[string]func(*pam){
		"its spec is new":          func(o *pam) { o.Generation++ },
		"a reconcile is asked for": func(o *pam) { o.Annotations = map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: "now"} },
	} {
		changed := resource{object: c.object.DeepCopy()}
		change(changed.object)
		if changed.request() == first {
			t.Errorf("%s: %q", name, first)
		}
	}
}

func TestWhichWritesOfAnOperatorBeforeMayLand(t *testing.T) {
	create := v1alpha1.PendingWrite{Action: v1alpha1.PendingCreate, UserID: ada, MaskedNumber: "+1 ********01", Since: metav1.NewTime(ago(60))}
	update := create
	update.Action = v1alpha1.PendingUpdate
	for name, c := range map[string]struct {
		began     time.Time // the operator
		pending   *v1alpha1.PendingWrite
		own       bool // this operator recorded it
		finalizer bool
		creates   bool
		any       time.Duration
	}{
		"it never saw the resource":            {began: ago(10)},
		"it saw the resource":                  {began: ago(10), finalizer: true, any: 55 * time.Second},
		"it saw the resource, a while ago":     {began: ago(65), finalizer: true},
		"it began a create":                    {began: ago(10), pending: &create, finalizer: true, creates: true, any: 55 * time.Second},
		"it began a create a while ago":        {began: ago(65), pending: &create},
		"it was this one that began":           {began: ago(10), pending: &create, own: true},
		"it began an update, which makes none": {began: ago(10), pending: &update},
	} {
		t.Run(name, func(t *testing.T) {
			r := atWork(int(aMoment.Sub(c.began).Seconds()))
			u := r.phonesOf(plan.Claim{})
			o := u.resources[0].object
			o.UID, o.Status.PendingWrite = "a", c.pending
			if c.finalizer {
				o.Finalizers = []string{v1alpha1.Finalizer}
			}
			if c.own {
				r.intents.Set(o.UID, intent{since: c.pending.Since.Time}, intentTTL)
			}
			u = r.openJournal(u)
			if u.journal.CreateMayLand(phone.Mobile, aMoment) != c.creates || u.journal.CreateMayLand(phone.Office, aMoment) {
				t.Errorf("a create may land: %v, want %v, and none of another type", !c.creates, c.creates)
			}
			if wait := u.journal.UntilLanded(aMoment); wait != c.any {
				t.Errorf("the user is reconciled after %v, want %v", wait, c.any)
			}
		})
	}
}

func TestTheJournalIsKeptBetweenReconciles(t *testing.T) {
	r := atWork(3600)
	u := r.phonesOf(plan.Claim{})
	u.journal.Record(journal.Entry{Action: plan.Action{Verb: plan.Delete, Type: phone.Mobile}, At: aMoment})
	r.keepJournal(u.key, u.journal, aMoment)
	if kept := r.journalOf(u.key); !kept.Unsettled(phone.Mobile) {
		t.Error("what was written is forgotten")
	}
	r.keepJournal(u.key, journal.New(ago(3600)), aMoment)
	if kept := r.journalOf(u.key); kept.Unsettled(phone.Mobile) {
		t.Error("what was settled is remembered")
	}
}

// What is found out while a plan is carried out outweighs what the journal says.
func TestAHoldForAnotherReasonStays(t *testing.T) {
	u := atWork(3600).phonesOf(plan.Claim{Holds: plan.Holds{plan.ProtectedUser: plan.AllWrites}}, plan.Claim{Holds: plan.Holds{plan.Unsettled: plan.AllWrites}}, plan.Claim{Holds: plan.Holds{plan.Unsettled: plan.AllWrites}})
	u.resources[2].failed = behindError{}
	u.journal.Record(journal.Entry{Action: plan.Action{Verb: plan.Create, Type: phone.Mobile}, Result: journal.Unclear, At: ago(9)})
	u = holdUnsettled(u)
	for i, want := range []plan.Holds{{plan.ProtectedUser: plan.AllWrites}, {}, {plan.Unsettled: plan.AllWrites}} {
		if got := u.resources[i].Holds; got != want {
			t.Errorf("claim %d is withheld for %v, want %v", i, got, want)
		}
	}
}
