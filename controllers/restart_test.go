package controllers

import "sigs.k8s.io/controller-runtime/pkg/metrics"

// ForgetMetrics makes room for the metrics of another operator in this process.
func ForgetMetrics() {
	metrics.Registry.Unregister(graphWrites)
	metrics.Registry.Unregister(deletionsWithheld)
	metrics.Registry.Unregister(gates{})
}
