// Package tenant makes an EntraTenant into a live connection: its credential,
// its Graph client, its access rules, and what all users of a tenant share: the
// pauses and the pace that Graph asks for, and the budget of deletions. It leaves out when a
// tenant is looked at and what its status says: see controllers.
package tenant
