package phonemethod

import (
	"context"
	"net/http"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// lastLook has something happen, once, in the moment in which the operator looks at a
// resource for the last time before it writes to Graph.
type lastLook struct {
	operatorClient
	happens func(*lastLook)
	without bool // the namespaces have lost their labels
}

func (l *lastLook) Get(ctx context.Context, key client.ObjectKey, into client.Object, options ...client.GetOption) error {
	if _, resource := into.(*pam); resource && l.happens != nil {
		now := l.happens
		l.happens = nil
		now(l)
	}
	if ns, namespace := into.(*metav1.PartialObjectMetadata); namespace && l.without {
		ns.Labels = map[string]string{"kubernetes.io/metadata.name": "elsewhere"}
		return nil
	}
	return l.operatorClient.Get(ctx, key, into, options...)
}

// atTheLastLook has a step happen at the next one, and the cache show it at once.
func (m *model) atTheLastLook(happens func(*lastLook)) step {
	return step{"something happens right before the next write", func(m *model) {
		m.process.Client = &lastLook{operatorClient: operatorClient{process: m.process}, happens: func(l *lastLook) {
			happens(l)
			for len(m.process.informer.pending) > 0 {
				m.process.informer.arrive(m.process.Reconciler, m.process.work)
			}
		}}
	}}
}

// TestWhatChangesRightBeforeAWrite: a pass goes by what it gathered, and that may be old by
// the time that everything is asked and written down.
func TestWhatChangesRightBeforeAWrite(t *testing.T) {
	edited := func(parts ...says) func(*lastLook) {
		return func(l *lastLook) { edits("people/a", parts...).do(l.m) }
	}
	removed := func(l *lastLook) { deletes("people/a").do(l.m) }
	relabelled := func(l *lastLook) { l.without = true }
	nothing := func(*lastLook) {}
	for name, c := range map[string]struct {
		before  []step
		then    step
		happens func(*lastLook)
		phone   string
		says    string         // "" is gone
		sent    map[string]int // writes after the moment
	}{
		"nothing, before a create":                          {nil, creates("people/a", ada, mobileType, number(numberOne)), nothing, numberOne, v1alpha1.ReasonReady, map[string]int{"POST": 1}},
		"suspended, before a create":                        {nil, creates("people/a", ada, mobileType, number(numberOne)), edited(suspended(true)), "", "Suspended", nil},
		"another number, before a create":                   {nil, creates("people/a", ada, mobileType, number(numberOne)), edited(number(numberTwo)), numberTwo, v1alpha1.ReasonReady, map[string]int{"POST": 1}},
		"deleted, before a create":                          {nil, creates("people/a", ada, mobileType, number(numberOne)), removed, "", "", nil},
		"a namespace without its labels, before a create":   {nil, creates("people/a", ada, mobileType, number(numberOne)), relabelled, "", v1alpha1.ReasonNotPermitted, nil},
		"suspended, before an update":                       {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute)}, edits("people/a", number(numberTwo)), edited(suspended(true)), numberOne, "Suspended", nil},
		"another number, before an update":                  {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute)}, edits("people/a", number(numberTwo)), edited(number(twinOfOne)), twinOfOne, v1alpha1.ReasonReady, map[string]int{"PATCH": 1}},
		"deleted, before an update":                         {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute)}, edits("people/a", number(numberTwo)), removed, "", "", map[string]int{"DELETE": 1}},
		"a namespace without its labels, before an update":  {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute)}, edits("people/a", number(numberTwo)), relabelled, numberOne, v1alpha1.ReasonNotPermitted, nil},
		"told to leave the phone, before a deletion":        {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute)}, deletes("people/a"), edited(deleting(v1alpha1.DeletionOrphan)), numberOne, "", nil},
		"a namespace without its labels, before a deletion": {[]step{creates("people/a", ada, mobileType, number(numberOne)), waits(10 * time.Minute)}, deletes("people/a"), relabelled, numberOne, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			told(t, func(m *model) {
				if c.says == "" && c.phone != "" {
					m.knowsNot("the labels of namespaces, nor which policy an edit leaves", nothingIsLost)
				}
				m.take(c.before...)
				before := map[string]int{}
				for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodDelete} {
					before[method] = m.sent(method)
				}
				m.take(m.atTheLastLook(c.happens), c.then, waits(5*time.Minute))
				if l := m.process.Client.(*lastLook); l.happens != nil {
					t.Error("nobody looked at the last moment")
				}
				m.wants(t, c.phone)
				for method, n := range before {
					if got := m.sent(method) - n; got != c.sent[method] {
						t.Errorf("%d times %s, want %d", got, method, c.sent[method])
					}
				}
				if c.says != "Suspended" {
					m.ends(t, "people/a", c.says)
				} else if !isSuspended(m.cluster.pams[keyFor("people/a")]) {
					t.Error("it does not say that it is suspended")
				}
			})
		})
	}
}

func isSuspended(o *pam) bool {
	return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionSuspended)
}
