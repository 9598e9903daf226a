package entratenant

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

const ada = "00000000-0000-4000-8000-00000000000a"

type pam = v1alpha1.PhoneAuthenticationMethod

// aResource is one that says this of itself.
func aResource(name, user string, change ...func(*pam)) *pam {
	o := &pam{
		ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: name},
		Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: user, PhoneType: v1alpha1.PhoneTypeMobile},
	}
	for _, c := range change {
		c(o)
	}
	return o
}

func having(condition string, status metav1.ConditionStatus, reason string) func(*pam) {
	return func(o *pam) {
		meta.SetStatusCondition(&o.Status.Conditions, metav1.Condition{Type: condition, Status: status, Reason: reason})
	}
}

func withID(id string) func(*pam) { return func(o *pam) { o.Status.UserID = id } }

func TestTheStatusOfAnEntraTenantSumsUpItsResources(t *testing.T) {
	isReady := having(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	isStalled := having(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonWouldChange)
	wouldChange := having(v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonWouldChange)
	suspended := func(o *pam) { o.Spec.Suspend = true }
	elsewhere := func(o *pam) { o.Spec.TenantRef = &v1alpha1.TenantReference{Name: "elsewhere"} }
	for name, tc := range map[string]struct {
		resources []*pam
		want      v1alpha1.EntraTenantStatus
	}{
		"none": {nil, v1alpha1.EntraTenantStatus{}},
		"one that is ready, one that a person must see to, one on its way": {
			[]*pam{aResource("a", "ada@contoso.com", isReady), aResource("b", "bob@contoso.com", isStalled), aResource("c", "eve@contoso.com")},
			v1alpha1.EntraTenantStatus{Users: 3, Methods: v1alpha1.MethodCounts{Total: 3, Ready: 1, Stalled: 1}},
		},
		"a user of two resources, in whatever spelling, is one": {
			[]*pam{aResource("a", "ada@contoso.com", withID(ada)), aResource("b", "ADA@contoso.com", withID(ada)), aResource("c", strings.ToUpper(ada))},
			v1alpha1.EntraTenantStatus{Users: 1, Methods: v1alpha1.MethodCounts{Total: 3}},
		},
		"those that Enforce would write for, both of a hand-over": {
			[]*pam{
				aResource("leaves", "ada@contoso.com", wouldChange, isStalled), aResource("inherits", "ada@contoso.com", wouldChange, isStalled),
				aResource("c", "bob@contoso.com", isReady, having(v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)),
				aResource("d", "eve@contoso.com", having(v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonPending)),
			},
			v1alpha1.EntraTenantStatus{Users: 3, Methods: v1alpha1.MethodCounts{Total: 4, Ready: 1, Stalled: 2}, PendingChanges: 2},
		},
		"not those that were suspended since": {
			[]*pam{aResource("a", "ada@contoso.com", wouldChange, suspended), aResource("b", "bob@contoso.com", wouldChange)},
			v1alpha1.EntraTenantStatus{Users: 2, Methods: v1alpha1.MethodCounts{Total: 2}, PendingChanges: 1},
		},
		"none of another tenant": {
			[]*pam{aResource("a", "ada@contoso.com", elsewhere, isReady, wouldChange, isStalled)}, v1alpha1.EntraTenantStatus{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOneTenant(t)
			o.edit(func(s *v1alpha1.EntraTenantSpec) { s.Mode = v1alpha1.ModeObserve })
			for _, one := range tc.resources {
				must(o.Client.Create(t.Context(), one))
			}
			must(o.reconcile())
			got := o.get().Status
			got = v1alpha1.EntraTenantStatus{Users: got.Users, Methods: got.Methods, PendingChanges: got.PendingChanges}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			// What is gone is not counted any more, and nothing is left of it.
			for _, one := range tc.resources {
				must(o.Client.Delete(t.Context(), one))
			}
			must(o.reconcile())
			if s := o.get().Status; s.Users != 0 || s.Methods.Total != 0 || s.PendingChanges != 0 {
				t.Errorf("when all are gone: %+v", s)
			}
		})
	}
}

func TestDeletionsThatWaitAreCounted(t *testing.T) {
	o := newOneTenant(t)
	for _, name := range []string{"goes", "stays"} {
		must(o.Client.Create(t.Context(), aResource(name, "ada@contoso.com", func(p *pam) { p.Finalizers = []string{v1alpha1.Finalizer} })))
	}
	must(o.Client.Delete(t.Context(), aResource("goes", "ada@contoso.com")))
	must(o.reconcile())
	if m := o.get().Status.Methods; m.Total != 2 || m.Deleting != 1 {
		t.Errorf("%+v", m)
	}
}

// While many phones are deleted the version of the EntraTenant is never the one that was read.
func TestResourcesAreCountedWhileDeletionsAreSaved(t *testing.T) {
	o := newOneTenant(t)
	must(o.Client.Create(t.Context(), aResource("a", "ada@contoso.com")))
	must(o.reconcile())
	must(o.Client.Create(t.Context(), aResource("b", "bob@contoso.com")))
	saved := int32(0)
	o.Client = interceptor.NewClient(o.Client.(client.WithWatch), interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, into client.Object, p client.Patch, options ...client.SubResourcePatchOption) error {
			saved++
			other := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: tenantName}}
			must(c.Status().Patch(ctx, other, client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"status":{"recentDeletions":[{"minute":"2026-01-02T03:04:00Z","namespace":"people","count":%d}]}}`, saved))))
			return c.SubResource(sub).Patch(ctx, into, p, options...)
		},
	})
	must(o.reconcile())
	s := o.get().Status
	if s.Methods.Total != 2 || saved == 0 || len(s.RecentDeletions) != 1 || s.RecentDeletions[0].Count != saved {
		t.Errorf("%+v, saved %d times", s, saved)
	}
}

func TestLeastPrivilegeIsSaidOfWhatTheTokenCarries(t *testing.T) {
	const broad = "UserAuthenticationMethod.ReadWrite.All"
	for name, tc := range map[string]struct {
		permissions []string
		want        metav1.ConditionStatus
		reason      string
	}{
		"what the documents ask for": {
			[]string{"UserAuthMethod-Phone.ReadWrite.All", "User.ReadBasic.All", "GroupMember.Read.All", "RoleManagement.Read.Directory"},
			metav1.ConditionTrue, v1alpha1.ReasonLeastPrivilege,
		},
		"all that there is a use for": {enough, metav1.ConditionTrue, v1alpha1.ReasonLeastPrivilege},
		"less, too":                   {[]string{"User.ReadBasic.All"}, metav1.ConditionTrue, v1alpha1.ReasonLeastPrivilege},
		"the audit log, too":          {append(slices.Clone(enough), "Directory.Read.All"), metav1.ConditionTrue, v1alpha1.ReasonLeastPrivilege},
		"not with a broad one beside": {append(slices.Clone(enough), broad), metav1.ConditionFalse, v1alpha1.ReasonBroadPermissions},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOneTenant(t, tc.permissions...)
			o.works()
			c := meta.FindStatusCondition(o.get().Status.Conditions, v1alpha1.ConditionLeastPrivilege)
			if c == nil || c.Status != tc.want || c.Reason != tc.reason {
				t.Fatalf("%+v", c)
			}
			if named := strings.Contains(c.Message, "remove "+broad+"."); named != (tc.want == metav1.ConditionFalse) {
				t.Errorf("it says %s", c.Message)
			}
		})
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
