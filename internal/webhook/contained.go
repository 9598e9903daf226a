package webhook

import (
	"context"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// contained is a part of the manager that may end without the manager. The rotator
// gives up where its Secret or its rights are missing; phones are kept all the same.
type contained struct {
	manager.Runnable
	log logr.Logger
}

// NeedLeaderElection says that each replica runs it: each serves.
func (contained) NeedLeaderElection() bool { return false }

// Start runs the part. Its failure is logged here and goes no further.
func (c contained) Start(ctx context.Context) error {
	if err := c.Runnable.Start(ctx); err != nil && ctx.Err() == nil {
		c.log.Error(err, "the webhook's certificates are not looked after any more: see that its Secret and its roles are there, then restart this pod")
	}
	return nil
}
