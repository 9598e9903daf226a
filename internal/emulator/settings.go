package emulator

import (
	"maps"
	"time"
)

// settings say which Graph this is, where there is a choice. They may be changed
// while it runs, and count from the next request on.
type settings struct {
	assumptions Assumptions
	readLag     time.Duration
}

// SetAssumptions chooses what Graph does where that is not known; see assumed.go.
// Guesses that a leaves out have their default.
func (e *Emulator) SetAssumptions(a Assumptions) error {
	if err := a.Check(); err != nil {
		return err
	}
	e.settingsMu.Lock()
	defer e.settingsMu.Unlock()
	e.settings.assumptions = maps.Clone(a)
	return nil
}

// Assumptions gives the guesses that are not at their default by choice.
func (e *Emulator) Assumptions() Assumptions {
	chosen := Assumptions{}
	maps.Copy(chosen, e.currentSettings().assumptions)
	return chosen
}

// SetReadLag lets reads of a user's phones show the state before a write for d after
// it, as Graph's replicas do. 0, the default, is a Graph that is never behind.
func (e *Emulator) SetReadLag(d time.Duration) {
	e.settingsMu.Lock()
	defer e.settingsMu.Unlock()
	e.settings.readLag = d
}

func (e *Emulator) currentSettings() settings {
	e.settingsMu.Lock()
	defer e.settingsMu.Unlock()
	return e.settings
}

func (c *call) assume(g Guess) assumed { return c.settings.assumptions.of(g) }
