package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// Where tokens and credentials are sent is in the EntraTenant, and who declares phones cannot even read it.
func TestAnEditorAndTheEntraTenant(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	hostile := s.team("hostile")
	tenant, err := s.entraTenant()
	must(t, err)
	mine := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: "mine"}, Spec: tenant.Spec}
	elsewhere := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"endpoint":{"graph":"https://evil.example"}}}`))
	ctx := t.Context()
	for what, err := range map[string]error{
		"read it":            hostile.Get(ctx, client.ObjectKeyFromObject(tenant), &v1alpha1.EntraTenant{}),
		"list them":          hostile.List(ctx, &v1alpha1.EntraTenantList{}),
		"make one":           hostile.Create(ctx, mine),
		"update it":          hostile.Update(ctx, tenant.DeepCopy()),
		"patch it":           hostile.Patch(ctx, tenant.DeepCopy(), elsewhere),
		"patch its status":   hostile.Status().Patch(ctx, tenant.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"status":{"recentDeletions":[]}}`))),
		"delete it":          hostile.Delete(ctx, tenant.DeepCopy()),
		"read its Secret":    hostile.Get(ctx, client.ObjectKey{Namespace: install.Namespace, Name: s.tenant}, &corev1.Secret{}),
		"read its own":       hostile.List(ctx, &corev1.SecretList{}, client.InNamespace(hostile.namespace)),
		"delete many":        hostile.DeleteAllOf(ctx, &v1alpha1.PhoneAuthenticationMethod{}, client.InNamespace(hostile.namespace)),
		"look at neighbours": hostile.List(ctx, &v1alpha1.PhoneAuthenticationMethodList{}, client.InNamespace(s.people.namespace)),
		"edit neighbours":    hostile.Create(ctx, s.people.phone("mobile", "ada@contoso.com", mobile, "+1 2065550101")),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("an editor of phones may %s: %v", what, err)
		}
	}
}

// An address is https and a host, or it is refused.
func TestAddressesThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for _, address := range []string{
		"http://169.254.169.254", "http://localhost:8001", "https://user:password@graph.example", "https://graph.example/v1.0",
		"https://graph.example?x=", "https://graph.example#", "https://graph.example/", "file:///etc/passwd",
		"https://graph.example@evil.example", `https://graph.example\@evil.example`, "https://", "//graph.example", "graph.example",
		"https://graph.example:0", "https://graph.example\nx", "gopher://graph.example",
	} {
		for _, endpoint := range []v1alpha1.Endpoint{{Graph: address}, {Authority: address}} {
			patch, err := json.Marshal(map[string]any{"spec": map[string]any{"endpoint": endpoint}})
			must(t, err)
			tenant := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: s.tenant}}
			if err := s.Patch(t.Context(), tenant, client.RawPatch(types.MergePatchType, patch)); !apierrors.IsInvalid(err) {
				t.Errorf("%+v: %v, want that it is invalid", endpoint, err)
			}
		}
	}
}

// thief is a server that the operator trusts and is sent to. It counts who comes.
func thief() (url string, visits *atomic.Int32) {
	visits = &atomic.Int32{}
	endpoint, _ := install.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		visits.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	return endpoint.URL, visits
}

// Whatever Graph answers, the token is for the host it is sent to. (307 is the redirect that repeats a request as it was.)
func TestGraphThatSendsElsewhere(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	u := s.user()
	url, visits := thief()
	redirected := func(method string) (times *atomic.Int32) {
		times = &atomic.Int32{}
		s.front.stepIn(func(w http.ResponseWriter, r *http.Request) bool {
			if !about(r, u) || r.Method != method {
				return false
			}
			w.Header().Set("Location", url+r.URL.Path)
			w.WriteHeader(http.StatusTemporaryRedirect)
			times.Add(1)
			return true
		})
		return times
	}
	unchanged := s.graphStays()
	redirected(http.MethodGet)
	s.people.apply(s.people.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	s.people.reaches("mobile", v1alpha1.ConditionReady, unknown, v1alpha1.ReasonGraphUnavailable)
	created := redirected(http.MethodPost)
	s.people.ask("mobile")
	s.eventually("the operator tries to create the phone once more: the first answer was handled", func() error {
		if created.Load() < 2 {
			return errNotYet
		}
		return nil
	})
	unchanged()
	if n := visits.Load(); n != 0 {
		t.Errorf("%d requests went where Graph pointed to", n)
	}
	s.front.stepIn(nil)
	s.people.ready("mobile")
}

// The next page of a list is asked of Graph, whatever address the link has.
func TestAListThatGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	u := s.user()
	url, visits := thief()
	pages := atomic.Int32{}
	s.front.stepIn(func(w http.ResponseWriter, r *http.Request) bool {
		if !about(r, u) || !strings.HasSuffix(r.URL.Path, "/transitiveMemberOf") || pages.Add(1) > 1 {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		_, err := fmt.Fprintf(w, `{"value":[],"@odata.nextLink":%q}`, url+r.URL.Path+"?$top=5")
		return err == nil
	})
	s.people.apply(s.people.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	s.people.ready("mobile")
	if n := visits.Load(); n != 0 || pages.Load() < 2 {
		t.Errorf("%d requests went where the link pointed to, %d to Graph", n, pages.Load())
	}
}

// The same of the token endpoint: the secret is for the host it is sent to.
func TestATokenEndpointThatSendsElsewhere(t *testing.T) {
	t.Parallel()
	url, visits := thief()
	s := unconnected(t)
	s.front.stepIn(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/token") {
			return false
		}
		w.Header().Set("Location", url+r.URL.Path)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return true
	})
	s.connect()
	s.eventually("the EntraTenant says that there is no token", func() error {
		tenant, err := s.entraTenant()
		if err == nil && len(tenant.Status.Conditions) == 0 {
			err = errNotYet
		}
		return err
	})
	if n := visits.Load(); n != 0 {
		t.Errorf("%d requests went where the token endpoint pointed to", n)
	}
	if tenant, err := s.entraTenant(); err != nil || tenant.Status.Conditions[0].Status == yes {
		t.Errorf("%v: %+v", err, tenant.Status.Conditions)
	}
}
