package cli

import (
	"fmt"
	"io"

	"github.com/entraops/phone-operator/internal/cli/sheet"
)

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
			fmt.Fprint(w, "\r\x1b[K") // the line is gone
		}
		return err
	}
}
