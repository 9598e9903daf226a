package throttle

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/entraops/phone-operator/internal/emulator/limit"
)

// The pace that Microsoft lists, 5 requests in 10 s, in each form in which it may be enforced: how it is, is not published. A
// dozen users meet no refusal, and that one request at a time is allowed keeps no reconcile from its second request.
func TestTheListedPaceInEachForm(t *testing.T) {
	computes(t)
	bucket := func(n int) func(*limits) {
		return func(l *limits) {
			l.byClass[Authentication] = limit.New(n, time.Duration(n)*2*time.Second, time.Now())
		}
	}
	for name, enforce := range map[string]func(*limits){
		"one request in 2 s": bucket(1),
		"a bucket of 3":      bucket(3),
		"a bucket of 5":      bucket(5),
		"5 in any 10 s":      func(l *limits) { l.window = &window{most: 5} },
	} {
		for _, silent := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, silent %v", name, silent), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newSimulation(50*time.Millisecond, true)
					s.silent = silent
					enforce(&s.limits)
					for i, step := range []struct {
						verb        string
						users, each int
					}{{"create", 12, 1}, {"delete", 12, 2}, {"create", 100, 1}, {"delete", 100, 2}} {
						got, took := s.finish(step.users, job{requests: [classes]int{Directory: 4, Authentication: step.each}})
						used := float64(got.accepted) / (took.Seconds() / 2)
						t.Logf("%s %d: %v, %.0f %% of what is listed, %d refused", step.verb, step.users, took, 100*used, got.refused)
						if used < 0.7 || i == 0 && got.refused > 0 {
							t.Error("want at least 70 %, and none of the first refused")
						}
					}
					if all := s.got[Authentication]; all.refused*40 > all.accepted { // 2.5 %: once it is found out what the limit is
						t.Errorf("%d were refused and %d accepted", all.refused, all.accepted)
					}
				})
			})
		}
	}
}

// finish has so many users reconciled, and returns what was answered below /authentication/ and how long it took.
func (s *simulation) finish(users int, j job) (got answers, took time.Duration) {
	before, began := s.got[Authentication], time.Now()
	q := &queue{}
	q.put(users, j)
	for done := 0; done < users; {
		d, _ := s.run(q, time.Second)
		done += d[j.priority]
	}
	after := s.got[Authentication]
	return answers{after.accepted - before.accepted, after.refused - before.refused}, time.Since(began)
}
