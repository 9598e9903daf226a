package preview

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// connector makes tenants of EntraTenants, each connected to its Graph or to what was recorded of it.
type connector struct {
	source
	overlay overlay
	secrets client.Reader                               // where their credentials are, with those of the manifests
	around  func(policy.Transporter) policy.Transporter // of what sends requests to Graph; nil: nothing is
}

// notRecorded is why a recording cannot stand in for an EntraTenant's Graph: a sentence.
type notRecorded string

func (n notRecorded) Error() string { return string(n) }

// reach connects a tenant to its Graph.
func (c connector) reach(ctx context.Context, t *tenant.Tenant, o *v1alpha1.EntraTenant, registry *tenant.Registry) (err error) {
	proof := tenant.Ambient()
	if !c.ambient {
		if proof, t.Problem, err = c.proof(ctx, o); t.Problem != nil || err != nil {
			return err
		}
	}
	t.Throttle = registry.Throttle(o.Name, time.Now, tenant.LearntPace(o.Status.Pace))
	if t.Graph, err = tenant.ConnectReadOnly(&t.Spec, proof, t.Throttle, c.around); err != nil {
		t.Problem = unusable(err)
	}
	return nil
}

// playBack connects a tenant to what was recorded of its Graph.
func (c connector) playBack(t *tenant.Tenant) (err error) {
	if reason, message := c.recorded.Broken(t.Name); reason != "" && !c.overlay.tenants[t.Name].changed {
		t.Problem = &tenant.Problem{Reason: reason, Message: message}
		return nil
	}
	if !c.recorded.HasGraph(t.Name) {
		return notRecorded(fmt.Sprintf("The recording has nothing of the Graph of EntraTenant %s: make it again, with this tenant.", t.Name))
	}
	t.Throttle = throttle.New(hurried(c.clock), nil, t.Name)
	if t.Graph, err = tenant.ConnectRecorded(&t.Spec, c.recorded.Credential(t.Name), c.recorded.Transport(t.Name)); err != nil {
		t.Problem = unusable(err)
	}
	return nil
}

func unusable(err error) *tenant.Problem {
	return &tenant.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: fmt.Sprintf("The connection cannot be made: %v.", err)}
}

// hurried is a clock by which an hour has gone by whenever it is read: a recording is asked as fast as it answers.
func hurried(clock func() time.Time) func() time.Time {
	var hours atomic.Int64
	return func() time.Time { return clock().Add(time.Duration(hours.Add(1)) * time.Hour) }
}

// otherCredential is what a caller can do who cannot sign in as the operator does.
const otherCredential = "sign in yourself, with an application that may read users and phones, and say --credential=default"

// proof reads the credential of an EntraTenant.
func (c connector) proof(ctx context.Context, o *v1alpha1.EntraTenant) (tenant.Proof, *tenant.Problem, error) {
	ref := o.Spec.Credential.SecretReference()
	if ref == nil {
		return tenant.Proof{}, nil, fmt.Errorf("EntraTenant %s has a credential that only the operator's pod has: %s", o.Name, otherCredential)
	}
	from := c.secrets
	if c.overlay.secrets[client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}].sealed {
		from = c.api
	}
	value, err := Credential(ctx, from, ref)
	missing, none := errors.AsType[*MissingCredential](err)
	switch {
	case none:
		return tenant.Proof{}, &tenant.Problem{Reason: v1alpha1.ReasonCredentialNotFound, Message: missing.Error()}, nil
	case apierrors.IsForbidden(err):
		return tenant.Proof{}, nil, fmt.Errorf("you may not read Secret %s/%s, the credential of EntraTenant %s: %s", ref.Namespace, ref.Name, o.Name, otherCredential)
	case err != nil:
		return tenant.Proof{}, nil, fmt.Errorf("read the credential of EntraTenant %s: %w", o.Name, err)
	}
	return tenant.ProofOf(o.Spec.Credential, value), nil, nil
}
