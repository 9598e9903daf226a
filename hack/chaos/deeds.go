package main

import (
	"context"
	"math/rand/v2"
	"time"
)

// deed is one of the things that an actor can do.
type deed[T any] struct {
	weight int // how often it is chosen, among the actor's others
	name   string
	do     func(T, context.Context) error
}

// choose picks a deed by its weight.
func choose[T any](dice *rand.Rand, deeds []deed[T]) deed[T] {
	sum := 0
	for _, d := range deeds {
		sum += d.weight
	}
	roll := dice.IntN(sum)
	for _, d := range deeds {
		if roll -= d.weight; roll < 0 {
			return d
		}
	}
	panic("a roll is below the sum of the weights")
}

// actor is somebody who does something to the world.
type actor struct {
	*world
	dice *rand.Rand
}

func (w *world) actor(name string) actor { return actor{w, w.dice(name)} }

// goThrough has an actor do each of its deeds once, which is the first round, and then any of them, until going ends.
// Between two passes a random time of that mean. What fails ends it, unless the run has ended.
func goThrough[T any](going, acts context.Context, l *ledger, dice *rand.Rand, mean time.Duration, who T, kind string, deeds []deed[T], firstRound func()) error {
	defer firstRound()
	for i := 0; pause(going, dice, mean); i++ {
		next := choose(dice, deeds)
		if i < len(deeds) {
			next = deeds[i]
		}
		if err := next.do(who, acts); err != nil {
			if acts.Err() != nil {
				return nil
			}
			return err
		}
		l.count(kind + ": " + next.name)
		if i+1 == len(deeds) {
			firstRound()
		}
	}
	return nil
}
