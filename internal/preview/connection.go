package preview

import (
	"context"
	"fmt"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// Connection is an EntraTenant of the cluster, connected as for a plan: with the credential that the cluster gives it, where
// the cluster says, and to read only.
type Connection struct {
	*tenant.Tenant
	// Namespace are the labels of the namespace for which it is made.
	Namespace map[string]string
	// Notes are what the reader should know.
	Notes []string

	declared declared
}

// Open connects to an EntraTenant for a namespace. An error says what to do; it is one also where the EntraTenant does not
// work.
func Open(ctx context.Context, api client.Client, name, namespace string, ambient bool) (*Connection, error) {
	t, err := open(ctx, api, name, ambient, nil)
	switch {
	case err != nil:
		return nil, err
	case t.Problem != nil:
		return nil, fmt.Errorf("EntraTenant %s does not work: %s: %s", name, t.Problem.Reason, t.Problem.Message)
	}
	labels, notes, err := labelsOf(ctx, api, namespace)
	if err != nil {
		return nil, err
	}
	all, more, err := readDeclared(ctx, api, name, namespace)
	return &Connection{Tenant: t, Namespace: labels, Notes: slices.Concat(notes, more), declared: all}, err
}

// OpenToRecord connects to an EntraTenant for no namespace. around wraps what sends the requests. An EntraTenant that does not
// work has a Problem.
func OpenToRecord(ctx context.Context, api client.Client, name string, ambient bool, around func(policy.Transporter) policy.Transporter) (*Connection, error) {
	t, err := open(ctx, api, name, ambient, around)
	return &Connection{Tenant: t}, err
}

func open(ctx context.Context, api client.Client, name string, ambient bool, around func(policy.Transporter) policy.Transporter) (*tenant.Tenant, error) {
	o, err := readTenant(ctx, api, name)
	switch {
	case err != nil:
		return nil, err
	case o == nil:
		return nil, fmt.Errorf("there is no EntraTenant %s in the cluster", name)
	}
	return connector{source: sourceOf(Options{API: api, Ambient: ambient}), secrets: api, around: around}.connect(ctx, o, tenant.NewRegistry())
}

func labelsOf(ctx context.Context, api client.Client, name string) (labels map[string]string, notes []string, err error) {
	ns, err := readNamespace(ctx, api, name)
	switch {
	case apierrors.IsNotFound(err):
		return map[string]string{corev1.LabelMetadataName: name}, []string{fmt.Sprintf("there is no namespace %s yet: of its labels only the name counts here", name)}, nil
	case err != nil:
		return nil, nil, fmt.Errorf("read namespace %s: %w", name, err)
	case ns.hidden:
		notes = []string{fmt.Sprintf("you may not read namespace %s: of its labels only the name counts here", name)}
	}
	return ns.Labels, notes, nil
}

// readDeclared reads which phones of a tenant the cluster declares already.
func readDeclared(ctx context.Context, api client.Client, tenantName, namespace string) (all declared, notes []string, err error) {
	all = declared{}
	add := func(o *method) error {
		if o.Spec.TenantName() == tenantName {
			all.add(o)
		}
		return nil
	}
	err = EachMethod(ctx, api, metav1.NamespaceAll, add)
	if !apierrors.IsForbidden(err) {
		return all, nil, err
	}
	return all, []string{"you may not read the resources of other namespaces: what they declare already is not seen"}, EachMethod(ctx, api, namespace, add)
}

// Declared returns the "namespace/name" of the resource that is for a phone already, of several the one that has it; "": there
// is none.
func (c *Connection) Declared(userID, userPrincipalName string, t phone.Type) string {
	return c.declared.of(t, userID, userPrincipalName).name
}

// Admit waits until the tenant's pace admits requests that can wait, and returns their context. done is told how they
// ended. Where Graph does not answer the error is a *throttle.Rejected.
func (c *Connection) Admit(ctx context.Context, classes ...throttle.Class) (_ context.Context, done func(error), err error) {
	ctx, ticket, err := admit(ctx, c.Tenant, throttle.Low, classes...)
	if err != nil {
		return ctx, nil, err
	}
	return ctx, ticket.Done, nil
}
