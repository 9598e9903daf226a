package cli

import (
	"io"

	"github.com/moby/term"
)

// isTerminal reports whether w is a screen.
func isTerminal(w io.Writer) bool {
	_, is := term.GetFdInfo(w)
	return is
}
