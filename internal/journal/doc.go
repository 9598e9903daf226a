// Package journal keeps the writes to one user's phones that no read has confirmed, and
// decides what they mean: which of Graph's answers and reads are believed, which claims must
// wait, when to read again. Reads of Graph lag, answers are lost, and a refusal may be due to
// a write that has not reached all of Graph. The package is pure: values in, values out. It
// leaves out Graph, Kubernetes, clocks and storage; now is an argument.
package journal
