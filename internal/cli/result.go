package cli

import (
	"fmt"
	"io"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// result is what became of one resource.
type result struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Outcome   string `json:"outcome"` // Suspended, Resumed, Unchanged, ... or Failed
	Message   string `json:"message,omitempty"`
}

const failed = "Failed"

func resultOf(o client.Object, outcome, message string) result {
	return result{o.GetNamespace(), o.GetName(), outcome, message}
}

// results are those of one command: for people each is printed at once, for programs all at the end. Where a terminal would
// show nothing until then, it shows a bar.
type results struct {
	*session
	of  *selection
	all []result
}

func (r *results) hasBar() bool {
	return isTerminal(r.ErrOut) && (r.output != table || !isTerminal(r.Out))
}

func (r *results) add(one result) {
	if r.hasBar() {
		clearBar(r.ErrOut) // for what is printed now
		defer func() { drawBar(r.ErrOut, len(r.all), int(r.of.total.Load()), "resource", "") }()
	}
	if r.output == table {
		if one.Outcome == failed {
			fmt.Fprintf(r.ErrOut, "%s/%s failed: %s\n", one.Namespace, one.Name, printable(one.Message))
		} else {
			fmt.Fprintf(r.Out, "%s/%s %s\n", one.Namespace, one.Name, sentence(one))
		}
	}
	r.all = append(r.all, one)
}

func sentence(r result) string {
	words := map[string]string{
		outcomeSuspended: "suspended", outcomeResumed: "resumed", outcomeUnchanged: "unchanged",
		outcomeRequested: "asked for a reconcile", outcomeReconciled: "reconciled", outcomeReleased: "released", outcomeOrphan: "will leave its phone in Graph",
	}[r.Outcome]
	if r.Message != "" {
		return words + ": " + printable(r.Message)
	}
	return words
}

// missing is what became of a resource that is named and could not be read.
func missing(key client.ObjectKey, err error) result {
	return result{key.Namespace, key.Name, failed, err.Error()}
}

// end prints what is left, and returns ErrSaid if anything failed.
func (r *results) end() error {
	bad := 0
	for _, one := range r.all {
		if one.Outcome == failed {
			bad++
		}
	}
	if r.all == nil {
		r.all = []result{}
	} else if r.hasBar() {
		clearBar(r.ErrOut)
	}
	err := r.print(r.all, func(io.Writer) {
		if len(r.all) == 0 {
			fmt.Fprintln(r.ErrOut, "There are no such resources.")
		}
	})
	if err == nil && bad > 0 {
		err = ErrSaid
	}
	return err
}

// The outcomes. The words are for programs, and stay.
const (
	outcomeSuspended  = "Suspended"
	outcomeResumed    = "Resumed"
	outcomeUnchanged  = "Unchanged"
	outcomeRequested  = "Requested"
	outcomeReconciled = "Reconciled"
	outcomeReleased   = "Released"
	outcomeOrphan     = "WillOrphan"
)
