// Package access decides who may manage whom: which namespaces may create,
// update and delete the phones of which users, by the rules of an EntraTenant.
//
// Rules only ever allow. What no rule allows is not allowed, and what is not
// known (the user, the namespace's labels, a word of a later API) matches no rule.
//
// It leaves out whether a user is privileged, which is Graph's to say, and the
// words of a refusal, which are the caller's. It does no I/O.
package access
