package preview

import (
	"context"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

// Run finds out what the operator would do. An error means that it cannot be known.
//
//	read -> connect -> reconcile -> report
//
// Values go down this line; nothing but the cluster in memory changes on the way.
func Run(ctx context.Context, o Options) (Preview, error) {
	ctx = log.IntoContext(ctx, logr.Discard()) // the operator's log is about what it does
	from := sourceOf(o)
	s, err := from.read(ctx, o)
	if err != nil {
		return Preview{}, err
	}
	c, err := newCluster(ctx, from.api, s)
	if err != nil {
		return Preview{}, err
	}
	at, err := connector{source: from, overlay: s.overlay, secrets: c}.connectAll(ctx, s.tenants)
	if err != nil {
		return Preview{}, err
	}
	if err := at.reconcileAll(ctx, c, s.users(), from.clock, o.Progress); err != nil {
		return Preview{}, err
	}
	return verdicts{cluster: c, graphs: at, recorded: o.Recording}.report(ctx, s, o.Unmanaged)
}
