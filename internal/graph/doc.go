// Package graph is the client for the part of Microsoft Graph that the operator
// needs: users, their phone methods, their directory roles. A call is one request,
// more only to turn pages, for the roles, and once with a new token for one that was
// refused. Every failure says once what it means.
//
// Writes are sent once. What became of a write that got no clear answer is found
// out by reading, which is the caller's; so is every wait of more than a second.
//
// The package leaves out when a tenant is asked (internal/throttle is a policy of its
// pipeline), what to write, and where credentials come from.
package graph
