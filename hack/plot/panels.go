package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// panel is one of the dashboard, with what a Prometheus answered to its queries. TestTheDashboardShowsWhatHappens
// writes them.
type panel struct {
	Title string `json:"title"`
	Lines []struct {
		Name   string       `json:"name"`
		Points [][2]float64 `json:"points"` // seconds since the first one of the dashboard, and the value
	} `json:"lines"`
}

// How the panels stand: in rows of so many, each so large.
const (
	columns     = 3
	panelWidth  = 10 * vg.Centimeter
	panelHeight = 6 * vg.Centimeter
)

// dashboard draws all panels as one picture.
func dashboard(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read what Prometheus answered: %w", err)
	}
	var panels []panel
	if err := json.Unmarshal(text, &panels); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	rows := (len(panels) + columns - 1) / columns
	canvas := vgsvg.New(columns*panelWidth, vg.Length(rows)*panelHeight)
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: vg.Millimeter * 4, PadY: vg.Millimeter * 4, PadTop: vg.Millimeter * 2, PadLeft: vg.Millimeter * 2, PadRight: vg.Millimeter * 4}
	whole := draw.New(canvas)
	for i, one := range panels {
		p := plot.New()
		p.Title.Text, p.Title.TextStyle.Font.Size = one.Title, 11
		p.X.Label.Text, p.Y.Min = "seconds", 0
		p.Legend.TextStyle.Font.Size = 8
		p.Legend.Top, p.Legend.Left = true, true
		for n, line := range one.Lines {
			var points plotter.XYs
			for _, at := range line.Points {
				points = append(points, plotter.XY{X: at[0], Y: at[1]})
			}
			if len(points) == 0 {
				continue
			}
			drawn, err := plotter.NewLine(points)
			if err != nil {
				return fmt.Errorf("%s: %w", one.Title, err)
			}
			drawn.Color, drawn.Width = plotutil.Color(n), 1.5
			p.Add(drawn)
			if len(one.Lines) > 1 { // one alone is named by the title
				p.Legend.Add(line.Name, drawn)
			}
			p.Y.Max = max(p.Y.Max, 1)
		}
		p.Draw(tiles.At(whole, i%columns, i/columns))
	}
	file, err := os.Create(filepath.Join(to, "dashboard.svg"))
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(file); err != nil {
		_ = file.Close()
		return err
	}
	return file.Close()
}
