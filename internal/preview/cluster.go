package preview

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers/phonemethod"
	"github.com/entraops/phone-operator/internal/index"
	"github.com/entraops/phone-operator/internal/user"
)

// cluster is what the reconciler sees of one: the API server's resources, with manifests laid over. The reconciler's
// writes change it and nothing else: the client that it stands on is for dry runs.
type cluster struct {
	client.Client
	overlay overlay
	tenants map[string]*v1alpha1.EntraTenant // all that matter

	methods  map[client.ObjectKey]*method // all that matter
	indexed  map[string]map[client.ObjectKey]bool
	indexers map[string]client.IndexerFunc

	namespaces map[string]namespace      // those that were read
	unreadable map[client.ObjectKey]bool // Secrets that the API server does not show to the caller
}

func newCluster(ctx context.Context, api client.Client, s snapshot) (*cluster, error) {
	c := &cluster{
		Client: api, overlay: s.overlay, tenants: s.tenants,
		methods: map[client.ObjectKey]*method{}, indexed: map[string]map[client.ObjectKey]bool{}, indexers: map[string]client.IndexerFunc{},
		namespaces: map[string]namespace{}, unreadable: map[client.ObjectKey]bool{},
	}
	if err := index.Add(ctx, c); err != nil {
		return nil, err
	}
	for _, o := range s.methods {
		if err := c.put(o); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// IndexField has the resources indexed as the operator's cache has them.
func (c *cluster) IndexField(_ context.Context, of client.Object, field string, value client.IndexerFunc) error {
	if _, ok := of.(*method); ok {
		c.indexers[field] = value
	}
	return nil
}

// put stores a resource in place of the one of its name. It is not changed from then on.
func (c *cluster) put(o *method) error {
	if _, err := phonemethod.Thin(o); err != nil {
		return err
	}
	key := client.ObjectKeyFromObject(o)
	c.drop(key)
	c.methods[key] = o
	for field, values := range c.indexers {
		for _, value := range values(o) {
			if c.indexed[field+" "+value] == nil {
				c.indexed[field+" "+value] = map[client.ObjectKey]bool{}
			}
			c.indexed[field+" "+value][key] = true
		}
	}
	return nil
}

func (c *cluster) drop(key client.ObjectKey) {
	was := c.methods[key]
	if was == nil {
		return
	}
	delete(c.methods, key)
	for field, values := range c.indexers {
		for _, value := range values(was) {
			delete(c.indexed[field+" "+value], key)
		}
	}
}

// Get reads what the reconciler and the connection to a tenant need.
func (c *cluster) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch o := into.(type) {
	case *method:
		if found := c.methods[key]; found != nil {
			found.DeepCopyInto(o)
			return nil
		}
		return notFound("phoneauthenticationmethods", key)
	case *v1alpha1.EntraTenant:
		if found := c.tenants[key.Name]; found != nil {
			found.DeepCopyInto(o)
			return nil
		}
		return notFound("entratenants", key)
	case *metav1.PartialObjectMetadata:
		return c.getNamespace(ctx, key.Name, o)
	case *corev1.Secret:
		switch found := c.overlay.secrets[key]; {
		case found.sealed:
			return notFound("secrets", key) // what the cluster has is replaced by what nobody knows here
		case found.is != nil:
			found.is.DeepCopyInto(o)
			return nil
		}
		err := c.Client.Get(ctx, key, o)
		if apierrors.IsForbidden(err) {
			c.unreadable[key] = true
		}
		return err
	default:
		return fmt.Errorf("a preview reads no %T", into)
	}
}

func (c *cluster) getNamespace(ctx context.Context, name string, into *metav1.PartialObjectMetadata) error {
	if found := c.overlay.namespaces[name]; found.PartialObjectMetadata != nil {
		found.DeepCopyInto(into)
		return nil
	}
	found, ok := c.namespaces[name]
	if !ok {
		var err error
		if found, err = readNamespace(ctx, c.Client, name); err != nil {
			return err
		}
		c.namespaces[name] = found
	}
	found.DeepCopyInto(into)
	return nil
}

// ofUser are the resources of a user, in any order.
func (c *cluster) ofUser(key user.Key) (all []*method) {
	for of := range c.indexed[index.User+" "+key.String()] {
		all = append(all, c.methods[of])
	}
	return all
}

// List lists resources by one field.
func (c *cluster) List(_ context.Context, into client.ObjectList, opts ...client.ListOption) error {
	list, ok := into.(*v1alpha1.PhoneAuthenticationMethodList)
	by := (&client.ListOptions{}).ApplyOptions(opts)
	if !ok || by.FieldSelector == nil || len(by.FieldSelector.Requirements()) != 1 {
		return fmt.Errorf("a preview lists no %T but by one field", into)
	}
	r := by.FieldSelector.Requirements()[0]
	for key := range c.indexed[r.Field+" "+r.Value] {
		if by.Namespace == "" || by.Namespace == key.Namespace {
			list.Items = append(list.Items, *c.methods[key].DeepCopy())
		}
	}
	return nil
}

// Patch stores the resource as it was patched, but for its status. One whose deletion nothing holds up any more is gone.
func (c *cluster) Patch(_ context.Context, into client.Object, _ client.Patch, _ ...client.PatchOption) error {
	return c.change(into, func(was, o *method) { o.Status = was.Status })
}

// Status is for patches of the status.
func (c *cluster) Status() client.SubResourceWriter {
	return statusWriter{c.Client.Status(), c}
}

type statusWriter struct {
	client.SubResourceWriter
	cluster *cluster
}

// Patch stores the status.
func (w statusWriter) Patch(_ context.Context, into client.Object, _ client.Patch, _ ...client.SubResourcePatchOption) error {
	return w.cluster.change(into, func(was, o *method) {
		status := o.Status
		was.DeepCopyInto(o)
		o.Status = status
	})
}

func (c *cluster) change(into client.Object, merge func(was, o *method)) error {
	o, ok := into.(*method)
	key := client.ObjectKeyFromObject(into)
	was := c.methods[key]
	switch {
	case !ok:
		return fmt.Errorf("a preview writes no %T", into)
	case was == nil:
		return notFound("phoneauthenticationmethods", key)
	}
	merge(was, o)
	if !o.DeletionTimestamp.IsZero() && !controllerutil.ContainsFinalizer(o, v1alpha1.Finalizer) {
		c.drop(key)
		return nil
	}
	return c.put(o.DeepCopy())
}

func notFound(resource string, key client.ObjectKey) error {
	return apierrors.NewNotFound(schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: resource}, key.Name)
}

var _ client.Client = (*cluster)(nil)
