// Package entratenant reconciles EntraTenants: it makes each into a connection to Graph that users
// find in a registry, probes the connection, and reports. It writes nothing to Graph.
package entratenant
