package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// user is one user's life: who acts on the user's resources and phones, one act after the other.
type user struct {
	*account
	w         *world
	index     int
	dice      *rand.Rand
	resources []*resource // those that were not asked to go
	serial    int
	secrets   map[*resource]string // names of the Secrets that hold their numbers
}

// people makes the users. Some have phones before anybody declares one.
func (w *world) people() error {
	for i := range w.options.users {
		t := w.tenants[map[bool]int{true: 1, false: 0}[i%4 == 1]]
		if i%10 == 9 {
			t = w.tenants[2]
		}
		a := &account{
			id: fmt.Sprintf("0f1c0000-0000-4000-8000-%012d", i+1), upn: fmt.Sprintf("user%d@contoso.com", i+1),
			realm: t.realm, slots: map[string]*slot{},
		}
		u := &user{account: a, w: w, index: i, dice: w.dice(a.upn), secrets: map[*resource]string{}}
		n := emulator.User{ID: a.id, TenantID: t.id, UPN: a.upn, SMSSignIn: u.dice.IntN(3) == 0}
		if u.dice.IntN(4) == 0 {
			n.Phones = map[string]string{}
			for _, t := range phoneTypes[:1+u.dice.IntN(3)] {
				n.Phones[t] = u.number()
				a.slot(t).number, a.slot(t).by = plain(n.Phones[t]), byHand
			}
		}
		if err := w.front.graph.AddUser(n); err != nil {
			return err
		}
		w.ledger.users[a.id] = a
		w.users = append(w.users, u)
	}
	return nil
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
	kinds := []struct {
		weight int
		name   string
		do     func(context.Context) error
	}{
		{30, "created", u.create},
		{14, "number edited", u.editNumber},
		{8, "policy edited", u.editPolicy},
		{12, "deleted", u.deleteOne},
		{4, "all of a user deleted", u.deleteAll},
		{12, "phone set by hand", u.setByHand},
		{8, "phone removed by hand", u.removeByHand},
		{4, "suspended or resumed", u.suspend},
		{4, "reconcile asked for", u.ask},
	}
	roll := u.dice.IntN(96)
	for _, k := range kinds {
		if roll -= k.weight; roll < 0 {
			u.w.ledger.count("act: " + k.name)
			return k.do(ctx)
		}
	}
	return nil
}

func (u *user) create(ctx context.Context) error {
	t := phoneTypes[u.dice.IntN(3)]
	rivals := 0
	for _, r := range u.resources {
		if r.phoneType == t {
			rivals++
		}
	}
	if rivals > 1 {
		return nil
	}
	u.serial++
	namespace := []string{people, people, people, team, team, outsiders}[u.dice.IntN(6)]
	name := fmt.Sprintf("u%d-%s-%d", u.index+1, strings.ToLower(t), u.serial)
	r := &resource{ref: namespace + "/" + name, namespace: namespace, user: u.account, phoneType: t}
	number := u.number()
	o := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.PhoneAuthenticationMethodSpec{
			User: []string{u.upn, strings.ToUpper(u.upn), u.id}[u.dice.IntN(3)], PhoneType: v1alpha1.PhoneType(t),
			PhoneNumber: number, TenantRef: &v1alpha1.TenantReference{Name: u.realm.name},
			AdoptionPolicy: []v1alpha1.AdoptionPolicy{"", v1alpha1.AdoptAlways, v1alpha1.AdoptAlways, v1alpha1.AdoptNever}[u.dice.IntN(4)],
			DriftPolicy:    []v1alpha1.DriftPolicy{"", "", v1alpha1.DriftReport}[u.dice.IntN(3)],
			DeletionPolicy: []v1alpha1.DeletionPolicy{"", "", "", v1alpha1.DeletionOrphan}[u.dice.IntN(4)],
		},
	}
	if t == emulator.Mobile {
		o.Spec.SMSSignIn = []v1alpha1.SMSSignIn{"", "", v1alpha1.SMSSignInEnabled, v1alpha1.SMSSignInDisabled}[u.dice.IntN(4)]
	}
	if u.dice.IntN(2) == 0 {
		o.Spec.PhoneNumber = plain(number)
	}
	u.w.ledger.says(r, versionOf(&o.Spec, number), "create %+v", o.Spec)
	if u.dice.IntN(4) == 0 {
		o.Spec.PhoneNumber = ""
		o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: name, Key: "number"}}
		u.secrets[r] = name
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, StringData: map[string]string{"number": number}}
		if err := u.w.make(ctx, secret); err != nil {
			return err
		}
	}
	if err := u.w.make(ctx, o); err != nil {
		return err
	}
	u.w.ledger.exists(r)
	u.resources = append(u.resources, r)
	return nil
}

func versionOf(s *v1alpha1.PhoneAuthenticationMethodSpec, number string) version {
	return version{number: plain(number), adopt: s.AdoptionPolicyOrDefault(), drift: s.DriftPolicyOrDefault(),
		delete: s.DeletionPolicyOrDefault(), sms: s.SMSSignIn}
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
	if r == nil {
		return nil
	}
	number, v := u.number(), r.versions[len(r.versions)-1]
	v.number = plain(number)
	u.w.ledger.says(r, v, "number %s", v.number)
	if name, ok := u.secrets[r]; ok {
		u.w.ledger.count("act: Secret rotated")
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: name}}
		return u.w.merge(ctx, secret, map[string]any{"stringData": map[string]string{"number": number}})
	}
	return u.w.merge(ctx, u.object(r), map[string]any{"spec": map[string]any{"phoneNumber": number}})
}

func (u *user) editPolicy(ctx context.Context) error {
	r := u.any()
	if r == nil {
		return nil
	}
	v, spec := r.versions[len(r.versions)-1], map[string]any{}
	switch u.dice.IntN(3) {
	case 0:
		v.adopt = []v1alpha1.AdoptionPolicy{v1alpha1.AdoptIfNumberMatches, v1alpha1.AdoptAlways, v1alpha1.AdoptNever}[u.dice.IntN(3)]
		spec["adoptionPolicy"] = v.adopt
	case 1:
		v.drift = []v1alpha1.DriftPolicy{v1alpha1.DriftCorrect, v1alpha1.DriftReport}[u.dice.IntN(2)]
		spec["driftPolicy"] = v.drift
	default:
		v.delete = []v1alpha1.DeletionPolicy{v1alpha1.DeletionDelete, v1alpha1.DeletionOrphan}[u.dice.IntN(2)]
		spec["deletionPolicy"] = v.delete
	}
	u.w.ledger.says(r, v, "edit %v", spec)
	return u.w.merge(ctx, u.object(r), map[string]any{"spec": spec})
}

func (u *user) deleteOne(ctx context.Context) error {
	if len(u.resources) == 0 {
		return nil
	}
	i := u.dice.IntN(len(u.resources))
	r := u.resources[i]
	u.resources = append(u.resources[:i], u.resources[i+1:]...)
	return u.remove(ctx, r)
}

func (u *user) deleteAll(ctx context.Context) error {
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
		return nil
	}
	v := r.versions[len(r.versions)-1]
	v.suspended = u.dice.IntN(3) == 0
	u.w.ledger.says(r, v, "suspend: %v", v.suspended)
	return u.w.merge(ctx, u.object(r), map[string]any{"spec": map[string]any{"suspend": v.suspended}})
}

func (u *user) ask(ctx context.Context) error {
	r := u.any()
	if r == nil {
		return nil
	}
	u.w.ledger.says(r, r.versions[len(r.versions)-1], "ask")
	return u.w.request(ctx, u.object(r), fmt.Sprint("asked ", u.dice.Uint32()))
}

// tidy wakes what is suspended. A mobile that leaves would wait for ever for an alternateMobile that stays, and so that goes too.
func (u *user) tidy(ctx context.Context) error {
	for _, r := range u.resources {
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
	return u.byHand(ctx, emulator.AlternateMobile, "", func() error { return u.w.front.graph.RemovePhone(u.id, emulator.AlternateMobile) })
}

// request asks for a reconcile by annotation.
func (w *world) request(ctx context.Context, o client.Object, what string) error {
	return w.merge(ctx, o, map[string]any{"metadata": map[string]any{"annotations": map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: what}}})
}

func (u *user) setByHand(ctx context.Context) error {
	t := phoneTypes[u.dice.IntN(3)]
	number := u.number()
	return u.byHand(ctx, t, number, func() error { return u.w.front.graph.SetPhone(u.id, t, number) })
}

func (u *user) removeByHand(ctx context.Context) error {
	t := phoneTypes[u.dice.IntN(3)]
	return u.byHand(ctx, t, "", func() error { return u.w.front.graph.RemovePhone(u.id, t) })
}

func (u *user) byHand(ctx context.Context, phoneType, number string, do func() error) error {
	settled := u.settled(ctx, phoneType, plain(number))
	u.busy.Lock()
	defer u.busy.Unlock()
	if err := do(); err != nil {
		return err
	}
	u.w.ledger.hand(u.account, phoneType, plain(number), settled)
	return nil
}

// settled says whether one resource speaks for the phone type, is Ready with its newest number, and asks nothing of
// SMS sign-in: whatever a hand does now to another number is drift and nothing else.
func (u *user) settled(ctx context.Context, phoneType, number string) bool {
	for _, r := range u.resources {
		if r.phoneType != phoneType {
			continue
		}
		o := u.object(r)
		v := r.versions[len(r.versions)-1]
		if u.w.Get(ctx, client.ObjectKeyFromObject(o), o) != nil {
			return false
		}
		u.w.ledger.mu.Lock()
		has := u.slot(phoneType).number
		u.w.ledger.mu.Unlock()
		if has != v.number || number != "" && number[len(number)-2:] == has[len(has)-2:] {
			return false // an operator that keeps only masks may take the new number for the old one
		}
		synced := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionSynced)
		return meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) && synced.ObservedGeneration == o.Generation &&
			v.sms == "" && u.secrets[r] == "" &&
			o.Annotations[v1alpha1.ReconcileRequestedAtAnnotation] == o.Status.LastHandledRequest
	}
	return false
}

// make creates an object and tries until it is there.
func (w *world) make(ctx context.Context, o client.Object) error {
	return w.persist(ctx, func() error {
		if err := w.Create(ctx, o); !apierrors.IsAlreadyExists(err) {
			return err
		}
		return nil
	})
}

// persist tries until the API server says that it is done, or that it is not as it should be at all.
func (w *world) persist(ctx context.Context, do func() error) error {
	var last error
	err := w.until(ctx, func() bool {
		last = do()
		return last == nil || apierrors.IsInvalid(last) || apierrors.IsNotFound(last) || apierrors.IsForbidden(last)
	})
	if apierrors.IsNotFound(last) { // it went meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	return last
}

// until asks again and again.
func (w *world) until(ctx context.Context, is func() bool) error {
	for !is() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// pause waits for a random time of a given mean and says whether to go on.
func pause(ctx context.Context, dice *rand.Rand, mean time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(min(time.Duration(dice.ExpFloat64()*float64(mean)), 4*mean)):
		return true
	}
}
