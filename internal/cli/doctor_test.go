package cli

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/doctor"
)

// examines types doctor, and returns the state of each check about a tenant or the operator.
func (w *connected) examines(operator string) (states map[string]doctor.State, text string) {
	w.t.Helper()
	out, _, err := w.run("doctor", "--operator-namespace="+operator, "--patience=0", "-o", "json")
	if err != nil && !errors.Is(err, ErrFound) {
		w.t.Fatal(err)
	}
	var all []doctor.Finding
	must(w.t, json.Unmarshal([]byte(out), &all))
	states = map[string]doctor.State{}
	for _, f := range all {
		states[strings.TrimPrefix(f.Check, "tenant "+w.namespace+": ")] = f.State
	}
	if strings.Contains(out, appSecret) {
		w.t.Error("the credential was printed")
	}
	return states, out
}

func (w *connected) mustFind(states map[string]doctor.State, want map[string]doctor.State, text string) {
	w.t.Helper()
	for check, state := range want {
		if states[check] != state {
			w.t.Errorf("%s is %q, want %q, in:\n%s", check, states[check], state, text)
		}
	}
}

func TestDoctor(t *testing.T) {
	w := newConnected(t, "doctored", append(slices.Clone(least), "Mail.ReadWrite"))
	states, text := w.examines("nowhere")
	w.mustFind(states, map[string]doctor.State{
		"CRD PhoneAuthenticationMethod": doctor.OK, "CRD EntraTenant": doctor.OK, "operator": doctor.Fail, "leader": doctor.Warn,
		"webhook": doctor.OK, "your rights": doctor.OK, "ready": doctor.Warn, "credential": doctor.OK, "token": doctor.OK, "permissions": doctor.OK,
		"LeastPrivilege": doctor.Warn, "Graph": doctor.OK, "clock": doctor.OK,
	}, text)
	mustSay(t, text, "Mail.ReadWrite")
	w.onlyLooked()

	o := &v1alpha1.EntraTenant{}
	must(t, w.Get(t.Context(), client.ObjectKey{Name: w.namespace}, o))
	o.Status.Conditions = []v1Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady,
		ObservedGeneration: o.Generation, LastTransitionTime: metav1.Now()}}
	must(t, w.Status().Update(t.Context(), o))
	w.graph.SetSkew(2 * time.Minute)
	must(t, w.Create(t.Context(), &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "operator", Labels: map[string]string{"control-plane": "controller-manager"}},
		Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"a": "b"}}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"a": "b"}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "manager", Image: "phone-operator:v1"}}}}}}))
	must(t, w.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "phone-operator.identity.entraops.dev"},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: new("replica-1"), RenewTime: new(metav1.NowMicro())}}))
	states, text = w.examines(w.namespace)
	w.mustFind(states, map[string]doctor.State{"operator": doctor.Fail, "leader": doctor.Fail, "ready": doctor.OK, "clock": doctor.Warn}, text)
	mustSay(t, text, "0 of 1 replicas, version v1", "Its ReplicaSets say why", "replica-1 holds the Lease")

	must(t, w.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "credential"}}))
	states, text = w.examines(w.namespace)
	w.mustFind(states, map[string]doctor.State{"credential": doctor.Fail}, text)
	out, _, err := w.run("doctor", "--patience=0")
	if !errors.Is(err, ErrFound) {
		t.Errorf("got %v", err)
	}
	mustSay(t, out, "ok    CRD EntraTenant: ", "FAIL  tenant doctored: credential: There is no Secret doctored/credential.", "      -> Create it")
}

// TestDoctorOfAnAppWithTooLittle has a token that opens nothing.
func TestDoctorOfAnAppWithTooLittle(t *testing.T) {
	w := newConnected(t, "poor", []string{"User.ReadBasic.All"})
	states, text := w.examines("nowhere")
	w.mustFind(states, map[string]doctor.State{"permissions": doctor.Fail, "Graph": doctor.OK}, text)
	mustSay(t, text, "UserAuthMethod-Phone.ReadWrite.All, GroupMember.Read.All, RoleManagement.Read.Directory")
	o := &v1alpha1.EntraTenant{}
	must(t, w.Get(t.Context(), client.ObjectKey{Name: w.namespace}, o))
	o.Spec.ClientID = "66666666-7777-8888-9999-00000000000f"
	must(t, w.Update(t.Context(), o))
	states, text = w.examines("nowhere")
	w.mustFind(states, map[string]doctor.State{"credential": doctor.OK, "token": doctor.Fail}, text)
}
