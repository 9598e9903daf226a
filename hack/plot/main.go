// Command plot draws what hack/bench measured, as SVG: how the times to Ready are distributed, the pace that the operator
// learnt beside the limit of Graph, and memory by the number of methods. It is a module of its own: nothing else needs a
// library for plots.
//
//	go run ./hack/bench -series series.json && go run -C hack/plot . -series "$PWD/series.json" -to "$PWD/docs/figures"
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// series is what hack/bench writes; its fields are described there.
type series struct {
	Ready map[string][]float64 `json:"ready"`
	Pace  []struct {
		Limit             float64 `json:"limit"`
		Accepted, Refused []int
	} `json:"pace"`
	Memory []struct {
		Methods int     `json:"methods"`
		MiB     float64 `json:"mib"`
	} `json:"memory"`
}

func main() {
	from := flag.String("series", "", "the `file` that hack/bench wrote with -series")
	panels := flag.String("panels", "", "the `file` with the panels of the dashboard, which are drawn in place of series")
	to := flag.String("to", ".", "the `directory` for the plots")
	flag.Parse()
	draw := func() error { return run(*from, *to) }
	if *panels != "" {
		draw = func() error { return dashboard(*panels, *to) }
	}
	if err := draw(); err != nil {
		fmt.Fprintln(os.Stderr, "plot:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read what was measured (make bench writes it): %w", err)
	}
	var s series
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, drawing := range []struct {
		file string
		draw func(series) (*plot.Plot, error)
	}{
		{"ready.svg", ready}, {"pace.svg", paces}, {"memory.svg", memory},
	} {
		p, err := drawing.draw(s)
		if err != nil {
			return fmt.Errorf("%s: %w", drawing.file, err)
		}
		if p == nil {
			continue // not measured
		}
		if err := p.Save(16*vg.Centimeter, 9*vg.Centimeter, filepath.Join(to, drawing.file)); err != nil {
			return err
		}
	}
	return nil
}

// mostPoints keeps a picture of many methods small: nobody sees more.
const mostPoints = 500

// ready draws which share of the methods was Ready after which time.
func ready(s series) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "From apply to Ready", "milliseconds", "share of methods"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.Y.Min, p.Y.Max = 0, 1
	var lines []any
	for _, what := range slices.Sorted(maps.Keys(s.Ready)) {
		took := slices.Sorted(slices.Values(s.Ready[what]))
		var points plotter.XYs
		for i, ms := range took {
			if every := len(took)/mostPoints + 1; i%every == 0 || i == len(took)-1 {
				points = append(points, plotter.XY{X: max(ms, 0.1), Y: float64(i+1) / float64(len(took))})
			}
		}
		if len(points) > 0 {
			lines = append(lines, what, points)
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	p.Legend.Left, p.Legend.Top = true, true
	return p, plotutil.AddLines(p, lines...)
}

// paces draws the requests that Graph took and refused in each second, beside its limit.
func paces(s series) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "Requests under a limit", "seconds", "requests a second"
	p.Y.Min = 0
	var lines []any
	for _, run := range s.Pace {
		limit := plotter.XYs{{X: 0, Y: run.Limit}, {X: float64(len(run.Accepted)), Y: run.Limit}}
		lines = append(lines, fmt.Sprintf("limit %g", run.Limit), limit, fmt.Sprintf("accepted of %g", run.Limit), counts(run.Accepted))
		if slices.Max(append(slices.Clone(run.Refused), 0)) > 0 {
			lines = append(lines, fmt.Sprintf("429 of %g", run.Limit), counts(run.Refused))
		}
	}
	if len(lines) == 0 {
		return nil, nil
	}
	p.Legend.Top = true
	return p, plotutil.AddLines(p, lines...)
}

func counts(perSecond []int) plotter.XYs {
	points := make(plotter.XYs, len(perSecond))
	for i, n := range perSecond {
		points[i] = plotter.XY{X: float64(i), Y: float64(n)}
	}
	return points
}

// memory draws the memory of the operator's process by the number of methods, beside its goal.
func memory(s series) (*plot.Plot, error) {
	if len(s.Memory) == 0 {
		return nil, nil
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "Memory of the operator", "methods", "MiB"
	p.X.Min, p.Y.Min = 0, 0
	measured := make(plotter.XYs, len(s.Memory))
	most := 0
	for i, m := range s.Memory {
		measured[i], most = plotter.XY{X: float64(m.Methods), Y: m.MiB}, max(most, m.Methods)
	}
	goal := plotter.XYs{{X: 0, Y: 64}, {X: float64(most), Y: 64 + 3*float64(most)/1024}}
	p.Legend.Left, p.Legend.Top = true, true
	return p, plotutil.AddLinePoints(p, "measured", measured, "goal: 64 MiB and 3 KiB each", goal)
}
