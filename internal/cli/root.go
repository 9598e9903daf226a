package cli

import (
	"errors"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/entraops/phone-operator/internal/version"
)

// New returns the whole command line. It reads and prints on streams alone.
func New(streams genericiooptions.IOStreams) *cobra.Command {
	s := &session{IOStreams: streams, flags: genericclioptions.NewConfigFlags(true).WithDiscoveryBurst(300), output: table}
	root := &cobra.Command{
		Use:   "kubectl-phonemethod",
		Short: "Work with the phone authentication methods of Phone Operator",
		Long: "Work with the PhoneAuthenticationMethods of Phone Operator: see what is wrong and why, suspend, resume and release\n" +
			"resources, bring phones in from a spreadsheet, and see what manifests would change. Numbers are shown masked.",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl phonemethod"},
		Version:       version.Line("kubectl-phonemethod"),
		SilenceErrors: true, // main prints them
		SilenceUsage:  true, // a refused request is no reason to print all flags
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetIn(streams.In)
	root.SetOut(streams.Out)
	root.SetErr(streams.ErrOut)
	s.flags.AddFlags(root.PersistentFlags())
	root.PersistentFlags().VarP(&s.output, "output", "o", "how to print: table, json or yaml; of plan also markdown")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if s.output == markdown && cmd.Name() != "plan" {
			return errors.New("only plan prints markdown")
		}
		return nil
	}
	root.AddCommand(
		newStatus(s), newExplain(s), newDoctor(s), newPlan(s), newRecord(s), newImport(s),
		newSuspend(s), newResume(s), newReconcile(s), newRelease(s),
	)
	s.complete(root)
	return root
}
