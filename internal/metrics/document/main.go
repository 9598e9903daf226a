// Command document prints docs/metrics.md.
package main

import (
	"fmt"
	"strings"

	"github.com/entraops/phone-operator/internal/metrics"
)

const before = `# Metrics

What the operator itself tells Prometheus, on ` + "`--metrics-bind-address`" + `. This page is made from the code, by ` + "`make generate`" + `.
No label holds a user or a number. The gauges of tenants are of those that this operator works for: a replica that does not
lead has none.

| metric | type | labels | what it is |
|---|---|---|---|
`

const after = `
From the libraries:

| metric | what it is |
|---|---|
| ` + "`controller_runtime_reconcile_total{controller,result}`, `_errors_total`, `_time_seconds`" + ` | reconciles; ` + "`controller` is `phoneauthenticationmethod`, `entratenant` or `auditlog`" + ` |
| ` + "`workqueue_depth{name,priority}`, `workqueue_queue_duration_seconds`" + ` | users that wait; drift checks have a negative priority |
| ` + "`rest_client_requests_total`" + ` | requests to the API server |
| ` + "`controller_runtime_max_concurrent_reconciles{controller}`" + ` | a controller that is started: the replica that has it works |
| ` + "`leader_election_master_status`" + ` | which replica holds the Lease |

## Results of writes

` + "`result` of `phone_operator_graph_writes_total` is `done` or the kind of failure: `refused`, `invalid number`, `number not unique`,\n`not found`, `forbidden`, `restricted`, `token refused`, `busy`, `throttled`, `unavailable`, `unclear`, `credential failed`." + `

## Scraping

With the Prometheus operator: ` + "`kubectl apply -k config/prometheus`" + `, which also brings the [alerts](alerts.md), and, for a
Prometheus with the ServiceAccount ` + "`prometheus` in the namespace `monitoring`" + `:

    kubectl label namespace monitoring metrics=enabled
    kubectl create clusterrolebinding phone-operator-scrape --clusterrole=phone-operator-metrics-reader --serviceaccount=monitoring:prometheus

` + "`config/grafana/phone-operator.json`" + ` is a dashboard for Grafana. These are its panels, drawn without Grafana from what a real
Prometheus answered to their queries while a test brought about what each metric counts:

![the panels of the dashboard](figures/dashboard.svg)
`

func main() {
	fmt.Print(before)
	for _, d := range metrics.Definitions() {
		labels := ""
		if len(d.Labels) > 0 {
			labels = "`" + strings.Join(d.Labels, "`, `") + "`"
		}
		fmt.Printf("| `%s` | %s | %s | %s |\n", d.Name, d.Kind, labels, d.Help)
	}
	fmt.Print(after)
}
