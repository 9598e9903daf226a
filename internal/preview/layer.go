package preview

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// layer is a manifest as the API server would store it.
type layer struct {
	got  *unstructured.Unstructured // nil: the manifest does not count
	live *unstructured.Unstructured // what the cluster has; nil: there is none, or it may not be read
}

// laid asks the API server about manifests, and reads what it makes of them. What it does not take is refused, and so is what is
// no object of its kind after all. isNew are the namespaces that come with them.
func laid[T any](ctx context.Context, s source, manifests []*unstructured.Unstructured, isNew func(namespace string) bool, read func(layer) (T, error)) (all []T, t told, err error) {
	for _, o := range manifests {
		l, more, err := s.lay(ctx, o, isNew)
		if err != nil {
			return nil, t, err
		}
		t.rows, t.notes = append(t.rows, more.rows...), append(t.notes, more.notes...)
		if l.got == nil {
			continue
		}
		one, err := read(l)
		if err != nil {
			t.rows = append(t.rows, refusedRow(o, err))
			continue
		}
		all = append(all, one)
	}
	return all, t, nil
}

func typed[T any](o *unstructured.Unstructured) (*T, error) {
	into := new(T)
	return into, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into)
}

func (s source) lay(ctx context.Context, manifest *unstructured.Unstructured, isNew func(namespace string) bool) (layer, told, error) {
	want := bare(manifest)
	kind, name := want.GetKind(), want.GetName()
	if s.recorded != nil && !s.trust && isOfRules(want) && !s.recorded.MayApply(kind) {
		return layer{}, note("whoever made the recording may not apply %s %s: what the recording has counts, and not the manifest (--trust-tenants)", kind, name), nil
	}
	live, err := s.live(ctx, want)
	if err != nil {
		return layer{}, told{}, err
	}
	got, err := s.ask(ctx, want, live, isNew)
	switch {
	case err == nil:
		return layer{s.completed(got, live), live}, told{}, nil
	case lacksRight(err) && !s.trust && isOfRules(want):
		return layer{}, note("you may not apply %s %s: what the cluster has counts, and not the manifest (--trust-tenants)", kind, name), nil
	case lacksRight(err):
		return layer{s.completed(unasked(want, live), live), live},
			note("you may not apply %s in %q: what the API server would say to them is not known", kind, want.GetNamespace()), nil
	case isRefusal(err):
		return layer{}, told{rows: []Row{refusedRow(manifest, err)}}, nil
	}
	return layer{}, told{}, fmt.Errorf("ask the API server about %s %s: %w", kind, client.ObjectKeyFromObject(want), maskedError{err})
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
func (s source) live(ctx context.Context, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(want.GroupVersionKind())
	err := s.api.Get(ctx, client.ObjectKeyFromObject(want), live)
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
func (s source) ask(ctx context.Context, want, live *unstructured.Unstructured, isNew func(namespace string) bool) (*unstructured.Unstructured, error) {
	got := want.DeepCopy()
	applied, manager := appliedAs(live)
	switch {
	case live == nil && isNew(want.GetNamespace()):
		return s.askElsewhere(ctx, want)
	case applied != "" && s.manager == "":
		modified, err := json.Marshal(want)
		if err != nil {
			return nil, err
		}
		patch, err := threeWay([]byte(applied), modified, live)
		if err != nil {
			return nil, err
		}
		return got, s.api.Patch(ctx, got, client.RawPatch(types.MergePatchType, patch), strictly)
	case s.manager != "":
		manager = s.manager
	}
	return got, s.api.Apply(ctx, client.ApplyConfigurationFromUnstructured(got), client.ForceOwnership, client.FieldOwner(manager))
}

// askElsewhere asks about an object whose namespace does not exist yet: the schema and its rules are the same everywhere.
func (s source) askElsewhere(ctx context.Context, want *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	got := want.DeepCopy()
	got.SetNamespace(metav1.NamespaceDefault)
	got.SetName("")
	got.SetGenerateName("plan-")
	if err := s.api.Create(ctx, got, strictly); err != nil {
		return nil, err
	}
	got.SetNamespace(want.GetNamespace())
	got.SetName(want.GetName())
	return got, nil
}

// unasked is about what would become of an object, where the API server was not asked.
func unasked(want, live *unstructured.Unstructured) *unstructured.Unstructured {
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

// completed gives a new object what the API server would have given it. All new ones are of one age, so that who comes
// first does not depend on how fast they were asked about.
func (s source) completed(o, live *unstructured.Unstructured) *unstructured.Unstructured {
	if live != nil {
		return o
	}
	o = o.DeepCopy()
	o.SetCreationTimestamp(metav1.NewTime(s.began.Truncate(time.Second)))
	o.SetUID(uuid.NewUUID())
	o.SetDeletionTimestamp(nil) // nothing new is being deleted
	o.SetDeletionGracePeriodSeconds(nil)
	o.SetResourceVersion("")
	o.SetGeneration(1)
	return o
}
