package controllers_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// directory adds a tenant of its own to Graph, with an app that has the secret.
func (s *story) directory(clientSecret string) (tenantID string) {
	s.t.Helper()
	tenantID = uuid.NewString()
	must(s.t, s.graph.AddTenant(emulator.Tenant{ID: tenantID, Domains: []string{tenantID[:8] + ".example"}}))
	must(s.t, s.graph.AddApp(emulator.App{TenantID: tenantID, ClientID: clientID, Secret: clientSecret, Roles: []string{
		"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "RoleManagement.Read.Directory", "GroupMember.Read.All"}}))
	return tenantID
}

// tenantOf is an EntraTenant with a Secret of its own.
func (s *story) tenantOf(id, clientSecret string, change ...func(*v1alpha1.EntraTenantSpec)) *v1alpha1.EntraTenant {
	s.t.Helper()
	name := "t-" + id[:8]
	s.apply(secret(system, name, "clientSecret", clientSecret))
	o := s.tenant(name, id)
	o.Spec.Credential.ClientSecret.SecretRef = v1alpha1.SecretReference{Namespace: system, Name: name, Key: "clientSecret"}
	for _, c := range change {
		c(&o.Spec)
	}
	s.apply(o)
	return o
}

func in(tenant string) option {
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.TenantRef = &v1alpha1.TenantReference{Name: tenant}
	}
}

func (s *story) tenantReaches(name string, status metav1.ConditionStatus, reason string) {
	s.t.Helper()
	s.eventually(fmt.Sprintf("EntraTenant %s reaches Ready=%s/%s", name, status, reason), func() error {
		var o v1alpha1.EntraTenant
		if err := s.Get(s.t.Context(), client.ObjectKey{Name: name}, &o); err != nil {
			return err
		}
		for _, c := range o.Status.Conditions {
			if c.Type == v1alpha1.ConditionReady && c.Status == status && c.Reason == reason {
				return nil
			}
		}
		return fmt.Errorf("it is %+v", o.Status.Conditions)
	})
}

func (s *story) editTenant(name string, change func(*v1alpha1.EntraTenantSpec)) {
	s.t.Helper()
	s.eventually("edit EntraTenant "+name, func() error {
		var o v1alpha1.EntraTenant
		if err := s.Get(s.t.Context(), client.ObjectKey{Name: name}, &o); err != nil {
			return err
		}
		change(&o.Spec)
		return s.Update(s.t.Context(), &o)
	})
}

func TestARotatedSecretIsPickedUp(t *testing.T) {
	s := newStory(t)
	id := s.directory("right")
	u := s.user(func(u *emulator.User) { u.TenantID = id })
	o := s.tenantOf(id, "wrong")
	s.tenantReaches(o.Name, no, v1alpha1.ReasonCredentialRefused)
	s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(o.Name)))
	s.reaches("mobile", v1alpha1.ConditionAccepted, no, v1alpha1.ReasonTenantNotReady)
	must(t, s.Update(t.Context(), secret(system, o.Name, "clientSecret", "right")))
	s.tenantReaches(o.Name, yes, v1alpha1.ReasonReady)
	s.ready("mobile")
}

func TestOneEntraTenantSpeaksForATenant(t *testing.T) {
	s := newStory(t)
	id := s.directory("x")
	first := s.tenantOf(id, "x")
	s.tenantReaches(first.Name, yes, v1alpha1.ReasonReady)
	second := first.DeepCopy()
	second.ObjectMeta = metav1.ObjectMeta{Name: "z" + first.Name}
	s.apply(second)
	s.tenantReaches(second.Name, no, v1alpha1.ReasonConflict)
	must(t, s.Delete(t.Context(), first))
	s.tenantReaches(second.Name, yes, v1alpha1.ReasonReady)
}

func TestATenantInUseWaitsForItsMethods(t *testing.T) {
	s := newStory(t)
	id := s.directory("x")
	u := s.user(func(u *emulator.User) { u.TenantID = id })
	o := s.tenantOf(id, "x")
	s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(o.Name)))
	s.ready("mobile")
	must(t, s.Delete(t.Context(), o))
	s.tenantReaches(o.Name, no, v1alpha1.ReasonInUse)
	s.remove("mobile")
	s.gone("mobile")
	s.has(u)
	s.eventually("the EntraTenant goes", func() error {
		err := s.Get(t.Context(), client.ObjectKey{Name: o.Name}, &v1alpha1.EntraTenant{})
		if err == nil {
			return fmt.Errorf("it is still there")
		}
		return client.IgnoreNotFound(err)
	})
}

func TestObserveWritesNothingAndEnforceDoesWhatWasSaid(t *testing.T) {
	s := newStory(t)
	id := s.directory("x")
	u := s.user(func(u *emulator.User) { u.TenantID = id; u.Phones = map[string]string{"office": "+1 2065550102"} })
	o := s.tenantOf(id, "x", func(spec *v1alpha1.EntraTenantSpec) { spec.Mode = v1alpha1.ModeObserve })
	s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(o.Name)), s.pam("office", u.ID, office, "+1 2065550102", in(o.Name)))
	s.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonWouldChange)
	s.ready("office")
	if w := s.writes(u); len(w) != 0 {
		t.Errorf("writes to Graph: %v", w)
	}
	s.editTenant(o.Name, func(spec *v1alpha1.EntraTenantSpec) { spec.Mode = v1alpha1.ModeEnforce })
	s.ready("mobile")
	s.has(u, "mobile +1 2065550101", "office +1 2065550102")
}

func TestDeletionsOverTheBudgetWaitUntilItIsRaised(t *testing.T) {
	s := newStory(t)
	id := s.directory("x")
	u := s.user(func(u *emulator.User) { u.TenantID = id })
	limit := func(n int32) func(*v1alpha1.EntraTenantSpec) {
		return func(spec *v1alpha1.EntraTenantSpec) { spec.Limits = &v1alpha1.Limits{DeletionsPerHour: &n} }
	}
	o := s.tenantOf(id, "x", limit(1))
	s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(o.Name)), s.pam("alt", u.ID, alternate, "+1 2065550102", in(o.Name)))
	s.ready("mobile", "alt")
	s.remove("mobile", "alt")
	s.gone("alt")
	s.reaches("mobile", v1alpha1.ConditionSynced, no, v1alpha1.ReasonDeletionBudgetExhausted)
	s.apply(s.pam("office", u.ID, office, "+1 2065550103", in(o.Name)))
	s.ready("office")
	s.editTenant(o.Name, limit(2))
	s.gone("mobile")
	s.has(u, "office +1 2065550103")
}

func TestBroadPermissionsAreWarnedOf(t *testing.T) {
	s := newStory(t)
	id := s.directory("x")
	must(t, s.graph.AddApp(emulator.App{TenantID: id, ClientID: clientID, Secret: "x", Roles: []string{
		"UserAuthenticationMethod.ReadWrite.All", "User.ReadBasic.All"}}))
	o := s.tenantOf(id, "x")
	s.tenantReaches(o.Name, yes, v1alpha1.ReasonReady)
	must(t, s.Get(t.Context(), client.ObjectKeyFromObject(o), o))
	least := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionLeastPrivilege)
	if least == nil || least.Reason != v1alpha1.ReasonBroadPermissions ||
		!strings.Contains(least.Message, "UserAuthenticationMethod.ReadWrite.All") || strings.Contains(least.Message, "remove User.ReadBasic") {
		t.Errorf("LeastPrivilege: %+v", least)
	}
}

// What Graph certainly did not delete must not keep anything else from being deleted for an hour.
func TestADeletionThatGraphDidNotDoIsNoneOfTheBudget(t *testing.T) {
	for name, status := range map[string]int{"a 429": http.StatusTooManyRequests, "a refusal": http.StatusBadRequest} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			id := s.directory("x")
			u := s.user(func(u *emulator.User) { u.TenantID = id })
			one := int32(1)
			o := s.tenantOf(id, "x", func(spec *v1alpha1.EntraTenantSpec) { spec.Limits = &v1alpha1.Limits{DeletionsPerHour: &one} })
			s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(o.Name)))
			s.ready("mobile")
			must(t, s.graph.AddFault(emulator.Fault{Method: "DELETE", Path: u.ID, Times: 1, Effect: emulator.Answer, Status: status, Retry: "1"}))
			s.remove("mobile")
			s.gone("mobile")
			s.has(u)
		})
	}
}

// A resource that Graph's service for methods does not accept the token for points to the EntraTenant.
func TestATokenThatIsRefusedForPhonesHasTheTenantTriedAnew(t *testing.T) {
	s := newStory(t)
	id := s.directory("x")
	u := s.user(func(u *emulator.User) { u.TenantID = id })
	o := s.tenantOf(id, "x")
	s.tenantReaches(o.Name, yes, v1alpha1.ReasonReady)
	trials := func() (n int) {
		for _, r := range s.graph.Requests() {
			if r.Tenant == id && strings.HasSuffix(r.Path, "/users/00000000-0000-0000-0000-000000000000") {
				n++
			}
		}
		return n
	}
	before := trials()
	must(t, s.graph.AddFault(emulator.Fault{Path: u.ID + "/authentication", Effect: emulator.ExpiredToken}))
	defer s.graph.ClearFaults()
	s.apply(s.pam("mobile", u.ID, mobile, "+1 2065550101", in(o.Name)))
	s.reaches("mobile", v1alpha1.ConditionReady, metav1.ConditionUnknown, v1alpha1.ReasonForbidden)
	s.eventually("the tenant is tried anew", func() error {
		if trials() == before {
			return errors.New("it was not")
		}
		return nil
	})
	s.graph.ClearFaults()
	s.ready("mobile")
}
