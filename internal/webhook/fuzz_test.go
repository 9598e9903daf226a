package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// FuzzReview sends anything as an AdmissionReview. Whatever it is, the answer is one
// that the API server can read; it says no only with the one refusal we have; and
// the number is not in it.
func FuzzReview(f *testing.F) {
	const object = `{"metadata":{"name":"ada","namespace":"people"},"spec":{"user":"ada@contoso.com","phoneType":"mobile","phoneNumber":%s}}`
	const review = `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","operation":"%s","object":%s,"oldObject":%s}}`
	good, changed := fmt.Sprintf(object, `"+1 2065550100"`), fmt.Sprintf(object, `"+999 5550100"`)
	for _, body := range []string{
		"", "{", "null", `{"apiVersion":"v1","kind":"Pod"}`,
		fmt.Sprintf(review, "CREATE", good, "null"),
		fmt.Sprintf(review, "CREATE", changed, "null"),
		fmt.Sprintf(review, "UPDATE", changed, good),
		fmt.Sprintf(review, "CREATE", fmt.Sprintf(object, "12065550100"), "null"),
		fmt.Sprintf(review, "DELETE", "null", good),
		fmt.Sprintf(review, "UPDATE", `{"spec":null}`, `[]`),
		strings.Replace(fmt.Sprintf(review, "CREATE", good, "null"), "/v1", "/v1beta1", 1),
		fmt.Sprintf(review, "CREATE", `{"spec":{"access":[{"namespaces":{"matchExpressions":[{"key":"a","operator":"In"}]}}]}}`, "null"),
	} {
		f.Add([]byte(body), true)
		f.Add([]byte(body), false)
	}
	scheme := newScheme(f)
	reader := fake.NewClientBuilder().WithScheme(scheme).
		WithIndex(&v1alpha1.PhoneAuthenticationMethod{}, indexClaim, func(o client.Object) []string {
			return claims(o.(*v1alpha1.PhoneAuthenticationMethod))
		}).Build()
	methods, tenants := &admission.Webhook{Handler: handlerOfMethods(scheme, reader)}, &admission.Webhook{Handler: handlerOfTenants(scheme, reader)}
	f.Fuzz(func(t *testing.T, body []byte, ofTenant bool) {
		hook := methods
		if ofTenant {
			hook = tenants
		}
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		hook.ServeHTTP(w, r)

		var answer admissionv1.AdmissionReview
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || answer.Response == nil {
			t.Fatalf("HTTP %d, %v", w.Code, err)
		}
		// An answer without the uid counts as none: the failurePolicy decides.
		if a := answer.Response; !a.Allowed && a.UID != "" && a.Result.Code != http.StatusUnprocessableEntity {
			t.Errorf("refused with %+v", a.Result)
		}
		// A number that is also the resource's name, or the like, shows nothing.
		if number := numberIn(body); len(number) >= 6 && bytes.Count(body, []byte(number)) == 1 && strings.Contains(w.Body.String(), number) {
			t.Error("the number is in the answer")
		}
	})
}

// numberIn returns the spec.phoneNumber of a review, however it is written.
func numberIn(body []byte) string {
	var review struct {
		Request struct {
			Object struct {
				Spec struct{ PhoneNumber any }
			}
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&review); err != nil || review.Request.Object.Spec.PhoneNumber == nil {
		return ""
	}
	return fmt.Sprint(review.Request.Object.Spec.PhoneNumber)
}
