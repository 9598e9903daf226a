package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Whoever may write EntraTenants reads no Secret through the operator: credentials are taken from its own namespace.
func TestASecretOfAnotherNamespaceAsACredential(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	const token = "cluster-admin-bearer-token-0123456789"
	must(t, s.Create(t.Context(), secret(s.people.namespace, "confidential", "token", token)))
	var sent, visits atomic.Int32
	sink := serveTLS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		visits.Add(1)
		if err := r.ParseForm(); err != nil || strings.Contains(fmt.Sprint(r.Form, r.Header), token) {
			sent.Add(1)
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	ref := v1alpha1.SecretReference{Namespace: s.people.namespace, Name: "confidential", Key: "token"}
	for name, credential := range map[string]v1alpha1.Credential{
		"secret":      {ClientSecret: &v1alpha1.ClientSecretCredential{SecretRef: ref}},
		"certificate": {ClientCertificate: &v1alpha1.ClientCertificateCredential{SecretRef: ref}},
	} {
		evil := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: "evil-" + s.tenant + "-" + name}, Spec: v1alpha1.EntraTenantSpec{
			TenantID: uuid.NewString(), ClientID: clientID, Credential: credential,
			Endpoint: &v1alpha1.Endpoint{Graph: sink.URL, Authority: sink.URL, CABundle: s.front.CA},
		}}
		must(t, s.Create(t.Context(), evil))
		t.Cleanup(func() { s.drop(evil) })
		missing := evil.DeepCopy()
		missing.ObjectMeta = metav1.ObjectMeta{Name: evil.Name + "-missing"}
		missing.Spec.TenantID = uuid.NewString()
		if c := missing.Spec.Credential.ClientSecret; c != nil {
			c.SecretRef.Name = "not-there"
		} else {
			missing.Spec.Credential.ClientCertificate.SecretRef.Name = "not-there"
		}
		must(t, s.Create(t.Context(), missing))
		t.Cleanup(func() { s.drop(missing) })
		// Nor does the condition tell what is there.
		said := map[string]bool{}
		for _, o := range []*v1alpha1.EntraTenant{evil, missing} {
			s.eventually(o.Name+" is not Ready", func() error {
				if err := s.Get(t.Context(), client.ObjectKeyFromObject(o), o); err != nil {
					return err
				}
				c := o.Status.Conditions
				if len(c) == 0 || c[0].ObservedGeneration != o.Generation {
					return errNotYet
				}
				said[strings.ReplaceAll(fmt.Sprint(c[0].Status, c[0].Reason, c[0].Message), "not-there", "confidential")] = true
				return nil
			})
		}
		if len(said) != 1 || strings.HasPrefix(fmt.Sprint(said), "map[True") {
			t.Errorf("%s: a Secret that is there can be told from one that is not: %v", name, said)
		}
	}
	if sent.Load() > 0 || visits.Load() > 0 {
		t.Errorf("%d requests went to the address beside the Secret, %d with what is in it", visits.Load(), sent.Load())
	}
}

// drop removes an EntraTenant, whatever holds it.
func (s *story) drop(o *v1alpha1.EntraTenant) {
	ctx := context.Background()
	_ = s.Delete(ctx, o)
	_ = s.Patch(ctx, o, client.RawPatch(client.Merge.Type(), []byte(`{"metadata":{"finalizers":null}}`)))
}

// A tenant is one tenant in whatever spelling, and in whichever second: of two EntraTenants for it one is Ready.
func TestOneTenantInTwoSpellings(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	tenant, err := s.entraTenant()
	must(t, err)
	for attempt := range 4 {
		id := uuid.NewString()
		must(t, s.graph.AddTenant(emulator.Tenant{ID: id}))
		must(t, s.graph.AddApp(emulator.App{TenantID: id, ClientID: clientID, Secret: "first", Roles: enough}))
		var both []*v1alpha1.EntraTenant
		for name, spelling := range map[string]string{"zzz": strings.ToUpper(id), "aaa": id} {
			o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%s-%d", name, s.tenant, attempt)}, Spec: *tenant.Spec.DeepCopy()}
			o.Spec.TenantID = spelling
			both = append(both, o)
		}
		for _, o := range both {
			must(t, s.Create(t.Context(), o))
			t.Cleanup(func() { s.drop(o) })
		}
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
