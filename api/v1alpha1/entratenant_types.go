package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Mode reports whether the operator may write to Graph.
//
// +kubebuilder:validation:Enum=Enforce;Observe
type Mode string

// The modes.
const (
	// ModeEnforce makes Graph what the resources say.
	ModeEnforce Mode = "Enforce"
	// ModeObserve reads Graph, reports what would change, and writes nothing to it.
	ModeObserve Mode = "Observe"
)

// PrivilegedUsers reports whether phones of users who hold a directory role may be
// written.
//
// +kubebuilder:validation:Enum=Deny;Allow
type PrivilegedUsers string

// What may be done about users who hold a directory role.
const (
	PrivilegedUsersDeny  PrivilegedUsers = "Deny"
	PrivilegedUsersAllow PrivilegedUsers = "Allow"
)

// EntraTenantSpec is one Entra tenant, how to reach it, and who may manage whom.
//
// +kubebuilder:validation:XValidation:rule="has(self.clientID) || has(self.credential.managedIdentity)",message="set clientID to the application (client) id of the app registration; only managedIdentity works without (it then uses the system-assigned identity)",fieldPath=".clientID"
// +kubebuilder:validation:XValidation:rule="!has(self.endpoint) || !(has(self.endpoint.graph) || has(self.endpoint.authority)) || !has(self.cloud) || self.cloud == 'Public'",message="endpoint.graph and endpoint.authority replace the hosts of a cloud: leave cloud out, or leave them out",fieldPath=".cloud"
type EntraTenantSpec struct {
	// tenantID is the directory (tenant) id, a GUID. One EntraTenant speaks for one
	// tenantID. It cannot be changed.
	//
	// +required
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$')",message="write the directory (tenant) id, a GUID such as 11111111-2222-3333-4444-555555555555, not a domain"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="tenantID cannot be changed: create another EntraTenant for the other tenant"
	TenantID string `json:"tenantID"`

	// clientID is the application (client) id of the app registration or of the
	// user-assigned managed identity, a GUID. Only managedIdentity works without:
	// absent, it uses the system-assigned identity.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=36
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$')",message="write the application (client) id, a GUID such as 66666666-7777-8888-9999-000000000000"
	ClientID string `json:"clientID,omitempty"`

	// credential is how the operator proves to Entra who it is: exactly one way.
	//
	// +required
	Credential Credential `json:"credential"`

	// cloud is Public (default when absent), USGovernment, USGovernmentDoD or China.
	//
	// +optional
	Cloud Cloud `json:"cloud,omitempty"`

	// endpoint replaces the hosts of the public cloud, for a private gateway or the
	// emulator; the credential and its tokens are sent to these hosts. With caBundle alone
	// it replaces none.
	//
	// +optional
	Endpoint *Endpoint `json:"endpoint,omitempty"`

	// graphVersion is v1.0 (default when absent) or beta.
	//
	// +optional
	GraphVersion GraphVersion `json:"graphVersion,omitempty"`

	// mode is Enforce (default when absent), or Observe: read Graph and report what
	// would change, write nothing to it.
	//
	// +optional
	Mode Mode `json:"mode,omitempty"`

	// access says which namespaces may manage the phones of which users. What no rule
	// allows is not allowed; absent, nobody may manage anybody.
	//
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Access []AccessRule `json:"access,omitempty"`

	// privilegedUsers is Deny (default when absent): phones of users whom Entra protects
	// are not written, which are those who hold a directory role, are a member or an owner
	// of a role-assignable group, or may activate either; or Allow.
	//
	// +optional
	PrivilegedUsers PrivilegedUsers `json:"privilegedUsers,omitempty"`

	// resyncPeriod is how often each user is read again to find drift, such as 30m or
	// 1h, with jitter; at least 1m. When absent it is 1h, and a week for users who are as
	// spec says while the audit log tells of changes (condition AuditLogFollowed).
	//
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}(h|m|s))+$') && duration(self) >= duration('1m')",message="write a duration of at least 1m, such as 30m, 1h or 1h30m"
	ResyncPeriod *metav1.Duration `json:"resyncPeriod,omitempty"`

	// limits keep a mistake small and the operator polite.
	//
	// +optional
	Limits *Limits `json:"limits,omitempty"`
}

// Limits are ceilings for one tenant.
type Limits struct {
	// deletionsPerHour is how many phones may be deleted in any hour: 100 when absent,
	// 0 for none. Further deletions wait.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	DeletionsPerHour *int32 `json:"deletionsPerHour,omitempty"`

	// authenticationRequestsPerMinute is the most that is sent to Graph below
	// /authentication/ on average. The operator begins there and adapts to what Graph
	// accepts. When absent it begins at 30, which Microsoft lists, and goes up while
	// Graph accepts more.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	AuthenticationRequestsPerMinute *int32 `json:"authenticationRequestsPerMinute,omitempty"`

	// directoryRequestsPerSecond is the most that is sent to the rest of Graph on
	// average. The operator adapts to what Graph accepts, with and without it.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	DirectoryRequestsPerSecond *int32 `json:"directoryRequestsPerSecond,omitempty"`
}

// EntraTenantStatus is what the operator last saw of the tenant.
type EntraTenantStatus struct {
	// observedGeneration is the generation of spec that the conditions speak of; -1
	// before the first visit.
	//
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// users is how many users of this tenant have a PhoneAuthenticationMethod.
	//
	// +optional
	Users int32 `json:"users"`

	// methods counts the PhoneAuthenticationMethods of this tenant.
	//
	// +optional
	Methods MethodCounts `json:"methods,omitzero"`

	// pendingChanges is how many PhoneAuthenticationMethods say WouldChange: mode Enforce
	// would write to Graph for them. It is counted in mode Observe. Where a phone is
	// handed over both say so, though it is one write.
	//
	// +optional
	PendingChanges int32 `json:"pendingChanges,omitempty"`

	// pace is how fast Graph is asked, as far as that was learnt. It is written when it
	// became half as fast again or fell as far, at most once a minute. A restarted operator
	// begins with it.
	//
	// +optional
	Pace RequestPace `json:"pace,omitzero"`

	// recentDeletions are the deletions of the last hour by minute and namespace, oldest
	// first: who spent limits.deletionsPerHour. They outlive a restart of the operator. Where
	// the limit is high, some are counted ahead, at most a hundredth of what is left and 100,
	// until nothing was deleted for some minutes.
	// There are more minutes than 63 only where the clock of an earlier operator was ahead.
	//
	// +optional
	// +listType=map
	// +listMapKey=minute
	// +listMapKey=namespace
	// +kubebuilder:validation:MaxItems=512
	RecentDeletions []DeletionCount `json:"recentDeletions,omitempty"`

	// auditLog is how far Entra's audit log was read, which tells whose phones were changed
	// by others. It is absent in a cloud that has none, and before the first read.
	//
	// +optional
	AuditLog AuditLogStatus `json:"auditLog,omitzero"`

	// protectedUsers is what Graph last answered about those protected users that not
	// every tenant lets the operator see. Nothing is written for anybody while one that
	// answered is Revoked. To go without it, clear the list.
	//
	// +optional
	// +listType=map
	// +listMapKey=view
	// +kubebuilder:validation:MaxItems=8
	ProtectedUsers []ProtectedUsersView `json:"protectedUsers,omitempty"`

	// conditions has Ready, and LeastPrivilege, ProtectedUsersVisible, DriftChecksInTime and
	// AuditLogFollowed once they are known, and while they apply Stalled and Reconciling.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// MethodCounts counts PhoneAuthenticationMethods. What is in total and neither
// ready nor stalled is on its way or waits.
type MethodCounts struct {
	// total is all of them.
	//
	// +optional
	Total int32 `json:"total"`

	// ready have Ready=True.
	//
	// +optional
	Ready int32 `json:"ready"`

	// stalled have Stalled=True: a person must act.
	//
	// +optional
	Stalled int32 `json:"stalled"`

	// deleting are being deleted, and wait until their phones may go: for Graph, for the
	// budget of deletions, or for a person.
	//
	// +optional
	Deleting int32 `json:"deleting,omitempty"`
}

// RequestPace is how many requests are sent to Graph on average while enough waits.
type RequestPace struct {
	// authenticationRequestsPerMinute is for paths below /authentication/. 1200 stands for
	// more, too.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	AuthenticationRequestsPerMinute int32 `json:"authenticationRequestsPerMinute,omitempty"`

	// directoryRequestsPerMinute is for the rest of Graph. 6000 stands for more, too.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	DirectoryRequestsPerMinute int32 `json:"directoryRequestsPerMinute,omitempty"`

	// driftPass is how long it takes at this pace to read each user once, if nothing else
	// is asked. Where it is more than spec.resyncPeriod, drift is found that much later.
	//
	// +optional
	DriftPass *metav1.Duration `json:"driftPass,omitempty"`

	// allReadSince is when the last drift pass began that has ended: each user who has a phone
	// was read after it. It is written every ten minutes, and absent until each was read since
	// the operator started.
	//
	// +optional
	AllReadSince metav1.Time `json:"allReadSince,omitzero"`

	// lastUpdateTime is when the two numbers were written.
	//
	// +optional
	LastUpdateTime metav1.Time `json:"lastUpdateTime,omitzero"`
}

// ViewOfProtectedUsers is a kind of protected users.
//
// +kubebuilder:validation:Enum=EligibleRoles;EligibleGroups;OwnedGroups
type ViewOfProtectedUsers string

// The kinds of protected users that not every tenant lets the operator see.
const (
	// ViewEligibleRoles are users who may activate a directory role.
	ViewEligibleRoles ViewOfProtectedUsers = "EligibleRoles"
	// ViewEligibleGroups are users who may become a member or an owner of a
	// role-assignable group.
	ViewEligibleGroups ViewOfProtectedUsers = "EligibleGroups"
	// ViewOwnedGroups are users who own a role-assignable group.
	ViewOwnedGroups ViewOfProtectedUsers = "OwnedGroups"
)

// ViewAnswer is what Graph answered about a kind of protected users.
//
// +kubebuilder:validation:Enum=Answered;Unlicensed;NotGranted;Revoked
type ViewAnswer string

// What Graph may answer.
const (
	// ViewAnswered means: it showed what there is.
	ViewAnswered ViewAnswer = "Answered"
	// ViewUnlicensed means: the tenant has no licence for Privileged Identity Management.
	ViewUnlicensed ViewAnswer = "Unlicensed"
	// ViewNotGranted means: the app registration has no permission for it, and never had.
	ViewNotGranted ViewAnswer = "NotGranted"
	// ViewRevoked means: the app registration had a permission for it, and has none now.
	ViewRevoked ViewAnswer = "Revoked"
)

// ProtectedUsersView is what Graph last answered about one kind of protected users.
type ProtectedUsersView struct {
	// view is EligibleRoles, EligibleGroups or OwnedGroups.
	//
	// +required
	View ViewOfProtectedUsers `json:"view"`
	// lastAnswer is Answered, Unlicensed, NotGranted or Revoked.
	//
	// +required
	LastAnswer ViewAnswer `json:"lastAnswer"`
}

// AuditLogAnswer is what came of reading the audit log.
//
// +kubebuilder:validation:Enum=Followed;NotGranted;Unlicensed;Unavailable
type AuditLogAnswer string

// What can come of reading the audit log.
const (
	// AuditLogFollowed means: Graph shows it.
	AuditLogFollowed AuditLogAnswer = "Followed"
	// AuditLogNotGranted means: the app registration has no permission for it.
	AuditLogNotGranted AuditLogAnswer = "NotGranted"
	// AuditLogUnlicensed means: Graph does not show it to a tenant of this licence.
	AuditLogUnlicensed AuditLogAnswer = "Unlicensed"
	// AuditLogUnavailable means: Graph did not answer, or asked for a pause.
	AuditLogUnavailable AuditLogAnswer = "Unavailable"
)

// AuditLogStatus is how far the audit log was read.
type AuditLogStatus struct {
	// lastAnswer is Followed, NotGranted, Unlicensed or Unavailable.
	//
	// +optional
	LastAnswer AuditLogAnswer `json:"lastAnswer,omitempty"`

	// position is up to when the log was read, by Graph's clock. It is written every ten
	// minutes. A restarted operator begins an hour before it, at most a day back.
	//
	// +optional
	Position metav1.Time `json:"position,omitzero"`
}

// DeletionCount is how many phones were deleted in one minute for one namespace.
type DeletionCount struct {
	// minute is the start of the minute.
	//
	// +required
	Minute metav1.Time `json:"minute"`

	// namespace is that of the resources whose phones were deleted. It is empty in the
	// oldest minutes where there would be too many entries, and stands for all then.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace"`

	// count is how many phones were deleted.
	//
	// +required
	// +kubebuilder:validation:Minimum=1
	Count int32 `json:"count"`
}

// EntraTenant is one Microsoft Entra tenant: its credential, and the rules that say
// which namespaces may manage the phones of which users. It is for administrators:
// who may edit it may register a phone for anybody.
//
// +kubebuilder:object:root=true
// +kubebuilder:metadata:annotations={"kustomize.toolkit.fluxcd.io/prune=disabled","argocd.argoproj.io/sync-options=Prune=false,Delete=false","helm.sh/resource-policy=keep"}
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=entra
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')",message="name an EntraTenant with at most 63 lower-case letters, digits and -, no dots, so that a tenantRef can name it"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Mode",type=string,JSONPath=`.spec.mode`,description="Enforce or Observe; empty means Enforce"
// +kubebuilder:printcolumn:name="Users",type=integer,JSONPath=`.status.users`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type EntraTenant struct {
	metav1.TypeMeta `json:",inline"`

	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the tenant and how it is managed.
	//
	// +required
	Spec EntraTenantSpec `json:"spec"`

	// status is the tenant as the operator last saw it.
	//
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status EntraTenantStatus `json:"status,omitempty,omitzero"`
}

// EntraTenantList is a list of EntraTenants.
//
// +kubebuilder:object:root=true
type EntraTenantList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []EntraTenant `json:"items"`
}
