package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// Whoever may write EntraTenants says where a credential is sent, and reads no Secret by it: credentials are taken from
// the operator's own namespace. Nor does the condition tell which Secrets are there.
func TestASecretOfAnotherNamespaceAsACredential(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	ctx, writer := t.Context(), s.tenantWriter()
	theirs := secret(s.people.namespace, "confidential", "token", "cluster-admin-bearer-token-0123456789")
	must(t, s.Create(ctx, theirs))
	if err := writer.Get(ctx, client.ObjectKeyFromObject(theirs), &corev1.Secret{}); !apierrors.IsForbidden(err) {
		t.Fatalf("the writer may read the Secret by itself: %v", err)
	}
	url, visits := thief()
	endpoint := &v1alpha1.Endpoint{Graph: url, Authority: url, CABundle: s.front.CA}
	for kind, credential := range map[string]func(v1alpha1.SecretReference) v1alpha1.Credential{
		"secret": func(ref v1alpha1.SecretReference) v1alpha1.Credential {
			return v1alpha1.Credential{ClientSecret: &v1alpha1.ClientSecretCredential{SecretRef: ref}}
		},
		"certificate": func(ref v1alpha1.SecretReference) v1alpha1.Credential {
			return v1alpha1.Credential{ClientCertificate: &v1alpha1.ClientCertificateCredential{SecretRef: ref}}
		},
	} {
		said := map[string]string{}
		for _, named := range []string{theirs.Name, "not-there"} {
			o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: "evil-" + s.tenant + "-" + kind + "-" + named}, Spec: v1alpha1.EntraTenantSpec{
				TenantID: uuid.NewString(), ClientID: install.ClientID, Endpoint: endpoint,
				Credential: credential(v1alpha1.SecretReference{Namespace: theirs.Namespace, Name: named, Key: "token"}),
			}}
			must(t, writer.Create(ctx, o))
			t.Cleanup(func() { s.discard(o.Name) })
			said[named] = strings.ReplaceAll(s.refusedForItsNamespace(o.Name), named, theirs.Name)
		}
		if said["not-there"] != said[theirs.Name] {
			t.Errorf("%s: a Secret that is there can be told from one that is not: %v", kind, said)
		}
	}
	// Nor by an edit of one that works.
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
	s.eventually("the EntraTenant is edited", func() error {
		o, err := s.entraTenant()
		if err != nil {
			return err
		}
		o.Spec.Endpoint = endpoint
		o.Spec.Credential.ClientSecret.SecretRef = v1alpha1.SecretReference{Namespace: theirs.Namespace, Name: theirs.Name, Key: "token"}
		return writer.Update(ctx, o)
	})
	s.refusedForItsNamespace(s.tenant)
	if n := visits.Load(); n != 0 {
		t.Errorf("%d requests went to the writer's server", n)
	}
	if n := s.api.secretsRead()[theirs.Namespace+"/"+theirs.Name]; n != 0 {
		t.Errorf("the Secret was read %d times", n)
	}
}

// tenantWriter is a client that may write EntraTenants, by the role that the operator ships, and nothing else.
func (s *story) tenantWriter() client.Client {
	s.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.people.namespace, Name: "tenants"}}
	must(s.t, s.Create(s.t.Context(), account))
	must(s.t, s.Create(s.t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "tenants-"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "phone-operator-entratenant-admin-role"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
	}))
	return s.loggedIn(account)
}

// refusedForItsNamespace waits until an EntraTenant says that its credential is in a namespace that it may not name,
// and returns the words.
func (s *story) refusedForItsNamespace(name string) (message string) {
	s.t.Helper()
	s.eventually(name+" is refused", func() error {
		var o v1alpha1.EntraTenant
		if err := s.Get(s.t.Context(), client.ObjectKey{Name: name}, &o); err != nil {
			return err
		}
		c := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
		if c == nil || c.ObservedGeneration != o.Generation || c.Reason != v1alpha1.ReasonCredentialNamespaceNotAllowed {
			return fmt.Errorf("it says %+v", c)
		}
		message = c.Message
		return nil
	})
	return message
}

// A tenant is one tenant in whatever spelling, and in whichever second: of two EntraTenants for it one is Ready.
func TestOneTenantInTwoSpellings(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for attempt := range 4 {
		first, second := s.another(fmt.Sprintf("aaa-%s-%d", s.tenant, attempt)), s.another(fmt.Sprintf("zzz-%s-%d", s.tenant, attempt))
		second.Spec.TenantID = strings.ToUpper(first.Spec.TenantID)
		both := []*v1alpha1.EntraTenant{first, second}
		s.prepare(first, second)
		s.eventually("one of two is Ready, the other says Conflict", func() error {
			reasons := map[string]int{}
			for _, o := range both {
				if err := s.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
					return err
				}
				for _, c := range o.Status.Conditions {
					if c.Type == v1alpha1.ConditionReady {
						reasons[c.Reason]++
					}
				}
			}
			if reasons[v1alpha1.ReasonReady] != 1 || reasons[v1alpha1.ReasonConflict] != 1 {
				return fmt.Errorf("they say %v", reasons)
			}
			return nil
		})
	}
}

// another is an EntraTenant as the story's own, of another tenant.
func (s *story) another(name string) *v1alpha1.EntraTenant {
	s.t.Helper()
	own, err := s.entraTenant()
	must(s.t, err)
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: own.Spec}
	o.Spec.TenantID = uuid.NewString()
	s.addTenant(o.Spec.TenantID)
	s.t.Cleanup(func() { s.discard(name) })
	return o
}
