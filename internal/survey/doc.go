// Package survey reads who has which phones in a tenant, a user at a time, and says which of them a namespace may declare.
//
// It has no rules of its own: the access rules and the question whom Entra protects are the operator's, the connection is
// that of a plan, and the pace is the tenant's. Graph gets nothing but GET. What it finds are whole numbers, for
// manifests; of users whom the rules leave out it hands on none.
package survey
