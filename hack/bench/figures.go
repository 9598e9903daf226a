package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

var three = []v1alpha1.PhoneType{v1alpha1.PhoneTypeMobile, v1alpha1.PhoneTypeAlternateMobile, v1alpha1.PhoneTypeOffice}

// settle waits until the operator has nothing left to write: the tenant's counts come 15 s after the last change.
func (b *bench) settle(ctx context.Context) error { return sleep(ctx, 16*time.Second) }

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// counts: what one user's three new methods cost at Graph and at the API server.
func (b *bench) counts(ctx context.Context) error {
	warm, err := b.newUsers(ctx, 1) // the token, and the operator's start
	if err != nil {
		return err
	}
	if err := b.becomeReady(ctx, methodsOf(warm, three...)); err != nil {
		return err
	}
	b.pattern = warm[0]
	users, err := b.newUsers(ctx, b.few)
	if err != nil {
		return err
	}
	least, most, writes := 1<<30, 0, 0
	did, err := b.during(ctx, func() error {
		for _, u := range users {
			if err := b.forget(ctx); err != nil {
				return err
			}
			if err := b.becomeReady(ctx, methodsOf([]emulator.User{u}, three...)); err != nil {
				return err
			}
			asked, err := b.asked(ctx)
			if err != nil {
				return err
			}
			for _, r := range asked {
				if r.IsWrite() {
					writes++
				}
			}
			least, most = min(least, len(asked)), max(most, len(asked))
		}
		return sleep(ctx, time.Second) // events are written later
	})
	if err != nil {
		return err
	}
	var stored v1alpha1.PhoneAuthenticationMethod
	if err := b.admin.Get(ctx, client.ObjectKey{Namespace: people, Name: newMethod(b.pattern, three[0]).Name}, &stored); err != nil {
		return err
	}
	text, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	b.table.add("a Ready resource as JSON, as etcd has it", "", "%.1f KiB, managedFields %.1f KiB of it",
		float64(len(text))/1024, float64(len(text)-len(withoutManagedFields(stored)))/1024)
	n := float64(3 * len(users))
	b.table.add("Graph round trips, 3 new methods of one user", "2", "%d to %d (%d users by name)", least, most, len(users))
	b.table.add("Graph writes, each method", "1", "%.2f", float64(writes)/n)
	b.table.add("Kubernetes writes per new method", "3 or fewer", "%.2f, and %.2f events",
		float64(did.resources)/n-1, float64(did.events)/n)
	return nil
}

func withoutManagedFields(o v1alpha1.PhoneAuthenticationMethod) []byte {
	o.ManagedFields = nil
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // it was marshalled before
	}
	return text
}

func (b *bench) becomeReady(ctx context.Context, all []*v1alpha1.PhoneAuthenticationMethod) error {
	if err := b.create(ctx, all); err != nil {
		return err
	}
	_, err := b.tracker.all(ctx, names(all))
	return err
}

// declare makes the resources of a large run, while no operator runs.
func (b *bench) declare(ctx context.Context) ([]*v1alpha1.PhoneAuthenticationMethod, error) {
	users, err := b.newUsers(ctx, b.users)
	if err != nil {
		return nil, err
	}
	all := methodsOf(users, three[0], three[2])
	return all, b.create(ctx, all)
}

// many: from the start of the operator to all Ready, with everything applied before.
func (b *bench) many(ctx context.Context) error {
	_ = b.operator.Stop(grace)
	all, err := b.declare(ctx)
	if err != nil {
		return err
	}
	var took time.Duration
	did, err := b.during(ctx, func() error {
		began := time.Now()
		if err := b.startOperator(ctx); err != nil {
			return err
		}
		err := b.profiled(ctx, "many-methods", func() error {
			last, err := b.tracker.all(ctx, names(all))
			took = last.Sub(began)
			return err
		})
		if err != nil {
			return err
		}
		b.series.ready(fmt.Sprintf("%d methods at once", len(all)), b.tracker.since(began, names(all))...)
		return b.settle(ctx)
	})
	if err != nil {
		return err
	}
	b.drift = all
	b.table.add(fmt.Sprintf("%d methods of %d users to all Ready", len(all), b.users), "at most 1.25 times bare",
		"%s; %s", beside(took, len(all), b.bareTook), did)
	return nil
}

// beside says how long so many methods took the operator, and as many the bare client.
func beside(took time.Duration, n int, bare time.Duration) string {
	said := fmt.Sprintf("%.1f s, %.0f methods/s", took.Seconds(), float64(n)/took.Seconds())
	if bare == 0 {
		return said + ", bare not measured"
	}
	return said + fmt.Sprintf("; bare in %.1f s, %.0f methods/s: %.2f times", bare.Seconds(), float64(n)/bare.Seconds(), took.Seconds()/bare.Seconds())
}

// atRest: nothing is to be written, neither left alone nor when everybody is read again.
func (b *bench) atRest(ctx context.Context) error {
	if err := b.populate(ctx); err != nil {
		return err
	}
	before, err := b.processorTime()
	if err != nil {
		return err
	}
	alone, err := b.during(ctx, func() error { return sleep(ctx, b.rest) })
	if err != nil {
		return err
	}
	after, err := b.processorTime()
	if err != nil {
		return err
	}
	drift, err := b.during(ctx, func() error {
		if err := b.readAllAgain(ctx); err != nil {
			return err
		}
		return b.quiet(ctx)
	})
	if err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("processor time at rest, %d methods", len(b.drift)), "", "%.1f %% of one processor", 100*(after-before).Seconds()/b.rest.Seconds())
	b.table.add("Kubernetes writes at rest", "0", "%d in %v; %d in a pass over all (%d requests to Graph)",
		alone.resources+alone.events, b.rest, drift.resources+drift.events, drift.graph)
	return nil
}

// readAllAgain has the operator look for drift at every user, by an edit of the tenant.
func (b *bench) readAllAgain(ctx context.Context) error {
	b.edits++
	return b.editTenant(ctx, func(s *v1alpha1.EntraTenantSpec) {
		s.ResyncPeriod = &metav1.Duration{Duration: time.Hour + time.Duration(b.edits)*time.Minute}
	})
}

func (b *bench) editTenant(ctx context.Context, change func(*v1alpha1.EntraTenantSpec)) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		var tenant v1alpha1.EntraTenant
		if err := b.admin.Get(ctx, client.ObjectKey{Name: "default"}, &tenant); err != nil {
			return err
		}
		change(&tenant.Spec)
		return b.admin.Update(ctx, &tenant)
	})
}

// quiet waits until Graph is asked nothing for a second.
func (b *bench) quiet(ctx context.Context) error {
	for last := -1; ; {
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
		asked, err := b.askedSoFar(ctx)
		if err != nil {
			return err
		}
		if asked == last {
			return nil
		}
		last = asked
	}
}

// idleLatency measures with a Graph that answers at once, and with one that takes as long as the real one.
func (b *bench) idleLatency(ctx context.Context) error {
	took, err := b.latencies(ctx, b.probes, func() bool { return true })
	if err != nil {
		return err
	}
	b.series.ready("idle", took...)
	b.addLatencies("apply to Ready, one method, idle", "p50 < 30 ms, p99 < 100 ms", took)
	const slow = 100 * time.Millisecond
	if err := b.graph.Tell(ctx, http.MethodPost, "/faults", map[string]any{"effect": emulator.Delay, "delay": slow.String()}); err != nil {
		return err
	}
	if took, err = b.latencies(ctx, b.probes/3, func() bool { return true }); err != nil {
		return err
	}
	b.addLatencies(fmt.Sprintf("the same, each answer of Graph %v later", slow), "p50 < 350 ms, p99 < 500 ms", took)
	return b.graph.Tell(ctx, http.MethodDelete, "/faults", nil)
}

func (b *bench) addLatencies(of, goal string, took []time.Duration) {
	b.table.add(fmt.Sprintf("%s (%d)", of, len(took)), goal, "p50 %v, p99 %v", quantile(took, 0.5), quantile(took, 0.99))
}

func (b *bench) driftLatency(ctx context.Context) error {
	if err := b.populate(ctx); err != nil {
		return err
	}
	if err := b.forget(ctx); err != nil {
		return err
	}
	if err := b.readAllAgain(ctx); err != nil {
		return err
	}
	enough := len(b.drift) * 9 / 10 // requests, two for each user, who has two methods; the last ones are no pass any more
	passed := 0
	took, err := b.latencies(ctx, b.probes, func() bool {
		if passed%10 == 0 {
			asked, err := b.askedSoFar(ctx)
			if err != nil || asked > enough {
				return false
			}
		}
		passed++
		return true
	})
	if err != nil {
		return err
	}
	b.series.ready("during a drift pass", took...)
	b.addLatencies(fmt.Sprintf("the same during a drift pass over %d", len(b.drift)), "p99 < 500 ms", took)
	return b.quiet(ctx)
}

// latencies applies up to n methods, one after the other, and measures from before the request to the API server until the watch
// tells that it is Ready.
func (b *bench) latencies(ctx context.Context, n int, more func() bool) ([]time.Duration, error) {
	users, err := b.newUsers(ctx, n)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for _, u := range users {
		if !more() {
			break
		}
		o := newMethod(u, three[0])
		began := time.Now()
		if err := b.admin.Create(ctx, o); err != nil {
			return nil, err
		}
		at, err := b.tracker.all(ctx, []string{o.Name})
		if err != nil {
			return nil, err
		}
		took = append(took, at.Sub(began))
	}
	return took, nil
}
