package phonemethod

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// atTheLastLook has a step happen in the moment in which the operator looks at a resource for the last time before it
// writes to Graph, and the cache show it at once.
func (m *model) atTheLastLook(happens step) step {
	return step{"right before the next write: " + happens.say, func(m *model) {
		m.process.look = func() { seenAtOnce(happens).do(m) }
	}}
}

// seenAtOnce has the cache show what happens at once, also while a pass runs.
func seenAtOnce(happens step) step {
	return step{happens.say, func(m *model) {
		happens.do(m)
		for len(m.process.informer.pending) > 0 {
			m.process.informer.arrive(m.process.Reconciler, m.process.work)
		}
	}}
}

// TestWhatChangesRightBeforeAWrite: a pass goes by what it gathered, and that may be old by
// the time that everything is asked and written down.
func TestWhatChangesRightBeforeAWrite(t *testing.T) {
	edited := func(parts ...says) step { return edits("people/a", parts...) }
	removed := deletes("people/a")
	relabelled := step{"the namespace loses its labels", func(m *model) {
		m.cluster.labels["people"] = map[string]string{corev1.LabelMetadataName: "elsewhere"}
	}}
	nothing := step{"nothing", func(*model) {}}
	one := creates("people/a", ada, mobileType, number(numberOne))
	applied := []step{one, waits(10 * time.Minute)}
	byOne, byTwo, byTwin := secretSays("people", numberOne), secretSays("people", numberTwo), secretSays("people", twinOfOne)
	bySecret := creates("people/a", ada, mobileType, fromSecret)
	for name, c := range map[string]struct {
		before  []step
		then    step
		happens step
		phone   string
		says    string         // "" is gone
		sent    map[string]int // writes after the moment
	}{
		"nothing, before a create":                          {nil, one, nothing, numberOne, v1alpha1.ReasonReady, map[string]int{"POST": 1}},
		"suspended, before a create":                        {nil, one, edited(suspended(true)), "", "Suspended", nil},
		"another number, before a create":                   {nil, one, edited(number(numberTwo)), numberTwo, v1alpha1.ReasonReady, map[string]int{"POST": 1}},
		"deleted, before a create":                          {nil, one, removed, "", "", nil},
		"a namespace without its labels, before a create":   {nil, one, relabelled, "", v1alpha1.ReasonNotPermitted, nil},
		"another number in the Secret, before a create":     {[]step{byOne}, bySecret, byTwo, numberTwo, v1alpha1.ReasonReady, map[string]int{"POST": 1}},
		"another number in the Secret, before an update":    {[]step{byOne, bySecret, waits(10 * time.Minute)}, byTwo, byTwin, twinOfOne, v1alpha1.ReasonReady, map[string]int{"PATCH": 1}},
		"no Secret any more, before a create":               {[]step{byOne}, bySecret, secretSays("people", ""), "", v1alpha1.ReasonNumberSourceNotFound, nil},
		"another number in the Secret, before a deletion":   {[]step{byOne, bySecret, waits(10 * time.Minute)}, removed, byTwo, "", "", map[string]int{"DELETE": 1}},
		"suspended, before an update":                       {applied, edits("people/a", number(numberTwo)), edited(suspended(true)), numberOne, "Suspended", nil},
		"another number, before an update":                  {applied, edits("people/a", number(numberTwo)), edited(number(twinOfOne)), twinOfOne, v1alpha1.ReasonReady, map[string]int{"PATCH": 1}},
		"deleted, before an update":                         {applied, edits("people/a", number(numberTwo)), removed, "", "", map[string]int{"DELETE": 1}},
		"a namespace without its labels, before an update":  {applied, edits("people/a", number(numberTwo)), relabelled, numberOne, v1alpha1.ReasonNotPermitted, nil},
		"told to leave the phone, before a deletion":        {applied, deletes("people/a"), edited(deleting(v1alpha1.DeletionOrphan)), numberOne, "", nil},
		"a namespace without its labels, before a deletion": {applied, deletes("people/a"), relabelled, numberOne, "", nil},
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
				if m.process.look != nil {
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
