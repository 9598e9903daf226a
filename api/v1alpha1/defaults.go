package v1alpha1

import (
	"cmp"
	"strings"
	"time"
)

// The defaults of absent fields. They are applied here and never written into spec,
// so that what Argo CD and Flux find in the cluster is what is in Git.
const (
	DefaultResyncPeriod = time.Hour
	// AuditedResyncPeriod is for users who are as spec says while the audit log is followed.
	AuditedResyncPeriod     = 7 * 24 * time.Hour
	DefaultDeletionsPerHour = 100
)

// TenantName is the name of the EntraTenant the user is in.
func (s *PhoneAuthenticationMethodSpec) TenantName() string {
	if s.TenantRef == nil {
		return DefaultTenantName
	}
	return cmp.Or(s.TenantRef.Name, DefaultTenantName)
}

// AdoptionPolicyOrDefault is adoptionPolicy, or IfNumberMatches.
func (s *PhoneAuthenticationMethodSpec) AdoptionPolicyOrDefault() AdoptionPolicy {
	return cmp.Or(s.AdoptionPolicy, AdoptIfNumberMatches)
}

// DriftPolicyOrDefault is driftPolicy, or Correct.
func (s *PhoneAuthenticationMethodSpec) DriftPolicyOrDefault() DriftPolicy {
	return cmp.Or(s.DriftPolicy, DriftCorrect)
}

// DeletionPolicyOrDefault is deletionPolicy, or Delete.
func (s *PhoneAuthenticationMethodSpec) DeletionPolicyOrDefault() DeletionPolicy {
	return cmp.Or(s.DeletionPolicy, DeletionDelete)
}

// TenantGUID is tenantID in lower case, the one spelling in which it is compared and sent.
func (s *EntraTenantSpec) TenantGUID() string { return strings.ToLower(s.TenantID) }

// CloudOrDefault is cloud, or Public.
func (s *EntraTenantSpec) CloudOrDefault() Cloud {
	return cmp.Or(s.Cloud, CloudPublic)
}

// GraphVersionOrDefault is graphVersion, or v1.0.
func (s *EntraTenantSpec) GraphVersionOrDefault() GraphVersion {
	return cmp.Or(s.GraphVersion, GraphV1)
}

// ModeOrDefault is mode, or Enforce.
func (s *EntraTenantSpec) ModeOrDefault() Mode {
	return cmp.Or(s.Mode, ModeEnforce)
}

// PrivilegedUsersOrDefault is privilegedUsers, or Deny.
func (s *EntraTenantSpec) PrivilegedUsersOrDefault() PrivilegedUsers {
	return cmp.Or(s.PrivilegedUsers, PrivilegedUsersDeny)
}

// ResyncPeriodOrDefault is resyncPeriod, or an hour.
func (s *EntraTenantSpec) ResyncPeriodOrDefault() time.Duration {
	if s.ResyncPeriod == nil {
		return DefaultResyncPeriod
	}
	return s.ResyncPeriod.Duration
}

// DeletionWindow is how long a deletion counts: an hour, the minute that it is counted in, of which
// only the beginning is known, and how much later than it was counted it may be done: it is saved, the
// user is looked at once more, and Graph takes its time.
const DeletionWindow = time.Hour + time.Minute + 2*time.Minute

// DeletionsPerHourOrDefault is limits.deletionsPerHour, or 100. Zero is a limit
// too: no deletions.
func (s *EntraTenantSpec) DeletionsPerHourOrDefault() int32 {
	if s.Limits == nil || s.Limits.DeletionsPerHour == nil {
		return DefaultDeletionsPerHour
	}
	return *s.Limits.DeletionsPerHour
}

// AuthenticationRequestsPerMinuteOrZero is limits.authenticationRequestsPerMinute, or
// zero for no ceiling.
func (s *EntraTenantSpec) AuthenticationRequestsPerMinuteOrZero() int32 {
	if s.Limits == nil || s.Limits.AuthenticationRequestsPerMinute == nil {
		return 0
	}
	return *s.Limits.AuthenticationRequestsPerMinute
}

// DirectoryRequestsPerSecondOrZero is limits.directoryRequestsPerSecond, or zero for no
// ceiling.
func (s *EntraTenantSpec) DirectoryRequestsPerSecondOrZero() int32 {
	if s.Limits == nil || s.Limits.DirectoryRequestsPerSecond == nil {
		return 0
	}
	return *s.Limits.DirectoryRequestsPerSecond
}

// NumberSourceOrDefault is numberSource, or Any.
func (r *AccessRule) NumberSourceOrDefault() NumberSource {
	return cmp.Or(r.NumberSource, NumberSourceAny)
}

// SecretReference returns where the credential is; nil for one that needs no Secret.
func (c Credential) SecretReference() *SecretReference {
	switch {
	case c.ClientSecret != nil:
		return &c.ClientSecret.SecretRef
	case c.ClientCertificate != nil:
		return &c.ClientCertificate.SecretRef
	}
	return nil
}
