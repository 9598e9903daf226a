package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/internal/testing/install"
)

const (
	manager  = "Deployment phone-operator-system/phone-operator-controller-manager"
	account  = "ServiceAccount phone-operator-system/phone-operator-controller-manager"
	pdb      = "PodDisruptionBudget phone-operator-system/phone-operator-controller-manager"
	netpol   = "NetworkPolicy phone-operator-system/phone-operator-controller-manager"
	monitor  = "ServiceMonitor phone-operator-system/phone-operator-controller-manager-metrics"
	rule     = "PrometheusRule phone-operator-system/phone-operator-alerts"
	boards   = "ConfigMap phone-operator-system/phone-operator-dashboards"
	egressOn = `networkPolicy: {egress: {enabled: true, apiServerCIDRs: [10.96.0.1/32]}}`
	aTenant  = `{tenantID: 11111111-2222-3333-4444-555555555555, credential: {managedIdentity: {}}}`
)

// effects has for each value of the chart something that it changes: a text that is then in an object, and not
// without it. "-" before an object says that it is gone, "!" before a text that the value takes it away.
var effects = map[string]struct {
	with   string // other values that it needs
	value  string
	object string
	text   string
}{
	"nameOverride":     {"", "nameOverride: operator", manager, "app.kubernetes.io/name: operator"},
	"fullnameOverride": {"", "fullnameOverride: blue", "Deployment phone-operator-system/blue-controller-manager", "serviceAccountName: blue-controller-manager"},
	"commonLabels":     {"", "commonLabels: {team: blue}", pdb, "team: blue"},

	"image.repository": {"", "image: {repository: example.com/operator}", manager, "image: example.com/operator:latest"},
	"image.tag":        {"", "image: {tag: v1.2.3}", manager, "image: phone-operator:v1.2.3"},
	"image.digest": {
		"image: {tag: v1.2.3}", "image: {digest: sha256:0000000000000000000000000000000000000000000000000000000000000000}",
		manager, "image: phone-operator@sha256:0000000000000000000000000000000000000000000000000000000000000000",
	},
	"image.pullPolicy": {"", "image: {pullPolicy: Always}", manager, "imagePullPolicy: Always"},
	"imagePullSecrets": {"", "imagePullSecrets: [{name: registry}]", manager, "imagePullSecrets:\n      - name: registry"},

	"replicas":                           {"", "replicas: 3", manager, "replicas: 3"},
	"leaderElection.enabled":             {"replicas: 1", "leaderElection: {enabled: false}", manager, "- --leader-elect=false"},
	"podDisruptionBudget.enabled":        {"", "podDisruptionBudget: {enabled: false}", "-" + pdb, ""},
	"podDisruptionBudget.maxUnavailable": {"", "podDisruptionBudget: {maxUnavailable: 50%}", pdb, "maxUnavailable: 50%"},
	"topologySpreadConstraints": {
		"", "topologySpreadConstraints: [{maxSkew: 2, topologyKey: rack, whenUnsatisfiable: DoNotSchedule}]",
		manager, "control-plane: controller-manager\n        maxSkew: 2\n        topologyKey: rack\n        whenUnsatisfiable: DoNotSchedule",
	},
	"resources":               {"", "resources: {limits: {memory: 2Gi}}", manager, "memory: 2Gi"},
	"goMemoryLimit":           {"", "goMemoryLimit: 1900MiB", manager, "name: GOMEMLIMIT\n          value: 1900MiB"},
	"priorityClassName":       {"", "priorityClassName: high", manager, "priorityClassName: high"},
	"nodeSelector":            {"", "nodeSelector: {disk: fast}", manager, "nodeSelector:\n        disk: fast\n        kubernetes.io/os: linux"},
	"tolerations":             {"", "tolerations: [{key: system, operator: Exists}]", manager, "tolerations:\n      - key: system\n        operator: Exists"},
	"affinity":                {"", "affinity: {nodeAffinity: {}}", manager, "affinity:\n        nodeAffinity: {}"},
	"podLabels":               {"", "podLabels: {mesh: none}", manager, "        mesh: none"},
	"podAnnotations":          {"", "podAnnotations: {mesh/inject: 'false'}", manager, "mesh/inject: \"false\""},
	"maxConcurrentReconciles": {"", "maxConcurrentReconciles: 64", manager, "- --max-concurrent-reconciles=64"},
	"logLevel":                {"", "logLevel: debug", manager, "- --zap-log-level=debug"},
	"watchNamespaces":         {"credentialNamespaces: [vault]", "watchNamespaces: [people]", manager, "- --watch-namespaces=people,vault,phone-operator-system"},
	"credentialNamespaces":    {"", "credentialNamespaces: [vault, safe]", manager, "- --credential-namespaces=vault,safe"},
	"tenantSelector":          {"", "tenantSelector: team in (blue)", manager, "- --tenant-selector=team in (blue)"},
	"extraArgs":               {"", "extraArgs: [--zap-encoder=console]", manager, "- --zap-encoder=console"},
	"extraEnv":                {"", "extraEnv: [{name: GOGC, value: '100'}]", manager, "- name: GOGC"},

	"crds.enabled":               {"", "crds: {enabled: false}", "-CustomResourceDefinition /entratenants.identity.entraops.dev", ""},
	"serviceAccount.create":      {"serviceAccount: {name: mine}", "serviceAccount: {create: false}", "-ServiceAccount phone-operator-system/mine", ""},
	"serviceAccount.name":        {"", "serviceAccount: {name: mine}", "ClusterRoleBinding /phone-operator-manager-rolebinding", "name: mine"},
	"serviceAccount.annotations": {"", "serviceAccount: {annotations: {team: blue}}", account, "team: blue"},
	"rbac.peopleRoles":           {"", "rbac: {peopleRoles: false}", "-ClusterRole /phone-operator-entratenant-admin-role", ""},

	"workloadIdentity.enabled": {
		"workloadIdentity: {clientID: 66666666-7777-8888-9999-000000000000}", "workloadIdentity: {enabled: true}",
		manager, `azure.workload.identity/use: "true"`,
	},
	"workloadIdentity.clientID": {
		"", "workloadIdentity: {enabled: true, clientID: 66666666-7777-8888-9999-000000000000}",
		account, "azure.workload.identity/client-id: 66666666-7777-8888-9999-000000000000",
	},
	"workloadIdentity.token": {
		"workloadIdentity: {enabled: true, clientID: 66666666-7777-8888-9999-000000000000}", "workloadIdentity: {token: Projected}",
		manager, "- name: AZURE_FEDERATED_TOKEN_FILE\n          value: /var/run/secrets/azure/tokens/azure-identity-token",
	},
	"workloadIdentity.audience": {
		"workloadIdentity: {enabled: true, token: Projected}", "workloadIdentity: {audience: api://china}",
		manager, "audience: api://china",
	},
	"managedIdentity.enabled": {egressOn, "managedIdentity: {enabled: true}", netpol, "cidr: 169.254.169.254/32"},

	"caBundle.pem":           {"", "caBundle: {pem: x}", manager, "configMap:\n          name: phone-operator-ca-bundle"},
	"caBundle.configMapName": {"", "caBundle: {configMapName: authorities}", manager, "name: SSL_CERT_DIR\n          value: /etc/phone-operator/ca"},
	"caBundle.secretName":    {"", "caBundle: {secretName: authorities}", manager, "secretName: authorities"},
	"proxy.url":              {"", "proxy: {url: 'http://proxy:3128'}", manager, "name: HTTPS_PROXY\n          value: http://proxy:3128"},
	"proxy.secret.name":      {"", "proxy: {secret: {name: proxy}}", manager, "secretKeyRef:\n              key: url\n              name: proxy"},
	"proxy.secret.key":       {"proxy: {secret: {name: proxy}}", "proxy: {secret: {key: https}}", manager, "key: https"},
	"proxy.noProxy":          {"proxy: {url: 'http://proxy:3128'}", "proxy: {noProxy: [10.0.0.0/8, .svc]}", manager, "value: 10.0.0.0/8,.svc"},

	"webhook.enabled":                    {"", "webhook: {enabled: true}", manager, "- --enable-webhooks"},
	"admissionPolicies.metadata.enabled": {"", "admissionPolicies: {metadata: {enabled: false}}", "-ValidatingAdmissionPolicy /phone-operator-metadata", ""},
	"admissionPolicies.usersOfNamespaces.enabled": {
		"admissionPolicies: {usersOfNamespaces: {table: {people: '@contoso.com'}}}", "admissionPolicies: {usersOfNamespaces: {enabled: true}}",
		"ValidatingAdmissionPolicyBinding /phone-operator-users-of-namespaces-updates", "policyName: phone-operator-users-of-namespaces",
	},
	"admissionPolicies.usersOfNamespaces.table": {
		"", "admissionPolicies: {usersOfNamespaces: {enabled: true, table: {people: '@contoso.com'}}}",
		"ConfigMap phone-operator-system/phone-operator-users-of-namespaces", "people: '@contoso.com'",
	},

	"networkPolicy.enabled":     {"", "networkPolicy: {enabled: false}", "-" + netpol, ""},
	"networkPolicy.metricsFrom": {"", "networkPolicy: {metricsFrom: [{podSelector: {}}]}", netpol, "- from:\n    - podSelector: {}"},
	"networkPolicy.webhookFrom": {
		"webhook: {enabled: true}", "networkPolicy: {webhookFrom: [{ipBlock: {cidr: 192.0.2.0/28}}]}", netpol, "cidr: 192.0.2.0/28",
	},
	"networkPolicy.egress.enabled":        {"networkPolicy: {egress: {apiServerCIDRs: [10.96.0.1/32]}}", egressOn, netpol, "- Egress"},
	"networkPolicy.egress.apiServerCIDRs": {egressOn, "networkPolicy: {egress: {apiServerCIDRs: [192.0.2.7/32]}}", netpol, "cidr: 192.0.2.7/32"},
	"networkPolicy.egress.apiServerPorts": {egressOn, "networkPolicy: {egress: {apiServerPorts: [16443]}}", netpol, "port: 16443"},
	"networkPolicy.egress.dnsTo":          {egressOn, "networkPolicy: {egress: {dnsTo: [{podSelector: {}}]}}", netpol, "- podSelector: {}"},
	"networkPolicy.egress.public":         {egressOn, "networkPolicy: {egress: {public: false}}", netpol, "!/0"},
	"networkPolicy.egress.notPublic":      {egressOn, "networkPolicy: {egress: {notPublic: ['2001:db8::/32']}}", netpol, "cidr: ::/0\n        except:\n        - 2001:db8::/32"},
	"networkPolicy.egress.extra": {
		egressOn, "networkPolicy: {egress: {extra: [{ports: [{port: 3128}]}]}}", netpol, "port: 3128",
	},

	"metrics.enabled":                 {"", "metrics: {enabled: false}", manager, "- --metrics-bind-address=0"},
	"metrics.serviceMonitor.enabled":  {"", "metrics: {serviceMonitor: {enabled: true}}", monitor, "port: https"},
	"metrics.serviceMonitor.labels":   {"", "metrics: {serviceMonitor: {enabled: true, labels: {release: monitoring}}}", monitor, "release: monitoring"},
	"metrics.serviceMonitor.interval": {"", "metrics: {serviceMonitor: {enabled: true, interval: 15s}}", monitor, "interval: 15s"},
	"metrics.prometheusRule.enabled":  {"", "metrics: {prometheusRule: {enabled: true}}", rule, "alert: PhoneOperatorGuesses"},
	"metrics.prometheusRule.labels":   {"", "metrics: {prometheusRule: {enabled: true, labels: {release: monitoring}}}", rule, "release: monitoring"},
	"metrics.prometheusRule.disabled": {
		"metrics: {prometheusRule: {enabled: true}}", "metrics: {prometheusRule: {disabled: [PhoneOperatorGuesses]}}", rule, "!PhoneOperatorGuesses",
	},
	"metrics.dashboard.enabled":     {"", "metrics: {dashboard: {enabled: true}}", boards, "phone-operator.json"},
	"metrics.dashboard.labels":      {"", "metrics: {dashboard: {enabled: true, labels: {board: shown}}}", boards, "board: shown"},
	"metrics.dashboard.annotations": {"", "metrics: {dashboard: {enabled: true, annotations: {grafana_folder: Identity}}}", boards, "grafana_folder: Identity"},

	"tenants": {"", "tenants: {default: " + aTenant + "}", "EntraTenant /default", "tenantID: 11111111-2222-3333-4444-555555555555"},
}

func TestEachValueHasAnEffect(t *testing.T) {
	missing := leaves(t)
	for path, e := range effects {
		missing = slices.DeleteFunc(missing, func(leaf string) bool { return leaf == path })
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			before, after := charted(t, e.with), charted(t, e.with, e.value)
			if gone, is := strings.CutPrefix(e.object, "-"); is {
				if before[gone] == nil || after[gone] != nil {
					t.Errorf("%s: before it is there: %t, and after it: %t", gone, before[gone] != nil, after[gone] != nil)
				}
				return
			}
			if after[e.object] == nil {
				t.Fatalf("there is no %s in %q", e.object, slices.Sorted(maps.Keys(after)))
			}
			taken, takes := strings.CutPrefix(e.text, "!")
			if before[e.object] != nil && strings.Contains(inYAML(t, before[e.object]), taken) != takes {
				t.Errorf("%q is there without the value: %t", taken, !takes)
			}
			if text := inYAML(t, after[e.object]); strings.Contains(text, taken) == takes {
				t.Errorf("want %q in\n%s", e.text, text)
			}
		})
	}
	if len(missing) > 0 {
		t.Errorf("no effect is known of %q", missing)
	}
}

// DNS answers on 53, and OpenShift's pods on 5353, which is what a policy judges by.
func TestEgressReachesDNS(t *testing.T) {
	var policy networkingv1.NetworkPolicy
	fromUnstructured(t, charted(t, egressOn)[netpol].Object, &policy)
	var got []string
	for _, p := range policy.Spec.Egress[0].Ports {
		got = append(got, fmt.Sprintf("%s %s", *p.Protocol, p.Port))
	}
	if want := []string{"UDP 53", "TCP 53", "UDP 5353", "TCP 5353"}; !slices.Equal(got, want) {
		t.Errorf("want %q, got %q", want, got)
	}
}

// A text that YAML would read as a number stays a text wherever the chart puts it.
func TestTextsStayTexts(t *testing.T) {
	for _, text := range []string{"123", "1e3"} {
		values := strings.ReplaceAll(`
nameOverride: TEXT
fullnameOverride: blue
serviceAccount: {name: TEXT}
priorityClassName: TEXT
proxy: {secret: {name: TEXT, key: TEXT}}
watchNamespaces: [TEXT]
webhook: {enabled: true}
metrics: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true}}
networkPolicy: {egress: {enabled: true, apiServerCIDRs: [10.96.0.1/32]}}
admissionPolicies: {usersOfNamespaces: {enabled: true, table: {TEXT: '@contoso.com'}}}
tenants: {TEXT: `+aTenant+`}
`, "TEXT", `"`+text+`"`)
		for _, bundle := range []string{"configMapName", "secretName"} {
			objects, err := template(t, text, text, values, "caBundle: {"+bundle+": "+`"`+text+`"}`)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range objects {
				for _, field := range notTexts("", o.Object, text) {
					t.Errorf("%s %s: %s is no text", o.GetKind(), o.GetName(), field)
				}
			}
		}
	}
}

// notTexts are the paths of the values that YAML reads as text does, but not as a text.
func notTexts(path string, content any, text string) (all []string) {
	switch c := content.(type) {
	case map[string]any:
		for key := range c {
			all = append(all, notTexts(path+"."+key, c[key], text)...)
		}
	case []any:
		for i := range c {
			all = append(all, notTexts(fmt.Sprintf("%s[%d]", path, i), c[i], text)...)
		}
	case string:
	default:
		var read any
		if err := yaml.Unmarshal([]byte(text), &read); err == nil && fmt.Sprint(read) == fmt.Sprint(c) {
			all = append(all, path)
		}
	}
	return all
}

// The chart takes the selectors that the operator takes.
func TestTheTenantSelector(t *testing.T) {
	for i, selector := range []string{
		"team=blue", "team==blue", "team != blue", "team", "!team", "! team", "team=", "example.com/team=blue", "size>3", "size<30",
		"team in (blue,red)", "team in (blue, red), !old", "team notin (blue)", "team in (blue),size>1,shard", " team = blue ", "a.b_c=d.e_f", "team in (,blue)",
		"team=blue red", "team=blue,", ",", "team in blue", "team in (blue", "team in ()", "team=(blue)", "=blue", "team=-blue", "te am", "!team=blue", "size>many",
		"-team", "team of (blue)", "Example.com/team=blue", "team=" + strings.Repeat("b", 64), strings.Repeat("t", 64), "a/b/c=d", "team=blue&shard=a", "team: blue",
	} {
		t.Run(strconv.Itoa(i), func(t *testing.T) { // Helm takes a comma in a file's name for the end of it
			t.Parallel()
			_, want := labels.Parse(selector)
			text, err := json.Marshal(map[string]string{"tenantSelector": selector})
			if err != nil {
				t.Fatal(err)
			}
			_, got := template(t, install.Release, namespace, string(text))
			if (got == nil) != (want == nil) || got != nil && !strings.Contains(got.Error(), "is no label selector") {
				t.Errorf("%q: the operator: %v; the chart: %v", selector, want, got)
			}
		})
	}
}

// What cannot be right is refused before anything is installed, with the value's name and what is wrong with it.
func TestWrongValuesAreRefused(t *testing.T) {
	for sentence, c := range map[string]struct{ values, want string }{
		"a value that there is not":                 {"replicaCount: 2", "additional properties 'replicaCount' not allowed"},
		"one in a group":                            {"webhook: {enable: true}", "at '/webhook': additional properties 'enable' not allowed"},
		"a word for a number":                       {"replicas: two", "at '/replicas': got string, want integer"},
		"less than no replicas":                     {"replicas: -1", "at '/replicas'"},
		"a policy that Kubernetes does not know":    {"image: {pullPolicy: Sometimes}", "at '/image/pullPolicy': value must be one of"},
		"a digest that is none":                     {"image: {digest: latest}", "at '/image/digest'"},
		"a prefix that begins no Service's name":    {"fullnameOverride: 1blue", "at '/fullnameOverride'"},
		"a prefix that is no name":                  {"fullnameOverride: Blue_Operator", "at '/fullnameOverride'"},
		"a name that is none":                       {"nameOverride: Operator", "at '/nameOverride'"},
		"a namespace that cannot be":                {"watchNamespaces: [People]", "at '/watchNamespaces/0'"},
		"an ending without @":                       {"admissionPolicies: {usersOfNamespaces: {enabled: true, table: {people: contoso.com}}}", "at '/admissionPolicies/usersOfNamespaces/table/people'"},
		"a password in the proxy's URL":             {"proxy: {url: 'http://user:secret@proxy:1'}", "proxy.url: a URL with a password belongs into a Secret"},
		"a field that an EntraTenant does not have": {"tenants: {default: {tenantID: x, credential: {managedIdentity: {}}, acces: []}}", "additional properties 'acces' not allowed"},
		"a tenant without a credential":             {"tenants: {default: {tenantID: x}}", "at '/tenants/default': missing property 'credential'"},
		"a mode that there is not":                  {"tenants: {default: {tenantID: x, credential: {managedIdentity: {}}, mode: DryRun}}", "at '/tenants/default/mode': value must be one of"},
		"a variable that a value gives":             {"extraEnv: [{name: GOMEMLIMIT, value: 1GiB}]", "extraEnv: GOMEMLIMIT is there already"},
		"a flag that a value gives":                 {"extraArgs: [-leader-elect=false]", "extraArgs: the chart gives --leader-elect itself"},
		"a label's value that is none":              {"podLabels: {team: blue and red}", "at '/podLabels/team'"},
		"a label's name that is none":               {"nodeSelector: {the disk: fast}", "invalid propertyName 'the disk'"},
		"an amount that is none":                    {"resources: {limits: {memory: 2 GB}}", "at '/resources/limits/memory'"},
		"a label that selects":                      {"commonLabels: {app.kubernetes.io/name: x}", "commonLabels: app.kubernetes.io/name is a label that the chart sets itself"},
		"a label of one kind that the chart sets":   {"metrics: {serviceMonitor: {labels: {helm.sh/chart: x}}}", "metrics.serviceMonitor.labels: helm.sh/chart is a label"},
		"a label that all have for one kind again":  {"{commonLabels: {team: a}, metrics: {dashboard: {labels: {team: b}}}}", "metrics.dashboard.labels: team is a label"},
		"replicas that do not elect a leader":       {"leaderElection: {enabled: false}", "replicas: more than one needs leaderElection.enabled"},
		"two proxies":                               {"proxy: {url: 'http://proxy:1', secret: {name: proxy}}", "proxy: give either url or secret.name"},
		"two bundles":                               {"caBundle: {pem: x, secretName: z}", "caBundle: give one of"},
		"egress without the API server":             {"networkPolicy: {egress: {enabled: true}}", "networkPolicy.egress.apiServerCIDRs: name the API server's addresses"},
		"a workload identity without its client":    {"workloadIdentity: {enabled: true}", "workloadIdentity.clientID: name the application"},
		"no ServiceAccount and none named":          {"serviceAccount: {create: false}", "serviceAccount.name: say which"},
		"a table that nobody is in":                 {"admissionPolicies: {usersOfNamespaces: {enabled: true}}", "admissionPolicies.usersOfNamespaces.table: name a namespace"},
		"alerts on metrics that are not served":     {"metrics: {enabled: false, prometheusRule: {enabled: true}}", "metrics.enabled is false"},
		"an alert to be left out that there is not": {"metrics: {prometheusRule: {disabled: [PhoneOperatorFriday]}}", "there is no alert PhoneOperatorFriday"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			_, err := template(t, install.Release, namespace, c.values)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want %q, got %v", c.want, err)
			}
			if err != nil && strings.Contains(err.Error(), "user:") {
				t.Errorf("the password is told: %v", err)
			}
		})
	}
}

func TestNamesOfReleases(t *testing.T) {
	for name, want := range map[string]bool{"blue": true, "1blue": false, "my.blue": false} {
		for values, want := range map[string]bool{"": want, "fullnameOverride: red": true} {
			_, err := template(t, name, namespace, values)
			if (err == nil) != want || err != nil && !strings.Contains(err.Error(), "fullnameOverride: "+name+"-phone-operator begins no name of a Service") {
				t.Errorf("%s with %q: %v", name, values, err)
			}
		}
	}
}

func TestKubernetesThatIsTooOldIsRefused(t *testing.T) {
	for version, want := range map[string]bool{"1.31.9": false, "1.32.0": true, "1.32.0-gke.1": true, "1.40.0": true} {
		_, err := helm(t, "template", install.Release, install.Chart, "--kube-version", version)
		if (err == nil) != want {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// leaves are the paths of all values, as values.schema.json has them.
func leaves(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", install.Chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var root property
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	delete(root.Properties, "global") // Helm's
	return root.leaves("")
}

type property struct {
	Description string
	Properties  map[string]property
}

func (p property) leaves(path string) (all []string) {
	for name, of := range p.Properties {
		if of.Description != "" { // a value; without it is a group
			all = append(all, path+name)
			continue
		}
		all = append(all, of.leaves(path+name+".")...)
	}
	slices.Sort(all)
	return all
}

func inYAML(t *testing.T, o any) string {
	t.Helper()
	text, err := yaml.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
