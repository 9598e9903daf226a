package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// throttled: how much of a limit is used, and how often Graph has to say no.
func (b *bench) throttled(ctx context.Context) error {
	for _, limit := range b.limits {
		allowed := float64(limit) * (1 + b.limited.Seconds()/10) // the bucket is full at first
		users, err := b.newUsers(ctx, int(allowed/4))            // more than can be done
		if err != nil {
			return err
		}
		if err := b.forget(ctx); err != nil {
			return err
		}
		if err := b.graph.Tell(ctx, http.MethodPut, "/throttle", map[string]any{"requests": limit}); err != nil {
			return err
		}
		all := methodsOf(users, three[0])
		if err := b.create(ctx, all[:len(all)/4]); err != nil { // the others while it works
			return err
		}
		asked, err := b.asked(ctx)
		if err != nil {
			return err
		}
		began := time.Now()
		if len(asked) > 0 {
			began = asked[0].Time
		}
		if err := b.create(ctx, all[len(all)/4:]); err != nil {
			return err
		}
		if err := sleep(ctx, time.Until(began.Add(b.limited))); err != nil {
			return err
		}
		if asked, err = b.asked(ctx); err != nil {
			return err
		}
		use := usageOf(asked, began.Add(b.limited))
		half := began.Add(b.limited / 2) // what the limit is has been learnt by then
		learnt := usageOf(slices.DeleteFunc(slices.Clone(asked), func(r emulator.Request) bool { return r.Time.Before(half) }), began.Add(b.limited))
		b.series.Pace = append(b.series.Pace, paceOf(float64(limit)/10, asked, began, began.Add(b.limited)))
		b.table.add(fmt.Sprintf("limit of %d requests in 10 s, for %v", limit, b.limited), ">= 90 % used, < 2 % 429, 0 inside",
			"%.1f %% used, %.2f %% answered 429 (%.2f %% in the second half), %d sent inside a wait",
			100*float64(use.accepted)/allowed, use.share(), learnt.share(), use.inside)
		if err := b.graph.Tell(ctx, http.MethodDelete, "/throttle", nil); err != nil {
			return err
		}
		if err := b.drop(ctx, b.workers, all); err != nil { // what the operator learnt goes with it, and what is not done yet
			return err
		}
	}
	return nil
}

type usage struct{ accepted, refused, inside int }

// share is how much of what was sent was answered 429, in percent.
func (u usage) share() float64 {
	return 100 * float64(u.refused) / float64(max(1, u.accepted+u.refused))
}

// wire is how long a request may be on its way when a 429 is answered, so that nobody could know of it.
const wire = 100 * time.Millisecond

func usageOf(asked []emulator.Request, end time.Time) usage {
	var u usage
	var from, until time.Time
	for _, r := range asked {
		if r.Time.After(end) {
			continue
		}
		if r.Time.After(from) && r.Time.Before(until) {
			u.inside++
		}
		if r.Status != http.StatusTooManyRequests {
			u.accepted++
			continue
		}
		u.refused++
		seconds, _ := strconv.Atoi(r.RetryAfter)
		if at := r.Time.Add(time.Duration(seconds) * time.Second); at.After(until) {
			from, until = r.Time.Add(wire), at
		}
	}
	return u
}

// memory: the resident memory of the operator with what is there, and with many more.
func (b *bench) memory(ctx context.Context) error {
	if err := b.populate(ctx); err != nil {
		return err
	}
	few := len(b.drift)
	before, highest, err := b.restarted(ctx)
	if err != nil {
		return err
	}
	const mib = 1 << 20
	more := (b.sizes.memory - few) / 2
	if more <= 0 {
		b.table.add(fmt.Sprintf("memory, %d methods", few), fmt.Sprintf("< %d MiB (64 MiB + 3 KiB each)", 64+few*3/1024),
			"%.0f MiB, highest %.0f MiB", float64(before)/mib, float64(highest)/mib)
		return nil
	}
	_ = b.operator.Stop(grace)
	users, err := b.newUsers(ctx, more)
	if err != nil {
		return err
	}
	all := methodsOf(users, three[0], three[2])
	b.say("fill in %d methods", len(all))
	if err := b.fill(ctx, all); err != nil {
		return err
	}
	if err := b.startOperator(ctx); err != nil {
		return err
	}
	after, highestAfter, err := b.restarted(ctx)
	if err != nil {
		return err
	}
	b.series.Memory = []memoryPoint{{few, float64(before) / (1 << 20)}, {few + len(all), float64(after) / (1 << 20)}}
	slope := float64(after-before) / float64(len(all))
	b.table.add(fmt.Sprintf("memory, %d methods", few+len(all)), fmt.Sprintf("< %d MiB (64 MiB + 3 KiB each)", 64+(few+len(all))*3/1024),
		"%.0f MiB, highest %.0f MiB (with %d methods %.0f MiB)", float64(after)/mib, float64(highestAfter)/mib, few, float64(before)/mib)
	b.table.add("memory, 100,000 methods", "< 357 MiB", "%.0f MiB by the slope of %.1f KiB each",
		(float64(after)+slope*float64(100_000-few-len(all)))/mib, slope/1024)
	return b.drop(ctx, b.workers, all)
}

// firstServed: how long after its start the operator serves a user whom somebody waits for, while it also looks through
// all others.
func (b *bench) firstServed(ctx context.Context) error {
	if err := b.populate(ctx); err != nil {
		return err
	}
	_ = b.operator.Stop(grace)
	took, err := b.startAndServe(ctx)
	if err != nil {
		return err
	}
	b.table.add(fmt.Sprintf("start with %d methods, until the first user change is served", len(b.drift)), "< 10 s (100,000)", "%.1f s", took.Seconds())
	return b.quiet(ctx)
}

// startAndServe starts the operator, and returns how long it took until a user was served who came while it did not run.
func (b *bench) startAndServe(ctx context.Context) (took time.Duration, err error) {
	users, err := b.newUsers(ctx, 1)
	if err != nil {
		return 0, err
	}
	o := newMethod(users[0], three[0])
	if err := b.admin.Create(ctx, o); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := b.startOperator(ctx); err != nil {
		return 0, err
	}
	err = b.profiled(ctx, "start", func() error {
		at, err := b.tracker.all(ctx, []string{o.Name})
		took = at.Sub(began)
		return err
	})
	return took, err
}

// populate fills in the resources of the large run, where that was not measured.
func (b *bench) populate(ctx context.Context) error {
	if len(b.drift) > 0 {
		return nil
	}
	_ = b.operator.Stop(grace)
	b.say("fill in %d methods", 2*b.users)
	users, err := b.newUsers(ctx, b.users)
	if err != nil {
		return err
	}
	all := methodsOf(users, three[0], three[2])
	if err := b.fill(ctx, all); err != nil {
		return err
	}
	b.drift = all
	if _, err := b.startAndServe(ctx); err != nil { // then the cache is filled
		return err
	}
	return b.quiet(ctx)
}

// drop takes resources away while no operator runs, by so many at once, and starts one anew.
func (b *bench) drop(ctx context.Context, workers int, all []*v1alpha1.PhoneAuthenticationMethod) error {
	_ = b.operator.Stop(grace)
	err := parallel(workers, all, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		if err := b.admin.Patch(ctx, o, client.RawPatch(client.Merge.Type(), []byte(`{"metadata":{"finalizers":null}}`))); err != nil {
			return err
		}
		return b.admin.Delete(ctx, o)
	})
	if err != nil {
		return err
	}
	if err := b.startOperator(ctx); err != nil {
		return err
	}
	return b.quiet(ctx)
}

// restarted starts the operator anew, lets it look at everybody, and returns its memory a little later.
func (b *bench) restarted(ctx context.Context) (now, highest int64, err error) {
	_ = b.operator.Stop(grace)
	if err := b.forget(ctx); err != nil {
		return 0, 0, err
	}
	if _, err := b.startAndServe(ctx); err != nil { // else it is quiet because the cache is not filled yet
		return 0, 0, err
	}
	if err := b.quiet(ctx); err != nil {
		return 0, 0, err
	}
	if err := b.settle(ctx); err != nil {
		return 0, 0, err
	}
	return b.resident()
}

// processorTime is what the operator used so far. Linux only.
func (b *bench) processorTime() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.operator.PID()))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	user, err := strconv.Atoi(string(fields[11]))
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * (time.Second / userHZ), err
}

// userHZ is the unit of processor times in /proc, the same on all architectures that the operator is built for.
const userHZ = 100

// resident is the memory of the operator in bytes, now and at its highest. Linux only.
func (b *bench) resident() (now, highest int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.operator.PID()))
	if err != nil {
		return 0, 0, err
	}
	field := func(name string) (bytesUsed int64) {
		_, rest, _ := bytes.Cut(status, []byte(name+":"))
		if words := bytes.Fields(rest); len(words) > 0 {
			bytesUsed, _ = strconv.ParseInt(string(words[0]), 10, 64)
		}
		return bytesUsed << 10
	}
	return field("VmRSS"), field("VmHWM"), nil
}
