// Package webhook gives early feedback on what is applied: a number that cannot be one is refused at once, and what
// may be a mistake is answered with a warning that kubectl prints.
//
// It is comfort and no fence. The operator comes to the same verdicts without it, so the API server is told to go on
// when it is down, it is never asked about deletions, and an answer that is no verdict lets the request pass.
//
// What needs Graph or a Secret is left to the controllers: who the user is, who may manage them, a number in a Secret.
// Even whether a Secret is there is not said: it may come later, and the answer would tell people who may not read
// Secrets which ones there are.
//
// A message never repeats a phone number.
package webhook

// The names are those of config/webhook before kustomize puts phone-operator- in front of them.
//
// +kubebuilder:webhookconfiguration:mutating=false,name=webhook
// +kubebuilder:rbac:groups="",resources=secrets,namespace=system,resourceNames=webhook,verbs=get;list;watch;update
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingwebhookconfigurations,resourceNames=webhook,verbs=get;list;watch;update

// The API server asks about new specs only: not about what the operator writes (finalizers, annotations, status), not
// about objects on their way out. A second is long for an answer from memory.
//
// +kubebuilder:webhook:mutating=false,name=phoneauthenticationmethod.identity.entraops.dev,path=/validate-identity-entraops-dev-v1alpha1-phoneauthenticationmethod,groups=identity.entraops.dev,versions=v1alpha1,resources=phoneauthenticationmethods,verbs=create;update,failurePolicy=ignore,matchPolicy=Equivalent,sideEffects=None,timeoutSeconds=2,admissionReviewVersions=v1,serviceName=webhook,patch=`{"matchConditions":[{"name":"not-being-deleted","expression":"!has(object.metadata.deletionTimestamp)"},{"name":"spec-is-new","expression":"oldObject == null || object.spec != oldObject.spec"}]}`
// +kubebuilder:webhook:mutating=false,name=entratenant.identity.entraops.dev,path=/validate-identity-entraops-dev-v1alpha1-entratenant,groups=identity.entraops.dev,versions=v1alpha1,resources=entratenants,verbs=create;update,failurePolicy=ignore,matchPolicy=Equivalent,sideEffects=None,timeoutSeconds=2,admissionReviewVersions=v1,serviceName=webhook,patch=`{"matchConditions":[{"name":"not-being-deleted","expression":"!has(object.metadata.deletionTimestamp)"},{"name":"spec-is-new","expression":"oldObject == null || object.spec != oldObject.spec"}]}`
