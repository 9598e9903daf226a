package phonemethod

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/user"
)

// authorize is the stage that leaves out what the rules refuse before any request to Graph.
func (r *Reconciler) authorize(ctx context.Context, s snapshot) (snapshot, outcome) {
	namespaces, err := r.namespaces(ctx, s.resources)
	if err != nil {
		return s, outcome{err: err}
	}
	return r.enforce(ctx, s, foreseeAccess(s.tenant.Access, s.resources, namespaces, func(c resource, ns namespace) (access.Judgement, bool) {
		return r.recallRefusal(s, c, ns)
	}))
}

// authorizeByName is the stage that leaves out what the rules refuse for the user's name.
func (r *Reconciler) authorizeByName(ctx context.Context, s snapshot) (snapshot, outcome) {
	namespaces, err := r.namespaces(ctx, s.resources)
	if err != nil {
		return s, outcome{err: err}
	}
	return r.enforce(ctx, s, judgeAccess(s.tenant.Access, s.resources, namespaces, s.user.UserPrincipalName))
}

// enforce goes on with the resources that are allowed. Of the others it says so; a terminating one
// is released, and leaves a phone that it once made.
func (r *Reconciler) enforce(ctx context.Context, s snapshot, all ruling) (snapshot, outcome) {
	var o outcome
	if all.recalled {
		o.resync, o.aside = s.resyncPeriod(), rulingTTL
	}
	for _, refused := range all.refused {
		if refused.looked {
			o.resync = s.resyncPeriod()
			r.rememberRefusal(s, refused)
		}
		if refused.Terminating {
			all.released = append(all.released, refused.resource)
			continue
		}
		if err := r.publishRefusal(ctx, s, refused); err != nil {
			// Whoever may make a resource that cannot be written does not hold up others.
			log.FromContext(ctx).V(1).Info("could not say of a resource that it is not permitted", "resource", refused.Ref, "answer", err.Error())
			o.aside = earliest(o.aside, r.unwritable.retry(refused.object.UID))
		}
	}
	for _, c := range all.released {
		o = o.and(r.release(ctx, c))
	}
	return s.with(all.allowed), o
}

// publishRefusal says of a resource that it is not permitted, and nothing of Graph.
func (r *Reconciler) publishRefusal(ctx context.Context, s snapshot, refused refusal) error {
	said := conditions.NotPermitted(refused.judgement.Mismatch)
	if refused.judgement.Mismatch == access.User && graph.IsGUID(refused.object.Spec.User) {
		said = conditions.NotCoveredOrUnknown()
	}
	status := *refused.object.Status.DeepCopy()
	status.ID, status.SMSSignInState, status.PendingWrite, status.MaskedNumber = "", "", nil, ownMask(refused.object)
	said.Apply(&status, refused.object.Generation)
	status.LastHandledRequest = requestOf(refused.object)
	if refused.Suspended {
		conditions.Suspend(&status, refused.object.Generation, false)
	} else {
		conditions.Resume(&status)
	}
	if _, err := r.patchStatus(ctx, refused.resource, status); err != nil {
		return err
	}
	r.announceTransition(s, refused.resource, said)
	return nil
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

const (
	// rulingTTL is how long a refusal by the user's name counts: a user may be renamed into the
	// rules. A resource that is edited or made anew again and again makes no work for Graph
	// meanwhile. Only resources that hold nothing are refused by memory.
	rulingTTL = time.Minute
	// judgedAnew is how many refusals for what a Secret says, or for a user who does not show,
	// are each found out anew in that time: whoever corrects the Secret, or has just made the
	// user, need not wait.
	judgedAnew = 3
)

// question is all that a refusal depends on, but for what the resource is called.
type question struct {
	user.Key
	namespace string
	phone.Type
	fromSecret bool
}

// rememberedRefusal is a refusal, with the versions of what it went by.
type rememberedRefusal struct {
	judgement access.Judgement
	tenant    tenant.Version
	namespace string // resourceVersion
	anew      int    // how often in a row the reason was one that may end at any moment
}

func questionOf(s snapshot, c resource) question {
	return question{s.key, c.object.Namespace, c.Type, c.object.Spec.PhoneNumberFrom != nil}
}

func (m *memory) rememberRefusal(s snapshot, refused refusal) {
	asked := questionOf(s, refused.resource)
	kept := rememberedRefusal{judgement: refused.judgement, tenant: s.tenant.Version, namespace: versionOf(refused.namespace)}
	if refused.misnamed || refused.veiled {
		kept.anew = 1
		last, _ := m.rulings.Get(asked)
		kept.anew += last.anew
	}
	m.rulings.Set(asked, kept, rulingTTL)
}

// recallRefusal returns the refusal of a moment ago, if it is one of the same question.
func (m *memory) recallRefusal(s snapshot, c resource, ns namespace) (access.Judgement, bool) {
	last, ok := m.rulings.Get(questionOf(s, c))
	if !ok || c.hasPhone() {
		return access.Judgement{}, false
	}
	current := last.tenant == s.tenant.Version && last.namespace == versionOf(ns)
	return last.judgement, current && (last.anew == 0 || last.anew >= judgedAnew)
}

func versionOf(ns namespace) string {
	if ns == nil {
		return ""
	}
	return ns.ResourceVersion
}
