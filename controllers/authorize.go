package controllers

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/plan"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// A claim that the access rules do not allow is no claim. It is taken out of the pass
// before anything is asked for its sake, so that it is looked up by nobody, compared with
// nothing, told nothing of Graph and weighed against no other claim.

// foreseeAccess takes out the claims that are refused whatever Graph may say of their user:
// those of another namespace, phone type or number source, and those whose name in
// spec.user no rule covers.
func (p *pass) foreseeAccess(ctx context.Context) error {
	return p.authorize(ctx, func(c *claim, ns *metav1.PartialObjectMetadata) access.Judgement {
		if j, ok := p.recallRefusal(c, ns); ok {
			p.renamable, p.recalled = true, true
			return j
		}
		r := requestOf(c, ns)
		if c.object.Status.UserID == "" && !graph.IsGUID(c.object.Spec.User) {
			r.UserPrincipalName = c.object.Spec.User
		}
		unjudged := c.object.Status.UserID == "" || wasRefused(c.object)
		c.veiled = graph.IsGUID(c.object.Spec.User) && unjudged && !p.tenant.Access.CoversAnybody(r)
		return p.tenant.Access.Foresee(r)
	})
}

// permit judges the claims by the name that Graph has for the user now, at every pass,
// so that a rule taken away bites on what is already there.
func (p *pass) permit(ctx context.Context) error {
	return p.authorize(ctx, func(c *claim, ns *metav1.PartialObjectMetadata) access.Judgement {
		r := requestOf(c, ns)
		r.UserPrincipalName = p.user.UserPrincipalName
		j := p.tenant.Access.Judge(r)
		c.veiled = false
		if !j.Permitted() {
			p.renamable = true
			p.rememberRefusal(c, ns, j)
		}
		c.Denied = denied(j)
		return j
	})
}

// authorize judges every claim and goes on with those that are permitted. Of the others
// it says so; a resource of theirs that is being deleted is released, and leaves a phone
// that it once made. A terminating claim that may not delete its phone goes likewise.
func (p *pass) authorize(ctx context.Context, judge func(*claim, *metav1.PartialObjectMetadata) access.Judgement) error {
	var allowed, refused []*claim
	for _, c := range p.claims {
		ns, err := p.namespaceOf(ctx, c)
		if err != nil {
			return err
		}
		switch j := judge(c, ns); {
		case !j.Permitted():
			c.refusal = conditions.NotPermitted(j.Mismatch)
			if j.Mismatch == access.User && graph.IsGUID(c.object.Spec.User) {
				c.refusal = conditions.NotCoveredOrUnknown()
			}
			refused = append(refused, c)
		case c.Leaving && c.Denied.Has(plan.Delete):
			p.letGo(ctx, c)
		default:
			allowed = append(allowed, c)
		}
	}
	p.claims = allowed
	p.refuse(ctx, refused)
	return nil
}

// refuse says of claims that they are not permitted. Whoever may make a resource that
// cannot be written does not hold up others.
func (p *pass) refuse(ctx context.Context, refused []*claim) {
	p.refused = p.refused || len(refused) > 0
	for _, c := range refused {
		if c.Leaving {
			p.letGo(ctx, c)
			continue
		}
		before := c.object.DeepCopy()
		s := &c.object.Status
		s.ID, s.SMSSignInState, s.PendingWrite, s.MaskedNumber = "", "", nil, ownMask(c.object)
		c.refusal.Apply(s, c.object.Generation)
		s.LastHandledRequest = requested(c.object)
		if c.Suspended {
			conditions.Suspend(s, c.object.Generation, false)
		} else {
			meta.RemoveStatusCondition(&s.Conditions, v1alpha1.ConditionSuspended)
		}
		if err := p.patchStatus(ctx, c, before); err != nil {
			log.FromContext(ctx).V(1).Info("could not say of a resource that it is not permitted", "resource", c.Ref, "answer", err.Error())
			p.queue.AddAfter(p.key, p.unwritable.retry(c.object.UID)) // the time of the others' next look stays
			continue
		}
		p.tellTransition(c, before, c.refusal)
	}
}

// ownMask is what a resource says of its number itself, which is not Graph's word; "" where it
// does not say it in spec.
func ownMask(o *v1alpha1.PhoneAuthenticationMethod) string {
	n, err := phone.Parse(o.Spec.PhoneNumber)
	if err != nil {
		return ""
	}
	return n.Masked()
}

// refuseUnknown refuses the claims of an object id that nobody has and that may not be told
// so: like those of somebody whom no rule covers, and as seldom looked up.
func (p *pass) refuseUnknown(ctx context.Context) error {
	return p.authorize(ctx, func(c *claim, ns *metav1.PartialObjectMetadata) access.Judgement {
		if !c.veiled || c.Leaving {
			return p.tenant.Access.Foresee(requestOf(c, ns))
		}
		j := access.Judgement{Mismatch: access.User}
		p.young(c)
		p.renamable = true
		p.rememberRefusal(c, ns, j)
		return j
	})
}

// namespaceOf returns the metadata of a claim's namespace, nil where there is none: a
// namespace that was finalized by force may leave resources behind.
func (r *Reconciler) namespaceOf(ctx context.Context, c *claim) (*metav1.PartialObjectMetadata, error) {
	ns := metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := r.Client.Get(ctx, client.ObjectKey{Name: c.object.Namespace}, &ns)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get the namespace of %s: %w", c.Ref, err)
	}
	return &ns, nil
}

// requestOf is what a claim asks of the access rules, without its user. Without labels,
// which every namespace has, no rule matches.
func requestOf(c *claim, ns *metav1.PartialObjectMetadata) access.Request {
	r := access.Request{PhoneType: c.Type, FromSecret: c.object.Spec.PhoneNumberFrom != nil, SecretNamesUser: !c.misnamed}
	if ns != nil {
		r.NamespaceLabels = ns.Labels
	}
	return r
}

// judgements remember for a moment which claims the rules refused after their user was
// looked up, so that a resource which is edited or made anew again and again makes no work
// for Graph. Only claims that hold nothing are refused by memory.
type judgements struct{ refused *cache.Expiring }

const (
	// judgedFor is how long such a refusal counts: a user may be renamed into the rules.
	judgedFor = time.Minute
	// judgedAnew is how many refusals for what a Secret says, or for a user who does not show,
	// are each found out anew in that time: whoever corrects the Secret, or has just made the
	// user, need not wait.
	judgedAnew = 3
)

// question is all that a judgement is of, but for what the resource is called.
type question struct {
	user.Key
	namespace string
	phone.Type
	fromSecret bool
}

// refusedOn is a refusal, with the versions of what it went by.
type refusedOn struct {
	tenant    tenant.Version
	namespace string // resourceVersion
	judgement access.Judgement
	anew      int // how often in a row the reason was one that may end at any moment
}

func (p *pass) questionOf(c *claim) question {
	return question{p.key, c.object.Namespace, c.Type, c.object.Spec.PhoneNumberFrom != nil}
}

func (p *pass) rememberRefusal(c *claim, ns *metav1.PartialObjectMetadata, j access.Judgement) {
	now := p.refusedOn(ns, j)
	if c.misnamed || c.veiled {
		now.anew = 1
		if last, ok := p.judged.refused.Get(p.questionOf(c)); ok {
			now.anew += last.(refusedOn).anew
		}
	}
	p.judged.refused.Set(p.questionOf(c), now, judgedFor)
}

func (p *pass) refusedOn(ns *metav1.PartialObjectMetadata, j access.Judgement) refusedOn {
	r := refusedOn{tenant: p.tenant.Version, judgement: j}
	if ns != nil {
		r.namespace = ns.ResourceVersion
	}
	return r
}

// recallRefusal returns the refusal of a moment ago, if it is one of the same question.
func (p *pass) recallRefusal(c *claim, ns *metav1.PartialObjectMetadata) (access.Judgement, bool) {
	found, ok := p.judged.refused.Get(p.questionOf(c))
	if !ok || c.Holder || c.Creating != "" {
		return access.Judgement{}, false
	}
	last := found.(refusedOn)
	now := p.refusedOn(ns, last.judgement)
	now.anew = last.anew
	return last.judgement, last == now && (last.anew == 0 || last.anew >= judgedAnew)
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

// wasRefused reports whether the last word on a resource is that the rules do not allow it.
func wasRefused(o *v1alpha1.PhoneAuthenticationMethod) bool {
	accepted := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionAccepted)
	return accepted != nil && accepted.Reason == v1alpha1.ReasonNotPermitted
}
