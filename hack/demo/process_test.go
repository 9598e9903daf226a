package main

import (
	"strings"
	"testing"
)

func TestAProgramThatEndsByItselfIsNoticedAndKeepsItsLog(t *testing.T) {
	p, err := start(t.TempDir(), "operator", nil, "/bin/sh", "-c", "echo cannot go on; exit 4")
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ended(); err == nil || !strings.Contains(err.Error(), "the operator ended by itself: exit status 4") {
		t.Errorf("got %v", err)
	}
	if got := p.output(); got != "cannot go on\n" {
		t.Errorf("the log has %q", got)
	}
}
