package preview

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

type method = v1alpha1.PhoneAuthenticationMethod

func isMethod(o *unstructured.Unstructured) bool {
	return o.GetKind() == "PhoneAuthenticationMethod"
}

func tenantOf(o *unstructured.Unstructured) string {
	if name, _, _ := unstructured.NestedString(o.Object, "spec", "tenantRef", "name"); name != "" {
		return name
	}
	return (&v1alpha1.PhoneAuthenticationMethodSpec{}).TenantName()
}

// page is how many resources are read at once.
const page = 500

// EachMethod reads the resources of a namespace, or of all, a page at a time.
func EachMethod(ctx context.Context, api client.Client, namespace string, do func(*method) error) error {
	for next := ""; ; {
		var list v1alpha1.PhoneAuthenticationMethodList
		if err := api.List(ctx, &list, client.InNamespace(namespace), client.Limit(page), client.Continue(next)); err != nil {
			return fmt.Errorf("read PhoneAuthenticationMethods: %w", err)
		}
		for i := range list.Items {
			if err := do(&list.Items[i]); err != nil {
				return err
			}
		}
		if next = list.Continue; next == "" {
			return nil
		}
	}
}
