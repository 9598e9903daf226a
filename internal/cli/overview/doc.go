// Package overview counts what the resources of a namespace or cluster say, for `kubectl phonemethod status`.
//
// It is pure, takes the resources one at a time, and keeps of them only counts and the few that have been in trouble for
// longest: a hundred thousand need no more memory than ten.
package overview
