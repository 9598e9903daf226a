package controllers

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// fenced is a client that writes nothing once check refuses the tenant that an object is of. Patch is the only verb by
// which the operator writes its kinds. A process that was paused, and goes on where it was, would otherwise say of a
// resource what was so minutes ago.
type fenced struct {
	client.Client
	check func(tenant string) error
}

// tenantOf is the name of the EntraTenant that an object is, or belongs to.
func tenantOf(o client.Object) string {
	if pam, ok := o.(*v1alpha1.PhoneAuthenticationMethod); ok {
		return pam.Spec.TenantName()
	}
	return o.GetName()
}

func (f fenced) Patch(ctx context.Context, o client.Object, patch client.Patch, options ...client.PatchOption) error {
	if err := f.check(tenantOf(o)); err != nil {
		return err
	}
	return f.Client.Patch(ctx, o, patch, options...)
}

func (f fenced) Status() client.SubResourceWriter { return fencedStatus{f.Client.Status(), f.check} }

type fencedStatus struct {
	client.SubResourceWriter
	check func(tenant string) error
}

func (f fencedStatus) Patch(ctx context.Context, o client.Object, patch client.Patch, options ...client.SubResourcePatchOption) error {
	if err := f.check(tenantOf(o)); err != nil {
		return err
	}
	return f.SubResourceWriter.Patch(ctx, o, patch, options...)
}
