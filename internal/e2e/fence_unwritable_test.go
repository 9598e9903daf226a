package e2e_test

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// A resource that the operator cannot write takes no part: whatever the reason, and whether the rules are for it or
// not, others get the phone, change it, and have it deleted.
func TestResourcesThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	for sentence, spoil := range map[string]func(*team){
		"no status, by a policy of the cluster":    func(g *team) { g.closed("phoneauthenticationmethods/status") },
		"no finalizer, by a policy of the cluster": func(g *team) { g.closed("phoneauthenticationmethods") },
		"neither": func(g *team) {
			g.closed("phoneauthenticationmethods", "phoneauthenticationmethods/status")
		},
		"nothing, for they are as large as can be": nil,
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			p := s.people
			rival, stranger := s.team("rival"), s.team("stranger")
			s.allow(rival.may())
			var users []emulator.User
			bulk := map[*team][]option{}
			for _, g := range []*team{rival, stranger} {
				if spoil != nil {
					spoil(g)
					continue
				}
				bulk[g] = []option{g.bulky()}
			}
			older := func(g *team, name, user string, options ...option) {
				g.apply(g.phone(name, user, mobile, "+1 2065550190", append(options, bulk[g]...)...))
			}
			// Each user has one kind of resource that cannot be written, and it is the older one.
			names := []string{"rival", "stranger", "suspended"}
			for i, name := range names {
				u := s.user()
				users = append(users, u)
				switch name {
				case "rival":
					older(rival, name, u.UPN)
				case "stranger":
					older(stranger, name, u.UPN, claims(u.ID, "+1 ********01"))
				case "suspended":
					older(stranger, name, u.UPN, claims(u.ID, "+1 ********01"), suspend)
				}
				p.apply(p.phone(name, u.UPN, mobile, fmt.Sprintf("+1 206555010%d", i), adoptAlways))
			}
			p.ready(names...)
			if spoil == nil {
				if o, err := rival.get("rival"); err != nil || len(o.Status.Conditions) > 0 || len(o.Finalizers) > 0 {
					t.Errorf("the resource is not one that cannot be written: %v", err)
				}
			}
			for i, name := range names {
				p.edit(name, number(fmt.Sprintf("+1 206555011%d", i)))
			}
			p.ready(names...)
			// The youngest that cannot be written would be the heirs of those that leave.
			u := s.user()
			users = append(users, u)
			p.apply(p.phone("heir", u.UPN, mobile, "+1 2065550120"))
			p.ready("heir")
			older(rival, "heir", u.UPN)
			older(rival, "heir-of-all", u.UPN, adoptAlways)
			p.remove(append(names, "heir")...)
			p.gone(append(names, "heir")...)
			for _, u := range users {
				s.has(u)
			}
		})
	}
}

// One that held a phone, and of which nothing can be written any more, does not say for ever that it is ready, and
// does not keep others from going.
func TestAHolderThatCannotBeWrittenAnyMore(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, hostile := s.people, s.team("hostile")
	s.allow(hostile.desk())
	u := s.user(hasPhone("mobile", "+1 2065550183"))
	hostile.apply(hostile.phone("sticky", u.UPN, mobile, "+1 2065550190", claims(u.ID, "+1 ********83")))
	hostile.refused(v1alpha1.ReasonNotPermitted, "sticky")
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550184", adoptAlways))
	p.ready("mobile")
	hostile.closed("phoneauthenticationmethods/status")
	hostile.ask("sticky")
	p.remove("mobile")
	p.gone("mobile")
	s.has(u)
	hostile.toldNothing("sticky")
}

// A namespace that was finalized by force leaves its resources behind. Nothing can be written to them.
func TestAResourceWithoutANamespace(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	p, old := s.people, s.team("old")
	u := s.user()
	left := old.phone("left", u.UPN, mobile, "+1 2065550190", claims(u.ID, "+1 ********01"))
	left.Finalizers = append(left.Finalizers, "example.com/stays")
	old.apply(left)
	old.refused(v1alpha1.ReasonNotPermitted, "left")
	p.apply(p.phone("mobile", u.UPN, mobile, "+1 2065550101"))
	p.ready("mobile")

	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: old.namespace}}
	must(t, s.Delete(t.Context(), ns))
	must(t, s.Get(t.Context(), client.ObjectKeyFromObject(ns), ns))
	ns.Spec.Finalizers = nil
	must(t, s.SubResource("finalize").Update(t.Context(), ns))
	t.Cleanup(func() { // for whoever removes what the story leaves
		_ = s.Create(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: old.namespace}})
	})
	s.eventually("the namespace is gone", func() error {
		if err := s.Get(t.Context(), client.ObjectKeyFromObject(ns), ns); client.IgnoreNotFound(err) != nil || err == nil {
			return errNotYet
		}
		return nil
	})
	p.edit("mobile", number("+1 2065550102"))
	p.ready("mobile")
	s.has(u, "mobile +1 2065550102")
	p.remove("mobile")
	p.gone("mobile")
	s.has(u)
}

// closed has the API server refuse what the operator writes to the namespace's resources.
func (g *team) closed(resources ...string) {
	g.t.Helper()
	ctx := g.t.Context()
	name := g.namespace + "-" + strings.ReplaceAll(strings.Join(resources, "."), "/", ".")
	fail, match := admissionv1.Fail, admissionv1.Equivalent
	policy := &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: admissionv1.ValidatingAdmissionPolicySpec{
		FailurePolicy: &fail,
		MatchConstraints: &admissionv1.MatchResources{MatchPolicy: &match,
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: g.namespace}},
			ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{v1alpha1.GroupVersion.Group}, APIVersions: []string{"*"}, Resources: resources},
			}}}},
		MatchConditions: []admissionv1.MatchCondition{{Name: "operator",
			Expression: fmt.Sprintf("request.userInfo.username == 'system:serviceaccount:%s:%s'", system, operatorAccount)}},
		Validations: []admissionv1.Validation{{Expression: "false", Message: "nobody writes here"}},
	}}
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
		PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}}}
	must(g.t, g.world.Create(ctx, policy))
	must(g.t, g.world.Create(ctx, binding))
	// It is in force some time later: a resource that nobody looks at tells when.
	probe := g.phone("probe-"+fmt.Sprint(len(resources))+resources[0][len(resources[0])-6:], "nobody@example.com", mobile, "+1 2065550190")
	probe.Spec.TenantRef = &v1alpha1.TenantReference{Name: "nowhere"}
	must(g.t, g.world.Create(ctx, probe))
	operator := g.asOperator()
	for _, resource := range resources {
		g.eventually("the API server refuses writes of "+resource, func() error {
			o, patch := probe.DeepCopy(), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"example.com/probe":"x"}},"status":{"userID":"x"}}`))
			var err error
			if strings.HasSuffix(resource, "/status") {
				err = operator.Status().Patch(ctx, o, patch, client.DryRunAll)
			} else {
				err = operator.Patch(ctx, o, patch, client.DryRunAll)
			}
			if err == nil {
				return errNotYet
			}
			return nil
		})
	}
}

// asOperator is a client in the name of the operator.
func (s *story) asOperator() client.Client {
	return s.loggedIn(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: system, Name: operatorAccount}})
}

// bulky makes a resource as large as the API server stores it: neither a finalizer nor a status fits beside.
func (g *team) bulky() option {
	g.t.Helper()
	pad := func(o *v1alpha1.PhoneAuthenticationMethod, labels int) {
		o.Labels = map[string]string{}
		for i := range labels {
			o.Labels[fmt.Sprintf("%063d", i)] = strings.Repeat("x", 63)
		}
	}
	stored := func(o *v1alpha1.PhoneAuthenticationMethod) bool {
		o.Name, o.Finalizers = fmt.Sprintf("probe-%d", len(o.Labels)), []string{}
		o.Spec.TenantRef = &v1alpha1.TenantReference{Name: "nowhere-at"} // nobody works on it
		if g.world.Create(g.t.Context(), o) != nil {
			return false
		}
		must(g.t, g.world.Delete(g.t.Context(), o))
		return true
	}
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		tooMany := sort.Search(20_000, func(labels int) bool {
			probe := o.DeepCopy()
			pad(probe, labels)
			return !stored(probe)
		})
		pad(o, tooMany-1-len(o.Finalizers))
	}
}
