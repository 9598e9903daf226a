package main

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// tracker watches the methods and knows when each was seen Ready first. One watch for the whole bench: the bare
// client's writes pass by it as the operator's do.
type tracker struct {
	mu    sync.Mutex
	ready map[string]time.Time // by name
	gone  map[string]time.Time // by name
	wake  chan struct{}
}

func newTracker(ctx context.Context, c *install.Cluster) (*tracker, error) {
	t := &tracker{ready: map[string]time.Time{}, gone: map[string]time.Time{}, wake: make(chan struct{}, 1)}
	informers, err := cache.New(c.Config(), cache.Options{Scheme: c.Scheme(), Mapper: c.RESTMapper(), DefaultTransform: nameAlone})
	if err != nil {
		return nil, err
	}
	go func() { _ = informers.Start(ctx) }()
	informer, err := informers.GetInformer(ctx, &v1alpha1.PhoneAuthenticationMethod{})
	if err != nil {
		return nil, err
	}
	_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    t.see,
		UpdateFunc: func(_, now any) { t.see(now) },
		DeleteFunc: func(last any) {
			if key, err := toolscache.DeletionHandlingObjectToName(last); err == nil {
				t.note(t.gone, key.Name)
			}
		},
	})
	return t, err
}

// nameAlone keeps of a resource what is asked for: there are many, and some are large.
func nameAlone(o any) (any, error) {
	if is, ok := o.(*v1alpha1.PhoneAuthenticationMethod); ok {
		is.ObjectMeta = metav1.ObjectMeta{Namespace: is.Namespace, Name: is.Name, ResourceVersion: is.ResourceVersion}
		is.Status = v1alpha1.PhoneAuthenticationMethodStatus{Conditions: is.Status.Conditions}
	}
	return o, nil
}

func (t *tracker) see(o any) {
	if is, ok := o.(*v1alpha1.PhoneAuthenticationMethod); ok && meta.IsStatusConditionTrue(is.Status.Conditions, v1alpha1.ConditionReady) {
		t.note(t.ready, is.Name)
	}
}

// note notes when something was seen first.
func (t *tracker) note(seen map[string]time.Time, name string) {
	t.mu.Lock()
	if _, ok := seen[name]; !ok {
		seen[name] = time.Now()
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// all waits until all of the names are Ready, and returns when the last was.
func (t *tracker) all(ctx context.Context, names []string) (time.Time, error) {
	return t.until(ctx, t.ready, names)
}

// until waits until all of the names were seen, and returns when the last was.
func (t *tracker) until(ctx context.Context, seen map[string]time.Time, names []string) (time.Time, error) {
	var last time.Time
	for _, name := range names {
		for {
			t.mu.Lock()
			at, ok := seen[name]
			t.mu.Unlock()
			if ok {
				if at.After(last) {
					last = at
				}
				break
			}
			select {
			case <-t.wake:
			case <-ctx.Done():
				return last, ctx.Err()
			}
		}
	}
	return last, nil
}

// since returns how long after a time each of the names was Ready.
func (t *tracker) since(began time.Time, names []string) []time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]time.Duration, len(names))
	for i, name := range names {
		all[i] = t.ready[name].Sub(began)
	}
	return all
}
