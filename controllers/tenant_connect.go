package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/access"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

// nobody is an object id that no user has. To look it up needs a token and the
// permission to read users, and Graph answers that there is no such user.
const nobody = "00000000-0000-0000-0000-000000000000"

var working = condition{metav1.ConditionTrue, v1alpha1.ReasonReady, "The credential works and Graph answers."}

// connection is what is found out about a tenant.
type connection struct {
	ready condition
	least condition // zero: not known
	mood  mood
}

// trial is the last time that a connection was tried, and what came of it.
type trial struct {
	found connection
	at    time.Time
}

// trials are the last trials by the names of EntraTenants. The zero value has none.
type trials struct {
	mu     sync.Mutex
	byName map[string]trial
}

func (t *trials) get(name string) trial {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byName[name]
}

func (t *trials) put(name string, last trial) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = map[string]trial{}
	}
	t.byName[name] = last
}

func (t *trials) forget(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byName, name)
}

// connect builds the tenant's connection if it is new or its spec or Secret
// changed, tries it, and puts it where users find it. An error is the API
// server's; what is wrong with the tenant is in the connection's condition.
func (r *TenantReconciler) connect(ctx context.Context, o *v1alpha1.EntraTenant) (connection, error) {
	t, err := r.build(ctx, o)
	if err != nil {
		return connection{}, err
	}
	was, known := r.Tenants.Get(o.Name)
	same := known && was.Version == t.Version
	if same && was.Problem == nil && t.Problem == nil {
		t.Graph = was.Graph // with its token and its connections
	}
	if known {
		t.Deletions = was.Deletions
	}
	var found connection
	switch tried := r.tried.get(o.Name); {
	case t.Problem != nil:
		found = connection{ready: condition{metav1.ConditionFalse, t.Problem.Reason, t.Problem.Message}, mood: stalled}
	case same && tried.found.mood == content && r.Now().Sub(tried.at) < probePeriod/2:
		found = tried.found // this look is for the counts
	default:
		found = r.probe(ctx, t)
		r.tried.put(o.Name, trial{found: found, at: r.Now()})
	}
	r.Tenants.Put(t)
	if !same || (was.Problem == nil) != (t.Problem == nil) {
		return found, r.wake(ctx, o.Name)
	}
	return found, nil
}

// build makes a tenant of an EntraTenant and its Secret.
func (r *TenantReconciler) build(ctx context.Context, o *v1alpha1.EntraTenant) (*tenant.Tenant, error) {
	o = o.DeepCopy() // the tenant is for others to read, while a patch of o's status writes into it
	t := &tenant.Tenant{
		Name:    o.Name,
		Version: fmt.Sprintf("%s/%d", o.UID, o.Generation),
		Spec:    o.Spec,
		Gate:    tenant.NewGate(r.Now),
	}
	if was, ok := r.Tenants.Get(o.Name); ok {
		t.Gate = was.Gate // a pause outlives the tenant's edits
	}
	t.Deletions = tenant.NewBudget(r.Now, o.Status.RecentDeletions, func(ctx context.Context, counts []v1alpha1.DeletionCount) error {
		return r.saveDeletions(ctx, o.Name, counts)
	})
	refuse := func(reason, message string) (*tenant.Tenant, error) {
		t.Problem = &tenant.Problem{Reason: reason, Message: message}
		return t, nil
	}
	if first, err := r.firstOf(ctx, o); err != nil {
		return nil, err
	} else if first != o.Name {
		return refuse(v1alpha1.ReasonConflict, fmt.Sprintf(
			"EntraTenant %q already speaks for this tenantID: delete one of the two.", first))
	}
	var err error
	if t.Access, err = access.Compile(o.Spec.Access); err != nil {
		return refuse(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("spec.access cannot be used: %v.", err))
	}
	var secret []byte
	if ref := credentialSecret(&o.Spec); ref != nil {
		var s corev1.Secret
		err := r.Reader.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &s)
		value, ok := s.Data[ref.Key]
		switch {
		case apierrors.IsNotFound(err):
			return refuse(v1alpha1.ReasonCredentialNotFound, fmt.Sprintf(
				"There is no Secret %s/%s: create it with the credential under key %q.", ref.Namespace, ref.Name, ref.Key))
		case err != nil:
			return nil, fmt.Errorf("get the Secret of the credential: %w", err)
		case !ok:
			return refuse(v1alpha1.ReasonCredentialNotFound, fmt.Sprintf(
				"Secret %s/%s has no key %q: add it, with the credential as its value.", ref.Namespace, ref.Name, ref.Key))
		}
		secret, t.Version = value, t.Version+"/"+s.ResourceVersion
	}
	if t.Graph, err = tenant.Connect(&o.Spec, secret, t.Gate); err != nil {
		return refuse(v1alpha1.ReasonInvalidSpec, fmt.Sprintf("The connection cannot be made: %v.", err))
	}
	return t, nil
}

// firstOf returns the name of the EntraTenant that speaks for o's tenantID: the
// oldest, then the first by name.
func (r *TenantReconciler) firstOf(ctx context.Context, o *v1alpha1.EntraTenant) (string, error) {
	var all v1alpha1.EntraTenantList
	if err := r.Client.List(ctx, &all); err != nil {
		return "", fmt.Errorf("list the EntraTenants: %w", err)
	}
	first := o
	for i := range all.Items {
		other := &all.Items[i]
		if !strings.EqualFold(other.Spec.TenantID, o.Spec.TenantID) {
			continue
		}
		if c := other.CreationTimestamp.Compare(first.CreationTimestamp.Time); c < 0 || c == 0 && other.Name < first.Name {
			first = other
		}
	}
	return first.Name, nil
}

// probe tries the connection. What an administrator must mend becomes the
// tenant's problem; bad weather does not: its users see for themselves.
func (r *TenantReconciler) probe(ctx context.Context, t *tenant.Tenant) connection {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, err := t.Graph.User(ctx, nobody)
	if err == nil || graph.KindOf(err) == graph.NotFound {
		return connection{ready: working, least: r.leastPrivilege(ctx, t)}
	}
	failure, ok := errors.AsType[*graph.Error](err)
	if !ok {
		failure = &graph.Error{Kind: graph.Unavailable, Cause: "no answer"}
	}
	switch failure.Kind {
	case graph.Throttled:
		return connection{ready: condition{metav1.ConditionUnknown, v1alpha1.ReasonThrottled, "Graph asked for a pause."}, mood: progressing}
	case graph.Forbidden:
		return r.problem(t, v1alpha1.ReasonForbidden, noAccess(failure))
	case graph.CredentialFailed:
		return r.problem(t, v1alpha1.ReasonCredentialRefused, noToken(&t.Spec, failure))
	default:
		return connection{ready: condition{metav1.ConditionUnknown, v1alpha1.ReasonGraphUnavailable, noAnswer(&t.Spec, failure)}, mood: progressing}
	}
}

func (r *TenantReconciler) problem(t *tenant.Tenant, reason, message string) connection {
	t.Problem = &tenant.Problem{Reason: reason, Message: message}
	return connection{ready: condition{metav1.ConditionFalse, reason, message}, mood: stalled}
}

// saveDeletions writes the deletions of the last hour into the tenant's status, and
// nothing else: what others write there meanwhile stays. It asks for no version, or
// a deletion would have to wait whenever the counts or conditions were just written.
// The budget, which is one for all passes, saves in the order in which it counts.
// Only when one operator takes over from another, and both write, does the last one
// win; it is the new one, which goes on counting from what it has in memory.
func (r *TenantReconciler) saveDeletions(ctx context.Context, name string, counts []v1alpha1.DeletionCount) error {
	if len(counts) == 0 {
		counts = nil // null takes the list away
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"recentDeletions": counts}})
	if err != nil {
		return fmt.Errorf("write down the deletions of the tenant: %w", err)
	}
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := r.Client.Status().Patch(ctx, o, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("save the deletions of the tenant: %w", err)
	}
	return nil
}
