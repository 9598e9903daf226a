package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/entraops/phone-operator/internal/phone"
)

// said writes a plan as the tables below do: the actions in order, then each
// claim's outcome; "+" is a claim that holds the method.
func said(p Plan) string {
	var words []string
	for _, a := range p.Actions {
		drift := ""
		if a.Drift {
			drift = " (drift)"
		}
		words = append(words, fmt.Sprintf("%s %s for %s%s", a.Verb, a.Type, strings.TrimPrefix(a.For, "people/"), drift))
	}
	refs := make([]string, 0, len(p.Verdicts))
	for ref := range p.Verdicts {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	for _, ref := range refs {
		v := p.Verdicts[ref]
		word := fmt.Sprintf("%s: %s", strings.TrimPrefix(ref, "people/"), outcomes[v.Outcome])
		if v.Winner != "" {
			word += " with " + strings.TrimPrefix(v.Winner, "people/")
		}
		if v.Owns {
			word += " +"
		}
		word += [...]string{"", " sms pending", " sms unavailable"}[v.SMS]
		words = append(words, word)
	}
	return strings.Join(words, "; ")
}

var outcomes = map[Outcome]string{
	Synced: "synced", Pending: "pending", Conflict: "conflict", Barred: "barred", Suspended: "suspended",
	AlreadyExists: "already exists", DriftDetected: "drift detected", WaitingForMobile: "waits for mobile",
	Denied: "denied", Privileged: "privileged", Rejected: "rejected", Released: "released",
	HandingOver: "hands over", WaitingForAlternateMobile: "waits for alternateMobile",
	DeleteRefused: "delete refused", BudgetExhausted: "budget exhausted",
}

func TestCompute(t *testing.T) {
	alt, office := on(phone.AlternateMobile), on(phone.Office)
	cases := map[string]struct {
		claims   []Claim
		observed []Method
		want     string
	}{
		"no claim touches nothing": {
			observed: []Method{shows(phone.Mobile, foreign)}, want: "",
		},
		"a new number is created": {
			claims: []Claim{claim("a")}, want: "create mobile for a; a: pending",
		},
		"a new number is created where drift is only reported, too": {
			claims: []Claim{claim("a", reporting)}, want: "create mobile for a; a: pending",
		},
		"the mobile is created before the alternateMobile, whatever the order of the claims": {
			claims: []Claim{claim("z", alt), claim("o", office), claim("a")},
			want:   "create mobile for a; create alternateMobile for z; create office for o; a: pending; o: pending; z: pending",
		},
		"an alternateMobile alone waits": {
			claims: []Claim{claim("a", alt)}, want: "a: waits for mobile",
		},
		"an alternateMobile does not wait for a mobile that nobody manages but Graph has": {
			claims: []Claim{claim("a", alt)}, observed: []Method{shows(phone.Mobile, foreign)},
			want: "create alternateMobile for a; a: pending",
		},
		"an alternateMobile waits while a mobile may be gone that Graph shows": {
			claims:   []Claim{claim("a", holding(numberA), leaving, unsettled), claim("z", alt, saying(numberB))},
			observed: []Method{shows(phone.Mobile, numberA)},
			want:     "a: pending +; z: pending",
		},
		"an alternateMobile waits when the mobile was refused": {
			claims: []Claim{claim("a", refused(Create)), claim("z", alt)}, want: "a: rejected; z: waits for mobile",
		},
		"a phone of a type that nobody knows yet is left alone": {
			claims: []Claim{claim("a")}, observed: []Method{shows("pager", foreign)}, want: "create mobile for a; a: pending",
		},
		"the same number is adopted with no write": {
			claims: []Claim{claim("a")}, observed: []Method{shows(phone.Mobile, numberA)}, want: "a: synced +",
		},
		"the same number is not adopted by Never": {
			claims: []Claim{claim("a", never)}, observed: []Method{shows(phone.Mobile, numberA)}, want: "a: already exists",
		},
		"another number is not overwritten": {
			claims: []Claim{claim("a")}, observed: []Method{shows(phone.Mobile, foreign)}, want: "a: already exists",
		},
		"another number is overwritten by Always": {
			claims: []Claim{claim("a", always)}, observed: []Method{shows(phone.Mobile, foreign)},
			want: "update mobile for a; a: pending",
		},
		"a masked number is not taken for the same": {
			claims: []Claim{claim("a")}, observed: []Method{showsText("+1 ********01")}, want: "a: already exists",
		},
		"a create whose record was lost is ours, even with Never": {
			claims: []Claim{claim("a", never, changed, creating(numberA))}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "a: synced +",
		},
		"a create whose record was lost is ours, though the spec was edited since": {
			claims: []Claim{claim("a", saying(numberB), changed, creating(numberA))}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "update mobile for a; a: pending +",
		},
		"a create that was begun does not make a foreign number ours": {
			claims: []Claim{claim("a", changed, creating(numberA))}, observed: []Method{shows(phone.Mobile, foreign)},
			want: "a: already exists",
		},
		"of two notes of one create, that of the claim which could go on counts": {
			claims:   []Claim{claim("a", creating(numberA), suspended), claim("b", younger, never, creating(numberA))},
			observed: []Method{shows(phone.Mobile, numberA)},
			want:     "a: suspended; b: synced +",
		},
		"of two notes of one create, that of the claim which stays counts": {
			claims:   []Claim{claim("a", creating(numberA), leaving), claim("b", younger, suspended, creating(numberA))},
			observed: []Method{shows(phone.Mobile, numberA)},
			want:     "a: released; b: suspended +",
		},
		"of two notes of one create that leave, one takes the phone along": {
			claims:   []Claim{claim("a", creating(numberA), leaving, orphaning), claim("b", younger, leaving, creating(numberA))},
			observed: []Method{shows(phone.Mobile, numberA)},
			want:     "delete mobile for b; a: released; b: pending +",
		},
		"nothing is created beside the record of a claim that leaves its phone behind": {
			claims: []Claim{claim("a", holding(numberA), leaving, orphaning), claim("b", younger)},
			want:   "a: released +; b: pending",
		},
		"a request for a look does not make an edit of a number with the same mask": {
			claims: []Claim{claim("a", holding(numberA), reporting, requested)}, observed: []Method{shows(phone.Mobile, twinOfA)},
			want: "a: drift detected +",
		},
		"nor does an edit of something else, where drift is only reported": {
			claims: []Claim{claim("a", holding(numberA), reporting, changed)}, observed: []Method{shows(phone.Mobile, twinOfA)},
			want: "a: drift detected +",
		},
		"an edit to a number with the same mask is one where the number is remembered": {
			claims: []Claim{claim("a", holding(twinOfA), exactly(twinOfA), reporting)}, observed: []Method{shows(phone.Mobile, twinOfA)},
			want: "update mobile for a; a: pending +",
		},
		"a masked number is no news to a request": {
			claims: []Claim{claim("a", holding(numberA), requested)}, observed: []Method{showsText("+1 XXX XXX XX01")},
			want: "a: synced +",
		},
		"a masked number is no news to an edit of something else, where the number is remembered": {
			claims: []Claim{claim("a", holding(numberA), exactly(numberA), changed)}, observed: []Method{showsText("+1 XXX XXX XX01")},
			want: "a: synced +",
		},
		"a note on an older claim does not outweigh the record of a holder": {
			claims:   []Claim{claim("a", creating(numberA)), claim("b", younger, holding(numberA))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: conflict with b; b: synced +",
		},
		"the older of two wins": {
			claims: []Claim{claim("b"), claim("a", younger)}, want: "create mobile for b; a: conflict with b; b: pending",
		},
		"of two of one age the first by name wins": {
			claims: []Claim{claim("b"), claim("a")}, want: "create mobile for a; a: pending; b: conflict with a",
		},
		"the holder wins over the older": {
			claims: []Claim{claim("a"), claim("b", younger, saying(numberB), holding(numberB))}, observed: []Method{shows(phone.Mobile, numberB)},
			want: "a: conflict with b; b: synced +",
		},
		"who may not act does not keep the others from it": {
			claims: []Claim{claim("a", barred(InvalidNumber)), claim("b", suspended), claim("c")},
			want:   "create mobile for c; a: barred; b: suspended; c: pending",
		},
		"a holder that lost its number source keeps its place": {
			claims:   []Claim{claim("a", saying(phone.Number{}), holding(numberA), barred(NumberSourceNotFound)), claim("b")},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: barred +; b: conflict with a",
		},
		"a suspended holder keeps its place": {
			claims:   []Claim{claim("a", holding(numberA), suspended), claim("b", always, saying(numberB))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: suspended +; b: conflict with a",
		},
		"an edited number is one update": {
			claims: []Claim{claim("a", saying(numberB), changed, holding(numberA))}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "update mobile for a; a: pending +",
		},
		"an edit to a number with the same mask is one update": {
			claims: []Claim{claim("a", saying(twinOfA), changed, holding(numberA))}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "update mobile for a; a: pending +",
		},
		"an edit under masked reads is one update": {
			claims: []Claim{claim("a", saying(twinOfA), changed, holding(numberA))}, observed: []Method{showsText("+1 XXXXXXXX01")},
			want: "update mobile for a; a: pending +",
		},
		"a masked number is not drift": {
			claims: []Claim{claim("a", holding(numberA))}, observed: []Method{showsText("+1 XXXXXXXX99")},
			want: "a: synced +",
		},
		"a reformatted number is not drift": {
			claims: []Claim{claim("a", holding(numberA))}, observed: []Method{showsText("+1 (206) 555-0101")},
			want: "a: synced +",
		},
		"drift is corrected": {
			claims: []Claim{claim("a", holding(numberA))}, observed: []Method{shows(phone.Mobile, foreign)},
			want: "update mobile for a (drift); a: pending +",
		},
		"drift is reported": {
			claims: []Claim{claim("a", holding(numberA), reporting)}, observed: []Method{shows(phone.Mobile, foreign)},
			want: "a: drift detected +",
		},
		"drift is reported even when the spec changes in other ways": {
			claims: []Claim{claim("a", holding(numberA), reporting, changed)}, observed: []Method{shows(phone.Mobile, foreign)},
			want: "a: drift detected +",
		},
		"an edit is carried out over a drift that is only reported": {
			claims: []Claim{claim("a", saying(numberB), changed, holding(numberA), reporting)}, observed: []Method{shows(phone.Mobile, foreign)},
			want: "update mobile for a; a: pending +",
		},
		"a removed method is created again": {
			claims: []Claim{claim("a", holding(numberA))}, want: "create mobile for a (drift); a: pending +",
		},
		"a removed method is reported": {
			claims: []Claim{claim("a", holding(numberA), reporting)}, want: "a: drift detected +",
		},
		"a phone that another held and that is gone is created, and no drift": {
			claims: []Claim{claim("a", lost(numberA), reporting)}, want: "create mobile for a; a: pending",
		},
		"a leaving holder deletes": {
			claims: []Claim{claim("a", holding(numberA), leaving)}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "delete mobile for a; a: pending +",
		},
		"a leaving holder needs no number": {
			claims:   []Claim{claim("a", saying(phone.Number{}), holding(numberA), leaving, barred(NumberSourceNotFound))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "delete mobile for a; a: pending +",
		},
		"a leaver that made nothing deletes nothing": {
			claims: []Claim{claim("a", leaving)}, observed: []Method{shows(phone.Mobile, numberA)}, want: "a: released",
		},
		"a leaver whose create was never recorded deletes what it made": {
			claims:   []Claim{claim("a", saying(phone.Number{}), leaving, creating(numberA))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "delete mobile for a; a: pending +",
		},
		"a leaver whose create was never done deletes nothing": {
			claims: []Claim{claim("a", leaving, creating(numberA))}, observed: []Method{shows(phone.Mobile, foreign)}, want: "a: released",
		},
		"a leaver whose create may yet be done waits beside the phone of another": {
			claims:   []Claim{claim("a", leaving, creating(numberA), unsettled), claim("b", younger, holding(numberA))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: pending; b: synced +",
		},
		"a leaver whose create was never recorded has no part in what another holds": {
			claims:   []Claim{claim("a", leaving, creating(numberA), unsettled), claim("b", younger, holding(numberA), leaving)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "delete mobile for b; a: pending; b: pending +",
		},
		"two leavers of one phone delete it once": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", holding(numberA), leaving)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "delete mobile for a; a: pending +; b: pending +",
		},
		"a leaver leaves what a suspended claim holds too": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", holding(numberA), suspended)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: released +; b: suspended +",
		},
		"Orphan leaves the phone": {
			claims: []Claim{claim("a", holding(numberA), leaving, orphaning)}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "a: released +",
		},
		"a suspended leaver leaves the phone": {
			claims: []Claim{claim("a", holding(numberA), leaving, suspended)}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "a: released +",
		},
		"a leaver that may not delete leaves the phone": {
			claims: []Claim{claim("a", holding(numberA), leaving, denied(Delete))}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "a: released +",
		},
		"a leaver whose phone is gone is released": {
			claims: []Claim{claim("a", holding(numberA), leaving)}, want: "a: released +",
		},
		"a leaver whose phone does not show waits while reads may lag": {
			claims: []Claim{claim("a", holding(numberA), leaving, unsettled), claim("o", office, leaving, creating(numberA), unsettled)},
			want:   "a: pending +; o: pending",
		},
		"a leaver whose phone shows and is taken over waits for nothing": {
			claims:   []Claim{claim("a", holding(numberA), creating(numberA), leaving, unsettled), claim("b", younger)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: released +; b: synced +",
		},
		"an orphan whose phone does not show waits for nothing": {
			claims: []Claim{claim("a", holding(numberA), leaving, orphaning, unsettled)}, want: "a: released +",
		},
		"a leaver hands nothing over for a privileged user": {
			claims: []Claim{claim("a", holding(numberA), leaving, protected),
				claim("b", saying(numberB), protected)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: privileged +; b: privileged",
		},
		"both leave, the alternateMobile first": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("z", alt, saying(numberB), holding(numberB), leaving)},
			observed: []Method{shows(phone.Mobile, numberA), shows(phone.AlternateMobile, numberB)},
			want:     "delete alternateMobile for z; delete mobile for a; a: pending +; z: pending +",
		},
		"a mobile waits while an alternateMobile is there": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("z", alt, saying(numberB), holding(numberB))},
			observed: []Method{shows(phone.Mobile, numberA), shows(phone.AlternateMobile, numberB)},
			want:     "a: waits for alternateMobile +; z: synced +",
		},
		"a mobile waits while an alternateMobile cannot be deleted": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("z", alt, saying(numberB), holding(numberB), leaving, refused(Delete))},
			observed: []Method{shows(phone.Mobile, numberA), shows(phone.AlternateMobile, numberB)},
			want:     "a: waits for alternateMobile +; z: delete refused +",
		},
		"a mobile that leaves is not held back by an alternateMobile that is not in Graph yet": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("z", alt)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "delete mobile for a; a: pending +; z: waits for mobile",
		},
		"a rival with the same number takes over with no write": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", never)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: released +; b: synced +",
		},
		"a rival with another number takes over with one update, whatever its adoption policy": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", never, saying(numberB))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "update mobile for b; a: hands over +; b: pending",
		},
		"an alternateMobile does not wait for a mobile that is handed over": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", saying(numberB)), claim("z", alt)},
			observed: []Method{shows(phone.Mobile, numberA)},
			want:     "update mobile for b; create alternateMobile for z; a: hands over +; b: pending; z: pending",
		},
		"a holder that leaves with Orphan leaves a foreign phone behind": {
			claims:   []Claim{claim("a", holding(numberA), leaving, orphaning), claim("b", saying(numberB))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: released +; b: already exists",
		},
		"an heir whose number Graph refuses inherits nothing": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", saying(numberB), refused(Update, Create))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "delete mobile for a; a: pending +; b: pending",
		},
		"an heir that may not update inherits nothing": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", saying(numberB), denied(Update))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "delete mobile for a; a: pending +; b: pending",
		},
		"nothing is deleted while it is not shown whether an heir that may not update has the same number": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", denied(Update))},
			observed: []Method{showsText("+1 ********01")}, want: "a: hands over +; b: denied",
		},
		"an heir with the same number needs no update": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", denied(Update), refused(Update))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: released +; b: synced +",
		},
		"an heir needs no create": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", saying(numberB), denied(Create), refused(Create))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "update mobile for b; a: hands over +; b: pending",
		},
		"a leaver goes at once when its heir is on record": {
			claims:   []Claim{claim("a", holding(numberA), leaving), claim("b", saying(numberB), holding(numberB))},
			observed: []Method{shows(phone.Mobile, numberB)}, want: "a: released +; b: synced +",
		},
		"deletions come first and SMS sign-in last": {
			claims: []Claim{claim("a", saying(numberB), changed, holding(numberB), sms(Enabled)),
				claim("o", office, holding(numberA), leaving), claim("z", alt)},
			observed: []Method{shows(phone.Mobile, numberB), shows(phone.Office, numberA)},
			want: "delete office for o; create alternateMobile for z; enable SMS sign-in mobile for a; " +
				"a: synced + sms pending; o: pending +; z: pending",
		},
		"a delete that Graph refused is not repeated": {
			claims: []Claim{claim("a", holding(numberA), leaving, refused(Delete))}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "a: delete refused +",
		},
		"a deletion waits for the budget, a creation does not": {
			claims:   []Claim{claim("a", holding(numberA), leaving, overBudget), claim("o", office, overBudget)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "create office for o; a: budget exhausted +; o: pending",
		},
		"nothing is written for a privileged user, and what is in sync stays so": {
			claims: []Claim{claim("a", protected), claim("o", office, holding(numberA), protected),
				claim("z", alt, holding(numberA), leaving, protected)},
			observed: []Method{shows(phone.Office, numberA), shows(phone.AlternateMobile, numberA)},
			want:     "a: privileged; o: synced +; z: privileged +",
		},
		"nothing is written while an earlier write is not settled": {
			claims: []Claim{claim("a", unsettled), claim("o", office, holding(numberA), leaving, unsettled),
				claim("z", alt)},
			observed: []Method{shows(phone.Office, numberA)}, want: "a: pending; o: pending +; z: waits for mobile",
		},
		"a write that the rules do not allow is not made": {
			claims:   []Claim{claim("a", denied(Create)), claim("o", office, saying(numberB), changed, holding(numberA), denied(Update))},
			observed: []Method{shows(phone.Office, numberA)}, want: "a: denied; o: denied +",
		},
		"SMS sign-in is enabled once the number is there": {
			claims: []Claim{claim("a", holding(numberA), changed, sms(Enabled))}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "enable SMS sign-in mobile for a; a: synced + sms pending",
		},
		"SMS sign-in waits for the number": {
			claims:   []Claim{claim("a", saying(numberB), holding(numberA), changed, sms(Enabled))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "update mobile for a; a: pending +",
		},
		"SMS sign-in is looked at again when its state is not known yet": {
			claims: []Claim{claim("a", holding(numberA), changed, sms(Enabled))}, observed: []Method{showsSMS(numberA, "")},
			want: "a: synced + sms pending",
		},
		"SMS sign-in that is to be off is not known to be off right after a write": {
			claims: []Claim{claim("a", holding(numberA), changed, sms(Disabled))}, observed: []Method{showsSMS(numberA, "")},
			want: "a: synced + sms pending",
		},
		"SMS sign-in is disabled": {
			claims: []Claim{claim("a", holding(numberA), changed, sms(Disabled))}, observed: []Method{showsSMS(numberA, phone.Ready)},
			want: "disable SMS sign-in mobile for a; a: synced + sms pending",
		},
		"SMS sign-in as asked is no work": {
			claims: []Claim{claim("a", holding(numberA), changed, sms(Enabled))}, observed: []Method{showsSMS(numberA, phone.Ready)},
			want: "a: synced +",
		},
		"SMS sign-in that is not asked for is left alone": {
			claims: []Claim{claim("a", holding(numberA), changed)}, observed: []Method{showsSMS(numberA, phone.NumberNotUnique)},
			want: "a: synced +",
		},
		"SMS sign-in that is not asked for is left on": {
			claims: []Claim{claim("a", holding(numberA), changed)}, observed: []Method{showsSMS(numberA, phone.Ready)},
			want: "a: synced +",
		},
		"SMS sign-in is a mobile's only": {
			claims:   []Claim{claim("o", office, holding(numberA), changed, sms(Enabled))},
			observed: []Method{shows(phone.Office, numberA)}, want: "o: synced +",
		},
		"SMS sign-in that the rules do not allow is not tried": {
			claims:   []Claim{claim("a", holding(numberA), changed, sms(Enabled), denied(EnableSMS))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: "a: denied +",
		},
		"SMS sign-in that is not configured is tried when asked": {
			claims: []Claim{claim("a", holding(numberA), changed, sms(Enabled))}, observed: []Method{showsSMS(numberA, phone.NotConfigured)},
			want: "enable SMS sign-in mobile for a; a: synced + sms pending",
		},
		"SMS sign-in is no drift of a phone that another held": {
			claims: []Claim{claim("a", lost(numberA), sms(Enabled), reporting)}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "enable SMS sign-in mobile for a; a: synced + sms pending",
		},
		"SMS sign-in is no drift after an update whose record was lost": {
			claims:   []Claim{claim("a", saying(numberB), holding(numberA), sms(Enabled), reporting)},
			observed: []Method{shows(phone.Mobile, numberB)},
			want:     "enable SMS sign-in mobile for a; a: synced + sms pending",
		},
		"SMS sign-in with somebody else's number is not tried at every look": {
			claims: []Claim{claim("a", holding(numberA), sms(Enabled))}, observed: []Method{showsSMS(numberA, phone.NumberNotUnique)},
			want: "a: synced + sms unavailable",
		},
		"SMS sign-in with somebody else's number is tried when asked": {
			claims: []Claim{claim("a", holding(numberA), sms(Enabled), changed)}, observed: []Method{showsSMS(numberA, phone.NumberNotUnique)},
			want: "enable SMS sign-in mobile for a; a: synced + sms pending",
		},
		"SMS sign-in against the policy is not tried": {
			claims: []Claim{claim("a", holding(numberA), sms(Enabled), changed)}, observed: []Method{showsSMS(numberA, phone.NotAllowedByPolicy)},
			want: "a: synced + sms unavailable",
		},
		"SMS sign-in that Graph refused is not repeated": {
			claims: []Claim{claim("a", holding(numberA), sms(Enabled), refused(EnableSMS))}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "a: synced + sms unavailable",
		},
		"SMS sign-in that was switched off is drift": {
			claims: []Claim{claim("a", holding(numberA), sms(Enabled)), claim("o", office)}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "create office for o; enable SMS sign-in mobile for a (drift); a: synced + sms pending; o: pending",
		},
		"SMS sign-in that was switched off is reported": {
			claims: []Claim{claim("a", holding(numberA), sms(Enabled), reporting)}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "a: drift detected +",
		},
		"SMS sign-in that is newly asked for is no drift": {
			claims: []Claim{claim("a", holding(numberA), changed, sms(Enabled), reporting)}, observed: []Method{shows(phone.Mobile, numberA)},
			want: "enable SMS sign-in mobile for a; a: synced + sms pending",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := Compute(c.claims, c.observed)
			if diff := cmp.Diff(c.want, said(p)); diff != "" {
				t.Error(diff)
			}
			fatal(t, lawful(c.claims, c.observed, p))
		})
	}
}

func TestAVerdictNamesTheWriteThatIsMeant(t *testing.T) {
	cases := map[string]struct {
		claims   []Claim // the verdict is the first one's
		observed []Method
		want     Verb
	}{
		"a create that the rules do not allow": {claims: []Claim{claim("a", denied(Create))}, want: Create},
		"an update that Graph refused": {
			claims:   []Claim{claim("a", saying(numberB), changed, holding(numberA), refused(Update))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: Update,
		},
		"a create whose turn is after the deletion": {
			claims:   []Claim{claim("a", saying(numberB), refused(Update)), claim("b", holding(numberA), leaving)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: Create,
		},
		"a deletion for a privileged user": {
			claims:   []Claim{claim("a", holding(numberA), leaving, protected)},
			observed: []Method{shows(phone.Mobile, numberA)}, want: Delete,
		},
		"a switch of SMS sign-in": {
			claims:   []Claim{claim("a", holding(numberA), changed, sms(Enabled))},
			observed: []Method{shows(phone.Mobile, numberA)}, want: EnableSMS,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := Compute(c.claims, c.observed).Verdicts[c.claims[0].Ref].Verb; got != c.want {
				t.Errorf("the verdict means %q, want %q", got, c.want)
			}
		})
	}
}
