package e2e_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Finalizers, labels and annotations are for whoever may edit the resource: they bind it to nobody. A resource is for
// the user whom its spec names, whatever its metadata says.
func TestMetadataBindsToNobody(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for sentence, other := range map[string]func(*emulator.User){
		"to a user within the rules":       ordinary,
		"to a user without a rule":         fabrikam,
		"to an administrator":              administrator,
		"to a user of another app's group": func(u *emulator.User) { u.SMSSignIn = true },
	} {
		t.Run(sentence, func(t *testing.T) {
			s := s.under(t)
			p := s.people
			own, victim := s.user(), s.user(foreignMobile, other)
			asked := s.counting()
			p.apply(p.phone("by-name", own.UPN, mobile, "+1 2065550101", claims(victim.ID, "+1 ********09")),
				p.phone("by-id", own.ID, office, "+1 2065550102", claims(victim.ID, "********")),
				p.phone("nobody", "nobody@contoso.com", mobile, "+1 2065550103", claims(victim.ID, "+1 ********09"), adoptAlways),
				p.phone("clean", "ghost@contoso.com", mobile, "+1 2065550104", suspend, adoptAlways))
			p.ready("by-name", "by-id")
			p.reaches("clean", v1alpha1.ConditionSuspended, yes, v1alpha1.ReasonSuspended)
			p.edit("clean", func(o *v1alpha1.PhoneAuthenticationMethod) { claims(victim.ID, "+1 ********09")(o); resume(o) })
			for _, name := range []string{"nobody", "clean"} {
				if o := p.reaches(name, v1alpha1.ConditionAccepted, no, v1alpha1.ReasonUserNotFound); o.Status.UserID != "" || o.Status.ID != "" {
					t.Errorf("%s is bound: %+v", name, o.Status)
				}
			}
			p.remove("by-name", "by-id", "nobody", "clean")
			p.gone("by-name", "by-id", "nobody", "clean")
			s.has(own)
			s.has(victim, "mobile +1 2065550109")
			if n := of(asked(), victim.ID); n > 0 {
				t.Errorf("Graph was asked %d times for the user whom the metadata names", n)
			}
		})
	}
}

// A claim in metadata does nothing against the resource that holds the phone, be it from an older resource, and nothing
// for one that holds none.
func TestMetadataMakesNoHolder(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile := s.people, s.team("hostile")
	s.allow(hostile.may())
	u, free := s.user(foreignMobile), s.user(foreignMobile)
	hostile.apply(hostile.phone("older", u.UPN, mobile, "+1 2065550101", adoptEqual))
	hostile.reaches("older", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	hostile.edit("older", suspend)
	p.apply(p.phone("holder", u.UPN, mobile, "+1 2065550109"))
	p.ready("holder")
	hostile.apply(hostile.phone("planted", free.UPN, mobile, "+1 2065550102", adoptEqual, claims(free.ID, "+1 ********09")))
	hostile.reaches("planted", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)

	untouched := p.untouched()
	hostile.edit("older", func(o *v1alpha1.PhoneAuthenticationMethod) { resume(o); claims(u.ID, "+1 ********09")(o) })
	hostile.refused(v1alpha1.ReasonConflict, "older")
	hostile.toldNothing("older")
	hostile.remove("older", "planted")
	hostile.gone("older", "planted")
	untouched()
	p.look("holder")
	p.ready("holder")
	s.has(u, "mobile +1 2065550109")
	s.has(free, "mobile +1 2065550109")
	if done := s.writes(); len(done) != 0 {
		t.Errorf("the operator sent %d writes", len(done))
	}
}

// What kubectl get -o yaml shows of a resource, applied again for another user under another name, is a new resource: it
// is for the user that it names, and knows nothing of the first one's.
func TestAManifestThatIsCopiedFromTheCluster(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	first, second := s.user(), s.user()
	p.apply(p.phone("first", first.UPN, mobile, "+1 2065550101"))
	p.ready("first")
	copied := &unstructured.Unstructured{}
	copied.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("PhoneAuthenticationMethod"))
	must(t, p.Get(t.Context(), client.ObjectKey{Namespace: p.namespace, Name: "first"}, copied))
	copied.SetName("copy")
	copied.SetUID("")
	copied.SetResourceVersion("")
	copied.SetManagedFields(nil)
	must(t, unstructured.SetNestedField(copied.Object, second.UPN, "spec", "user"))
	must(t, unstructured.SetNestedField(copied.Object, "+1 2065550102", "spec", "phoneNumber"))
	must(t, p.Create(t.Context(), copied))
	p.ready("copy")
	if o, err := p.get("copy"); err != nil || o.Status.UserID != second.ID {
		t.Errorf("the copy is bound to %s (%v), want %s", o.Status.UserID, err, second.ID)
	}
	s.has(first, "mobile +1 2065550101")
	s.has(second, "mobile +1 2065550102")
	p.edit("first", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.DeletionPolicy = v1alpha1.DeletionOrphan })
	p.remove("first")
	p.gone("first")
	p.remove("copy")
	p.gone("copy")
	s.has(first, "mobile +1 2065550101")
	s.has(second)
}

// The operator takes and gives what is its own of a resource's metadata, and leaves the rest: it does not keep it.
func TestWhatOthersWriteIntoMetadataStays(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p := s.people
	u := s.user()
	o := p.phone("mobile", u.UPN, mobile, "+1 2065550101")
	o.Finalizers = []string{"example.com/first", "example.com/second"}
	o.Labels, o.Annotations = map[string]string{"team": "people"}, map[string]string{"example.com/note": "mine"}
	p.apply(o)
	p.ready("mobile")
	p.edit("mobile", number("+1 2065550102"))
	p.ready("mobile")
	p.remove("mobile")
	s.has(u)
	var left *v1alpha1.PhoneAuthenticationMethod
	p.eventually("the operator lets it go", func() (err error) {
		if left, err = p.get("mobile"); err == nil && len(left.Finalizers) != 2 {
			err = errNotYet
		}
		return err
	})
	got, err := json.Marshal([]any{left.Finalizers, left.Labels, left.Annotations})
	must(t, err)
	const want = `[["example.com/first","example.com/second"],{"team":"people"},{"example.com/note":"mine"}]`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	p.edit("mobile", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Finalizers = nil })
	p.gone("mobile")
}
