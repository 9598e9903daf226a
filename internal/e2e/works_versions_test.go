package e2e_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// watch follows the team's resources until the test ends. What it returns has every version of them so far, in the order
// in which the API server tells of them.
func (g *team) watch() func() []*v1alpha1.PhoneAuthenticationMethod {
	g.t.Helper()
	stream, err := g.Watch(g.t.Context(), &v1alpha1.PhoneAuthenticationMethodList{}, client.InNamespace(g.namespace))
	must(g.t, err)
	g.t.Cleanup(stream.Stop)
	var mu sync.Mutex
	var seen []*v1alpha1.PhoneAuthenticationMethod
	go func() {
		for e := range stream.ResultChan() {
			if o, ok := e.Object.(*v1alpha1.PhoneAuthenticationMethod); ok {
				mu.Lock()
				seen = append(seen, o)
				mu.Unlock()
			}
		}
	}()
	return func() []*v1alpha1.PhoneAuthenticationMethod {
		mu.Lock()
		defer mu.Unlock()
		return append([]*v1alpha1.PhoneAuthenticationMethod{}, seen...)
	}
}

func TestThreeKubernetesWritesForANewMethod(t *testing.T) {
	t.Parallel()
	p := newStory(t).people
	versions := p.watch()
	of := func(name string) (seen []*v1alpha1.PhoneAuthenticationMethod) {
		for _, o := range versions() {
			if o.Name == name {
				seen = append(seen, o)
			}
		}
		return seen
	}
	for i := range 5 { // on a busy machine there may be more to say: that Graph did not answer in time
		name := fmt.Sprint("mobile-", i)
		p.apply(p.phone(name, p.user().UPN, mobile, "+1 2065550101"))
		p.ready(name)
		o, err := p.get(name)
		must(t, err)
		p.eventually("the watch has caught up", func() error {
			if seen := of(name); len(seen) == 0 || seen[len(seen)-1].ResourceVersion != o.ResourceVersion {
				return fmt.Errorf("it has seen %d versions", len(seen))
			}
			return nil
		})
		// The resource was added, got its finalizer, its pending write and its status.
		seen := of(name)
		if len(seen) == 4 {
			return
		}
		if !slices.ContainsFunc(seen[:len(seen)-1], hadTrouble) {
			t.Fatalf("%d versions of the resource, want 4: one applied, three written by the operator", len(seen))
		}
	}
	t.Error("there was always more to say")
}

// hadTrouble reports whether a version tells what kept the operator.
func hadTrouble(o *v1alpha1.PhoneAuthenticationMethod) bool {
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status != metav1.ConditionTrue && ready.Reason != v1alpha1.ReasonPending
}

// TestKstatusAgreesAtEachStage takes a resource through its life and has the library that Flux and others use say at each
// stage what it makes of it.
func TestKstatusAgreesAtEachStage(t *testing.T) {
	t.Parallel()
	p := newStory(t).people
	u := p.user(hasPhone("office", "+1 2065550109"))
	versions := p.watch()

	p.apply(p.phone("alt", u.UPN, alternate, "+1 2065550102"))
	p.kstatus("alt", status.InProgressStatus)
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	p.kstatus("mobile", status.CurrentStatus)
	p.kstatus("alt", status.CurrentStatus)
	p.apply(p.phone("rival", u.ID, mobile, "+1 2065550103"), p.phone("office", u.UPN, office, "+1 2065550104"))
	p.kstatus("rival", status.FailedStatus)
	p.kstatus("office", status.FailedStatus)
	p.edit("office", adoptAlways)
	p.kstatus("office", status.CurrentStatus)
	p.edit("office", suspend)
	p.kstatus("office", status.CurrentStatus)
	p.remove("mobile")
	p.kstatus("mobile", status.TerminatingStatus)
	p.remove("alt")
	p.gone("alt")

	// At no moment may a resource look finished before it was: not before the first visit, not between an edit and its visit.
	for _, o := range versions() {
		if result, err := compute(o); err != nil {
			t.Error(err)
		} else if done := result.Status == status.CurrentStatus; done && o.Status.ObservedGeneration != o.Generation {
			t.Errorf("%s at generation %d, observed %d: %s", o.Name, o.Generation, o.Status.ObservedGeneration, result.Status)
		}
	}
}

// kstatus waits until the library says that the resource is in a state.
func (g *team) kstatus(name string, want status.Status) {
	g.t.Helper()
	g.eventually(fmt.Sprintf("kstatus says %s of %s", want, name), func() error {
		o, err := g.get(name)
		if err != nil {
			return err
		}
		result, err := compute(o)
		if err == nil && result.Status != want {
			err = fmt.Errorf("it says %s: %s", result.Status, result.Message)
		}
		return err
	})
}

func compute(o *v1alpha1.PhoneAuthenticationMethod) (*status.Result, error) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, err
	}
	return status.Compute(&unstructured.Unstructured{Object: content})
}
