package journal

import (
	"testing"
	"time"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
)

func TestJournal_ExpectRecorded(t *testing.T) {
	trunk := parsed("+39 0612345678")
	respelled := &plan.Method{Type: phone.Mobile, Number: phone.Read("+39 612345678")}
	ofB := Recorded{Type: phone.Mobile, Number: numberB}
	onlyMask := Recorded{Type: phone.Mobile, Masked: numberB.Masked()}
	withSMS := func(r Recorded) Recorded { r.SMS = phone.Ready; return r }
	on := Recorded{Type: phone.Mobile, Number: numberB, SMS: phone.Ready}
	for name, c := range map[string]struct {
		recorded       Recorded
		began          int // seconds ago
		wrote          bool
		read, believed *plan.Method
		again          time.Duration
	}{
		"it shows":                                                    {ofB, 4, false, methodB, methodB, 0},
		"another number may be older":                                 {ofB, 3, false, methodA, methodB, 2 * time.Second},
		"no phone may be older":                                       {ofB, 3, false, nothing, methodB, 2 * time.Second},
		"near the end it is asked for then":                           {ofB, 28, false, methodA, methodB, 2 * time.Second},
		"after that it is another client's":                           {ofB, 30, false, methodA, methodA, 0},
		"a hidden number shows nothing else":                          {ofB, 4, false, &plan.Method{Type: phone.Mobile, Number: hidden}, &plan.Method{Type: phone.Mobile, Number: hidden}, 0},
		"a number that Graph spells its own way":                      {Recorded{Type: phone.Mobile, Number: trunk}, 4, false, respelled, respelled, 0},
		"SMS sign-in may be older":                                    {on, 3, false, mobile(numberB, phone.NotEnabled), mobile(numberB, phone.Ready), 2 * time.Second},
		"SMS sign-in of which nothing is recorded":                    {ofB, 4, false, mobile(numberB, phone.NotEnabled), mobile(numberB, phone.NotEnabled), 0},
		"what this operator wrote since outweighs the record":         {ofB, 4, true, methodA, methodA, 0},
		"by its mask it shows":                                        {onlyMask, 4, false, methodB, methodB, 0},
		"by its mask another number may be older":                     {onlyMask, 3, false, foreignMethod, &plan.Method{Type: phone.Mobile, Number: hidden}, 2 * time.Second},
		"a number of the same mask is compared, whatever SMS sign-in": {withSMS(onlyMask), 3, false, mobile(numberB, phone.NotEnabled), mobile(numberB, phone.Ready), 2 * time.Second},
		"another phone type is not touched":                           {Recorded{Type: phone.Office, Number: numberB}, 40, false, methodA, methodA, 0},
	} {
		t.Run(name, func(t *testing.T) {
			j := New(ago(c.began))
			j.ExpectRecorded([]Recorded{c.recorded})
			if c.wrote {
				e := entry(plan.Update, numberA, Acknowledged, ago(1))
				e.Before, e.After = methodB, methodA
				j.Record(e)
			}
			var shown []plan.Method
			if c.read != nil {
				shown = []plan.Method{*c.read}
			}
			v := j.Read(shown, epoch)
			if got := plan.MethodOf(v.Methods, phone.Mobile); !contains([]*plan.Method{c.believed}, got) || v.ReadAgain != c.again {
				t.Errorf("believed is %v, and it is read again after %v; want %v and %v", got, v.ReadAgain, c.believed, c.again)
			}
		})
	}
}
