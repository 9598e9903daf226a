// Package auditlog follows the audit logs of tenants: it has those users read whose phones somebody
// else changed in Entra, so that the others need not be read to find drift.
package auditlog
