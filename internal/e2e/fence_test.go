package e2e_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// The stories of the fence: what an editor tries against users, namespaces and Secrets that are not its own. Each looks
// at what Graph has, at what the attacker's resources and events were told, at the resources of others, and at what
// Graph was asked.

// allow adds access rules, and waits until they are in force.
func (s *story) allow(rules ...v1alpha1.AccessRule) {
	s.t.Helper()
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Access = append(spec.Access, rules...) })
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
}

// desk is a rule for the users whom desk makes.
func (g *team) desk(change ...func(*v1alpha1.AccessRule)) v1alpha1.AccessRule {
	rule := g.may(change...)
	rule.Users = []string{"desk-*@contoso.com"}
	return rule
}

func desk(u *emulator.User) { u.UPN = "desk-" + u.ID[:8] + "@contoso.com" }

// has makes a user who has a phone already.
func hasPhone(phoneType, number string) func(*emulator.User) {
	return func(u *emulator.User) { u.Phones = map[string]string{phoneType: number} }
}

// claims is metadata as an editor can write it to look as if the operator had: its finalizer, and annotations under its
// prefix that say that a phone with this mask was made, or is being made, for this resource and this user.
func claims(user, mask string) option {
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Finalizers = []string{v1alpha1.Finalizer}
		o.Annotations = map[string]string{}
		for _, name := range []string{"creating", "pending-write", "pendingWrite"} {
			o.Annotations["identity.entraops.dev/"+name] = user + " " + mask
		}
		o.Annotations["identity.entraops.dev/user-id"], o.Annotations["identity.entraops.dev/id"] = user, mobileID
	}
}

func suspend(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = true }

func resume(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.Suspend = false }

// tells are the fields of status that a resource which may not act may have.
var tells = []string{"conditions", "observedGeneration", "lastHandledRequest", "maskedNumber", "userID"}

// toldNothing checks that nothing of Graph was written into resources, or into an event beside them.
func (g *team) toldNothing(names ...string) {
	g.t.Helper()
	for _, name := range names {
		o, err := g.get(name)
		must(g.t, err)
		for field, value := range statusOf(g, o) {
			if !slices.Contains(tells, field) {
				g.t.Errorf("%s is told status.%s: %v", name, field, value)
			}
		}
		if m := o.Status.MaskedNumber; m != "" && (o.Spec.PhoneNumber == "" || !strings.HasSuffix(o.Spec.PhoneNumber, m[len(m)-2:])) {
			g.t.Errorf("%s is told a number that it does not say itself: %s", name, m)
		}
	}
	var events eventsv1.EventList
	must(g.t, g.world.List(g.t.Context(), &events, client.InNamespace(g.namespace)))
	for _, e := range events.Items {
		if text := e.Note; strings.Contains(text, "****") || strings.Contains(text, g.people.namespace) && g.people.namespace != g.namespace {
			g.t.Errorf("an event about %s tells: %s", e.Regarding.Name, text)
		}
	}
}

func statusOf(g *team, o *v1alpha1.PhoneAuthenticationMethod) (fields map[string]any) {
	g.t.Helper()
	text, err := json.Marshal(o.Status)
	must(g.t, err)
	must(g.t, json.Unmarshal(text, &fields))
	return fields
}

// alike checks that the operator made the same of all resources, so that none of them tells what another does not.
func (g *team) alike(names ...string) {
	g.t.Helper()
	made := func(name string) map[string]any {
		o, err := g.get(name)
		must(g.t, err)
		fields := statusOf(g, o)
		for _, own := range []string{"maskedNumber", "lastHandledRequest", "userID"} {
			delete(fields, own)
		}
		for i := range o.Status.Conditions {
			delete(fields["conditions"].([]any)[i].(map[string]any), "lastTransitionTime")
		}
		fields["annotations"], fields["finalizers"] = slices.Sorted(maps.Keys(o.Annotations)), o.Finalizers
		return fields
	}
	first := made(names[0])
	for _, name := range names[1:] {
		if diff := cmp.Diff(first, made(name)); diff != "" {
			g.t.Errorf("%s can be told from %s (-%[2]s +%[1]s):\n%s", name, names[0], diff)
		}
	}
}

// untouched notes the versions of a namespace's resources, but for some. The check that it returns fails if one was
// written since.
func (g *team) untouched(but ...string) (check func()) {
	g.t.Helper()
	versions := func() map[string]string {
		var all v1alpha1.PhoneAuthenticationMethodList
		must(g.t, g.world.List(g.t.Context(), &all, client.InNamespace(g.namespace)))
		versions := map[string]string{}
		for _, o := range all.Items {
			if !slices.Contains(but, o.Name) {
				versions[o.Name] = o.ResourceVersion
			}
		}
		return versions
	}
	before := versions()
	return func() {
		g.t.Helper()
		if diff := cmp.Diff(before, versions()); diff != "" {
			g.t.Errorf("resources of %s were written (-before +after):\n%s", g.namespace, diff)
		}
	}
}

// counting begins to count what Graph is asked of the story's tenant. What it returns counts so far, by method and path.
func (s *story) counting() (asked func() map[string]int) {
	ofTenant := func() []emulator.Request {
		return slices.DeleteFunc(s.graph.Requests(), func(r emulator.Request) bool {
			return r.Tenant != s.tenantID || !strings.HasPrefix(r.Path, "/v1.0/")
		})
	}
	before := len(ofTenant())
	return func() map[string]int {
		counts := map[string]int{}
		for _, r := range ofTenant()[before:] {
			counts[r.Method+" "+strings.ToLower(r.Path)]++
		}
		return counts
	}
}

// about counts the requests of which the path has a text in it.
func of(asked map[string]int, text string) (n int) {
	for path, times := range asked {
		if strings.Contains(path, strings.ToLower(text)) {
			n += times
		}
	}
	return n
}

// reason is that of a condition, "" for none.
func reason(o *v1alpha1.PhoneAuthenticationMethod, condition string) string {
	if c := meta.FindStatusCondition(o.Status.Conditions, condition); c != nil {
		return c.Reason
	}
	return ""
}
