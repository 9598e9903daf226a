package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/inorder"
)

// shownBeforeAsking is how many resources are listed before the question.
const shownBeforeAsking = 10

func newRelease(s *session) *cobra.Command {
	var f selection
	r := release{session: s, warned: pullers{}}
	cmd := &cobra.Command{
		Use:   "release [NAME...]",
		Short: "Give resources up and leave their phones in Graph",
		Long: "Sets spec.deletionPolicy to Orphan and deletes the resource: the phone stays in Graph as it is, and nobody manages it\n" +
			"any more. A resource that is being deleted already and waits, for a tenant that is broken or a budget, goes as well.\n" +
			"With --keep the resources stay, and leave their phones behind whenever they are deleted: the first step of an uninstall.",
		Example: "  kubectl phonemethod release ada-mobile\n" +
			"  kubectl phonemethod release -A --all --keep --yes\n" +
			"  kubectl phonemethod release -n people -l team=sales",
		ValidArgsFunction: s.completeMethods,
	}
	f.addFlags(cmd)
	cmd.Flags().BoolVarP(&r.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&r.keep, "keep", false, "only set the policy, delete nothing")
	cmd.Flags().BoolVar(&r.waits, "wait", true, "wait until the resources are gone")
	cmd.Flags().DurationVar(&r.timeout, "timeout", time.Minute, "how long to wait for all of them")
	cmd.RunE = func(cmd *cobra.Command, names []string) error {
		if err := f.check(names); err != nil {
			return err
		}
		var err error
		if r.Client, err = s.client(); err != nil {
			return err
		}
		return r.run(cmd.Context(), &f, names)
	}
	return cmd
}

type release struct {
	*session
	client.Client
	yes, keep, waits bool
	timeout          time.Duration
	warned           pullers
}

// released is a resource that was named. It is the one that the person was shown as long as it has this UID.
type released struct {
	client.ObjectKey
	uid types.UID
}

// outcome is what became of a resource.
type outcome struct {
	of released
	is result
}

func (r *release) run(ctx context.Context, f *selection, names []string) error {
	all := &results{session: r.session, of: f}
	var chosen []released
	phones := phones{}
	err := f.each(ctx, r.session, r.Client, names, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		r.warned.warn(r.session, o)
		chosen = append(chosen, released{client.ObjectKeyFromObject(o), o.UID})
		phones.add(o)
		return nil
	}, func(key client.ObjectKey, err error) error {
		all.add(missing(key, err))
		return nil
	})
	if err != nil {
		return err
	}
	if everything := f.all && f.allNamespaces; !r.keep && !everything && len(chosen) > 0 {
		if err := r.warnOfHeirs(ctx, chosen, phones); err != nil {
			return err
		}
	}
	if len(chosen) > 0 && !r.yes {
		if err := r.ask(chosen); err != nil {
			return err
		}
	}
	var going []released
	err = inorder.Do(ctx, abreast, func(_ context.Context, hand func(released) error) error {
		for _, one := range chosen {
			if err := hand(one); err != nil {
				return err
			}
		}
		return nil
	}, func(ctx context.Context, one released) (outcome, error) {
		if err := r.letGo(ctx, one); err != nil {
			return outcome{one, result{one.Namespace, one.Name, failed, err.Error()}}, ctx.Err()
		}
		if r.keep {
			return outcome{one, result{one.Namespace, one.Name, outcomeOrphan, ""}}, nil
		}
		return outcome{one, result{one.Namespace, one.Name, outcomeReleased, ""}}, nil
	}, func(o outcome) error {
		if o.is.Outcome == outcomeReleased && r.waits {
			going = append(going, o.of)
			return nil
		}
		all.add(o.is)
		return nil
	})
	if err != nil {
		return err
	}
	waiting, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	for _, one := range going {
		all.add(r.gone(waiting, one))
	}
	return all.end()
}

// phones are those that resources are for, by each of the names that they have.
type phones map[[3]string]bool

func phonesOf(o *v1alpha1.PhoneAuthenticationMethod) (keys [][3]string) {
	for _, user := range []string{o.Spec.User, o.Status.UserID} {
		if user != "" {
			keys = append(keys, [3]string{o.Spec.TenantName(), strings.ToLower(user), string(o.Spec.PhoneType)})
		}
	}
	return keys
}

func (p phones) add(o *v1alpha1.PhoneAuthenticationMethod) {
	for _, key := range phonesOf(o) {
		p[key] = true
	}
}

// warnOfHeirs names the resources that stay and are for the same phones: once they are alone they may change them.
func (r *release) warnOfHeirs(ctx context.Context, chosen []released, of phones) error {
	var heirs []string
	goes := make(map[types.UID]bool, len(chosen))
	for _, one := range chosen {
		goes[one.uid] = true
	}
	find := func(o *v1alpha1.PhoneAuthenticationMethod) error {
		if !goes[o.UID] && o.DeletionTimestamp.IsZero() && !o.Spec.Suspend && slices.ContainsFunc(phonesOf(o), func(key [3]string) bool { return of[key] }) {
			heirs = append(heirs, client.ObjectKeyFromObject(o).String())
		}
		return nil
	}
	err := eachOf(ctx, r.Client, find)
	if apierrors.IsForbidden(err) {
		fmt.Fprintln(r.ErrOut, "Whether resources of other namespaces are for the same phones could not be seen: you may not list them.")
		err = eachOf(ctx, r.Client, find, client.InNamespace(chosen[0].Namespace))
	}
	if len(heirs) > 0 {
		fmt.Fprintf(r.ErrOut, "For the same phones there are, and stay: %s. They take the phones over, and may change their numbers: release or suspend them first.\n",
			shortened(heirs))
	}
	return err
}

// shortened lists names, not more than are shown before a question.
func shortened(names []string) string {
	if more := len(names) - shownBeforeAsking; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:shownBeforeAsking], ", "), more)
	}
	return strings.Join(names, ", ")
}

// ask goes on only with a clear yes.
func (r *release) ask(chosen []released) error {
	for i, one := range chosen {
		if i == shownBeforeAsking {
			fmt.Fprintf(r.ErrOut, "  and %d more\n", len(chosen)-i)
			break
		}
		fmt.Fprintf(r.ErrOut, "  %s\n", one)
	}
	what := "be deleted, the phones stay in Graph, and nobody manages them any more"
	if r.keep {
		what = "leave the phones in Graph when deleted"
	}
	fmt.Fprintf(r.ErrOut, "%s will %s. Go on? Type yes: ", count(len(chosen), "resource"), what)
	answer, _ := bufio.NewReader(r.In).ReadString('\n') // an end without a line is no yes
	if strings.TrimSpace(strings.ToLower(answer)) != "yes" {
		return errors.New("nothing was done: answer yes, or say --yes where nobody can be asked")
	}
	return nil
}

// letGo sets the policy and deletes the resource as it is then. If spec was changed in between, by a tool that puts back
// what is in Git, the API server refuses the deletion: it would take the phone along.
func (r *release) letGo(ctx context.Context, one released) error {
	o := &v1alpha1.PhoneAuthenticationMethod{ObjectMeta: metav1.ObjectMeta{Namespace: one.Namespace, Name: one.Name}}
	orphan := fmt.Appendf(nil, `{"metadata":{"uid":%q},"spec":{"deletionPolicy":"Orphan"}}`, one.uid)
	err := r.Patch(ctx, o, client.RawPatch(types.MergePatchType, orphan))
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil || r.keep || !o.DeletionTimestamp.IsZero() {
		return err
	}
	for {
		version := o.ResourceVersion
		err := r.Delete(ctx, o, client.Preconditions{UID: &one.uid, ResourceVersion: &version})
		if !apierrors.IsConflict(err) {
			return client.IgnoreNotFound(err)
		}
		// The operator wrote status, or somebody something else.
		if err := r.Get(ctx, one.ObjectKey, o); err != nil {
			return client.IgnoreNotFound(err)
		}
		switch {
		case o.UID != one.uid:
			return nil // another one of this name
		case o.Spec.DeletionPolicyOrDefault() != v1alpha1.DeletionOrphan && !o.Spec.Suspend:
			return errors.New("somebody put spec.deletionPolicy back to Delete, and it was not deleted: make the change in Git, or pause what applies it")
		}
	}
}

// gone waits until the operator has let go.
func (r *release) gone(ctx context.Context, one released) result {
	o := &v1alpha1.PhoneAuthenticationMethod{}
	err := wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		err := r.Get(ctx, one.ObjectKey, o)
		if apierrors.IsNotFound(err) || err == nil && o.UID != one.uid {
			return true, nil
		}
		return false, err
	})
	switch {
	case err == nil:
		return result{one.Namespace, one.Name, outcomeReleased, ""}
	case ctx.Err() != nil:
		return result{one.Namespace, one.Name, failed, "it is being deleted and will leave its phone, but the operator has not let go yet: does it run?"}
	default:
		return result{one.Namespace, one.Name, failed, err.Error()}
	}
}
