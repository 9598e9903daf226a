package preview

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// complete gives a new object what the API server would have given it. All new ones are of one age, so that who comes
// first does not depend on how fast they were asked about.
func (l *layers) complete(o *unstructured.Unstructured, live *unstructured.Unstructured) {
	if live != nil {
		return
	}
	o.SetCreationTimestamp(metav1.NewTime(l.now.Truncate(time.Second)))
	o.SetUID(uuid.NewUUID())
	o.SetDeletionTimestamp(nil) // nothing new is being deleted
	o.SetDeletionGracePeriodSeconds(nil)
	o.SetResourceVersion("")
	o.SetGeneration(1)
}

// store keeps an object for the reconciler. The error is of one that is no such object after all.
func (l *layers) store(got, live *unstructured.Unstructured) error {
	l.complete(got, live)
	key := client.ObjectKeyFromObject(got)
	switch got.GetKind() {
	case "Namespace":
		ns := &metav1.PartialObjectMetadata{}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(map[string]any{"metadata": got.Object["metadata"]}, ns); err != nil {
			return err
		}
		if ns.Labels == nil {
			ns.Labels = map[string]string{}
		}
		ns.Labels[corev1.LabelMetadataName] = ns.Name
		l.namespaces[ns.Name] = ns
		l.relabelled[ns.Name] = live == nil || !isSameLabels(live, got)
	case "Secret":
		s, err := typed[corev1.Secret](got)
		if err != nil {
			return err
		}
		for name, value := range s.StringData { // where the API server was not asked
			if s.Data == nil {
				s.Data = map[string][]byte{}
			}
			s.Data[name] = []byte(value)
		}
		l.secrets[key] = s
		if live != nil {
			if l.previous[key], err = typed[corev1.Secret](live); err != nil {
				return err
			}
		}
		l.rewritten[key] = !isSameSecret(l.previous[key], s)
	case "EntraTenant":
		return l.storeTenant(got, live)
	default:
		o, err := typed[method](got)
		if err != nil {
			return err
		}
		l.before[key] = l.methods[key]
		o.Status.ObservedGeneration = -1 // as new: what the operator found last time must not stand where Graph cannot be asked now
		return l.put(o)
	}
	return nil
}

func typed[T any](o *unstructured.Unstructured) (*T, error) {
	into := new(T)
	return into, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into)
}
