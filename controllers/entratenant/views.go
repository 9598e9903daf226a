package entratenant

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
)

// viewsOf is the memory of an EntraTenant's views.
func (r *Reconciler) viewsOf(o *v1alpha1.EntraTenant) *tenant.Views {
	return tenant.NewViews(o.Status.ProtectedUsers, func(ctx context.Context, all []v1alpha1.ProtectedUsersView) error {
		return r.saveViews(ctx, o.Name, o.UID, all)
	})
}

// saveViews writes the views into the tenant's status, and nothing else: what others
// write there meanwhile stays. Of another EntraTenant of the same name it is no news.
func (r *Reconciler) saveViews(ctx context.Context, name string, uid types.UID, all []v1alpha1.ProtectedUsersView) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": uid}, "status": map[string]any{"protectedUsers": all},
	})
	if err != nil {
		return fmt.Errorf("write down which protected users show: %w", err)
	}
	o := &v1alpha1.EntraTenant{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := r.Client.Status().Patch(ctx, o, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("save which protected users show: %w", err)
	}
	return nil
}

// acceptClearedViews takes over what an administrator cleared in the status. It reports whether
// the users of the tenant have to be looked at again.
func (r *Reconciler) acceptClearedViews(ctx context.Context, o *v1alpha1.EntraTenant, t *tenant.Tenant) (bool, error) {
	if t.Views == nil {
		return false, nil
	}
	return t.Views.Heed(o.Status.ProtectedUsers, func() ([]v1alpha1.ProtectedUsersView, error) {
		var now v1alpha1.EntraTenant
		if err := r.Reader.Get(ctx, client.ObjectKeyFromObject(o), &now); err != nil {
			return nil, fmt.Errorf("get the EntraTenant as it is now: %w", err)
		}
		return now.Status.ProtectedUsers, nil
	})
}

// viewsChanged lets the updates through that change what is remembered of the views, or what came
// of reading the audit log: conditions follow from it.
func viewsChanged() predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc: func(e event.UpdateEvent) bool {
			was, now := e.ObjectOld.(*v1alpha1.EntraTenant), e.ObjectNew.(*v1alpha1.EntraTenant)
			return !equality.Semantic.DeepEqual(was.Status.ProtectedUsers, now.Status.ProtectedUsers) ||
				was.Status.AuditLog.LastAnswer != now.Status.AuditLog.LastAnswer
		},
	}
}

// clearViews is how an administrator accepts that a view is gone.
const clearViews = `kubectl patch entratenant %s --subresource=status --type=merge -p '{"status":{"protectedUsers":null}}'`

// visible says which protected users the operator sees; the zero condition means that
// it is not known, or not asked.
func visible(o *v1alpha1.EntraTenant) conditions.Condition {
	if o.Spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersAllow {
		return conditions.Condition{}
	}
	by := map[v1alpha1.ViewAnswer][]v1alpha1.ViewOfProtectedUsers{}
	for _, v := range o.Status.ProtectedUsers {
		by[v.LastAnswer] = append(by[v.LastAnswer], v.View)
	}
	var reason string
	var sentences []string
	say := func(because, format string, a ...any) {
		if reason == "" {
			reason = because
		}
		sentences = append(sentences, fmt.Sprintf(format, a...))
	}
	if views := by[v1alpha1.ViewRevoked]; len(views) > 0 {
		say(v1alpha1.ReasonPermissionRevoked, "Graph showed %s before, and the permission for that was taken from the app registration: nothing is "+
			"written for anybody. Grant %s again, with admin consent; or accept that such users are written for as anybody else: "+clearViews+".",
			people(views), permissionsFor(views), o.Name)
	}
	if views := by[v1alpha1.ViewNotGranted]; len(views) > 0 {
		say(v1alpha1.ReasonPermissionMissing, "The operator does not see %s, and writes for them as for anybody else: to protect them, grant the app registration "+
			"%s, with admin consent. It counts from the operator's next token on, which a new spec or a restart brings.", people(views), permissionsFor(views))
		if slices.Contains(views, v1alpha1.ViewOwnedGroups) {
			say(v1alpha1.ReasonPermissionMissing, "If it has User.Read.All already, Graph does not show it who owns a group: nobody outside Microsoft knows what does.")
		}
	}
	if views := by[v1alpha1.ViewUnlicensed]; len(views) > 0 {
		say(v1alpha1.ReasonUnlicensed, "Graph does not show %s, as the tenant has no licence for Privileged Identity Management: without Microsoft "+
			"Entra ID P2 or Governance there is nobody of that kind. If the tenant has one of them, ask Microsoft why Graph says otherwise.", people(views))
	}
	switch {
	case reason != "":
		return conditions.False(reason, strings.Join(sentences, " "))
	case len(by[v1alpha1.ViewAnswered]) == len(kinds):
		return conditions.True(v1alpha1.ReasonAllVisible, "Graph shows every kind of user whom Entra protects.")
	}
	return conditions.Condition{}
}

// kinds are the views in words.
var kinds = map[v1alpha1.ViewOfProtectedUsers]string{
	v1alpha1.ViewEligibleRoles:  "who may activate a directory role (PIM)",
	v1alpha1.ViewOwnedGroups:    "who owns a role-assignable group",
	v1alpha1.ViewEligibleGroups: "who may become a member or an owner of a role-assignable group (PIM for Groups)",
}

func people(views []v1alpha1.ViewOfProtectedUsers) string {
	words := make([]string, len(views))
	for i, v := range views {
		words[i] = kinds[v]
	}
	slices.Sort(words)
	return strings.Join(words, " and ")
}

func permissionsFor(views []v1alpha1.ViewOfProtectedUsers) string {
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = graph.PermissionFor(graph.View(v))
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " and ")
}
