package selfcheck_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/selfcheck"
	"github.com/entraops/phone-operator/internal/testenv"
)

// The rules that are checked: of the cluster, of namespaces, of a status, and of one name.
var (
	ofNamespaces = rule("", "namespaces", "get", "list")
	ofSecrets    = rule("", "secrets", "get", "list")
	ofStatus     = rule("identity.entraops.dev", "phoneauthenticationmethods/status", "patch")
	ofLease      = rbacv1.PolicyRule{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, ResourceNames: []string{"mine"}, Verbs: []string{"update"}}
	rules        = []rbacv1.PolicyRule{ofNamespaces, ofSecrets, ofStatus, ofLease}
)

func rule(group, resource string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs}
}

type granted map[string][]rbacv1.PolicyRule // by namespace, "" for the cluster

func TestRights(t *testing.T) {
	everything := []rbacv1.PolicyRule{rule("*", "*", "*")}
	admin := as(t, testenv.Shared(t).Config())
	for _, name := range []string{"one", "two"} {
		create(t, admin, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
	}
	for sentence, c := range map[string]struct {
		granted granted
		asked   []string
		lacks   string // after "it may not"; "" is nothing
	}{
		"the rules themselves are enough":                  {granted{"": rules}, []string{""}, ""},
		"for the cluster they are enough in any namespace": {granted{"": rules}, []string{"one", "two"}, ""},
		"in each namespace they are enough there": {
			granted{"": {ofNamespaces}, "one": rules, "two": rules}, []string{"one", "two"}, "",
		},
		"in one namespace they are not enough for the cluster": {
			granted{"": {ofNamespaces}, "one": rules}, []string{""},
			"get secrets in the cluster, list secrets in the cluster, patch phoneauthenticationmethods.identity.entraops.dev/status in the cluster, " +
				"update leases.coordination.k8s.io mine in the cluster",
		},
		"one verb is missed in one namespace": {
			granted{"": {ofNamespaces}, "one": everything, "two": {rule("", "secrets", "get"), ofStatus, ofLease}},
			[]string{"one", "two"}, "list secrets in two",
		},
		"another name is not the one": {
			granted{"": {ofNamespaces, ofSecrets, ofStatus, {
				APIGroups: ofLease.APIGroups, Resources: ofLease.Resources, Verbs: ofLease.Verbs, ResourceNames: []string{"another"},
			}}},
			[]string{""}, "update leases.coordination.k8s.io mine in the cluster",
		},
		"no namespace gives what is of the cluster": {
			granted{"one": everything}, []string{"one"}, "get namespaces in the cluster, list namespaces in the cluster",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			user := rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: strings.ReplaceAll(sentence, " ", "-")}
			for ns, rules := range c.granted {
				grant(t, admin, user, ns, rules)
			}
			config, err := testenv.Shared(t).User(user.Name)
			if err != nil {
				t.Fatal(err)
			}
			check := selfcheck.Rights(as(t, config), "test role", rules, c.asked...)
			// The authorizer hears of new roles a moment later.
			testenv.Eventually(t, patience, "the rights are as they were granted", func() error {
				_, err := check(t.Context())
				if err != nil && !strings.HasSuffix(err.Error(), ": it may not "+c.lacks) { // and nothing more
					return err
				}
				return differ(err, c.lacks, c.lacks == "")
			})
		})
	}
}

func TestRightsToWhatIsNotServed(t *testing.T) {
	unknown := []rbacv1.PolicyRule{rule("identity.entraops.dev", "fingerprints", "get")}
	_, err := selfcheck.Rights(as(t, testenv.Shared(t).Config()), "test role", unknown, "")(t.Context())
	if err := differ(err, `the API server does not serve fingerprints of "identity.entraops.dev": install the CRDs`, false); err != nil {
		t.Error(err)
	}
}

// grant gives a user rules in a namespace, or in the cluster.
func grant(t *testing.T, admin client.Client, user rbacv1.Subject, namespace string, rules []rbacv1.PolicyRule) {
	t.Helper()
	named := metav1.ObjectMeta{Namespace: namespace, Name: user.Name}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user.Name}
	if namespace == "" {
		ref.Kind = "ClusterRole"
		create(t, admin, &rbacv1.ClusterRole{ObjectMeta: named, Rules: rules})
		create(t, admin, &rbacv1.ClusterRoleBinding{ObjectMeta: named, RoleRef: ref, Subjects: []rbacv1.Subject{user}})
		return
	}
	create(t, admin, &rbacv1.Role{ObjectMeta: named, Rules: rules})
	create(t, admin, &rbacv1.RoleBinding{ObjectMeta: named, RoleRef: ref, Subjects: []rbacv1.Subject{user}})
}

// as is a client that logs in with config.
func as(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	config.QPS = -1
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func create(t *testing.T, c client.Client, o client.Object) {
	t.Helper()
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}
