package journal

import (
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

// Recorded is a phone that status says is in sync.
type Recorded struct {
	Type   phone.Type
	Number phone.Number // zero: no more is known than the mask
	Masked string
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
	m := plan.MethodOf(v.Methods, r.Type)
	if _, written := j.last(r.Type); written || age >= GraphReadLag || m != nil && r.hasNumber(*m) && r.hasSMS(*m) {
		return
	}
	believed := plan.Method{Type: r.Type, SMS: r.SMS} // with a number that is hidden
	switch {
	case !r.Number.IsZero():
		believed.Number = phone.Read(r.Number.Graph())
	case m != nil && r.hasNumber(*m): // any number has its mask: it is compared as it shows
		believed.Number = m.Number
	}
	if m == nil {
		v.Unshown = append(v.Unshown, r.Type)
	}
	v.believe(r.Type, &believed)
	v.readAgain(age, looks...)
}

// hasNumber reports whether m may have the number that is recorded.
func (r Recorded) hasNumber(m plan.Method) bool {
	if r.Number.IsZero() {
		return m.Number == phone.Reading{} || m.Number.Masked() == r.Masked
	}
	return m.Number.Compare(r.Number) != phone.Different || m.Number.Respells(r.Number)
}

func (r Recorded) hasSMS(m plan.Method) bool { return r.SMS == "" || m.SMS == r.SMS }
