package survey

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/inorder"
	"github.com/entraops/phone-operator/internal/preview"
	"github.com/entraops/phone-operator/internal/recording"
	"github.com/entraops/phone-operator/internal/throttle"
)

// RecordOptions say what is recorded: what the cluster has, and what Graph says of the users of its resources.
type RecordOptions struct {
	API client.Client
	// Tenant is the EntraTenant whose Graph is asked; "": all of the cluster.
	Tenant string
	// Ambient signs in to Graph with what the machine has, not with the EntraTenants' credentials.
	Ambient bool
	// Of are more users of Tenant.
	Of Selection
	// Progress is told after each user how many were asked about, and how many there are; 0: that is not known. nil: nobody is.
	Progress func(done, all int)
}

// Recorded is what a recording has.
type Recorded struct {
	Tenants []string // whose Graph was asked
	Users   int
	Left    []string // users about whom Graph did not answer, by the name or id that was asked for
	Notes   []string
}

// Record records what a plan asks. An error says what to do.
func Record(ctx context.Context, o RecordOptions, w *recording.Writer) (Recorded, error) {
	r := recorder{RecordOptions: o, writer: w, users: map[string]map[string]bool{}, secrets: map[client.ObjectKey]map[string]bool{}, credentials: map[client.ObjectKey]bool{}}
	for _, step := range []func(context.Context) error{r.schemas, r.rights, r.namespaces, r.tenants, r.methods, r.numbers} {
		if err := step(ctx); err != nil {
			return r.Recorded, err
		}
	}
	for _, name := range r.names {
		if o.Tenant != "" && name != o.Tenant {
			continue
		}
		if err := r.tenant(ctx, name); err != nil {
			return r.Recorded, err
		}
	}
	if o.Tenant != "" && !slices.Contains(r.names, o.Tenant) {
		return r.Recorded, fmt.Errorf("there is no EntraTenant %s in the cluster", o.Tenant)
	}
	return r.Recorded, nil
}

type recorder struct {
	RecordOptions
	Recorded
	writer  *recording.Writer
	names   []string                             // of EntraTenants
	users   map[string]map[string]bool           // by EntraTenant: as resources name them, and their ids
	secrets map[client.ObjectKey]map[string]bool // the keys that have numbers
	// credentials are Secrets of EntraTenants: a resource that names one for its number does not bring it into the recording.
	credentials map[client.ObjectKey]bool
}

func (r *recorder) schemas(ctx context.Context) error {
	for _, plural := range []string{"phoneauthenticationmethods", "entratenants"} {
		crd := &unstructured.Unstructured{}
		crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
		if err := r.API.Get(ctx, client.ObjectKey{Name: plural + "." + v1alpha1.GroupVersion.Group}, crd); err != nil {
			return fmt.Errorf("read the CustomResourceDefinition of %s: %w", plural, err)
		}
		if err := r.writer.Object(crd); err != nil {
			return err
		}
	}
	return nil
}

// rights records whether the caller may apply what says who may manage whom.
func (r *recorder) rights(ctx context.Context) error {
	for kind, of := range map[string]schema.GroupResource{
		"EntraTenant": {Group: v1alpha1.GroupVersion.Group, Resource: "entratenants"}, "Namespace": {Resource: "namespaces"},
	} {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "patch", Group: of.Group, Resource: of.Resource},
		}}
		if err := r.API.Create(ctx, review); err != nil {
			return fmt.Errorf("ask whether you may apply %s: %w", of.Resource, err)
		}
		if review.Status.Allowed {
			r.writer.May(kind)
		}
	}
	return nil
}

func (r *recorder) namespaces(ctx context.Context) error {
	var all metav1.PartialObjectMetadataList
	all.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	if err := r.API.List(ctx, &all); err != nil {
		return fmt.Errorf("read the namespaces: %w", err)
	}
	for i := range all.Items {
		all.Items[i].SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
		if err := r.writer.Object(&all.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) tenants(ctx context.Context) error {
	var all v1alpha1.EntraTenantList
	if err := r.API.List(ctx, &all); err != nil {
		return fmt.Errorf("read the EntraTenants: %w", err)
	}
	for i := range all.Items {
		o := &all.Items[i]
		o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("EntraTenant"))
		if err := r.writer.Object(o); err != nil {
			return err
		}
		r.names = append(r.names, o.Name)
		if ref := o.Spec.Credential.SecretReference(); ref != nil {
			r.credentials[client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}] = true
		}
	}
	return nil
}

func (r *recorder) methods(ctx context.Context) error {
	return preview.EachMethod(ctx, r.API, metav1.NamespaceAll, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		tenant := o.Spec.TenantName()
		if r.users[tenant] == nil {
			r.users[tenant] = map[string]bool{}
		}
		for _, user := range []string{o.Spec.User, o.Status.UserID} {
			if user != "" {
				r.users[tenant][strings.ToLower(user)] = true
			}
		}
		from := o.Spec.PhoneNumberFrom
		if from == nil || r.Tenant != "" && tenant != r.Tenant {
			return r.record(o)
		}
		key := client.ObjectKey{Namespace: o.Namespace, Name: from.SecretKeyRef.Name}
		if !r.credentials[key] {
			if r.secrets[key] == nil {
				r.secrets[key] = map[string]bool{}
			}
			r.secrets[key][from.SecretKeyRef.Key] = true
		}
		return r.record(o)
	})
}

func (r *recorder) record(o *v1alpha1.PhoneAuthenticationMethod) error {
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("PhoneAuthenticationMethod"))
	return r.writer.Object(o)
}

// numbers records the Secrets of the resources, and of each the numbers only.
func (r *recorder) numbers(ctx context.Context) error {
	hidden := 0
	for key, numbers := range r.secrets {
		var s corev1.Secret
		err := r.API.Get(ctx, key, &s)
		switch {
		case apierrors.IsNotFound(err):
			r.writer.Absent(key)
			continue
		case apierrors.IsForbidden(err):
			hidden++
			continue
		case err != nil:
			return fmt.Errorf("read Secret %s: %w", key, err)
		}
		if leaveOut(&s, numbers) {
			r.writer.Part(key, slices.Sorted(maps.Keys(numbers)))
		}
		s.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Secret"))
		if err := r.writer.Object(&s); err != nil {
			return err
		}
	}
	if hidden > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("you may not read %d Secrets that have numbers of resources: they are not in the recording", hidden))
	}
	return nil
}

// leaveOut leaves of a Secret the keys that have numbers, and of those what says who applied them. It reports whether there
// were others.
func leaveOut(s *corev1.Secret, numbers map[string]bool) (others bool) {
	other := func(name string) bool { return name != "." && !numbers[strings.TrimPrefix(name, "f:")] }
	for name := range s.Data {
		if other(name) {
			delete(s.Data, name)
			others = true
		}
	}
	s.ManagedFields = slices.DeleteFunc(s.ManagedFields, func(e metav1.ManagedFieldsEntry) bool {
		if e.FieldsV1 == nil {
			return true
		}
		fields := e.FieldsV1.GetRawBytes()
		if !without(&fields, other, "f:data", "f:stringData") {
			return true
		}
		e.FieldsV1.SetRawBytes(fields)
		return false
	})
	if applied := []byte(s.Annotations[corev1.LastAppliedConfigAnnotation]); len(applied) > 0 {
		delete(s.Annotations, corev1.LastAppliedConfigAnnotation)
		if without(&applied, other, "data", "stringData") {
			s.Annotations[corev1.LastAppliedConfigAnnotation] = string(applied)
		}
	}
	return others
}

// without leaves names out of some fields of a JSON object. It reports false of a text that is none.
func without(text *[]byte, leftOut func(name string) bool, fields ...string) bool {
	var o map[string]json.RawMessage
	if json.Unmarshal(*text, &o) != nil {
		return false
	}
	for _, field := range fields {
		var names map[string]json.RawMessage
		if o[field] == nil {
			continue
		}
		if json.Unmarshal(o[field], &names) != nil {
			return false
		}
		maps.DeleteFunc(names, func(name string, _ json.RawMessage) bool { return leftOut(name) })
		var err error
		if o[field], err = json.Marshal(names); err != nil {
			return false
		}
	}
	is, err := json.Marshal(o)
	*text = is
	return err == nil
}

// tenant asks the Graph of an EntraTenant.
func (r *recorder) tenant(ctx context.Context, name string) error {
	connected, err := preview.OpenToRecord(ctx, r.API, name, r.Ambient, r.writer.Around(name))
	switch {
	case err != nil:
		return err
	case connected.Problem != nil:
		r.writer.Broken(name, connected.Problem.Reason, connected.Problem.Message)
		r.Notes = append(r.Notes, fmt.Sprintf("EntraTenant %s does not work, and its Graph was not asked: %s: %s", name, connected.Problem.Reason, connected.Problem.Message))
		return nil
	}
	said, err := connected.Graph.Identity(ctx)
	if err != nil {
		return fmt.Errorf("sign in to EntraTenant %s: %w", name, err)
	}
	r.writer.Tenant(name, said)
	r.Tenants = append(r.Tenants, name)
	var known []Name
	for user := range r.users[name] {
		known = append(known, Name{Text: user})
	}
	slices.SortFunc(known, func(a, b Name) int { return strings.Compare(a.Text, b.Text) })
	s := &survey{Options: Options{Tenant: name, Ambient: r.Ambient, Of: Selection{Names: known}}, tenant: connected}
	if err := s.checkPermissions(ctx); err != nil {
		return err
	}
	if _, _, err := s.user(ctx, graph.Nobody); err != nil { // the operator asks it where a name gets no answer
		return err
	}
	asked := &sync.Map{} // users by id
	if err := r.ask(ctx, s, asked); err != nil || r.Tenant == "" || r.Of.empty() {
		return err
	}
	s.Of = r.Of
	if err := r.ask(ctx, s, asked); err != nil {
		return err
	}
	if r.Of.All && len(r.Left) == 0 {
		r.writer.Whole(name)
	}
	return nil
}

// ask asks about the users of a survey, those of whom it was not asked yet.
func (r *recorder) ask(ctx context.Context, s *survey, before *sync.Map) error {
	type result struct {
		name        string
		first, left bool
	}
	done := 0
	return inorder.Do(ctx, abreast, s.ask, func(ctx context.Context, a asked) (result, error) {
		u, left, err := s.everything(ctx, a, func(id string) bool { _, known := before.LoadOrStore(id, true); return known })
		return result{name: a.orID(), first: u, left: left != nil && left.Reason == v1alpha1.ReasonGraphUnavailable}, err
	}, func(one result) error {
		if one.first {
			r.Users++
		}
		if one.left {
			r.Left = append(r.Left, one.name)
		}
		if done++; r.Progress != nil {
			r.Progress(done, int(s.all.Load()))
		}
		return nil
	})
}

func (a asked) orID() string {
	if a.Text != "" {
		return a.Text
	}
	return a.user.ID
}

// everything asks all that the operator asks about a user, and tells whether it was for the first time. Of one whom Entra
// protects, and who is left alone for that, the phones are nobody's business.
func (s *survey) everything(ctx context.Context, a asked, known func(id string) bool) (first bool, _ *Left, err error) {
	u := a.user
	if a.Text != "" {
		var left *Left
		if u, left, err = s.user(ctx, a.Text); err != nil || left != nil {
			return false, left, err
		}
	}
	if known(u.ID) {
		return false, nil, nil
	}
	for _, key := range []string{u.ID, strings.ToLower(u.UserPrincipalName)} {
		if key == strings.ToLower(a.Text) {
			continue
		}
		if _, left, err := s.user(ctx, key); err != nil || left != nil {
			return true, left, err
		}
	}
	if left, err := s.protected(ctx, u.ID); err != nil || left != nil {
		return true, left, err
	}
	_, left, err := about(ctx, s, &s.phones, throttle.Authentication, func(ctx context.Context) ([]graph.PhoneMethod, error) {
		return s.tenant.Graph.PhoneMethods(ctx, u.ID)
	})
	return true, left, err
}

// empty reports whether it is nobody.
func (s Selection) empty() bool { return s.byName() && len(s.Names) == 0 }
