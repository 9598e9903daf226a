package preview

import (
	"context"
	"fmt"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers/phonemethod"
)

// readMethods reads the resources of the tenants: each may be a rival of one that is planned. Whoever may not read them all
// sees those of the scope's namespaces.
func (s source) readMethods(ctx context.Context, about scope, over overlay) (map[client.ObjectKey]*method, told, error) {
	all, by := map[client.ObjectKey]*method{}, newBystanders()
	take := func(o *method) error {
		key := client.ObjectKeyFromObject(o)
		if !about.methods[key] {
			by.count(o, over)
		}
		if !about.tenants[o.Spec.TenantName()] {
			return nil
		}
		all[key] = o
		_, err := phonemethod.Thin(o)
		return err
	}
	err := EachMethod(ctx, s.api, metav1.NamespaceAll, take)
	if !apierrors.IsForbidden(err) {
		return all, told{rows: by.rows()}, err
	}
	for _, namespace := range slices.Sorted(maps.Keys(about.namespaces)) {
		if err := EachMethod(ctx, s.api, namespace, take); err != nil {
			return nil, told{}, err
		}
	}
	by.ofTenant = nil // there are others
	t := told{rows: slices.Concat(unseenRows(over, about.namespaces), by.rows())}
	return all, t.and(note("you may not read the resources of other namespaces: rivals there are not seen")), nil
}

// readTenants reads the EntraTenants that no manifest brings, and adds those that one does. One that there is not is left out.
func (s source) readTenants(ctx context.Context, names map[string]bool, over overlay) (map[string]*v1alpha1.EntraTenant, error) {
	all := map[string]*v1alpha1.EntraTenant{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if of, ok := over.tenants[name]; ok {
			all[name] = of.EntraTenant
			continue
		}
		o, err := readTenant(ctx, s.api, name)
		if err != nil {
			return nil, err
		}
		if o != nil {
			all[name] = o
		}
	}
	return all, nil
}

// readTenant reads an EntraTenant of the cluster; nil: there is none.
func readTenant(ctx context.Context, api client.Client, name string) (*v1alpha1.EntraTenant, error) {
	o := &v1alpha1.EntraTenant{}
	switch err := api.Get(ctx, client.ObjectKey{Name: name}, o); {
	case apierrors.IsNotFound(err):
		return nil, nil
	case apierrors.IsForbidden(err):
		return nil, fmt.Errorf("you may not read EntraTenant %s, which says who may manage whom: the role phone-operator-entratenant-viewer-role allows it", name)
	case err != nil:
		return nil, fmt.Errorf("read EntraTenant %s: %w", name, err)
	}
	return o, nil
}
