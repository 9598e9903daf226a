package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// Every story ends with a search for numbers. This one is for what the others leave out: each way for a number to be
// written, wrong or refused, and each way for Graph to fail, with the log at its loudest.
func TestNoNumberGetsOut(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	o := s.shared(t)
	p := s.people

	t.Log("each writing, from a manifest and from a Secret")
	u := s.user(func(u *emulator.User) { u.SMSSignIn = true })
	p.apply(p.phone("e164", u.UPN, mobile, "+12065550101", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.SMSSignIn = v1alpha1.SMSSignInEnabled
		o.Annotations = map[string]string{corev1.LastAppliedConfigAnnotation: `{"spec":{"phoneNumber":"+12065550101"}}`}
	}), p.phone("spaced", u.UPN, alternate, "+44 1614960123"), p.phone("extension", u.UPN, office, "+1 2065550103X9073156"))
	p.ready("e164", "spaced", "extension")
	for i, text := range []string{"+1 2065550104\n", "(206) 555-0105", "206 555 0106", "+1 206 555 0107", "2065550108 ext. 9073156", "+1 2065550109x9073156", "+999 2065550110"} {
		name := fmt.Sprintf("secret-%d", i)
		must(t, s.Create(t.Context(), secret(p.namespace, name, "number", text)))
		p.apply(p.phone(name, s.user().UPN, mobile, "", fromSecret(name)))
		if i == 0 {
			p.ready(name)
		} else {
			p.refused(v1alpha1.ReasonInvalidNumber, name)
		}
	}

	t.Log("numbers that the API server refuses")
	for _, n := range []string{`"2065550120"`, "12065550121", "2065550122.5", `"+1 (206) 555-0123"`, `"+1 2065550124x9073156"`, `"+1 20655501252065550125"`, `{"x":"+1 2065550126"}`} {
		for kind, err := range map[types.PatchType]error{
			types.MergePatchType: p.Patch(t.Context(), p.phone("e164", "", "", ""), client.RawPatch(types.MergePatchType,
				fmt.Appendf(nil, `{"spec":{"phoneNumber":%s}}`, n))),
			types.ApplyPatchType: p.Patch(t.Context(), p.phone("e164", "", "", ""), client.RawPatch(types.ApplyPatchType,
				fmt.Appendf(nil, `{"apiVersion":%q,"kind":"PhoneAuthenticationMethod","metadata":{"name":"e164"},"spec":{"user":%q,"phoneType":"mobile","phoneNumber":%s}}`,
					v1alpha1.GroupVersion, u.UPN, n)), client.ForceOwnership),
		} {
			if err == nil || apierrors.IsForbidden(err) {
				t.Errorf("%s of %s: %v, want a refusal", kind, n, err)
			} else if len(findings(err.Error())) > 0 {
				t.Errorf("the API server's refusal of a %s repeats the number: %v", kind, err)
			}
		}
	}

	t.Log("what Graph has by itself")
	v := s.user(func(u *emulator.User) {
		u.SMSSignIn = true
		u.Phones = map[string]string{"mobile": "+1 2065550130", "alternateMobile": "+1 2065550131", "office": "+1 2065550132"}
	})
	p.apply(p.phone("other", v.UPN, mobile, "+1 2065550133"), p.phone("adopted", v.UPN, alternate, "+12065550131"),
		p.phone("reported", v.UPN, office, "+1 2065550132", func(o *v1alpha1.PhoneAuthenticationMethod) { o.Spec.DriftPolicy = v1alpha1.DriftReport }),
		p.phone("rival", v.UPN, office, "+1 2065550134"))
	p.reaches("other", v1alpha1.ConditionSynced, no, v1alpha1.ReasonAlreadyExists)
	p.ready("adopted", "reported")
	p.refused(v1alpha1.ReasonConflict, "rival")
	must(t, s.graph.SetPhone(v.ID, "office", "+1 2065550135"))
	must(t, s.graph.SetPhone(v.ID, "alternateMobile", "+1 2065550136"))
	p.look("reported", "adopted")
	p.reaches("reported", v1alpha1.ConditionSynced, no, v1alpha1.ReasonDriftDetected)
	must(t, s.graph.SetPhone(v.ID, "office", "206-555-0137 (home)"))
	p.look("reported")
	p.edit("other", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Spec.AdoptionPolicy, o.Spec.SMSSignIn, o.Spec.PhoneNumber = v1alpha1.AdoptAlways, v1alpha1.SMSSignInEnabled, "+12065550101"
	})
	p.reaches("other", v1alpha1.ConditionReady, no, v1alpha1.ReasonSMSSignInNotAsAsked) // the number is e164's

	t.Log("each way to fail")
	var failing []string
	for name, fault := range s.faults() {
		w := s.user()
		fault.Path, fault.Times = w.ID, max(fault.Times, 1)
		must(t, s.graph.AddFault(fault))
		p.apply(p.phone(name, w.UPN, mobile, "+1 2065550140"))
		failing = append(failing, name)
	}
	p.ready(failing...)
	for _, name := range failing {
		p.edit(name, number("+1 2065550141"))
	}
	p.ready(failing...)
	must(t, s.graph.AddFault(emulator.Fault{Method: "PATCH", Path: u.ID, Times: 2, Effect: emulator.ExpiredToken})) // the new token, too
	p.edit("e164", number("+1 2065550142"))
	p.reaches("e164", v1alpha1.ConditionReady, unknown, v1alpha1.ReasonForbidden)
	p.look("e164")
	p.ready("e164")

	t.Log("a Graph that repeats what it was asked")
	w := s.user()
	s.front.stepIn(func(out http.ResponseWriter, r *http.Request) bool {
		if !about(r, w) || r.Method == http.MethodGet {
			return false
		}
		const echo = "+1 2065550150"
		out.Header().Set("Content-Type", "application/json")
		out.Header().Set("Location", "https://graph.example/"+echo)
		out.WriteHeader(http.StatusBadRequest)
		_, err := fmt.Fprintf(out, `{"error":{"code":%[1]q,"message":"The number %[1]s is not valid.","target":%[1]q,
			"innerError":{"message":%[1]q,"request-id":%[1]q,"client-request-id":%[1]q},"details":[{"message":%[1]q}]}}`, echo)
		return err == nil
	})
	p.apply(p.phone("echo", w.UPN, mobile, "+1 2065550150"))
	p.reaches("echo", v1alpha1.ConditionSynced, no, v1alpha1.ReasonRejected)
	s.front.stepIn(nil)

	t.Log("what would change")
	s.editTenant(func(spec *v1alpha1.EntraTenantSpec) { spec.Mode = v1alpha1.ModeObserve })
	s.tenantReaches(v1alpha1.ConditionReady, yes, v1alpha1.ReasonReady)
	p.edit("e164", number("+1 2065550160"))
	p.reaches("e164", v1alpha1.ConditionSynced, no, v1alpha1.ReasonWouldChange)

	// The search is only worth what there is to search.
	for what, text := range map[string]string{
		"requests of Azure's SDK":          asksGraph,
		"changes in Graph":                 `"msg":"changed Graph"`,
		"failures of Graph":                "Graph did not confirm the write",
		"passes that came to no verdict":   "Graph kept the reconcile from a verdict",
		"looks that the queue handed out":  `"msg":"Reconciling"`,
		"events as they are handed out":    `"reason":"DriftCorrected"`,
		"the masked number, in the events": "+1 ********60",
	} {
		if !strings.Contains(o.Output()+s.told(p), text) {
			t.Errorf("nothing tells of %s (%s)", what, text)
		}
	}
}

// faults are Graph's failures, each of which the operator gets over by itself.
func (s *story) faults() map[string]emulator.Fault {
	return map[string]emulator.Fault{
		"cut-before":   {Method: "POST", Effect: emulator.Cut},
		"cut-after":    {Method: "POST", Effect: emulator.Cut, AfterWork: true},
		"half":         {Method: "POST", Effect: emulator.Half},
		"garbled":      {Method: "POST", Effect: emulator.Garble},
		"garbled-list": {Method: "GET", Effect: emulator.Garble, Times: 5},
		"error-after":  {Method: "POST", Effect: emulator.Answer, AfterWork: true, Status: http.StatusInternalServerError},
		"unavailable":  {Method: "POST", Effect: emulator.Answer, Status: http.StatusServiceUnavailable},
		"throttled":    {Method: "POST", Effect: emulator.Answer, Status: http.StatusTooManyRequests, Retry: "1"},
		"saved":        {Method: "POST", Effect: emulator.Answer, AfterWork: true, Status: http.StatusConflict, Code: "phoneNumberNotUnique"},
		"refused-once": {Method: "PATCH", Effect: emulator.Answer, Status: http.StatusBadRequest},
		"not-found":    {Method: "PATCH", Effect: emulator.Answer, Status: http.StatusNotFound},
		"challenged":   {Method: "PATCH", Effect: emulator.ClaimsChallenge},
		"lagging":      {Method: "POST", Effect: emulator.Lag, Reads: 2},
		"masked":       {Method: "GET", Effect: emulator.Mask, Times: 1000},
	}
}
