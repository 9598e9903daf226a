package journal

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// Recorded is a phone that status says is in sync.
type Recorded struct {
	Type   phone.Type
	Number phone.Number
	SMS    phone.SMSSignInState // empty: not known
}

// ExpectRecorded notes the phones that status says are in sync, at most one of each type. An operator
// before this one may have written them right before the journal began: a read that shows something
// else may lag behind that.
func (j *Journal) ExpectRecorded(phones []Recorded) { j.recorded = phones }

// recall believes what is recorded where this journal knows of no write, as long as reads may lag
// behind those of an operator before. What another client changed meanwhile is noticed after that.
func (j *Journal) recall(v *View, r Recorded, now time.Time) {
	age := now.Sub(j.since)
	if _, written := j.last(r.Type); written || age >= GraphReadLag || r.shown(plan.MethodOf(v.Methods, r.Type)) {
		return
	}
	v.believe(r.Type, &plan.Method{Type: r.Type, Number: phone.Read(r.Number.Graph()), SMS: r.SMS})
	v.readAgain(age)
}

// shown reports whether m, nil for none, may be the phone as it is recorded.
func (r Recorded) shown(m *plan.Method) bool {
	switch {
	case m == nil, r.SMS != "" && m.SMS != r.SMS:
		return false
	case m.Number.Compare(r.Number) != phone.Different:
		return true
	}
	return m.Number.Respells(r.Number)
}
