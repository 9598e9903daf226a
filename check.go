package main

import (
	"context"
	"embed"
	"errors"
	"io"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/selfcheck"
)

// roleFiles are the roles of the operator, as they are installed.
//
//go:embed config/rbac/role.yaml config/rbac/leader_election_role.yaml config/rbac/metrics_auth_role.yaml config/webhook/role.yaml
var roleFiles embed.FS

// checkInstallation writes to w what was found, a line for each question. The error says that something is wrong.
func (f flags) checkInstallation(ctx context.Context, w io.Writer) error {
	config, err := clusterConfig()
	if err != nil {
		return err
	}
	c, err := client.New(config, client.Options{Scheme: newScheme()})
	if err != nil {
		return err
	}
	checks, err := f.checks(c)
	if err != nil {
		return err
	}
	ok, err := selfcheck.Run(ctx, w, f.check, checks...)
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("the installation does not work as it should: see the lines that begin with WRONG")
	}
	return nil
}

// checks are the questions about what the flags ask for.
func (f flags) checks(c client.Client) (checks []selfcheck.Check, err error) {
	for _, r := range f.roles() {
		rules, err := readRules(r.file)
		if err != nil {
			return nil, err
		}
		for i := range rules {
			if len(rules[i].ResourceNames) > 0 { // all of the webhook's, which has another name in each installation
				rules[i].ResourceNames = []string{f.webhook.name}
			}
		}
		checks = append(checks, selfcheck.Rights(c, r.name, rules, r.namespaces...))
	}
	if f.leaderElect {
		checks = append(checks, selfcheck.Leads(c, client.ObjectKey{Namespace: f.electionNamespace(), Name: f.operatorID()}))
	}
	if f.webhook.enable {
		checks = append(checks, selfcheck.WebhookAnswers(c, f.tenantSelector.Selector))
	}
	return append(checks, selfcheck.TenantsReady(c, f.tenantSelector.Selector)), nil
}

// role is one that the operator needs, and where.
type role struct {
	name, file string
	namespaces []string
}

func (f flags) roles() []role {
	watched := f.watched()
	if len(watched) == 0 {
		watched = []string{metav1.NamespaceAll}
	}
	roles := []role{{"manager role", "config/rbac/role.yaml", watched}}
	if f.leaderElect {
		roles = append(roles, role{"leader election role", "config/rbac/leader_election_role.yaml", []string{f.electionNamespace()}})
	}
	if f.metricsAddress != "0" && f.metricsSecure {
		roles = append(roles, role{"metrics role", "config/rbac/metrics_auth_role.yaml", nil})
	}
	if f.webhook.enable && f.webhook.name != "" {
		roles = append(roles, role{"webhook role", "config/webhook/role.yaml", []string{f.webhook.ownNamespace()}})
	}
	return roles
}

// readRules returns the rules of all roles of a file.
func readRules(file string) (rules []rbacv1.PolicyRule, err error) {
	f, err := roleFiles.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	for d := utilyaml.NewYAMLOrJSONDecoder(f, 4096); ; {
		var role rbacv1.ClusterRole
		err := d.Decode(&role)
		if errors.Is(err, io.EOF) {
			return rules, nil
		}
		if err != nil {
			return nil, err
		}
		rules = append(rules, role.Rules...)
	}
}
