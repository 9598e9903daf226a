package config_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// Those who send requests in these tests.
const (
	admin               = "" // the administrator who installed everything
	editor              = "eva"
	tenantAdmin         = "tina"
	operatorAccount     = "system:serviceaccount:" + namespace + ":phone-operator-controller-manager"
	namespaceController = "system:serviceaccount:kube-system:namespace-controller"
	garbageCollector    = "system:serviceaccount:kube-system:generic-garbage-collector"
)

// as is a client that speaks for one of them.
func as(t *testing.T, admin *rest.Config, user string) client.Client {
	t.Helper()
	cfg := rest.CopyConfig(admin)
	if user != "" {
		cfg.Impersonate.UserName = user
		cfg.Impersonate.Groups = []string{"system:authenticated"}
		if strings.HasPrefix(user, "system:serviceaccount:") {
			cfg.Impersonate.Groups = append(cfg.Impersonate.Groups, "system:serviceaccounts")
		}
	}
	c, err := client.New(cfg, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// give binds a ClusterRole to a user, in one namespace or, without, in all.
func give(t *testing.T, c client.Client, user, role, ns string) {
	t.Helper()
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}
	who := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}}
	meta := metav1.ObjectMeta{Namespace: ns, Name: user + "-" + role}
	var o client.Object = &rbacv1.ClusterRoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: who}
	if ns != "" {
		o = &rbacv1.RoleBinding{ObjectMeta: meta, RoleRef: ref, Subjects: who}
	}
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// with is a method with this metadata beside its name.
func with(ns, name string, metadata map[string]any) *unstructured.Unstructured {
	o := method(ns, "ada@contoso.com")
	maps.Copy(o.Object["metadata"].(map[string]any), metadata)
	o.SetName(name)
	return o
}

// entries are n labels or annotations with values of a length.
func entries(n, length int) map[string]any {
	m := map[string]any{}
	for i := range n {
		m[fmt.Sprintf("example.com/k%05d", i)] = strings.Repeat("v", length)
	}
	return m
}

// owners are n owners whose names have a length.
func owners(n, length int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "name": strings.Repeat("n", length), "uid": fmt.Sprintf("0f1c0000-0000-4000-8000-%012d", i),
		}
	}
	return list
}

// finalizers are n finalizers, each with the bytes of length.
func finalizers(n, length int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = fmt.Sprintf("%s.example.com/f%05d", strings.Repeat("f", length), i)
	}
	return list
}

// policed is a cluster with the policy in force, in whose namespace people are methods that break each of its bounds:
// they were stored before the policy.
func policed(t *testing.T) (client.Client, *rest.Config) {
	t.Helper()
	c, err := start("config/crd")
	if err != nil {
		t.Fatal(err)
	}
	cfg := clusters[len(clusters)-1].Config()
	if err := c.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "people"}}); err != nil {
		t.Fatal(err)
	}
	for name, metadata := range map[string]map[string]any{
		"held":       {"finalizers": []any{v1alpha1.Finalizer}},
		"plain":      {},
		"labels":     {"labels": entries(70, 10), "finalizers": []any{v1alpha1.Finalizer}},
		"long":       {"annotations": entries(4, 20_000), "finalizers": []any{v1alpha1.Finalizer}},
		"owners":     {"ownerReferences": owners(20, 10)},
		"finalizers": {"finalizers": append(finalizers(20, 10), v1alpha1.Finalizer)},
		"unknown": {
			"annotations": map[string]any{"identity.entraops.dev/no-such": "a"},
			"labels":      map[string]any{"identity.entraops.dev/no-such": "a"},
		},
	} {
		if err := c.Create(t.Context(), with("people", name, metadata)); err != nil {
			t.Fatal(err)
		}
	}
	if err := applyDir(t.Context(), c, "config/default"); err != nil {
		t.Fatal(err)
	}
	give(t, c, editor, "phone-operator-phoneauthenticationmethod-editor-role", "people")
	give(t, c, tenantAdmin, "phone-operator-phoneauthenticationmethod-editor-role", "people")
	give(t, c, tenantAdmin, "phone-operator-entratenant-admin-role", "")
	inForce(t, c)
	return c, cfg
}

// inForce waits until the API server judges by the policy, a moment after it was told.
func inForce(t *testing.T, c client.Client) {
	t.Helper()
	err := wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		o := with("default", "unknown", map[string]any{"labels": map[string]any{"identity.entraops.dev/no-such": "a"}})
		return apierrors.IsForbidden(c.Create(ctx, o, client.DryRunAll)), nil
	})
	if err != nil {
		t.Fatalf("the policy does not come into force: %v", err)
	}
}

func TestMetadataOfMethods(t *testing.T) {
	_, cfg := policed(t)
	const (
		finalizer   = "is taken off by the operator"
		unknown     = "no label or annotation of the operator is called identity.entraops.dev/no-such"
		labels      = "labels are at most 64"
		annotations = "annotations are at most 64"
		owned       = "ownerReferences are at most 16"
		others      = "finalizers beside the operator's are at most 16"
		asked       = "has at most 256 bytes"
	)
	for sentence, c := range map[string]struct {
		user string
		// A request changes this method by a merge patch, or without one creates a method with this metadata.
		name   string
		patch  string
		create map[string]any
		want   string // the refusal; empty: accepted
	}{
		"an editor takes the operator's finalizer off":           {editor, "held", `{"metadata":{"finalizers":null}}`, nil, finalizer},
		"an editor puts another in its place":                    {editor, "held", `{"metadata":{"finalizers":["example.com/mine"]}}`, nil, finalizer},
		"the operator takes its finalizer off":                   {operatorAccount, "held", `{"metadata":{"finalizers":null}}`, nil, ""},
		"whoever may update EntraTenants takes it off":           {tenantAdmin, "held", `{"metadata":{"finalizers":null}}`, nil, ""},
		"the administrator takes it off":                         {admin, "held", `{"metadata":{"finalizers":null}}`, nil, ""},
		"an editor adds a finalizer beside it":                   {editor, "held", `{"metadata":{"finalizers":["identity.entraops.dev/finalizer","example.com/mine"]}}`, nil, ""},
		"an editor changes spec and a label":                     {editor, "held", `{"metadata":{"labels":{"team":"blue"}},"spec":{"phoneNumber":"+1 2065550101"}}`, nil, ""},
		"an editor lets it go with the phone kept":               {editor, "held", `{"spec":{"deletionPolicy":"Orphan","suspend":true}}`, nil, ""},
		"the garbage collector takes owners off":                 {garbageCollector, "owners", `{"metadata":{"ownerReferences":null}}`, nil, ""},
		"an editor creates one with the operator's finalizer":    {editor, "", "", map[string]any{"finalizers": []any{v1alpha1.Finalizer}}, ""},
		"the operator puts its finalizer on":                     {operatorAccount, "plain", `{"metadata":{"finalizers":["identity.entraops.dev/finalizer"]}}`, nil, ""},
		"an editor forges an old note":                           {editor, "plain", `{"metadata":{"annotations":{"identity.entraops.dev/creating":"a"}}}`, nil, "is called identity.entraops.dev/creating"},
		"an editor asks for a reconcile":                         {editor, "plain", `{"metadata":{"annotations":{"identity.entraops.dev/reconcile-requested-at":"2026-11-26T10:00:00Z"}}}`, nil, ""},
		"the request for a reconcile is long":                    {editor, "plain", `{"metadata":{"annotations":{"identity.entraops.dev/reconcile-requested-at":"` + strings.Repeat("é", 129) + `"}}}`, nil, asked},
		"an annotation of the operator that there is not":        {editor, "plain", `{"metadata":{"annotations":{"identity.entraops.dev/no-such":"a"}}}`, nil, unknown},
		"a label of the operator that there is not":              {editor, "plain", `{"metadata":{"labels":{"identity.entraops.dev/no-such":"a"}}}`, nil, unknown},
		"created with one":                                       {admin, "", "", map[string]any{"annotations": map[string]any{"identity.entraops.dev/no-such": "a"}}, unknown},
		"what an unknown annotation says is changed":             {editor, "unknown", `{"metadata":{"annotations":{"identity.entraops.dev/no-such":"b"}}}`, nil, unknown},
		"a resource with unknown keys is edited otherwise":       {editor, "unknown", `{"metadata":{"annotations":{"a":"b"}},"spec":{"suspend":true}}`, nil, ""},
		"unknown keys are taken off":                             {editor, "unknown", `{"metadata":{"annotations":null,"labels":null}}`, nil, ""},
		"kubectl's own annotation":                               {editor, "plain", `{"metadata":{"annotations":{"kubectl.kubernetes.io/last-applied-configuration":"` + strings.Repeat("x", 12_000) + `"}}}`, nil, ""},
		"64 labels":                                              {editor, "", "", map[string]any{"labels": entries(64, 10)}, ""},
		"65 labels":                                              {editor, "", "", map[string]any{"labels": entries(65, 1)}, labels},
		"20,000 labels":                                          {editor, "", "", map[string]any{"labels": entries(20_000, 1)}, labels},
		"64 annotations":                                         {editor, "", "", map[string]any{"annotations": entries(64, 200)}, ""},
		"65 annotations":                                         {editor, "", "", map[string]any{"annotations": entries(65, 1)}, annotations},
		"annotations of 20 KB":                                   {editor, "", "", map[string]any{"annotations": entries(2, 10_000)}, annotations},
		"bytes count, not letters":                               {editor, "", "", map[string]any{"annotations": map[string]any{"a": strings.Repeat("é", 9000)}}, annotations},
		"an edit makes annotations long":                         {editor, "plain", `{"metadata":{"annotations":{"a":"` + strings.Repeat("x", 17_000) + `"}}}`, nil, annotations},
		"16 owners":                                              {editor, "", "", map[string]any{"ownerReferences": owners(16, 60)}, ""},
		"17 owners":                                              {editor, "", "", map[string]any{"ownerReferences": owners(17, 1)}, owned},
		"owners with long names":                                 {editor, "", "", map[string]any{"ownerReferences": owners(1, 5000)}, owned},
		"16 finalizers":                                          {editor, "", "", map[string]any{"finalizers": finalizers(16, 20)}, ""},
		"16 finalizers and the operator's":                       {editor, "", "", map[string]any{"finalizers": append(finalizers(16, 20), v1alpha1.Finalizer)}, ""},
		"17 finalizers":                                          {editor, "", "", map[string]any{"finalizers": finalizers(17, 1)}, others},
		"finalizers with long names":                             {editor, "", "", map[string]any{"finalizers": finalizers(10, 220)}, others},
		"more labels where there were too many":                  {editor, "labels", `{"metadata":{"labels":{"one-more":"x"}}}`, nil, labels},
		"fewer labels where there were too many":                 {editor, "labels", `{"metadata":{"labels":{"example.com/k00000":null}}}`, nil, ""},
		"an edit of spec where there were too many labels":       {editor, "labels", `{"spec":{"suspend":true}}`, nil, ""},
		"the operator lets one with too many labels go":          {operatorAccount, "labels", `{"metadata":{"finalizers":null}}`, nil, ""},
		"longer annotations where they were too long":            {editor, "long", `{"metadata":{"annotations":{"one-more":"x"}}}`, nil, annotations},
		"shorter annotations where they were too long":           {editor, "long", `{"metadata":{"annotations":{"example.com/k00000":"x"}}}`, nil, ""},
		"an edit of spec where annotations were too long":        {editor, "long", `{"spec":{"suspend":true}}`, nil, ""},
		"a label where annotations were too long":                {editor, "long", `{"metadata":{"labels":{"team":"blue"}}}`, nil, ""},
		"a request for a reconcile where owners were too many":   {editor, "owners", `{"metadata":{"annotations":{"identity.entraops.dev/reconcile-requested-at":"now"}}}`, nil, ""},
		"the operator lets one with too many finalizers go":      {operatorAccount, "finalizers", `{"metadata":{"finalizers":["f.example.com/f"]}}`, nil, ""},
		"an editor does so, the operator's among those they cut": {editor, "finalizers", `{"metadata":{"finalizers":["f.example.com/f"]}}`, nil, finalizer},
	} {
		t.Run(sentence, func(t *testing.T) {
			k8s := as(t, cfg, c.user)
			var err error
			if c.name == "" {
				err = k8s.Create(t.Context(), with("people", "new", c.create), client.DryRunAll)
			} else {
				err = k8s.Patch(t.Context(), with("people", c.name, nil), client.RawPatch(types.MergePatchType, []byte(c.patch)), client.DryRunAll)
			}
			if err := refused(err, c.want); err != nil {
				t.Error(err)
			}
		})
	}

	t.Run("the operator's finalizer on an EntraTenant", func(t *testing.T) {
		give(t, as(t, cfg, admin), "pat", "patch-tenants", "")
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "patch-tenants"}, Rules: []rbacv1.PolicyRule{{
			APIGroups: []string{"identity.entraops.dev"}, Resources: []string{"entratenants"}, Verbs: []string{"get", "patch"},
		}}}
		tenant := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "identity.entraops.dev/v1alpha1", "kind": "EntraTenant",
			"metadata": map[string]any{"name": "default", "finalizers": []any{v1alpha1.Finalizer}},
			"spec": map[string]any{
				"tenantID": "11111111-2222-3333-4444-555555555555", "clientID": "66666666-7777-8888-9999-000000000000",
				"credential": map[string]any{"workloadIdentity": map[string]any{}},
			},
		}}
		for _, o := range []client.Object{role, tenant} {
			if err := as(t, cfg, admin).Create(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		for user, want := range map[string]string{"pat": finalizer, tenantAdmin: "", operatorAccount: ""} {
			off := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
			if err := refused(as(t, cfg, user).Patch(t.Context(), tenant.DeepCopy(), off, client.DryRunAll), want); err != nil {
				t.Errorf("%s: %v", user, err)
			}
		}
	})

	// What deletes does not take the finalizer off, and is not judged, whatever the metadata; the operator then ends it.
	t.Run("a namespace goes", func(t *testing.T) {
		k8s := as(t, cfg, namespaceController)
		all := &unstructured.UnstructuredList{}
		all.SetAPIVersion("identity.entraops.dev/v1alpha1")
		all.SetKind("PhoneAuthenticationMethodList")
		if err := k8s.DeleteAllOf(t.Context(), method("people", "ada@contoso.com"), client.InNamespace("people"), client.PropagationPolicy(metav1.DeletePropagationForeground)); err != nil {
			t.Fatal(err)
		}
		if err := k8s.List(t.Context(), all, client.InNamespace("people")); err != nil || len(all.Items) == 0 {
			t.Fatalf("%d methods wait for their finalizers, %v", len(all.Items), err)
		}
		for _, o := range all.Items {
			if o.GetDeletionTimestamp() == nil {
				t.Errorf("%s is not being deleted", o.GetName())
			}
			held := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":["identity.entraops.dev/finalizer"]}}`))
			if strings.Contains(strings.Join(o.GetFinalizers(), " "), v1alpha1.Finalizer) {
				if err := as(t, cfg, garbageCollector).Patch(t.Context(), o.DeepCopy(), held); err != nil {
					t.Errorf("the garbage collector: %v", err)
				}
			}
			free := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
			if err := as(t, cfg, operatorAccount).Patch(t.Context(), o.DeepCopy(), free); err != nil {
				t.Errorf("the operator: %v", err)
			}
		}
		if err := k8s.List(t.Context(), all, client.InNamespace("people")); err != nil || len(all.Items) != 0 {
			t.Errorf("%d methods are left, %v", len(all.Items), err)
		}
	})
}

// An overlay with another namespace and another prefix: the binding names the policy, and the policy knows the operator.
func TestMetadataPolicyKnowsTheOperatorUnderAnotherName(t *testing.T) {
	c, err := start("config/testdata/renamed")
	if err != nil {
		t.Fatal(err)
	}
	inForce(t, c)
	cfg := clusters[len(clusters)-1].Config()
	held := with("default", "held", map[string]any{"finalizers": []any{v1alpha1.Finalizer}})
	if err := c.Create(t.Context(), held); err != nil {
		t.Fatal(err)
	}
	give(t, c, editor, "blue-phone-operator-phoneauthenticationmethod-editor-role", "default")
	off := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
	if err := refused(as(t, cfg, editor).Patch(t.Context(), held.DeepCopy(), off), "is taken off by the operator"); err != nil {
		t.Error(err)
	}
	if err := as(t, cfg, "system:serviceaccount:identity:blue-phone-operator-controller-manager").Patch(t.Context(), held.DeepCopy(), off); err != nil {
		t.Error(err)
	}
}
