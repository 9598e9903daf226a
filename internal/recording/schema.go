package recording

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

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
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/managedfields"
	utilvalidation "k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/client-go/applyconfigurations"

	"github.com/entraops/phone-operator/api/v1alpha1"
)

// schema is what a CustomResourceDefinition says of its objects.
type schema struct {
	fields *structural.Structural
	values validation.SchemaValidator
	rules  *cel.Validator
	types  managedfields.TypeConverter
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
		if err == nil {
			s.types, err = typesOf(&crd, v.Name)
		}
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
	return &schema{fields: fields, values: values, rules: cel.NewValidator(fields, true, celconfig.PerCallLimit)}, nil
}

// typesOf are the types by which objects of a CustomResourceDefinition are merged.
func typesOf(crd *apiextensionsv1.CustomResourceDefinition, version string) (managedfields.TypeConverter, error) {
	all, err := builder.BuildOpenAPIV3(crd, version, builder.Options{})
	if err != nil {
		return nil, err
	}
	return managedfields.NewTypeConverter(all.Components.Schemas, crd.Spec.PreserveUnknownFields)
}

// builtIn are the types of what comes with Kubernetes.
var builtIn = sync.OnceValue(func() managedfields.TypeConverter { return applyconfigurations.NewTypeConverter(kinds) })

func (s *server) typesOf(o *unstructured.Unstructured) managedfields.TypeConverter {
	if of := s.schemas[o.GetKind()]; of != nil {
		return of.types
	}
	return builtIn()
}

// decode takes an object as the API server does where no field may be unknown. The error is in the API server's words.
func (s *server) decode(o *unstructured.Unstructured) error {
	of := s.schemas[o.GetKind()]
	if of != nil {
		defaulting.PruneNonNullableNullsWithoutDefaults(o.Object, of.fields)
		if unknown := pruning.PruneWithOptions(o.Object, of.fields, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}); len(unknown) > 0 {
			return fmt.Errorf("strict decoding error: unknown field \"%s\"", strings.Join(unknown, `", unknown field "`))
		}
	}
	if _, err := s.typesOf(o).ObjectToTyped(o); err != nil && (of == nil || strings.Contains(err.Error(), ".metadata.")) { // else the schema says it better
		return fmt.Errorf("strict decoding error: %w", err)
	}
	return nil
}

// admit completes an object as the API server does and judges it by its kind's schema. The error is one of the API server's.
func (s *server) admit(ctx context.Context, o, live *unstructured.Unstructured) error {
	if err := normalise(o); err != nil {
		return err
	}
	kind, name := o.GroupVersionKind().GroupKind(), o.GetName()
	problems := judgeMetadata(o, live)
	switch of := s.schemas[kind.Kind]; {
	case of != nil:
		pruning.Prune(o.Object, of.fields, true)
		defaulting.Default(o.Object, of.fields)
		problems = of.judge(ctx, o, live, problems)
	case kind.Kind == "Secret":
		if err := encode(o); err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
		problems = append(problems, judgeSecret(o, live)...)
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

func judgeMetadata(o, live *unstructured.Unstructured) field.ErrorList {
	path, validName := field.NewPath("metadata"), apivalidation.NameIsDNSSubdomain
	if o.GetKind() == "Namespace" {
		validName = apivalidation.ValidateNamespaceName
	}
	problems := apivalidation.ValidateObjectMetaAccessor(o, o.GetNamespace() != "", validName, path)
	if live != nil {
		problems = append(problems, apivalidation.ValidateObjectMetaAccessorUpdate(o, live, path)...)
	}
	return problems
}

// maxObject is how many bytes an API server reads of an object.
const maxObject = 3 << 20

// normalise has whole numbers be integers, as in what the API server reads. The error is one of the API server's.
func normalise(o *unstructured.Unstructured) error {
	text, err := o.MarshalJSON()
	switch {
	case err != nil:
		return apierrors.NewBadRequest(err.Error())
	case len(text) > maxObject:
		return apierrors.NewRequestEntityTooLargeError(fmt.Sprintf("limit is %d", maxObject))
	}
	if err := o.UnmarshalJSON(text); err != nil {
		return apierrors.NewBadRequest(err.Error())
	}
	return nil
}

// judge says what is wrong with an object, beside problems, as the API server does: what a change leaves as it was is let pass.
//
// Source: ValidateUpdate of k8s.io/apiextensions-apiserver/pkg/registry/customresource, which cannot be had without a storage.
func (s *schema) judge(ctx context.Context, o, live *unstructured.Unstructured, problems field.ErrorList) field.ErrorList {
	var (
		was     map[string]any
		schemas []validation.ValidationOption
		rules   []cel.Option
	)
	if live != nil {
		was = live.Object
	}
	tooMany := overlong(s.fields, nil, o.Object, old(was))
	switch {
	case len(tooMany) > 0:
		problems = append(problems, tooMany...)
	case live == nil:
		problems = append(problems, validation.ValidateCustomResource(nil, o.Object, s.values)...)
	default:
		both := common.NewCorrelatedObject(o.Object, was, &model.Structural{Structural: s.fields})
		schemas, rules = append(schemas, validation.WithRatcheting(both)), append(rules, cel.WithRatcheting(both))
		problems = append(problems, validation.ValidateCustomResourceUpdate(nil, o.Object, was, s.values, schemas...)...)
	}
	if live == nil || len(listtype.ValidateListSetsAndMaps(nil, s.fields, was)) == 0 {
		problems = append(problems, listtype.ValidateListSetsAndMaps(nil, s.fields, o.Object)...)
	}
	switch {
	case s.rules == nil:
		return problems
	case slices.ContainsFunc(problems, isBlocking):
		return append(problems, field.Invalid(nil, nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"))
	}
	refused, _ := s.rules.Validate(ctx, nil, s.fields, o.Object, old(was), celconfig.RuntimeCELCostBudget, rules...)
	return append(problems, refused...)
}

// old has no object be nil, and not a map that is nil.
func old(was map[string]any) any {
	if was == nil {
		return nil
	}
	return was
}

// isBlocking reports whether the rules cannot be run on an object with a problem.
func isBlocking(e *field.Error) bool {
	return slices.Contains([]field.ErrorType{
		field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid,
	}, e.Type)
}

// encode turns a Secret's stringData into data, and gives it a type.
func encode(o *unstructured.Unstructured) error {
	texts, found, err := unstructured.NestedStringMap(o.Object, "stringData")
	if err != nil {
		return err
	}
	if o.Object["data"] == nil {
		unstructured.RemoveNestedField(o.Object, "data")
	}
	for name, text := range texts {
		if err := unstructured.SetNestedField(o.Object, base64.StdEncoding.EncodeToString([]byte(text)), "data", name); err != nil {
			return err
		}
	}
	if found {
		unstructured.RemoveNestedField(o.Object, "stringData")
	}
	if o.Object["type"] == nil || o.Object["type"] == "" {
		o.Object["type"] = string(corev1.SecretTypeOpaque)
	}
	return nil
}

// judgeSecret says what is wrong with a Secret. What each type of them must have is not judged.
//
// Source: ValidateSecret and ValidateSecretUpdate of k8s.io/kubernetes/pkg/apis/core/validation, which is no library.
func judgeSecret(o, live *unstructured.Unstructured) (problems field.ErrorList) {
	values, _, _ := unstructured.NestedMap(o.Object, "data")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, why := range utilvalidation.IsConfigMapKey(name) {
			problems = append(problems, field.Invalid(field.NewPath("data").Key(name), name, why))
		}
	}
	if live == nil {
		return problems
	}
	if was, is := live.Object["type"], o.Object["type"]; was != nil && was != is {
		problems = append(problems, field.Invalid(field.NewPath("type"), is, apivalidation.FieldImmutableErrorMsg))
	}
	if live.Object["immutable"] != true {
		return problems
	}
	for _, name := range []string{"immutable", "data"} {
		if !equality.Semantic.DeepEqual(live.Object[name], o.Object[name]) {
			problems = append(problems, field.Forbidden(field.NewPath(name), "field is immutable when `immutable` is set"))
		}
	}
	return problems
}
