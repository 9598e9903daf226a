package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/recording"
)

// layers lays manifests over a cluster.
type layers struct {
	*cluster
	// manager is in whose name the API server is asked; "": whoever applied the object last.
	manager string
	trust   bool // manifests of tenants and namespaces count though the caller may not apply them
	now     time.Time
	clock   func() time.Time
	// recorded is what stands in place of the cluster and of Graph; nil: nothing does.
	recorded *recording.Recording
	around   func(policy.Transporter) policy.Transporter // of what sends requests to Graph; nil: nothing is
	unasked  map[string]bool                             // why the API server was not asked about some
	changed  map[string]bool                             // EntraTenants whose spec a manifest changes
	// rerouted are those of them that sign in elsewhere, or otherwise, than the cluster's.
	rerouted map[string]bool
	// rewritten are Secrets that a manifest changes, and relabelled Namespaces.
	rewritten  map[client.ObjectKey]bool
	relabelled map[string]bool
	// previous are the Secrets of manifests as the cluster has them.
	previous map[client.ObjectKey]*corev1.Secret
	before   map[client.ObjectKey]*method
}

// lay lays a manifest over. The error refused is the API server's, or says that the manifest cannot be read.
func (l *layers) lay(ctx context.Context, manifest *unstructured.Unstructured) (refused, err error) {
	want := bare(manifest)
	if l.recorded != nil && !l.trust && isOfRules(want) && !l.recorded.MayApply(want.GetKind()) {
		l.unasked[fmt.Sprintf("whoever made the recording may not apply %s %s: what the recording has counts, and not the manifest (--trust-tenants)", want.GetKind(), want.GetName())] = true
		return nil, nil
	}
	live, err := l.live(ctx, want)
	if err != nil {
		return nil, err
	}
	got, err := l.ask(ctx, want, live)
	switch {
	case err == nil:
	case lacksRight(err) && !l.trust && isOfRules(want):
		l.unasked[fmt.Sprintf("you may not apply %s %s: what the cluster has counts, and not the manifest (--trust-tenants)", want.GetKind(), want.GetName())] = true
		return nil, nil
	case lacksRight(err):
		l.unasked[fmt.Sprintf("you may not apply %s in %q: what the API server would say to them is not known", want.GetKind(), want.GetNamespace())] = true
		got = overlaid(want, live)
	case isRefusal(err):
		return err, nil
	default:
		return nil, fmt.Errorf("ask the API server about %s %s: %w", want.GetKind(), client.ObjectKeyFromObject(want), maskedError{err})
	}
	return l.store(got, live), nil
}

// isOfRules reports whether a manifest says who may manage whom. From one that the caller might not apply, anybody could learn
// what the rules of the cluster hide.
func isOfRules(o *unstructured.Unstructured) bool {
	return o.GetKind() == "EntraTenant" || o.GetKind() == "Namespace"
}

// lacksRight tells that the caller may not write the object at all from a refusal of what is in it, which has the same code.
func lacksRight(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), `" cannot `) && strings.Contains(err.Error(), ` resource "`)
}

// isRefusal tells an answer about the object from one that says nothing of it. NotFound is of its namespace. What is not of the
// types that the schema wants comes without a reason.
func isRefusal(err error) bool {
	return apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) || apierrors.IsForbidden(err) || apierrors.IsConflict(err) ||
		apierrors.IsNotFound(err) || apierrors.IsRequestEntityTooLargeError(err) || strings.Contains(err.Error(), "failed to create typed patch object (") ||
		strings.Contains(err.Error(), "failed to convert new object (")
}

// bare leaves of a manifest what people write.
func bare(manifest *unstructured.Unstructured) *unstructured.Unstructured {
	o := manifest.DeepCopy()
	delete(o.Object, "status")
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field)
	}
	return o
}

// live is the object that the manifest is about; nil if there is none, or it may not be read.
func (l *layers) live(ctx context.Context, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(want.GroupVersionKind())
	err := l.Client.Get(ctx, client.ObjectKeyFromObject(want), live)
	switch {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read %s %s: %w", want.GetKind(), client.ObjectKeyFromObject(want), err)
	}
	return live, nil
}

// strictly has fields refused that nobody knows, as kubectl and server-side apply have.
const strictly = client.FieldValidation(metav1.FieldValidationStrict)

// ask has the API server say what would become of the object, without storing it.
func (l *layers) ask(ctx context.Context, want, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	got := want.DeepCopy()
	applied, manager := appliedAs(live)
	switch {
	case live == nil && l.isNew(want.GetNamespace()):
		return l.askElsewhere(ctx, want)
	case applied != "" && l.manager == "":
		modified, err := json.Marshal(want)
		if err != nil {
			return nil, err
		}
		patch, err := threeWay([]byte(applied), modified, live)
		if err != nil {
			return nil, err
		}
		return got, l.Client.Patch(ctx, got, client.RawPatch(types.MergePatchType, patch), strictly)
	case l.manager != "":
		manager = l.manager
	}
	return got, l.Apply(ctx, client.ApplyConfigurationFromUnstructured(got), client.ForceOwnership, client.FieldOwner(manager))
}

// isNew reports whether a namespace comes with the manifests and is not in the cluster yet.
func (l *layers) isNew(namespace string) bool {
	ns := l.namespaces[namespace]
	return ns != nil && ns.ResourceVersion == ""
}

// askElsewhere asks about an object whose namespace does not exist yet: the schema and its rules are the same everywhere.
func (l *layers) askElsewhere(ctx context.Context, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	got := want.DeepCopy()
	got.SetNamespace(metav1.NamespaceDefault)
	got.SetName("")
	got.SetGenerateName("plan-")
	if err := l.Create(ctx, got, strictly); err != nil {
		return nil, err
	}
	got.SetNamespace(want.GetNamespace())
	got.SetName(want.GetName())
	return got, nil
}

// overlaid is about what would become of an object, where the API server was not asked.
func overlaid(want, live *unstructured.Unstructured) *unstructured.Unstructured {
	if live == nil {
		return want.DeepCopy()
	}
	got := live.DeepCopy()
	for field, value := range want.Object {
		if field != "metadata" && field != "status" {
			got.Object[field] = runtime.DeepCopyJSONValue(value)
		}
	}
	if !equality.Semantic.DeepEqual(got.Object["spec"], live.Object["spec"]) {
		got.SetGeneration(live.GetGeneration() + 1)
	}
	labels := got.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	maps.Copy(labels, want.GetLabels())
	got.SetLabels(labels)
	return got
}
