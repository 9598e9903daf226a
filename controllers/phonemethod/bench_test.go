package phonemethod

import (
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
)

// BenchmarkAuthorize is the stage of that name for one user: each resource is made a claim, and judged before Graph is
// asked and after.
func BenchmarkAuthorize(b *testing.B) {
	rules, err := access.Compile([]v1alpha1.AccessRule{{
		Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "people"}}, Users: []string{"*@contoso.com"},
	}})
	if err != nil {
		b.Fatal(err)
	}
	named := func(name string) namespace {
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelMetadataName: name}}}
	}
	namespaces := map[string]namespace{"people": named("people"), "staff": named("staff")}
	never := func(resource, namespace) (access.Judgement, bool) { return access.Judgement{}, false }
	for _, n := range []int{1, 3, 100} {
		objects := make([]*v1alpha1.PhoneAuthenticationMethod, n)
		for i := range objects {
			objects[i] = &v1alpha1.PhoneAuthenticationMethod{
				ObjectMeta: metav1.ObjectMeta{Namespace: []string{"people", "staff"}[i/3%2], Name: fmt.Sprint(i)},
				Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: "ada@contoso.com", PhoneType: v1alpha1.PhoneTypeMobile, PhoneNumber: "+1 2065550101"},
			}
		}
		b.Run(fmt.Sprintf("%d resources", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				all := make([]resource, n)
				for i, o := range objects {
					all[i] = resourceOf(o)
				}
				foreseen := foreseeAccess(rules, all, namespaces, never)
				judgeAccess(rules, foreseen.allowed, namespaces, "ada@contoso.com")
			}
		})
	}
}
