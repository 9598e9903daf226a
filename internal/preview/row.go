package preview

import (
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/phone"
)

// Outcome is what becomes of a manifest.
type Outcome string

// The outcomes. The words are for programs, and stay.
const (
	// Refused: a person must act before anything happens.
	Refused Outcome = "Refused"
	// Waits: nothing is wrong, and something else comes first.
	Waits Outcome = "Waits"
	// Change: Graph would be changed.
	Change Outcome = "Change"
	// Unchanged: Graph stays as it is.
	Unchanged Outcome = "Unchanged"
	// Unknown: it cannot be said.
	Unknown Outcome = "Unknown"
)

// Row is what would become of one manifest. Numbers in it are masked.
type Row struct {
	Kind      string  `json:"kind,omitempty"` // "": PhoneAuthenticationMethod
	Namespace string  `json:"namespace,omitempty"`
	Name      string  `json:"name"`
	Tenant    string  `json:"tenant,omitempty"`
	User      string  `json:"user,omitempty"`
	PhoneType string  `json:"phoneType,omitempty"`
	Number    string  `json:"maskedNumber,omitempty"`
	Outcome   Outcome `json:"outcome"`
	// Pruned says that no manifest has it, and that it would be deleted for that.
	Pruned bool `json:"pruned,omitempty"`
	// Action is what is done first: Create, Update, Delete, HandOver, EnableSMS or DisableSMS; of Unchanged it may be Adopt, or
	// LetGo of what is pruned and leaves its phone.
	Action  string `json:"action,omitempty"`
	Reason  string `json:"reason"` // of the condition Ready; or the API server's
	Message string `json:"message"`
}

// undecided are the reasons which tell that the operator's own look came to no end.
var undecided = []string{v1alpha1.ReasonThrottled, v1alpha1.ReasonGraphUnavailable, v1alpha1.ReasonForbidden}

const (
	// reasonUnread is for a number that the caller may not see.
	reasonUnread = "SecretNotReadable"
	// reasonUnrecorded is for what was not asked when the recording was made.
	reasonUnrecorded = "NotRecorded"
	// reasonEncrypted is for what nobody can read in the manifests.
	reasonEncrypted = "Encrypted"
)

// leaving is for one that the cluster is deleting: it goes, whatever is applied.
func leaving(before *method) Row {
	row := rowFor(before)
	row.Outcome, row.Reason, row.Message = Waits, "Deleting", "The cluster is deleting it, and what is applied now goes with it: apply it again after that."
	return row
}

func rowFor(o *method) Row {
	row := Row{
		Namespace: o.Namespace, Name: o.Name, Tenant: o.Spec.TenantName(), User: maskedName(o.Spec.User), PhoneType: string(o.Spec.PhoneType), Number: o.Status.MaskedNumber,
	}
	if n, err := phone.Parse(o.Spec.PhoneNumber); err == nil {
		row.Number = n.Masked()
	}
	return row
}

// actions are the first words of what would be done.
var actions = []struct{ begins, action string }{
	{"create ", "Create"}, {"change ", "Update"}, {"delete ", "Delete"}, {"hand ", "HandOver"},
	{"enable SMS", "EnableSMS"}, {"disable SMS", "DisableSMS"},
}

func actionOf(what string) string {
	for _, a := range actions {
		if strings.HasPrefix(what, a.begins) {
			return a.action
		}
	}
	return "Write"
}

// sealedRow is for a manifest in which something is encrypted: any of its fields may be.
func sealedRow(o *unstructured.Unstructured) Row {
	row := Row{Kind: o.GetKind(), Namespace: o.GetNamespace(), Name: o.GetName(), Outcome: Unknown, Reason: reasonEncrypted,
		Message: "It is encrypted by SOPS: decrypt it first."}
	if row.Kind == "PhoneAuthenticationMethod" {
		row.Kind = ""
	}
	return row
}

// refusedRow is for a manifest that the API server does not take, or that cannot be read.
func refusedRow(o *unstructured.Unstructured, err error) Row {
	row := Row{Namespace: o.GetNamespace(), Name: o.GetName(), Outcome: Refused, Reason: string(apierrors.ReasonForError(err)), Message: refusalOf(err)}
	if row.Kind = o.GetKind(); row.Kind == "PhoneAuthenticationMethod" {
		row.Kind, row.Tenant = "", tenantOf(o)
		userName, _, _ := unstructured.NestedString(o.Object, "spec", "user")
		phoneType, _, _ := unstructured.NestedString(o.Object, "spec", "phoneType")
		row.User, row.PhoneType = maskedName(userName), maskedName(phoneType)
	}
	if row.Reason == "" {
		row.Reason = "Invalid"
	}
	return row
}
