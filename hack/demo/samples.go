package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func (d *demo) sample(name string) string { return filepath.Join(d.root, "config", "samples", name) }

// declareTenant applies the sample's EntraTenant with three differences: Graph is the emulator, the Secret that it names is
// there, and the pace is the emulator's, where with another Graph the first requests are two seconds apart.
func (d *demo) declareTenant(ctx context.Context) error {
	text, err := os.ReadFile(d.sample("tenant.yaml"))
	if err != nil {
		return err
	}
	var tenant v1alpha1.EntraTenant
	if err := yaml.UnmarshalStrict(text, &tenant); err != nil {
		return err
	}
	tenant.Spec.Endpoint = &v1alpha1.Endpoint{Graph: d.graph.URL, Authority: d.graph.URL, CABundle: d.graph.CA}
	tenant.Spec.Limits = &v1alpha1.Limits{AuthenticationRequestsPerMinute: new(int32(1200))}
	if text, err = manifest(tenant); err != nil {
		return err
	}
	if err := os.WriteFile(d.path("tenant.yaml"), text, 0o600); err != nil {
		return err
	}
	secret := tenant.Spec.Credential.ClientSecret.SecretRef
	if _, err := d.cluster.Kubectl(ctx, "create", "secret", "generic", secret.Name, "--namespace="+secret.Namespace,
		"--from-literal="+secret.Key+"="+d.graph.secret); err != nil {
		return err
	}
	if _, err := d.apply(ctx, d.path("tenant.yaml")); err != nil {
		return err
	}
	if err := d.wait(ctx, "condition=Ready", "entratenant", tenant.Name); err != nil {
		return err
	}
	table, err := d.cluster.Kubectl(ctx, "get", "entratenant")
	d.detail(table)
	return err
}

// manifest is an EntraTenant as a person would write it: without status, which is the operator's.
func manifest(tenant v1alpha1.EntraTenant) ([]byte, error) {
	return yaml.Marshal(map[string]any{
		"apiVersion": tenant.APIVersion, "kind": tenant.Kind,
		"metadata": map[string]any{"name": tenant.Name}, "spec": tenant.Spec,
	})
}

// declareTooEarly applies an alternate mobile before there is a mobile.
func (d *demo) declareTooEarly(ctx context.Context) error {
	if _, err := d.apply(ctx, d.sample("00-namespace.yaml"), d.sample("ada-alternate-mobile.yaml")); err != nil {
		return err
	}
	if err := d.wait(ctx, reasonOf(v1alpha1.ConditionSynced, v1alpha1.ReasonWaitingForMobile),
		"pam", "ada-alternate-mobile", "--namespace="+people); err != nil {
		return err
	}
	methods, err := d.methods(ctx)
	if err != nil {
		return err
	}
	d.detail(plainReasons(methods))
	return nil
}

// declareRest applies every other sample at once.
func (d *demo) declareRest(ctx context.Context) error {
	files, err := filepath.Glob(d.sample("*.yaml"))
	if err != nil {
		return err
	}
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Base(f) == "tenant.yaml" })
	out, err := d.apply(ctx, files...)
	d.detail(out)
	return err
}

// settle waits until each method has reached what is expected of it.
func (d *demo) settle(ctx context.Context) error {
	byReason := map[string][]string{}
	for _, m := range expectedMethods {
		byReason[m.reason] = append(byReason[m.reason], m.name)
	}
	for _, reason := range slices.Sorted(maps.Keys(byReason)) {
		args := append([]string{"pam", "--namespace=" + people}, byReason[reason]...)
		if err := d.wait(ctx, reasonOf(v1alpha1.ConditionReady, reason), args...); err != nil {
			if methods, listErr := d.methods(ctx); listErr == nil {
				d.detail(plainReasons(methods))
			}
			return err
		}
	}
	return nil
}

// reasonOf is kubectl's --for of a condition that has a reason.
func reasonOf(condition, reason string) string {
	return fmt.Sprintf(`jsonpath={.status.conditions[?(@.type==%q)].reason}=%s`, condition, reason)
}

// methods are all PhoneAuthenticationMethods.
func (d *demo) methods(ctx context.Context) ([]v1alpha1.PhoneAuthenticationMethod, error) {
	var list v1alpha1.PhoneAuthenticationMethodList
	err := d.get(ctx, "phoneauthenticationmethods", &list)
	return list.Items, err
}
