package preview

import (
	"bytes"
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// overlay is what the manifests lay over the cluster beside resources, and what of it is other than the cluster has it.
type overlay struct {
	tenants    map[string]layeredTenant
	namespaces map[string]layeredNamespace
	secrets    map[client.ObjectKey]layeredSecret
}

type layeredTenant struct {
	*v1alpha1.EntraTenant
	changed  bool // its spec is
	rerouted bool // it signs in elsewhere, or otherwise
}

type layeredNamespace struct {
	*metav1.PartialObjectMetadata
	isNew      bool // the cluster does not have it yet
	relabelled bool // the access rules may see a difference
}

type layeredSecret struct {
	is     *corev1.Secret // nil: it is sealed
	was    *corev1.Secret // nil: it is new, or sealed
	sealed bool           // what it has is encrypted
}

// layOthers lays the manifests over that are no resources. Namespaces come first: what is in a new one is asked about otherwise.
func (s source) layOthers(ctx context.Context, m manifests) (overlay, told, error) {
	over := overlay{map[string]layeredTenant{}, map[string]layeredNamespace{}, map[client.ObjectKey]layeredSecret{}}
	namespaces, t, err := laid(ctx, s, m.namespaces, over.isNew, layeredNamespaceOf)
	if err != nil {
		return over, t, err
	}
	for _, o := range namespaces {
		over.namespaces[o.Name] = o
	}
	tenants, ofTenants, err := laid(ctx, s, m.tenants, over.isNew, layeredTenantOf)
	if err != nil {
		return over, t, err
	}
	for _, o := range tenants {
		over.tenants[o.Name] = o
	}
	secrets, ofSecrets, err := laid(ctx, s, m.secrets, over.isNew, layeredSecretOf)
	for _, o := range secrets {
		over.secrets[client.ObjectKeyFromObject(o.is)] = o
	}
	t = t.and(ofTenants).and(ofSecrets)
	for _, o := range m.sealed {
		if o.GetKind() == "Secret" {
			over.secrets[client.ObjectKeyFromObject(o)] = layeredSecret{sealed: true}
		} else {
			t.rows = append(t.rows, sealedRow(o))
		}
	}
	return over, t, err
}

// isNew reports whether a namespace comes with the manifests and is not in the cluster yet.
func (over overlay) isNew(namespace string) bool { return over.namespaces[namespace].isNew }

func layeredNamespaceOf(l layer) (layeredNamespace, error) {
	ns, err := typed[metav1.PartialObjectMetadata](&unstructured.Unstructured{Object: map[string]any{"metadata": l.got.Object["metadata"]}})
	if err != nil {
		return layeredNamespace{}, err
	}
	if ns.Labels == nil {
		ns.Labels = map[string]string{}
	}
	ns.Labels[corev1.LabelMetadataName] = ns.Name
	return layeredNamespace{ns, l.live == nil, l.live == nil || !equality.Semantic.DeepEqual(l.live.GetLabels(), l.got.GetLabels())}, nil
}

func layeredTenantOf(l layer) (layeredTenant, error) {
	o, err := typed[v1alpha1.EntraTenant](l.got)
	return layeredTenant{
		EntraTenant: o,
		changed:     l.live == nil || !equality.Semantic.DeepEqual(l.live.Object["spec"], l.got.Object["spec"]),
		rerouted:    l.live == nil || !isSameWay(l.live, l.got),
	}, err
}

// isSameWay reports whether two versions of an EntraTenant sign in with the same credential at the same place.
func isSameWay(a, b *unstructured.Unstructured) bool {
	return !slices.ContainsFunc([]string{"tenantID", "clientID", "credential", "cloud", "endpoint"}, func(field string) bool {
		was, _, _ := unstructured.NestedFieldNoCopy(a.Object, "spec", field)
		is, _, _ := unstructured.NestedFieldNoCopy(b.Object, "spec", field)
		return !equality.Semantic.DeepEqual(was, is)
	})
}

func layeredSecretOf(l layer) (s layeredSecret, err error) {
	if s.is, err = typed[corev1.Secret](l.got); err != nil {
		return s, err
	}
	for name, value := range s.is.StringData { // where the API server was not asked
		if s.is.Data == nil {
			s.is.Data = map[string][]byte{}
		}
		s.is.Data[name] = []byte(value)
	}
	if l.live != nil {
		s.was, err = typed[corev1.Secret](l.live)
	}
	return s, err
}

// changes reports whether the manifests change the numbers in a Secret, or for whom they are.
func (s layeredSecret) changes() bool {
	return !s.isForSame() || !equality.Semantic.DeepEqual(s.was.Data, s.is.Data)
}

func (s layeredSecret) isForSame() bool {
	return s.was != nil && s.is != nil && equality.Semantic.DeepEqual(s.was.Annotations, s.is.Annotations) && equality.Semantic.DeepEqual(s.was.Labels, s.is.Labels)
}

// keeps reports whether the manifests leave what a key has as it was.
func (s layeredSecret) keeps(key string) bool {
	if !s.isForSame() {
		return false
	}
	before, had := s.was.Data[key]
	after, has := s.is.Data[key]
	return had == has && bytes.Equal(before, after)
}
