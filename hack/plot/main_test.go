package main

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"testing"
)

// Each kind of measurement has a plot of its own, and what was not measured has none.
func TestPlots(t *testing.T) {
	for name, c := range map[string]struct {
		measured string
		want     []string
	}{
		"everything": {`{"ready": {"idle": [20, 31, 0], "none": []}, "pace": [{"limit": 20, "accepted": [20, 19], "refused": [0, 1]}],
			"memory": [{"methods": 10000, "mib": 108}, {"methods": 30000, "mib": 170}]}`, []string{"memory.svg", "pace.svg", "ready.svg"}},
		"memory alone": {`{"memory": [{"methods": 10000, "mib": 108}]}`, []string{"memory.svg"}},
		"nothing":      {`{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := filepath.Join(t.TempDir(), "series.json"), filepath.Join(t.TempDir(), "plots")
			if err := os.WriteFile(from, []byte(c.measured), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := run(from, to); err != nil {
				t.Fatal(err)
			}
			drawn, err := filepath.Glob(filepath.Join(to, "*"))
			if err != nil || len(drawn) != len(c.want) {
				t.Fatalf("%v, %v; want %v", drawn, err, c.want)
			}
			for i, file := range drawn {
				if filepath.Base(file) != c.want[i] {
					t.Errorf("%s, want %s", file, c.want[i])
				}
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if err := xml.Unmarshal(text, &struct{}{}); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		})
	}
}
