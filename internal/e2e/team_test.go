package e2e_test

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/install"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

// team is a namespace and the ServiceAccount that works in it. It holds the editor role that the operator ships, in
// this namespace, and no other right: what it does, whoever has that role can do.
type team struct {
	client.Client // as the ServiceAccount
	*story
	namespace string
}

// looker is the field manager of a team's own writes.
const looker = "e2e"

// team makes one. No access rule is for it yet.
func (s *story) team(name string) *team {
	s.t.Helper()
	ctx := s.t.Context()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: name + "-"}}
	must(s.t, s.Create(ctx, ns))
	g := &team{story: s, namespace: ns.Name}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ns.Name, Name: name}}
	must(s.t, s.Create(ctx, account))
	must(s.t, s.Create(ctx, bind(account, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: install.EditorRole})))
	g.Client = client.WithFieldOwner(s.loggedIn(account), looker)
	return g
}

// loggedIn is a client in the name of a ServiceAccount.
func (s *story) loggedIn(account *corev1.ServiceAccount) client.Client {
	s.t.Helper()
	cfg, err := s.ServiceAccount(s.t.Context(), account.Namespace, account.Name)
	must(s.t, err)
	cfg.QPS = -1
	c, err := client.New(cfg, client.Options{Scheme: s.Scheme(), Mapper: s.RESTMapper()})
	must(s.t, err)
	return c
}

// bind gives a ServiceAccount a role in its own namespace.
func bind(account *corev1.ServiceAccount, role rbacv1.RoleRef) *rbacv1.RoleBinding {
	return &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: account.Namespace, Name: account.Name + "-" + role.Name},
		RoleRef:    role,
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
	}
}

// may is an access rule by which the team's namespace may do everything to users of contoso.com.
func (g *team) may(change ...func(*v1alpha1.AccessRule)) v1alpha1.AccessRule {
	rule := v1alpha1.AccessRule{
		Namespaces: metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: g.namespace}},
		Users:      []string{"*@contoso.com"},
	}
	for _, c := range change {
		c(&rule)
	}
	return rule
}

type option func(*v1alpha1.PhoneAuthenticationMethod)

// phone makes a resource, not yet applied.
func (g *team) phone(name, user string, t v1alpha1.PhoneType, number string, options ...option) *v1alpha1.PhoneAuthenticationMethod {
	o := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: g.namespace, Name: name},
		Spec: v1alpha1.PhoneAuthenticationMethodSpec{
			User: user, PhoneType: t, PhoneNumber: number, TenantRef: &v1alpha1.TenantReference{Name: g.tenant},
		},
	}
	for _, option := range options {
		option(o)
	}
	return o
}

// fromSecret takes the number from key "number" of a Secret.
func fromSecret(name string) option {
	return func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.PhoneNumber = ""
		o.Spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: name, Key: "number"}}
	}
}

func adoptAlways(o *v1alpha1.PhoneAuthenticationMethod) {
	o.Spec.AdoptionPolicy = v1alpha1.AdoptAlways
}

// adoptEqual says what is the default. Who says it has the user's phones read before anything is created.
func adoptEqual(o *v1alpha1.PhoneAuthenticationMethod) {
	o.Spec.AdoptionPolicy = v1alpha1.AdoptIfNumberMatches
}

func adoptNever(o *v1alpha1.PhoneAuthenticationMethod) {
	o.Spec.AdoptionPolicy = v1alpha1.AdoptNever
}

func number(n string) option {
	return func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.PhoneNumber = n }
}

func (g *team) apply(objects ...*v1alpha1.PhoneAuthenticationMethod) {
	g.t.Helper()
	for _, o := range objects {
		must(g.t, g.Create(g.t.Context(), o))
	}
}

// edit changes a resource on its newest version.
func (g *team) edit(name string, change option) {
	g.t.Helper()
	g.eventually("edit "+name, func() error {
		o, err := g.get(name)
		if err != nil {
			return err
		}
		change(o)
		return g.Update(g.t.Context(), o)
	})
}

func (g *team) remove(names ...string) {
	g.t.Helper()
	for _, name := range names {
		must(g.t, g.Delete(g.t.Context(), g.phone(name, "", "", "")))
	}
}

func (g *team) get(name string) (*v1alpha1.PhoneAuthenticationMethod, error) {
	var o v1alpha1.PhoneAuthenticationMethod
	return &o, g.Get(g.t.Context(), client.ObjectKey{Namespace: g.namespace, Name: name}, &o)
}

// ask asks for a reconcile of resources, and returns what it asked of each.
func (g *team) ask(names ...string) (asked map[string]string) {
	g.t.Helper()
	asked = map[string]string{}
	for _, name := range names {
		g.edit(name, func(o *v1alpha1.PhoneAuthenticationMethod) {
			asked[name] = "after " + o.ResourceVersion
			metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.ReconcileRequestedAtAnnotation, asked[name])
		})
	}
	return asked
}

// look asks for a reconcile of resources and waits until each look came to a verdict.
func (g *team) look(names ...string) {
	g.t.Helper()
	for name, what := range g.ask(names...) {
		g.eventually(name+" is looked at", func() error {
			o, err := g.get(name)
			if err == nil && o.Status.LastHandledRequest != what {
				err = fmt.Errorf("last handled request %q, asked %q", o.Status.LastHandledRequest, what)
			}
			return err
		})
	}
}

// decided asks for a reconcile of resources that are being deleted, and waits until each has gone or was looked at. It
// returns those that are left.
func (g *team) decided(names ...string) (left []string) {
	g.t.Helper()
	for _, name := range names {
		var asked string
		g.eventually(name+" goes or is looked at", func() error {
			o, err := g.get(name)
			switch {
			case client.IgnoreNotFound(err) != nil:
				return err
			case err != nil:
				asked = ""
				return nil
			case asked != "" && o.Status.LastHandledRequest == asked:
				return nil
			case asked != "":
				return fmt.Errorf("last handled request %q, asked %q", o.Status.LastHandledRequest, asked)
			}
			wanted := "after " + o.ResourceVersion
			metav1.SetMetaDataAnnotation(&o.ObjectMeta, v1alpha1.ReconcileRequestedAtAnnotation, wanted)
			if err := g.Update(g.t.Context(), o); err != nil {
				return err
			}
			asked = wanted
			return errNotYet
		})
		if asked != "" {
			left = append(left, name)
		}
	}
	return left
}

// reaches waits until a condition of the resource has a status and a reason for its current spec.
func (g *team) reaches(name, condition string, status metav1.ConditionStatus, reason string) *v1alpha1.PhoneAuthenticationMethod {
	g.t.Helper()
	var o *v1alpha1.PhoneAuthenticationMethod
	g.eventually(fmt.Sprintf("%s reaches %s=%s/%s", name, condition, status, reason), func() (err error) {
		if o, err = g.get(name); err != nil {
			return err
		}
		if o.Status.ObservedGeneration != o.Generation {
			return fmt.Errorf("generation %d is not observed yet", o.Generation)
		}
		c := meta.FindStatusCondition(o.Status.Conditions, condition)
		if c == nil || c.Status != status || c.Reason != reason {
			return fmt.Errorf("its conditions are %+v", o.Status.Conditions)
		}
		return nil
	})
	return o
}

// refused waits until a resource is not accepted for a reason.
func (g *team) refused(reason string, names ...string) {
	g.t.Helper()
	for _, name := range names {
		g.reaches(name, v1alpha1.ConditionAccepted, no, reason)
	}
}

// ready waits until resources are Ready, and that is true.
func (g *team) ready(names ...string) {
	g.t.Helper()
	for _, name := range names {
		o := g.reaches(name, v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
		if o.Spec.PhoneNumber == "" {
			continue // in a Secret
		}
		var has *emulator.Phone
		for _, p := range g.graph.Phones(o.Status.UserID) {
			if p.Type == string(o.Spec.PhoneType) {
				has = &p
			}
		}
		if has != nil && o.Status.SMSSignInState == "" {
			has.SMSSignInState = "" // it was not read since the last write
		}
		if untrue := oracle.Ready(o, o.Spec.PhoneNumber, has); untrue != "" {
			g.t.Errorf("%s %s", name, untrue)
		}
	}
}

func (g *team) gone(names ...string) {
	g.t.Helper()
	for _, name := range names {
		g.eventually(name+" goes", func() error { return g.left(name) })
	}
}

// left returns nil if none of the resources is there any more.
func (g *team) left(names ...string) error {
	for _, name := range names {
		o, err := g.get(name)
		if err == nil {
			return fmt.Errorf("%s is still there: %+v", name, o.Status.Conditions)
		}
		if client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}
