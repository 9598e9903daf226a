package recording

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Client answers in place of the API server. What is written to it is judged and completed, and stored nowhere. Of lists it
// has the PhoneAuthenticationMethods, by namespace.
func (r *Recording) Client() client.Client { return &server{Recording: r} }

type server struct {
	client.Client // nil: the rest is not there
	*Recording
}

// errNotThere is for what a plan does not ask an API server.
var errNotThere = errors.New("a recording does not do this")

// kinds are those that a plan reads.
var kinds = func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme} {
		if err := add(s); err != nil {
			panic(err) // two types of one name
		}
	}
	return s
}()

// resources are the kinds that are recorded.
var resources = map[string]runtimeschema.GroupResource{
	"PhoneAuthenticationMethod": {Group: v1alpha1.GroupVersion.Group, Resource: "phoneauthenticationmethods"},
	"EntraTenant":               {Group: v1alpha1.GroupVersion.Group, Resource: "entratenants"},
	"Namespace":                 {Resource: "namespaces"},
	"Secret":                    {Resource: "secrets"},
}

// Get reads an object. A Secret that was not recorded is Forbidden, as one is that may not be read.
func (s *server) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	gvk, err := apiutil.GVKForObject(into, kinds)
	if err != nil {
		return err
	}
	resource, ok := resources[gvk.Kind]
	found := s.objects[objectKey{gvk.Kind, key.Namespace, key.Name}]
	switch {
	case !ok:
		return errNotThere
	case found == nil && gvk.Kind == "Secret" && !s.absent[key]:
		return apierrors.NewForbidden(resource, key.Name, &NotRecorded{})
	case found == nil:
		return apierrors.NewNotFound(resource, key.Name)
	}
	return fill(into, found)
}

// HasKey reports whether it is known what a Secret has under a key, if it has it.
func (r *Recording) HasKey(secret client.ObjectKey, name string) bool {
	if r.absent[secret] {
		return true
	}
	keys, isPart := r.parts[secret]
	return r.objects[objectKey{"Secret", secret.Namespace, secret.Name}] != nil && (!isPart || slices.Contains(keys, name))
}

// MayApply reports whether whoever made it might apply objects of a kind.
func (r *Recording) MayApply(kind string) bool { return r.may[kind] }

// fill copies an object into one of whatever type.
func fill(into client.Object, from *unstructured.Unstructured) error {
	if u, ok := into.(runtime.Unstructured); ok {
		u.SetUnstructuredContent(runtime.DeepCopyJSON(from.Object))
		return nil
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(from.Object, into)
}

// List lists PhoneAuthenticationMethods, whole.
func (s *server) List(_ context.Context, into client.ObjectList, opts ...client.ListOption) error {
	list, ok := into.(*v1alpha1.PhoneAuthenticationMethodList)
	if !ok {
		return errNotThere
	}
	in := (&client.ListOptions{}).ApplyOptions(opts).Namespace
	for key, o := range s.objects {
		if key.kind != "PhoneAuthenticationMethod" || in != "" && key.namespace != in {
			continue
		}
		var item v1alpha1.PhoneAuthenticationMethod
		if err := fill(&item, o); err != nil {
			return err
		}
		list.Items = append(list.Items, item)
	}
	slices.SortFunc(list.Items, func(a, b v1alpha1.PhoneAuthenticationMethod) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return nil
}

// live is the object that one is about; nil if it is new. The error is of a namespace that is not there, or takes nothing new.
func (s *server) live(o *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	resource, ok := resources[o.GetKind()]
	if !ok {
		return nil, errNotThere
	}
	in := o.GetNamespace()
	namespace, live := s.objects[objectKey{"Namespace", "", in}], s.objects[objectKey{o.GetKind(), in, o.GetName()}]
	switch {
	case in != "" && namespace == nil:
		return nil, apierrors.NewNotFound(resources["Namespace"], in)
	case in != "" && live == nil && namespace.GetDeletionTimestamp() != nil:
		return nil, terminating(resource, o.GetName(), in)
	}
	return live, nil
}

// terminating is what the API server says to whatever is new in a namespace that goes.
func terminating(resource runtimeschema.GroupResource, name, namespace string) error {
	err := apierrors.NewForbidden(resource, name, fmt.Errorf("unable to create new content in namespace %s because it is being terminated", namespace))
	err.ErrStatus.Details.Causes = append(err.ErrStatus.Details.Causes, metav1.StatusCause{
		Type: corev1.NamespaceTerminatingCause, Message: fmt.Sprintf("namespace %s is being terminated", namespace), Field: "metadata.namespace",
	})
	return err
}

// Create completes and judges a new object.
func (s *server) Create(ctx context.Context, o client.Object, _ ...client.CreateOption) error {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return errNotThere
	}
	if _, err := s.live(u); err != nil {
		return err
	}
	if u.GetName() == "" {
		u.SetName(u.GetGenerateName() + "xxxxx")
	}
	if err := s.decode(u); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	return s.admit(ctx, u, nil)
}

// Patch takes a JSON merge patch.
func (s *server) Patch(ctx context.Context, o client.Object, patch client.Patch, _ ...client.PatchOption) error {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return errNotThere
	}
	live, err := s.live(u)
	switch {
	case err != nil:
		return err
	case live == nil:
		return apierrors.NewNotFound(resources[u.GetKind()], u.GetName())
	}
	got, err := merged(live, u, patch)
	if err != nil {
		return err
	}
	if err := s.decode(got); err != nil {
		return apierrors.NewInvalid(u.GroupVersionKind().GroupKind(), u.GetName(), field.ErrorList{field.Invalid(field.NewPath("patch"), "", err.Error())})
	}
	if err := s.admit(ctx, got, live); err != nil {
		return err
	}
	u.Object = got.Object
	return nil
}

// Apply applies a configuration as server-side apply does.
func (s *server) Apply(ctx context.Context, configuration runtime.ApplyConfiguration, opts ...client.ApplyOption) error {
	u, ok := configuration.(runtime.Unstructured)
	if !ok {
		return errNotThere
	}
	want := &unstructured.Unstructured{Object: u.UnstructuredContent()}
	if err := normalise(want); err != nil {
		return err
	}
	live, err := s.live(want)
	if err != nil {
		return err
	}
	manager := (&client.ApplyOptions{}).ApplyOptions(opts).FieldManager
	got, err := applied(s.typesOf(want), live, want, manager)
	if err != nil {
		return err
	}
	if err := s.admit(ctx, got, live); err != nil {
		return err
	}
	u.SetUnstructuredContent(got.Object)
	return nil
}

// SubResource is for nobody: a plan keeps status to itself.
func (s *server) SubResource(string) client.SubResourceClient { return nil }
