package v1alpha1_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func TestDefaultsOfAMethod(t *testing.T) {
	type effective struct {
		Tenant   string
		Adoption v1alpha1.AdoptionPolicy
		Drift    v1alpha1.DriftPolicy
		Deletion v1alpha1.DeletionPolicy
	}
	for sentence, c := range map[string]struct {
		spec v1alpha1.PhoneAuthenticationMethodSpec
		want effective
	}{
		"nothing said": {
			want: effective{"default", v1alpha1.AdoptIfNumberMatches, v1alpha1.DriftCorrect, v1alpha1.DeletionDelete},
		},
		"everything said": {
			spec: v1alpha1.PhoneAuthenticationMethodSpec{
				TenantRef:      &v1alpha1.TenantReference{Name: "contoso"},
				AdoptionPolicy: v1alpha1.AdoptNever,
				DriftPolicy:    v1alpha1.DriftReport,
				DeletionPolicy: v1alpha1.DeletionOrphan,
			},
			want: effective{"contoso", v1alpha1.AdoptNever, v1alpha1.DriftReport, v1alpha1.DeletionOrphan},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := effective{
				c.spec.TenantName(), c.spec.AdoptionPolicyOrDefault(), c.spec.DriftPolicyOrDefault(), c.spec.DeletionPolicyOrDefault(),
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDefaultsOfATenant(t *testing.T) {
	type effective struct {
		Cloud                v1alpha1.Cloud
		Version              v1alpha1.GraphVersion
		Mode                 v1alpha1.Mode
		Privileged           v1alpha1.PrivilegedUsers
		Source               v1alpha1.NumberSource
		Resync               time.Duration
		Deletions            int32
		PerMinute, PerSecond int32
	}
	for sentence, c := range map[string]struct {
		spec v1alpha1.EntraTenantSpec
		rule v1alpha1.AccessRule
		want effective
	}{
		"nothing said": {
			want: effective{"Public", "v1.0", "Enforce", "Deny", "Any", time.Hour, 100, 0, 0},
		},
		"limits without a limit": {
			spec: v1alpha1.EntraTenantSpec{Limits: &v1alpha1.Limits{}},
			want: effective{"Public", "v1.0", "Enforce", "Deny", "Any", time.Hour, 100, 0, 0},
		},
		"everything said, no deletions": {
			spec: v1alpha1.EntraTenantSpec{
				Cloud: v1alpha1.CloudChina, GraphVersion: v1alpha1.GraphBeta,
				Mode: v1alpha1.ModeObserve, PrivilegedUsers: v1alpha1.PrivilegedUsersAllow,
				ResyncPeriod: &metav1.Duration{Duration: time.Minute},
				Limits:       &v1alpha1.Limits{DeletionsPerHour: new(int32), AuthenticationRequestsPerMinute: new(int32(60)), DirectoryRequestsPerSecond: new(int32(5))},
			},
			rule: v1alpha1.AccessRule{NumberSource: v1alpha1.NumberSourceSecretOnly},
			want: effective{"China", "beta", "Observe", "Allow", "SecretOnly", time.Minute, 0, 60, 5},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := effective{
				c.spec.CloudOrDefault(), c.spec.GraphVersionOrDefault(), c.spec.ModeOrDefault(), c.spec.PrivilegedUsersOrDefault(),
				c.rule.NumberSourceOrDefault(), c.spec.ResyncPeriodOrDefault(), c.spec.DeletionsPerHourOrDefault(),
				c.spec.AuthenticationRequestsPerMinuteOrZero(), c.spec.DirectoryRequestsPerSecondOrZero(),
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
