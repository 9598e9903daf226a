// Package preview finds out what the operator would do about manifests that nobody has applied yet, without doing it.
//
// It has no rules of its own. The operator's reconciler of phones runs as it is, in mode Observe, over a cluster in
// memory: what the API server has, with the manifests laid over as the API server itself would take them (dry run). What it
// writes stays in that memory. Graph is read by a client that refuses every request but GET.
//
// Run is the line, a stage for each step: snapshot.go reads, with the API server's word on each manifest; connect.go connects to
// Graph; reconcile.go has the reconciler look at the users; report.go tells. Stages take values and return values. What the
// reconciler writes is in cluster.go, and nothing else changes while a plan is made.
//
// It leaves out what time brings: the plan is of the state that lasts, so that nothing waits for a resource to grow old.
package preview
