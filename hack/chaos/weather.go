package main

import (
	"context"
	"net/http"
	"time"

	"github.com/entraops/phone-operator/internal/emulator"
)

// Where faults strike.
const (
	everywhere = `^/(v1\.0|beta)/`
	atPhones   = `/authentication/phoneMethods`
	atTokens   = `/oauth2/`
)

// weathers are the faults that can be in force, each alone or with others. What comes before the work and what comes
// after it are two: after it, Graph did what it says it did not. hold is closed when they end: an answer that never
// comes.
func weathers(hold <-chan struct{}) [][]emulator.Fault {
	return [][]emulator.Fault{
		{{Name: "429", Path: everywhere, Effect: emulator.Answer, Status: http.StatusTooManyRequests, Retry: "2", Probability: 0.02}},
		{{Name: "429 until a date", Path: everywhere, Effect: emulator.Answer, Status: http.StatusTooManyRequests, RetryIn: 3 * time.Second, Probability: 0.005}},
		{{Name: "429 without Retry-After", Path: everywhere, Effect: emulator.Answer, Status: http.StatusTooManyRequests, Probability: 0.004}},
		{
			{Name: "500", Path: everywhere, Effect: emulator.Answer, Status: http.StatusInternalServerError, Probability: 0.1},
			{Name: "500, work done", Path: atPhones, Effect: emulator.Answer, Status: http.StatusInternalServerError, AfterWork: true, Probability: 0.2},
		},
		{
			{Name: "502", Path: everywhere, Effect: emulator.Answer, Status: http.StatusBadGateway, Probability: 0.1},
			{Name: "502, work done", Path: atPhones, Effect: emulator.Answer, Status: http.StatusBadGateway, AfterWork: true, Probability: 0.2},
		},
		{
			{Name: "503", Path: everywhere, Effect: emulator.Answer, Status: http.StatusServiceUnavailable, Probability: 0.1},
			{Name: "503 with Retry-After, work done", Path: atPhones, Effect: emulator.Answer, Status: http.StatusServiceUnavailable, Retry: "1", AfterWork: true, Probability: 0.03},
			{Name: "503 until a date", Path: everywhere, Effect: emulator.Answer, Status: http.StatusServiceUnavailable, RetryIn: 3 * time.Second, Probability: 0.005},
		},
		{
			{Name: "504", Path: everywhere, Effect: emulator.Answer, Status: http.StatusGatewayTimeout, Probability: 0.1},
			{Name: "504, work done", Path: atPhones, Effect: emulator.Answer, Status: http.StatusGatewayTimeout, AfterWork: true, Probability: 0.2},
		},
		{
			{Name: "cut", Path: everywhere, Effect: emulator.Cut, Probability: 0.1},
			{Name: "cut, work done", Path: atPhones, Effect: emulator.Cut, AfterWork: true, Probability: 0.2},
		},
		{{Name: "cut, work done later", Path: atPhones, Effect: emulator.Late, Delay: 8 * time.Second, Probability: 0.1}},
		{{Name: "half an answer", Path: everywhere, Effect: emulator.Half, Probability: 0.2}},
		{{Name: "no JSON", Path: everywhere, Effect: emulator.Garble, Probability: 0.2}},
		{{Name: "lag of reads", Path: atPhones, Effect: emulator.Lag, Reads: 2, Probability: 0.4}},
		{{Name: "lag of seconds", Path: atPhones, Effect: emulator.Lag, Delay: 4 * time.Second, Probability: 0.4}},
		{{Name: "late", Path: everywhere, Effect: emulator.Delay, Delay: time.Second, Probability: 0.1}},
		{{Name: "late, work done", Path: atPhones, Effect: emulator.Delay, Delay: 2 * time.Second, AfterWork: true, Probability: 0.1}},
		{{Name: "never", Path: everywhere, Effect: emulator.Delay, Hold: hold, Probability: 0.005}},
		{{Name: "never, work done", Path: atPhones, Effect: emulator.Delay, Hold: hold, AfterWork: true, Probability: 0.02}},
		{{Name: "claims challenge", Path: everywhere, Effect: emulator.ClaimsChallenge, Probability: 0.1}},
		{{Name: "token expired", Path: everywhere, Effect: emulator.ExpiredToken, Probability: 0.02}},
		{ // tokens are asked for where they are refused
			{Name: "no token", Path: atTokens, Effect: emulator.Answer, Status: http.StatusServiceUnavailable, Probability: 0.7},
			{Name: "token expired", Path: everywhere, Effect: emulator.ExpiredToken, Probability: 0.005},
		},
		{{Name: "masked numbers", Path: atPhones, Effect: emulator.Mask, Probability: 0.3}},
	}
}

// clocks are by how much Graph's clock can be ahead, one after the other.
var clocks = []struct {
	name  string
	ahead time.Duration
}{{"right", 0}, {"ahead", 90 * time.Second}, {"right", 0}, {"behind", -90 * time.Second}}

// weather changes faults and clock until going ends, and ends with none. Some are in force together, and before any
// comes again each has come. In the first round each hits the first whom it can.
func (w *world) weather(going context.Context, firstRound func()) error {
	graph, dice := w.front.graph, w.dice("weather")
	hold := make(chan struct{})
	defer close(hold)
	defer graph.ClearFaults()
	defer graph.SetSkew(0)
	defer firstRound()
	all := weathers(hold)
	var next []int
	for round, turn := 0, 0; ; turn++ {
		clock := clocks[turn%len(clocks)]
		graph.SetSkew(clock.ahead)
		w.ledger.count("clock: " + clock.name)
		graph.ClearFaults()
		for range 1 + dice.IntN(4) {
			if len(next) == 0 {
				round, next = round+1, dice.Perm(len(all))
			}
			faults := all[next[0]]
			for _, i := range dice.Perm(len(faults)) {
				f := faults[i]
				if round == 1 {
					f.Probability, f.Times = 0, 1
					if err := graph.AddFault(f); err != nil {
						return err
					}
				}
				if err := graph.AddFault(faults[i]); err != nil {
					return err
				}
			}
			next = next[1:]
		}
		if !pause(going, dice, 2*time.Second) {
			return nil
		}
		if round > 1 {
			firstRound()
		}
	}
}
