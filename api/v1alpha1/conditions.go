package v1alpha1

// The conditions of a PhoneAuthenticationMethod, with their reasons. Both kinds
// share Ready, Stalled and Reconciling. A reason is one word for programs and never
// changes; the message beside it is a sentence for the person who wrote the
// resource. Neither ever holds a phone number.
//
// Types and meaning follow kstatus:
// https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus

// ConditionAccepted reports whether the operator may act on the resource.
//
//	True:    Accepted
//	False:   Conflict, NotPermitted, PrivilegedUser, TenantNotFound, TenantNotReady,
//	         InvalidNumber, NumberSourceNotFound, UserNotFound, UserChanged
//	Unknown: Throttled, Forbidden, UserRestricted, GraphUnavailable (Graph could not be asked about
//	         the user)
const ConditionAccepted = "Accepted"

const (
	// ReasonAccepted means: nothing stands in the way.
	ReasonAccepted = "Accepted"
	// ReasonConflict means: another resource speaks for this user and phone type (or, on an
	// EntraTenant, for this tenantID).
	ReasonConflict = "Conflict"
	// ReasonNotPermitted means: no access rule of the EntraTenant allows this namespace to
	// do this for this user.
	ReasonNotPermitted = "NotPermitted"
	// ReasonPrivilegedUser means: the user holds a directory role, is a member or an owner of
	// a group that can hold one, or may activate either; or the operator may not ask whether
	// that is so; and the EntraTenant denies such users.
	ReasonPrivilegedUser = "PrivilegedUser"
	// ReasonTenantNotFound means: there is no EntraTenant of that name.
	ReasonTenantNotFound = "TenantNotFound"
	// ReasonTenantNotReady means: the EntraTenant is not Ready; its own condition says why.
	ReasonTenantNotReady = "TenantNotReady"
	// ReasonInvalidNumber means: the number, seen at last, is none that Graph could take.
	ReasonInvalidNumber = "InvalidNumber"
	// ReasonNumberSourceNotFound means: the Secret or its key is not there, or may not be read.
	ReasonNumberSourceNotFound = "NumberSourceNotFound"
	// ReasonUserNotFound means: Entra knows no such user.
	ReasonUserNotFound = "UserNotFound"
	// ReasonUserChanged means: the name in spec.user now belongs to another object id than
	// the one in status.userID.
	ReasonUserChanged = "UserChanged"
)

// ConditionSynced reports whether Graph holds what spec says.
//
//	True:    Synced
//	False:   Pending, WaitingForMobile, WaitingForAlternateMobile, AlreadyExists,
//	         DriftDetected, DefaultMethod, Rejected, UserRestricted, WouldChange,
//	         DeletionBudgetExhausted
//	Unknown: Pending, Throttled, Forbidden, UserRestricted, GraphUnavailable
const ConditionSynced = "Synced"

const (
	// ReasonSynced means: Graph holds what spec says.
	ReasonSynced = "Synced"
	// ReasonPending means: not done yet, and nothing is wrong; also while a condition waits
	// for Accepted.
	ReasonPending = "Pending"
	// ReasonWaitingForMobile means: an alternateMobile needs a mobile beside it.
	ReasonWaitingForMobile = "WaitingForMobile"
	// ReasonWaitingForAlternateMobile means: a mobile cannot be deleted before the
	// alternateMobile.
	ReasonWaitingForAlternateMobile = "WaitingForAlternateMobile"
	// ReasonAlreadyExists means: Graph has a phone of this type that adoptionPolicy does not
	// let the operator take over.
	ReasonAlreadyExists = "AlreadyExists"
	// ReasonDriftDetected means: Graph no longer holds what spec says, and driftPolicy is
	// Report.
	ReasonDriftDetected = "DriftDetected"
	// ReasonDefaultMethod means: Graph does not delete the user's default MFA method.
	ReasonDefaultMethod = "DefaultMethod"
	// ReasonThrottled means: Graph asked for a pause.
	ReasonThrottled = "Throttled"
	// ReasonForbidden means: the app registration lacks a permission.
	ReasonForbidden = "Forbidden"
	// ReasonRejected means: Graph refused the request; asking again as it is would not help.
	ReasonRejected = "Rejected"
	// ReasonUserRestricted means: Graph refuses this for one user although the app
	// registration has the permission: a restricted management administrative unit, or a
	// policy at some scope.
	ReasonUserRestricted = "UserRestricted"
	// ReasonGraphUnavailable means: Graph did not answer, or answered that it cannot now.
	ReasonGraphUnavailable = "GraphUnavailable"
	// ReasonWouldChange means: the EntraTenant is in mode Observe and Enforce would write.
	ReasonWouldChange = "WouldChange"
	// ReasonDeletionBudgetExhausted means: limits.deletionsPerHour of the EntraTenant is used
	// up; the deletion waits.
	ReasonDeletionBudgetExhausted = "DeletionBudgetExhausted"
)

// ConditionReady reports whether the resource is as it should be. On a
// PhoneAuthenticationMethod: Accepted, Synced, and SMS sign-in as asked. On an
// EntraTenant: the credential works and Graph answers.
//
//	True:    Ready
//	False:   on a PhoneAuthenticationMethod the reason of the condition that is not
//	         True, Accepted first, or SMSSignInNotAsAsked; on an EntraTenant
//	         Conflict, InvalidSpec, CredentialNotFound, CredentialNamespaceNotAllowed,
//	         CredentialRefused, Forbidden, InUse
//	Unknown: the reason of the condition that is Unknown; on an EntraTenant Throttled, GraphUnavailable
const ConditionReady = "Ready"

const (
	// ReasonReady means: all is as it should be.
	ReasonReady = "Ready"
	// ReasonSMSSignInNotAsAsked means: Graph holds the number, and SMS sign-in is not as
	// spec.smsSignIn asks (status.smsSignInState says how it is).
	ReasonSMSSignInNotAsAsked = "SMSSignInNotAsAsked"
	// ReasonInvalidSpec means: the EntraTenant's spec holds what only the operator could see
	// to be wrong, such as a label selector or a certificate that cannot be read, or a
	// workloadIdentity in a pod that has none.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonCredentialNotFound means: the EntraTenant's Secret or its key is not there, or
	// cannot be read.
	ReasonCredentialNotFound = "CredentialNotFound"
	// ReasonCredentialNamespaceNotAllowed means: the EntraTenant's Secret is in a namespace
	// that the operator takes no credentials from.
	ReasonCredentialNamespaceNotAllowed = "CredentialNamespaceNotAllowed"
	// ReasonCredentialRefused means: Entra gives no token for the EntraTenant's credential.
	ReasonCredentialRefused = "CredentialRefused"
	// ReasonInUse means: the EntraTenant is being deleted and waits for its methods.
	ReasonInUse = "InUse"
)

// ConditionLeastPrivilege reports whether the app registration of an EntraTenant has no
// more permission than the operator needs. It warns; nothing waits for it.
//
//	True:    LeastPrivilege
//	False:   BroadPermissions
const ConditionLeastPrivilege = "LeastPrivilege"

const (
	// ReasonLeastPrivilege means: the token carries nothing broader than needed.
	ReasonLeastPrivilege = "LeastPrivilege"
	// ReasonBroadPermissions means: the token carries permissions that the operator has no
	// use for, or a broad one where a narrow one would do.
	ReasonBroadPermissions = "BroadPermissions"
)

// ConditionProtectedUsersVisible reports whether the operator sees all the users of an
// EntraTenant whom Entra protects. It is absent until it was asked for the first time,
// before the first write, and while privilegedUsers is Allow. But for PermissionRevoked
// it warns, and nothing waits for it.
//
//	True:    AllVisible
//	False:   PermissionRevoked, PermissionMissing, Unlicensed
const ConditionProtectedUsersVisible = "ProtectedUsersVisible"

const (
	// ReasonAllVisible means: Graph shows every kind of protected users.
	ReasonAllVisible = "AllVisible"
	// ReasonPermissionRevoked means: Graph showed a kind of protected users before, and the
	// app registration has lost the permission for it. Nothing is written until it is back,
	// or an administrator clears status.protectedUsers.
	ReasonPermissionRevoked = "PermissionRevoked"
	// ReasonPermissionMissing means: the app registration has no permission for a kind of
	// protected users, who are written for as for anybody else.
	ReasonPermissionMissing = "PermissionMissing"
	// ReasonUnlicensed means: the tenant has no licence for what the condition is about: Privileged Identity
	// Management, without which Graph does not show who may activate anything, or the audit log.
	ReasonUnlicensed = "Unlicensed"
)

// ConditionDriftChecksInTime reports whether each user can be read once in spec.resyncPeriod at the pace that
// Graph accepts (status.pace). It warns, and nothing waits for it. It is absent while the EntraTenant has no users.
//
//	True:    InTime
//	False:   PaceTooSlow
const ConditionDriftChecksInTime = "DriftChecksInTime"

const (
	// ReasonInTime means: a drift pass ends within resyncPeriod.
	ReasonInTime = "InTime"
	// ReasonPaceTooSlow means: a drift pass takes longer than resyncPeriod, so that drift is found later.
	ReasonPaceTooSlow = "PaceTooSlow"
)

// ConditionAuditLogFollowed reports whether the operator reads Entra's audit log, so that a change made in
// Entra is found within minutes and users need not be read to find it. Nothing waits for it. It is absent in
// a cloud that has no audit log.
//
//	True:    Followed
//	False:   NotGranted, Unlicensed
//	Unknown: Unavailable
const ConditionAuditLogFollowed = "AuditLogFollowed"

const (
	// ReasonFollowed means: the audit log is read every few minutes.
	ReasonFollowed = "Followed"
	// ReasonNotGranted means: the app registration has no permission for the audit log. Each user is read once in
	// resyncPeriod.
	ReasonNotGranted = "NotGranted"
	// ReasonUnavailable means: Graph did not show the audit log when it was asked last, and is asked again.
	ReasonUnavailable = "Unavailable"
)

// ConditionContested is True while an operator that selects the EntraTenant (--tenant-selector) waits for another one
// that works for it, and absent otherwise. The other conditions are of the one that works.
//
//	True: HeldByAnother
const ConditionContested = "Contested"

// ReasonHeldByAnother means: another operator holds the Lease of the EntraTenant.
const ReasonHeldByAnother = "HeldByAnother"

// ConditionStalled is True while a person must act before anything goes on, and
// absent otherwise. Its reason is that of the condition that stalls.
//
//	True: any reason of Accepted, Synced or Ready that waiting cannot cure
const ConditionStalled = "Stalled"

// ConditionReconciling is True while progress is expected without anybody acting,
// and absent otherwise. Its reason is that of the condition that is waited for.
//
//	True: any reason of Accepted, Synced or Ready that waiting can cure
const ConditionReconciling = "Reconciling"

// ConditionSuspended is True while spec.suspend is, and absent otherwise. The other
// conditions then stay as they were: a resource that was never reconciled has none, which
// kstatus reads as Current. Only what the access rules do not allow is said all the same.
//
//	True: Suspended
const ConditionSuspended = "Suspended"

// ReasonSuspended means: spec.suspend is true.
const ReasonSuspended = "Suspended"
