package preview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Prune says which resources would be deleted because no manifest has them.
type Prune struct {
	// Selector is for their labels; nil: all. With one, resources of all namespaces are meant, without it those of the
	// namespaces of the manifests.
	Selector labels.Selector
	// Namespaces are meant in any case.
	Namespaces []string
}

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

// findPrunable reads the resources that a prune is about and no manifest has, and adds their tenants to tenants. Labels and
// annotations are not in the cluster in memory, so they are judged here.
func (r *run) findPrunable(ctx context.Context, tenants, namespaces map[string]bool) error {
	if r.Prune == nil {
		return nil
	}
	mine := map[client.ObjectKey]bool{}
	for _, o := range slices.Concat(r.Manifests, r.Sealed) {
		if isMethod(o) {
			mine[client.ObjectKeyFromObject(o)] = true
		}
	}
	kept, asks := 0, 0
	find := func(o *method) error {
		key := client.ObjectKeyFromObject(o)
		switch {
		case mine[key], r.Prune.Selector != nil && !r.Prune.Selector.Matches(labels.Set(o.Labels)):
			return nil
		case isKept(o):
			kept++
			return nil
		case hasOption(o, argoAsks):
			asks++
		}
		r.prunable = append(r.prunable, key)
		tenants[o.Spec.TenantName()] = true
		return nil
	}
	within := maps.Clone(namespaces)
	for _, name := range r.Prune.Namespaces {
		within[name] = true
	}
	for _, o := range slices.Concat(r.Manifests, r.Sealed) {
		switch o.GetKind() { // what the last resource went from may have others of its manifests
		case "Namespace":
			within[o.GetName()] = true
		case "Secret", "PhoneAuthenticationMethod":
			within[o.GetNamespace()] = true
		}
	}
	everywhere := r.Prune.Selector != nil
	if everywhere {
		err := EachMethod(ctx, r.API, metav1.NamespaceAll, find)
		if everywhere = !apierrors.IsForbidden(err); everywhere && err != nil {
			return err
		}
		if !everywhere {
			r.unasked["you may not read the resources of all namespaces: what a prune would delete elsewhere is not seen"] = true
		}
	}
	if !everywhere {
		if len(within) == 0 {
			return errNowhere
		}
		for _, name := range slices.Sorted(maps.Keys(within)) {
			if err := EachMethod(ctx, r.API, name, find); err != nil {
				return err
			}
		}
	}
	if kept > 0 {
		r.unasked[fmt.Sprintf("not pruned: %d with an annotation or a label for Flux or Argo CD that says so", kept)] = true
	}
	if asks > 0 {
		r.unasked[fmt.Sprintf("%d to prune with %s: Argo CD waits for somebody to confirm it before it goes on with its sync", asks, argoAsks)] = true
	}
	return nil
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

// prune deletes in memory what no manifest has, all at once.
func (r *run) prune() error {
	for _, key := range r.prunable {
		before := r.methods[key]
		if before == nil { // gone meanwhile
			continue
		}
		r.before[key] = before
		if !before.DeletionTimestamp.IsZero() {
			continue
		}
		if !controllerutil.ContainsFinalizer(before, v1alpha1.Finalizer) { // nothing holds it: its user is looked at all the same
			r.drop(key)
			continue
		}
		o := before.DeepCopy()
		o.DeletionTimestamp = &metav1.Time{Time: r.now}
		o.Generation++
		if err := r.put(o); err != nil {
			return err
		}
	}
	return nil
}

// pruned says what becomes of a resource that is pruned.
func (r *run) pruned(key client.ObjectKey) (Row, bool) {
	before, o := r.before[key], r.methods[key]
	switch {
	case before == nil:
		return Row{}, false
	case !before.DeletionTimestamp.IsZero():
		row := rowFor(before)
		row.Outcome, row.Reason, row.Message, row.Pruned = Waits, "Deleting", "The cluster is deleting it already.", true
		return row, true
	case o == nil:
		row := rowFor(before)
		row.Outcome, row.Action, row.Reason, row.Pruned = Unchanged, "LetGo", "Pruned", true
		row.Message = "It is pruned, and Graph stays as it is: " + staysBecause(before) + "."
		return row, true
	}
	row := r.rowOf(before, o)
	row.Pruned = true
	if row.Outcome == Unchanged && row.Action == "" { // suspended, which lets go
		row.Action, row.Reason, row.Message = "LetGo", "Pruned", "It is pruned, and Graph stays as it is: "+staysBecause(before)+"."
	}
	return row, true
}

func staysBecause(o *method) string {
	switch {
	case o.Spec.Suspend:
		return "spec.suspend is true"
	case o.Spec.DeletionPolicy == v1alpha1.DeletionOrphan:
		return "deletionPolicy is Orphan"
	case o.Status.ID == "":
		return "it holds no phone"
	}
	return "the phone is not its own any more, or another resource takes it over as it is"
}

// budgetNotes say where a prune deletes more than a tenant allows in an hour.
func (r *run) budgetNotes(rows []Row) (notes []string) {
	deletions := map[string]int32{}
	for _, row := range rows {
		if row.Pruned && row.Outcome == Change && row.Action == "Delete" {
			deletions[row.Tenant]++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(deletions)) {
		t, ok := r.registry.Get(name)
		if !ok || t.Problem != nil {
			continue
		}
		limit := t.Spec.DeletionsPerHourOrDefault()
		if left := t.Deletions.Left(limit); deletions[name] > left {
			notes = append(notes, fmt.Sprintf("limits.deletionsPerHour of EntraTenant %s is %d, and %d of it are left; this prune deletes %d. The others wait, "+
				"while Flux and Argo CD show the prune as done", name, limit, max(0, left), deletions[name]))
		}
	}
	return notes
}

func byOutcome(order []Outcome) func(a, b Row) int {
	return func(a, b Row) int {
		return cmp.Or(slices.Index(order, a.Outcome)-slices.Index(order, b.Outcome), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	}
}
