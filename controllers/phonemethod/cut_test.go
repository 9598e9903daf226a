package phonemethod

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// What an editor writes into metadata does not fill the operator's memory.
func TestTheCacheKeepsLittleOfALargeResource(t *testing.T) {
	const most = 4096
	large := strings.Repeat("x", 200_000)
	for name, pad := range map[string]func(o *pam, i int){
		"labels": func(o *pam, i int) { o.Labels[fmt.Sprintf("%060d", i)] = large[:63] },
		"annotations": func(o *pam, i int) {
			o.Annotations[fmt.Sprintf("example.com/%d", i)] = large[:200]
		},
		"the value of a request": func(o *pam, _ int) { o.Annotations[v1alpha1.ReconcileRequestedAtAnnotation] = large },
		"a tracking id":          func(o *pam, _ int) { o.Annotations[argoTrackingID] = large },
		"labels of Flux": func(o *pam, _ int) {
			for _, label := range labelsRead {
				o.Labels[label] = large
			}
		},
		"owners": func(o *pam, i int) {
			o.OwnerReferences = append(o.OwnerReferences, metav1.OwnerReference{Name: fmt.Sprintf("%0200d", i)})
		},
		"finalizers": func(o *pam, i int) { o.Finalizers = append(o.Finalizers, fmt.Sprintf("example.com/%060d", i)) },
		"field managers": func(o *pam, i int) {
			o.ManagedFields = append(o.ManagedFields, metav1.ManagedFieldsEntry{Manager: fmt.Sprint(i), Time: &metav1.Time{}, FieldsV1: metav1.NewFieldsV1(large[:200])})
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := aResource("a", "ada@contoso.com")
			o.Labels, o.Annotations, o.Finalizers = map[string]string{}, map[string]string{}, []string{v1alpha1.Finalizer}
			for i := range 4000 {
				pad(o, i)
			}
			kept, err := Thin(o)
			must(err)
			text, err := json.Marshal(kept)
			must(err)
			if room := len(text) + 16*cap(o.Finalizers); room > most {
				t.Errorf("%d bytes are kept, want at most %d", room, most)
			}
		})
	}
}

func TestTwoRequestsThatDifferAreTwoHoweverLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringN(200, 400, 2000))
		one, other := text.Draw(t, "one"), text.Draw(t, "other")
		if rapid.Bool().Draw(t, "one begins as the other") {
			other = one + other
		}
		short := cut(one)
		switch {
		case len(short) > mostText:
			t.Errorf("%d bytes", len(short))
		case len(one) <= mostText && short != one:
			t.Errorf("a short text became %q", short)
		case utf8.ValidString(one) && !utf8.ValidString(short):
			t.Errorf("cut inside a character: %q", short)
		case cut(short) != short:
			t.Errorf("cut again it is %q", cut(short))
		case (one == other) != (short == cut(other)):
			t.Errorf("%q and %q are both %q", one, other, short)
		}
	})
}

// The cache does not know foreign finalizers by name; they stay where the operator's own comes and goes.
func TestForeignFinalizersStay(t *testing.T) {
	const first, last = "example.com/first", "example.com/last"
	for name, c := range map[string]struct{ there, held, released []string }{
		"none":                  {nil, []string{v1alpha1.Finalizer}, nil},
		"one":                   {[]string{first}, []string{first, v1alpha1.Finalizer}, []string{first}},
		"two":                   {[]string{first, last}, []string{first, last, v1alpha1.Finalizer}, []string{first, last}},
		"two, its own between":  {[]string{first, v1alpha1.Finalizer, last}, []string{first, v1alpha1.Finalizer, last}, []string{first, last}},
		"its own, which it has": {[]string{v1alpha1.Finalizer}, []string{v1alpha1.Finalizer}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := newModel(t.Logf)
			m.take(creates("people/a", "ada@contoso.com", v1alpha1.PhoneTypeMobile, number(numbers[0])))
			key := keyFor("people/a")
			m.cluster.edit(key, func(o *pam) { o.Finalizers = slices.Clone(c.there) })
			cached := func() resource {
				thinned, err := Thin(m.cluster.pams[key].DeepCopy())
				must(err)
				return resourceOf(thinned.(*pam))
			}
			_, err := m.process.ensureFinalizer(t.Context(), cached())
			must(err)
			if diff := cmp.Diff(c.held, m.cluster.pams[key].Finalizers); diff != "" {
				t.Errorf("held (-want +got):\n%s", diff)
			}
			must(m.process.removeFinalizer(t.Context(), cached()))
			if diff := cmp.Diff(c.released, m.cluster.pams[key].Finalizers); diff != "" {
				t.Errorf("released (-want +got):\n%s", diff)
			}
		})
	}
}

// What was edited since the cache saw it is not patched by what the cache saw.
func TestForeignFinalizersThatChangedMeanwhile(t *testing.T) {
	m := newModel(t.Logf)
	m.take(creates("people/a", "ada@contoso.com", v1alpha1.PhoneTypeMobile, number(numbers[0])))
	key := keyFor("people/a")
	m.cluster.edit(key, func(o *pam) { o.Finalizers = []string{"example.com/first"} })
	thinned, err := Thin(m.cluster.pams[key].DeepCopy())
	must(err)
	m.cluster.edit(key, func(o *pam) { o.Finalizers = []string{"example.com/second"} })
	if _, err := m.process.ensureFinalizer(t.Context(), resourceOf(thinned.(*pam))); !onlyConflicts(err) {
		t.Errorf("%v, want that the cache is behind", err)
	}
	if diff := cmp.Diff([]string{"example.com/second"}, m.cluster.pams[key].Finalizers); diff != "" {
		t.Error(diff)
	}
}
