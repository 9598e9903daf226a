package preview

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// Look is an EntraTenant of the cluster, connected as for a plan: with the credential that the cluster gives it, where the
// cluster says, and to read only.
type Look struct {
	*tenant.Tenant
	// Namespace are the labels of the namespace for which it is looked.
	Namespace map[string]string
	// Notes are what the reader should know.
	Notes []string

	declared map[claim]string
}

// claim is a phone as a resource names it: the user by object id or name, in lower case.
type claim struct {
	user string
	kind phone.Type
}

// Open connects to an EntraTenant for a namespace. An error says what to do; it is one also where the EntraTenant does not
// work.
func Open(ctx context.Context, api client.Client, name, namespace string, ambient bool) (*Look, error) {
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
	look := &Look{Tenant: t, declared: map[claim]string{}}
	if err := look.readNamespace(ctx, c, namespace); err != nil {
		return nil, err
	}
	return look, look.readDeclared(ctx, api, namespace)
}

// OpenRecorded connects to an EntraTenant for no namespace. around wraps what sends the requests. An EntraTenant that does not
// work has a Problem.
func OpenRecorded(ctx context.Context, api client.Client, name string, ambient bool, around func(policy.Transporter) policy.Transporter) (*Look, error) {
	c, err := newCluster(ctx, api)
	if err != nil {
		return nil, err
	}
	t, err := c.open(ctx, name, ambient, around)
	return &Look{Tenant: t}, err
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

func (l *Look) readNamespace(ctx context.Context, c *cluster, name string) error {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := c.getNamespace(ctx, client.ObjectKey{Name: name}, ns)
	switch {
	case apierrors.IsNotFound(err):
		l.Notes = append(l.Notes, fmt.Sprintf("there is no namespace %s yet: of its labels only the name counts here", name))
		ns.Labels = map[string]string{corev1.LabelMetadataName: name}
	case err != nil:
		return fmt.Errorf("read namespace %s: %w", name, err)
	case c.nameless[name]:
		l.Notes = append(l.Notes, fmt.Sprintf("you may not read namespace %s: of its labels only the name counts here", name))
	}
	l.Namespace = ns.Labels
	return nil
}

// readDeclared notes which phones the cluster declares already.
func (l *Look) readDeclared(ctx context.Context, api client.Client, namespace string) error {
	err := EachMethod(ctx, api, metav1.NamespaceAll, l.declare)
	if !apierrors.IsForbidden(err) {
		return err
	}
	l.Notes = append(l.Notes, "you may not read the resources of other namespaces: what they declare already is not seen")
	return EachMethod(ctx, api, namespace, l.declare)
}

func (l *Look) declare(o *method) error {
	if o.Spec.TenantName() != l.Name {
		return nil
	}
	name := o.Namespace + "/" + o.Name
	for _, user := range []string{o.Status.UserID, o.Spec.User} {
		if user != "" {
			l.declared[claim{strings.ToLower(user), phone.Type(o.Spec.PhoneType)}] = name
		}
	}
	return nil
}

// Declared returns the "namespace/name" of a resource that is for a phone already; "": there is none.
func (l *Look) Declared(userID, userPrincipalName string, t phone.Type) string {
	if name := l.declared[claim{userID, t}]; name != "" {
		return name
	}
	return l.declared[claim{strings.ToLower(userPrincipalName), t}]
}

// Admit waits until the tenant's pace admits a look that can wait, and returns the context of its requests. done is told
// how it ended. Where Graph does not answer the error is a *throttle.Rejected.
func (l *Look) Admit(ctx context.Context, classes ...throttle.Class) (_ context.Context, done func(error), err error) {
	ctx, ticket, err := admit(ctx, l.Tenant, throttle.Low, classes...)
	if err != nil {
		return ctx, nil, err
	}
	return ctx, ticket.Done, nil
}

// admit waits for a tenant's pace. Where its circuit is open it returns the *throttle.Rejected.
func admit(ctx context.Context, t *tenant.Tenant, p throttle.Priority, classes ...throttle.Class) (context.Context, *throttle.Ticket, error) {
	for {
		admitted, ticket, err := t.Throttle.Admit(ctx, p, classes...)
		rejected, isRejected := errors.AsType[*throttle.Rejected](err)
		if !isRejected || rejected.Reason == throttle.CircuitOpen {
			return admitted, ticket, err
		}
		if err := Wait(ctx, rejected.RetryAfter); err != nil {
			return ctx, nil, err
		}
	}
}

// Wait waits for some time, or until ctx ends.
func Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(max(d, time.Millisecond)):
		return nil
	}
}

// page is how many resources are read at once.
const page = 500

// EachMethod reads the resources of a namespace, or of all, a page at a time.
func EachMethod(ctx context.Context, api client.Client, namespace string, do func(*method) error) error {
	for next := ""; ; {
		var list v1alpha1.PhoneAuthenticationMethodList
		if err := api.List(ctx, &list, client.InNamespace(namespace), client.Limit(page), client.Continue(next)); err != nil {
			return fmt.Errorf("read PhoneAuthenticationMethods: %w", err)
		}
		for i := range list.Items {
			if err := do(&list.Items[i]); err != nil {
				return err
			}
		}
		if next = list.Continue; next == "" {
			return nil
		}
	}
}
