package controllers

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/entraops/phone-operator/internal/testenv"
)

func TestTheCacheIsFilledInPages(t *testing.T) {
	clients, err := kubernetes.NewForConfig(testenv.Shared(t).Config())
	must(t, err)
	ns, err := clients.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "pages-"}}, metav1.CreateOptions{})
	must(t, err)
	maps := clients.CoreV1().ConfigMaps(ns.Name)
	add := func(i int) {
		_, err := maps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("m%02d", i), Annotations: map[string]string{corev1.LastAppliedConfigAnnotation: "a secret"},
		}}, metav1.CreateOptions{FieldManager: "test"})
		must(t, err)
	}
	for i := range 25 {
		add(i)
	}

	var sizes []int // of the pages
	lw := &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			if options.ResourceVersion != "" {
				t.Errorf("a list of version %q is asked for, which may be old", options.ResourceVersion)
			}
			page, err := maps.List(ctx, options)
			if err == nil {
				sizes = append(sizes, len(page.Items))
			}
			return page, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			if options.SendInitialEvents != nil {
				t.Error("the first list is asked for as a stream")
			}
			return maps.Watch(ctx, options)
		},
	}
	listed, err := (&pages{lw, &corev1.ConfigMap{}, 10}).ListWithContext(t.Context(), metav1.ListOptions{ResourceVersion: "0", Limit: 4}) // as a reflector asks
	must(t, err)
	dirty := 0
	must(t, meta.EachListItem(listed, func(o runtime.Object) error {
		if m := o.(*corev1.ConfigMap); m.ManagedFields != nil || m.Annotations[corev1.LastAppliedConfigAnnotation] != "" {
			dirty++
		}
		return nil
	}))
	if diff := cmp.Diff([]int{10, 10, 5}, sizes); diff != "" {
		t.Errorf("pages (-want +got): %s", diff)
	}
	if dirty > 0 {
		t.Errorf("%d objects have what the cache does not keep", dirty)
	}

	informer := toolscache.NewSharedIndexInformer(&pages{lw, &corev1.ConfigMap{}, 10}, &corev1.ConfigMap{}, 0, nil)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); informer.RunWithContext(ctx) }()
	defer func() { stop(); <-ended }()
	has := func(want int) {
		t.Helper()
		testenv.Eventually(t, time.Minute, "the cache has what there is", func() error {
			if got := len(informer.GetStore().ListKeys()); got != want {
				return fmt.Errorf("it has %d objects, want %d", got, want)
			}
			return nil
		})
	}
	has(25)
	add(25)
	has(26)
}

func TestAfterAFailurePagesAreSmaller(t *testing.T) {
	var limits []int64
	all := &pages{&toolscache.ListWatch{ListWithContextFunc: func(_ context.Context, o metav1.ListOptions) (runtime.Object, error) {
		if limits = append(limits, o.Limit); len(limits) < 4 {
			return nil, errors.New("stream error")
		}
		return &corev1.ConfigMapList{}, nil
	}}, &corev1.ConfigMap{}, 4 * leastListed}
	for range 5 {
		_, _ = all.ListWithContext(t.Context(), metav1.ListOptions{})
	}
	if diff := cmp.Diff([]int64{4 * leastListed, 2 * leastListed, leastListed, leastListed, leastListed}, limits); diff != "" {
		t.Errorf("limits (-want +got): %s", diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
