package cli

import (
	"bytes"
	"io"
	"os"
	"regexp"

	"github.com/moby/term"
)

// isTerminal reports whether w is a screen.
func isTerminal(w io.Writer) bool {
	_, is := term.GetFdInfo(w)
	return is
}

// hasColour reports whether w shows colours, and its user wants them: https://no-color.org.
func hasColour(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// verdicts are the cells that are coloured, which have space on both sides: what stands in a sentence is left alone.
var verdicts = regexp.MustCompile(`(?m)(^|  )(?:(ok|Passed|Ready|Adopt|True)|(warn|skip|Waiting|Waits: \w+|Unknown: \w+|Create|Update|HandOver|EnableSMS|DisableSMS|Write)|` +
	`(FAIL|Failed|False|Refused: \w+|Delete|Stalled))(  |$)`)

// coloured is a text of which the good is green, what is under way or changes yellow, and what is wrong or goes away red.
func coloured(text []byte) []byte {
	for range 2 { // a space belongs to one cell only, and two may stand beside each other
		text = verdicts.ReplaceAllFunc(text, func(cell []byte) []byte {
			m := verdicts.FindSubmatch(cell)
			for i, code := range []string{"\x1b[32m", "\x1b[33m", "\x1b[31m"} {
				if word := m[i+2]; len(word) > 0 {
					return bytes.Join([][]byte{m[1], []byte(code), word, []byte("\x1b[0m"), m[5]}, nil)
				}
			}
			return cell
		})
	}
	return text
}
