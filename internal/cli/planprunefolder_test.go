package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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

// What tools are told to keep is kept, by the words as each of them reads them.
func TestPlanOfAPruneKeepsWhatToolsKeep(t *testing.T) {
	w := newConnected(t, "labelled", least, fast)
	w.user("ada", having(map[string]string{emulator.Mobile: "+1 2065550101"}))
	w.method("ada-mobile", w.holds("ada", "+1 ********01"))
	const flux, argo = "kustomize.toolkit.fluxcd.io/", "argocd.argoproj.io/sync-options"
	for _, tc := range []struct {
		where, key, value string
		pruned            bool
		note              string
	}{
		{"labels", flux + "prune", "disabled", false, "not pruned: 1 with an annotation or a label"},
		{"annotations", flux + "reconcile", "Disabled", false, "not pruned: 1"},
		{"labels", flux + "reconcile", "disabled", false, "not pruned: 1"},
		{"annotations", flux + "ssa", "Ignore", true, ""},
		{"annotations", argo, "Validate=false, Prune=false", false, "not pruned: 1"},
		{"annotations", argo, "prune=false", true, ""}, // which Argo CD does not know
		{"annotations", argo, "Prune=confirm", true, "1 to prune with Prune=confirm: Argo CD waits for somebody to confirm it"},
		{"annotations", argo, "Delete=false", true, ""}, // of the Application, not of a prune
	} {
		patch := func(value string) {
			must(t, w.Patch(t.Context(), w.get("ada-mobile"), client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{%q:{%q:%s}}}`, tc.where, tc.key, value))))
		}
		patch(strconv.Quote(tc.value))
		out, _, err := w.run("plan", "-f", t.TempDir(), "--prune")
		if errors.Is(err, ErrFound) != tc.pruned || err != nil && !errors.Is(err, ErrFound) {
			t.Errorf("%s %s=%s: %v:\n%s", tc.where, tc.key, tc.value, err, out)
		}
		mustSay(t, out, tc.note)
		patch("null")
	}
}
