package controllers

import (
	"context"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

// The audit line names who wrote spec last also of resources that were there before the operator.
func TestTheCacheKeepsWhoWroteSpecOfWhatWasListed(t *testing.T) {
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, v1alpha1.AddToScheme(scheme))
	api, err := client.New(testenv.Shared(t).Config(), client.Options{Scheme: scheme})
	must(t, err)
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "source-"}}
	must(t, api.Create(t.Context(), ns))
	o := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: "ada"},
		Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: "ada@contoso.com", PhoneType: v1alpha1.PhoneTypeMobile, PhoneNumber: "+1 2065550101"},
	}
	must(t, api.Create(t.Context(), o, client.FieldOwner("kustomize-controller")))

	options := CacheOptions()
	options.Scheme, options.DefaultNamespaces = scheme, map[string]cache.Config{ns.Name: {}}
	cached, err := cache.New(testenv.Shared(t).Config(), options)
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cached.Start(ctx) }()
	defer func() { stop(); <-ended }()
	_, err = cached.GetInformer(ctx, o)
	must(t, err)
	if !cached.WaitForCacheSync(ctx) {
		t.Fatal("the cache is not filled")
	}
	must(t, cached.Get(t.Context(), client.ObjectKeyFromObject(o), o))
	if len(o.ManagedFields) != 1 || o.ManagedFields[0].Manager != "kustomize-controller" {
		t.Errorf("who wrote spec: %v", o.ManagedFields)
	}
}
