package preview

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The words by which tools leave a resource out of a prune, or ask before. They are read as each tool reads them: Flux also
// as labels and in any case, Argo CD as they stand.
//
// Sources: Exclusions in prune of https://github.com/fluxcd/kustomize-controller/blob/main/internal/controller/kustomization_controller.go,
// AnyInMetadata of https://github.com/fluxcd/pkg/blob/main/ssa/utils/meta.go,
// https://argo-cd.readthedocs.io/en/stable/user-guide/sync-options/.
var fluxKeeps = []string{"kustomize.toolkit.fluxcd.io/prune", "kustomize.toolkit.fluxcd.io/reconcile"}

const (
	fluxKept    = "disabled"
	argoOptions = "argocd.argoproj.io/sync-options"
	argoKept    = "Prune=false"
	argoAsks    = "Prune=confirm"
)

// errNowhere is for a prune that is about no namespace: that nothing goes is not known then.
var errNowhere = errors.New("the manifests have no namespace, so it cannot be said what a prune would delete: say --namespace or --selector, too")

// findPrunable reads the resources that a prune is about and no manifest has.
func (s source) findPrunable(ctx context.Context, m manifests, p *Prune) (all []found, t told, err error) {
	if p == nil {
		return nil, told{}, nil
	}
	mine := m.methodKeys()
	kept, asks := 0, 0
	find := func(o *method) error {
		key := client.ObjectKeyFromObject(o)
		switch {
		case mine[key], p.Selector != nil && !p.Selector.Matches(labels.Set(o.Labels)):
			return nil
		case isKept(o):
			kept++
			return nil
		case hasOption(o, argoAsks):
			asks++
		}
		all = append(all, found{key, o.Spec.TenantName()})
		return nil
	}
	everywhere := p.Selector != nil
	if everywhere {
		err := EachMethod(ctx, s.api, metav1.NamespaceAll, find)
		if everywhere = !apierrors.IsForbidden(err); everywhere && err != nil {
			return nil, t, err
		}
		if !everywhere {
			t = note("you may not read the resources of all namespaces: what a prune would delete elsewhere is not seen")
		}
	}
	if !everywhere {
		within := m.places()
		for _, name := range p.Namespaces {
			within[name] = true
		}
		if len(within) == 0 {
			return nil, t, errNowhere
		}
		for _, name := range slices.Sorted(maps.Keys(within)) {
			if err := EachMethod(ctx, s.api, name, find); err != nil {
				return nil, t, err
			}
		}
	}
	if kept > 0 {
		t = t.and(note("not pruned: %d with an annotation or a label for Flux or Argo CD that says so", kept))
	}
	if asks > 0 {
		t = t.and(note("%d to prune with %s: Argo CD waits for somebody to confirm it before it goes on with its sync", asks, argoAsks))
	}
	return all, t, nil
}

func isKept(o *method) bool {
	return hasOption(o, argoKept) || slices.ContainsFunc(fluxKeeps, func(key string) bool {
		return strings.EqualFold(o.Annotations[key], fluxKept) || strings.EqualFold(o.Labels[key], fluxKept)
	})
}

// hasOption reports whether Argo CD finds an option of its.
func hasOption(o *method, option string) bool {
	return slices.ContainsFunc(strings.Split(o.Annotations[argoOptions], ","), func(one string) bool { return strings.TrimSpace(one) == option })
}
