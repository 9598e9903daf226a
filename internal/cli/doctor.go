package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/entraops/phone-operator/internal/doctor"
)

func newDoctor(s *session) *cobra.Command {
	o := doctor.Options{Now: time.Now}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Look for what is wrong with the installation, and what to do about it",
		Long: "Looks at the CRDs, the operator and its leader, the webhook, your rights, and each EntraTenant: conditions, credential,\n" +
			"token, permissions, Graph and the clock. It does so with your own rights, and says what it could not look at. Nothing is changed.\n\n" +
			"The exit code is 0 if all is fine, 2 if there are warnings or failures, and 1 if nothing could be looked at.",
		Example: "  kubectl phonemethod doctor\n  kubectl phonemethod doctor --operator-namespace=identity -o json",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&o.Operator, "operator-namespace", "phone-operator-system", "where the operator runs")
	cmd.Flags().DurationVar(&o.Patience, "patience", 15*time.Second, "how long to wait for the leader to renew its Lease")
	completes(cmd, "operator-namespace", s.completeNamespaces)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		if o.Namespace, err = s.namespace(); err != nil {
			return err
		}
		if o.API, err = s.client(); err != nil {
			return err
		}
		discovery, err := s.flags.ToDiscoveryClient()
		if err != nil {
			return err
		}
		o.Schemas = discovery.OpenAPIV3()
		all, err := doctor.Examine(cmd.Context(), o)
		if err != nil {
			return err
		}
		if err := s.print(all, func(w io.Writer) { findings(w, all) }); err != nil {
			return err
		}
		if !doctor.Fine(all) {
			return ErrFound
		}
		return nil
	}
	return cmd
}

// findings prints a line for each, and what to do below it.
func findings(w io.Writer, all []doctor.Finding) {
	for _, f := range all {
		fmt.Fprintf(w, "%-4s  %s: %s\n", f.State, f.Check, printable(f.Found))
		if f.Do != "" {
			fmt.Fprintf(w, "      -> %s\n", printable(f.Do))
		}
	}
}
