package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// user is one user's life: who acts on the user's resources and phones, one act after the other.
type user struct {
	*account
	w         *world
	index     int
	dice      *rand.Rand
	resources []*resource // those that were not asked to go
	serial    int
	at        []string // the namespaces of the user's resources, each as often as it is to be taken
	family    string   // what the user's names begin with
	freed     string   // a name that the user had and nobody has now
	renames   int
	newcomers int // who were given such names
}

// errNothing is what an act returns that has nothing to act on.
var errNothing = errors.New("nothing to act on")

// acts are what can happen in a user's life. Those further down are done to the user in Entra (fate.go).
var acts = []deed[*user]{
	{30, "created", (*user).create},
	{14, "number edited", (*user).editNumber},
	{8, "policy edited", (*user).editPolicy},
	{12, "deleted", (*user).deleteOne},
	{4, "all of a user deleted", (*user).deleteAll},
	{4, "suspended or resumed", (*user).suspend},
	{4, "reconcile asked for", (*user).ask},
	{6, "Secret rotated", (*user).rotateSecret},
	{5, "Secret taken away or given back", (*user).loseSecret},
	{12, "phone set by hand", (*user).setByHand},
	{8, "phone removed by hand", (*user).removeByHand},
	{6, "made an administrator, or no more", (*user).promote},
	{6, "default method chosen", (*user).chooseDefault},
	{3, "renamed", (*user).rename},
	{3, "name given to another", (*user).giveName},
	{3, "user deleted or restored", (*user).vanish},
}

// people makes the users. Some have phones before anybody declares one.
func (w *world) people() error {
	for i := range w.options.users {
		t := w.tenants[0] // most are in peace
		switch {
		case i%10 == 9:
			t = w.tenants[2]
		case i%4 == 1:
			t = w.tenants[1]
		case i%4 == 2:
			t = w.tenants[3]
		}
		u := w.newUser(i, "user", t.realm, people, people, people, team, team, outsiders)
		a := u.account
		n := emulator.User{ID: a.id, TenantID: t.id, UPN: a.upn, SMSSignIn: u.dice.IntN(3) == 0}
		if u.dice.IntN(4) == 0 {
			n.Phones = map[string]string{}
			for _, t := range phoneTypes[:1+u.dice.IntN(3)] {
				n.Phones[t] = u.number()
				a.slot(t).number, a.slot(t).by = oracle.Plain(n.Phones[t]), byHand
			}
		}
		if err := w.enrol(u, n); err != nil {
			return err
		}
	}
	if w.calm {
		return nil
	}
	for i := range 2 {
		u := w.newUser(w.options.users+i, "mallory", w.named(steady).realm, hostile)
		u.hostile = true
		if err := w.enrol(u, emulator.User{ID: u.id, TenantID: u.realm.id, UPN: u.upn}); err != nil {
			return err
		}
	}
	return w.addBystanders()
}

func (w *world) newUser(index int, family string, t *realm, namespaces ...string) *user {
	a := newAccount(fmt.Sprintf("0f1c0000-0000-4000-8000-%012d", index+1), fmt.Sprintf("%s%d@contoso.com", family, index+1), t)
	return &user{account: a, w: w, index: index, dice: w.dice(a.upn), at: namespaces, family: family}
}

func (w *world) enrol(u *user, n emulator.User) error {
	w.ledger.meet(u.account)
	w.users = append(w.users, u)
	return w.front.graph.AddUser(n)
}

// number is a fictional number that, as a rule, nobody else has.
func (u *user) number() string {
	area := 201 + u.index%700
	if u.dice.IntN(20) == 0 {
		area = 206 // many have these
	}
	return fmt.Sprintf("+1 %03d5550%d", area, 100+u.dice.IntN(100))
}

// act does the next thing in the user's life.
func (u *user) act(ctx context.Context) error {
	next := choose(u.dice, acts)
	switch dice := u.dice.IntN(2); { // where the operator may do nothing is seldom worth a long stay
	case dice == 0 && u.gone:
		next = deed[*user]{name: "user deleted or restored", do: (*user).vanish}
	case dice == 0 && u.admin:
		next = deed[*user]{name: "made an administrator, or no more", do: (*user).promote}
	}
	err := next.do(u, ctx)
	if errors.Is(err, errNothing) {
		return nil
	}
	u.w.ledger.count("act: " + next.name)
	return err
}

// any picks one of the user's resources; nil if there is none.
func (u *user) any() *resource {
	if len(u.resources) == 0 {
		return nil
	}
	return u.resources[u.dice.IntN(len(u.resources))]
}

func (u *user) object(r *resource) *v1alpha1.PhoneAuthenticationMethod {
	namespace, name, _ := strings.Cut(r.ref, "/")
	return &v1alpha1.PhoneAuthenticationMethod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func (u *user) editNumber(ctx context.Context) error {
	r := u.any()
	if r == nil || r.inSecret {
		return errNothing
	}
	number := u.asks(r)
	return u.w.merge(ctx, u.object(r), map[string]any{"spec": map[string]any{"phoneNumber": number}})
}

// asks notes that a resource is about to ask for another number.
func (u *user) asks(r *resource) (number string) {
	number, v := u.number(), r.versions[len(r.versions)-1]
	v.Number = oracle.Plain(number)
	u.w.ledger.says(r, v, "number %s", v.Number)
	return number
}

func (u *user) editPolicy(ctx context.Context) error {
	r := u.any()
	if r == nil {
		return errNothing
	}
	v, spec := r.versions[len(r.versions)-1], map[string]any{}
	switch u.dice.IntN(3) {
	case 0:
		v.Adopt = []v1alpha1.AdoptionPolicy{v1alpha1.AdoptIfNumberMatches, v1alpha1.AdoptAlways, v1alpha1.AdoptNever}[u.dice.IntN(3)]
		spec["adoptionPolicy"] = v.Adopt
	case 1:
		v.Drift = []v1alpha1.DriftPolicy{v1alpha1.DriftCorrect, v1alpha1.DriftReport}[u.dice.IntN(2)]
		spec["driftPolicy"] = v.Drift
	default:
		v.Delete = []v1alpha1.DeletionPolicy{v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan}[u.dice.IntN(2)]
		spec["deletionPolicy"] = v.Delete
	}
	u.w.ledger.says(r, v, "edit %v", spec)
	return u.w.merge(ctx, u.object(r), map[string]any{"spec": spec})
}

func (u *user) deleteOne(ctx context.Context) error {
	if len(u.resources) == 0 {
		return errNothing
	}
	i := u.dice.IntN(len(u.resources))
	r := u.resources[i]
	u.resources = slices.Delete(u.resources, i, i+1)
	return u.remove(ctx, r)
}

func (u *user) deleteAll(ctx context.Context) error {
	if len(u.resources) == 0 {
		return errNothing
	}
	for _, r := range u.resources {
		if err := u.remove(ctx, r); err != nil {
			return err
		}
	}
	u.resources = nil
	return nil
}

func (u *user) remove(ctx context.Context, r *resource) error {
	u.w.ledger.leaves(r)
	return u.w.persist(ctx, func() error { return client.IgnoreNotFound(u.w.Delete(ctx, u.object(r))) })
}

func (u *user) suspend(ctx context.Context) error {
	r := u.any()
	if r == nil {
		return errNothing
	}
	v := r.versions[len(r.versions)-1]
	v.suspended = u.dice.IntN(3) == 0
	u.w.ledger.says(r, v, "suspend: %v", v.suspended)
	return u.w.merge(ctx, u.object(r), map[string]any{"spec": map[string]any{"suspend": v.suspended}})
}

func (u *user) ask(ctx context.Context) error {
	r := u.any()
	if r == nil {
		return errNothing
	}
	u.w.ledger.says(r, r.versions[len(r.versions)-1], "ask")
	return u.w.request(ctx, u.object(r), fmt.Sprint("asked ", u.dice.Uint32()))
}

// tidy wakes what is suspended and gives back what was taken. A mobile that leaves would wait for ever for an
// alternateMobile that stays, and so that goes too.
func (u *user) tidy(ctx context.Context) error {
	if err := u.settleFate(); err != nil {
		return err
	}
	for _, r := range u.resources {
		if r.lost {
			if err := u.giveSecret(ctx, r); err != nil {
				return err
			}
		}
		if err := u.w.merge(ctx, u.object(r), map[string]any{"spec": map[string]any{"suspend": false}}); err != nil {
			return err
		}
	}
	l := u.w.ledger
	l.mu.Lock()
	stuck := false
	for _, r := range l.resources {
		stuck = stuck || r.user == u.account && r.leaving && !r.gone && r.phoneType == emulator.Mobile
	}
	l.mu.Unlock()
	if !stuck {
		return nil
	}
	var stay []*resource
	for _, r := range u.resources {
		if r.phoneType != emulator.AlternateMobile {
			stay = append(stay, r)
		} else if err := u.remove(ctx, r); err != nil {
			return err
		}
	}
	u.resources = stay
	err := u.byHand(ctx, emulator.AlternateMobile, "", func() error { return u.w.front.graph.RemovePhone(u.id, emulator.AlternateMobile) })
	if errors.Is(err, errNothing) {
		return nil
	}
	return err
}
