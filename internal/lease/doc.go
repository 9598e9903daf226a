// Package lease has the Leases by which operators agree who may write: that of the leader, which controller-runtime
// renews, and one for each EntraTenant, which Keeper renews. Beside a Lease stands a Term: until when what was renewed
// last may be relied on, by this process alone and without asking anybody. It leaves out which Leases are wanted: see
// tenant.Share.
package lease
