package v1alpha1_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	sayTenantID    = "spec.tenantID: write the directory (tenant) id, a GUID such as 11111111-2222-3333-4444-555555555555, not a domain"
	sayTenantStays = "spec.tenantID: tenantID cannot be changed: create another EntraTenant for the other tenant"
	sayClientID    = "spec.clientID: write the application (client) id, a GUID such as 66666666-7777-8888-9999-000000000000"
	sayClientIDDue = "spec.clientID: set clientID to the application (client) id of the app registration; only managedIdentity works without (it then uses the system-assigned identity)"
	sayCredential  = "spec.credential: set exactly one of workloadIdentity, managedIdentity, clientSecret and clientCertificate"
	sayCloud       = "spec.cloud: endpoint.graph and endpoint.authority replace the hosts of a cloud: leave cloud out, or leave them out"
	sayEndpoint    = "spec.endpoint: set graph, authority or caBundle; without any, leave endpoint out"
	sayHost        = "write https:// and a host, with a port if need be, such as https://127.0.0.1:9443; no user, path, query or closing slash"
	sayCABundle    = "spec.endpoint.caBundle: write the base64 of one or more certificates in PEM form (base64 -w0 ca.crt)"
	sayPeriod      = "spec.resyncPeriod: write a duration of at least 1m, such as 30m, 1h or 1h30m"
	sayGlob        = "spec.access[0].users[0]: write a user principal name with * for any characters, such as *@contoso.com, or * alone for every user; ? and [] are not wildcards here"
	sayNamespace   = "write the name of a namespace: lower-case letters, digits and - with a letter or digit at both ends"
	sayName        = "write the name of a Secret: lower-case letters, digits, - and . with a letter or digit at both ends"
	sayKey         = "write a key of the Secret's data: letters, digits, - _ and ."
	sayTenantName  = "<nil>: name an EntraTenant with at most 63 lower-case letters, digits and -, no dots, so that a tenantRef can name it"
)

const ids = `tenantID: 11111111-2222-3333-4444-555555555555, clientID: 66666666-7777-8888-9999-000000000000`

// tenantWith is a valid tenant with more fields.
func tenantWith(fields string) string {
	return "{" + ids + ", credential: {workloadIdentity: {}}, " + fields + "}"
}

func credential(c string) string {
	return "{" + ids + ", credential: {" + c + "}}"
}

func secretRef(kind, namespace, name, key string) string {
	return credential(fmt.Sprintf("%s: {secretRef: {namespace: %q, name: %q, key: %q}}", kind, namespace, name, key))
}

func host(field, url string) string {
	return tenantWith(fmt.Sprintf("endpoint: {%s: %q}", field, url))
}

func access(rule string) string {
	return tenantWith("access: [{" + rule + "}]")
}

func users(glob string) string {
	return access(fmt.Sprintf("namespaces: {}, users: [%q]", glob))
}

func caBundle(pem string) string {
	return tenantWith("endpoint: {graph: 'https://127.0.0.1:9443', caBundle: " + base64.StdEncoding.EncodeToString([]byte(pem)) + "}")
}

var acceptedTenants = map[string]string{
	"workload identity":                credential("workloadIdentity: {}"),
	"managed identity":                 credential("managedIdentity: {}"),
	"the system's managed identity":    "{tenantID: 11111111-2222-3333-4444-555555555555, credential: {managedIdentity: {}}}",
	"a client secret":                  secretRef("clientSecret", "phone-operator-system", "graph", "clientSecret"),
	"a client certificate":             secretRef("clientCertificate", "phone-operator-system", "graph.v2", "tls_1.pem"),
	"ids in capitals":                  "{tenantID: ABCDEFAB-2222-3333-4444-555555555555, clientID: ABCDEFAB-7777-8888-9999-000000000000, credential: {managedIdentity: {}}}",
	"each field":                       tenantWith(`cloud: Public, graphVersion: v1.0, mode: Enforce, privilegedUsers: Deny, resyncPeriod: 1h, limits: {deletionsPerHour: 100, authenticationRequestsPerMinute: 30, directoryRequestsPerSecond: 50}`),
	"each other field":                 tenantWith(`cloud: China, graphVersion: beta, mode: Observe, privilegedUsers: Allow, resyncPeriod: 1h30m, limits: {deletionsPerHour: 0, authenticationRequestsPerMinute: 1, directoryRequestsPerSecond: 1}`),
	"the cloud of the US government":   tenantWith("cloud: USGovernment"),
	"the cloud of the US military":     tenantWith("cloud: USGovernmentDoD"),
	"an endpoint of the public cloud":  tenantWith(`cloud: Public, endpoint: {graph: "https://127.0.0.1:9443", authority: "https://localhost:9443"}`),
	"an endpoint for Graph alone":      host("graph", "https://graph.gateway.contoso.com"),
	"an endpoint for tokens alone":     host("authority", "https://login.gateway.contoso.com:8443"),
	"an endpoint on IPv6":              host("graph", "https://[::1]:9443"),
	"a bundle for a cloud's own hosts": tenantWith("endpoint: {caBundle: " + base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")) + "}"),
	"a bundle for another cloud":       tenantWith("cloud: China, endpoint: {caBundle: " + base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")) + "}"),
	"a bundle of certificates":         caBundle("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
	"the shortest resync period":       tenantWith("resyncPeriod: 60s"),
	"the longest resync period":        tenantWith("resyncPeriod: 2160h"),
	"a rule with everything": access(`namespaces: {matchLabels: {kubernetes.io/metadata.name: people}}, users: ["*@contoso.com"],
		phoneTypes: [mobile, alternateMobile, office], actions: [Create, Update, Delete], numberSource: Any`),
	"a rule for names that begin with $":  users("$svc-*@contoso.com"),
	"a rule for Secrets that name a user": access(`namespaces: {}, users: ["*"], numberSource: SecretForUser`),
	"a rule for numbers in Secrets":       access(`namespaces: {matchExpressions: [{key: team, operator: In, values: [hr]}]}, users: ["*@contoso.com"], phoneTypes: [office], actions: [Update], numberSource: SecretOnly`),
	"a rule for every user":               users("*"),
	"a rule for one user":                 users("Ada.O'Brien@contoso.com"),
	"a rule for guests of one house":      users("*_fabrikam.com#EXT#@contoso.onmicrosoft.com"),
	"a rule for every subdomain":          users("*@*.contoso.com"),
	"no rule at all":                      tenantWith("access: []"),
}

var refusedTenants = map[string]refusal{
	"a domain for a tenantID":         {spec: "{tenantID: contoso.com, clientID: 66666666-7777-8888-9999-000000000000, credential: {workloadIdentity: {}}}", want: []string{sayTenantID}},
	"no tenantID":                     {spec: "{clientID: 66666666-7777-8888-9999-000000000000, credential: {workloadIdentity: {}}}", want: []string{"spec.tenantID: Required value"}},
	"a tenantID longer than a GUID":   {spec: "{tenantID: 11111111-2222-3333-4444-5555555555556, clientID: 66666666-7777-8888-9999-000000000000, credential: {workloadIdentity: {}}}", want: []string{"spec.tenantID: Too long: may not be more than 36 bytes"}},
	"a clientID longer than a GUID":   {spec: "{tenantID: 11111111-2222-3333-4444-555555555555, clientID: 66666666-7777-8888-9999-0000000000001, credential: {workloadIdentity: {}}}", want: []string{"spec.clientID: Too long: may not be more than 36 bytes"}},
	"a name for a clientID":           {spec: "{tenantID: 11111111-2222-3333-4444-555555555555, clientID: phone-operator, credential: {workloadIdentity: {}}}", want: []string{sayClientID}},
	"workload identity for nobody":    {spec: "{tenantID: 11111111-2222-3333-4444-555555555555, credential: {workloadIdentity: {}}}", want: []string{sayClientIDDue}},
	"no credential":                   {spec: "{" + ids + "}", want: []string{"spec.credential: Required value"}},
	"none of the credentials":         {spec: credential(""), want: []string{sayCredential}},
	"two credentials":                 {spec: credential("workloadIdentity: {}, managedIdentity: {}"), want: []string{sayCredential}},
	"a client secret from nowhere":    {spec: credential("clientSecret: {}"), want: []string{"spec.credential.clientSecret.secretRef: Required value"}},
	"a certificate from nowhere":      {spec: credential("clientCertificate: {}"), want: []string{"spec.credential.clientCertificate.secretRef: Required value"}},
	"a secret in an odd namespace":    {spec: secretRef("clientSecret", "a.b", "n", "k"), want: []string{"spec.credential.clientSecret.secretRef.namespace: " + sayNamespace}},
	"a secret with an odd name":       {spec: secretRef("clientSecret", "a", "N", "k"), want: []string{"spec.credential.clientSecret.secretRef.name: " + sayName}},
	"a secret with an odd key":        {spec: secretRef("clientSecret", "a", "n", "k/"), want: []string{"spec.credential.clientSecret.secretRef.key: " + sayKey}},
	"a certificate in odd places":     {spec: secretRef("clientCertificate", "", "", ""), want: []string{"spec.credential.clientCertificate.secretRef.namespace: " + sayNamespace, "spec.credential.clientCertificate.secretRef.name: " + sayName, "spec.credential.clientCertificate.secretRef.key: " + sayKey}},
	"a secret with endless names":     {spec: secretRef("clientSecret", strings.Repeat("n", 64), strings.Repeat("n", 254), strings.Repeat("k", 254)), want: tooLong("spec.credential.clientSecret.secretRef")},
	"a certificate with endless ones": {spec: secretRef("clientCertificate", strings.Repeat("n", 64), strings.Repeat("n", 254), strings.Repeat("k", 254)), want: tooLong("spec.credential.clientCertificate.secretRef")},
	"a cloud there is not":            {spec: tenantWith("cloud: Germany"), want: []string{`spec.cloud: Unsupported value: "Germany": supported values: "Public", "USGovernment", "USGovernmentDoD", "China"`}},
	"a Graph version there is not":    {spec: tenantWith("graphVersion: v2.0"), want: []string{`spec.graphVersion: Unsupported value: "v2.0": supported values: "v1.0", "beta"`}},
	"a mode there is not":             {spec: tenantWith("mode: DryRun"), want: []string{`spec.mode: Unsupported value: "DryRun": supported values: "Enforce", "Observe"`}},
	"privileged users perhaps":        {spec: tenantWith("privilegedUsers: Ask"), want: []string{`spec.privilegedUsers: Unsupported value: "Ask": supported values: "Deny", "Allow"`}},
	"a cloud beside an endpoint":      {spec: tenantWith("cloud: China, endpoint: {graph: 'https://127.0.0.1:9443'}"), want: []string{sayCloud}},
	"a cloud beside an authority":     {spec: tenantWith("cloud: USGovernment, endpoint: {authority: 'https://127.0.0.1:9443'}"), want: []string{sayCloud}},
	"an endpoint without a host":      {spec: tenantWith("endpoint: {}"), want: []string{sayEndpoint}},
	"an endpoint without TLS":         {spec: host("graph", "http://127.0.0.1:9443"), want: []string{"spec.endpoint.graph: " + sayHost}},
	"an endpoint with a path":         {spec: host("graph", "https://127.0.0.1:9443/v1.0"), want: []string{"spec.endpoint.graph: " + sayHost}},
	"an endpoint with a slash":        {spec: host("graph", "https://127.0.0.1:9443/"), want: []string{"spec.endpoint.graph: " + sayHost}},
	"an endpoint with a user":         {spec: host("graph", "https://graph.microsoft.com@127.0.0.1"), want: []string{"spec.endpoint.graph: " + sayHost}},
	"an endpoint with a query":        {spec: host("graph", "https://127.0.0.1?a=b"), want: []string{"spec.endpoint.graph: " + sayHost}},
	"an endpoint with a fragment":     {spec: host("graph", "https://127.0.0.1#a"), want: []string{"spec.endpoint.graph: " + sayHost}},
	"an endpoint with an empty host":  {spec: host("graph", ""), want: []string{"spec.endpoint.graph: " + sayHost}},
	"an endpoint without a scheme":    {spec: host("authority", "127.0.0.1:9443"), want: []string{"spec.endpoint.authority: " + sayHost}},
	"an endless endpoint":             {spec: host("graph", "https://"+strings.Repeat("a", 272)), want: []string{"spec.endpoint.graph: Too long: may not be more than 272 bytes"}},
	"an endless authority":            {spec: host("authority", "https://"+strings.Repeat("a", 272)), want: []string{"spec.endpoint.authority: Too long: may not be more than 272 bytes"}},
	"a key for a bundle":              {spec: caBundle("-----BEGIN PRIVATE KEY-----\nMIIB\n"), want: []string{sayCABundle}},
	"a bundle that was not encoded":   {spec: tenantWith("endpoint: {graph: 'https://127.0.0.1:9443', caBundle: '-----BEGIN CERTIFICATE-----'}"), want: []string{`spec.endpoint.caBundle: spec.endpoint.caBundle in body must be of type byte: "-----BEGIN CERTIFICATE-----"`}},
	"an endless bundle":               {spec: caBundle(strings.Repeat("-----BEGIN CERTIFICATE-----", 4096)), want: []string{"spec.endpoint.caBundle: Too long: may not be more than 131072 bytes"}},
	"a resync period under a minute":  {spec: tenantWith("resyncPeriod: 59s"), want: []string{sayPeriod}},
	"a resync period without a unit":  {spec: tenantWith("resyncPeriod: '60'"), want: []string{sayPeriod}},
	"a resync period in days":         {spec: tenantWith("resyncPeriod: 1d"), want: []string{sayPeriod}},
	"a negative resync period":        {spec: tenantWith("resyncPeriod: -1h"), want: []string{sayPeriod}},
	"a resync period beyond all time": {spec: tenantWith("resyncPeriod: 999999h"), want: []string{sayPeriod}},
	"an endless resync period":        {spec: tenantWith("resyncPeriod: " + strings.Repeat("1", 32) + "h"), want: []string{"spec.resyncPeriod: Too long: may not be more than 32 bytes"}},
	"fewer than no deletions":         {spec: tenantWith("limits: {deletionsPerHour: -1}"), want: []string{"spec.limits.deletionsPerHour: -1: spec.limits.deletionsPerHour in body should be greater than or equal to 0"}},
	"no requests to the directory":    {spec: tenantWith("limits: {directoryRequestsPerSecond: 0}"), want: []string{"spec.limits.directoryRequestsPerSecond: 0: spec.limits.directoryRequestsPerSecond in body should be greater than or equal to 1"}},
	"no requests for phones":          {spec: tenantWith("limits: {authenticationRequestsPerMinute: 0}"), want: []string{"spec.limits.authenticationRequestsPerMinute: 0: spec.limits.authenticationRequestsPerMinute in body should be greater than or equal to 1"}},
	"a rule for nobody":               {spec: access("namespaces: {}, users: []"), want: []string{`spec.access[0].users: 0: spec.access[0].users in body should have at least 1 items`}},
	"a rule without users":            {spec: access("namespaces: {}"), want: []string{"spec.access[0].users: Required value"}},
	"a rule without namespaces":       {spec: access("users: ['*']"), want: []string{"spec.access[0].namespaces: Required value"}},
	"a rule with a question mark":     {spec: users("ad?@contoso.com"), want: []string{sayGlob}},
	"a rule with brackets":            {spec: users("[ab]*@contoso.com"), want: []string{sayGlob}},
	"a rule without a domain":         {spec: users("ada*"), want: []string{sayGlob}},
	"a rule with an object id":        {spec: users("0f1c2d3e-4a5b-6c7d-8e9f-000000000001"), want: []string{sayGlob}},
	"a rule with a $ within a name":   {spec: users("a$b@contoso.com"), want: []string{sayGlob}},
	"a rule with an empty user":       {spec: users(""), want: []string{sayGlob}},
	"a rule with an endless user":     {spec: users("*@" + strings.Repeat("c", 112)), want: []string{"spec.access[0].users[0]: Too long: may not be more than 113 bytes"}},
	"a rule with one user twice":      {spec: access("namespaces: {}, users: ['*@contoso.com', '*@contoso.com']"), want: []string{`spec.access[0].users[1]: Duplicate value: "*@contoso.com"`}},
	"a rule for no phone type":        {spec: access("namespaces: {}, users: ['*'], phoneTypes: []"), want: []string{"spec.access[0].phoneTypes: 0: spec.access[0].phoneTypes in body should have at least 1 items"}},
	"a rule for no action":            {spec: access("namespaces: {}, users: ['*'], actions: []"), want: []string{"spec.access[0].actions: 0: spec.access[0].actions in body should have at least 1 items"}},
	"a rule for an odd phone type":    {spec: access("namespaces: {}, users: ['*'], phoneTypes: [home]"), want: []string{`spec.access[0].phoneTypes[0]: Unsupported value: "home": supported values: "mobile", "alternateMobile", "office"`}},
	"a rule for an odd action":        {spec: access("namespaces: {}, users: ['*'], actions: [Read]"), want: []string{`spec.access[0].actions[0]: Unsupported value: "Read": supported values: "Create", "Update", "Delete"`}},
	"a rule for an odd source":        {spec: access("namespaces: {}, users: ['*'], numberSource: Manifest"), want: []string{`spec.access[0].numberSource: Unsupported value: "Manifest": supported values: "Any", "SecretOnly", "SecretForUser"`}},
	"more rules than anybody reads":   {spec: tenantWith("access: [" + strings.Repeat("{namespaces: {}, users: ['*']},", 65) + "]"), want: []string{"spec.access: Too many: 65: must have at most 64 items"}},
	"another tenantID":                {before: credential("workloadIdentity: {}"), spec: strings.Replace(credential("workloadIdentity: {}"), "11111111-", "11111112-", 1), want: []string{sayTenantStays}},
}

func tooLong(ref string) []string {
	return []string{
		ref + ".namespace: Too long: may not be more than 63 bytes",
		ref + ".name: Too long: may not be more than 253 bytes",
		ref + ".key: Too long: may not be more than 253 bytes",
	}
}

func TestEntraTenantIsAccepted(t *testing.T) {
	for sentence, spec := range acceptedTenants {
		t.Run(sentence, func(t *testing.T) {
			accept(t, object(t, "EntraTenant", "t", spec))
		})
	}
}

func TestEntraTenantIsRefused(t *testing.T) {
	for sentence, c := range refusedTenants {
		t.Run(sentence, func(t *testing.T) {
			err := refuse(t, "EntraTenant", c)
			if diff := cmp.Diff(slices.Sorted(slices.Values(c.want)), causes(err)); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEntraTenantNames(t *testing.T) {
	for sentence, c := range map[string]struct {
		name string
		want []string
	}{
		"a label":               {name: "contoso-1"},
		"a label of 63":         {name: strings.Repeat("t", 63)},
		"a name with a dot":     {name: "contoso.com", want: []string{sayTenantName}},
		"a label of 64":         {name: strings.Repeat("t", 64), want: []string{sayTenantName}},
		"the name default":      {name: "default"},
		"a name of one letter":  {name: "t"},
		"a name of digits only": {name: "365"},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := k8s(t).Create(t.Context(), object(t, "EntraTenant", c.name, credential("workloadIdentity: {}")), client.DryRunAll)
			var got []string
			if err != nil {
				got = causes(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
		})
	}
}
