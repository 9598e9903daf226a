package config_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/metrics"
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

var (
	metricName  = regexp.MustCompile(`phone_operator_\w+`)
	histogramOf = regexp.MustCompile(`_(bucket|count|sum)$`)
)

// isMetric reports whether the operator has the metric of a query.
func isMetric(name string) bool {
	return slices.ContainsFunc(metrics.Definitions(), func(d metrics.Definition) bool {
		return name == d.Name || d.Kind == "histogram" && histogramOf.ReplaceAllString(name, "") == d.Name
	})
}

type alert struct {
	Alert, Expr string
	Annotations struct{ Summary, Description, RunbookURL string }
}

func alerts(t *testing.T) (all []alert) {
	t.Helper()
	var rule struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	fromUnstructured(t, monitoring(t, "PrometheusRule"), &rule)
	for _, group := range rule.Groups {
		for _, r := range group.Rules {
			a := alert{Alert: r.Alert, Expr: r.Expr}
			a.Annotations.Summary, a.Annotations.Description, a.Annotations.RunbookURL = r.Annotations["summary"], r.Annotations["description"], r.Annotations["runbook_url"]
			all = append(all, a)
		}
	}
	return all
}

// Each alert asks for metrics that there are, has unit tests for promtool, and docs/alerts.md says
// what to do about it.
func TestAlertsAreOfMetricsThatThereAre(t *testing.T) {
	page, tests := read(t, "../docs/alerts.md"), read(t, "prometheus/alerts_test.yaml")
	all := alerts(t)
	if len(all) == 0 {
		t.Fatal("no alerts")
	}
	for _, a := range all {
		for _, name := range metricName.FindAllString(a.Expr, -1) {
			if !isMetric(name) {
				t.Errorf("%s: the operator has no metric %s", a.Alert, name)
			}
		}
		if !strings.Contains(page, "\n## "+a.Alert+"\n") {
			t.Errorf("docs/alerts.md has no section for %s", a.Alert)
		}
		if !strings.HasSuffix(a.Annotations.RunbookURL, "/docs/alerts.md#"+strings.ToLower(a.Alert)) {
			t.Errorf("%s: the runbook is %q", a.Alert, a.Annotations.RunbookURL)
		}
		for _, what := range []string{"fires", "does not fire"} {
			if fires := what == "fires"; !hasAlertTest(tests, a.Alert, fires) {
				t.Errorf("alerts_test.yaml has no test in which %s %s", a.Alert, what)
			}
		}
		if a.Annotations.Summary == "" || a.Annotations.Description == "" {
			t.Errorf("%s says nothing: %+v", a.Alert, a.Annotations)
		}
	}
}

// hasAlertTest reports whether the unit tests have one in which the alert fires, or one in which it
// does not.
func hasAlertTest(text, alert string, fires bool) bool {
	var file struct {
		Tests []struct {
			AlertRuleTest []struct {
				Alertname string
				ExpAlerts []any `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		}
	}
	if yaml.Unmarshal([]byte(text), &file) != nil {
		return false
	}
	for _, test := range file.Tests {
		for _, c := range test.AlertRuleTest {
			if c.Alertname == alert && (len(c.ExpAlerts) > 0) == fires {
				return true
			}
		}
	}
	return false
}

// TestAlertsFireWhenTheyShould runs the alerts' unit tests by promtool, which `make alerts` builds.
func TestAlertsFireWhenTheyShould(t *testing.T) {
	promtool := os.Getenv("PROMTOOL")
	if promtool == "" {
		t.Skip("PROMTOOL is not set: `make alerts` runs this test")
	}
	dir := t.TempDir()
	rules, err := yaml.Marshal(monitoring(t, "PrometheusRule"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"rules.yaml": rules, "alerts_test.yaml": []byte(read(t, "prometheus/alerts_test.yaml"))} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", filepath.Join(dir, "alerts_test.yaml")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// Each query of the dashboard is of a metric that there is.
func TestTheDashboardIsOfMetricsThatThereAre(t *testing.T) {
	var board struct {
		Panels []struct {
			Type, Title string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/phone-operator.json")), &board); err != nil {
		t.Fatal(err)
	}
	controllers := named(t)
	shown := map[string]bool{}
	for _, panel := range board.Panels {
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("%s has no query", panel.Title)
		}
		for _, target := range panel.Targets {
			if some := someControllers.FindStringSubmatch(target.Expr); some != nil && !slices.Equal(slices.Sorted(strings.SplitSeq(some[1], "|")), controllers) {
				t.Errorf("%s: it shows the controllers %s, and there are %q", panel.Title, some[1], controllers)
			}
			for _, name := range metricName.FindAllString(target.Expr, -1) {
				if shown[histogramOf.ReplaceAllString(name, "")] = true; !isMetric(name) {
					t.Errorf("%s: the operator has no metric %s", panel.Title, name)
				}
			}
		}
	}
	for _, d := range metrics.Definitions() {
		if !shown[d.Name] && !shown[histogramOf.ReplaceAllString(d.Name, "")] {
			t.Errorf("no panel shows %s", d.Name)
		}
	}
}

// someControllers are those of a query that is of more than one.
var someControllers = regexp.MustCompile(`controller=~"([^"]*)"`)

// named are the names of all controllers, in order.
func named(t *testing.T) (all []string) {
	t.Helper()
	files, err := filepath.Glob("../controllers/*/controller.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		for _, m := range regexp.MustCompile(`Named\("([a-z]+)"\)`).FindAllStringSubmatch(read(t, file), -1) {
			all = append(all, m[1])
		}
	}
	slices.Sort(all)
	return all
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
