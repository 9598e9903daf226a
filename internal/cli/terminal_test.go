package cli

import (
	"bytes"
	"os"
	"testing"
)

func TestColours(t *testing.T) {
	for text, want := range map[string]string{
		"ok    CRDs: all there":                      "\x1b[32mok\x1b[0m    CRDs: all there",
		"FAIL  operator: it is not ok  at all":       "\x1b[31mFAIL\x1b[0m  operator: it is not ok  at all",
		"tenant   Failed   The tenant is Ready now.": "tenant   \x1b[31mFailed\x1b[0m   The tenant is Ready now.",
		"a   Create\nb   Refused: Conflict   text":   "a   \x1b[33mCreate\x1b[0m\nb   \x1b[31mRefused: Conflict\x1b[0m   text",
		"a   True  False":                            "a   \x1b[32mTrue\x1b[0m  \x1b[31mFalse\x1b[0m",
		"Ready-made   readyReady":                    "Ready-made   readyReady",
	} {
		if got := coloured([]byte(text)); string(got) != want {
			t.Errorf("%q is painted %q, want %q", text, got, want)
		}
	}
}

func TestColoursAreForTerminals(t *testing.T) {
	file, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if hasColour(&bytes.Buffer{}) || hasColour(file) {
		t.Error("a file is taken for a terminal")
	}
}
