package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
	"github.com/entraops/phone-operator/internal/testing/oracle"
)

func (u *user) create(ctx context.Context) error {
	t := phoneTypes[u.dice.IntN(3)]
	rivals := 0
	for _, r := range u.resources {
		if r.phoneType == t {
			rivals++
		}
	}
	if rivals > 1 {
		return errNothing
	}
	spec := v1alpha1.PhoneAuthenticationMethodSpec{
		User: []string{u.upn, strings.ToUpper(u.upn), u.id}[u.dice.IntN(3)], PhoneType: v1alpha1.PhoneType(t), PhoneNumber: u.number(),
		AdoptionPolicy: []v1alpha1.AdoptionPolicy{"", v1alpha1.AdoptAlways, v1alpha1.AdoptAlways, v1alpha1.AdoptNever}[u.dice.IntN(4)],
		DriftPolicy:    []v1alpha1.DriftPolicy{"", "", v1alpha1.DriftReport}[u.dice.IntN(3)],
		DeletionPolicy: []v1alpha1.DeletionPolicy{"", "", "", v1alpha1.DeletionOrphan}[u.dice.IntN(4)],
	}
	if t == emulator.Mobile {
		spec.SMSSignIn = []v1alpha1.SMSSignIn{"", "", v1alpha1.SMSSignInEnabled, v1alpha1.SMSSignInDisabled}[u.dice.IntN(4)]
	}
	if u.dice.IntN(2) == 0 {
		spec.PhoneNumber = oracle.Plain(spec.PhoneNumber)
	}
	namespace := u.at[u.dice.IntN(len(u.at))]
	_, err := u.declare(ctx, namespace, spec, u.dice.IntN(3) == 0)
	return err
}

// declare makes a resource, with its number in a Secret if it is to be so.
func (u *user) declare(ctx context.Context, namespace string, spec v1alpha1.PhoneAuthenticationMethodSpec, inSecret bool) (*resource, error) {
	u.serial++
	name := fmt.Sprintf("u%d-%s-%d", u.index+1, strings.ToLower(string(spec.PhoneType)), u.serial)
	r := &resource{ref: namespace + "/" + name, namespace: namespace, user: u.account, spelling: strings.ToLower(spec.User), phoneType: string(spec.PhoneType)}
	u.w.ledger.says(r, versionOf(&spec), "create %+v", spec)
	if r.inSecret = inSecret; inSecret {
		secret := u.secretOf(r)
		secret.StringData = map[string]string{"number": spec.PhoneNumber}
		if err := u.w.make(ctx, secret); err != nil {
			return nil, err
		}
		spec.PhoneNumber = ""
		spec.PhoneNumberFrom = &v1alpha1.PhoneNumberSource{SecretKeyRef: v1alpha1.SecretKeyReference{Name: name, Key: "number"}}
	}
	spec.TenantRef = &v1alpha1.TenantReference{Name: u.realm.name}
	o := u.object(r)
	o.Spec = spec
	if err := u.w.make(ctx, o); err != nil {
		return nil, err
	}
	u.w.ledger.exists(r)
	u.resources = append(u.resources, r)
	return r, nil
}

func versionOf(s *v1alpha1.PhoneAuthenticationMethodSpec) version {
	return version{Says: oracle.Says{Number: oracle.Plain(s.PhoneNumber), Adopt: s.AdoptionPolicyOrDefault(), Drift: s.DriftPolicyOrDefault(),
		Delete: s.DeletionPolicyOrDefault(), SMS: s.SMSSignIn}}
}
