// Package audits decides what Entra's audit log says about drift: of which users somebody else
// changed phones, and from which time on the log is asked next. It is pure: it asks nothing,
// and knows neither Kubernetes nor a clock.
package audits
