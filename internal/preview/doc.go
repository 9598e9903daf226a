// Package preview finds out what the operator would do about manifests that nobody has applied yet, without doing it.
//
// It has no rules of its own. The operator's reconciler of phones runs as it is, in mode Observe, over a cluster in
// memory: what the API server has, with the manifests laid over as the API server itself would take them (dry run). What it
// writes stays in that memory. Graph is read by a client that refuses every request but GET.
//
// It leaves out what time brings: the plan is of the state that lasts, so that nothing waits for a resource to grow old.
package preview
