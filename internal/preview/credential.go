package preview

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// MissingCredential is why there is no credential: the Secret or its key is not there.
type MissingCredential struct{ what string }

func (e *MissingCredential) Error() string { return e.what }

// Credential reads the value that an EntraTenant's secretRef names. The error is a *MissingCredential or the API server's.
func Credential(ctx context.Context, c client.Reader, ref *v1alpha1.SecretReference) ([]byte, error) {
	var s corev1.Secret
	if err := c.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &s); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, &MissingCredential{fmt.Sprintf("There is no Secret %s/%s.", ref.Namespace, ref.Name)}
		}
		return nil, err
	}
	value, ok := s.Data[ref.Key]
	if !ok {
		return nil, &MissingCredential{fmt.Sprintf("Secret %s/%s has no key %q.", ref.Namespace, ref.Name, ref.Key)}
	}
	return value, nil
}
