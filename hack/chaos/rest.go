package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// restWindows is how often there may be a last write of what has one. What is written again and again is written in each.
const restWindows = 3

// The kinds that may be written once more on a busy machine, as versions calls them: events come late, a tenant reads its
// audit log again, and unanswered does not wait for resources that leave or are suspended.
const (
	tenants  = "EntraTenant: "
	occurred = "Event: "
	unasked  = "leaving or suspended: "
)

// rest asks for everything once more, which may write only that it was done, and then looks that nothing is written
// any more: no request that changes Graph, and no new resourceVersion, but for a last write of what may have one.
func (w *world) rest(ctx context.Context, out io.Writer) error {
	writes := w.writes()
	if err := w.askAll(ctx, "at rest"); err != nil {
		return err
	}
	var waits string
	if err := w.until(ctx, func() bool { waits = w.unanswered(ctx, "at rest"); return waits == "" }); err != nil {
		return fmt.Errorf("%w, while %s", err, waits)
	}
	before, err := w.versions(ctx)
	if err != nil {
		return err
	}
	var written map[string]verdict
	for range restWindows {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(w.quiet):
		}
		after, err := w.versions(ctx)
		if err != nil {
			return err
		}
		if written = w.differences(before, after); len(written) == 0 {
			break
		}
		for name, one := range written {
			if !hasLastWrite(name) {
				w.ledger.mu.Lock()
				w.ledger.accuse(one.user, "at rest: %s", one.what)
				w.ledger.mu.Unlock()
				delete(written, name)
				continue
			}
			fmt.Fprintf(out, "           a last write: %s\n", one.what)
		}
		before = after
	}
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	if n := w.ledger.counts["writes to Graph"] - writes; n > 0 {
		w.ledger.accuse(nil, "%d writes to Graph at rest", n)
	}
	for _, one := range written {
		w.ledger.accuse(one.user, "at rest, again and again: %s", one.what)
	}
	return nil
}

func hasLastWrite(name string) bool {
	return strings.HasPrefix(name, tenants) || strings.HasPrefix(name, occurred) || strings.HasPrefix(name, unasked)
}

// differences are the objects that were written between two moments, by name.
func (w *world) differences(before, after map[string]string) map[string]verdict {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	all := map[string]verdict{}
	for name, version := range after {
		if before[name] == version {
			continue
		}
		var whose *account
		if r := w.ledger.resources[strings.TrimPrefix(name, unasked)]; r != nil {
			whose = r.user
		}
		all[name] = verdict{user: whose, what: fmt.Sprintf("%s: %s became %s", name, before[name], version)}
	}
	return all
}

func (w *world) writes() int {
	w.ledger.mu.Lock()
	defer w.ledger.mu.Unlock()
	return w.ledger.counts["writes to Graph"]
}

// unanswered says which resource the operator was not at since what was asked; empty if it was at each. What is suspended,
// as the attacker leaves some, is not read whatever is asked.
func (w *world) unanswered(ctx context.Context, what string) string {
	var all v1alpha1.PhoneAuthenticationMethodList
	if err := w.List(ctx, &all); err != nil {
		return err.Error()
	}
	for _, o := range all.Items {
		if o.Status.LastHandledRequest != what && o.DeletionTimestamp == nil && !o.Spec.Suspend {
			ready := cmp.Or(meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady), &metav1.Condition{Reason: "nothing"})
			return fmt.Sprintf("%s/%s has not been reconciled: it says %s, suspended %v", o.Namespace, o.Name, ready.Reason, o.Spec.Suspend)
		}
	}
	return ""
}

// versions are the resourceVersions of all that the operator could write, but its lease and what it learnt of the pace.
func (w *world) versions(ctx context.Context) (map[string]string, error) {
	versions := map[string]string{}
	for kind, list := range map[string]client.ObjectList{
		"":            &v1alpha1.PhoneAuthenticationMethodList{},
		tenants:       &v1alpha1.EntraTenantList{},
		"Secret: ":    &corev1.SecretList{},
		"Namespace: ": &corev1.NamespaceList{},
		occurred:      &eventsv1.EventList{},
	} {
		if err := w.List(ctx, list); err != nil {
			return nil, fmt.Errorf("list: %w", err)
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error {
			o, kind := item.(client.Object), kind
			version := o.GetResourceVersion()
			switch o := o.(type) {
			case *v1alpha1.EntraTenant:
				version = butPace(o)
			case *v1alpha1.PhoneAuthenticationMethod:
				if o.DeletionTimestamp != nil || o.Spec.Suspend {
					kind = unasked
				}
			}
			versions[kind+client.ObjectKeyFromObject(o).String()] = version
			return nil
		})
	}
	return versions, nil
}

// butPace is all that an EntraTenant says, but its pace and whether drift checks are in time at that pace: they go on at
// rest, and the operator may learn from them.
func butPace(t *v1alpha1.EntraTenant) string {
	t = t.DeepCopy()
	t.ResourceVersion, t.ManagedFields, t.Status.Pace = "", nil, v1alpha1.RequestPace{}
	meta.RemoveStatusCondition(&t.Status.Conditions, v1alpha1.ConditionDriftChecksInTime)
	text, err := json.Marshal(t)
	if err != nil {
		panic(err)
	}
	return string(text)
}
