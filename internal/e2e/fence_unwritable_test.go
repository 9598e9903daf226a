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
	"github.com/entraops/phone-operator/internal/testing/install"
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
			bulk := map[*team][]option{}
			bulky := s.bulky()
			for _, g := range []*team{rival, stranger} {
				if spoil != nil {
					spoil(g)
					continue
				}
				bulk[g] = []option{bulky}
			}
			older := func(g *team, name, user string, options ...option) {
				g.apply(g.phone(name, user, mobile, "+1 2065550190", append(options, bulk[g]...)...))
			}
			// The youngest that cannot be written would be the heirs of the one that leaves.
			heirless := s.user()
			users := []emulator.User{heirless}
			p.apply(p.phone("heir", heirless.UPN, mobile, "+1 2065550120"))
			p.ready("heir")
			older(rival, "heir", heirless.UPN)
			older(rival, "heir-of-all", heirless.UPN, adoptAlways)
			p.remove("heir") // which takes a while, as the rest does
			// Each other user has one kind of resource that cannot be written, and it is the older one.
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
			p.remove(names...)
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
			Expression: fmt.Sprintf("request.userInfo.username == 'system:serviceaccount:%s:%s'", install.Namespace, install.ServiceAccount)}},
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
	return s.loggedIn(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: install.Namespace, Name: install.ServiceAccount}})
}

// bulky makes a resource as large as the API server stores it: neither a finalizer nor a status fits beside.
func (s *story) bulky() option {
	least, most := 0, 20_000
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		tooMany := func() int {
			return least + sort.Search(most-least, func(more int) bool { return !s.stored(o, least+more) })
		}
		found := tooMany()
		if found == least || found == most {
			least, most = 0, 20_000
			found = tooMany()
		}
		const few = 16 // the next one is about as large without labels
		least, most = found-few, found+few
		pad(o, found-1-2*len(o.Finalizers)) // which no probe has: it could not be deleted
	}
}

// pad gives a resource labels that are as large as labels can be, four parts each, and one for each part that is left.
// With each part it is larger.
func pad(o *v1alpha1.PhoneAuthenticationMethod, parts int) {
	o.Labels = map[string]string{}
	value := strings.Repeat("x", 63)
	label := strings.Repeat("x", 63) + "."
	prefix := label + label + label + strings.Repeat("x", 61) + "/"
	for i := range parts / 4 {
		o.Labels[fmt.Sprintf("%s%063d", prefix, i)] = value
	}
	for i := range parts % 4 {
		o.Labels[fmt.Sprintf("%063d", i)] = value
	}
}

// stored reports whether the API server takes a resource with labels of so many parts.
func (s *story) stored(o *v1alpha1.PhoneAuthenticationMethod, parts int) bool {
	probe := o.DeepCopy()
	pad(probe, parts)
	probe.Name, probe.Finalizers = fmt.Sprintf("probe-%d", parts), []string{}
	probe.Spec.TenantRef = &v1alpha1.TenantReference{Name: "nowhere-at"} // nobody works on it
	if s.Create(s.t.Context(), probe) != nil {
		return false
	}
	must(s.t, s.Delete(s.t.Context(), probe))
	return true
}
