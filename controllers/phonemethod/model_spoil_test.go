package phonemethod

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// spoils has do look at each of the operator's writes of a resource before it is sent:
// an error is the API server's answer.
func (m *model) spoils(do func(o *pam, status bool) error) {
	m.process.Client = spoiltClient{operatorClient{process: m.process}, do}
}

// cannotWrite has the API server refuse every write of the status of a namespace's
// resources, as it does where one is edited all the time.
func (m *model) cannotWrite(namespace string) {
	m.spoils(func(o *pam, status bool) error {
		if status && o.Namespace == namespace {
			return apierrors.NewConflict(pamResource, o.Name, nil)
		}
		return nil
	})
}

type spoiltClient struct {
	operatorClient
	do func(o *pam, status bool) error
}

func (c spoiltClient) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.PatchOption) error {
	if err := c.do(o.(*pam), false); err != nil {
		return err
	}
	return c.operatorClient.Patch(ctx, o, p, opts...)
}

func (c spoiltClient) Status() client.SubResourceWriter {
	return spoiltStatus{c.operatorClient.Status(), c.do}
}

type spoiltStatus struct {
	client.SubResourceWriter
	do func(o *pam, status bool) error
}

func (s spoiltStatus) Patch(ctx context.Context, o client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	if err := s.do(o.(*pam), true); err != nil {
		return err
	}
	return s.SubResourceWriter.Patch(ctx, o, p, opts...)
}

// withoutSecrets is a reader that may not read the Secrets of a namespace.
type withoutSecrets struct {
	reader
	namespace string
}

func (r withoutSecrets) Get(ctx context.Context, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
	if _, secret := into.(*corev1.Secret); secret && key.Namespace == r.namespace {
		return apierrors.NewForbidden(corev1.Resource("secrets"), key.Name, nil)
	}
	return r.reader.Get(ctx, key, into, opts...)
}
