package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// monitoring returns the one object of a kind of config/prometheus. None can be applied
// without the Prometheus operator's kinds.
func monitoring(t *testing.T, kind string) (spec any) {
	t.Helper()
	objects, err := render("config/prometheus")
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.GetKind() == kind && o.GetNamespace() == namespace {
			return o.Object["spec"]
		}
	}
	t.Fatalf("no %s in %v", kind, objects)
	return nil
}

func TestServiceMonitorFindsTheService(t *testing.T) {
	service := get[corev1.Service](t, "phone-operator-controller-manager-metrics")
	var monitor struct {
		Selector  metav1.LabelSelector
		Endpoints []struct{ Port string }
	}
	fromUnstructured(t, monitoring(t, "ServiceMonitor"), &monitor)
	s, err := metav1.LabelSelectorAsSelector(&monitor.Selector)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Matches(labels.Set(service.Labels)) || monitor.Endpoints[0].Port != service.Spec.Ports[0].Name {
		t.Errorf("selects %q port %q; the Service has labels %v, port %q",
			s, monitor.Endpoints[0].Port, service.Labels, service.Spec.Ports[0].Name)
	}
}

var metricName = regexp.MustCompile(`phone_operator_\w+`)

// metricsCode is the code of both controllers that defines metrics.
func metricsCode(t *testing.T) (code string) {
	t.Helper()
	for _, controller := range []string{"phonemethod", "entratenant"} {
		text, err := os.ReadFile(filepath.Join("..", "controllers", controller, "metrics.go"))
		if err != nil {
			t.Fatal(err)
		}
		code += string(text)
	}
	return code
}

// Each alert asks for metrics that the operator has, and docs/operations.md says what to do
// about it.
func TestAlertsAreOfMetricsThatThereAre(t *testing.T) {
	code := metricsCode(t)
	page, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rule struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations struct{ Summary, Description string }
			}
		}
	}
	fromUnstructured(t, monitoring(t, "PrometheusRule"), &rule)
	watched := map[string]bool{}
	for _, group := range rule.Groups {
		for _, r := range group.Rules {
			names := metricName.FindAllString(r.Expr, -1)
			if len(names) == 0 {
				t.Errorf("%s asks for no metric: %s", r.Alert, r.Expr)
			}
			for _, name := range names {
				watched[name] = true
				if !strings.Contains(code, `"`+name+`"`) {
					t.Errorf("%s: the operator has no metric %s", r.Alert, name)
				}
			}
			if !strings.Contains(string(page), "| `"+r.Alert+"` |") {
				t.Errorf("docs/operations.md has no row for %s", r.Alert)
			}
			if r.Annotations.Summary == "" || r.Annotations.Description == "" {
				t.Errorf("%s says nothing: %+v", r.Alert, r.Annotations)
			}
		}
	}
	for _, name := range []string{"phone_operator_refused_claims_total", "phone_operator_not_writable", "phone_operator_guesses_total"} {
		if !watched[name] {
			t.Errorf("no alert asks for %s", name)
		}
	}
}

// Of each metric that the operator has, docs/operations.md says what it means.
func TestMetricsAreInTheDocuments(t *testing.T) {
	code := metricsCode(t)
	page, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range metricName.FindAllString(code, -1) {
		if !strings.Contains(string(page), "\n| `"+name) {
			t.Errorf("docs/operations.md does not have %s", name)
		}
	}
}
