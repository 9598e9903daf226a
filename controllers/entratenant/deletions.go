package entratenant

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// saveDeletions writes the deletions of the last hour into the tenant's status, and
// nothing else: what others write there meanwhile stays. It asks for no version, or
// a deletion would have to wait whenever the counts or conditions were just written.
// The budget, which is one for all passes, saves in the order in which it counts.
// Only when one operator takes over from another, and both write, does the last one
// win; it is the new one, which goes on counting from what it has in memory.
func (r *Reconciler) saveDeletions(ctx context.Context, name string, counts []v1alpha1.DeletionCount) error {
	if len(counts) == 0 {
		counts = nil // null takes the list away
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"recentDeletions": counts}})
	if err != nil {
		return fmt.Errorf("write down the deletions of the tenant: %w", err)
	}
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := r.Client.Status().Patch(ctx, o, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("save the deletions of the tenant: %w", err)
	}
	return nil
}
