// Package chain tells, for `kubectl phonemethod explain`, by which decisions a resource came to be as it is: one step for
// each, in the order in which the operator takes them, and what comes next.
//
// It is pure and knows what status says, nothing else: the operator alone judges.
package chain
