package config_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var installedWithWebhook = sync.OnceValues(func() (client.Client, error) { return start("config/default-webhook") })

// withWebhook is a client of an API server to which config/default-webhook was
// applied.
func withWebhook(t *testing.T) client.Client {
	t.Helper()
	c, err := installedWithWebhook()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const webhook = "phone-operator-webhook" // the default of --webhook-name

func fetch(t *testing.T, o client.Object, name string) {
	t.Helper()
	if err := withWebhook(t).Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o); err != nil {
		t.Fatal(err)
	}
}

// config/default-webhook is config/default and the webhook: what is in one and not in
// the other is the webhook's.
func TestDefaultWebhookIsDefaultAndTheWebhook(t *testing.T) {
	kinds := func(dir string) (all []string) {
		objects, err := render(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			all = append(all, fmt.Sprintf("%s %s/%s", o.GetKind(), o.GetNamespace(), o.GetName()))
		}
		return all
	}
	less, more := kinds("config/default"), kinds("config/default-webhook")
	for _, o := range less {
		if !slices.Contains(more, o) {
			t.Errorf("%s is missing", o)
		}
	}
	more = slices.DeleteFunc(more, func(o string) bool { return slices.Contains(less, o) })
	slices.Sort(more)
	want := []string{
		"ClusterRole /phone-operator-webhook-role",
		"ClusterRoleBinding /phone-operator-webhook-rolebinding",
		"Role phone-operator-system/phone-operator-webhook-role",
		"RoleBinding phone-operator-system/phone-operator-webhook-rolebinding",
		"Secret phone-operator-system/" + webhook,
		"Service phone-operator-system/" + webhook,
		"ValidatingWebhookConfiguration /" + webhook,
	}
	if diff := cmp.Diff(want, more); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
}

// Nothing depends on the webhook: it is not asked about deletions, and not waited for.
func TestWebhookBlocksNothing(t *testing.T) {
	var c admissionregistrationv1.ValidatingWebhookConfiguration
	fetch(t, &c, webhook)
	if len(c.Webhooks) != 2 {
		t.Errorf("%d webhooks, want one for each kind", len(c.Webhooks))
	}
	for _, w := range c.Webhooks {
		if *w.FailurePolicy != admissionregistrationv1.Ignore || *w.TimeoutSeconds > 2 || *w.SideEffects != admissionregistrationv1.SideEffectClassNone {
			t.Errorf("%s: failurePolicy %s, timeoutSeconds %d, sideEffects %s", w.Name, *w.FailurePolicy, *w.TimeoutSeconds, *w.SideEffects)
		}
		for _, rule := range w.Rules {
			want := []admissionregistrationv1.OperationType{admissionregistrationv1.Create, admissionregistrationv1.Update}
			if diff := cmp.Diff(want, rule.Operations); diff != "" {
				t.Errorf("%s: operations (-want +got):\n%s", w.Name, diff)
			}
			for _, r := range rule.Resources {
				if strings.ContainsAny(r, "/*") {
					t.Errorf("%s: asked about %s", w.Name, r)
				}
			}
		}
	}
}

// From the configuration through the Service and the NetworkPolicy to the port, and
// from the Secret to the directory.
func TestAPIServerFindsTheWebhook(t *testing.T) {
	var c admissionregistrationv1.ValidatingWebhookConfiguration
	var service corev1.Service
	var d appsv1.Deployment
	var policy networkingv1.NetworkPolicy
	fetch(t, &c, webhook)
	fetch(t, &service, webhook)
	fetch(t, &d, "phone-operator-controller-manager")
	fetch(t, &policy, "phone-operator-controller-manager")
	for _, w := range c.Webhooks {
		s := w.ClientConfig.Service
		if s.Namespace != namespace || s.Name != webhook || *s.Port != service.Spec.Ports[0].Port {
			t.Errorf("%s is asked at %s/%s:%d", w.Name, s.Namespace, s.Name, *s.Port)
		}
	}
	pod := d.Spec.Template
	if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) {
		t.Errorf("the Service selects %v", service.Spec.Selector)
	}
	container := pod.Spec.Containers[0]
	i := slices.IndexFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.Name == service.Spec.Ports[0].TargetPort.StrVal })
	if i < 0 {
		t.Fatalf("no port %s", service.Spec.Ports[0].TargetPort.StrVal)
	}
	if port := container.Ports[i].ContainerPort; port != 9443 { // the default of --webhook-port
		t.Errorf("the Service leads to port %d", port)
	}
	open := slices.ContainsFunc(policy.Spec.Ingress, func(r networkingv1.NetworkPolicyIngressRule) bool {
		return len(r.From) == 0 && len(r.Ports) == 1 && r.Ports[0].Port.IntVal == container.Ports[i].ContainerPort
	})
	if !open || len(policy.Spec.Ingress) != 2 {
		t.Errorf("the NetworkPolicy lets in %+v", policy.Spec.Ingress)
	}
	mount, volume := container.VolumeMounts[0], pod.Spec.Volumes[0]
	if !slices.Contains(container.Args, "--enable-webhooks") || !slices.Contains(container.Args, "--webhook-cert-dir="+mount.MountPath) {
		t.Errorf("arguments %q, mounted at %s", container.Args, mount.MountPath)
	}
	if mount.Name != volume.Name || volume.Secret.SecretName != webhook || !*volume.Secret.Optional {
		t.Errorf("volume %+v", volume)
	}
	for _, item := range volume.Secret.Items {
		if strings.HasPrefix(item.Key, "ca.") {
			t.Errorf("%s of the Secret is mounted", item.Key)
		}
	}
}

// With the webhook the operator may write the one Secret and the one configuration.
func TestWhatTheOperatorMayDoForTheWebhook(t *testing.T) {
	const registration, configurations = "admissionregistration.k8s.io", "validatingwebhookconfigurations"
	named := func(a authorizationv1.ResourceAttributes, name string) authorizationv1.ResourceAttributes {
		a.Name = name
		return a
	}
	for sentence, c := range map[string]struct {
		attributes authorizationv1.ResourceAttributes
		want       bool
	}{
		"write the certificates":                  {named(resource("", "secrets", "", "update", namespace), webhook), true},
		"read its configuration":                  {named(resource(registration, configurations, "", "get", ""), webhook), true},
		"watch its configuration":                 {named(resource(registration, configurations, "", "watch", ""), webhook), true},
		"write its configuration":                 {named(resource(registration, configurations, "", "update", ""), webhook), true},
		"write another Secret":                    {named(resource("", "secrets", "", "update", namespace), "graph"), false},
		"write a Secret of that name elsewhere":   {named(resource("", "secrets", "", "update", "people"), webhook), false},
		"create Secrets":                          {resource("", "secrets", "", "create", namespace), false},
		"delete the certificates":                 {named(resource("", "secrets", "", "delete", namespace), webhook), false},
		"list all configurations":                 {resource(registration, configurations, "", "list", ""), false},
		"write another configuration":             {named(resource(registration, configurations, "", "update", ""), "gatekeeper"), false},
		"create configurations":                   {resource(registration, configurations, "", "create", ""), false},
		"write configurations that change things": {named(resource(registration, "mutatingwebhookconfigurations", "", "update", ""), webhook), false},
	} {
		t.Run(sentence, func(t *testing.T) {
			may(t, withWebhook(t), c.attributes, c.want)
		})
	}
}
