package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func newReconcile(s *session) *cobra.Command {
	var f selection
	var waits bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "reconcile [NAME...]",
		Short: "Have the operator look at resources now",
		Long: "Asks for a reconcile by the annotation " + v1alpha1.ReconcileRequestedAtAnnotation + ". The operator also tries\n" +
			"again what Graph refused. With --wait the command ends when the operator has come to a verdict.",
		Example:           "  kubectl phonemethod reconcile ada-mobile --wait\n  kubectl phonemethod reconcile -A --all",
		ValidArgsFunction: s.completeMethods,
	}
	f.addFlags(cmd)
	cmd.Flags().BoolVar(&waits, "wait", false, "wait until the operator has served the requests")
	cmd.Flags().DurationVar(&timeout, "timeout", time.Minute, "how long to wait for all of them")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		if err := f.check(names); err != nil {
			return err
		}
		c, err := s.client()
		if err != nil {
			return err
		}
		all := &results{session: s, of: &f}
		request := time.Now().UTC().Format(time.RFC3339Nano)
		var asked []client.ObjectKey
		err = f.work(cmd.Context(), s, c, names, func(ctx context.Context, o *v1alpha1.PhoneAuthenticationMethod) (result, error) {
			switch err := annotate(ctx, c, o, request); {
			case err != nil:
				return resultOf(o, failed, err.Error()), ctx.Err()
			case o.Spec.Suspend:
				return resultOf(o, outcomeRequested, "it is suspended, and looked at when it is resumed"), nil
			}
			return resultOf(o, outcomeRequested, ""), nil
		}, func(o *v1alpha1.PhoneAuthenticationMethod, is result) {
			if waits && is.Outcome == outcomeRequested && !o.Spec.Suspend {
				asked = append(asked, client.ObjectKeyFromObject(o))
				return
			}
			all.add(is)
		})
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
		defer cancel()
		for _, key := range asked {
			all.add(served(ctx, c, key, request))
		}
		return all.end()
	}
	return cmd
}

func annotate(ctx context.Context, c client.Client, o client.Object, request string) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"annotations": map[string]string{v1alpha1.ReconcileRequestedAtAnnotation: request}}})
	if err != nil {
		return err
	}
	return c.Patch(ctx, o, client.RawPatch(types.MergePatchType, patch))
}

// served waits until status says that the request was served, and tells what came of it.
func served(ctx context.Context, c client.Client, key client.ObjectKey, request string) result {
	o := &v1alpha1.PhoneAuthenticationMethod{}
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		if err := c.Get(ctx, key, o); err != nil {
			return false, err
		}
		return o.Status.LastHandledRequest == request, nil
	})
	switch {
	case err == nil:
		return result{key.Namespace, key.Name, outcomeReconciled, readiness(o)}
	case ctx.Err() != nil:
		return result{key.Namespace, key.Name, failed, "the operator has not come to a verdict yet: see `kubectl phonemethod explain " + key.Name + "`"}
	default:
		return result{key.Namespace, key.Name, failed, err.Error()}
	}
}

// readiness is the Ready condition in a few words.
func readiness(o *v1alpha1.PhoneAuthenticationMethod) string {
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return ""
	}
	if ready.Reason == v1alpha1.ReasonReady {
		return ready.Reason
	}
	return fmt.Sprintf("%s: %s", ready.Reason, ready.Message)
}
