package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/entraops/phone-operator/internal/cli/sheet"
)

// barCells is how wide a bar is.
const barCells = 30

// drawBar shows on a terminal how many things of all are done, with something more behind it. all is less than done where it is not known.
func drawBar(w io.Writer, done, all int, thing, more string) {
	if all < done {
		fmt.Fprintf(w, "\r%s%s\x1b[K", count(done, thing), more)
		return
	}
	full := barCells * done / all
	fmt.Fprintf(w, "\r[%s%s] %d of %s%s\x1b[K", strings.Repeat("#", full), strings.Repeat(".", barCells-full), done, count(all, thing), more)
}

// clearBar takes it away.
func clearBar(w io.Writer) { fmt.Fprint(w, "\r\x1b[K") }

// counted shows on a terminal how many rows were handed out so far, and of how many once all were for the first time.
func counted(rows func(func(sheet.Row) error) error, w io.Writer) func(func(sheet.Row) error) error {
	const often = 1000
	total := 0
	return func(do func(sheet.Row) error) error {
		n := 0
		err := rows(func(row sheet.Row) error {
			if n++; n%often == 0 {
				if total == 0 {
					fmt.Fprintf(w, "\r%d rows", n)
				} else {
					fmt.Fprintf(w, "\r%d of %d rows, %d%%", n, total, 100*n/total)
				}
			}
			return do(row)
		})
		total = max(total, n)
		if n >= often {
			clearBar(w)
		}
		return err
	}
}
