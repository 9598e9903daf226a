package index_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/index"
)

func TestEachResourceOfATenantIsThereOnce(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).WithIndex(&v1alpha1.PhoneAuthenticationMethod{}, index.Tenant, index.PartOfTenant)
	parts, want := map[string]bool{}, map[string]int{}
	for i := range 200 {
		o := resource(i)
		if i%3 == 0 {
			o.Spec.TenantRef = &v1alpha1.TenantReference{Name: "other"}
		} else {
			want[o.Name] = 1
			parts[index.PartOfTenant(o)[0]] = true
		}
		c = c.WithObjects(o)
	}
	cached, got := c.Build(), map[string]int{}
	err := index.EachOfTenant(t.Context(), cached, "default", func(o *v1alpha1.PhoneAuthenticationMethod) { got[o.Name]++ })
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if len(parts) != 16 {
		t.Errorf("200 resources are in %d parts, want 16", len(parts))
	}
	unindexed := fake.NewClientBuilder().WithScheme(scheme).Build()
	if err := index.EachOfTenant(t.Context(), unindexed, "default", func(*v1alpha1.PhoneAuthenticationMethod) {}); err == nil {
		t.Error("a list that fails is taken for one of nothing")
	}
}
