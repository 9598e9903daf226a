package preview

import (
	"context"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// reasonNotPlanned is for a manifest that may change what is not looked at.
const reasonNotPlanned = "NotPlanned"

// findAffected reads the resources whose numbers come from Secrets that the manifests change. Those that have a manifest or are
// prunable get a row anyway.
func (s source) findAffected(ctx context.Context, over overlay, withManifest map[client.ObjectKey]bool, prunable []found) (all []found, t told, err error) {
	hasRow := maps.Clone(withManifest)
	for _, one := range prunable {
		hasRow[one.key] = true
	}
	changed := map[string][]string{} // names, by namespace
	for key, secret := range over.secrets {
		if secret.changes() {
			changed[key.Namespace] = append(changed[key.Namespace], key.Name)
		}
	}
	for _, namespace := range slices.Sorted(maps.Keys(changed)) {
		err := EachMethod(ctx, s.api, namespace, func(o *method) error {
			key, from := client.ObjectKeyFromObject(o), o.Spec.PhoneNumberFrom
			if from == nil || hasRow[key] || !o.DeletionTimestamp.IsZero() || !slices.Contains(changed[namespace], from.SecretKeyRef.Name) ||
				over.secrets[client.ObjectKey{Namespace: namespace, Name: from.SecretKeyRef.Name}].keeps(from.SecretKeyRef.Key) {
				return nil
			}
			all = append(all, found{key, o.Spec.TenantName()})
			return nil
		})
		switch {
		case apierrors.IsForbidden(err):
			for _, name := range slices.Sorted(slices.Values(changed[namespace])) {
				t.rows = append(t.rows, Row{Kind: "Secret", Namespace: namespace, Name: name, Outcome: Unknown, Reason: reasonNotPlanned,
					Message: "You may not read the resources of its namespace: which of them take their numbers from it is not known."})
			}
		case err != nil:
			return nil, t, err
		}
	}
	if len(all) > 0 {
		t = t.and(note("planned as well: %d of the cluster whose numbers come from Secrets of these manifests", len(all)))
	}
	return all, t, nil
}
