// Package v1alpha1 is the API that users of Phone Operator write: the kinds
// PhoneAuthenticationMethod and EntraTenant, the rules the API server checks
// before it stores one, the defaults that are applied in code, and every
// condition and reason that the operator reports.
//
// It leaves out all behaviour: what a number means is in internal/phone, what
// is done about a resource in internal/plan, who may do it in internal/access.
//
// +kubebuilder:object:generate=true
// +groupName=identity.entraops.dev
package v1alpha1
