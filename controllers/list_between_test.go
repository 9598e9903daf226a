package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/entraops/phone-operator/internal/testenv"
)

// What happens between two pages is in the cache in the end, also where a page is refused as too old, or the connection breaks.
func TestWhatHappensBetweenTwoPages(t *testing.T) {
	t.Run("read to the end", func(t *testing.T) { testBetweenTwoPages(t, testenv.Shared(t).Config()) })
	t.Run("as they arrive", func(t *testing.T) { testBetweenTwoPages(t, streamed(t)) })
}

func testBetweenTwoPages(t *testing.T, config *rest.Config) {
	clients, err := kubernetes.NewForConfig(config)
	must(t, err)
	for name, failure := range map[string]error{
		"nothing fails":      nil,
		"a page has expired": apierrors.NewResourceExpired("the provided continue parameter is too old"),
		"a page breaks":      errors.New("connection reset by peer"),
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			ns, err := clients.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "between-"}}, metav1.CreateOptions{})
			must(t, err)
			maps := clients.CoreV1().ConfigMaps(ns.Name)
			for i := range 30 {
				_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("m%02d", i)}, Data: map[string]string{"v": "old"}}, metav1.CreateOptions{})
				must(t, err)
			}
			var once, failed sync.Once
			lw := &toolscache.ListWatch{
				ListWithContextFunc: func(list context.Context, o metav1.ListOptions) (runtime.Object, error) {
					if o.Continue != "" {
						var fails error
						failed.Do(func() { fails = failure })
						if fails != nil {
							return nil, fails
						}
					}
					page, err := maps.List(list, o)
					once.Do(func() { // between the first and the second page
						for _, i := range []string{"m00", "m29", "m15"} {
							must(t, maps.Delete(ctx, i, metav1.DeleteOptions{}))
						}
						for _, i := range []string{"m01", "m28", "m16"} {
							_, err := maps.Update(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: i}, Data: map[string]string{"v": "new"}}, metav1.UpdateOptions{})
							must(t, err)
						}
						for _, i := range []string{"a", "m155", "z"} {
							_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: i}, Data: map[string]string{"v": "new"}}, metav1.CreateOptions{})
							must(t, err)
						}
						must(t, maps.Delete(ctx, "m02", metav1.DeleteOptions{})) // and is made again
						_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "m02"}, Data: map[string]string{"v": "again"}}, metav1.CreateOptions{})
						must(t, err)
					})
					return page, err
				},
				WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) { return maps.Watch(ctx, o) },
			}
			informer := toolscache.NewSharedIndexInformer(&pages{lw, &corev1.ConfigMap{}, 5}, &corev1.ConfigMap{}, 0, nil)
			run, stop := context.WithCancel(ctx)
			ended := make(chan struct{})
			go func() { defer close(ended); informer.RunWithContext(run) }()
			defer func() { stop(); <-ended }()
			testenv.Eventually(t, time.Minute, "the cache is as the cluster", func() error {
				want, got := map[string]string{}, map[string]string{}
				all, err := maps.List(ctx, metav1.ListOptions{})
				if err != nil {
					return err
				}
				for _, m := range all.Items {
					want[m.Name] = m.Data["v"] + " " + string(m.UID) + m.ResourceVersion
				}
				for _, o := range informer.GetStore().List() {
					m := o.(*corev1.ConfigMap)
					got[m.Name] = m.Data["v"] + " " + string(m.UID) + m.ResourceVersion
				}
				if d := cmp.Diff(want, got); d != "" {
					return errors.New(d)
				}
				return nil
			})
		})
	}
}
