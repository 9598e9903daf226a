package phonemethod

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/plan"
)

// A resource that the access rules do not allow takes no part. It is left out before anything is
// asked for its sake, so that it is looked up by nobody, compared with nothing, told nothing of
// Graph and weighed against no other resource.

// namespace is the metadata of one; nil where there is none: a namespace that was finalized by
// force may leave resources behind.
type namespace = *metav1.PartialObjectMetadata

// ruling is what the access rules say of the resources of one user.
type ruling struct {
	allowed []resource
	refused []refusal
	// released are terminating and may not delete their phone: they leave it behind.
	released []resource
	// recalled: a refusal of a moment ago was believed.
	recalled bool
}

// refusal is a resource that the rules do not allow.
type refusal struct {
	resource
	namespace namespace
	judgement access.Judgement
	// looked: it took an answer of Graph about the user, whose name may be another at the resync.
	looked bool
}

// judgeEach judges every resource. judge may fill fields of the resource; looked says that it went by
// what Graph answered.
func judgeEach(resources []resource, namespaces map[string]namespace, judge func(resource, namespace) (_ resource, _ access.Judgement, looked bool)) ruling {
	var all ruling
	for _, c := range resources {
		ns := namespaces[c.object.Namespace]
		c, j, looked := judge(c, ns)
		switch {
		case !j.Permitted():
			all.refused = append(all.refused, refusal{c, ns, j, looked})
		case c.Terminating && c.Holds[plan.NotAllowed].Has(plan.Delete):
			all.released = append(all.released, c)
		default:
			all.allowed = append(all.allowed, c)
		}
	}
	return all
}

// foreseeAccess judges the resources by what is known before any request to Graph: namespace,
// phone type and source of the number, and the name in spec.user of a resource that is not bound.
// It refuses what no answer of Graph can change, and what was refused a moment ago: recall
// returns such a refusal.
func foreseeAccess(rules access.Policy, resources []resource, namespaces map[string]namespace, recall func(resource, namespace) (access.Judgement, bool)) ruling {
	recalled := false
	all := judgeEach(resources, namespaces, func(c resource, ns namespace) (resource, access.Judgement, bool) {
		if j, ok := recall(c, ns); ok {
			recalled = true
			return c, j, false
		}
		asked := accessRequest(c, ns)
		if c.object.Status.UserID == "" && !graph.IsGUID(c.object.Spec.User) {
			asked.UserPrincipalName = c.object.Spec.User
		}
		unjudged := c.object.Status.UserID == "" || c.wasRefused()
		c.veiled = graph.IsGUID(c.object.Spec.User) && unjudged && !rules.CoversAnybody(asked)
		return c, rules.Foresee(asked), false
	})
	all.recalled = recalled
	return all
}

// judgeAccess judges the resources by the name that Graph has for the user now, at every
// reconcile, so that a rule that is taken away counts for what is already there.
func judgeAccess(rules access.Policy, resources []resource, namespaces map[string]namespace, userPrincipalName string) ruling {
	return judgeEach(resources, namespaces, func(c resource, ns namespace) (resource, access.Judgement, bool) {
		asked := accessRequest(c, ns)
		asked.UserPrincipalName = userPrincipalName
		j := rules.Judge(asked)
		c.veiled, c.Holds = false, c.Holds.With(plan.NotAllowed, denied(j))
		return c, j, true
	})
}

// judgeUnknownUser refuses the resources of an object id that nobody has and that may not be told
// so: like those of a user whom no rule covers, and as seldom looked up.
func judgeUnknownUser(rules access.Policy, resources []resource, namespaces map[string]namespace) ruling {
	return judgeEach(resources, namespaces, func(c resource, ns namespace) (resource, access.Judgement, bool) {
		if !c.veiled || c.Terminating {
			return c, rules.Foresee(accessRequest(c, ns)), false
		}
		return c, access.Judgement{Mismatch: access.User}, true
	})
}

// accessRequest is what a resource asks of the access rules, without its user. Without labels,
// which every namespace has, no rule matches.
func accessRequest(c resource, ns namespace) access.Request {
	asked := access.Request{PhoneType: c.Type, FromSecret: c.object.Spec.PhoneNumberFrom != nil, SecretNamesUser: !c.misnamed}
	if ns != nil {
		asked.NamespaceLabels = ns.Labels
	}
	return asked
}

// denied returns the writes that the rules leave out.
func denied(j access.Judgement) plan.Verbs {
	var verbs []plan.Verb
	if !j.Allows(v1alpha1.ActionCreate) {
		verbs = append(verbs, plan.Create)
	}
	if !j.Allows(v1alpha1.ActionUpdate) {
		verbs = append(verbs, plan.Update, plan.EnableSMS, plan.DisableSMS)
	}
	if !j.Allows(v1alpha1.ActionDelete) {
		verbs = append(verbs, plan.Delete)
	}
	return plan.SetOf(verbs...)
}
