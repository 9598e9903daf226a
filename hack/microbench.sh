#!/usr/bin/env bash
# Measures the benchmarks of single functions, and with BASE compares them with those of that commit. Arguments: COUNT
# [BASE]. Both are measured here, turn by turn, so that whatever else the machine does meets both alike; what only one of
# the two has is shown alone. The results stay in bin/bench.
set -euo pipefail
cd "$(dirname "$0")/.."
count=$1 base=${2:-}
results=$PWD/bin/bench
scratch=$(mktemp -d)
trap 'git worktree remove --force "$scratch/tree" 2>/dev/null || true; rm -rf "$scratch"' EXIT
mkdir -p "$results"

# build makes the test programs of the packages below $1 that have benchmarks, in $2.
build() {
	local dir
	mkdir -p "$2"
	for dir in $(git -C "$1" grep --untracked -lE '^func Benchmark' -- '*_test.go' | xargs -rn1 dirname | sort -u); do
		echo "microbench: build $dir${3:+ of $3}" >&2
		go -C "$1" test -c -o "$2/${dir//\//.}.test" "./$dir"
	done
}

# measure runs the programs of $1 once, each in the directory of its package below $2, and adds to the file $3.
measure() {
	local program name
	for program in "$1"/*.test; do
		[ -e "$program" ] || continue
		name=$(basename "$program" .test)
		(cd "$2/${name//.//}" && "$program" -test.run='^$' -test.bench=. -test.benchmem -test.benchtime=0.2s) >>"$3"
	done
}

build . "$scratch/new"
: >"$results/new.txt"
rm -f "$results/base.txt"
if [ -n "$base" ]; then
	git worktree add --quiet --detach "$scratch/tree" "$base"
	build "$scratch/tree" "$scratch/base" "$base"
	: >"$results/base.txt"
fi
for round in $(seq "$count"); do
	echo "microbench: round $round of $count" >&2
	[ -z "$base" ] || measure "$scratch/base" "$scratch/tree" "$results/base.txt"
	measure "$scratch/new" "$PWD" "$results/new.txt"
done
go tool -modfile=hack/tools/go.mod benchstat ${base:+"base=$results/base.txt"} "new=$results/new.txt"
