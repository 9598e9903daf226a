package phonemethod

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

type pam = v1alpha1.PhoneAuthenticationMethod

var pamResource = schema.GroupResource{Group: v1alpha1.GroupVersion.Group, Resource: "phoneauthenticationmethods"}

// cluster is an API server in memory for the kinds that a pass meets, with those
// of its rules that an operator can trip over: one version for each write and
// none for a write that changes nothing, conflicts, the status apart from the
// rest, generations, and finalizers. What is stored is replaced, never changed.
// TestTheModelsClusterIsLikeTheRealOne compares it with a kube-apiserver.
type cluster struct {
	version int64
	pams    map[client.ObjectKey]*pam
	secrets map[client.ObjectKey]*corev1.Secret
	labels  map[string]map[string]string // of namespaces, beside their names
	created map[string]int               // how many resources were ever created, by namespace
	// changed is told of every write, as a watch is.
	changed func(change)
}

// change is what a watch tells of one write: old is nil for a new object, now
// for one that is gone.
type change struct{ old, now *pam }

func newCluster() *cluster {
	return &cluster{pams: map[client.ObjectKey]*pam{}, secrets: map[client.ObjectKey]*corev1.Secret{}, labels: map[string]map[string]string{}, created: map[string]int{}, changed: func(change) {}}
}

func (c *cluster) store(was, o *pam) {
	c.version++
	o.ResourceVersion = strconv.FormatInt(c.version, 10)
	c.pams[client.ObjectKeyFromObject(o)] = o
	c.changed(change{old: was, now: o})
}

// create adds a resource as kubectl does.
func (c *cluster) create(o *pam) {
	c.created[o.Namespace]++
	o = o.DeepCopy()
	o.UID = types.UID(fmt.Sprintf("%s-%d", o.Name, c.version))
	o.CreationTimestamp = metav1.NewTime(time.Now().Truncate(time.Second))
	o.Generation = 1
	o.Status = v1alpha1.PhoneAuthenticationMethodStatus{ObservedGeneration: -1} // the schema's default
	c.store(nil, o)
}

// edit changes a resource as kubectl does.
func (c *cluster) edit(key client.ObjectKey, change func(*pam)) {
	was := c.pams[key]
	o := was.DeepCopy()
	change(o)
	if !equality.Semantic.DeepEqual(was.Spec, o.Spec) {
		o.Generation++
	}
	if !equality.Semantic.DeepEqual(was, o) {
		c.store(was, o)
	}
}

// remove deletes a resource as kubectl does: one with a finalizer is marked only.
func (c *cluster) remove(key client.ObjectKey) {
	was := c.pams[key]
	if len(was.Finalizers) == 0 {
		c.drop(was)
		return
	}
	if was.DeletionTimestamp.IsZero() {
		o := was.DeepCopy()
		now := metav1.NewTime(time.Now().Truncate(time.Second))
		o.DeletionTimestamp, o.DeletionGracePeriodSeconds = &now, new(int64)
		o.Generation++
		c.store(was, o)
	}
}

func (c *cluster) drop(was *pam) {
	c.version++
	delete(c.pams, client.ObjectKeyFromObject(was))
	c.changed(change{old: was})
}

// patch carries out a merge patch of the operator on a resource or on its status,
// and reads the answer into o, as a client does.
func (c *cluster) patch(o *pam, data []byte, status bool) error {
	key := client.ObjectKeyFromObject(o)
	live, ok := c.pams[key]
	if !ok {
		return apierrors.NewNotFound(pamResource, key.Name)
	}
	next, err := merged(live, data)
	if err != nil {
		return err
	}
	if next.ResourceVersion != live.ResourceVersion {
		return apierrors.NewConflict(pamResource, key.Name, fmt.Errorf("the object has been modified"))
	}
	if status {
		only := live.DeepCopy()
		only.Status = next.Status
		next = only
	} else {
		next.Status = live.Status
	}
	if added := slices.ContainsFunc(next.Finalizers, func(f string) bool { return !slices.Contains(live.Finalizers, f) }); added && !live.DeletionTimestamp.IsZero() {
		return apierrors.NewInvalid(schema.GroupKind{Group: pamResource.Group, Kind: "PhoneAuthenticationMethod"}, key.Name, nil)
	}
	if !equality.Semantic.DeepEqual(live.Spec, next.Spec) {
		next.Generation++
	}
	switch {
	case !next.DeletionTimestamp.IsZero() && len(next.Finalizers) == 0:
		c.drop(live)
	case !equality.Semantic.DeepEqual(live, next):
		c.store(live, next)
	}
	answer, err := json.Marshal(next)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, o)
}

// merged applies a JSON merge patch (RFC 7386).
func merged(live *pam, data []byte) (*pam, error) {
	was, err := json.Marshal(live)
	if err != nil {
		return nil, err
	}
	whole, err := jsonpatch.MergePatch(was, data)
	if err != nil {
		return nil, err
	}
	next := &pam{}
	return next, json.Unmarshal(whole, next)
}

// all gives the resources in the order of their names.
func (c *cluster) all() []*pam {
	return slices.SortedFunc(maps.Values(c.pams), func(a, b *pam) int { return strings.Compare(ref(a), ref(b)) })
}

func ref(o *pam) string { return o.Namespace + "/" + o.Name }
