package doctor

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// served is a kind as the API server describes it, by its CRD.
func served(t *testing.T, file, kind string) schema {
	t.Helper()
	text, err := os.ReadFile("../../config/crd/bases/" + file)
	must(t, err)
	var crd apiextensionsv1.CustomResourceDefinition
	must(t, yaml.Unmarshal(text, &crd))
	document, err := json.Marshal(crd.Spec.Versions[0].Schema.OpenAPIV3Schema)
	must(t, err)
	var s schema
	must(t, json.Unmarshal(document, &s))
	must(t, json.Unmarshal([]byte(`[{"kind": "`+kind+`"}]`), &s.Kinds))
	return s
}

func TestFieldsOfAnotherVersionAreNamed(t *testing.T) {
	for _, kind := range []struct{ name, file, field string }{
		{"PhoneAuthenticationMethod", "identity.entraops.dev_phoneauthenticationmethods.yaml", "adoptionPolicy"},
		{"EntraTenant", "identity.entraops.dev_entratenants.yaml", "privilegedUsers"},
	} {
		var known any = v1alpha1.PhoneAuthenticationMethod{}
		if kind.name == "EntraTenant" {
			known = v1alpha1.EntraTenant{}
		}
		s := served(t, kind.file, kind.name)
		look := func() Finding { return compare(kind.name, map[string]schema{kind.name: s}, known) }
		if f := look(); f.State != OK {
			t.Errorf("the CRD of this version: %+v", f)
		}
		s.Properties["spec"].Properties["tomorrow"] = schema{}
		if f := look(); f.State != Warn || !strings.Contains(f.Found, "spec.tomorrow") {
			t.Errorf("a newer one: %+v", f)
		}
		delete(s.Properties["spec"].Properties, kind.field)
		if f := look(); f.State != Fail || !strings.Contains(f.Found, "spec."+kind.field) || f.Do == "" {
			t.Errorf("an older one: %+v", f)
		}
	}
	if f := compare("EntraTenant", nil, v1alpha1.EntraTenant{}); f.State != Fail {
		t.Errorf("none: %+v", f)
	}
	all := map[string]bool{}
	fieldsOf(reflect.TypeFor[v1alpha1.EntraTenantStatus](), "status", all)
	if !all["status.conditions.lastTransitionTime"] || all["status.conditions.lastTransitionTime.Time"] {
		t.Errorf("got %v", all)
	}
}

func TestClocks(t *testing.T) {
	for ahead, want := range map[time.Duration]State{
		0: OK, 20 * time.Second: OK, -time.Minute: Warn, 4 * time.Minute: Warn, -6 * time.Minute: Fail,
	} {
		if f := clock(ahead, "clock"); f.State != want {
			t.Errorf("%s: %+v", ahead, f)
		}
	}
}

func TestDeployments(t *testing.T) {
	for want, change := range map[State]func(*appsv1.Deployment){
		OK:   func(*appsv1.Deployment) {},
		Fail: func(d *appsv1.Deployment) { d.Status.AvailableReplicas = 0 },
		Warn: func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "HTTPS_PROXY", Value: "http://user:password@proxy:3128"}}
		},
	} {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "operator"}, Status: appsv1.DeploymentStatus{AvailableReplicas: 2, Replicas: 2}}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Image: "registry.example:5000/phone-operator:v1.2.3"}}
		change(d)
		f := deployed(d)
		if f.State != want || !strings.Contains(f.Found, "version v1.2.3") || strings.Contains(f.Found+f.Do, "password") {
			t.Errorf("%s: %+v", want, f)
		}
	}
}

// Where no pod could be made there is none to look at.
func TestADeploymentWithoutPodsSaysWhereToLook(t *testing.T) {
	for want, replicas := range map[string]int32{"has 0 of 2 replicas": 2, "has 0 of 0 replicas": 0} {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "system", Name: "operator"}, Spec: appsv1.DeploymentSpec{Replicas: &replicas}}
		f := deployed(d)
		if f.State != Fail || !strings.Contains(f.Found, want) || strings.Contains(f.Do, "describe pods") || strings.Contains(f.Do, "scale") != (replicas == 0) {
			t.Errorf("%d replicas: %+v", replicas, f)
		}
	}
}

func TestConditionsOfATenant(t *testing.T) {
	tenant := func(condition string, status metav1.ConditionStatus, reason string) *v1alpha1.EntraTenant {
		return &v1alpha1.EntraTenant{Status: v1alpha1.EntraTenantStatus{Conditions: []metav1.Condition{{Type: condition, Status: status, Reason: reason, Message: "so"}}}}
	}
	for _, c := range []struct {
		condition string
		status    metav1.ConditionStatus
		reason    string
		want      State
	}{
		{v1alpha1.ConditionLeastPrivilege, metav1.ConditionTrue, v1alpha1.ReasonLeastPrivilege, OK},
		{v1alpha1.ConditionLeastPrivilege, metav1.ConditionFalse, v1alpha1.ReasonBroadPermissions, Warn},
		{v1alpha1.ConditionContested, metav1.ConditionTrue, v1alpha1.ReasonHeldByAnother, Warn},
		{v1alpha1.ConditionProtectedUsersVisible, metav1.ConditionFalse, v1alpha1.ReasonUnlicensed, OK},
		{v1alpha1.ConditionAuditLogFollowed, metav1.ConditionUnknown, v1alpha1.ReasonUnavailable, Warn},
	} {
		f, said := conditionOf(tenant(c.condition, c.status, c.reason), c.condition, c.condition)
		if !said || f.State != c.want {
			t.Errorf("%+v: %+v", c, f)
		}
	}
	for status, want := range map[metav1.ConditionStatus]State{metav1.ConditionTrue: OK, metav1.ConditionFalse: Fail, metav1.ConditionUnknown: Warn} {
		if f := readyOf(tenant(v1alpha1.ConditionReady, status, "So"), "ready"); f.State != want {
			t.Errorf("%s: %+v", status, f)
		}
	}
	if f := readyOf(&v1alpha1.EntraTenant{}, "ready"); f.State != Warn {
		t.Errorf("nobody looked: %+v", f)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
