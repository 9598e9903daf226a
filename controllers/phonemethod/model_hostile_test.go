package phonemethod

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// The rules that hold whatever an editor of another namespace does, beside those of every history.
const (
	nothingIsTold rule = iota + atRest + 1
	noWorkForGraph
	victimsComeToTheSame
)

// The attacker's namespaces: one has a rule for bob, the other has none. The victims are ada, whom neither has a rule
// for, and the resources of namespace people.
const (
	withRule    = "hostile"
	withoutRule = "norule"
)

// hostileTales is how many of them are told unless -rapid.checks says.
const hostileTales = "150"

// TestAHostileNamespace tells a random tale of ada's resources twice: alone, and with an editor of other namespaces
// who writes whatever an editor can. Both come to the same end, and ask Graph as much.
func TestAHostileNamespace(t *testing.T) {
	check(t, hostileTales, func(rt *rapid.T) {
		tale := rapid.SliceOfN(rapid.Custom(drawVictim), 1, 10).Draw(rt, "tale")
		attack := make([][]step, len(tale))
		for i := range tale {
			attack[i] = rapid.SliceOfN(rapid.Custom(drawAttack), 0, 12).Draw(rt, "attack")
		}
		alone := tell(t, rt, tale, nil)
		attacked := tell(t, rt, tale, attack)
		if diff := cmp.Diff(alone.end, attacked.end); diff != "" {
			failAs(rt, violation{victimsComeToTheSame, "the victims come to another end (-alone +attacked):\n" + diff}, int(victimsComeToTheSame))
		}
		// A few looks more for each of the victims' resources are no work: they may come at other moments than alone.
		if most := alone.asked + 12*alone.claims; attacked.asked > most {
			failAs(rt, violation{noWorkForGraph, fmt.Sprintf("Graph is asked %d times for ada, %d times without the attacker, who has no rule for her: want at most %d",
				attacked.asked, alone.asked, most)}, int(noWorkForGraph))
		}
	})
}

// outcomeOfTale is what a tale came to.
type outcomeOfTale struct {
	end    map[string]string // what victims' resources say, and which phones ada has
	asked  int               // requests for what ada has
	claims int               // resources that the victims created, those that are gone too
}

func tell(t *testing.T, rt *rapid.T, tale []step, attack [][]step) (out outcomeOfTale) {
	play(t, rt, func(m *model) {
		m.take(tenantEdited("a rule for bob in "+withRule, func(s *tenantState) {
			rule := rules(func(r *v1alpha1.AccessRule) {
				r.Users, r.Namespaces.MatchExpressions[0].Values = []string{"bob*"}, []string{withRule}
			})
			s.spec.Access = append(rules(nil), rule...)
		}))
		m.work(busy)
		for i, next := range tale {
			if attack != nil {
				m.take(attack[i]...)
			}
			m.take(atOnce(next))
			m.judgeAttacker()
			// What comes next is to find ada's phones looked at, be it that a stranger's resource woke her or not.
			m.take(edits("people/a", asking()), edits("people/b", asking()), atOnce(edits("people/c", asking())))
			m.wait(3 * time.Minute)
			m.stopIfBroken()
		}
		m.wait(10 * time.Minute)
		m.judgeAttacker()
		out.asked, out.claims = m.asked("/"+ada+"/"), max(m.cluster.created["people"], 1)
		m.letForeignFinalizersGo()
		m.settle()
		m.judgeAttacker()
		m.stopIfBroken()
		out.end = m.endOf("people", ada)
	})
	return out
}

// judgeAttacker: who may not act is told nothing of Graph.
func (m *model) judgeAttacker() {
	for _, o := range m.cluster.all() {
		if o.Namespace != withRule && o.Namespace != withoutRule || m.permitted(o) {
			continue
		}
		var own string // mask of the number that its spec says, which is no secret
		if n, err := phone.Parse(o.Spec.PhoneNumber); err == nil {
			own = n.Masked()
		}
		// The status of a suspended resource stays, and so does the mask of what its spec once said.
		unseen := !o.DeletionTimestamp.IsZero() || o.Status.ObservedGeneration != o.Generation || isSuspended(o)
		if told := oracle.Told(o, func(mask string) bool { return mask == own || unseen }); told != "" {
			m.broken(nothingIsTold, "%s may not act, and is told %s", ref(o), told)
		}
	}
}

// endOf is what the resources of a namespace say, and the phones of a user.
func (m *model) endOf(namespace, user string) map[string]string {
	end := map[string]string{}
	for _, o := range m.cluster.all() {
		if o.Namespace == namespace {
			ready := readyOf(o)
			end[ref(o)] = fmt.Sprint(ready.Status, ready.Reason, " ", o.Status.ID, o.Status.UserID, o.Status.MaskedNumber, o.Status.SMSSignInState, o.Finalizers, !o.DeletionTimestamp.IsZero())
		}
	}
	for _, p := range m.graph.Phones(user) {
		end[p.Type] = p.Number + " " + p.SMSSignInState
	}
	return end
}

func drawVictim(t *rapid.T) step {
	name := pick(t, []string{"people/a", "people/b", "people/c"})
	switch among(t, 8) {
	case 0, 1, 2:
		kind := pick(t, phoneTypes)
		return creates(name, pick(t, userNames[:4]), kind, number(pick(t, numbers[:2])), drawPolicy(t))
	case 3:
		return edits(name, number(pick(t, numbers)))
	case 4:
		return edits(name, drawPolicy(t))
	case 5:
		return deletes(name)
	case 6:
		return setsByHand(ada, pick(t, phoneTypes), pick(t, foreign[:3]))
	}
	return waits(pick(t, []time.Duration{time.Second, 30 * time.Second, 3 * time.Minute, 70 * time.Minute}))
}

// drawAttack is one thing that an editor can do, in its own namespaces. Half of the time the operator is quick to see it.
func drawAttack(t *rapid.T) step {
	namespace := pick(t, []string{withRule, withoutRule})
	name := namespace + "/" + pick(t, []string{"a", "b", "c", "d"})
	var next step
	switch among(t, 9) {
	case 0, 1, 2:
		next = creates(name, pick(t, append(userNames[:4:4], "bob@contoso.com", bob, "ghost@contoso.com", "x'or'1@contoso.com")), pick(t, phoneTypes),
			pick(t, []says{number(numbers[0]), number(numbers[1]), fromSecret}), drawPolicy(t), drawMetadata(t))
	case 3:
		next = edits(name, drawPolicy(t), pick(t, []says{number(pick(t, numbers)), fromSecret}))
	case 4:
		next = edits(name, drawMetadata(t))
	case 5:
		next = edits(name, asking())
	case 6:
		next = deletes(name)
	case 7:
		next = secretSays(namespace, pick(t, inSecrets))
	default:
		next = burst(namespace, pick(t, userNames[:4]), 3+among(t, 12), drawMetadata(t))
	}
	if among(t, 2) == 0 {
		return atOnce(next)
	}
	return next
}

// drawMetadata is metadata as an editor may write it.
func drawMetadata(t *rapid.T) says {
	note := pick(t, []string{ada, bob}) + " " + pick(t, []string{"+1 ********01", "+1 ********02", "+1 ********03", "********"})
	annotated := func(name, value string) says {
		return says{"annotation " + name + " " + value, func(o *pam) { metav1.SetMetaDataAnnotation(&o.ObjectMeta, "identity.entraops.dev/"+name, value) }}
	}
	return pick(t, []says{
		{"no metadata", func(*pam) {}},
		annotated("creating", note), annotated("pending-write", note), annotated("user-id", ada),
		{"a finalizer and a note " + note, func(o *pam) {
			annotated("creating", note).set(o)
			addFinalizer(o, v1alpha1.Finalizer)
		}},
		{"the operator's finalizer", func(o *pam) { addFinalizer(o, v1alpha1.Finalizer) }},
		{"a finalizer of its own", func(o *pam) { addFinalizer(o, "example.com/own") }},
		{"many labels", func(o *pam) {
			o.Labels = map[string]string{}
			for i := range 300 {
				o.Labels[fmt.Sprintf("label-%d", i)] = strings.Repeat("x", 63)
			}
		}},
		{"an owner", func(o *pam) {
			o.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: "x", UID: "x"}}
		}},
		{"a long request", func(o *pam) {
			metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.ReconcileRequestedAtAnnotation, strings.Repeat("y", 5000)+fmt.Sprint(o.ResourceVersion))
		}},
	})
}

func addFinalizer(o *pam, name string) {
	if o.DeletionTimestamp.IsZero() && !slices.Contains(o.Finalizers, name) {
		o.Finalizers = append(o.Finalizers, name)
	}
}

// burst makes many resources at once: for one user, and for as many names that nobody has.
func burst(namespace, user string, n int, metadata says) step {
	return step{fmt.Sprintf("%d resources for %s and as many for nobody come at once to %s, %s", n, user, namespace, metadata.say), func(m *model) {
		for i := range n {
			creates(fmt.Sprintf("%s/one-%d", namespace, i), user, phoneTypes[i%3], number(numbers[0]), suspended(i%2 == 0), metadata).do(m)
			creates(fmt.Sprintf("%s/none-%d", namespace, i), fmt.Sprintf("ghost-%d@contoso.com", i), phoneTypes[i%3], number(numbers[0]), metadata).do(m)
		}
	}}
}

// letForeignFinalizersGo ends what only the attacker's own finalizers keep.
func (m *model) letForeignFinalizersGo() {
	for _, o := range m.cluster.all() {
		m.cluster.edit(keyFor(ref(o)), func(o *pam) {
			o.Finalizers = slices.DeleteFunc(slices.Clone(o.Finalizers), func(name string) bool { return name != v1alpha1.Finalizer })
		})
		if now := m.cluster.pams[keyFor(ref(o))]; !now.DeletionTimestamp.IsZero() && len(now.Finalizers) == 0 {
			m.cluster.drop(now)
		}
	}
}
