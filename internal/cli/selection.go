package cli

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/inorder"
)

// page is how many resources are read at once, so that a hundred thousand need no memory.
const page = 500

// selection says which resources a command is about.
type selection struct {
	selector      string
	all           bool
	allNamespaces bool

	total atomic.Int64 // how many resources were chosen; 0: that is not known
}

func (f *selection) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVarP(&f.selector, "selector", "l", "", "the resources with these labels, such as team=sales")
	cmd.Flags().BoolVar(&f.all, "all", false, "all resources of the namespace")
	cmd.Flags().BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "in all namespaces; with --selector or --all")
}

// check refuses a command line that names nothing, or names it twice.
func (f *selection) check(names []string) error {
	switch said := len(names) > 0; {
	case !said && f.selector == "" && !f.all:
		return errors.New("name the resources, or say --selector or --all")
	case said && (f.selector != "" || f.all), f.selector != "" && f.all:
		return errors.New("give only one: names, --selector or --all")
	case said && f.allNamespaces:
		return errors.New("names are of one namespace: leave --all-namespaces out")
	}
	return nil
}

// each hands out the resources one after the other. An error of do ends it; a resource that is named and cannot be read
// is the business of missing, and the others follow.
func (f *selection) each(ctx context.Context, s *session, c client.Client, names []string,
	do func(*v1alpha1.PhoneAuthenticationMethod) error, missing func(client.ObjectKey, error) error) error {
	namespace, err := s.namespace()
	if err != nil {
		return err
	}
	f.total.Store(int64(len(names)))
	for _, name := range names {
		key := client.ObjectKey{Namespace: namespace, Name: bare(name)}
		o := &v1alpha1.PhoneAuthenticationMethod{}
		if err := c.Get(ctx, key, o); err != nil {
			err = missing(key, plainly(err))
			if err != nil {
				return err
			}
			continue
		}
		if err := do(o); err != nil {
			return err
		}
	}
	if len(names) > 0 {
		return nil
	}
	selector, err := labels.Parse(f.selector)
	if err != nil {
		return err
	}
	if f.allNamespaces {
		namespace = ""
	}
	return eachPage(ctx, c, func(list *v1alpha1.PhoneAuthenticationMethodList, before int) {
		if left := list.RemainingItemCount; left != nil || list.Continue == "" { // it is not told where labels select
			f.total.Store(int64(before+len(list.Items)) + ptr.Deref(left, 0))
		}
	}, do, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector})
}

// abreast is how many resources are written at once.
const abreast = 16

// work has do write the resources, up to abreast at once, and puts what became of each one after the other, in order. The resource is nil where one
// that is named could not be read. An error of do ends it.
func (f *selection) work(ctx context.Context, s *session, c client.Client, names []string,
	do func(context.Context, *v1alpha1.PhoneAuthenticationMethod) (result, error), put func(*v1alpha1.PhoneAuthenticationMethod, result)) error {
	type one struct {
		o  *v1alpha1.PhoneAuthenticationMethod
		is result
	}
	return inorder.Do(ctx, abreast, func(ctx context.Context, hand func(one) error) error {
		return f.each(ctx, s, c, names,
			func(o *v1alpha1.PhoneAuthenticationMethod) error { return hand(one{o: o}) },
			func(key client.ObjectKey, err error) error { return hand(one{is: missing(key, err)}) })
	}, func(ctx context.Context, w one) (_ one, err error) {
		if w.o != nil {
			w.is, err = do(ctx, w.o)
		}
		return w, err
	}, func(w one) error {
		put(w.o, w.is)
		return nil
	})
}

// eachOf hands out all resources that the options select, a page at a time.
func eachOf(ctx context.Context, c client.Client, do func(*v1alpha1.PhoneAuthenticationMethod) error, opts ...client.ListOption) error {
	return eachPage(ctx, c, func(*v1alpha1.PhoneAuthenticationMethodList, int) {}, do, opts...)
}

// eachPage shows each page first, and how many resources there were before it.
func eachPage(ctx context.Context, c client.Client, show func(_ *v1alpha1.PhoneAuthenticationMethodList, before int),
	do func(*v1alpha1.PhoneAuthenticationMethod) error, opts ...client.ListOption) error {
	next, before := "", 0
	for {
		list := &v1alpha1.PhoneAuthenticationMethodList{}
		if err := c.List(ctx, list, append(opts, client.Limit(page), client.Continue(next))...); err != nil {
			return plainly(err)
		}
		show(list, before)
		before += len(list.Items)
		for i := range list.Items {
			if err := do(&list.Items[i]); err != nil {
				return err
			}
		}
		if next = list.Continue; next == "" {
			return nil
		}
	}
}

// bare is the name in "pam/ada-mobile", as kubectl prints and takes it.
func bare(name string) string {
	kind, rest, found := strings.Cut(name, "/")
	switch strings.ToLower(kind) {
	case "pam", "phoneauthenticationmethod", "phoneauthenticationmethods",
		"phoneauthenticationmethod.identity.entraops.dev", "phoneauthenticationmethods.identity.entraops.dev":
		if found {
			return rest
		}
	}
	return name
}
