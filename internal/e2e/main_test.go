package e2e_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain runs the stories on request: they take many minutes on a busy machine.
func TestMain(m *testing.M) {
	if os.Getenv("E2E") == "" {
		fmt.Println("skipped: set E2E=1, or run make e2e, to attack and kill the real binary")
		return
	}
	os.Exit(m.Run())
}
