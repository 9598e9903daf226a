package v1alpha1_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/api/v1alpha1"
	"github.com/entraops/phone-operator/internal/testenv"
)

// register declares Ada's mobile and waits until Graph holds it, or until a person must act.
func register(ctx context.Context, c client.WithWatch) error {
	phone := &v1alpha1.PhoneAuthenticationMethod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "ada-mobile"},
		Spec: v1alpha1.PhoneAuthenticationMethodSpec{
			User:      "ada@contoso.com",
			PhoneType: v1alpha1.PhoneTypeMobile,
			// The number stays in a Secret: whoever may read the resource does not see it.
			PhoneNumberFrom: &v1alpha1.PhoneNumberSource{
				SecretKeyRef: v1alpha1.SecretKeyReference{Name: "ada-phones", Key: "mobile"},
			},
			DeletionPolicy: v1alpha1.DeletionOrphan,
		},
	}
	if err := c.Create(ctx, phone); err != nil {
		return fmt.Errorf("declare the phone: %w", err)
	}
	changes, err := c.Watch(ctx, &v1alpha1.PhoneAuthenticationMethodList{}, client.InNamespace("people"))
	if err != nil {
		return fmt.Errorf("watch the phones: %w", err)
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		now, ok := change.Object.(*v1alpha1.PhoneAuthenticationMethod)
		if !ok || now.Name != phone.Name || now.Status.ObservedGeneration < now.Generation {
			continue // not of this phone, or of spec as it was before
		}
		if meta.IsStatusConditionTrue(now.Status.Conditions, v1alpha1.ConditionReady) {
			return nil
		}
		if stalled := meta.FindStatusCondition(now.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil {
			return fmt.Errorf("%s: %s", stalled.Reason, stalled.Message) // waiting does not help
		}
	}
	return ctx.Err()
}

// Example is the whole program, in a pod with a ServiceAccount that may create and watch phones.
func Example() {
	config, err := rest.InClusterConfig()
	if err == nil {
		err = program(context.Background(), config)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	// Output:
}

func program(ctx context.Context, config *rest.Config) error {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return err
	}
	return register(ctx, c)
}

// The program of docs/go-client.md ends when the phone is Ready, and tells the reason where a person must act. It says the same as the page.
func TestTheExampleOfAClient(t *testing.T) {
	page, err := os.ReadFile("../../docs/go-client.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for block := range strings.SplitSeq(string(page), "```go\n") {
		code, _, fenced := strings.Cut(block, "```\n")
		if fenced && !strings.Contains(unindented(string(source)), unindented(code)) {
			t.Errorf("this is on the page and not in the example:\n%s", code)
		}
	}

	cluster := testenv.Shared(t)
	admin, err := client.New(cluster.Config(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := admin.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "people"}}); err != nil {
		t.Fatal(err)
	}
	for sentence, c := range map[string]struct {
		says metav1.Condition // of the operator
		want string
	}{
		"Graph holds it": {metav1.Condition{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady}, ""},
		"a person must act": {
			metav1.Condition{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonConflict, Message: "delete one"},
			"Conflict: delete one",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			phone := &v1alpha1.PhoneAuthenticationMethod{ObjectMeta: metav1.ObjectMeta{Namespace: "people", Name: "ada-mobile"}}
			ended := make(chan error)
			go func() { ended <- program(t.Context(), cluster.Config()) }()
			testenv.Eventually(t, patience, "the phone is declared", func() error {
				return k8s(t).Get(t.Context(), client.ObjectKeyFromObject(phone), phone)
			})
			phone.Status.ObservedGeneration = phone.Generation
			meta.SetStatusCondition(&phone.Status.Conditions, c.says)
			if err := k8s(t).Status().Update(t.Context(), phone); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; fmt.Sprint(err) != fmt.Sprint(orNil(c.want)) {
				t.Errorf("it ended with %v, want %q", err, c.want)
			}
			if err := k8s(t).Delete(t.Context(), phone); err != nil {
				t.Fatal(err)
			}
		})
	}
}

const patience = 30 * time.Second

func orNil(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}
