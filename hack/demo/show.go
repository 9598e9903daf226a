package main

import (
	"bytes"
	"context"
	"fmt"
	"text/tabwriter"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// show prints the methods as kubectl shows them, the plain reason of those that are not Ready, and the phones as
// Graph has them. The numbers are in full: the people are made up, and so are they.
func (d *demo) show(ctx context.Context) error {
	table, err := d.cluster.Kubectl(ctx, "get", "pam", "--all-namespaces")
	if err != nil {
		return err
	}
	methods, err := d.methods(ctx)
	if err != nil {
		return err
	}
	phones, err := d.graph.phones(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.out, "\n$ kubectl get pam -A\n%s\nNot Ready, and why:\n%s\nIn Graph:\n%s",
		table, plainReasons(methods), phoneTable(phones))
	return nil
}

// plainReasons has a line for each method that is not Ready.
func plainReasons(methods []v1alpha1.PhoneAuthenticationMethod) string {
	var lines bytes.Buffer
	for _, m := range methods {
		ready := meta.FindStatusCondition(m.Status.Conditions, v1alpha1.ConditionReady)
		switch {
		case ready == nil:
			fmt.Fprintf(&lines, "%s: the operator has not seen it yet\n", m.Name)
		case ready.Reason != v1alpha1.ReasonReady:
			fmt.Fprintf(&lines, "%s: %s: %s\n", m.Name, ready.Reason, ready.Message)
		}
	}
	return lines.String()
}

func phoneTable(phones []phone) string {
	var text bytes.Buffer
	table := tabwriter.NewWriter(&text, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "USER\tTYPE\tNUMBER\tSMS\tID")
	for _, p := range phones {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.User, p.Type, p.Number, p.SMSSignInState, p.ID)
	}
	_ = table.Flush() // to memory
	return text.String()
}
