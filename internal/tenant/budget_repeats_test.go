package tenant

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/entraops/phone-operator/internal/phone"
)

func number(t interface{ Fatal(...any) }, s string) phone.Number {
	n, err := phone.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Each step is a deletion of ada's mobile by people unless it says otherwise; want says
// which are counted. The limit is far away.
func TestWhichRepeatsAreCounted(t *testing.T) {
	const first, second = "+1 2065550101", "+1 2065550102"
	type step struct {
		after   time.Duration
		created string // before it, for people
		by      string // the namespace that created it, where it is not people
		shown   string // at the deletion
		from    string // the namespace that deletes, where it is not people
		refused bool
		restart bool
		counted bool
	}
	loop := step{created: first, shown: first}
	counted := step{created: first, shown: first, counted: true}
	for name, steps := range map[string][]step{
		"a loop counts once":                        {counted, loop, loop, loop},
		"once an hour":                              {counted, loop, {after: time.Hour, created: first, shown: first, counted: true}, loop},
		"with another number each time":             {counted, {created: second, shown: second}, loop},
		"a phone that was there before":             {counted, {shown: first, counted: true}},
		"a phone that was there first, then a loop": {{shown: first, counted: true}, loop, loop},
		"a phone that somebody put in its place":    {counted, {created: first, shown: second, counted: true}},
		"one that comes back masked":                {counted, {created: first, shown: "+1 ********01", counted: true}},
		"one of another namespace":                  {counted, {created: first, shown: first, from: "hr", counted: true}},
		"one that another namespace created":        {counted, {created: first, by: "hr", shown: first, counted: true}},
		"one that it created, after another's":      {counted, {created: first, shown: first, from: "hr", counted: true}, {shown: first, counted: true}},
		"one that it created long ago":              {counted, {created: first, shown: ""}, {after: time.Hour, shown: first, counted: true}},
		"after a restart":                           {counted, {restart: true, created: first, shown: first, counted: true}, loop},
		"a free one that Graph refused":             {counted, {created: first, shown: first, refused: true}, {shown: first}, {shown: first, counted: true}},
		"a counted one that Graph refused":          {{created: first, shown: first, refused: true, counted: false}, {shown: first, counted: true}, loop},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCrowd(100)
			for i, s := range steps {
				c.now = c.now.Add(s.after)
				if s.restart {
					c.restart()
				}
				d := one
				if s.by != "" {
					d.Namespace = s.by
				}
				if s.created != "" {
					c.Created(d, number(t, s.created))
				}
				if s.shown == "" {
					continue // it stays
				}
				d.Namespace, d.Shown = one.Namespace, phone.Read(s.shown)
				if s.from != "" {
					d.Namespace = s.from
				}
				before := sum(c)
				if ok, err := c.Take(t.Context(), c.limit, d); !ok || err != nil {
					t.Fatal(ok, err)
				}
				if s.refused {
					must(t, c.Return(t.Context(), d))
				}
				if got := sum(c) != before; got != s.counted {
					t.Errorf("step %d: counted is %v", i, got)
				}
			}
		})
	}
}

func sum(c *crowd) (n int32) {
	for _, count := range recent(c.counts, c.now) {
		n += count.Count
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A loop goes on where the budget is spent: it takes nothing of anybody's. Without any
// deletions allowed it does not.
func TestALoopWaitsForNobody(t *testing.T) {
	c := newCrowd(1)
	d := one
	d.Shown = phone.Read("+1 2065550101")
	for i := range 3 {
		c.Created(d, number(t, "+1 2065550101"))
		if wait := c.Next(1, d); wait != 0 {
			t.Fatalf("round %d waits %v", i, wait)
		}
		if ok, err := c.Take(t.Context(), 1, d); !ok || err != nil {
			t.Fatal(i, ok, err)
		}
	}
	c.Created(d, number(t, "+1 2065550101"))
	if ok, err := c.Take(t.Context(), 0, d); ok || err != nil {
		t.Errorf("a limit of 0: %v, %v", ok, err)
	}
}

// However phones are created, deleted, replaced by others and shown, of those that the
// operator did not register itself never more go in an hour than the limit.
func TestNoMoreThanTheLimitOfOthersPhonesInAnyHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCrowd(int32(rapid.IntRange(0, 3).Draw(t, "limit")))
		numbers := []string{"+1 2065550101", "+1 2065550102"}
		users, namespaces := []string{"ada", "ben"}, []string{"people", "hr"}
		type held struct {
			shown string
			by    string // the namespace that the operator registered it for; empty: somebody else
		}
		has, made := map[string]held{}, map[string]held{} // now, and as the operator registered it last
		var foreign []time.Time
		for range rapid.IntRange(5, 60).Draw(t, "steps") {
			c.now = c.now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "seconds")) * time.Second)
			user, namespace := rapid.SampledFrom(users).Draw(t, "user"), rapid.SampledFrom(namespaces).Draw(t, "namespace")
			d := Deletion{Namespace: namespace, UserID: user, Type: phone.Mobile}
			there, ok := has[user]
			switch what := rapid.SampledFrom([]string{"create", "create", "delete", "delete", "refuse", "foreign", "restart"}).Draw(t, "what"); {
			case what == "restart":
				c.restart()
			case what == "foreign":
				has[user] = held{shown: rapid.SampledFrom(numbers).Draw(t, "number")}
				for _, same := range []held{made[user], there} {
					if same.shown == has[user].shown {
						has[user] = same // the same number again is the same phone to everybody
					}
				}
			case what == "create" && !ok:
				n := rapid.SampledFrom(numbers).Draw(t, "number")
				c.Created(d, number(t, n))
				has[user] = held{shown: n, by: namespace}
				made[user] = has[user]
			case (what == "delete" || what == "refuse") && ok:
				d.Shown = phone.Read(there.shown)
				waits := c.Next(c.limit, d) > 0
				taken, err := c.Take(t.Context(), c.limit, d)
				if err != nil || taken == waits {
					t.Fatal(taken, waits, err)
				}
				if !taken {
					continue
				}
				if what == "refuse" {
					if err := c.Return(t.Context(), d); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if there.by != namespace {
					foreign = append(foreign, c.now)
				}
				delete(has, user)
				delete(made, user)
			}
		}
		for i, at := range foreign {
			var n int32
			for _, other := range foreign[i:] {
				if other.Sub(at) < time.Hour {
					n++
				}
			}
			if n > c.limit {
				t.Fatalf("%d phones of others within an hour, limit %d", n, c.limit)
			}
		}
	})
}
