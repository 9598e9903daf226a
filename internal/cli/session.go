package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/version"
)

// fieldManager is the plugin's name in managedFields and in the operator's audit log.
const fieldManager = "kubectl-phonemethod"

// session is what all commands share: the terminal, and the flags that say which cluster and how to print.
type session struct {
	genericiooptions.IOStreams
	flags  *genericclioptions.ConfigFlags
	output output
}

// client connects to the cluster that the flags name. Nothing is sent yet.
func (s *session) client() (client.Client, error) {
	cfg, err := s.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	cfg.QPS = -1 // the API server knows itself how much it takes
	cfg.UserAgent = fieldManager + "/" + version.String()
	cfg.WarningHandler = rest.NewWarningWriter(s.ErrOut, rest.WarningWriterOptions{Deduplicate: true})
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	c, err := client.New(cfg, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	return client.WithFieldOwner(c, fieldManager), nil
}

// namespace is that of --namespace, else of the context.
func (s *session) namespace() (string, error) {
	name, _, err := s.flags.ToRawKubeConfigLoader().Namespace()
	return name, err
}

// plainly puts an error of the API server into words for somebody who has not installed the operator.
func plainly(err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("the cluster has no PhoneAuthenticationMethods: install Phone Operator, or see whether --context is right: %w", err)
	}
	return err
}

// complete has the shell complete what the cluster and the kubeconfig know.
func (s *session) complete(root *cobra.Command) {
	completes(root, "output", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return outputsOf(cmd.Name()), cobra.ShellCompDirectiveNoFileComp
	})
	completes(root, "namespace", s.completeNamespaces)
	completes(root, "context", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		raw, err := s.flags.ToRawKubeConfigLoader().RawConfig()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for name := range raw.Contexts {
			names = append(names, name)
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
}

func (s *session) completeNamespaces(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return s.completeFrom(cmd.Context(), namespaces, "")
}

func (s *session) completeTenants(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return s.completeFrom(cmd.Context(), tenants, "")
}

func (s *session) completeMethods(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	namespace, err := s.namespace()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return s.completeFrom(cmd.Context(), methods, namespace)
}

func (s *session) completeFrom(ctx context.Context, kind partial, namespace string) ([]string, cobra.ShellCompDirective) {
	c, err := s.client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	list := kind.list()
	if err := c.List(ctx, list, client.InNamespace(namespace), client.Limit(maxCompleted)); err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := make([]string, len(list.Items))
	for i := range list.Items {
		names[i] = list.Items[i].Name
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
