package phonemethod

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

// stored is what both clusters must agree on after a write.
type stored struct {
	Err         metav1.StatusReason
	Gone        bool
	Terminating bool
	Generation  int64
	Finalizers  []string
	Annotations map[string]string
	Number      string
	Status      v1alpha1.PhoneAuthenticationMethodStatus
	NewVersion  bool
}

// TestTheModelsClusterIsLikeTheRealOne makes the same writes to both.
func TestTheModelsClusterIsLikeTheRealOne(t *testing.T) {
	scheme := runtime.NewScheme()
	must(corev1.AddToScheme(scheme))
	must(v1alpha1.AddToScheme(scheme))
	live, err := client.New(testenv.Shared(t).Config(), client.Options{Scheme: scheme})
	must(err)
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "model-"}}
	must(live.Create(t.Context(), namespace))
	key := client.ObjectKey{Namespace: namespace.Name, Name: "one"}
	fresh := &pam{
		ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
		Spec:       v1alpha1.PhoneAuthenticationMethodSpec{User: "ada@contoso.com", PhoneType: v1alpha1.PhoneTypeMobile, PhoneNumber: "+1 2065550101"},
	}
	model := newCluster()
	model.create(fresh)
	must(live.Create(t.Context(), fresh.DeepCopy()))
	inModel := func() *pam { return model.pams[key] }
	inReal := func() *pam {
		o := &pam{}
		if err := live.Get(t.Context(), key, o); err != nil {
			must(client.IgnoreNotFound(err))
			return nil
		}
		return o
	}

	const own, other = v1alpha1.Finalizer, "example.com/other"
	old := map[string]*pam{"model": inModel(), "real": inReal()}
	for _, step := range []struct {
		name   string
		change func(*pam) // as the operator patches, with the version
		status bool
		stale  bool       // on the first version
		edit   func(*pam) // as people do
		remove bool
	}{
		{name: "a finalizer and an annotation", change: func(o *pam) {
			o.Finalizers = []string{own}
			o.Annotations = map[string]string{"example.com/a": "b"}
		}},
		{name: "the same once more", change: func(*pam) {}},
		{name: "a patch that came second", stale: true, change: func(o *pam) { o.Annotations = map[string]string{"a": "b"} }},
		{name: "the status", status: true, change: func(o *pam) { o.Status.ID, o.Status.ObservedGeneration = "id", 1 }},
		{name: "a pending write", status: true, change: func(o *pam) {
			o.Status.PendingWrite = &v1alpha1.PendingWrite{Action: v1alpha1.PendingCreate, UserID: "id", MaskedNumber: "+1 ********01", Since: metav1.Unix(1, 0)}
		}},
		{name: "the pending write goes", status: true, change: func(o *pam) { o.Status.PendingWrite = nil }},
		{name: "the same status", status: true, change: func(*pam) {}},
		{name: "a status that came second", status: true, stale: true, change: func(o *pam) { o.Status.ID = "late" }},
		{name: "more than the status by way of it", status: true, change: func(o *pam) {
			o.Status.MaskedNumber, o.Annotations, o.Finalizers = "+1 ********01", nil, nil
		}},
		{name: "the status by way of the rest", change: func(o *pam) { o.Status.ID, o.Annotations = "", nil }},
		{name: "an edit of spec", edit: func(o *pam) { o.Spec.PhoneNumber = "+1 2065550102" }},
		{name: "an edit that changes nothing", edit: func(*pam) {}},
		{name: "an edit of an annotation", edit: func(o *pam) { o.Annotations = map[string]string{"c": "d"} }},
		{name: "a deletion", remove: true},
		{name: "a second deletion", remove: true},
		{name: "a finalizer for what is leaving", change: func(o *pam) { o.Finalizers = append(o.Finalizers, other) }},
		{name: "an edit of what is leaving", edit: func(o *pam) { o.Spec.DeletionPolicy = v1alpha1.DeletionOrphan }},
		{name: "the status of what is leaving", status: true, change: func(o *pam) { o.Status.ID = "" }},
		{name: "the finalizer goes", change: func(o *pam) { o.Finalizers = nil }},
		{name: "a patch of what is gone", change: func(o *pam) { o.Annotations = nil }},
	} {
		got := map[string]stored{}
		for which, get := range map[string]func() *pam{"model": inModel, "real": inReal} {
			was := get()
			on := was
			if step.stale || was == nil {
				on = old[which]
			}
			var err error
			switch {
			case step.remove && which == "model":
				model.remove(key)
			case step.remove:
				err = live.Delete(t.Context(), was.DeepCopy())
			case step.edit != nil && which == "model":
				model.edit(key, step.edit)
			case step.edit != nil:
				o := was.DeepCopy()
				step.edit(o)
				err = live.Update(t.Context(), o)
			default:
				o := on.DeepCopy()
				step.change(o)
				by := client.MergeFromWithOptions(on, client.MergeFromWithOptimisticLock{})
				switch {
				case which == "model":
					data, problem := by.Data(o)
					must(problem)
					err = model.patch(o, data, step.status)
				case step.status:
					err = live.Status().Patch(t.Context(), o, by)
				default:
					err = live.Patch(t.Context(), o, by)
				}
			}
			got[which] = after(was, get(), err)
		}
		if diff := cmp.Diff(got["real"], got["model"]); diff != "" {
			t.Errorf("%s (-real +model):\n%s", step.name, diff)
		}
	}
}

func after(was, now *pam, err error) stored {
	var s stored
	if err != nil {
		if s.Err = apierrors.ReasonForError(err); s.Err == metav1.StatusReasonUnknown {
			panic(err)
		}
	}
	if s.Gone = now == nil; s.Gone {
		return s
	}
	s.Terminating, s.Generation, s.Finalizers = !now.DeletionTimestamp.IsZero(), now.Generation, now.Finalizers
	s.Annotations, s.Number, s.Status = now.Annotations, now.Spec.PhoneNumber, now.Status
	s.NewVersion = was == nil || was.ResourceVersion != now.ResourceVersion
	return s
}
