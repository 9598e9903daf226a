package main

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// tracker watches the methods and knows when each was seen Ready first. One watch for the whole bench: the bare
// client's writes pass by it as the operator's do.
type tracker struct {
	mu    sync.Mutex
	ready map[string]time.Time // by name
	gone  map[string]time.Time // by name
	wake  chan struct{}
}

func newTracker(ctx context.Context, c client.WithWatch) *tracker {
	t := &tracker{ready: map[string]time.Time{}, gone: map[string]time.Time{}, wake: make(chan struct{}, 1)}
	go func() {
		for ctx.Err() == nil {
			t.follow(ctx, c)
		}
	}()
	return t
}

// follow lists and watches until the API server ends the watch, as it does to one that falls behind.
func (t *tracker) follow(ctx context.Context, c client.WithWatch) {
	var all v1alpha1.PhoneAuthenticationMethodList
	if c.List(ctx, &all) != nil {
		return
	}
	there := map[string]bool{}
	for i := range all.Items {
		there[all.Items[i].Name] = true
		t.see(&all.Items[i])
	}
	for _, name := range t.missing(there) {
		t.note(t.gone, name)
	}
	from := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: all.ResourceVersion}}
	w, err := c.Watch(ctx, &v1alpha1.PhoneAuthenticationMethodList{}, from)
	if err != nil {
		return
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		if event.Type == watch.Error {
			return
		}
		switch o, ok := event.Object.(*v1alpha1.PhoneAuthenticationMethod); {
		case !ok:
		case event.Type == watch.Deleted:
			t.note(t.gone, o.Name)
		default:
			t.see(o)
		}
	}
}

func (t *tracker) see(o *v1alpha1.PhoneAuthenticationMethod) {
	if meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionReady) {
		t.note(t.ready, o.Name)
	}
}

// missing returns the names that were seen Ready and are not there any more: the watch may have missed their end.
func (t *tracker) missing(there map[string]bool) (names []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.ready {
		if !there[name] {
			names = append(names, name)
		}
	}
	return names
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
