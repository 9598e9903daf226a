package controllers_test

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

var (
	oneCredential = refused("set exactly one of workloadIdentity, managedIdentity, clientSecret and clientCertificate")
	host          = refused("write https:// and a host, with a port if need be, such as https://127.0.0.1:9443; no user, path, query or closing slash")
	period        = refused("write a duration of at least 1m, such as 30m, 1h or 1h30m")
)

var tenantManifests = chapter{
	title: "EntraTenant: the manifest",
	intro: "`kubectl apply` refuses these, and nothing is stored. A label selector that cannot be read shows in a condition: the API server does not look into it.",
	kind:  "EntraTenant",
	rows: []badInput{
		{what: "No tenantID", given: `tenantID: null`, says: refused("spec.tenantID: Required value")},
		{what: "A domain for the tenantID", given: `tenantID: contoso.com`, says: refused("write the directory (tenant) id, a GUID such as 11111111-2222-3333-4444-555555555555, not a domain")},
		{what: "A tenantID in braces", given: `tenantID: "{0a0a0a0a-2222-3333-4444-555555555555}"`, says: refused("spec.tenantID: Too long: may not be more than 36 bytes")},
		{what: "Another tenantID, in an edit", was: `{}`, given: `tenantID: 0b0b0b0b-2222-3333-4444-555555555555`, says: refused("tenantID cannot be changed: create another EntraTenant for the other tenant")},
		{what: "The app's name for the clientID", given: `clientID: phone-operator`, says: refused("write the application (client) id, a GUID such as 66666666-7777-8888-9999-000000000000")},
		{what: "No clientID", given: `clientID: null`, says: refused("set clientID to the application (client) id of the app registration; only managedIdentity works without")},
		{what: "No credential", given: `credential: null`, says: refused("spec.credential: Required value")},
		{what: "An empty credential", given: `credential: {clientSecret: null}`, says: oneCredential},
		{what: "Two credentials", given: `credential: {workloadIdentity: {}}`, says: oneCredential},
		{what: "The client secret itself in the manifest", given: `credential: {clientSecret: {value: a-secret}}`, says: refused(`unknown field "spec.credential.clientSecret.value"`)},
		{what: "A credential's Secret without a namespace", given: `credential: {clientSecret: {secretRef: {namespace: null}}}`, says: refused("spec.credential.clientSecret.secretRef.namespace: Required value")},
		{what: "An endpoint with http", given: `endpoint: {graph: "http://127.0.0.1:9443"}`, says: host},
		{what: "An endpoint with a path", given: `endpoint: {graph: "https://graph.gateway.example/v1.0"}`, says: host},
		{what: "An endpoint with a slash at the end", given: `endpoint: {authority: "https://login.gateway.example/"}`, says: host},
		{what: "An endpoint with nothing in it", given: `endpoint: {}`, says: refused("set graph, authority or caBundle; without any, leave endpoint out")},
		{what: "An endpoint beside another cloud", given: `{cloud: China, endpoint: {graph: "https://graph.gateway.example"}}`, says: refused("endpoint.graph and endpoint.authority replace the hosts of a cloud: leave cloud out, or leave them out")},
		{what: "A caBundle that is not PEM", given: `endpoint: {graph: "https://graph.gateway.example", caBundle: aGVsbG8=}`, says: refused("write the base64 of one or more certificates in PEM form (base64 -w0 ca.crt)")},
		{what: "A caBundle that is not in base64", given: `endpoint: {graph: "https://graph.gateway.example", caBundle: "-----BEGIN CERTIFICATE-----"}`, says: refused("spec.endpoint.caBundle in body must be of type byte")},
		{what: "A cloud that does not exist", given: `cloud: Germany`, says: refused(`Unsupported value: "Germany": supported values: "Public", "USGovernment", "USGovernmentDoD", "China"`)},
		{what: "A mode that does not exist", given: `mode: DryRun`, says: refused(`Unsupported value: "DryRun": supported values: "Enforce", "Observe"`)},
		{what: "A resyncPeriod that is too short", given: `resyncPeriod: 10s`, says: period},
		{what: "A resyncPeriod in days", given: `resyncPeriod: 1d`, says: period},
		{what: "A negative limit", given: `limits: {deletionsPerHour: -1}`, says: refused("spec.limits.deletionsPerHour in body should be greater than or equal to 0")},
		{what: "No requests at all", given: `limits: {directoryRequestsPerSecond: 0}`, says: refused("spec.limits.directoryRequestsPerSecond in body should be greater than or equal to 1")},
		{what: "An access rule without users", given: `access: [{namespaces: {}}]`, says: refused("spec.access[0].users: Required value")},
		{what: "An access rule with a regular expression", given: `access: [{namespaces: {}, users: ["[a-z]+@contoso.com"]}]`, says: refused("write a user principal name with * for any characters, such as *@contoso.com, or * alone for every user; ? and [] are not wildcards here")},
		{what: "An access rule with an action that does not exist", given: `access: [{namespaces: {}, users: ["*"], actions: [Write]}]`, says: refused(`Unsupported value: "Write": supported values: "Create", "Update", "Delete"`)},
		{what: "A label selector with an operator that does not exist", given: `access: [{namespaces: {matchExpressions: [{key: team, operator: Equals, values: [hr]}]}, users: ["*"]}]`, broken: tenantAs,
			says: notReady(v1alpha1.ReasonInvalidSpec, "access[0].namespaces is no label selector (In and NotIn need values, Exists and DoesNotExist take none)")},
		{what: "A label selector with In and no values", given: `access: [{namespaces: {matchExpressions: [{key: team, operator: In}]}, users: ["*"]}]`, broken: tenantAs,
			says: notReady(v1alpha1.ReasonInvalidSpec, "access[0].namespaces is no label selector (In and NotIn need values, Exists and DoesNotExist take none)")},
		{what: "A caBundle with a certificate cut in half", given: `endpoint: {caBundle: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUIK}`, broken: tenantAs,
			says: notReady(v1alpha1.ReasonInvalidSpec, "the CA bundle holds no certificate: it must be PEM, with a block of CERTIFICATE at least")},
		{what: "A second EntraTenant of one tenantID", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.TenantID = tenantID }),
			says: notReady(v1alpha1.ReasonConflict, `EntraTenant "default" already speaks for this tenantID: delete one of the two.`)},
	},
}

func notReady(reason, message string) says {
	return sees(v1alpha1.ConditionReady, no, reason, message)
}

// tenantAs is an EntraTenant at the emulator with given merged into its spec.
func tenantAs(s *story, name, given string) []client.Object {
	o := s.manifest(s.t, "EntraTenant", name, given)
	spec := o.Object["spec"].(map[string]any)
	spec["tenantID"] = s.directory("first")
	endpoint := map[string]any{"graph": s.url, "authority": s.url, "caBundle": s.ca}
	if change, ok := spec["endpoint"].(map[string]any); ok {
		merge(endpoint, change)
	}
	spec["endpoint"] = endpoint
	return []client.Object{o}
}

// tenantThat is an EntraTenant that works at the emulator, changed.
func tenantThat(change func(s *story, o *v1alpha1.EntraTenant)) func(s *story, name, given string) []client.Object {
	return func(s *story, name, _ string) []client.Object {
		o := s.tenant(name, s.directory("first"))
		change(s, o)
		return []client.Object{o}
	}
}

var credentials = chapter{
	title: "EntraTenant: the credential",
	intro: "The EntraTenant says what is wrong; the resources of the tenant are `Accepted=False`, `TenantNotReady`, and point to it. All go on once it is mended, without a restart.",
	rows: []badInput{
		{what: "No Secret", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Credential.ClientSecret.SecretRef.Name = "nowhere" }),
			says: notReady(v1alpha1.ReasonCredentialNotFound, `There is no Secret phone-operator-system/nowhere: create it with the credential under key "clientSecret".`)},
		{what: "Another namespace", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) {
			o.Spec.Credential.ClientSecret.SecretRef.Namespace = "nowhere"
		}),
			says: notReady(v1alpha1.ReasonCredentialNamespaceNotAllowed, `The operator takes no credential from namespace nowhere: keep the Secret in phone-operator-system, or have the operator started with --credential-namespaces=nowhere.`)},
		{what: "Another key", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Credential.ClientSecret.SecretRef.Key = "password" }),
			says: notReady(v1alpha1.ReasonCredentialNotFound, `Secret phone-operator-system/graph has no key "password": add it, with the credential as its value.`)},
		withSecret("An empty client secret", "", notReady(v1alpha1.ReasonInvalidSpec, "the client secret is empty: store the secret's value, not its id")),
		withSecret("A client secret of white space", " \n", notReady(v1alpha1.ReasonInvalidSpec, "the client secret is empty: store the secret's value, not its id")),
		withSecret("A client secret in UTF-16, as Windows PowerShell writes it", utf16("first\r\n"), notReady(v1alpha1.ReasonInvalidSpec, "the client secret is stored as UTF-16, as Windows PowerShell's > and Out-File write it: write the file with Set-Content -Encoding ascii -NoNewline")),
		withSecret("A client secret with a byte order mark", "\ufefffirst", notReady(v1alpha1.ReasonInvalidSpec, "the client secret begins with a byte order mark, which nobody sees: write the file with Set-Content -Encoding ascii -NoNewline")),
		withSecret("A client secret in quotation marks", `"first"`, notReady(v1alpha1.ReasonInvalidSpec, "the client secret is stored with quotation marks around it: store it without them")),
		withSecret("A client secret with a character that cannot be seen", "first\u200b", notReady(v1alpha1.ReasonInvalidSpec, "the client secret has characters in it that cannot be seen or are not plain ASCII: copy it anew from where it was issued")),
		withSecret("A client secret in base64 twice", "YWJjOFF+eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=", notReady(v1alpha1.ReasonInvalidSpec, "the client secret is in base64 twice: put it as it is into stringData, or encode it once only (kubectl create secret does that by itself)")),
		withSecret("The client secret of yesterday", "yesterday", notReady(v1alpha1.ReasonCredentialRefused, "check tenantID, clientID and the credential, and that it has not expired (Entra says AADSTS7000215)")),
		withSecret("The id of the client secret", "9d1f3c5e-0000-4000-8000-000000000001", notReady(v1alpha1.ReasonCredentialRefused, "check tenantID, clientID and the credential, and that it has not expired (Entra says AADSTS7000215)")),
		{what: "An app that the tenant does not know", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.ClientID = "66666666-7777-8888-9999-00000000dead" }),
			says: notReady(v1alpha1.ReasonCredentialRefused, "check tenantID, clientID and the credential, and that it has not expired (Entra says AADSTS700016)")},
		{what: "A tenant that does not exist", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.TenantID = "0d0d0d0d-2222-3333-4444-555555555555" }),
			says: notReady(v1alpha1.ReasonCredentialRefused, "check tenantID, clientID and the credential, and that it has not expired")},
		{what: "A workload identity in a pod that has none", broken: tenantThat(func(_ *story, o *v1alpha1.EntraTenant) {
			o.Spec.Credential = v1alpha1.Credential{WorkloadIdentity: &v1alpha1.WorkloadIdentityCredential{}}
		}), says: notReady(v1alpha1.ReasonInvalidSpec, "this pod has no federated token (AZURE_FEDERATED_TOKEN_FILE is not set), because Azure's workload identity webhook did not see it start: see that the webhook runs and that the pod has the label azure.workload.identity/use=true, then restart the pod")},
		withCertificate("An empty certificate", func() string { return "" }, notReady(v1alpha1.ReasonInvalidSpec, "the client certificate is empty: store certificate and private key, in PEM or PKCS#12")),
		withCertificate("A certificate that is none", func() string { return "hello" }, unreadableCertificate),
		withCertificate("A certificate without its key", func() string { return certificateOf(keyA()) }, unreadableCertificate),
		withCertificate("A key without its certificate", func() string { return pemOf(keyA()) }, unreadableCertificate),
		withCertificate("A certificate and another one's key", func() string { return certificateOf(keyA()) + pemOf(keyB()) }, notReady(v1alpha1.ReasonInvalidSpec, "the client certificate and its private key do not belong together, or the key is not RSA")),
		withCertificate("Half a certificate in base64", func() string { return "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t" }, unreadableCertificate),
		withCertificate("A certificate in UTF-16, as Windows PowerShell writes it", func() string { return utf16(certificateOf(keyA()) + pemOf(keyA())) }, notReady(v1alpha1.ReasonInvalidSpec, "the client certificate is stored as UTF-16, as Windows PowerShell's > and Out-File write it: write the file with Set-Content -Encoding ascii -NoNewline")),
		withCertificate("A certificate that the app does not have", func() string { return certificateOf(keyA()) + pemOf(keyA()) }, notReady(v1alpha1.ReasonCredentialRefused, "check tenantID, clientID and the credential, and that it has not expired (Entra says AADSTS700027)")),
	},
}

var unreadableCertificate = notReady(v1alpha1.ReasonInvalidSpec, "the client certificate cannot be read: it must be PEM or PKCS#12, without a password and with one private key")

// withSecret is a tenant whose Secret holds another client secret.
func withSecret(what, value string, says says) badInput {
	return badInput{what: what, says: says, broken: func(s *story, name, _ string) []client.Object {
		o := s.tenant(name, s.directory("first"))
		o.Spec.Credential.ClientSecret.SecretRef = v1alpha1.SecretReference{Namespace: system, Name: s.namespace + "-" + name, Key: "s"}
		return []client.Object{secret(system, s.namespace+"-"+name, "s", value), o}
	}}
}

// withCertificate is a tenant with a client certificate.
func withCertificate(what string, value func() string, says says) badInput {
	return badInput{what: what, says: says, broken: func(s *story, name, _ string) []client.Object {
		o := s.tenant(name, s.directory("first"))
		o.Spec.Credential = v1alpha1.Credential{ClientCertificate: &v1alpha1.ClientCertificateCredential{
			SecretRef: v1alpha1.SecretReference{Namespace: system, Name: s.namespace + "-" + name, Key: "tls.pem"},
		}}
		return []client.Object{secret(system, s.namespace+"-"+name, "tls.pem", value()), o}
	}}
}

var permissions = chapter{
	title: "EntraTenant: permissions and access rules",
	intro: "The app registration may not do something, or the EntraTenant does not allow it to a namespace.",
	rows: []badInput{
		{what: "The app may not read users", broken: withRoles("UserAuthMethod-Phone.ReadWrite.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"),
			says: notReady(v1alpha1.ReasonForbidden, "The app registration may not read users: grant it User.ReadBasic.All with admin consent.")},
		{what: "The app may not read phones", broken: inTenant(withRoles("User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All")),
			says: sees(v1alpha1.ConditionReady, unknown, v1alpha1.ReasonForbidden, "Graph does not allow this to the app registration: grant it")},
		{what: "The app may read phones and not write them", broken: inTenant(withRoles("UserAuthMethod-Phone.Read.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All")),
			says: sees(v1alpha1.ConditionReady, unknown, v1alpha1.ReasonForbidden, "Graph does not allow this to the app registration: grant it UserAuthMethod-Phone.ReadWrite.All, with admin consent.")},
		{what: "The app may not ask for directory roles", broken: inTenant(withRoles("UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All")),
			says: notAccepted(v1alpha1.ReasonPrivilegedUser, "with admin consent, or set privilegedUsers: Allow on the EntraTenant.")},
		{what: "An EntraTenant that cannot be used, seen by its resources", broken: inTenant(tenantThat(func(_ *story, o *v1alpha1.EntraTenant) { o.Spec.Credential.ClientSecret.SecretRef.Name = "nowhere" })),
			says: notAccepted(v1alpha1.ReasonTenantNotReady, "cannot be used: its Ready condition says why (CredentialNotFound).")},
		{what: "No access rules", broken: withAccess(nil),
			says: notAccepted(v1alpha1.ReasonNotPermitted, "The EntraTenant has no access rules, so nobody may manage phones with it. Ask an administrator of the EntraTenant (spec.access).")},
		{what: "Access rules for other namespaces", broken: withAccess(func(r *v1alpha1.AccessRule) {
			r.Namespaces = metav1.LabelSelector{MatchLabels: map[string]string{"team": "other"}}
		}), says: notAccepted(v1alpha1.ReasonNotPermitted, "No access rule of the EntraTenant is for this namespace.")},
		{what: "Access rules for other users", broken: withAccess(func(r *v1alpha1.AccessRule) { r.Users = []string{"*@fabrikam.com"} }),
			says: notAccepted(v1alpha1.ReasonNotPermitted, "No access rule for this namespace covers the user.")},
		{what: "Access rules for another phone type", broken: withAccess(func(r *v1alpha1.AccessRule) { r.PhoneTypes = []v1alpha1.PhoneType{office} }),
			says: notAccepted(v1alpha1.ReasonNotPermitted, "The access rules for this namespace and user do not cover this phone type.")},
		{what: "Access rules without Create", broken: withAccess(func(r *v1alpha1.AccessRule) { r.Actions = []v1alpha1.Action{v1alpha1.ActionUpdate} }),
			says: notAccepted(v1alpha1.ReasonNotPermitted, "The access rules for this namespace and user do not allow to create the phone.")},
		{what: "A number in the manifest where the rules want a Secret", broken: withAccess(func(r *v1alpha1.AccessRule) { r.NumberSource = v1alpha1.NumberSourceSecretOnly }),
			says: notAccepted(v1alpha1.ReasonNotPermitted, "The access rules want the number from elsewhere: use spec.phoneNumberFrom in place of spec.phoneNumber, and, where a rule says numberSource: SecretForUser, name the user in the Secret's annotation identity.entraops.dev/user.")},
	},
}

func withRoles(roles ...string) func(s *story, name, given string) []client.Object {
	return tenantThat(func(s *story, o *v1alpha1.EntraTenant) {
		must(s.t, s.graph.AddApp(emulator.App{TenantID: o.Spec.TenantID, ClientID: clientID, Secret: "first", Roles: roles}))
	})
}

// inTenant is a resource of a tenant that is broken. The one of the name is the resource.
func inTenant(broken func(s *story, name, given string) []client.Object) func(s *story, name, given string) []client.Object {
	return func(s *story, name, _ string) []client.Object {
		all := broken(s, name+"-tenant", "")
		t := all[len(all)-1].(*v1alpha1.EntraTenant)
		u := s.user(func(u *emulator.User) {
			u.TenantID, u.UPN = t.Spec.TenantID, "ada@"+strings.Split(t.Spec.TenantID, "-")[0]+".example"
		})
		return append(all, s.pam(name, u.UPN, mobile, "+1 2065550142", in(t.Name)))
	}
}

func withAccess(change func(*v1alpha1.AccessRule)) func(s *story, name, given string) []client.Object {
	return inTenant(tenantThat(func(_ *story, o *v1alpha1.EntraTenant) {
		if change == nil {
			o.Spec.Access = nil
			return
		}
		change(&o.Spec.Access[0])
	}))
}
