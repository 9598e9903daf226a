package v1alpha1_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// A server-side apply, which is what Flux and Argo CD do, is checked against the
// schema before any rule runs, and that check prints values. What it prints ends in
// their logs and status, so no form of a number may be caught by it.
func TestServerSideApplyDoesNotRepeatTheNumber(t *testing.T) {
	for sentence, c := range map[string]struct{ number, want string }{
		"without quotes": {"12065550142", sayQuotes},
		"a fraction":     {"206.5550142", "must be of type integer,string"},
		"a wrong form":   {`"206 5550142"`, sayForm},
	} {
		t.Run(sentence, func(t *testing.T) {
			o := object(t, "PhoneAuthenticationMethod", "applied", `{user: ada@contoso.com, phoneType: mobile, phoneNumber: `+c.number+`}`)
			text, err := o.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			err = k8s(t).Patch(t.Context(), o, client.RawPatch(types.ApplyPatchType, text), client.FieldOwner("test"), client.DryRunAll)
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "5550142") {
				t.Errorf("the refusal repeats the number: %v", err)
			}
			if !strings.Contains(strings.Join(causes(err), "\n"), c.want) {
				t.Errorf("refused with %q, want %q", causes(err), c.want)
			}
		})
	}
}
