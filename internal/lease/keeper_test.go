package lease_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/entraops/phone-operator/internal/lease"
)

const name = "phone-operator-tenant.contoso"

func server(t *testing.T, f interceptor.Funcs) client.Client {
	scheme := runtime.NewScheme()
	if err := coordinationv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(f).Build()
}

func keeper(c client.Client, identity string) *lease.Keeper {
	return &lease.Keeper{Client: c, Reader: c, Namespace: "system", Identity: identity, Now: time.Now}
}

// pass lets time pass on the virtual clock of a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

// claims reports whether a keeper holds the Lease after it tried to.
func claims(t *testing.T, k *lease.Keeper) bool {
	t.Helper()
	holder, err := k.Claim(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	held := holder == k.Identity
	if held != (k.Check(name) == nil) {
		t.Errorf("%s holds it, and %s may rely on it: %v", holder, k.Identity, k.Check(name))
	}
	return held
}

func renews(t *testing.T, k *lease.Keeper) (lost bool) {
	t.Helper()
	lost, err := k.Renew(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return lost
}

func TestALeaseHasOneHolder(t *testing.T) {
	for sentence, do := range map[string]func(t *testing.T, a, b *lease.Keeper, c client.Client){
		"the first that claims it has it": func(t *testing.T, a, b *lease.Keeper, _ client.Client) {
			if !claims(t, a) || claims(t, b) {
				t.Error("the second has it")
			}
		},
		"what is let go is free at once": func(t *testing.T, a, b *lease.Keeper, _ client.Client) {
			claims(t, a)
			if err := a.Release(t.Context(), name); err != nil || a.Check(name) == nil || !claims(t, b) {
				t.Errorf("it is not: %v", err)
			}
		},
		"who never had it cannot let it go": func(t *testing.T, a, b *lease.Keeper, _ client.Client) {
			claims(t, a)
			claims(t, b)
			if err := errors.Join(b.Release(t.Context(), name), b.Delete(t.Context(), name)); err != nil || renews(t, a) || claims(t, b) {
				t.Errorf("it did: %v", err)
			}
		},
		"a Lease that is deleted is made anew": func(t *testing.T, a, b *lease.Keeper, c client.Client) {
			claims(t, a)
			if err := a.Delete(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			var all coordinationv1.LeaseList
			if err := c.List(t.Context(), &all); err != nil || len(all.Items) > 0 {
				t.Fatalf("%d are left, %v", len(all.Items), err)
			}
			if !claims(t, b) {
				t.Error("it is not")
			}
		},
		"that of one who is dead is waited for from when it was first seen": func(t *testing.T, a, b *lease.Keeper, _ client.Client) {
			claims(t, a)
			pass(time.Hour)
			if claims(t, b) {
				t.Error("it was not: the clocks of two machines differ")
			}
			pass(lease.Duration - time.Second)
			if claims(t, b) {
				t.Error("not long enough")
			}
			pass(time.Second)
			if !claims(t, b) {
				t.Error("for ever")
			}
		},
		"one that is renewed does not run out": func(t *testing.T, a, b *lease.Keeper, _ client.Client) {
			claims(t, a)
			for range 20 {
				pass(lease.RenewPeriod)
				if renews(t, a) || a.Check(name) != nil || claims(t, b) {
					t.Fatal("it did")
				}
			}
		},
		"who was paused does not rely on it, and is told that it is lost": func(t *testing.T, a, b *lease.Keeper, _ client.Client) {
			claims(t, a)
			claims(t, b)
			pass(lease.Duration)
			if !claims(t, b) {
				t.Fatal("the other one does not take it")
			}
			if a.Check(name) == nil {
				t.Error("it relies on it")
			}
			if !renews(t, a) || a.Check(name) == nil {
				t.Error("it is not told")
			}
		},
		"who was paused goes on if nobody took it": func(t *testing.T, a, _ *lease.Keeper, _ client.Client) {
			claims(t, a)
			pass(time.Hour)
			if a.Check(name) == nil {
				t.Error("before it asked")
			}
			if renews(t, a) || a.Check(name) != nil {
				t.Error("it does not")
			}
		},
		"another replica of the holder goes on at once": func(t *testing.T, a, _ *lease.Keeper, c client.Client) {
			claims(t, a)
			next := keeper(c, a.Identity)
			if !claims(t, next) || renews(t, next) {
				t.Error("it does not")
			}
		},
		"one that was deleted by hand is made again": func(t *testing.T, a, b *lease.Keeper, c client.Client) {
			claims(t, a)
			if err := c.DeleteAllOf(t.Context(), &coordinationv1.Lease{}, client.InNamespace("system")); err != nil {
				t.Fatal(err)
			}
			if _, err := a.Renew(t.Context(), name); err != nil && claims(t, b) {
				t.Errorf("it is not: %v", err)
			}
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := server(t, interceptor.Funcs{})
				do(t, keeper(c, "system/a"), keeper(c, "system/b"), c)
			})
		})
	}
}

// A renewal counts from when it was asked for: the answer may take long, and others count from when they see it.
func TestAnAnswerThatTakesLongIsWorthLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := time.Duration(0)
		c := server(t, interceptor.Funcs{Update: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.UpdateOption) error {
			err := c.Update(ctx, o, options...)
			pass(slow)
			return err
		}})
		a := keeper(c, "system/a")
		claims(t, a)
		slow = 15 * time.Second
		renews(t, a)
		pass(5 * time.Second)
		if a.Check(name) == nil {
			t.Error("it is relied on 20 seconds after it was asked for")
		}
	})
}

// step is what one of two operators does, or how long both do nothing.
type step struct {
	who, does int
	fails     bool // the server, where it is asked
	seconds   int
}

// Whatever two operators do, and however long each is paused in between, they never both rely on the Lease. Now and
// then the server fails, be it that it did what was asked.
func TestTwoNeverRelyOnOneLease(t *testing.T) {
	steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
		return step{
			rapid.IntRange(0, 1).Draw(rt, "who"), rapid.IntRange(0, 4).Draw(rt, "does"),
			rapid.IntRange(0, 4).Draw(rt, "fails") == 0, rapid.IntRange(1, 40).Draw(rt, "seconds"),
		}
	}), 1, 60)
	rapid.Check(t, func(rt *rapid.T) {
		history, bothAfter := steps.Draw(rt, "steps"), -1
		synctest.Test(t, func(t *testing.T) {
			fails := false
			c := server(t, interceptor.Funcs{
				Update: func(ctx context.Context, c client.WithWatch, o client.Object, options ...client.UpdateOption) error {
					if err := c.Update(ctx, o, options...); err != nil || !fails {
						return err
					}
					return errors.New("the answer is lost")
				},
				Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, options ...client.GetOption) error {
					if fails {
						return errors.New("no answer")
					}
					return c.Get(ctx, key, o, options...)
				},
			})
			both := []*lease.Keeper{keeper(c, "system/a"), keeper(c, "system/b")}
			for i, s := range history {
				fails = s.fails
				switch k := both[s.who]; s.does {
				case 0, 1:
					_, _ = k.Claim(t.Context(), name)
				case 2:
					_, _ = k.Renew(t.Context(), name)
				case 3:
					_ = k.Release(t.Context(), name)
				case 4:
					pass(time.Duration(s.seconds) * time.Second)
				}
				if both[0].Check(name) == nil && both[1].Check(name) == nil && bothAfter < 0 {
					bothAfter = i
				}
			}
		})
		if bothAfter >= 0 {
			rt.Fatalf("both rely on it after step %d", bothAfter+1)
		}
	})
}
