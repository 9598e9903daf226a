package preview

import (
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/conditions"
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

// rowOf reads what the reconciler said of a resource. before is the resource as the cluster has it, nil for a new one.
func (r *run) rowOf(before, o *method) Row {
	row := rowFor(o)
	ready := meta.FindStatusCondition(o.Status.Conditions, v1alpha1.ConditionReady)
	switch {
	case o.Spec.Suspend:
		row.Outcome, row.Reason, row.Message = Unchanged, v1alpha1.ReasonSuspended, "spec.suspend is true: nothing is read or written for it."
		return row
	case ready == nil || o.Status.ObservedGeneration != o.Generation:
		row.Outcome, row.Reason, row.Message = Unknown, v1alpha1.ReasonPending, "The operator's reconciler came to no verdict."
		return row
	}
	row.Reason, row.Message = ready.Reason, ready.Message
	var source client.ObjectKey
	sourceKey := ""
	if ref := o.Spec.PhoneNumberFrom; ref != nil {
		source, sourceKey = client.ObjectKey{Namespace: o.Namespace, Name: ref.SecretKeyRef.Name}, ref.SecretKeyRef.Key
	}
	switch {
	case ready.Reason == v1alpha1.ReasonReady:
		row.Outcome = Unchanged
		if before == nil || before.Status.ID == "" {
			row.Action, row.Message = "Adopt", "Graph has this phone already: it is adopted without a write."
		}
	case ready.Reason == v1alpha1.ReasonWouldChange:
		row.Outcome, row.Message = Change, conditions.Foreseen(ready.Message)
		row.Action = actionOf(row.Message)
	case ready.Reason == v1alpha1.ReasonNumberSourceNotFound && r.sealed[source]:
		row.Outcome, row.Reason, row.Message = Unknown, reasonEncrypted, "Secret "+source.Name+", which has the number, is encrypted by SOPS: decrypt it first."
	case ready.Reason == v1alpha1.ReasonNumberSourceNotFound && r.recorded != nil && !r.recorded.HasKey(source, sourceKey):
		row.Outcome, row.Reason, row.Message = Unknown, reasonUnrecorded, "The recording does not have this key of Secret "+source.Name+", if there is one: make it again, with a resource that names it."
	case ready.Reason == v1alpha1.ReasonGraphUnavailable && r.recorded != nil:
		row.Outcome, row.Reason, row.Message = Unknown, reasonUnrecorded, "The recording does not have what Graph says of this user, if there is one: make it again, with this user."
	case ready.Reason == v1alpha1.ReasonNumberSourceNotFound && r.unreadable[source]:
		row.Outcome, row.Reason, row.Message = Unknown, reasonUnread, "You may not read Secret "+source.Name+", which has the number."
	case slices.Contains(undecided, ready.Reason):
		row.Outcome = Unknown
	case meta.IsStatusConditionTrue(o.Status.Conditions, v1alpha1.ConditionStalled):
		row.Outcome = Refused
	default:
		row.Outcome = Waits
	}
	return row
}

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
