package doctor

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/controllers/entratenant"
	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/tenant"
	"github.com/entraops/phone-operator/internal/throttle"
)

// live signs in as the operator does. looked says that the token's permissions were seen.
func (o Options) live(ctx context.Context, t *v1alpha1.EntraTenant, name func(string) string) (all []Finding, looked bool) {
	f, secret := o.secret(ctx, t, name("credential"))
	all = append(all, f)
	if f.State != OK {
		return all, false
	}
	g, err := tenant.ConnectReadOnly(&t.Spec, tenant.ProofOf(t.Spec.Credential, secret), throttle.New(time.Now, nil, t.Name), nil)
	if err != nil {
		return append(all, Finding{name("token"), Fail, "The connection cannot be made: " + err.Error() + ".", ""}), false
	}
	has, err := g.Permissions(ctx)
	if err != nil {
		return append(all, Finding{name("token"), Fail, "There is no token: " + err.Error() + ".",
			"Check tenantID, clientID and the credential, that it has not expired, and that this machine reaches the token endpoint."}), false
	}
	all = append(all, Finding{name("token"), OK, "Entra gives one.", ""}, missing(&t.Spec, has, name("permissions")))
	if least := entratenant.LeastPrivilege(has); least.Status != metav1.ConditionTrue {
		all = append(all, Finding{name(v1alpha1.ConditionLeastPrivilege), Warn, least.Message, ""})
	}
	return append(all, reach(ctx, g, o.Now, name)...), true
}

// missing compares the token's permissions with what the EntraTenant asks of the operator.
func missing(spec *v1alpha1.EntraTenantSpec, has []string, check string) Finding {
	lacks := graph.Missing(has, spec.ModeOrDefault() == v1alpha1.ModeEnforce, spec.PrivilegedUsersOrDefault() == v1alpha1.PrivilegedUsersDeny)
	if len(lacks) > 0 {
		return Finding{check, Fail, "The app registration lacks " + strings.Join(lacks, ", ") + ".",
			"Grant it these application permissions, with admin consent. They count from the next token on."}
	}
	if audits := graph.MissingForAudits(has); len(audits) > 0 {
		return Finding{check, OK, "The token carries what is needed. With " + strings.Join(audits, " and ") + " drift would be found by the audit log.", ""}
	}
	return Finding{check, OK, "The token carries what is needed.", ""}
}

// reach asks Graph for a user whom nobody knows, which says whether it answers, and what time it is there.
func reach(ctx context.Context, g *graph.Client, now func() time.Time, name func(string) string) []Finding {
	var answer *http.Response
	began := now()
	_, err := g.User(policy.WithCaptureResponse(ctx, &answer), graph.Nobody)
	if err != nil && graph.KindOf(err) != graph.NotFound {
		return []Finding{{name("Graph"), Fail, "Graph does not answer as it should: " + err.Error() + ".", "Check cloud and endpoint of the EntraTenant, proxies on the way, and the permission to read users."}}
	}
	all := []Finding{{name("Graph"), OK, "It answers.", ""}}
	if answer == nil {
		return all
	}
	at, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		return all
	}
	return append(all, clock(at.Sub(began).Round(time.Second), name("clock")))
}

// Clocks that differ by more than five minutes break sign-in with a certificate or a federated token.
const (
	skewWarned = 30 * time.Second
	skewFails  = 5 * time.Minute
)

func clock(ahead time.Duration, check string) Finding {
	f := Finding{check, OK, fmt.Sprintf("Graph's clock and this machine's differ by %s.", ahead.Abs()), ""}
	switch {
	case ahead.Abs() >= skewFails:
		f.State = Fail
	case ahead.Abs() >= skewWarned:
		f.State = Warn
	}
	if f.State != OK {
		f.Do = "Set this machine's clock by NTP, and see that the nodes of the cluster do the same: Entra refuses a proof, by certificate or federated token, that is of another time."
	}
	return f
}
