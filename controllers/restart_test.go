package controllers

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// ForgetMetrics makes room for the metrics of another operator in this process.
func ForgetMetrics() {
	for _, c := range []prometheus.Collector{graphWrites, deletionsWithheld, refusedClaims, guessed, writability{}, throttles{}} {
		metrics.Registry.Unregister(c)
	}
}
