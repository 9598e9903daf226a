package main

// page is a document whose blocks are typed one after the other, but for those in untyped.
type page struct {
	document string
	only     []string          // how those blocks begin that are typed; nil: all that no page with such a list types
	first    string            // what has to be done before
	before   map[string]string // what has to be there before a block, or has happened since, by a part of the block (the last with it)
}

// besideMakeRun are the pages that are followed beside what make run left running, in this order.
var besideMakeRun = []page{
	{document: "README.md", before: map[string]string{
		"--from-file=clientSecret":                         clientSecret + noSecret,
		"apply --server-side -f tenant.yaml\nkubectl wait": emulated,
		"apply --server-side -f tenant.yaml\n":             enforce,
	}},
	{document: "docs/kubectl-plugin.md", first: anew, before: map[string]string{
		"status -A":                       "kubectl __complete phonemethod expl | grep ^explain",
		"plan -f people/\n":               folder,
		"suspend -n people -l team=sales": "kubectl -n people label pam cora-mobile team=sales",
		"cat > hr.csv":                    "rm -r people\n" + anew,
		"--users-from sales.txt":          "echo ada@contoso.com > sales.txt\n" + desk,
	}},
	{document: "docs/getting-started.md", first: anew},
	{document: "docs/bring-in.md"},
	{document: "docs/day-two.md", first: anew, before: map[string]string{
		"--from-file=clientSecret": clientSecret,
		// The cluster was lost. The phones were not.
		`select(.kind == "EntraTenant")`: "kubectl phonemethod release -A --all --yes && kubectl delete entratenant default",
	}},
	{document: "docs/entratenant.md", first: anew},
	{document: "docs/phoneauthenticationmethod.md", first: anew},
	{document: "docs/gitops.md", first: "kubectl create namespace argocd && kubectl -n argocd create configmap argocd-cm"},
	{document: "docs/metrics.md", first: "kubectl create namespace monitoring"},
	{document: "docs/alerts.md"},
	{document: "docs/real-tenant.md", first: anew, before: map[string]string{
		"--from-file=graph.pem":                            noSecret,
		"--from-file=clientSecret":                         noSecret + "echo \"a secret of the emulator's\" > clientSecret",
		"apply --server-side -f tenant.yaml\nkubectl wait": emulated,
		"apply --server-side -f tenant.yaml\n":             enforce,
	}},
	{document: "docs/operations.md", first: anew, before: map[string]string{
		"kubectl label entratenant contoso": others,
		"edit set image":                    "kubectl delete entratenant contoso fabrikam",
		"create rolebinding phones":         "kubectl -n people delete rolebinding phones",
		"delete pam -A --all":               tenant + " > default.json",
		`{"metadata":{"finalizers":null}}`:  "kubectl apply --server-side -f default.json\n" + anew,
	}},
}

// inAnEmptyCluster are those that install and uninstall. No pod runs there.
var inAnEmptyCluster = []page{
	{document: "docs/helm.md", before: map[string]string{
		"--from-file=clientSecret": "echo secret > clientSecret",
		"delete deployment":        "helm uninstall phone-operator -n phone-operator-system && kubectl apply --server-side --force-conflicts -k config/default",
	}},
	{document: "docs/operations.md", only: []string{"kubectl delete -k config/default", "kubectl delete crd"}, before: map[string]string{
		"delete crd": "kubectl apply --server-side -f config/crd/bases",
	}},
}

// untyped are the blocks that neither of these types, by document and beginning, and why.
var untyped = map[string]map[string]string{
	"README.md": {
		"make demo":             "it begins as make run does: TestDocumentedCommands",
		"make run":              "TestDocumentedCommands",
		"make test":             "it runs all tests",
		"make image push-image": "it needs a registry: TestTheRegistryHasTheImageThatWasBuilt has one",
		"helm install":          "docs/helm.md has it, too",
	},
	"docs/getting-started.md": {"make run": "TestDocumentedCommands"},
	"docs/graph.md":           {"export AZURE_CLIENT_SECRET": entra},
	"docs/kubectl-plugin.md": {
		"kubectl phonemethod import --from-tenant default --all -n people --out people/\n": "TestImportFromATenant types it, where these people are",
	},
	"docs/helm.md": {"helm test": "it needs a node: TestTheChartInstallsAnOperatorThatWorks stands in for one"},
	"docs/operations.md": {
		"kubectl -n phone-operator-system exec": "it needs a node: TestOperatorServesItsWebhook runs the program",
	},
	"docs/performance.md": {"kubectl -n phone-operator-system port-forward": "it needs a node"},
	"docs/migration.md":   {"removed {": "it needs what somebody else's Terraform has made"},
	"docs/real-tenant.md": {
		"az login":                           entra,
		"Connect-MgGraph":                    entra,
		`data "azuread_service_principal"`:   entra,
		"az ad app federated-credential":     entra,
		"New-MgApplicationFederated":         entra,
		`resource "azuread_application_fede`: entra,
		"az ad app credential reset":         entra,
		"$der =":                             entra,
		`resource "azuread_application_cert`: entra,
		"(umask 077 && az":                   entra,
	},
	"docs/release.md": {
		"sha256sum":     release,
		"git checkout":  release,
		"kubeconform":   "it fetches a schema of a release: TestSchemasKnowRightFromWrong validates with the same",
		"mkdir bundle":  "it needs a container engine: TestTheBundle validates what is in the file",
		"kubectl apply": "it needs a release: TestTheBundle applies what is in the file",
		"oras push":     "it pushes to the project's registry",
	},
}

const (
	entra   = "it needs an administrator of a real Entra tenant"
	release = "it needs a release: TestARelease makes one and looks at it"
)

// What is typed before blocks.
const (
	// anew makes everything as make run left it, but for events. Phones that were registered since stay in Graph.
	anew = `kubectl patch entratenant default --type=merge -p '{"spec":{"mode":"Enforce","limits":null}}'
kubectl phonemethod release -A --all --yes
kubectl apply --server-side --force-conflicts $(ls config/samples/*.yaml | grep -v tenant.yaml | sed 's/^/-f /')
kubectl -n people wait --for=condition=Ready pam/{ada,cora,kim}-mobile pam/ada-alternate-mobile pam/ben-office --timeout=60s
kubectl -n people wait --for=condition=Stalled pam/erin-mobile pam/conflict-ada-mobile --timeout=60s
`
	// clientSecret is the app's secret in a file, as Entra gives it.
	clientSecret = "kubectl -n phone-operator-system get secret graph -o jsonpath={.data.clientSecret} | base64 -d > clientSecret\n"
	noSecret     = "kubectl -n phone-operator-system delete secret graph\n"
	// tenant is the EntraTenant as it was applied.
	tenant = "kubectl get entratenant default -o json | jq '{apiVersion, kind, metadata: {name: .metadata.name}, spec}'"
	// emulated has the emulator stand in for Entra in tenant.yaml, with the credential that it knows. There is no EntraTenant yet.
	emulated = tenant + ` | jq '{spec: {endpoint: .spec.endpoint, limits: .spec.limits, credential: ({workloadIdentity: null} + .spec.credential)}}' > entra.json
kubectl patch --local -f tenant.yaml --type=merge --patch-file entra.json -o yaml > emulated.yaml
mv emulated.yaml tenant.yaml
kubectl phonemethod release -A --all --yes
kubectl delete entratenant default`
	enforce = "sed -i 's/mode: Observe/mode: Enforce/' tenant.yaml"
	// others are two more EntraTenants.
	others = "for name in contoso fabrikam; do " + tenant + ` | jq --arg name $name '.metadata.name = $name' | kubectl create -f -; done`
	// desk is a group in Entra.
	desk = `curl -s -X POST -H 'Content-Type: application/json' -d '{"id": "0f1c0000-0000-4000-8000-0000000000a1"}' "$EMULATOR/groups"`
	// folder is a folder of manifests, and a phone in Graph that is in none of them.
	folder = tenant + ` > tenant.yaml
mkdir people
cat > people/kustomization.yaml <<'EOF'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [phones.yaml]
EOF
while read -r name user type number; do
  cat <<END
---
apiVersion: identity.entraops.dev/v1alpha1
kind: PhoneAuthenticationMethod
metadata: {name: $name, namespace: people}
spec: {user: $user, phoneType: $type, phoneNumber: "$number"}
END
done > people/phones.yaml <<'EOF'
ada-mobile ada@contoso.com mobile +1 2065550100
finn-mobile finn@contoso.com mobile +1 2065550160
finn-office finn@contoso.com office +1 2065550161
fred-mobile fred@fabrikam.com mobile +1 2065550105
gone-mobile gone@contoso.com mobile +1 2065550106
EOF
curl -s -X PUT -H 'Content-Type: application/json' -d '{"phoneNumber": "+1 2065550162"}' "$EMULATOR/users/0f1c0000-0000-4000-8000-000000000006/phones/alternateMobile"`
)
