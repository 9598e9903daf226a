package recording

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// schema is what a CustomResourceDefinition says of its objects.
type schema struct {
	fields *structural.Structural
	values validation.SchemaValidator
	rules  *cel.Validator
}

func (r *Recording) takeSchema(o *unstructured.Unstructured) error {
	var crd apiextensionsv1.CustomResourceDefinition
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &crd); err != nil {
		return fmt.Errorf("the recording's CustomResourceDefinition %s cannot be read: %w", o.GetName(), err)
	}
	for _, v := range crd.Spec.Versions {
		if v.Name != v1alpha1.GroupVersion.Version || v.Schema == nil {
			continue
		}
		s, err := newSchema(v.Schema.OpenAPIV3Schema)
		if err != nil {
			return fmt.Errorf("the schema of %s cannot be used: %w", o.GetName(), err)
		}
		r.schemas[crd.Spec.Names.Kind] = s
	}
	return nil
}

func newSchema(of *apiextensionsv1.JSONSchemaProps) (*schema, error) {
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(of, &internal, nil); err != nil {
		return nil, err
	}
	fields, err := structural.NewStructural(&internal)
	if err != nil {
		return nil, err
	}
	values, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return nil, err
	}
	return &schema{fields, values, cel.NewValidator(fields, true, celconfig.PerCallLimit)}, nil
}

// admit completes an object as the API server does and judges it by its kind's schema. The error is one of the API server's. Of strict
// ones no field may be unknown; of others such a field is dropped.
func (s *server) admit(ctx context.Context, o, live *unstructured.Unstructured, strict bool) error {
	if err := normalise(o); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	kind, name := o.GroupVersionKind().GroupKind(), o.GetName()
	problems := apivalidation.ValidateObjectMetaAccessor(o, o.GetNamespace() != "", apivalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	switch of := s.schemas[kind.Kind]; {
	case of != nil:
		unknown := pruning.PruneWithOptions(o.Object, of.fields, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
		if strict && len(unknown) > 0 { // in the words of the API server, which gives no reason either
			return fmt.Errorf("failed to create typed patch object (%s/%s; %s): .%s: field not declared in schema", o.GetNamespace(), name, o.GroupVersionKind(), strings.Join(unknown, ", ."))
		}
		defaulting.PruneNonNullableNullsWithoutDefaults(o.Object, of.fields)
		defaulting.Default(o.Object, of.fields)
		problems = append(problems, of.judge(ctx, o, live)...)
	case kind.Kind == "Secret":
		if err := encode(o); err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
	case kind.Kind == "Namespace":
		labels := o.GetLabels()
		if labels == nil {
			labels = map[string]string{}
		}
		labels[corev1.LabelMetadataName] = name
		o.SetLabels(labels)
	}
	if len(problems) > 0 {
		return apierrors.NewInvalid(kind, name, problems)
	}
	if live != nil && !equality.Semantic.DeepEqual(live.Object["spec"], o.Object["spec"]) {
		o.SetGeneration(live.GetGeneration() + 1)
	}
	return nil
}

// normalise has whole numbers be integers, as in what the API server reads.
func normalise(o *unstructured.Unstructured) error {
	text, err := o.MarshalJSON()
	if err != nil {
		return err
	}
	return o.UnmarshalJSON(text)
}

// judge says what is wrong with an object, as the API server does: what a change leaves as it was is let pass.
//
// Source: ValidateUpdate of k8s.io/apiextensions-apiserver/pkg/registry/customresource, which cannot be had without a storage.
func (s *schema) judge(ctx context.Context, o, live *unstructured.Unstructured) (problems field.ErrorList) {
	if live == nil {
		problems = append(validation.ValidateCustomResource(nil, o.Object, s.values), listtype.ValidateListSetsAndMaps(nil, s.fields, o.Object)...)
		if s.rules == nil || slices.ContainsFunc(problems, isBlocking) {
			return problems
		}
		refused, _ := s.rules.Validate(ctx, nil, s.fields, o.Object, nil, celconfig.RuntimeCELCostBudget)
		return append(problems, refused...)
	}
	both := common.NewCorrelatedObject(o.Object, live.Object, &model.Structural{Structural: s.fields})
	problems = validation.ValidateCustomResourceUpdate(nil, o.Object, live.Object, s.values, validation.WithRatcheting(both))
	if len(listtype.ValidateListSetsAndMaps(nil, s.fields, live.Object)) == 0 {
		problems = append(problems, listtype.ValidateListSetsAndMaps(nil, s.fields, o.Object)...)
	}
	if s.rules == nil || slices.ContainsFunc(problems, isBlocking) {
		return problems
	}
	refused, _ := s.rules.Validate(ctx, nil, s.fields, o.Object, live.Object, celconfig.RuntimeCELCostBudget, cel.WithRatcheting(both))
	return append(problems, refused...)
}

// isBlocking reports whether the rules cannot be run on an object with a problem.
func isBlocking(e *field.Error) bool {
	return slices.Contains([]field.ErrorType{
		field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid,
	}, e.Type)
}

var errNoText = errors.New("stringData of a Secret holds texts")

// encode turns a Secret's stringData into data.
func encode(o *unstructured.Unstructured) error {
	texts, found, err := unstructured.NestedStringMap(o.Object, "stringData")
	if err != nil {
		return errNoText
	}
	for name, text := range texts {
		if err := unstructured.SetNestedField(o.Object, base64.StdEncoding.EncodeToString([]byte(text)), "data", name); err != nil {
			return err
		}
	}
	if found {
		unstructured.RemoveNestedField(o.Object, "stringData")
	}
	return nil
}
