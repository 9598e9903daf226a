package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const namespace = "phone-operator-system"

func get[T any, O interface {
	*T
	client.Object
}](t *testing.T, name string) O {
	t.Helper()
	o := O(new(T))
	if err := k8s(t).Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o); err != nil {
		t.Fatal(err)
	}
	return o
}

func deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	return get[appsv1.Deployment](t, "phone-operator-controller-manager")
}

func TestTwoReplicasElectALeader(t *testing.T) {
	d := deployment(t)
	if *d.Spec.Replicas != 2 {
		t.Errorf("%d replicas, want 2", *d.Spec.Replicas)
	}
	want := []string{"--leader-elect", "--health-probe-bind-address=:8081", "--metrics-bind-address=:8443"}
	if diff := cmp.Diff(want, d.Spec.Template.Spec.Containers[0].Args); diff != "" {
		t.Errorf("arguments (-want +got):\n%s", diff)
	}
}

// The namespace enforces the restricted standard, and the operator's pods keep it.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/
func TestPodsKeepTheRestrictedStandard(t *testing.T) {
	template := deployment(t).Spec.Template
	for sentence, c := range map[string]struct {
		change  func(*corev1.PodSpec)
		refused bool
	}{
		"as they are": {change: func(*corev1.PodSpec) {}},
		"run as root": {
			change:  func(s *corev1.PodSpec) { s.SecurityContext.RunAsNonRoot = nil },
			refused: true,
		},
		"with capabilities": {
			change:  func(s *corev1.PodSpec) { s.Containers[0].SecurityContext.Capabilities = nil },
			refused: true,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			pod := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "manager", Labels: template.Labels},
				Spec:       *template.Spec.DeepCopy(),
			}
			c.change(&pod.Spec)
			err := k8s(t).Create(t.Context(), pod, client.DryRunAll)
			if c.refused && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `violates PodSecurity "restricted`)) {
				t.Errorf("the namespace does not enforce the standard: %v", err)
			}
			if !c.refused && err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestRootFilesystemIsReadOnly(t *testing.T) {
	if s := deployment(t).Spec.Template.Spec.Containers[0].SecurityContext; s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
		t.Error("it can be written to")
	}
}

// Whatever selects pods by label selects the Deployment's.
func TestSelectorsFindThePods(t *testing.T) {
	d := deployment(t)
	selectors := map[string]*metav1.LabelSelector{
		"Deployment":          d.Spec.Selector,
		"PodDisruptionBudget": get[policyv1.PodDisruptionBudget](t, "phone-operator-controller-manager").Spec.Selector,
		"NetworkPolicy":       &get[networkingv1.NetworkPolicy](t, "phone-operator-controller-manager").Spec.PodSelector,
		"Service":             metav1.SetAsLabelSelector(get[corev1.Service](t, "phone-operator-controller-manager-metrics").Spec.Selector),
	}
	for _, c := range d.Spec.Template.Spec.TopologySpreadConstraints {
		selectors["spread over "+c.TopologyKey] = c.LabelSelector
	}
	for what, selector := range selectors {
		s, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			t.Fatal(err)
		}
		if s.Empty() || !s.Matches(labels.Set(d.Spec.Template.Labels)) {
			t.Errorf("%s: %q does not match the pods' labels %v", what, s, d.Spec.Template.Labels)
		}
	}
}

// The ports that the probes, the Service and the NetworkPolicy name are the
// container's.
func TestPortsAreTheContainers(t *testing.T) {
	container := deployment(t).Spec.Template.Spec.Containers[0]
	ports := map[string]int32{}
	for _, p := range container.Ports {
		ports[p.Name] = p.ContainerPort
	}
	if diff := cmp.Diff(map[string]int32{"metrics": 8443, "probes": 8081}, ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	named := []string{
		container.LivenessProbe.HTTPGet.Port.StrVal,
		container.ReadinessProbe.HTTPGet.Port.StrVal,
		get[corev1.Service](t, "phone-operator-controller-manager-metrics").Spec.Ports[0].TargetPort.StrVal,
	}
	if diff := cmp.Diff([]string{"probes", "probes", "metrics"}, named); diff != "" {
		t.Errorf("named (-want +got):\n%s", diff)
	}
	policy := get[networkingv1.NetworkPolicy](t, "phone-operator-controller-manager")
	if got := policy.Spec.Ingress[0].Ports[0].Port.IntVal; got != ports["metrics"] {
		t.Errorf("the NetworkPolicy lets in port %d, want %d", got, ports["metrics"])
	}
}

// What is not namespaced, or has no prefix, would meet that of others in the cluster.
func TestEverythingIsNamedAfterTheOperator(t *testing.T) {
	objects, err := render("config/default")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.GetKind() == "CustomResourceDefinition" {
			continue
		}
		if !strings.HasPrefix(o.GetName(), "phone-operator-") {
			t.Errorf("%s %s", o.GetKind(), o.GetName())
		}
		if ns := o.GetNamespace(); !slices.Contains([]string{"", namespace}, ns) {
			t.Errorf("%s %s is in namespace %s", o.GetKind(), o.GetName(), ns)
		}
	}
}
