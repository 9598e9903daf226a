package preview

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// reasonNotPlanned is for a manifest that may change what is not looked at.
const reasonNotPlanned = "NotPlanned"

// isSameSecret reports whether two versions have the same numbers, for the same users; nil is none.
func isSameSecret(was, s *corev1.Secret) bool {
	return was != nil && equality.Semantic.DeepEqual(was.Data, s.Data) && isForSame(was, s)
}

func isForSame(was, s *corev1.Secret) bool {
	return equality.Semantic.DeepEqual(was.Annotations, s.Annotations) && equality.Semantic.DeepEqual(was.Labels, s.Labels)
}

// isSameValue reports whether the manifests leave what a key of a Secret has as it was.
func (r *run) isSameValue(secret client.ObjectKey, key string) bool {
	was, is := r.previous[secret], r.secrets[secret]
	if was == nil || is == nil || r.sealed[secret] || !isForSame(was, is) {
		return false
	}
	before, had := was.Data[key]
	after, has := is.Data[key]
	return had == has && bytes.Equal(before, after)
}

// isSameLabels reports whether the access rules see no difference between two versions of a namespace.
func isSameLabels(live, got *unstructured.Unstructured) bool {
	return equality.Semantic.DeepEqual(live.GetLabels(), got.GetLabels())
}

// noteRows notes which resources of the cluster get a row anyway.
func (r *run) noteRows() {
	for _, o := range slices.Concat(r.Manifests, r.Sealed) {
		if isMethod(o) {
			r.hasRow[client.ObjectKeyFromObject(o)] = true
		}
	}
	for _, key := range r.prunable {
		r.hasRow[key] = true
	}
}

// findAffected reads the resources whose numbers come from Secrets that the manifests change, and that no manifest has. It
// adds their tenants and namespaces to tenants and namespaces.
func (r *run) findAffected(ctx context.Context, tenants, namespaces map[string]bool) error {
	in := map[string][]string{}
	for _, changed := range []map[client.ObjectKey]bool{r.rewritten, r.sealed} {
		for key, is := range changed {
			if is {
				in[key.Namespace] = append(in[key.Namespace], key.Name)
			}
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(in)) {
		err := EachMethod(ctx, r.API, namespace, func(o *method) error {
			key, from := client.ObjectKeyFromObject(o), o.Spec.PhoneNumberFrom
			if from == nil || r.hasRow[key] || !o.DeletionTimestamp.IsZero() || !slices.Contains(in[namespace], from.SecretKeyRef.Name) ||
				r.isSameValue(client.ObjectKey{Namespace: namespace, Name: from.SecretKeyRef.Name}, from.SecretKeyRef.Key) {
				return nil
			}
			r.affected, r.hasRow[key] = append(r.affected, key), true
			tenants[o.Spec.TenantName()], namespaces[namespace] = true, true
			return nil
		})
		switch {
		case apierrors.IsForbidden(err):
			for _, name := range slices.Sorted(slices.Values(in[namespace])) {
				r.settled = append(r.settled, Row{Kind: "Secret", Namespace: namespace, Name: name, Outcome: Unknown, Reason: reasonNotPlanned,
					Message: "You may not read the resources of its namespace: which of them take their numbers from it is not known."})
			}
		case err != nil:
			return err
		}
	}
	if len(r.affected) > 0 {
		r.unasked[fmt.Sprintf("planned as well: %d of the cluster whose numbers come from Secrets of these manifests", len(r.affected))] = true
	}
	return nil
}

// layAffected has the reconciler treat the affected resources as those of manifests.
func (r *run) layAffected() error {
	for _, key := range r.affected {
		before := r.methods[key]
		if before == nil { // gone meanwhile
			continue
		}
		r.before[key] = before
		o := before.DeepCopy()
		o.Status.ObservedGeneration = -1 // as in store
		if err := r.put(o); err != nil {
			return err
		}
		r.asked = append(r.asked, key)
	}
	return nil
}

// countBystander counts a resource that a changed EntraTenant or Namespace may change, too. There may be tens of thousands, so
// they are not looked at.
func (r *run) countBystander(o *method) {
	if r.hasRow[client.ObjectKeyFromObject(o)] {
		return
	}
	if name := o.Spec.TenantName(); r.changed[name] {
		r.bystanders["EntraTenant "+name]++
	}
	if r.relabelled[o.Namespace] {
		r.bystanders["Namespace "+o.Namespace]++
	}
}

// settleBystanders says that what becomes of them is not known.
func (r *run) settleBystanders() {
	for _, of := range slices.Sorted(maps.Keys(r.bystanders)) {
		kind, name, _ := strings.Cut(of, " ")
		r.settled = append(r.settled, Row{Kind: kind, Name: name, Outcome: Unknown, Reason: reasonNotPlanned, Message: fmt.Sprintf(
			"Resources of the cluster that depend on it and have no manifest here: %d. What its change does to them is not known: give their manifests, too.",
			r.bystanders[of])})
	}
}

// settleUnseen says so where the caller may not see which there are.
func (r *run) settleUnseen(namespaces map[string]bool) {
	row := Row{Outcome: Unknown, Reason: reasonNotPlanned, Message: "You may not read all resources of the cluster: what its change does to those that have no manifest here is not known."}
	for name, changed := range r.changed {
		if changed {
			row.Kind, row.Name = "EntraTenant", name
			r.settled = append(r.settled, row)
			delete(r.bystanders, "EntraTenant "+name)
		}
	}
	for name, changed := range r.relabelled {
		if changed && !namespaces[name] {
			row.Kind, row.Name = "Namespace", name
			r.settled = append(r.settled, row)
		}
	}
}
