package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/cli/overview"
)

// glance is what status prints.
type glance struct {
	Namespace string             `json:"namespace,omitempty"` // "": all
	Tenant    string             `json:"tenant,omitempty"`    // "": all
	Methods   overview.Counts    `json:"methods"`
	Reasons   []overview.Reason  `json:"reasons"`
	Tenants   []overview.Tenant  `json:"tenants"`
	Unread    string             `json:"tenantsUnread,omitempty"` // why Tenants may lack some
	Oldest    []overview.Trouble `json:"oldestTroubles"`
}

func newStatus(s *session) *cobra.Command {
	var all bool
	var tenant string
	cmd := &cobra.Command{
		Use:   "status",
		Short: "See at a glance how a namespace or the cluster is",
		Long: "Counts the resources by the reason they give, and shows the ten that have been in trouble for longest. Of each\n" +
			"EntraTenant that they name it shows the pace that Graph allows, how long a drift pass takes at it, and what is\n" +
			"spent of the budget of deletions.",
		Example: "  kubectl phonemethod status -n people\n  kubectl phonemethod status -A --tenant contoso -o json",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().BoolVarP(&all, "all-namespaces", "A", false, "of all namespaces")
	cmd.Flags().StringVar(&tenant, "tenant", "", "only what names this EntraTenant")
	completes(cmd, "tenant", s.completeTenants)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := s.client()
		if err != nil {
			return err
		}
		namespace := ""
		if !all {
			if namespace, err = s.namespace(); err != nil {
				return err
			}
		}
		now := time.Now()
		g, err := look(cmd.Context(), c, namespace, tenant, now)
		if err != nil {
			return err
		}
		return s.print(g, func(w io.Writer) { g.table(w, now) })
	}
	return cmd
}

// look reads a namespace, or with "" all. Whoever may not read EntraTenants sees the rest.
func look(ctx context.Context, c client.Client, namespace, tenant string, now time.Time) (glance, error) {
	var m overview.Methods
	err := eachOf(ctx, c, func(o *v1alpha1.PhoneAuthenticationMethod) error {
		if tenant == "" || o.Spec.TenantName() == tenant {
			m.Add(o)
		}
		return nil
	}, client.InNamespace(namespace))
	if err != nil {
		return glance{}, err
	}
	g := glance{Namespace: namespace, Tenant: tenant, Methods: m.Counts(), Reasons: m.Reasons(), Oldest: m.Oldest(), Tenants: []overview.Tenant{}}
	var tenants v1alpha1.EntraTenantList
	switch err := c.List(ctx, &tenants); {
	case err == nil:
		for i := range tenants.Items {
			o := &tenants.Items[i]
			counts, found := m.Of(o.Name)
			if found || (namespace == "" || m.Counts().Total == 0) && cmp.Or(tenant, o.Name) == o.Name {
				g.Tenants = append(g.Tenants, overview.TenantOf(o, counts, now))
			}
		}
		if tenant != "" && m.Counts().Total == 0 && !slices.ContainsFunc(tenants.Items, func(o v1alpha1.EntraTenant) bool { return o.Name == tenant }) {
			return glance{}, fmt.Errorf("there is no EntraTenant %s in the cluster, and no resource names it", tenant)
		}
		return g, nil
	case !apierrors.IsForbidden(err):
		return glance{}, err
	}
	// A Role may name single ones.
	for _, name := range m.Tenants() {
		o := &v1alpha1.EntraTenant{}
		switch err := c.Get(ctx, client.ObjectKey{Name: name}, o); {
		case err == nil:
			counts, _ := m.Of(name)
			g.Tenants = append(g.Tenants, overview.TenantOf(o, counts, now))
		case apierrors.IsForbidden(err):
			g.Unread = "you may not read EntraTenants: the role phone-operator-entratenant-viewer-role allows it"
		case !apierrors.IsNotFound(err): // its methods say so themselves
			return glance{}, err
		}
	}
	return g, nil
}

func (g glance) table(w io.Writer, now time.Time) {
	if len(g.Tenants) > 0 {
		var rows [][]string
		for _, t := range g.Tenants {
			rows = append(rows, []string{
				t.Name, t.Ready, t.Reason, string(t.Mode),
				fmt.Sprintf("%d/%d", t.Methods.Ready, t.Methods.Total), strconv.Itoa(t.Methods.Stalled),
				pace(t), driftPass(t), fmt.Sprintf("%d of %d", t.DeletionsLastHour, t.DeletionsPerHour),
			})
		}
		columns(w, []string{"TENANT", "READY", "REASON", "MODE", "METHODS", "STALLED", "PACE", "DRIFT PASS", "DELETIONS/H"}, rows)
		for _, t := range g.Tenants {
			if t.Message != "" {
				fmt.Fprintf(w, "%s is not ready: %s\n", t.Name, printable(t.Message))
			}
			if t.Pending > 0 {
				fmt.Fprintf(w, "%s: mode Enforce would change %s\n", t.Name, count(int(t.Pending), "phone"))
			}
			for _, warning := range t.Warnings {
				fmt.Fprintf(w, "%s: %s\n", t.Name, printable(warning))
			}
		}
		fmt.Fprintln(w)
	}
	if g.Unread != "" {
		fmt.Fprintf(w, "Tenants are not shown: %s.\n\n", g.Unread)
	}
	where := "all namespaces"
	if g.Namespace != "" {
		where = "namespace " + g.Namespace
	}
	if g.Tenant != "" {
		where += " for EntraTenant " + g.Tenant
	}
	m := g.Methods
	fmt.Fprintf(w, "%s in %s: %d ready, %d stalled, %d suspended, %d being deleted\n", count(m.Total, "method"), where, m.Ready, m.Stalled, m.Suspended, m.Deleting)
	var rows [][]string
	for _, r := range g.Reasons {
		rows = append(rows, []string{r.Reason, strconv.Itoa(r.Count)})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		columns(w, []string{"REASON", "METHODS"}, rows)
	}
	rows = nil
	for _, t := range g.Oldest {
		act := ""
		if t.Stalled {
			act = "you"
		}
		rows = append(rows, []string{duration.HumanDuration(now.Sub(t.Since)), t.Namespace, t.Name, t.Reason, act, short(t.Message)})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w, "\nIn trouble for longest:")
		columns(w, []string{"FOR", "NAMESPACE", "NAME", "REASON", "ACTS", "MESSAGE"}, rows)
	}
}

// short is the beginning of a message; explain has the whole of it.
func short(message string) string {
	const longest = 90
	if r := []rune(message); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return message
}

func pace(t overview.Tenant) string {
	if t.AuthenticationRequestsPerMinute == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/min", t.AuthenticationRequestsPerMinute)
}

func driftPass(t overview.Tenant) string {
	if t.DriftPass == nil {
		return "-"
	}
	return fmt.Sprintf("%s of %s", duration.HumanDuration(t.DriftPass.Duration), duration.HumanDuration(t.ResyncPeriod.Duration))
}
