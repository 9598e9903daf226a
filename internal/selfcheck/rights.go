package selfcheck

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Rights checks that the API server serves what a role is about, and grants all of its rules: what is in namespaces in each
// of those given ("" is all), the rest for the whole cluster. It asks the API server and reads no role, since there are
// other authorizers than RBAC.
func Rights(c client.Client, role string, rules []rbacv1.PolicyRule, namespaces ...string) Check {
	return func(ctx context.Context) (string, error) {
		var missing []string
		for _, right := range rightsOf(rules) {
			in, err := scope(c.RESTMapper(), right, namespaces)
			if err != nil {
				return "", err
			}
			for _, right.Namespace = range in {
				granted, err := may(ctx, c, right)
				if err != nil {
					return "", fmt.Errorf("ask for the rights of the %s: %w", role, err)
				}
				if !granted {
					missing = append(missing, sentence(right))
				}
			}
		}
		if len(missing) > 0 {
			return "", fmt.Errorf("the operator lacks rights of the %s (bind it, or look for what denies them): it may not %s", role, strings.Join(missing, ", "))
		}
		return "the operator has all rights of the " + role, nil
	}
}

// rightsOf are the single rights that rules give, without a namespace.
func rightsOf(rules []rbacv1.PolicyRule) (all []authorizationv1.ResourceAttributes) {
	for _, rule := range rules {
		names := rule.ResourceNames
		if len(names) == 0 {
			names = []string{""}
		}
		for _, group := range rule.APIGroups {
			for _, path := range rule.Resources {
				resource, subresource, _ := strings.Cut(path, "/")
				for _, name := range names {
					for _, verb := range rule.Verbs {
						all = append(all, authorizationv1.ResourceAttributes{
							Group: group, Resource: resource, Subresource: subresource, Name: name, Verb: verb,
						})
					}
				}
			}
		}
	}
	return all
}

// scope returns where a right is needed. An error says that the API server does not serve the resource.
func scope(mapper meta.RESTMapper, right authorizationv1.ResourceAttributes, namespaces []string) ([]string, error) {
	kind, err := mapper.KindFor(schema.GroupVersionResource{Group: right.Group, Resource: right.Resource})
	if meta.IsNoMatchError(err) {
		return nil, fmt.Errorf("the API server does not serve %s of %q: install the CRDs of this version", right.Resource, right.Group)
	}
	if err != nil {
		return nil, fmt.Errorf("find %s of %q: %w", right.Resource, right.Group, err)
	}
	mapping, err := mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, fmt.Errorf("find %s of %q: %w", right.Resource, right.Group, err)
	}
	if mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return []string{""}, nil
	}
	return namespaces, nil
}

func may(ctx context.Context, c client.Client, right authorizationv1.ResourceAttributes) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &right}}
	err := c.Create(ctx, review)
	return review.Status.Allowed, err
}

// sentence says a right as `kubectl auth can-i` takes it.
func sentence(right authorizationv1.ResourceAttributes) string {
	text := right.Verb + " " + right.Resource
	if right.Group != "" {
		text += "." + right.Group
	}
	if right.Subresource != "" {
		text += "/" + right.Subresource
	}
	if right.Name != "" {
		text += " " + right.Name
	}
	return text + " in " + cmp.Or(right.Namespace, "the cluster")
}
