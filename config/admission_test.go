package config_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The example policy binds namespaces to users. The parts of this test are one story:
// the table is there, becomes shorter, and is gone.
func TestAdmissionPolicyBindsNamespacesToUsers(t *testing.T) {
	c := withWebhook(t)
	for _, ns := range []string{"people", "guests", "others"} {
		if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}); err != nil {
			t.Fatal(err)
		}
	}
	objects, err := render("config/admission")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if err := apply(t.Context(), c, o); err != nil {
			t.Fatal(err)
		}
	}
	try := func(namespace, user string) error {
		return c.Create(t.Context(), method(namespace, user), client.DryRunAll)
	}
	// The policy, and each change of its table, takes a moment to come into force.
	inForce := func(what string, is func() bool) {
		t.Helper()
		err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true,
			func(context.Context) (bool, error) { return is(), nil })
		if err != nil {
			t.Fatalf("%s: %v; ada from others: %v; from people: %v", what, err, try("others", "ada@contoso.com"), try("people", "ada@contoso.com"))
		}
	}
	inForce("the policy", func() bool {
		return try("others", "ada@contoso.com") != nil && try("people", "ada@contoso.com") == nil
	})

	const (
		nobody = "no user's phones may be managed from this namespace"
		others = "from this namespace only users whose names end with @contoso.com or @eu.contoso.com may be managed"
		noName = "spec.user must be a user principal name"
	)
	for sentence, c := range map[string]struct{ namespace, user, refusal string }{
		"a user of the namespace":                        {"people", "ada@contoso.com", ""},
		"in capitals":                                    {"people", "Ada@CONTOSO.com", ""},
		"the second ending":                              {"people", "ada@eu.contoso.com", ""},
		"a guest where guests are":                       {"guests", "eve_fabrikam.com#EXT#@contoso.onmicrosoft.com", ""},
		"a user of somebody else":                        {"people", "ada@fabrikam.com", others},
		"a domain that ends like ours":                   {"people", "ada@not-contoso.com", others},
		"a guest where members are":                      {"people", "eve_fabrikam.com#EXT#@contoso.onmicrosoft.com", others},
		"a namespace that is not in the table":           {"others", "ada@contoso.com", nobody},
		"an object id, which does not tell whose it is":  {"people", "0f1c2d3e-4a5b-6c7d-8e9f-a0b1c2d3e4f5", noName},
		"an object id from a namespace not in the table": {"others", "0f1c2d3e-4a5b-6c7d-8e9f-a0b1c2d3e4f5", nobody},
	} {
		t.Run(sentence, func(t *testing.T) {
			if err := refused(try(c.namespace, c.user), c.refusal); err != nil {
				t.Error(err)
			}
		})
	}

	ada := method("people", "ada@contoso.com")
	ada.SetName("stays")
	ada.SetFinalizers([]string{"identity.entraops.dev/finalizer"})
	if err := c.Create(t.Context(), ada); err != nil {
		t.Fatal(err)
	}
	suspended := method("people", "ada@contoso.com")
	suspended.SetName("suspended")
	suspended.Object["spec"].(map[string]any)["suspend"] = true
	suspended.Object["spec"].(map[string]any)["deletionPolicy"] = "Orphan"
	if err := c.Create(t.Context(), suspended); err != nil {
		t.Fatal(err)
	}
	table := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "phone-operator-users-of-namespaces"}}
	edit := func(change string) {
		t.Helper()
		if err := c.Patch(t.Context(), table, client.RawPatch(types.MergePatchType, []byte(change))); err != nil {
			t.Fatal(err)
		}
	}
	for what, change := range map[string]string{
		"a table without the namespace": `{"data":{"people":null}}`,
		"an ending without @":           `{"data":{"people":"contoso.com"}}`,
		"an empty table":                `{"data":null}`,
	} {
		edit(`{"data":{"people":"@contoso.com"}}`)
		inForce("the table", func() bool { return try("people", "ada@contoso.com") == nil })
		edit(change)
		inForce(what, func() bool { return refused(try("people", "ada@contoso.com"), nobody) == nil })
		for sentence, u := range map[string]struct {
			of             client.Object
			patch, refusal string
		}{
			"another number":              {ada, `{"spec":{"phoneNumber":"+1 2065550101"}}`, nobody},
			"another policy":              {ada, `{"spec":{"adoptionPolicy":"Always"}}`, nobody},
			"a policy is taken out":       {suspended, `{"spec":{"deletionPolicy":null}}`, nobody},
			"a suspension ends":           {suspended, `{"spec":{"suspend":false}}`, nobody},
			"a suspension begins":         {ada, `{"spec":{"suspend":true}}`, ""},
			"the phone is kept":           {ada, `{"spec":{"deletionPolicy":"Orphan"}}`, ""},
			"a label":                     {ada, `{"metadata":{"labels":{"team":"blue"}}}`, ""},
			"the operator lets it go":     {ada, `{"metadata":{"finalizers":null}}`, ""},
			"spec says what it said":      {ada, `{"spec":{"phoneNumber":"+1 2065550100"}}`, ""},
			"both ways out, and a number": {ada, `{"spec":{"suspend":true,"deletionPolicy":"Orphan","phoneNumber":"+1 2065550101"}}`, nobody},
		} {
			t.Run(what+": "+sentence, func(t *testing.T) {
				o := u.of.DeepCopyObject().(client.Object)
				err := c.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(u.patch)), client.DryRunAll)
				if err := refused(err, u.refusal); err != nil {
					t.Error(err)
				}
			})
		}
	}
	if err := c.Delete(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	inForce("no table", func() bool { return refused(try("people", "ada@contoso.com"), "no params found") == nil })

	// What is there goes on without a table: requests, a new number, the way out.
	for _, change := range []string{
		`{"metadata":{"annotations":{"identity.entraops.dev/reconcile-requested-at":"now"}}}`,
		`{"spec":{"phoneNumber":"+1 2065550101"}}`,
	} {
		if err := c.Patch(t.Context(), ada, client.RawPatch(types.MergePatchType, []byte(change))); err != nil {
			t.Error(err)
		}
	}
	if err := c.Delete(t.Context(), ada); err != nil {
		t.Error(err)
	}
	if err := c.Patch(t.Context(), ada, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))); err != nil {
		t.Error(err)
	}
}

// refused is an error unless err is a refusal with these words, or nil where there
// are none.
func refused(err error, words string) error {
	switch {
	case words == "" && err != nil:
		return fmt.Errorf("refused: %w", err)
	case words != "" && err == nil:
		return errors.New("it is not refused")
	case words != "" && (!apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), words)):
		return fmt.Errorf("want %q, the refusal is: %w", words, err)
	}
	return nil
}
