package webhook

import (
	"context"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// invalid is the one way to refuse: the API server's own error for a bad field.
func invalid(kind schema.GroupVersionKind, name string, errs ...*field.Error) error {
	return apierrors.NewInvalid(kind.GroupKind(), name, errs)
}

// comfort passes on the verdicts of a validator and lets through what it has none
// on: an object that this version cannot decode, a panic. The failurePolicy does not
// cover these. To the API server they are answers, and they would say no.
type comfort struct{ validator admission.Handler }

// Handle answers a request. The error that stands for no verdict is not shown or
// logged: a decoder quotes what it could not decode, and that may be a number.
func (c comfort) Handle(ctx context.Context, req admission.Request) admission.Response {
	answer := c.validator.Handle(ctx, req)
	if answer.Allowed || answer.Result.Code == http.StatusUnprocessableEntity {
		return answer
	}
	logf.FromContext(ctx).Info("let a request pass that could not be judged", "code", answer.Result.Code)
	return admission.Allowed("")
}
