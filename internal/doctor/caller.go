package doctor

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// need is a right that commands of this program take.
type need struct {
	verb, resource string
	everywhere     bool // in all namespaces, or for what has none
	commands       []string
}

var needs = []need{
	{"get", "phoneauthenticationmethods", false, []string{"explain", "suspend", "resume", "release", "plan"}},
	{"list", "phoneauthenticationmethods", false, []string{"status"}},
	{"list", "phoneauthenticationmethods", true, []string{"plan"}},
	{"create", "phoneauthenticationmethods", false, []string{"plan"}},
	{"patch", "phoneauthenticationmethods", false, []string{"suspend", "resume", "reconcile", "release", "plan"}},
	{"delete", "phoneauthenticationmethods", false, []string{"release"}},
	{"get", "entratenants", true, []string{"status", "explain", "plan"}},
	{"list", "entratenants", true, []string{"status", "doctor"}},
}

// rights asks what the person may do.
func (o Options) rights(ctx context.Context) Finding {
	const check = "your rights"
	var missing []string
	for _, n := range needs {
		in := o.Namespace
		if n.everywhere {
			in = ""
		}
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: n.verb, Group: v1alpha1.GroupVersion.Group, Resource: n.resource, Namespace: in},
		}}
		if err := o.API.Create(ctx, review); err != nil {
			return skipped(check, "your own rights", err)
		}
		if !review.Status.Allowed {
			missing = append(missing, fmt.Sprintf("%s %s in %s (for %s)", n.verb, n.resource, cmp.Or(in, "the cluster"), strings.Join(n.commands, ", ")))
		}
	}
	if len(missing) > 0 {
		return Finding{check, Warn, "You may not " + strings.Join(missing, "; ") + ".",
			"If you need these commands, have somebody bind the roles phone-operator-phoneauthenticationmethod-editor-role and phone-operator-entratenant-viewer-role."}
	}
	return Finding{check, OK, "You may use all commands in namespace " + o.Namespace + ".", ""}
}

// proxy tells by which way this machine reaches Graph. The operator's pods have an environment of their own.
func proxy() Finding {
	var said []string
	for _, name := range []string{"HTTPS_PROXY", "NO_PROXY"} {
		value := cmp.Or(os.Getenv(name), os.Getenv(strings.ToLower(name)))
		if u, err := url.Parse(value); name == "HTTPS_PROXY" && err == nil && u.Host != "" {
			value = u.Host // without the password
		} else if name == "HTTPS_PROXY" && value != "" {
			value = "(set)"
		}
		if value != "" {
			said = append(said, name+" "+value)
		}
	}
	if !slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(s, "HTTPS_PROXY") }) {
		return Finding{"proxy", OK, "This machine uses none.", ""}
	}
	return Finding{"proxy", OK, "This machine uses " + strings.Join(said, ", ") + ".", ""}
}
