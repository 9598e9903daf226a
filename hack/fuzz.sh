#!/usr/bin/env bash
# Runs every fuzz target for the time given, one after the other: go test takes one at a time.
# What it finds worth keeping lies in "$(go env GOCACHE)/fuzz"; inputs that reach new code are
# copied from there into testdata/fuzz of the package by hand, so that `make test` tries them.
set -euo pipefail
cd "$(dirname "$0")/.."

for dir in $(git grep --untracked -lE '^func Fuzz' -- '*_test.go' | xargs -rn1 dirname | sort -u); do
	for target in $(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' "$dir"/*_test.go); do
		echo "fuzz: $target in $dir, $1" >&2
		go test -run='^$' -fuzz="^$target\$" -fuzztime="$1" "./$dir"
	done
done
