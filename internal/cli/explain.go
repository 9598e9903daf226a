package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/chain"
)

func newExplain(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "explain NAME|USER",
		Short: "See by which decisions a resource came to be as it is, and what comes next",
		Long: "Shows the chain of the operator's decisions for one resource, read from its status: how far it came, why no further,\n" +
			"who has to act, and when the operator looks again. A user is named as in spec.user: all resources of the namespace\n" +
			"for that user are explained.",
		Example:           "  kubectl phonemethod explain ada-mobile\n  kubectl phonemethod explain ada@contoso.com -n people",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: s.completeMethods,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			all, err := named(cmd.Context(), s, c, args[0])
			if err != nil {
				return err
			}
			explained := make([]chain.Explanation, len(all))
			for i := range all {
				tenant, unread, err := tenantOf(cmd.Context(), c, &all[i])
				if err != nil {
					return err
				}
				explained[i] = chain.Explain(&all[i], tenant, unread)
			}
			return s.print(explained, func(w io.Writer) {
				for i, x := range explained {
					if i > 0 {
						fmt.Fprintln(w)
					}
					explainTable(w, x)
				}
			})
		},
	}
}

// named returns the resource of that name, or those of that user, however each of them spells it. A user's name has an @, which
// a resource's cannot have; an object id could be a resource's name.
func named(ctx context.Context, s *session, c client.Client, name string) ([]v1alpha1.PhoneAuthenticationMethod, error) {
	namespace, err := s.namespace()
	if err != nil {
		return nil, err
	}
	if strings.Contains(name, "@") {
		all, err := ofUser(ctx, c, namespace, name)
		if err == nil && len(all) == 0 {
			err = fmt.Errorf("no resource in namespace %s has spec.user %s", namespace, name)
		}
		return all, err
	}
	o := v1alpha1.PhoneAuthenticationMethod{}
	err = c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: bare(name)}, &o)
	if apierrors.IsNotFound(err) && uuid.Validate(name) == nil {
		if all, err := ofUser(ctx, c, namespace, name); err != nil || len(all) > 0 {
			return all, err
		}
	}
	return []v1alpha1.PhoneAuthenticationMethod{o}, plainly(err)
}

// ofUser returns the resources of a namespace that are for a user, who is named as spec.user or by object id: in any case, or
// by the object id that others with the name are bound to.
func ofUser(ctx context.Context, c client.Client, namespace, name string) (all []v1alpha1.PhoneAuthenticationMethod, err error) {
	var others []v1alpha1.PhoneAuthenticationMethod
	users := map[[2]string]bool{} // by tenant and object id
	userOf := func(o *v1alpha1.PhoneAuthenticationMethod) [2]string {
		return [2]string{o.Spec.TenantName(), strings.ToLower(o.Status.UserID)}
	}
	err = eachOf(ctx, c, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		switch {
		case strings.EqualFold(o.Spec.User, name), strings.EqualFold(o.Status.UserID, name):
			all = append(all, *o)
			users[userOf(o)] = true
		case o.Status.UserID != "":
			others = append(others, *o)
		}
		return nil
	}, client.InNamespace(namespace))
	for i := range others {
		if users[userOf(&others[i])] {
			all = append(all, others[i])
		}
	}
	return all, err
}

// tenantOf reads the EntraTenant of a resource; nil with a sentence where it is not there or may not be read.
func tenantOf(ctx context.Context, c client.Client, o *v1alpha1.PhoneAuthenticationMethod) (*v1alpha1.EntraTenant, string, error) {
	tenant := &v1alpha1.EntraTenant{}
	switch err := c.Get(ctx, client.ObjectKey{Name: o.Spec.TenantName()}, tenant); {
	case apierrors.IsNotFound(err):
		return nil, "It is not there any more.", nil
	case apierrors.IsForbidden(err):
		return nil, "You may not read it.", nil
	case err != nil:
		return nil, "", err
	}
	return tenant, "", nil
}

func explainTable(w io.Writer, x chain.Explanation) {
	fmt.Fprintf(w, "%s/%s: the %s of %s  %s\n", x.Namespace, x.Name, x.PhoneType, printable(x.User), x.MaskedNumber)
	fmt.Fprintf(w, "Ready=%s, %s\n\n", x.Ready, x.Reason)
	var rows [][]string
	for _, step := range x.Steps {
		rows = append(rows, []string{step.Step, string(step.State), step.Message})
	}
	columns(w, []string{"STEP", "STATE", "WHAT IS KNOWN"}, rows)
	fmt.Fprintf(w, "\nWho acts: %s. %s\nLooked at again: %s.\n", x.Next.Who, x.Next.What, x.Next.When)
}
