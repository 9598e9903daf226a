package main

import (
	"encoding/json"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
)

// series are the measurements behind some figures, for hack/plot to draw.
type series struct {
	mu sync.Mutex
	// Ready are times from a beginning to Ready in milliseconds, by what was measured.
	Ready map[string][]float64 `json:"ready,omitempty"`
	// Pace are the requests of the runs under a limit.
	Pace []pace `json:"pace,omitempty"`
	// Memory is what the operator's process took.
	Memory []memoryPoint `json:"memory,omitempty"`
}

// pace are the requests under one limit.
type pace struct {
	Limit float64 `json:"limit"` // a second
	// Accepted and Refused are the requests of each second, those that were answered 429 apart.
	Accepted []int `json:"accepted"`
	Refused  []int `json:"refused"`
}

type memoryPoint struct {
	Methods int     `json:"methods"`
	MiB     float64 `json:"mib"`
}

func (s *series) ready(what string, took ...time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Ready == nil {
		s.Ready = map[string][]float64{}
	}
	for _, d := range took {
		s.Ready[what] = append(s.Ready[what], float64(d.Microseconds())/1000)
	}
}

// paceOf counts requests by second.
func paceOf(limit float64, asked []emulator.Request, began, end time.Time) pace {
	n := int(end.Sub(began).Seconds())
	p := pace{Limit: limit, Accepted: make([]int, n), Refused: make([]int, n)}
	for _, r := range asked {
		i := int(r.Time.Sub(began).Seconds())
		switch {
		case i < 0 || i >= n:
		case r.Status == http.StatusTooManyRequests:
			p.Refused[i]++
		default:
			p.Accepted[i]++
		}
	}
	return p
}

// save writes the series to a file, as JSON.
func (s *series) save(file string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o600)
}
