package controllers

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

// streamed is the configuration of a client whose lists are decoded as they arrive.
func streamed(t *testing.T) *rest.Config {
	config := testenv.Shared(t).Config()
	config.ContentType = runtime.ContentTypeJSON
	config.Wrap(StreamLists)
	return config
}

// people makes a namespace with resources of all that a cache may keep or drop.
func people(t *testing.T) (api client.Client, namespace string) {
	t.Helper()
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, v1alpha1.AddToScheme(scheme))
	api, err := client.New(testenv.Shared(t).Config(), client.Options{Scheme: scheme})
	must(t, err)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "stream-"}}
	must(t, api.Create(t.Context(), ns))
	for i := range 7 {
		o := &v1alpha1.PhoneAuthenticationMethod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: ns.Name, Name: fmt.Sprintf("m%d", i),
				Labels:      map[string]string{"kustomize.toolkit.fluxcd.io/name": "people", "app": "x"},
				Annotations: map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: "now", "note": `"quoted", \escaped é`},
				Finalizers:  []string{v1alpha1.Finalizer, "example.com/other"}[:1+i%2],
			},
			Spec: v1alpha1.PhoneAuthenticationMethodSpec{
				User: fmt.Sprintf("ada%d@contoso.com", i), PhoneType: v1alpha1.PhoneTypeMobile, PhoneNumber: "+1 2065550101", Suspend: i == 2,
			},
		}
		if i == 3 {
			o.Spec.PhoneNumber = ""
			o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: "s", Key: "k"}}
			o.Spec.TenantRef = &v1alpha1.TenantReference{Name: "other"}
		}
		must(t, api.Create(t.Context(), o, client.FieldOwner("kustomize-controller")))
		if i == 4 {
			continue // a status that nobody wrote
		}
		o.Status = v1alpha1.PhoneAuthenticationMethodStatus{ObservedGeneration: 1, UserID: "00000000-0000-0000-0000-000000000001", MaskedNumber: "+1 ********01",
			PendingWrite: &v1alpha1.PendingWrite{Action: v1alpha1.PendingCreate, UserID: "x", MaskedNumber: "+1 ********01", Since: metav1.Now().Rfc3339Copy(), Unread: true},
			Conditions:   []metav1.Condition{{Type: "Ready", Status: "False", Reason: "Wait", Message: "It waits: <&>\n", LastTransitionTime: metav1.Now().Rfc3339Copy(), ObservedGeneration: 1}}}
		must(t, api.Status().Update(t.Context(), o, client.FieldOwner("phone-operator")))
	}
	return api, ns.Name
}

// listsOf is how client-go lists the resources of a namespace.
func listsOf(t *testing.T, api client.Client, config *rest.Config, namespace string) *toolscache.ListWatch {
	t.Helper()
	hc, err := rest.HTTPClientFor(config)
	must(t, err)
	c, err := apiutil.RESTClientForGVK(v1alpha1.GroupVersion.WithKind("PhoneAuthenticationMethod"), false, false, config, serializer.NewCodecFactory(api.Scheme()), hc)
	must(t, err)
	return toolscache.NewListWatchFromClient(c, "phoneauthenticationmethods", namespace, fields.Everything())
}

func itemsOf(t *testing.T, list runtime.Object) (all []runtime.Object) {
	t.Helper()
	must(t, meta.EachListItem(list, func(o runtime.Object) error {
		_, err := thin(o)
		all = append(all, o)
		return err
	}))
	return all
}

// change has a request of a list be another one before it is sent: the n-th, from 1.
func change(lw *toolscache.ListWatch, f func(n int, o *metav1.ListOptions)) *toolscache.ListWatch {
	n, list := 0, lw.ListWithContextFunc
	return &toolscache.ListWatch{ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
		n++
		f(n, &o)
		return list(ctx, o)
	}}
}

// The API server is the real one in all of them.
func TestAListThatIsDecodedAsItArrivesIsAsAPlainOne(t *testing.T) {
	api, ns := people(t)
	var plain v1alpha1.PhoneAuthenticationMethodList
	must(t, api.List(t.Context(), &plain, client.InNamespace(ns)))
	want := itemsOf(t, &plain)
	if len(want) != 7 {
		t.Fatalf("%d resources", len(want))
	}
	broken := func(t *testing.T) *rest.Config {
		config := testenv.Shared(t).Config()
		config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &breaksOnce{next: next} })
		config.Wrap(StreamLists)
		return config
	}
	for name, test := range map[string]struct {
		config func(*testing.T) *rest.Config
		size   int64
		change func(n int, o *metav1.ListOptions)
		fails  int // how often, before it succeeds
	}{
		"one page":                                {config: streamed, size: 100},
		"several pages":                           {config: streamed, size: 2},
		"the last page is full":                   {config: streamed, size: 7},
		"a server that ignores the limit":         {config: streamed, size: 2, change: func(_ int, o *metav1.ListOptions) { o.Limit = 0 }},
		"a connection that breaks within a page":  {config: broken, size: 2, fails: 1},
		"a page that has expired":                 {config: streamed, size: 2, change: func(n int, o *metav1.ListOptions) { expire(t, n, o) }},
		"a transport that does not know of lists": {config: func(t *testing.T) *rest.Config { return testenv.Shared(t).Config() }, size: 2},
	} {
		t.Run(name, func(t *testing.T) {
			lw := listsOf(t, api, test.config(t), ns)
			if test.change != nil {
				lw = change(lw, test.change)
			}
			all := &pages{lw, &v1alpha1.PhoneAuthenticationMethod{}, test.size}
			for range test.fails {
				if _, err := all.ListWithContext(t.Context(), metav1.ListOptions{}); err == nil {
					t.Fatal("half a page is taken for a whole one")
				}
			}
			list, err := all.ListWithContext(t.Context(), metav1.ListOptions{})
			must(t, err)
			of, err := meta.ListAccessor(list)
			must(t, err)
			if of.GetResourceVersion() == "" || of.GetContinue() != "" {
				t.Errorf("the list is of version %q, and to be continued at %q", of.GetResourceVersion(), of.GetContinue())
			}
			if diff := cmp.Diff(want, itemsOf(t, list)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// expire has the third page begin at a version that the API server has no more. Of the token's form only that is used which
// it has had since there are pages. What follows is a list of all.
func expire(t *testing.T, n int, o *metav1.ListOptions) {
	if n == 4 && o.Limit != 0 {
		t.Error("the page before had not expired")
	}
	if n != 3 {
		return
	}
	text, err := base64.RawURLEncoding.DecodeString(o.Continue)
	must(t, err)
	var token map[string]any
	must(t, json.Unmarshal(text, &token))
	revision := int64(token["rv"].(float64))
	token["rv"] = 2
	text, err = json.Marshal(token)
	must(t, err)
	o.Continue = base64.RawURLEncoding.EncodeToString(text)
	body := fmt.Sprintf(`{"revision":"%d","physical":true}`, revision)
	resp, err := http.Post(testenv.Shared(t).EtcdURL()+"/v3/kv/compaction", "application/json", strings.NewReader(body))
	must(t, err)
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(resp.Body)
		t.Fatalf("compaction: %s: %s", resp.Status, said)
	}
}

// breaksOnce ends the body of the second list that is read in the midst of it.
type breaksOnce struct {
	next http.RoundTripper
	mu   sync.Mutex
	n    int
}

func (b *breaksOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; err == nil && b.n == 2 {
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(text[:len(text)*2/3]))
	}
	return resp, err
}

// chunks is a text that arrives in parts, and calls before with the number of those that were read.
type chunks struct {
	all    []string
	before func(read int)
	read   int
}

func (c *chunks) Read(p []byte) (int, error) {
	if c.before(c.read); c.read == len(c.all) {
		return 0, io.EOF
	}
	n := copy(p, c.all[c.read])
	c.read++
	return n, nil
}

func TestAnObjectIsDecodedBeforeTheNextArrives(t *testing.T) {
	a := &arrivals{example: &corev1.ConfigMap{}}
	var had []int
	left, err := a.read(&chunks{
		all:    []string{`{"kind":"ConfigMapList","items":[{"metadata":{"name":"a"}}`, `,{"metadata":{"name":"b"}}`, `],"metadata":{"continue":"c"}}`},
		before: func(int) { had = append(had, len(a.objects)) },
	})
	must(t, err)
	if want := []int{0, 1, 2}; !slices.Equal(want, had[:3]) {
		t.Errorf("objects before each part: %v, want %v", had, want)
	}
	if want := `{"kind":"ConfigMapList","metadata":{"continue":"c"}}`; string(left) != want {
		t.Errorf("%s is left, want %s", left, want)
	}
}

func TestWhatIsNoWholeListIsRefused(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"items":[],"metadata":{}}`:          true,
		`{"items":null,"metadata":{}}`:        true, // as Go writes an empty list
		`{"metadata":{}}`:                     true,
		`{"items":{},"metadata":{}}`:          false,
		`{"items":[{}`:                        false,
		`{"items":[{}],"metadata":{`:          false,
		`{"items":[{"metadata":{"name":1}}]}`: false,
		`[]`:                                  false,
		``:                                    false,
	} {
		a := &arrivals{example: &corev1.ConfigMap{}}
		if _, err := a.read(strings.NewReader(text)); (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}
