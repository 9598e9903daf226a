package main

import (
	"context"
	"math/rand/v2"
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
// after it are two: after it, Graph did what it says it did not.
var weathers = [][]emulator.Fault{
	{{Path: everywhere, Effect: emulator.Answer, Status: http.StatusTooManyRequests, Retry: "2", Probability: 0.03}},
	{{Path: everywhere, Effect: emulator.Answer, Status: http.StatusTooManyRequests, Probability: 0.004}},
	{
		{Path: everywhere, Effect: emulator.Answer, Status: http.StatusInternalServerError, Probability: 0.1},
		{Path: atPhones, Effect: emulator.Answer, Status: http.StatusInternalServerError, AfterWork: true, Probability: 0.2},
	},
	{
		{Path: everywhere, Effect: emulator.Answer, Status: http.StatusBadGateway, Probability: 0.1},
		{Path: atPhones, Effect: emulator.Answer, Status: http.StatusBadGateway, AfterWork: true, Probability: 0.2},
	},
	{
		{Path: everywhere, Effect: emulator.Answer, Status: http.StatusServiceUnavailable, Probability: 0.1},
		{Path: atPhones, Effect: emulator.Answer, Status: http.StatusServiceUnavailable, Retry: "1", AfterWork: true, Probability: 0.03},
	},
	{
		{Path: everywhere, Effect: emulator.Answer, Status: http.StatusGatewayTimeout, Probability: 0.1},
		{Path: atPhones, Effect: emulator.Answer, Status: http.StatusGatewayTimeout, AfterWork: true, Probability: 0.2},
	},
	{
		{Path: everywhere, Effect: emulator.Cut, Probability: 0.1},
		{Path: atPhones, Effect: emulator.Cut, AfterWork: true, Probability: 0.2},
	},
	{{Path: everywhere, Effect: emulator.Half, Probability: 0.2}},
	{{Path: everywhere, Effect: emulator.Garble, Probability: 0.2}},
	{{Path: atPhones, Effect: emulator.Lag, Reads: 2, Probability: 0.4}},
	{{Path: atPhones, Effect: emulator.Lag, Delay: 4 * time.Second, Probability: 0.4}},
	{{Path: everywhere, Effect: emulator.Delay, Delay: time.Second, Probability: 0.1}},
	{{Path: atPhones, Effect: emulator.Delay, Delay: 2 * time.Second, AfterWork: true, Probability: 0.1}},
	{{Path: everywhere, Effect: emulator.ClaimsChallenge, Probability: 0.1}},
	{{Path: everywhere, Effect: emulator.ExpiredToken, Probability: 0.02}},
	{{Path: atTokens, Effect: emulator.Answer, Status: http.StatusServiceUnavailable, Probability: 0.7}},
	{{Path: atPhones, Effect: emulator.Mask, Probability: 0.3}},
}

// weather changes the faults until ctx ends, and ends with none. Some are in force together, and before any comes again
// each has come.
func (w *world) weather(ctx context.Context) error {
	graph, dice := w.front.graph, w.dice("weather")
	defer graph.ClearFaults()
	var next []int
	for {
		graph.ClearFaults()
		for range 1 + dice.IntN(4) {
			if len(next) == 0 {
				next = dice.Perm(len(weathers))
			}
			for _, f := range shuffled(dice, weathers[next[0]]) {
				if err := graph.AddFault(f); err != nil {
					return err
				}
			}
			next = next[1:]
		}
		if !pause(ctx, dice, 2*time.Second) {
			return nil
		}
	}
}

func shuffled(dice *rand.Rand, faults []emulator.Fault) []emulator.Fault {
	out := make([]emulator.Fault, len(faults))
	for i, j := range dice.Perm(len(faults)) {
		out[i] = faults[j]
	}
	return out
}
