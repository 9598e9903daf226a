package tenant_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"

	"github.com/entraops/phone-operator/internal/lease"
	"github.com/entraops/phone-operator/internal/tenant"
)

// shares are two operators that could work for the same tenants.
func shares(t *testing.T) (a, b *tenant.Share) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := coordinationv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c := fake.NewClientBuilder().WithScheme(scheme).Build()
	of := func(identity string) *tenant.Share {
		leads := &lease.Term{}
		leads.Renew(time.Now(), time.Hour)
		return &tenant.Share{Leader: leads, Leases: &lease.Keeper{Client: c, Reader: c, Namespace: "system", Identity: identity, Now: time.Now}}
	}
	return of("system/a"), of("system/b")
}

// pass lets time pass on the virtual clock of a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

func claim(t *testing.T, s *tenant.Share, name string) (other string, taken bool) {
	t.Helper()
	other, taken, err := s.Claim(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return other, taken
}

func letGo(t *testing.T, s *tenant.Share, name string) bool {
	t.Helper()
	done, err := s.LetGo(t.Context(), name, false)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestAShareSelectsByLabels(t *testing.T) {
	for selector, want := range map[string][2]bool{"": {true, true}, "shard=a": {true, false}, "!shard": {false, true}, "shard!=a": {false, true}} {
		parsed, err := labels.Parse(selector)
		if err != nil {
			t.Fatal(err)
		}
		s := &tenant.Share{Selector: parsed}
		if got := [2]bool{s.Selects(map[string]string{"shard": "a"}), s.Selects(nil)}; got != want {
			t.Errorf("%q selects shard=a: %t, no label: %t", selector, got[0], got[1])
		}
	}
	var all *tenant.Share
	if _, err := all.Begin("x"); err != nil || !all.Selects(nil) || all.Check("x") != nil {
		t.Error("without a share something is left out")
	}
}

func TestATenantIsLetGoWhenTheLastReconcileHasEnded(t *testing.T) {
	a, b := shares(t)
	claim(t, a, "x")
	first, err := a.Begin("x")
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Begin("x")
	if err != nil {
		t.Fatal(err)
	}
	if letGo(t, a, "x") {
		t.Error("it is let go under two who work")
	}
	if _, err := a.Begin("x"); !errors.Is(err, tenant.ErrNotOurs) {
		t.Errorf("another one begins: %v", err)
	}
	if err := a.Check("x"); err != nil {
		t.Errorf("those who work cannot come to their end: %v", err)
	}
	first()
	if other, _ := claim(t, b, "x"); other != "system/a" || letGo(t, a, "x") {
		t.Errorf("it is let go under one who works, and %q has it", other)
	}
	second()
	if !letGo(t, a, "x") || a.Check("x") == nil {
		t.Error("it is not let go")
	}
	if other, taken := claim(t, b, "x"); other != "" || !taken {
		t.Errorf("%q has it", other)
	}
}

func TestWhoTakesATenantForgetsFirst(t *testing.T) {
	a, _ := shares(t)
	begun := false
	a.Taken = func(_ context.Context, name string) error {
		if begun = begun || name != "x"; begun {
			return errors.New("the cache is stopping")
		}
		begun = true
		return nil
	}
	if _, taken := claim(t, a, "x"); !taken || !begun {
		t.Error("it is not told that it took it")
	}
	if _, taken := claim(t, a, "x"); taken {
		t.Error("it takes what it has")
	}
	if _, _, err := a.Claim(t.Context(), "y"); err == nil {
		t.Error("it works without having forgotten")
	}
	if _, err := a.Begin("y"); err == nil {
		t.Error("users are reconciled without that it has forgotten")
	}
}

func TestNothingIsBegunWithoutTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := shares(t)
		claim(t, a, "x")
		pass(lease.Duration) // nothing renews it
		if _, err := a.Begin("x"); !errors.Is(err, lease.ErrLapsed) || a.Check("x") == nil {
			t.Errorf("got %v", err)
		}
		if _, taken := claim(t, a, "x"); taken {
			t.Error("nobody else had it meanwhile")
		}
		a.Leader.End()
		if _, err := a.Begin("x"); !errors.Is(err, lease.ErrLapsed) || a.Check("x") == nil || a.CheckLeader() == nil {
			t.Errorf("who does not lead: %v", err)
		}
		if end := b.BeginWithout("y"); b.Check("y") != nil {
			t.Error("nothing can be said of a tenant that is not there")
		} else if end(); b.Check("y") == nil {
			t.Error("of one that may be there by now, something can")
		}
	})
}

func TestTheLeasesAreRenewedAndLetGoAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := shares(t)
		claim(t, a, "x")
		claim(t, a, "y")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Start(ctx) }()
		pass(10 * lease.Duration)
		if other, _ := claim(t, b, "x"); other != "system/a" || a.Check("x") != nil {
			t.Fatalf("%q has it", other)
		}
		end, err := a.Begin("x")
		if err != nil {
			t.Fatal(err)
		}
		stop()
		pass(2 * lease.Duration)
		if other, _ := claim(t, b, "y"); other != "" {
			t.Errorf("%q has what nobody works at", other)
		}
		if other, _ := claim(t, b, "x"); other != "system/a" || a.Check("x") != nil {
			t.Errorf("%q has what somebody works at", other)
		}
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if other, _ := claim(t, b, "x"); other != "" {
			t.Errorf("%q has it", other)
		}
	})
}

// The next leader goes on with the Leases in the same name: who led before must not let them go.
func TestWhoDoesNotLeadAnyMoreKeepsItsHandsOffTheLeases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := shares(t)
		claim(t, a, "x")
		a.Leader.End()
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := a.Start(ctx); err != nil {
			t.Fatal(err)
		}
		if other, _ := claim(t, b, "x"); other != "system/a" {
			t.Errorf("%q has it", other)
		}
	})
}

func TestALostLeaseIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := shares(t)
		var lost string
		a.Lost = func(name string) { lost += name }
		claim(t, a, "x")
		claim(t, b, "x")
		pass(lease.Duration)
		claim(t, b, "x")
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Start(ctx) }()
		pass(4 * lease.RenewPeriod)
		if _, err := a.Begin("x"); lost != "x" || !errors.Is(err, tenant.ErrNotOurs) {
			t.Errorf("%q was told of, and it begins: %v", lost, err)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestALongNameHasALease(t *testing.T) {
	a, _ := shares(t)
	long := strings.Repeat("x", 253)
	claim(t, a, long)
	var all coordinationv1.LeaseList
	if err := a.Leases.Client.List(t.Context(), &all, client.InNamespace("system")); err != nil || len(all.Items) != 1 || len(all.Items[0].Name) > 253 {
		t.Errorf("%v %v", all.Items, err)
	}
}
