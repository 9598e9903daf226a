package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// serviceAccountNamespace is the file in which a pod finds its namespace.
	serviceAccountNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
	// defaultNamespace is where config/default installs the operator: the namespace of one
	// that runs outside a cluster.
	defaultNamespace = "phone-operator-system"
)

// namespaceList is a flag of namespaces. It may be given more than once, each time with
// one namespace or several with commas between them.
type namespaceList []string

func (l *namespaceList) String() string { return strings.Join(*l, ",") }

// Set adds the namespaces of one use of the flag.
func (l *namespaceList) Set(value string) error {
	for name := range strings.SplitSeq(value, ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if problems := validation.IsDNS1123Label(name); len(problems) > 0 {
			return fmt.Errorf("%q is no namespace: %s", name, strings.Join(problems, "; "))
		}
		if !slices.Contains(*l, name) {
			*l = append(*l, name)
		}
	}
	return nil
}

// ownNamespace returns the operator's namespace: POD_NAMESPACE, which the Deployment sets,
// else what the file of the ServiceAccount says, else the default.
func ownNamespace(file string) string {
	if name := strings.TrimSpace(os.Getenv("POD_NAMESPACE")); name != "" {
		return name
	}
	if content, err := os.ReadFile(file); err == nil {
		if name := strings.TrimSpace(string(content)); name != "" {
			return name
		}
	}
	return defaultNamespace
}
