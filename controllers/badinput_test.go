package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// badInput is one mistake, and what the person who made it sees.
type badInput struct {
	what  string // the mistake
	given string // as it is written: YAML of the spec, merged into a good one; or a value
	says  says

	was    string                                             // of an edit: what stood there before, as given
	broken func(s *story, name, given string) []client.Object // what is applied, where that is not refused
}

// says is the API server's refusal or, with a condition, what that condition holds.
type says struct {
	condition string
	status    metav1.ConditionStatus
	reason    string
	message   string // a part of the refusal or of the condition's message
}

func refused(message string) says { return says{message: message} }

func sees(condition string, status metav1.ConditionStatus, reason, message string) says {
	return says{condition, status, reason, message}
}

// chapter is a part of the page that users read.
type chapter struct {
	title, intro string
	kind         string // of what is applied, where the API server refuses it
	rows         []badInput
}

func chapters() []chapter {
	return []chapter{
		manifests, numbersInManifests, users, numbersInSecrets, resources,
		tenantManifests, credentials, endpoints, permissions,
	}
}

// The numbers in all bad inputs begin like this one, or it could not be seen that
// none of them is told to anybody.
var traces = []string{"550142", "550143", "550144", "550145", "555CALL", "555 0142", "555-0142", "550199", "５５５", "٥٥٥"}

func traceOf(text string) string {
	for _, trace := range traces {
		if strings.Contains(text, trace) {
			return trace
		}
	}
	return ""
}

func TestBadManifestsAreRefusedInWordsThatHelp(t *testing.T) {
	s := newStory(t)
	for _, c := range chapters() {
		for i, row := range c.rows {
			if row.broken != nil {
				continue
			}
			t.Run(row.what, func(t *testing.T) {
				name := fmt.Sprintf("refused-%d", i)
				if row.was != "" {
					before := s.manifest(t, c.kind, name, row.was)
					must(t, s.Create(t.Context(), before))
					defer func() { _ = s.Delete(context.WithoutCancel(t.Context()), before) }()
				}
				for how, send := range map[string]func(*unstructured.Unstructured) error{
					"apply": func(o *unstructured.Unstructured) error {
						strict := client.FieldValidation(metav1.FieldValidationStrict)
						if row.was == "" {
							return s.Create(t.Context(), o, client.DryRunAll, strict)
						}
						patch, err := o.MarshalJSON() // as kubectl edits what it has no Go types for
						must(t, err)
						return s.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, patch), client.DryRunAll, strict)
					},
					"server-side apply": func(o *unstructured.Unstructured) error {
						return s.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(o), client.DryRunAll, client.FieldOwner("test"), client.ForceOwnership)
					},
				} {
					err := send(s.manifest(t, c.kind, name, row.given))
					switch {
					case err == nil && how == "apply":
						t.Errorf("%s: stored", how)
					case err == nil: // a client that does not ask for strictness drops a field it does not know
					case how == "apply" && !strings.Contains(err.Error(), row.says.message):
						t.Errorf("%s: %v\nwant %s", how, err, row.says.message)
					case traceOf(err.Error()) != "":
						t.Errorf("%s: the refusal tells the number: %v", how, err)
					}
				}
			})
		}
	}
}

// good are the specs that every given is merged into.
var good = map[string]string{
	"PhoneAuthenticationMethod": `{user: ada@contoso.com, phoneType: mobile, phoneNumber: "+1 2065550142", suspend: true}`,
	"EntraTenant": `{tenantID: 0a0a0a0a-2222-3333-4444-555555555555, clientID: 66666666-7777-8888-9999-000000000000,
		credential: {clientSecret: {secretRef: {namespace: phone-operator-system, name: graph, key: clientSecret}}}}`,
}

// manifest is a good manifest of kind with given merged into its spec, or into
// all of it if given begins with a field of an object.
func (s *story) manifest(t *testing.T, kind, name, given string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{"spec": parsed(t, good[kind])}}
	patch := parsed(t, given)
	if _, whole := patch["spec"]; !whole {
		patch = map[string]any{"spec": patch}
	}
	merge(o.Object, patch)
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
	o.SetName(name)
	if kind == "PhoneAuthenticationMethod" {
		o.SetNamespace(s.namespace)
	}
	return o
}

func parsed(t *testing.T, text string) map[string]any {
	t.Helper()
	var o map[string]any
	if err := yaml.Unmarshal([]byte(text), &o); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return o
}

// merge does what a JSON merge patch does: null takes away.
func merge(into, patch map[string]any) {
	for k, v := range patch {
		was, isMap := into[k].(map[string]any)
		change, alsoMap := v.(map[string]any)
		switch {
		case v == nil:
			delete(into, k)
		case isMap && alsoMap:
			merge(was, change)
		default:
			into[k] = v
		}
	}
}

// TestBadInputHarmsNobodyElse applies every mistake that the API server stores,
// all at once, and then what is right: that is done while all the rest is broken.
func TestBadInputHarmsNobodyElse(t *testing.T) {
	s := newStory(t)
	rows := map[string]badInput{}
	for _, c := range chapters() {
		for _, row := range c.rows {
			if row.broken == nil {
				continue
			}
			name := fmt.Sprintf("%s-bad-%d", s.namespace, len(rows))
			rows[name] = row
			s.apply(row.broken(s, name, row.given)...)
		}
	}
	s.cleanUp()

	var fine []string
	for i := range 20 {
		u := s.user()
		fine = append(fine, fmt.Sprintf("good-%d", i))
		s.apply(s.pam(fine[i], u.UPN, mobile, fmt.Sprintf("+1 20655501%02d", i)))
	}
	s.ready(fine...)

	t.Run("the broken ones", func(t *testing.T) {
		for name, row := range rows {
			t.Run(row.what, func(t *testing.T) {
				t.Parallel()
				told := *s
				told.t = t
				told.tells(name, row.says)
			})
		}
	})
	s.ready(fine...)
	s.tellsNoNumber()
	for _, r := range s.graph.Writes() {
		if r.Status < 300 && strings.Contains(r.Body, "5550142") {
			t.Errorf("%s %s: a number of a bad input was written to Graph", r.Method, r.LogPath())
		}
	}
	s.mendSecrets()
}

// mendSecrets makes every Secret right that should hold a number: nothing was
// lost, and what was broken goes on by itself.
func (s *story) mendSecrets() {
	s.t.Helper()
	var all v1alpha1.PhoneAuthenticationMethodList
	must(s.t, s.List(s.t.Context(), &all, client.InNamespace(s.namespace)))
	var mended []string
	for _, o := range all.Items {
		if o.Spec.PhoneNumberFrom == nil {
			continue
		}
		ref := o.Spec.PhoneNumberFrom.SecretKeyRef
		right := secret(s.namespace, ref.Name, ref.Key, "+1 2065550145\n")
		err := s.Patch(s.t.Context(), right, client.Merge)
		if apierrors.IsNotFound(err) {
			err = s.Create(s.t.Context(), right)
		}
		must(s.t, err)
		mended = append(mended, o.Name)
	}
	s.ready(mended...)
}

// tells waits until the object of a name, of either kind, says what it should.
func (s *story) tells(name string, want says) {
	s.t.Helper()
	s.eventually("it says so", func() error {
		conditions, err := s.conditions(name)
		if err != nil {
			return err
		}
		for _, c := range conditions {
			if c.Type != want.condition {
				continue
			}
			if c.Status == want.status && c.Reason == want.reason && strings.Contains(c.Message, want.message) {
				return nil
			}
			return fmt.Errorf("%s=%s/%s: %s\nwant %s/%s: %s", c.Type, c.Status, c.Reason, c.Message, want.status, want.reason, want.message)
		}
		return fmt.Errorf("it has no %s: %v", want.condition, conditions)
	})
}

func (s *story) conditions(name string) ([]metav1.Condition, error) {
	var o v1alpha1.EntraTenant
	err := s.Get(s.t.Context(), client.ObjectKey{Name: name}, &o)
	if err == nil || client.IgnoreNotFound(err) != nil {
		return o.Status.Conditions, err
	}
	p, err := s.get(name)
	return p.Status.Conditions, err
}

// tellsNoNumber looks for the numbers where everybody may read.
func (s *story) tellsNoNumber() {
	s.t.Helper()
	var all v1alpha1.PhoneAuthenticationMethodList
	must(s.t, s.List(s.t.Context(), &all, client.InNamespace(s.namespace)))
	for _, o := range all.Items {
		if status := fmt.Sprintf("%+v", o.Status); traceOf(status) != "" {
			s.t.Errorf("the status of %s tells a number: %s", o.Name, status)
		}
	}
	var tenants v1alpha1.EntraTenantList
	must(s.t, s.List(s.t.Context(), &tenants))
	for _, o := range tenants.Items {
		if status := fmt.Sprintf("%+v", o.Status); traceOf(status) != "" {
			s.t.Errorf("the status of EntraTenant %s tells a number: %s", o.Name, status)
		}
	}
	var events eventsv1.EventList
	must(s.t, s.List(s.t.Context(), &events))
	if len(events.Items) == 0 {
		s.t.Error("there are no events")
	}
	for _, e := range events.Items {
		if traceOf(e.Note) != "" {
			s.t.Errorf("an event tells a number: %s", e.Note)
		}
	}
}

// cleanUp takes away what is broken, so that it troubles no other story. That all
// of it can go is a test too.
func (s *story) cleanUp() {
	s.t.Helper()
	s.t.Cleanup(func() {
		c := *s
		ctx := context.WithoutCancel(s.t.Context())
		must(s.t, c.DeleteAllOf(ctx, &v1alpha1.PhoneAuthenticationMethod{}, client.InNamespace(s.namespace)))
		var all v1alpha1.EntraTenantList
		must(s.t, c.List(ctx, &all))
		for i := range all.Items {
			if strings.HasPrefix(all.Items[i].Name, s.namespace) {
				must(s.t, client.IgnoreNotFound(c.Delete(ctx, &all.Items[i])))
			}
		}
		must(s.t, c.DeleteAllOf(ctx, &corev1.Secret{}, client.InNamespace(s.namespace)))
	})
}
