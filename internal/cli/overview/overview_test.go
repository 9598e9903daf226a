package overview_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/overview"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func says(reason string, stalled bool) func(*v1alpha1.PhoneAuthenticationMethod) {
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		status := metav1.ConditionFalse
		if reason == v1alpha1.ReasonReady {
			status = metav1.ConditionTrue
		}
		at := metav1.NewTime(o.CreationTimestamp.Add(time.Second))
		o.Status.Conditions = append(o.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionReady, Status: status, Reason: reason, LastTransitionTime: at})
		if stalled {
			o.Status.Conditions = append(o.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: reason})
		}
	}
}

func suspended(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true }

func deleted(o *v1alpha1.PhoneAuthenticationMethod) {
	o.DeletionTimestamp = &metav1.Time{Time: start.Add(-time.Hour)}
}

func TestMethodsCountsByReason(t *testing.T) {
	var m overview.Methods
	for i, change := range [][]func(*v1alpha1.PhoneAuthenticationMethod){
		{says(v1alpha1.ReasonReady, false)},
		{says(v1alpha1.ReasonReady, false)},
		{says(v1alpha1.ReasonReady, false), suspended},
		{says(v1alpha1.ReasonConflict, true)},
		{says(v1alpha1.ReasonDefaultMethod, true), deleted},
		{says(v1alpha1.ReasonReady, false), deleted},
		nil,
		{says(v1alpha1.ReasonWouldChange, true)},
	} {
		o := &v1alpha1.PhoneAuthenticationMethod{}
		o.Name, o.CreationTimestamp = fmt.Sprintf("m%d", i), metav1.NewTime(start.Add(time.Duration(i)*time.Minute))
		for _, c := range change {
			c(o)
		}
		m.Add(o)
	}
	if diff := cmp.Diff(overview.Counts{Total: 8, Ready: 4, Stalled: 3, Suspended: 1, Deleting: 2}, m.Counts()); diff != "" {
		t.Error(diff)
	}
	want := []overview.Reason{
		{"Ready", 2}, {"Conflict", 1}, {"Deleting", 1}, {"Deleting/DefaultMethod", 1}, {"NotReconciled", 1}, {"Suspended", 1}, {"WouldChange", 1},
	}
	if diff := cmp.Diff(want, m.Reasons()); diff != "" {
		t.Error(diff)
	}
	var names []string
	for _, trouble := range m.Oldest() {
		names = append(names, trouble.Name)
	}
	if diff := cmp.Diff([]string{"m4", "m5", "m3", "m6"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyTheTenOldestTroublesAreKept(t *testing.T) {
	var m overview.Methods
	for i := range 100 {
		o := &v1alpha1.PhoneAuthenticationMethod{}
		age := time.Duration(i * 37 % 100) // in no order
		o.Name, o.CreationTimestamp = fmt.Sprintf("m%02d", age), metav1.NewTime(start.Add(age*time.Hour))
		says(v1alpha1.ReasonAlreadyExists, true)(o)
		m.Add(o)
	}
	oldest := m.Oldest()
	if len(oldest) != 10 || oldest[0].Name != "m00" || oldest[9].Name != "m09" {
		t.Errorf("got %v", oldest)
	}
}

func TestTenantCountsTheDeletionsOfTheLastHour(t *testing.T) {
	o := &v1alpha1.EntraTenant{}
	for ago, count := range map[time.Duration]int32{time.Minute: 3, 59 * time.Minute: 4, 2 * time.Hour: 100} {
		o.Status.RecentDeletions = append(o.Status.RecentDeletions, v1alpha1.DeletionCount{Minute: metav1.NewTime(start.Add(-ago)), Namespace: "people", Count: count})
	}
	got := overview.TenantOf(o, overview.Counts{}, start)
	if got.DeletionsLastHour != 7 || got.DeletionsPerHour != 100 {
		t.Errorf("%d of %d", got.DeletionsLastHour, got.DeletionsPerHour)
	}
}
