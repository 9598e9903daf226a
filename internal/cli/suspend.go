package cli

import (
	"context"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func newSuspend(s *session) *cobra.Command {
	return newPause(s, true, outcomeSuspended, &cobra.Command{
		Use:   "suspend [NAME...]",
		Short: "Have the operator leave resources and their phones alone",
		Long: "Sets spec.suspend: nothing is read or written in Graph for these resources. A suspended resource that is deleted\n" +
			"leaves its phone in Graph.",
		Example: "  kubectl phonemethod suspend ada-mobile\n  kubectl phonemethod suspend -n people -l team=sales",
	})
}

func newResume(s *session) *cobra.Command {
	return newPause(s, false, outcomeResumed, &cobra.Command{
		Use:     "resume [NAME...]",
		Short:   "Have the operator work on suspended resources again",
		Long:    "Takes spec.suspend out: the phones are compared with Graph again at once.",
		Example: "  kubectl phonemethod resume ada-mobile\n  kubectl phonemethod resume -A --all",
	})
}

func newPause(s *session, suspend bool, done string, cmd *cobra.Command) *cobra.Command {
	var f selection
	f.addFlags(cmd)
	cmd.ValidArgsFunction = s.completeMethods
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		if err := f.check(names); err != nil {
			return err
		}
		c, err := s.client()
		if err != nil {
			return err
		}
		all, warned := &results{session: s, of: &f}, pullers{}
		err = f.work(cmd.Context(), s, c, names, func(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod) (result, error) {
			if o.Spec.Suspend == suspend {
				return resultOf(o, outcomeUnchanged, ""), nil
			}
			if err := setSuspend(ctx, c, o, suspend); err != nil {
				return resultOf(o, failed, err.Error()), ctx.Err()
			}
			return resultOf(o, done, ""), nil
		}, func(o *v1alpha1.PhoneAuthenticationMethod, is result) {
			if o != nil && is.Outcome != outcomeUnchanged {
				warned.warn(s, o)
			}
			all.add(is)
		})
		if err != nil {
			return err
		}
		return all.end()
	}
	return cmd
}

// setSuspend writes spec.suspend alone. false is left out, which is what is in Git then.
func setSuspend(ctx context.Context, c client.Client, o *v1alpha1.PhoneAuthenticationMethod, suspend bool) error {
	value := "null"
	if suspend {
		value = "true"
	}
	return c.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(`{"spec":{"suspend":`+value+`}}`)))
}
