#!/usr/bin/env bash
# Looks for what the tests do not meet, because they play the same worlds each time: explore, fuzz, chaos and soak, each
# for about MINUTES, from SEED. A part that fails keeps no other from running. Arguments: MINUTES SEED.
#
# Explore is made of rounds with the seeds SEED, SEED+1, ..., until its time is over. Fuzzing has no seed: what it finds
# lies in testdata/fuzz of the package. Chaos and soak take some minutes more, until they have judged the end.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=$1 seed=$2
failed=()
trap 'exit 130' INT TERM # make ends as if it had failed, which would begin the next part

# try runs a command and notes it if it fails.
try() {
	echo "nightly: $*" >&2
	"$@" && return
	failed+=("$*")
	return 1
}

echo "nightly: seed $seed, $minutes minutes for each part; the same again: make nightly MINUTES=$minutes SEED=$seed" >&2

round=$seed over=$((SECONDS + minutes * 60))
while try make explore SEED="$round" CHECKS=2000 && [ "$SECONDS" -lt "$over" ]; do
	round=$((round + 1))
done

targets=$(git grep --untracked -hE '^func Fuzz' -- '*_test.go' | wc -l)
try make fuzz FUZZTIME="$((minutes * 60 / targets + 1))s" || true
try make chaos SEED="$seed" DURATION="${minutes}m" || true
try make soak SEED="$seed" DURATION="${minutes}m" || true

[ ${#failed[@]} -eq 0 ] && exit
printf 'nightly: failed: %s\n' "${failed[@]}" >&2
exit 1
