package webhook_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// reroute adds a configuration like that of config/webhook, for one namespace and
// with another server.
func (s *suite) reroute(t *testing.T, namespace, url string, ca []byte, policy admissionregistrationv1.FailurePolicyType) {
	t.Helper()
	c := read[admissionregistrationv1.ValidatingWebhookConfiguration](t, "webhook/manifests.yaml")[0]
	c.Name = namespace
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		w.Name = namespace + "." + w.Name
		w.FailurePolicy = &policy
		w.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": namespace}}
		w.ClientConfig = admissionregistrationv1.WebhookClientConfig{URL: &url, CABundle: ca}
	}
	must(t, s.admin.Create(t.Context(), c))
	t.Cleanup(func() { must(t, s.admin.Delete(context.WithoutCancel(t.Context()), c)) })
}

// The webhook costs the operator nothing: what it writes is not shown to it. And
// whoever is on the way out is not asked about anything.
func TestAPIServerAsksOnlyAboutNewSpecs(t *testing.T) {
	s := start(t)
	namespace := s.namespace(t)
	var mu sync.Mutex
	var asked []string
	spy := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review admissionv1.AdmissionReview
		if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, string(review.Request.Operation)+" "+review.Request.Name)
		review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
		_ = json.NewEncoder(w).Encode(review)
	}))
	defer spy.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: spy.Certificate().Raw})
	s.reroute(t, namespace, spy.URL, ca, admissionregistrationv1.Ignore)
	s.eventually(t, "the API server asks", func() error {
		if _, err := s.try(t, pam(namespace, "probe", "probe@contoso.com")); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if len(asked) == 0 {
			return fmt.Errorf("it asks nothing")
		}
		return nil
	})

	o := pam(namespace, "asked", "asked@contoso.com")
	for _, step := range []struct {
		what string
		do   func() error
		asks string
	}{
		{"create", func() error { return s.admin.Create(t.Context(), o) }, "CREATE asked"},
		{"put a finalizer on it", s.patch(t, o, `{"metadata":{"finalizers":["identity.entraops.dev/finalizer"]}}`), ""},
		{"annotate it", s.patch(t, o, `{"metadata":{"annotations":{"identity.entraops.dev/reconcile-requested-at":"now"}}}`), ""},
		{"write its status", func() error {
			return s.admin.Status().Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(`{"status":{"id":"3179e48a-750b-4051-897c-87b9720928f7"}}`)))
		}, ""},
		{"change its spec", s.patch(t, o, `{"spec":{"phoneNumber":"+1 2065550101"}}`), "UPDATE asked"},
		{"delete it", func() error { return s.admin.Delete(t.Context(), o) }, ""},
		{"change the spec of a leaving one", s.patch(t, o, `{"spec":{"deletionPolicy":"Orphan"}}`), ""},
		{"take the finalizer off", s.patch(t, o, `{"metadata":{"finalizers":null}}`), ""},
	} {
		mu.Lock()
		asked = nil
		mu.Unlock()
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		s.awaitCache(t, o)
		mu.Lock()
		// A patch that met a newer version than the API server's cache had is admitted once more.
		if got := strings.Join(slices.Compact(asked), ", "); got != step.asks {
			t.Errorf("%s: the webhook is asked %q, want %q", step.what, got, step.asks)
		}
		mu.Unlock()
	}
}

// awaitCache waits until the API server's own cache has the newest version of an object: a
// patch is admitted on the version in the cache first, which may not be leaving yet.
func (s *suite) awaitCache(t *testing.T, o client.Object) {
	t.Helper()
	newest, cached := o.DeepCopyObject().(client.Object), o.DeepCopyObject().(client.Object)
	s.eventually(t, "the API server's cache catches up", func() error {
		err := s.admin.Get(t.Context(), client.ObjectKeyFromObject(o), newest)
		again := s.admin.Get(t.Context(), client.ObjectKeyFromObject(o), cached, &client.GetOptions{Raw: &metav1.GetOptions{ResourceVersion: "0"}})
		switch {
		case apierrors.IsNotFound(err) && apierrors.IsNotFound(again):
			return nil
		case err != nil || again != nil:
			return errors.Join(err, again, fmt.Errorf("no version in one of the two"))
		case newest.GetResourceVersion() != cached.GetResourceVersion():
			return fmt.Errorf("version %s is in the cache, %s is the newest", cached.GetResourceVersion(), newest.GetResourceVersion())
		}
		return nil
	})
}

func (s *suite) patch(t *testing.T, o client.Object, patch string) func() error {
	return func() error {
		return s.admin.Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(patch)))
	}
}

// Even where somebody makes the failurePolicy Fail, what is there can go, and the
// operator can do its work.
func TestWebhookThatIsDownNeverBlocksDeletion(t *testing.T) {
	s := start(t)
	namespace := s.namespace(t)
	var objects []*v1alpha1.PhoneAuthenticationMethod
	for _, name := range []string{"one", "two"} {
		o := pam(namespace, name, name+"@contoso.com")
		o.Finalizers = []string{v1alpha1.Finalizer}
		must(t, s.admin.Create(t.Context(), o))
		objects = append(objects, o)
	}
	s.reroute(t, namespace, "https://127.0.0.1:1/nobody", nil, admissionregistrationv1.Fail)
	s.eventually(t, "the API server refuses", func() error {
		if _, err := s.try(t, pam(namespace, "probe", "probe@contoso.com")); err == nil {
			return fmt.Errorf("it does not yet")
		}
		return nil
	})
	if err := s.patch(t, objects[0], `{"spec":{"suspend":true}}`)(); err == nil {
		t.Error("a new spec passes: the test shows nothing")
	}
	for _, o := range objects {
		must(t, s.patch(t, o, `{"metadata":{"annotations":{"identity.entraops.dev/reconcile-requested-at":"now"}}}`)())
		must(t, s.admin.Delete(t.Context(), o))
		must(t, s.patch(t, o, `{"metadata":{"finalizers":null}}`)())
	}
	var left v1alpha1.PhoneAuthenticationMethodList
	must(t, s.admin.List(t.Context(), &left, client.InNamespace(namespace)))
	if len(left.Items) > 0 {
		t.Errorf("%d are left", len(left.Items))
	}
}
