package preview

import (
	"context"
	"fmt"
	"time"

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
	c, err := newCluster(ctx, api)
	if err != nil {
		return nil, err
	}
	t, err := c.open(ctx, name, ambient, nil)
	switch {
	case err != nil:
		return nil, err
	case t.Problem != nil:
		return nil, fmt.Errorf("EntraTenant %s does not work: %s: %s", name, t.Problem.Reason, t.Problem.Message)
	}
	connected := &Connection{Tenant: t, declared: declared{}}
	if err := connected.readNamespace(ctx, c, namespace); err != nil {
		return nil, err
	}
	return connected, connected.readDeclared(ctx, api, namespace)
}

// OpenToRecord connects to an EntraTenant for no namespace. around wraps what sends the requests. An EntraTenant that does not
// work has a Problem.
func OpenToRecord(ctx context.Context, api client.Client, name string, ambient bool, around func(policy.Transporter) policy.Transporter) (*Connection, error) {
	c, err := newCluster(ctx, api)
	if err != nil {
		return nil, err
	}
	t, err := c.open(ctx, name, ambient, around)
	return &Connection{Tenant: t}, err
}

func (c *cluster) open(ctx context.Context, name string, ambient bool, around func(policy.Transporter) policy.Transporter) (*tenant.Tenant, error) {
	l := &layers{cluster: c, now: time.Now(), clock: time.Now, around: around}
	if err := l.loadTenant(ctx, name); err != nil {
		return nil, err
	}
	o := l.tenants[name]
	if o == nil {
		return nil, fmt.Errorf("there is no EntraTenant %s in the cluster", name)
	}
	return l.connect(ctx, o, tenant.NewRegistry(), ambient)
}

func (c *Connection) readNamespace(ctx context.Context, from *cluster, name string) error {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := from.getNamespace(ctx, client.ObjectKey{Name: name}, ns)
	switch {
	case apierrors.IsNotFound(err):
		c.Notes = append(c.Notes, fmt.Sprintf("there is no namespace %s yet: of its labels only the name counts here", name))
		ns.Labels = map[string]string{corev1.LabelMetadataName: name}
	case err != nil:
		return fmt.Errorf("read namespace %s: %w", name, err)
	case from.nameless[name]:
		c.Notes = append(c.Notes, fmt.Sprintf("you may not read namespace %s: of its labels only the name counts here", name))
	}
	c.Namespace = ns.Labels
	return nil
}

// readDeclared notes which phones the cluster declares already.
func (c *Connection) readDeclared(ctx context.Context, api client.Client, namespace string) error {
	err := EachMethod(ctx, api, metav1.NamespaceAll, c.declare)
	if !apierrors.IsForbidden(err) {
		return err
	}
	c.Notes = append(c.Notes, "you may not read the resources of other namespaces: what they declare already is not seen")
	return EachMethod(ctx, api, namespace, c.declare)
}

func (c *Connection) declare(o *method) error {
	if o.Spec.TenantName() == c.Name {
		c.declared.add(o)
	}
	return nil
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
