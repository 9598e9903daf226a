package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
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
	_, err := typist.Write([]byte("ada@contoso.com\n")) // which ends when it is read
	must(t, err)
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
