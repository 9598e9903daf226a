package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// table is what the bench prints, in the order it was measured.
type table struct{ rows [][3]string }

// add notes a figure, its goal, and what was measured.
func (t *table) add(figure, goal, format string, a ...any) {
	t.rows = append(t.rows, [3]string{figure, goal, fmt.Sprintf(format, a...)})
}

func (t *table) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "\nfigure\tgoal\tmeasured")
	for _, r := range t.rows {
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\n", r[0], r[1], r[2])
	}
	_ = tw.Flush()
}

// quantile returns the smallest that a share of all is not above.
func quantile(all []time.Duration, share float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(int(share*float64(len(all))), len(all)-1)].Round(100 * time.Microsecond)
}
