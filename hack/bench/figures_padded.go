package main

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// stranger is a namespace that no access rule is for.
const stranger = "stranger"

// few is how many requests about such resources are sent at once: the API server works for long on each.
const few = 4

// padTo is how large a padded resource is.
const padTo = 1 << 20

// padded: what resources as large as an editor can make them take of the operator's memory. Each is padded in another
// way than the next; nothing that one says another says.
func (b *bench) padded(ctx context.Context) error {
	if b.large == 0 {
		return nil
	}
	before, _, err := b.restarted(ctx)
	if err != nil {
		return err
	}
	_ = b.operator.Stop(grace)
	if err := b.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stranger}}); err != nil {
		return err
	}
	all := make([]*v1alpha1.PhoneAuthenticationMethod, b.large)
	for i := range all {
		all[i] = newMethod(emulator.User{ID: fmt.Sprintf("%08d", i), UPN: fmt.Sprintf("padded-%d@%s", i, domain)}, three[0])
		all[i].Namespace = stranger
	}
	// They are made as they are sent: all at once they are more than the machine may have.
	err = parallel(few, all, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		large := o.DeepCopy()
		pad(large)
		return b.admin.Create(ctx, large)
	})
	if err != nil {
		return err
	}
	after, highest, err := b.restarted(ctx)
	if err != nil {
		return err
	}
	const mib = 1 << 20
	b.table.add(fmt.Sprintf("memory, %d resources of %d MiB more", len(all), padTo/mib), "< 16 MiB more",
		"%.0f MiB more (%.0f and %.0f MiB), highest %.0f MiB", float64(after-before)/mib, float64(before)/mib, float64(after)/mib, float64(highest)/mib)
	return b.drop(ctx, few, all)
}

// pad fills the metadata of a resource. Most get a few owners with long names. Some get as many labels or finalizers as
// there is room for, and a long request: the API server works for seconds on each of those.
func pad(o *v1alpha1.PhoneAuthenticationMethod) {
	own := o.Name
	o.Labels, o.Annotations = map[string]string{}, map[string]string{}
	n := 0
	_, _ = fmt.Sscanf(own, "padded-%d", &n)
	switch n % 10 {
	case 0:
		for i := range padTo / 126 {
			o.Labels[fmt.Sprintf("%08s-%054d", own[:8], i)] = strings.Repeat("x", 63)
		}
	case 1:
		for i := range padTo / 300 * 7 / 10 {
			o.Finalizers = append(o.Finalizers, fmt.Sprintf("%s-%0200d.example.com/%050d", own[:8], i, i))
		}
		o.Annotations[v1alpha1.ReconcileRequestedAtAnnotation] = own + strings.Repeat("y", 200_000)
	default:
		const name = 8 << 10
		for i := range padTo / name {
			o.OwnerReferences = append(o.OwnerReferences, metav1.OwnerReference{
				APIVersion: "example.com/v1", Kind: "Owner", Name: fmt.Sprintf("%s-%0*d", own, name, i), UID: types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))})
		}
	}
}
