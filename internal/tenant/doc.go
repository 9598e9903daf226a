// Package tenant makes an EntraTenant into a live connection: its credential,
// its Graph client, its access rules, and what all users of a tenant share: its throttle
// and the budget of deletions. It leaves out when a tenant is looked at and what its
// status says: see controllers.
package tenant
