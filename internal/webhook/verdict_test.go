package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	admissionv1 "k8s.io/api/admission/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

func newScheme(t testing.TB) *runtime.Scheme {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return scheme
}

// What is no verdict must not be an answer that says no: the API server would obey
// it, whatever the failurePolicy.
func TestWhatCannotBeJudgedPasses(t *testing.T) {
	const number = `12065550147`
	for sentence, request := range map[string]admission.Request{
		"an object that cannot be decoded": {AdmissionRequest: admissionv1.AdmissionRequest{
			Operation: admissionv1.Create,
			Object:    runtime.RawExtension{Raw: []byte(`{"spec":{"phoneNumber":` + number + `}}`)},
		}},
		"no object at all":         {AdmissionRequest: admissionv1.AdmissionRequest{Operation: admissionv1.Update}},
		"an operation of tomorrow": {AdmissionRequest: admissionv1.AdmissionRequest{Operation: "RENAME"}},
		"an object at which the validator panics": {AdmissionRequest: admissionv1.AdmissionRequest{
			Operation: admissionv1.Create,
			Object:    runtime.RawExtension{Raw: []byte(`{"spec":{"phoneNumber":"+` + number + `"}}`)},
		}},
	} {
		t.Run(sentence, func(t *testing.T) {
			var logs strings.Builder
			logger := funcr.New(func(_, line string) { logs.WriteString(line) }, funcr.Options{Verbosity: 10})
			// Without a reader the validator panics as soon as it looks for the tenant.
			answer := handlerOfMethods(newScheme(t), nil).Handle(logf.IntoContext(t.Context(), logger), request)
			if !answer.Allowed || answer.Result.Code != http.StatusOK {
				t.Errorf("the answer is %+v", answer)
			}
			text, err := json.Marshal(answer)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(text)+logs.String(), number) {
				t.Error("the number is in the answer or in the logs")
			}
			if !strings.Contains(logs.String(), "could not be judged") {
				t.Error("nothing is logged")
			}
		})
	}
}

// What the cache cannot tell costs a warning and nothing else, such as in a namespace
// that --watch-namespaces leaves out.
func TestFailedReadsCostWarningsOnly(t *testing.T) {
	scheme := newScheme(t)
	broken := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errors.New("no answer")
		},
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return errors.New("no answer")
		},
	}).Build()
	for kind, c := range map[string]struct {
		handler admission.Handler
		spec    string
	}{
		"PhoneAuthenticationMethod": {handlerOfMethods(scheme, broken), `{"user":"ada@contoso.com","phoneType":"mobile","phoneNumber":"+1 206555010"}`},
		"EntraTenant":               {handlerOfTenants(scheme, broken), `{}`},
	} {
		t.Run(kind, func(t *testing.T) {
			answer := c.handler.Handle(t.Context(), admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
				Operation: admissionv1.Create, Object: runtime.RawExtension{Raw: []byte(`{"spec":` + c.spec + `}`)},
			}})
			// The one warning is of what the object itself shows: so it was judged.
			if !answer.Allowed || len(answer.Warnings) != 1 {
				t.Errorf("the answer is %+v", answer)
			}
		})
	}
}

// A rotator that gives up takes neither the manager nor its own reason with it.
func TestManagerOutlivesItsRotator(t *testing.T) {
	var logs strings.Builder
	logger := funcr.New(func(_, line string) { logs.WriteString(line) }, funcr.Options{})
	failing := manager.RunnableFunc(func(context.Context) error { return errors.New("no such Secret") })
	if err := (contained{failing, logger}).Start(t.Context()); err != nil {
		t.Errorf("the manager ends with %v", err)
	}
	if !strings.Contains(logs.String(), "no such Secret") {
		t.Errorf("logged is %q", logs.String())
	}
}
