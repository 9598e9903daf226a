package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
)

var (
	relative  = regexp.MustCompile(`\]\(([^):#]+(?:#[^)]*)?)\)`)
	reference = regexp.MustCompile(`(?m)^\[[^\]]+\]: .*\n?`)
)

// notes is the section of the changelog that is about the version. Links to files lead to those of the version.
func (r *release) notes() ([]byte, error) {
	text, err := os.ReadFile(r.changelog)
	if err != nil {
		return nil, err
	}
	number := strings.TrimPrefix(r.version, "v")
	heading := regexp.MustCompile(`(?m)^## \[` + regexp.QuoteMeta(number) + `\] - \d{4}-\d{2}-\d{2}\n`)
	at := heading.FindIndex(text)
	if at == nil {
		return nil, fmt.Errorf("%s has no section for %s: one begins with \"## [%s] - <year>-<month>-<day>\"", r.changelog, r.version, number)
	}
	section := text[at[1]:]
	if next := bytes.Index(section, []byte("\n## ")); next >= 0 {
		section = section[:next+1]
	}
	section = bytes.TrimSpace(reference.ReplaceAll(section, nil))
	if len(section) == 0 {
		return nil, fmt.Errorf("the section for %s in %s is empty", r.version, r.changelog)
	}
	section = relative.ReplaceAll(section, []byte("]("+repository+"/blob/"+r.version+"/$1)"))
	return append(section, '\n'), nil
}
