package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/leash"
)

// A real Prometheus scrapes the operator while it works, evaluates the rules of the alerts, and has
// something to show for every query of the dashboard.
func TestTheDashboardShowsWhatHappens(t *testing.T) {
	program := os.Getenv("PROMETHEUS")
	if program == "" {
		t.Skip("PROMETHEUS is not set: `make alerts` runs this test")
	}
	t.Parallel()
	s := newStoryAlone(t, func(spec *v1alpha1.EntraTenantSpec) {
		spec.Limits = &v1alpha1.Limits{DeletionsPerHour: new(int32(1)), AuthenticationRequestsPerMinute: new(int32(60))}
	})
	s.app(forAuditLog...)
	o := s.launch(launch{args: []string{"--leader-elect=true"}})
	p := newPrometheus(t, program, o, s.scraper())
	s.tenantReaches(v1alpha1.ConditionAuditLogFollowed, metav1.ConditionTrue, v1alpha1.ReasonFollowed)
	counters := []string{"drift_found", "refused_claims", "guesses", "deletions_withheld"}
	for _, name := range counters {
		s.eventually("the operator counts from 0: "+name, p.shows(fmt.Sprintf("phone_operator_%s_total{tenant=%q} == 0", name, s.tenant)))
	}
	began := time.Now()
	s.eventful()
	for _, name := range counters {
		s.eventually("the first event is an increase: "+name, p.shows(fmt.Sprintf("increase(phone_operator_%s_total{tenant=%q}[5m]) > 0", name, s.tenant)))
	}

	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	root, err := devcluster.Root()
	must(t, err)
	text, err := os.ReadFile(filepath.Join(root, "config", "grafana", "phone-operator.json"))
	must(t, err)
	must(t, json.Unmarshal(text, &board))
	variables := strings.NewReplacer("$tenant", s.tenant, "$job", ".+", "$__rate_interval", "1m")
	asked := 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			asked++
			s.eventually(fmt.Sprintf("panel %q shows something: %s", panel.Title, target.Expr), p.shows(variables.Replace(target.Expr)))
		}
	}
	if asked == 0 {
		t.Error("the dashboard has no queries")
	}
	if file := os.Getenv("PANELS"); file != "" { // hack/plot draws them
		var drawn []panel
		for _, one := range board.Panels {
			if len(one.Targets) > 0 {
				drawn = append(drawn, panel{Title: one.Title})
			}
			for _, target := range one.Targets {
				lines, err := p.lines(variables.Replace(target.Expr), began)
				must(t, err)
				for i := range lines {
					lines[i].Name = cmp.Or(lines[i].Name, target.LegendFormat)
				}
				drawn[len(drawn)-1].Lines = append(drawn[len(drawn)-1].Lines, lines...)
			}
		}
		text, err := json.Marshal(drawn)
		must(t, err)
		must(t, os.WriteFile(file, text, 0o600))
	}
	s.eventually("the rules of the alerts are evaluated", func() error {
		var rules struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
		if err := p.ask("rules", nil, &rules); err != nil {
			return err
		}
		evaluated := 0
		for _, group := range rules.Groups {
			for _, rule := range group.Rules {
				if evaluated++; rule.Health != "ok" {
					return fmt.Errorf("%s is %s: %s", rule.Name, rule.Health, rule.LastError)
				}
			}
		}
		if evaluated == 0 {
			return errNotYet
		}
		return nil
	})
}

// eventful brings about what each metric counts.
func (s *story) eventful() {
	s.t.Helper()
	p := s.people
	ada, ben, cora := s.user(), s.user(), s.user()
	p.apply(p.phone("ada", ada.UPN, mobile, "+1 2065550101"), p.phone("ben", ben.UPN, mobile, "+1 2065550102"), p.phone("cora", cora.UPN, mobile, "+1 2065550103"))
	p.ready("ada", "ben", "cora")

	must(s.t, s.graph.SetPhone(ada.ID, "mobile", "+1 2065550109")) // drift
	p.look("ada")
	s.has(ada, "mobile +1 2065550101")

	p.apply(p.phone("stranger", "somebody@fabrikam.com", mobile, "+1 2065550104")) // refused
	p.refused(v1alpha1.ReasonNotPermitted, "stranger")

	dora := s.user() // a guess
	must(s.t, s.graph.SetPhone(dora.ID, "mobile", "+1 2065550142"))
	p.apply(p.phone("guess", dora.UPN, mobile, "+1 2065550110", adoptEqual))
	p.reaches("guess", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)

	p.remove("ben") // the limit is one
	p.gone("ben")
	p.remove("cora")

	must(s.t, s.graph.AddFault(emulator.Fault{Effect: emulator.Answer, Status: http.StatusTooManyRequests, Retry: "2", Path: ada.ID, Times: 1}))
	p.edit("ada", number("+1 2065550105"))
	for i := range 10 { // more than the pace allows at once
		p.apply(p.phone(fmt.Sprintf("crowd-%d", i), s.user().UPN, mobile, "+1 2065550106"))
	}
	p.ready("ada")
}

// prometheus is a running one.
type prometheus struct{ url string }

// newPrometheus starts one that scrapes an operator each second, with a token, and evaluates the alerts.
func newPrometheus(t *testing.T, program string, o *operator, token string) prometheus {
	t.Helper()
	root, err := devcluster.Root()
	must(t, err)
	var rule struct{ Spec any } // as Prometheus reads it
	manifest, err := os.ReadFile(filepath.Join(root, "config", "prometheus", "alerts.yaml"))
	must(t, err)
	must(t, yaml.Unmarshal(manifest, &rule))
	rules, err := yaml.Marshal(rule.Spec)
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "token"), []byte(token), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "rules.yaml"), rules, 0o600))
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
- job_name: phone-operator
  scheme: https
  tls_config: {insecure_skip_verify: true}
  authorization: {credentials_file: token}
  static_configs:
  - targets: [%q]
    labels: {namespace: phone-operator-system, pod: phone-operator}
`, o.Metrics)
	must(t, os.WriteFile(filepath.Join(dir, "prometheus.yaml"), []byte(config), 0o600))
	address, err := devcluster.FreeAddress()
	must(t, err)
	log := filepath.Join(dir, "prometheus.log")
	process, err := leash.Logged(log, nil, program, "--config.file="+filepath.Join(dir, "prometheus.yaml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	must(t, err)
	t.Cleanup(func() {
		process.Kill()
		if said, err := os.ReadFile(log); err == nil && t.Failed() {
			t.Logf("Prometheus said: %s", said[max(0, len(said)-2000):])
		}
	})
	return prometheus{"http://" + address}
}

// shows returns what fails while a query has no result.
func (p prometheus) shows(query string) func() error {
	return func() error {
		var found struct{ Result []any }
		if err := p.ask("query", url.Values{"query": {query}}, &found); err != nil {
			return err
		}
		if len(found.Result) == 0 {
			return errNotYet
		}
		return nil
	}
}

// ask asks the HTTP API of Prometheus.
func (p prometheus) ask(what string, values url.Values, into any) error {
	resp, err := http.Get(p.url + "/api/v1/" + what + "?" + values.Encode()) //nolint:noctx // on this machine
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		return err
	}
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal(body.Bytes(), &answer); err != nil {
		return fmt.Errorf("%s: %s", resp.Status, body.String())
	}
	if answer.Status != "success" {
		return fmt.Errorf("%s: %s", what, answer.Error)
	}
	return json.Unmarshal(answer.Data, into)
}

// panel and line are what hack/plot draws.
type panel struct {
	Title string `json:"title"`
	Lines []line `json:"lines"`
}

type line struct {
	Name   string       `json:"name"`
	Points [][2]float64 `json:"points"` // seconds since the beginning, and the value
}

// lines evaluates a query for each second since then.
func (p prometheus) lines(query string, since time.Time) (all []line, err error) {
	var found struct {
		Result []struct {
			Metric map[string]string
			Values [][2]any // seconds since 1970, and the value as text
		}
	}
	err = p.ask("query_range", url.Values{"query": {query}, "step": {"1"},
		"start": {since.UTC().Format(time.RFC3339)}, "end": {time.Now().UTC().Format(time.RFC3339)}}, &found)
	if err != nil {
		return nil, err
	}
	for _, result := range found.Result {
		one := line{Name: strings.Join(slices.Sorted(maps.Values(result.Metric)), " ")}
		for _, at := range result.Values {
			value, err := strconv.ParseFloat(at[1].(string), 64)
			if err == nil && !math.IsNaN(value) && !math.IsInf(value, 0) {
				one.Points = append(one.Points, [2]float64{at[0].(float64) - float64(since.Unix()), value})
			}
		}
		all = append(all, one)
	}
	return all, nil
}
