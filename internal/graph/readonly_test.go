package graph_test

import (
	"net/http"
	"testing"

	"github.com/entraops/phone-operator/internal/graph"
	"github.com/entraops/phone-operator/internal/phone"
)

// TestAReadOnlyClientSendsNoWrite makes every call that changes something.
func TestAReadOnlyClientSendsNoWrite(t *testing.T) {
	g := emulated(t, func(o *graph.Options) { o.ReadOnly = true })
	n, err := phone.Parse("+1 2065550100")
	must(t, err)
	must(t, g.SetPhone(adaID, "mobile", "+1 2065550101"))
	_, created := g.client.CreatePhoneMethod(t.Context(), bobID, phone.Mobile, n)
	for what, err := range map[string]error{
		"create":      created,
		"update":      g.client.UpdatePhoneMethod(t.Context(), adaID, phone.Mobile, n),
		"delete":      g.client.DeletePhoneMethod(t.Context(), adaID, phone.Mobile),
		"enable SMS":  g.client.EnableSMSSignIn(t.Context(), adaID),
		"disable SMS": g.client.DisableSMSSignIn(t.Context(), adaID),
	} {
		if graph.KindOf(err) != graph.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
	methods, err := g.client.PhoneMethods(t.Context(), adaID)
	must(t, err)
	if len(methods) != 1 {
		t.Errorf("read %v", methods)
	}
	if _, err := g.client.Protection(t.Context(), adaID); err != nil {
		t.Errorf("the questions about protected users are no writes: %v", err)
	}
	for _, r := range g.Requests() {
		if isGraph := r.Header.Get("Authorization") != ""; isGraph && r.Method != http.MethodGet {
			t.Errorf("sent %s %s", r.Method, r.LogPath())
		}
	}
	if len(g.Writes()) > 0 {
		t.Errorf("%d writes arrived", len(g.Writes()))
	}
}
