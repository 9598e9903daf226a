package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Action is what may be done to a user's phone.
//
// +kubebuilder:validation:Enum=Create;Update;Delete
type Action string

// The actions. Update covers a changed number, an adopted phone whose number is
// replaced, and SMS sign-in switched on or off.
const (
	ActionCreate Action = "Create"
	ActionUpdate Action = "Update"
	ActionDelete Action = "Delete"
)

// NumberSource says where the number of a resource may come from.
//
// +kubebuilder:validation:Enum=Any;SecretOnly;SecretForUser
type NumberSource string

// The number sources.
const (
	// NumberSourceAny allows phoneNumber and phoneNumberFrom.
	NumberSourceAny NumberSource = "Any"
	// NumberSourceSecretOnly allows phoneNumberFrom only, so that no number is in a
	// manifest.
	NumberSourceSecretOnly NumberSource = "SecretOnly"
	// NumberSourceSecretForUser allows phoneNumberFrom only, and only of a Secret that
	// names the user (UserAnnotation), so that whoever may name a Secret cannot register
	// its number on another account.
	NumberSourceSecretForUser NumberSource = "SecretForUser"
)

// AccessRule allows the resources of some namespaces to manage the phones of some
// users. Rules only ever allow; one that matches is enough.
type AccessRule struct {
	// namespaces selects namespaces by their labels. The label
	// kubernetes.io/metadata.name is a namespace's name. An empty selector, {}, is
	// every namespace.
	//
	// +required
	Namespaces metav1.LabelSelector `json:"namespaces"`

	// users are globs on the user principal name that Entra has for the user, in any
	// case; * stands for any characters. A guest's name ends with
	// #EXT#@<tenant>.onmicrosoft.com. "*" alone is every user.
	//
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=128
	// +kubebuilder:validation:items:MaxLength=113
	// +kubebuilder:validation:items:XValidation:rule="self.matches(\"^([*]|[$]?[A-Za-z0-9'._!#^~*-]+@[A-Za-z0-9.*-]+)$\")",message="write a user principal name with * for any characters, such as *@contoso.com, or * alone for every user; ? and [] are not wildcards here"
	Users []string `json:"users"`

	// phoneTypes are the types of phone that may be managed. Absent means all.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	PhoneTypes []PhoneType `json:"phoneTypes,omitempty"`

	// actions are what may be done: Create, Update (the number and SMS sign-in) and
	// Delete. Absent means all.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	Actions []Action `json:"actions,omitempty"`

	// numberSource is Any (default when absent); SecretOnly: the number must come from a
	// Secret; or SecretForUser: from a Secret whose annotation (or label)
	// identity.entraops.dev/user names the user by object id or user principal name.
	//
	// +optional
	NumberSource NumberSource `json:"numberSource,omitempty"`
}
