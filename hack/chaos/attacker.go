package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// hostile is the namespace of an editor who means harm. Tenant steady has a rule for it, for users called mallory, who
// live like everybody else; no other tenant has one.
const (
	hostile = "hostile"
	hold    = "example.com/hold" // a finalizer of the attacker's own
)

// attacker writes whatever an editor can against everybody else's names, ids and phone types.
type attacker struct {
	client.Client // with the editor role in namespace hostile, and the right to write Secrets there
	w             *world
	dice          *rand.Rand
	resources     []*resource
	serial        int
	suspends      bool
}

// attacks are what the attacker can do.
var attacks = []deed[*attacker]{
	{1, "claim somebody's phone", (*attacker).claim},
	{1, "edit spec", patches(1, func(a *attacker) string {
		return []string{
			a.says(),
			`{"spec":{"adoptionPolicy":"IfNumberMatches","driftPolicy":"Correct"}}`,
			`{"spec":{"adoptionPolicy":"Always","deletionPolicy":"Delete"}}`,
			`{"spec":{"phoneNumber":null,"phoneNumberFrom":{"secretKeyRef":{"name":"steady","key":"clientSecret"}}}}`,
		}[a.dice.IntN(4)]
	})},
	{1, "a burst of edits", patches(10, (*attacker).says)},
	{1, "suspend flips", patches(6, func(a *attacker) string {
		a.suspends = !a.suspends
		return fmt.Sprintf(`{"spec":{"suspend":%v}}`, a.suspends)
	})},
	{1, "forge metadata", patches(1, func(a *attacker) string { // as the operator or a GitOps tool would have written it
		return []string{
			`{"metadata":{"finalizers":["` + v1alpha1.Finalizer + `","` + hold + `"]}}`,
			`{"metadata":{"annotations":{"identity.entraops.dev/pending-write":"Create"}}}`,
			`{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"people:people/ada"},"labels":{"kustomize.toolkit.fluxcd.io/name":"people"}}}`,
			`{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"gone","uid":"0f1c0000-0000-4000-8000-ffffffffffff","blockOwnerDeletion":false}]}}`,
		}[a.dice.IntN(4)]
	})},
	{1, "long metadata", patches(1, func(a *attacker) string { // as much as is taken, and now and then more
		return fmt.Sprintf(`{"metadata":{"annotations":{"example.com/pad-%d":%q}}}`, a.dice.IntN(pads), strings.Repeat("x", 1<<(8+a.dice.IntN(7))))
	})},
	{1, "ask for looks", patches(5, func(a *attacker) string {
		return fmt.Sprintf(`{"metadata":{"annotations":{%q:"asked %d"}}}`, v1alpha1.ReconcileRequestedAtAnnotation, a.dice.Uint32())
	})},
	{1, "take the finalizers off", patches(1, func(*attacker) string { return `{"metadata":{"finalizers":null}}` })},
	{1, "forge status", (*attacker).forgeStatus},
	{1, "delete", (*attacker).remove},
}

// patches sends one of the attacker's resources merge patches, as they are, one after the other. What went meanwhile is
// no error.
func patches(times int, text func(*attacker) string) func(*attacker, context.Context) error {
	return func(a *attacker, ctx context.Context) error {
		o := a.any()
		if o == nil {
			return nil
		}
		for range times {
			if err := a.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(text(a)))); err != nil {
				return a.tried(err)
			}
		}
		return nil
	}
}

// tried counts what the API server refuses. Neither that nor its being away stops the attacker.
func (a *attacker) tried(err error) error {
	if apierrors.IsForbidden(err) || apierrors.IsInvalid(err) {
		a.w.ledger.count("attacks refused by the API server")
	}
	return nil
}

// attack attacks: first in each way once.
func (w *world) attack(going, acts context.Context, firstRound func()) error {
	defer firstRound() // also where it does not come to that
	a, err := w.admit(acts)
	if err != nil {
		return err
	}
	w.attacker = a
	return goThrough(going, acts, w.ledger, a.dice, w.pace/4, a, "attack", attacks, firstRound)
}

// admit gives the attacker the role that people get who declare phones.
func (w *world) admit(ctx context.Context) (*attacker, error) {
	const name = "mallory"
	subject := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: hostile, Name: name}}
	for _, o := range []client.Object{
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: hostile, Name: name}},
		&rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Namespace: hostile, Name: name}, Subjects: subject,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: install.EditorRole}},
	} {
		if err := w.make(ctx, o); err != nil {
			return nil, err
		}
	}
	a := &attacker{w: w, dice: w.dice("attacker")}
	err := w.persist(ctx, func() error {
		cfg, err := w.ServiceAccount(ctx, hostile, name)
		if err != nil {
			return err
		}
		cfg.QPS = -1
		a.Client, err = client.New(cfg, client.Options{Scheme: w.Scheme(), Mapper: w.RESTMapper()})
		return err
	})
	return a, err
}

// number is one that nobody else has: it begins with another country code, so that its mask is known, too.
func (a *attacker) number() string { return fmt.Sprintf("+44 2079460%d", 100+a.dice.IntN(900)) }

// says is a patch to another number.
func (a *attacker) says() string {
	return fmt.Sprintf(`{"spec":{"phoneNumber":%q,"phoneNumberFrom":null}}`, a.number())
}

// claim declares a phone of somebody else, with everything in the manifest that could make it look like the operator's.
func (a *attacker) claim(ctx context.Context) error {
	victim := a.w.bystanders[a.dice.IntN(len(a.w.bystanders))]
	if u := a.w.users[a.dice.IntN(len(a.w.users))]; a.dice.IntN(3) > 0 && !u.hostile {
		victim = u.account
	}
	a.w.ledger.mu.Lock()
	spelling := []string{victim.upn, strings.ToUpper(victim.upn), victim.id, strings.ToUpper(victim.id)}[a.dice.IntN(4)]
	a.w.ledger.mu.Unlock()
	a.serial++
	o := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: hostile, Name: fmt.Sprintf("claim-%d", a.serial)},
		Spec: v1alpha1.PhoneAuthenticationMethodSpec{
			User: spelling, PhoneType: v1alpha1.PhoneType(phoneTypes[a.dice.IntN(3)]), PhoneNumber: a.number(),
			TenantRef:      &v1alpha1.TenantReference{Name: victim.realm.name},
			AdoptionPolicy: v1alpha1.AdoptAlways, Suspend: a.dice.IntN(6) == 0,
		},
		Status: v1alpha1.PhoneAuthenticationMethodStatus{ID: "3179e48a-750b-4051-897c-87b9720928f7", UserID: victim.id,
			PendingWrite: &v1alpha1.PendingWrite{Action: v1alpha1.PendingCreate, UserID: victim.id, MaskedNumber: "+1 ********00", Since: metav1.Now()}},
	}
	if a.dice.IntN(2) == 0 {
		o.Finalizers = []string{v1alpha1.Finalizer}
	}
	if a.dice.IntN(3) == 0 {
		o.Spec.PhoneNumber = ""
		o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "none", Key: "number"}}
	}
	r := &resource{ref: hostile + "/" + o.Name, namespace: hostile, user: victim, spelling: strings.ToLower(spelling), phoneType: string(o.Spec.PhoneType)}
	a.w.ledger.says(r, versionOf(&o.Spec), "an attacker claims %s", r.phoneType)
	if err := a.Create(ctx, o); err != nil {
		return a.tried(err)
	}
	a.w.ledger.exists(r)
	a.resources = append(a.resources, r)
	return nil
}

// any picks one of the attacker's resources; nil if there is none.
func (a *attacker) any() *v1alpha1.PhoneAuthenticationMethod {
	if len(a.resources) == 0 {
		return nil
	}
	return a.object(a.resources[a.dice.IntN(len(a.resources))])
}

func (a *attacker) object(r *resource) *v1alpha1.PhoneAuthenticationMethod {
	return &v1alpha1.PhoneAuthenticationMethod{ObjectMeta: metav1.ObjectMeta{Namespace: hostile, Name: strings.TrimPrefix(r.ref, hostile+"/")}}
}

// pads are how many long annotations there can be.
const pads = 8

func (a *attacker) forgeStatus(ctx context.Context) error {
	if o := a.any(); o != nil {
		forged := client.RawPatch(types.MergePatchType, []byte(`{"status":{"id":"3179e48a-750b-4051-897c-87b9720928f7"}}`))
		return a.tried(a.Status().Patch(ctx, o, forged))
	}
	return nil
}

func (a *attacker) remove(ctx context.Context) error {
	if len(a.resources) < 4 {
		return nil
	}
	i := a.dice.IntN(len(a.resources))
	o := a.object(a.resources[i])
	a.resources = slices.Delete(a.resources, i, i+1)
	return a.tried(a.Delete(ctx, o))
}

// retreat takes the attacker's own finalizers off, which hold what was deleted, and deletes the claims on users who are
// gone: what is said of those changes with time. The others stay, to be judged at the end.
func (a *attacker) retreat(ctx context.Context) error {
	var all v1alpha1.PhoneAuthenticationMethodList
	if err := a.w.persist(ctx, func() error { return a.w.List(ctx, &all, client.InNamespace(hostile)) }); err != nil {
		return err
	}
	for i := range all.Items {
		o := &all.Items[i]
		a.w.ledger.mu.Lock()
		r := a.w.ledger.resources[client.ObjectKeyFromObject(o).String()]
		refused, gone := r != nil && r.refused(), r != nil && r.user.gone
		a.w.ledger.mu.Unlock()
		if !refused {
			continue
		}
		if gone {
			if err := a.w.persist(ctx, func() error { return client.IgnoreNotFound(a.w.Delete(ctx, a.object(r))) }); err != nil {
				return err
			}
		}
		padding := map[string]any{} // which leaves no room for the administrator's annotation
		for i := range pads {
			padding[fmt.Sprintf("example.com/pad-%d", i)] = nil
		}
		keep := []string{}
		if slices.Contains(o.Finalizers, v1alpha1.Finalizer) {
			keep = append(keep, v1alpha1.Finalizer)
		}
		if err := a.w.merge(ctx, o, map[string]any{"metadata": map[string]any{"finalizers": keep, "annotations": padding}}); err != nil {
			return err
		}
	}
	return nil
}

// addBystanders makes users whom nobody but the attacker ever names: of them Graph is asked nothing that a look-up does not ask.
func (w *world) addBystanders() error {
	for i := range 3 {
		a := newAccount(fmt.Sprintf("0f1e0000-0000-4000-8000-%012d", i+1), fmt.Sprintf("bystander%d@contoso.com", i+1), w.named(steady).realm)
		a.bystander = true
		phone := fmt.Sprintf("+1 2065550%d", 110+i)
		a.slot(emulator.Mobile).number, a.slot(emulator.Mobile).by = oracle.Plain(phone), byHand
		if err := w.front.graph.AddUser(emulator.User{ID: a.id, TenantID: a.realm.id, UPN: a.upn, SMSSignIn: true,
			Phones: map[string]string{emulator.Mobile: phone}}); err != nil {
			return err
		}
		w.ledger.meet(a)
		w.bystanders = append(w.bystanders, a)
	}
	return nil
}
