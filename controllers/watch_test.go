package controllers_test

import (
	"sync"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

// watcher keeps every version of the resources of one namespace, in the order in
// which the API server tells of them.
type watcher struct {
	mu   sync.Mutex
	seen []*v1alpha1.PhoneAuthenticationMethod
}

// watch follows the story's resources until the test ends.
func (s *story) watch(t *testing.T) (*watcher, error) {
	c, err := client.NewWithWatch(testenv.Shared(t).Config(), client.Options{Scheme: s.Scheme()})
	if err != nil {
		return nil, err
	}
	stream, err := c.Watch(t.Context(), &v1alpha1.PhoneAuthenticationMethodList{}, client.InNamespace(s.namespace))
	if err != nil {
		return nil, err
	}
	w := &watcher{}
	go func() {
		for e := range stream.ResultChan() {
			if o, ok := e.Object.(*v1alpha1.PhoneAuthenticationMethod); ok {
				w.mu.Lock()
				w.seen = append(w.seen, o)
				w.mu.Unlock()
			}
		}
	}()
	t.Cleanup(stream.Stop)
	return w, nil
}

func (w *watcher) all() []*v1alpha1.PhoneAuthenticationMethod {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]*v1alpha1.PhoneAuthenticationMethod{}, w.seen...)
}
