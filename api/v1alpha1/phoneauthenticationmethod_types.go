package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PhoneType is the place of a phone among a user's methods; Graph keeps at most
// one method per type.
// https://learn.microsoft.com/graph/api/resources/phoneauthenticationmethod
//
// +kubebuilder:validation:Enum=mobile;alternateMobile;office
type PhoneType string

// The phone types, spelled as Graph spells them.
const (
	PhoneTypeMobile          PhoneType = "mobile"
	PhoneTypeAlternateMobile PhoneType = "alternateMobile"
	PhoneTypeOffice          PhoneType = "office"
)

// SMSSignIn reports whether a user may sign in with a code sent to the number.
//
// +kubebuilder:validation:Enum=Enabled;Disabled
type SMSSignIn string

// What may be asked of SMS sign-in. Absent means: leave it as Graph has it.
const (
	SMSSignInEnabled  SMSSignIn = "Enabled"
	SMSSignInDisabled SMSSignIn = "Disabled"
)

// PhoneAuthenticationMethodSpec is one phone of one Entra user.
//
// No refusal may repeat the number, so two things are not as usual. The rules about
// phoneNumber are here and not beside the field: of a field the API server repeats
// the value, of an object it does not. And phoneNumber's schema lets an integer, a
// number without quotes, through to a rule that refuses it: the schema itself would
// refuse a server-side apply with the number in the message, for Flux and Argo CD to
// write down.
//
// +kubebuilder:validation:XValidation:rule="has(self.phoneNumber) != has(self.phoneNumberFrom)",message="set exactly one of phoneNumber and phoneNumberFrom"
// +kubebuilder:validation:XValidation:rule="!has(self.phoneNumber) || type(self.phoneNumber) == string",message="put the number in quotes: without them YAML makes it an integer",fieldPath=".phoneNumber"
// +kubebuilder:validation:XValidation:rule="!has(self.phoneNumber) || type(self.phoneNumber) != string || self.phoneNumber.matches('^[+]([1-9][0-9]{0,2} [0-9]{4,}|[1-9][0-9]{5,})([xX][0-9]+)?$')",message="write + and the country code, one space and the digits of the number, such as '+1 2065550100' (office with an extension: '+1 2065550100x123'), or E.164 without spaces, such as '+12065550100'",messageExpression="self.phoneNumber.matches('[^ -~]') ? 'there are characters in it that cannot be seen or are not plain ASCII: write the number anew as plain text' : self.phoneNumber.startsWith(\"'\") ? 'leave out the apostrophe in front, which spreadsheets put there' : self.phoneNumber.matches('^[+]?[0-9.]+[eE][+-]?[0-9]+$') ? 'this is scientific notation, as spreadsheets and helm --set write long numbers, and digits may be lost: write the whole number as text (helm --set-string)' : self.phoneNumber.matches('^[+]1[0-9]{3} [0-9]') ? 'in North America and the Caribbean the country code is +1: put the space after the 1, or leave it out' : \"write + and the country code, one space and the digits of the number, such as '+1 2065550100' (office with an extension: '+1 2065550100x123'), or E.164 without spaces, such as '+12065550100'\"",fieldPath=".phoneNumber"
// +kubebuilder:validation:XValidation:rule="!has(self.phoneNumber) || type(self.phoneNumber) != string || !self.phoneNumber.matches('^[+]([0-9] ?){16,}')",message="a number has at most 15 digits, country code included and extension left out: look for a digit too many",fieldPath=".phoneNumber"
// +kubebuilder:validation:XValidation:rule="!has(self.phoneNumber) || type(self.phoneNumber) != string || !self.phoneNumber.matches('[xX][0-9]{11,}$')",message="an extension has at most 10 digits",fieldPath=".phoneNumber"
// +kubebuilder:validation:XValidation:rule="!has(self.phoneNumber) || type(self.phoneNumber) != string || self.phoneType == 'office' || !self.phoneNumber.matches('[xX]')",message="only an office phone has an extension: leave out the x and what follows it, or use phoneType office",fieldPath=".phoneNumber"
// +kubebuilder:validation:XValidation:rule="!has(self.smsSignIn) || self.phoneType == 'mobile'",message="only a mobile phone can be used for SMS sign-in: leave smsSignIn out, or use phoneType mobile",fieldPath=".smsSignIn"
// +kubebuilder:validation:XValidation:rule="(has(self.tenantRef) ? self.tenantRef.name : 'default') == (has(oldSelf.tenantRef) ? oldSelf.tenantRef.name : 'default')",message="tenantRef cannot be changed (absent means default): delete this resource and create another for the other tenant",fieldPath=".tenantRef"
type PhoneAuthenticationMethodSpec struct {
	// user is the Entra user who owns the phone: the user principal name, such as
	// ada@contoso.com (a guest's too: ada_fabrikam.com#EXT#@contoso.onmicrosoft.com),
	// or the object id, a GUID. Capitals make no difference. It cannot be changed.
	//
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=113
	// +kubebuilder:validation:XValidation:rule="self.matches(\"^[$]?[A-Za-z0-9'._!#^~-]*[A-Za-z0-9'_!#^~-]@[A-Za-z0-9-]+([.][A-Za-z0-9-]+)+$\") || self.matches('^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$')",message="write the user principal name, such as ada@contoso.com, or the object id, a GUID; a name has only A-Z a-z 0-9 ' . - _ ! # ^ ~ before its one @ (a $ at its beginning only, no dot right before the @), and wildcards are not possible"
	// +kubebuilder:validation:XValidation:rule="!self.matches('@[^@]{49,}$') && (self.upperAscii().contains('#EXT#@') || !self.matches('^[^@]{65,}@'))",message="write a user principal name with at most 64 characters before the @ and 48 after it, or the object id"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="user cannot be changed: delete this resource and create another for the other user"
	User string `json:"user"`

	// phoneType is mobile, alternateMobile or office. A user has at most one phone of
	// each type, and an alternateMobile only beside a mobile. It cannot be changed.
	//
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="phoneType cannot be changed: delete this resource and create another of the other type"
	PhoneType PhoneType `json:"phoneType"`

	// phoneNumber is the number, in quotes: "+<country code> <number>", such as
	// "+1 2065550100", for an office phone also with an extension, "+1 2065550100x123";
	// or plain E.164, "+12065550100". Two writings of one number are the same number.
	// Set either this or phoneNumberFrom. Everyone who may read this resource can read
	// the number; phoneNumberFrom keeps it in a Secret.
	//
	// +optional
	// +kubebuilder:validation:Type=""
	// +kubebuilder:validation:XIntOrString
	PhoneNumber string `json:"phoneNumber,omitempty"`

	// phoneNumberFrom takes the number from somewhere else. Set either this or
	// phoneNumber; one may be replaced by the other at any time.
	//
	// +optional
	PhoneNumberFrom *PhoneNumberSource `json:"phoneNumberFrom,omitempty"`

	// tenantRef names the EntraTenant of the user. Absent means the one named
	// "default". It cannot be changed.
	//
	// +optional
	TenantRef *TenantReference `json:"tenantRef,omitempty"`

	// smsSignIn Enabled or Disabled switches sign-in by text message on or off for
	// this number; only a mobile has it. Absent leaves it as Graph has it.
	//
	// +optional
	SMSSignIn SMSSignIn `json:"smsSignIn,omitempty"`

	// adoptionPolicy says what to do when Graph already has a phone of this type.
	// IfNumberMatches (default when absent) takes it over if its number is this one;
	// Always takes it over and replaces its number; Never leaves it alone.
	//
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// driftPolicy says what to do when somebody changed or removed the phone in
	// Graph. Correct (default when absent) puts it back; Report only says so.
	//
	// +optional
	DriftPolicy DriftPolicy `json:"driftPolicy,omitempty"`

	// deletionPolicy says what becomes of the phone when this resource is deleted.
	// Delete (default when absent) deletes it in Graph; Orphan leaves it there.
	//
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// suspend stops all reading and writing for this resource while it is true.
	// Deleting a suspended resource leaves the phone in Graph.
	//
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// PhoneNumberSource says where the number is.
type PhoneNumberSource struct {
	// secretKeyRef names a key of a Secret in the resource's own namespace. Its value
	// is the number, written as in phoneNumber; spaces and line breaks around it do
	// not matter.
	//
	// +required
	SecretKeyRef SecretKeyReference `json:"secretKeyRef"`
}

// SecretKeyReference names a key of a Secret in the resource's own namespace.
type SecretKeyReference struct {
	// name is the Secret's name.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$')",message="write the name of a Secret: lower-case letters, digits, - and . with a letter or digit at both ends"
	Name string `json:"name"`

	// key is the key in the Secret's data.
	//
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._-]+$')",message="write a key of the Secret's data: letters, digits, - _ and ."
	Key string `json:"key"`
}

// TenantReference names an EntraTenant.
type TenantReference struct {
	// name is the EntraTenant's name.
	//
	// +required
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="write the name of an EntraTenant: lower-case letters, digits and - with a letter or digit at both ends"
	Name string `json:"name"`
}

// PhoneAuthenticationMethodStatus is what the operator last saw and did.
type PhoneAuthenticationMethodStatus struct {
	// observedGeneration is the generation of spec that the conditions speak of; -1
	// before the first visit.
	//
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// id is the method's id in Graph. It is set while this resource holds the method,
	// which means that the operator made or adopted it for this resource.
	//
	// +optional
	ID string `json:"id,omitempty"`

	// smsSignInState is what Graph says about SMS sign-in with this number: ready,
	// notEnabled, notAllowedByPolicy, phoneNumberNotUnique, notConfigured or
	// notSupported.
	//
	// +optional
	SMSSignInState string `json:"smsSignInState,omitempty"`

	// userID is the object id of the user, in lower case, bound at first contact.
	//
	// +optional
	UserID string `json:"userID,omitempty"`

	// maskedNumber is the number that was last in sync with all but the country code
	// and the last two digits hidden; of a resource that holds no phone, the number
	// that it asks for.
	//
	// +optional
	MaskedNumber string `json:"maskedNumber,omitempty"`

	// pendingWrite is a write to Graph that was begun and is not settled. It is written
	// before a create, and before an update that takes a phone over, so that an operator
	// that was killed in between knows its own phone when it finds it. It goes with the
	// result.
	//
	// +optional
	PendingWrite *PendingWrite `json:"pendingWrite,omitempty"`

	// lastHandledRequest is the value of the annotation
	// identity.entraops.dev/reconcile-requested-at that was served last; of one longer
	// than 256 bytes the beginning and a digest.
	//
	// +optional
	LastHandledRequest string `json:"lastHandledRequest,omitempty"`

	// conditions are Accepted, Synced and Ready, and while they apply Stalled,
	// Reconciling and Suspended.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// PendingWriteAction is a write that status remembers before it is sent.
//
// +kubebuilder:validation:Enum=Create;Update
type PendingWriteAction string

// The writes that are remembered: those after which a phone would have no record.
const (
	PendingCreate PendingWriteAction = "Create"
	PendingUpdate PendingWriteAction = "Update"
)

// PendingWrite is a write to Graph whose outcome is not known yet.
type PendingWrite struct {
	// action is Create, or Update where a phone is taken over that was not this
	// resource's before.
	//
	// +required
	Action PendingWriteAction `json:"action"`

	// userID is the object id of the user, in lower case, for whom it was begun.
	//
	// +required
	UserID string `json:"userID"`

	// maskedNumber is the number that is written, masked.
	//
	// +required
	MaskedNumber string `json:"maskedNumber"`

	// since is when the write was last begun. Graph may carry it out for another 65
	// seconds.
	//
	// +required
	Since metav1.Time `json:"since"`

	// unread: what the user had was not read before this Create. A phone of the same
	// masked number may have been there already, so it is known by the number itself
	// for as long as the resource says that.
	//
	// +optional
	Unread bool `json:"unread,omitempty"`
}

// PhoneAuthenticationMethod is one phone of one Entra user: a number that
// multi-factor authentication and self-service password reset call or text.
//
// +kubebuilder:object:root=true
// +kubebuilder:metadata:annotations={"kustomize.toolkit.fluxcd.io/prune=disabled","argocd.argoproj.io/sync-options=Prune=false,Delete=false","helm.sh/resource-policy=keep"}
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pam,categories=entra
// +kubebuilder:selectablefield:JSONPath=`.spec.user`
// +kubebuilder:selectablefield:JSONPath=`.spec.phoneType`
// +kubebuilder:selectablefield:JSONPath=`.spec.tenantRef.name`
// +kubebuilder:printcolumn:name="User",type=string,JSONPath=`.spec.user`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.phoneType`
// +kubebuilder:printcolumn:name="Number",type=string,JSONPath=`.status.maskedNumber`,description="The number last in sync, masked; of a method that is not held, the one in spec"
// +kubebuilder:printcolumn:name="SMS",type=string,JSONPath=`.status.smsSignInState`,description="What Graph says about SMS sign-in"
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Id",type=string,priority=1,JSONPath=`.status.id`,description="The method's id in Graph"
// +kubebuilder:printcolumn:name="Tenant",type=string,priority=1,JSONPath=`.spec.tenantRef.name`,description="The EntraTenant; empty means default"
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type PhoneAuthenticationMethod struct {
	metav1.TypeMeta `json:",inline"`

	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is the phone as it should be.
	//
	// +required
	Spec PhoneAuthenticationMethodSpec `json:"spec"`

	// status is the phone as the operator last saw it.
	//
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status PhoneAuthenticationMethodStatus `json:"status,omitempty,omitzero"`
}

// PhoneAuthenticationMethodList is a list of PhoneAuthenticationMethods.
//
// +kubebuilder:object:root=true
type PhoneAuthenticationMethodList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PhoneAuthenticationMethod `json:"items"`
}
