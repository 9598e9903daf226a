package cli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/entraops/phone-operator/internal/emulator"
)

func TestPlanOfAPruneOfAnEmptyFolder(t *testing.T) {
	w := newConnected(t, "emptied", least, fast)
	w.user("ada", having(map[string]string{emulator.Mobile: "+1 2065550101"}))
	w.method("ada-mobile", w.holds("ada", "+1 ********01"))
	var out, errOut bytes.Buffer
	root := New(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
	root.SetArgs([]string{"--kubeconfig=" + w.kubeconfig, "--cache-dir=" + t.TempDir(), "plan", "-f", t.TempDir(), "--prune"})
	if err := root.ExecuteContext(t.Context()); err == nil {
		t.Errorf("exit code 0: %s", out.String())
	}
	// A folder that has only a Secret, or the Namespace, of where the last resource went from.
	for _, text := range []string{
		"apiVersion: v1\nkind: Secret\nmetadata: {name: other, namespace: emptied}\n", "apiVersion: v1\nkind: Namespace\nmetadata: {name: emptied}\n",
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, "a.yaml"), []byte(text), 0o600))
		out.Reset()
		root := New(genericiooptions.IOStreams{In: strings.NewReader(""), Out: &out, ErrOut: &errOut})
		root.SetArgs([]string{"--kubeconfig=" + w.kubeconfig, "--cache-dir=" + t.TempDir(), "plan", "-f", dir, "--prune"})
		if err := root.ExecuteContext(t.Context()); !errors.Is(err, ErrFound) {
			t.Errorf("%s: %v: %s", text, err, out.String())
		}
	}
}

func TestPlanOfAPruneWithASealedManifest(t *testing.T) {
	w := newConnected(t, "sealed", least, fast)
	w.user("ada", having(map[string]string{emulator.Mobile: "+1 2065550101"}))
	w.method("ada-mobile", w.holds("ada", "+1 ********01"))
	dir := folder(t, w.phone("ada-mobile", "ada", "mobile", "ENC[AES256_GCM,data:x,type:str]")+"sops: {version: 3.9.0}\n")
	out, _, err := w.run("plan", "-f", dir, "--prune")
	if strings.Contains(out, "Delete") {
		t.Errorf("it says that what the folder has is deleted (%v):\n%s", err, out)
	}
}

func TestPlanOfAPruneKeepsWhatALabelOfFluxKeeps(t *testing.T) {
	w := newConnected(t, "labelled", least, fast)
	w.user("ada", having(map[string]string{emulator.Mobile: "+1 2065550101"}))
	w.method("ada-mobile", w.holds("ada", "+1 ********01"))
	must(t, w.Patch(t.Context(), w.get("ada-mobile"), client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"kustomize.toolkit.fluxcd.io/prune":"disabled"}}}`))))
	out, _, err := w.run("plan", "-f", t.TempDir(), "--prune")
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}
