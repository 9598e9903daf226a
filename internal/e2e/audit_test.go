package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/emulator"
)

// auditLine is what the operator logs of one change that it made in Graph.
type auditLine struct {
	Message    string `json:"msg"`
	Tenant     string `json:"tenant"`
	UserID     string `json:"userID"`
	PhoneType  string `json:"phoneType"`
	Action     string `json:"action"`
	Resource   string `json:"resource"`
	Generation int64  `json:"generation"`
	Drift      bool   `json:"driftCorrection"`
	AppliedBy  string `json:"appliedBy"`
	Source     string `json:"source"`
	RequestID  string `json:"requestID"`
}

// audited are the audit lines about a user, of whichever operator, in order.
func (s *story) audited(u emulator.User) []auditLine {
	s.t.Helper()
	var lines []auditLine
	for _, o := range s.ever() {
		for text := range strings.Lines(o.Output()) {
			var line auditLine
			// Azure's SDK writes lines of its own, and the last one may be half written.
			if strings.Contains(text, u.ID) && json.Unmarshal([]byte(text), &line) == nil && line.Message == "changed Graph" && line.UserID == u.ID {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// Each change made in Graph is one line that says what was done to whom, for which resource, who applied that as far as
// it tells, and under which id Microsoft knows the request.
func TestAuditLines(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.graph.SetReadLag(0) // every change is waited for
	p := s.people
	u := s.user(func(u *emulator.User) { u.SMSSignIn = true })

	// By Flux.
	manifest := p.phone("mobile", u.UPN, mobile, "+1 2065550101", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Labels = map[string]string{"kustomize.toolkit.fluxcd.io/name": "phones", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
	})
	p.serverSideApply(manifest, "kustomize-controller")
	p.ready("mobile")
	manifest.Spec.PhoneNumber, manifest.Spec.SMSSignIn = "+1 2065550102", v1alpha1.SMSSignInDisabled
	p.serverSideApply(manifest, "kustomize-controller")
	p.ready("mobile")
	must(t, s.graph.SetPhone(u.ID, "mobile", "+1 2065550103"))
	p.look("mobile")
	// By Argo CD, and by a person after it.
	p.serverSideApply(p.phone("office", u.ID, office, "+1 2065550104x9073156", func(o *v1alpha1.PhoneAuthenticationMethod) {
		o.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "phones:identity.entraops.dev/PhoneAuthenticationMethod:people/office"}
	}), "argocd-controller")
	p.ready("office")
	must(t, client.WithFieldOwner(p.Client, "kubectl-edit").Patch(t.Context(), p.phone("office", "", "", ""),
		client.RawPatch(types.MergePatchType, []byte(`{"spec":{"phoneNumber":"+1 2065550105"}}`))))
	p.ready("office")
	p.remove("mobile", "office")
	p.gone("mobile", "office")

	const flux, argo = "flux kustomize flux-system/phones", "argocd phones:identity.entraops.dev/PhoneAuthenticationMethod:people/office"
	mobileLine := auditLine{Tenant: s.tenant, UserID: u.ID, PhoneType: "mobile", Resource: p.namespace + "/mobile", AppliedBy: "kustomize-controller", Source: flux}
	officeLine := auditLine{Tenant: s.tenant, UserID: u.ID, PhoneType: "office", Resource: p.namespace + "/office", AppliedBy: "argocd-controller", Source: argo}
	line := func(l auditLine, action string, generation int64, change ...func(*auditLine)) auditLine {
		l.Message, l.Action, l.Generation = "changed Graph", action, generation
		for _, c := range change {
			c(&l)
		}
		return l
	}
	drift := func(l *auditLine) { l.Drift = true }
	byHand := func(l *auditLine) { l.AppliedBy, l.Source = "kubectl-edit", "" } // what is not in Git has no source
	want := []auditLine{
		line(mobileLine, "create", 1), line(mobileLine, "update", 2), line(mobileLine, "disable SMS sign-in", 2),
		// Who asked for the look wrote to the resource last, and not its spec.
		line(mobileLine, "update", 2, drift), line(mobileLine, "disable SMS sign-in", 2),
		line(officeLine, "create", 1), line(officeLine, "update", 2, byHand),
		line(mobileLine, "delete", 3), line(officeLine, "delete", 3, byHand),
	}
	got := s.audited(u)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(auditLine{}, "RequestID")); diff != "" {
		t.Errorf("audit lines (-want +got):\n%s", diff)
	}
	// One line for each change, under Graph's own id of it, and no line more.
	var changes, ids []string
	for _, r := range s.writes() {
		if r.Status < http.StatusMultipleChoices {
			changes = append(changes, r.RequestID)
		}
	}
	for _, l := range got {
		ids = append(ids, l.RequestID)
	}
	if diff := cmp.Diff(changes, ids); diff != "" {
		t.Errorf("request ids (-Graph's +logged):\n%s", diff)
	}
}

// serverSideApply applies a manifest as tools of GitOps do.
func (g *team) serverSideApply(o *v1alpha1.PhoneAuthenticationMethod, manager string) {
	g.t.Helper()
	manifest := o.DeepCopy()
	manifest.APIVersion, manifest.Kind = v1alpha1.GroupVersion.String(), "PhoneAuthenticationMethod"
	text, err := json.Marshal(manifest)
	must(g.t, err)
	must(g.t, g.Patch(g.t.Context(), manifest, client.RawPatch(types.ApplyPatchType, text),
		client.FieldOwner(manager), client.ForceOwnership))
}

// A change that was made although the answer said otherwise, or none came, is one line, too.
func TestAuditLinesOfChangesWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for name, fault := range map[string]emulator.Fault{
		"a cut connection": {Effect: emulator.Cut, AfterWork: true},
		"half an answer":   {Effect: emulator.Half},
		"a 500":            {Effect: emulator.Answer, AfterWork: true, Status: http.StatusInternalServerError},
		"a 409":            {Effect: emulator.Answer, AfterWork: true, Status: http.StatusConflict, Code: "phoneNumberNotUnique"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := s.under(t)
			p, u := s.people, s.user()
			phone := resourcesOf(u) + "mobile"
			for _, method := range []string{"POST", "PATCH", "DELETE"} {
				fault := fault
				fault.Method, fault.Path, fault.Times = method, u.ID+"/authentication/phoneMethods", 1
				must(t, s.graph.AddFault(fault))
			}
			p.apply(p.phone(phone, u.UPN, mobile, "+1 2065550101"))
			p.ready(phone)
			p.edit(phone, number("+1 2065550102"))
			p.ready(phone)
			p.remove(phone)
			p.gone(phone)
			var actions []string
			for _, line := range s.audited(u) {
				actions = append(actions, line.Action)
				if uuid.Validate(line.RequestID) != nil {
					t.Errorf("the request of %s has no id: %q", line.Action, line.RequestID)
				}
			}
			if diff := cmp.Diff([]string{"create", "update", "delete"}, actions); diff != "" {
				t.Errorf("audit lines (-want +got):\n%s", diff)
			}
		})
	}
}
