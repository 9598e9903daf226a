package main

import (
	"context"
	"hash/fnv"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/internal/devcluster"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
)

// The namespaces of resources, beside hostile. No access rule is ever for outsiders.
const (
	people    = "people"
	team      = "team"
	outsiders = "outsiders"
)

var phoneTypes = []string{emulator.Mobile, emulator.AlternateMobile, emulator.Office}

// world is the cluster, Graph and the operator's replicas.
type world struct {
	options
	*install.Cluster
	front      *front
	ledger     *ledger
	replicas   []*replica
	tenants    []*tenant
	users      []*user
	attacker   *attacker // nil: none yet
	bystanders []*account
	lastBlow   time.Time
}

// build makes everything but the operator's processes.
func build(ctx context.Context, o options, dir string) (w *world, err error) {
	if err := install.Build(ctx, dir, "."); err != nil {
		return nil, err
	}
	w = &world{options: o, ledger: newLedger()}
	if w.Cluster, err = install.Start(dir, devcluster.Options{}); err != nil {
		return nil, err
	}
	w.front = newFront(o.seed, w.ledger)
	defer func() {
		if err != nil {
			w.stop()
		}
	}()
	if _, err := w.Install(ctx); err != nil {
		return nil, err
	}
	for _, name := range []string{people, team, outsiders, hostile} {
		if err := w.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"a", "b"} {
		w.replicas = append(w.replicas, &replica{name: name, w: w})
	}
	return w, w.populate(ctx)
}

// stop ends the cluster and Graph. The replicas end with the context that keeps them.
func (w *world) stop() {
	w.front.close()
	_ = w.Stop() // its files go with it
}

// dice are the random numbers of one actor: they follow from the seed and the actor's name, not from who comes first.
func (o options) dice(actor string) *rand.Rand {
	name := fnv.New64a()
	_, _ = name.Write([]byte(actor))
	return rand.New(rand.NewPCG(o.seed, name.Sum64()))
}
