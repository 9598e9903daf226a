package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

const (
	people   = "people"
	tenantID = "11111111-2222-3333-4444-555555555555"
	secret   = "not a secret"
	domain   = "contoso.com"
)

// grace is how long a program may take to end when asked.
const grace = 20 * time.Second

// bench is everything that runs, and what was measured.
type bench struct {
	sizes
	table  *table
	series *series

	dir      string
	admin    *install.Cluster
	metrics  *discovery.DiscoveryClient
	graph    *install.Graph
	operator *install.Operator
	tracker  *tracker

	drift                 []*v1alpha1.PhoneAuthenticationMethod // that the large run made Ready
	bareTook, bareRemoval time.Duration
	edits                 int
	pattern               emulator.User // whose resources the operator wrote first
}

func (b *bench) say(format string, a ...any) {
	if b.verbose {
		fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", a...)
	}
}

// start runs everything, in dir. The policy about metadata is left out: it would not let the largest resources in.
func (b *bench) start(ctx context.Context) (err error) {
	b.say("build")
	if err := install.Build(ctx, b.dir, ".", "./cmd/graph-emulator"); err != nil {
		return err
	}
	b.say("start the API server and the emulator")
	if b.admin, err = install.Start(b.dir, devcluster.Options{}); err != nil {
		return err
	}
	// A figure of the operator is none of Graph's delays.
	if b.graph, err = install.StartGraph(ctx, b.dir, "--read-lag=0"); err != nil {
		return err
	}
	err = b.graph.Tell(ctx, http.MethodPost, "/seed", emulator.Seed{
		Tenants: []emulator.Tenant{{ID: tenantID, Domains: []string{domain}}},
		Apps:    []emulator.App{{ClientID: install.ClientID, Secret: secret, Roles: install.Permissions}},
	})
	if err != nil {
		return err
	}
	if b.metrics, err = discovery.NewDiscoveryClientForConfig(b.admin.Config()); err != nil {
		return err
	}
	if _, err := b.admin.Install(ctx, install.MetadataPolicy...); err != nil {
		return err
	}
	if err := b.admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: people}}); err != nil {
		return err
	}
	err = b.admin.Declare(ctx, install.Tenant{Name: "default", ID: tenantID, Secret: secret, Graph: b.graph.Endpoint,
		Access: []v1alpha1.AccessRule{install.Access(people, "*@"+domain)}})
	if err != nil {
		return err
	}
	if b.tracker, err = newTracker(ctx, b.admin); err != nil {
		return err
	}
	return b.startOperator(ctx)
}

func (b *bench) startOperator(ctx context.Context) (err error) {
	b.operator, err = b.admin.Launch(ctx, install.Launch{Profiles: b.profiles != "", Args: []string{"--max-concurrent-reconciles=" + strconv.Itoa(b.workers)}})
	return err
}

// asked returns what Graph was asked since forget, the token endpoint left out.
func (b *bench) asked(ctx context.Context) ([]emulator.Request, error) {
	var all, graph []emulator.Request
	if err := b.graph.Ask(ctx, "/requests", &all); err != nil {
		return nil, err
	}
	for _, r := range all {
		if strings.HasPrefix(r.Path, "/v1.0/") && r.Batch == "" {
			graph = append(graph, r)
		}
	}
	return graph, nil
}

// askedSoFar is how many requests Graph was sent since forget, those for tokens included.
func (b *bench) askedSoFar(ctx context.Context) (n int, err error) {
	err = b.graph.Ask(ctx, "/requests/count", &n)
	return n, err
}

func (b *bench) forget(ctx context.Context) error {
	return b.graph.Tell(ctx, http.MethodDelete, "/requests", nil)
}

// work is what the API server and Graph were asked, whoever asked.
type work struct {
	resources, events, tenants int // writes to the API server, as it counts them itself
	reads                      int // of resources, but watches
	graph                      int // requests, those for tokens included
}

func (w work) String() string {
	return fmt.Sprintf("writes %d, events %d, EntraTenant %d; reads %d; Graph %d", w.resources, w.events, w.tenants, w.reads, w.graph)
}

// during returns what was asked while something was done.
func (b *bench) during(ctx context.Context, do func() error) (work, error) {
	before, err := b.workSoFar(ctx)
	if err != nil {
		return work{}, err
	}
	if err := do(); err != nil {
		return work{}, err
	}
	w, err := b.workSoFar(ctx)
	return work{w.resources - before.resources, w.events - before.events, w.tenants - before.tenants, w.reads - before.reads, w.graph - before.graph}, err
}

// workSoFar is what the API server was asked since it started, and Graph since forget.
func (b *bench) workSoFar(ctx context.Context) (w work, err error) {
	text, err := b.metrics.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return w, err
	}
	for line := range strings.Lines(string(text)) {
		labels, ok := strings.CutPrefix(strings.TrimSpace(line), "apiserver_request_total{")
		if !ok {
			continue
		}
		n, _ := strconv.ParseFloat(labels[strings.LastIndexByte(labels, ' ')+1:], 64)
		of := label(labels, "resource")
		switch label(labels, "verb") {
		case "POST", "PUT", "PATCH", "APPLY", "DELETE":
			switch of {
			case "phoneauthenticationmethods":
				w.resources += int(n)
			case "events":
				w.events += int(n)
			case "entratenants":
				w.tenants += int(n)
			}
		case "GET", "LIST":
			if of == "phoneauthenticationmethods" {
				w.reads += int(n)
			}
		}
	}
	w.graph, err = b.askedSoFar(ctx)
	return w, err
}

func label(labels, name string) string {
	_, rest, _ := strings.Cut(","+labels, ","+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}
