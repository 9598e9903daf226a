package phonemethod

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// informer is the operator's cache of the resources: what was there when it
// started, and the changes that it was told of since. It may be behind.
type informer struct {
	seen    map[client.ObjectKey]*pam
	pending []change
	behind  int // passes that no change arrives before
}

// wakes reports whether a change is one that the controller watches for. It watches for deletions, too.
var wakes = predicate.Or[client.Object](changed(), predicate.Funcs{
	CreateFunc: func(event.CreateEvent) bool { return false }, UpdateFunc: func(event.UpdateEvent) bool { return false },
})

// arrive shows the oldest pending change to the operator.
func (i *informer) arrive(r *Reconciler, q *queue) {
	wake := func(o *pam) {
		for _, key := range r.userOfResource(context.Background(), o) {
			q.Add(key)
		}
	}
	c := i.pending[0]
	i.pending = i.pending[1:]
	switch {
	case c.old == nil:
		i.seen[client.ObjectKeyFromObject(c.now)] = c.now
		if wakes.Create(event.CreateEvent{Object: c.now}) {
			wake(c.now)
		}
	case c.now == nil:
		delete(i.seen, client.ObjectKeyFromObject(c.old))
		if wakes.Delete(event.DeleteEvent{Object: c.old}) {
			wake(c.old)
		}
	default:
		i.seen[client.ObjectKeyFromObject(c.now)] = c.now
		if wakes.Update(event.UpdateEvent{ObjectOld: c.old, ObjectNew: c.now}) {
			wake(c.old)
			wake(c.now)
		}
	}
}

// operatorClient is the operator's way to the cluster: reads of resources from
// the cache, writes to the API server.
type operatorClient struct {
	client.Client // the rest is not used
	*process
}

func (c operatorClient) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch o := into.(type) {
	case *v1alpha1.EntraTenant:
		if c.m.tenant.state == tenantMissing {
			return apierrors.NewNotFound(pamResource, key.Name)
		}
	case *pam:
		if look := c.look; look != nil {
			c.look = nil
			look()
		}
		seen, ok := c.informer.seen[key]
		if !ok {
			return apierrors.NewNotFound(pamResource, key.Name)
		}
		seen.DeepCopyInto(o)
	case *metav1.PartialObjectMetadata:
		o.Labels = map[string]string{corev1.LabelMetadataName: key.Name}
		maps.Copy(o.Labels, c.m.cluster.labels[key.Name])
	default:
		panic(fmt.Sprintf("get of %T", into))
	}
	return nil
}

func (c operatorClient) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	list := into.(*v1alpha1.PhoneAuthenticationMethodList)
	var o client.ListOptions
	o.ApplyOptions(options)
	for _, one := range c.informer.seen {
		if o.Namespace != "" && one.Namespace != o.Namespace || !c.indexed(one, o) {
			continue
		}
		list.Items = append(list.Items, *one.DeepCopy())
	}
	slices.SortFunc(list.Items, func(a, b pam) int { return strings.Compare(ref(&a), ref(&b)) })
	return nil
}

func (c operatorClient) indexed(one *pam, o client.ListOptions) bool {
	if o.FieldSelector == nil {
		return true
	}
	for _, r := range o.FieldSelector.Requirements() {
		if !slices.Contains(c.indexes[r.Field](one), r.Value) {
			return false
		}
	}
	return true
}

func (c operatorClient) Patch(ctx context.Context, into client.Object, p client.Patch, _ ...client.PatchOption) error {
	return c.patch(ctx, into.(*pam), p, false)
}

func (c operatorClient) Status() client.SubResourceWriter { return statusWriter{process: c.process} }

type statusWriter struct {
	client.SubResourceWriter
	*process
}

func (w statusWriter) Patch(ctx context.Context, into client.Object, p client.Patch, _ ...client.SubResourcePatchOption) error {
	return w.patch(ctx, into.(*pam), p, true)
}

// spoils has do look at each of the operator's writes of a resource before it is sent: an error is the API server's
// answer.
func (m *model) spoils(do func(o *pam, status bool) error) { m.process.spoil = do }

// patch is every write of the operator to the API server.
func (p *process) patch(ctx context.Context, o *pam, by client.Patch, status bool) error {
	if p.spoil != nil {
		if err := p.spoil(o, status); err != nil {
			return err
		}
	}
	data, err := by.Data(o)
	if err != nil {
		return err
	}
	p.tick("before a write to the API server")
	if err := ctx.Err(); err != nil {
		return err
	}
	fault := p.m.apiFault()
	if fault == apiFailsBefore {
		return apierrors.NewTimeoutError("the API server is away", 1)
	}
	key := client.ObjectKeyFromObject(o)
	was := p.m.cluster.pams[key]
	err = p.m.cluster.patch(o, data, status)
	if now := p.m.cluster.pams[key]; err == nil && now != was {
		p.m.wroteCluster(was, now, data, status)
	}
	p.tick("after a write to the API server")
	if fault == apiFailsAfter {
		return apierrors.NewTimeoutError("the API server is away", 1)
	}
	return err
}

// reader reads from the API server, past the cache.
type reader struct {
	client.Reader
	*process
}

func (r reader) Get(ctx context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	r.tick("before a read from the API server")
	if err := ctx.Err(); err != nil {
		return err
	}
	switch o := into.(type) {
	case *corev1.Secret:
		if key.Namespace == r.secretless {
			return apierrors.NewForbidden(corev1.Resource("secrets"), key.Name, nil)
		}
		live, ok := r.m.cluster.secrets[key]
		if !ok {
			return apierrors.NewNotFound(corev1.Resource("secrets"), key.Name)
		}
		live.DeepCopyInto(o)
	case *pam:
		live, ok := r.m.cluster.pams[key]
		if !ok {
			return apierrors.NewNotFound(pamResource, key.Name)
		}
		live.DeepCopyInto(o)
	default:
		panic(fmt.Sprintf("read of %T", into))
	}
	return nil
}

// indexes collects the functions of the field indexes, as a manager's cache does.
type indexes map[string]client.IndexerFunc

func (i indexes) IndexField(_ context.Context, of client.Object, field string, value client.IndexerFunc) error {
	if _, ok := of.(*pam); ok {
		i[field] = value
	}
	return nil
}
