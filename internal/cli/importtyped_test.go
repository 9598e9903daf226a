package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/entraops/phone-operator/internal/testenv"
)

func TestCtrlCWhileAListIsTyped(t *testing.T) {
	w := newConnected(t, "typed", least, fast)
	w.user("ada", having(map[string]string{"mobile": "+1 2065550101"}))
	in, typist := io.Pipe()
	defer func() { _ = typist.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	var out, errOut bytes.Buffer
	root := New(genericiooptions.IOStreams{In: in, Out: &out, ErrOut: &errOut})
	root.SetArgs([]string{"--kubeconfig=" + w.kubeconfig, "--cache-dir=" + t.TempDir(), "--namespace=" + w.namespace, "import", "--from-tenant", w.namespace, "--users-from", "-", "--dry-run"})
	ended := make(chan error, 1)
	go func() { ended <- root.ExecuteContext(ctx) }()
	_, err := typist.Write([]byte("ada@contoso.com\n"))
	must(t, err)
	testenv.Eventually(t, time.Minute, "ada is read", func() error {
		for _, r := range w.graph.Requests() {
			if strings.HasSuffix(r.Path, "/phoneMethods") {
				return nil
			}
		}
		return errors.New("she is not")
	})
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
