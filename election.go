package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	coordinationv1client "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/entraops/phone-operator/internal/lease"
	"github.com/entraops/phone-operator/internal/tenant"
)

const (
	// leaderLease is the name of the leader's Lease of an operator for all EntraTenants.
	leaderLease = "phone-operator.identity.entraops.dev"
	// renewDeadline is the RenewDeadline of leader election, and how long a leader relies on its last renewal. Others
	// take the Lease 5 seconds later.
	renewDeadline = 10 * time.Second
)

// selectorFlag is a flag that selects by labels. The zero value selects all.
type selectorFlag struct{ labels.Selector }

func (s *selectorFlag) String() string {
	if s.Selector == nil {
		return ""
	}
	return s.Selector.String()
}

// Set parses a selector as kubectl --selector takes it.
func (s *selectorFlag) Set(value string) (err error) {
	s.Selector, err = labels.Parse(value)
	return err
}

// operatorID is the name of the leader's Lease. Operators that select other EntraTenants elect leaders of their own.
func (f *flags) operatorID() string {
	selector := f.tenantSelector.String()
	if f.leaderElectionID != "" || selector == "" {
		return cmp.Or(f.leaderElectionID, leaderLease)
	}
	sum := sha256.Sum256([]byte(selector))
	return leaderLease + "-" + hex.EncodeToString(sum[:4])
}

// electionNamespace is where the leader's Lease is.
func (f *flags) electionNamespace() string {
	return cmp.Or(f.leaderElectionNamespace, ownNamespace(serviceAccountNamespace))
}

// election is how this process comes to lead, and in which name it holds the Leases of tenants.
type election struct {
	selector            labels.Selector
	namespace, identity string
	lock                *resourcelock.LeaseLock // nil: it leads, and so may any other
	leader              *lease.Term
}

// elect has the manager that is made with o take part in the election, in a way that tells until when it leads.
func (f *flags) elect(config *rest.Config, o *ctrl.Options) (*election, error) {
	e := &election{selector: f.tenantSelector.Selector}
	if !f.leaderElect {
		return e, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("find the name of this replica for the Lease: %w", err)
	}
	brief := rest.AddUserAgent(config, "leader-election")
	brief.Timeout = renewDeadline / 2 // one request that hangs must not cost the Lease
	leases, err := coordinationv1client.NewForConfig(brief)
	if err != nil {
		return nil, err
	}
	e.namespace = f.electionNamespace()
	e.identity = e.namespace + "/" + f.operatorID()
	e.leader = &lease.Term{}
	e.lock = &resourcelock.LeaseLock{
		LeaseMeta:  metav1.ObjectMeta{Namespace: e.namespace, Name: f.operatorID()},
		Client:     leases,
		LockConfig: resourcelock.ResourceLockConfig{Identity: host + "_" + uuid.NewString()},
	}
	o.RenewDeadline = new(renewDeadline)
	o.LeaderElectionID = f.operatorID() // in the metric of who leads, which alerts go by
	o.LeaderElectionResourceLockInterface = lease.Watched{Interface: e.lock, Term: e.leader, Allowed: renewDeadline}
	return e, nil
}

// share is what of the tenants falls to this operator.
func (e *election) share(mgr ctrl.Manager) *tenant.Share {
	s := &tenant.Share{Selector: e.selector, Leader: e.leader}
	if e.lock != nil {
		e.lock.LockConfig.EventRecorder = mgr.GetEventRecorderFor(e.lock.LockConfig.Identity) //nolint:staticcheck // what client-go's election takes
		s.Leases = &lease.Keeper{Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Namespace: e.namespace, Identity: e.identity, Now: time.Now}
	}
	return s
}
