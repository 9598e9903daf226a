// Package doctor looks for what is wrong with an installation, with the rights of the person who asks: the API and its
// version, the operator, its webhook, what that person may do, and each EntraTenant down to the token and the clock. It
// changes nothing. Of Graph it asks nothing but who nobody is, with a client that cannot write.
//
// What only the operator itself can check is in package selfcheck.
package doctor

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/openapi"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// State is how a check came out.
type State string

// The states. The words are for programs, and stay.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "FAIL"
	Skip State = "skip" // it could not be looked at
)

// Finding is what one check came to.
type Finding struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what to do about it
}

// Options say where to look.
type Options struct {
	API     client.Client
	Schemas openapi.Client // of the same API server
	// Namespace is where people declare phones, Operator where the operator runs.
	Namespace, Operator string
	// Patience is how long to wait for the leader to renew its Lease.
	Patience time.Duration
	Now      func() time.Time
}

// Examine looks at everything. An error says that nothing could be looked at.
func Examine(ctx context.Context, o Options) ([]Finding, error) {
	all, served, err := o.api()
	if err != nil {
		return nil, fmt.Errorf("ask the API server what it serves: %w", err)
	}
	if !served {
		return all, nil
	}
	all = append(all, o.operator(ctx)...)
	all = append(all, o.webhook(ctx), o.rights(ctx), proxy())
	return append(all, o.tenants(ctx)...), nil
}
