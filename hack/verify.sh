#!/usr/bin/env bash
# Fails where a generated file or a go.mod is not what the sources make of it. Arguments: the module directories.
#
# It compares the working tree before and after, so it works with changes not yet committed, and a file that
# `make generate` adds or removes counts as much as one that it changes.
set -euo pipefail
cd "$(dirname "$0")/.."

# worktree prints the git tree of all files as they are now, ignored ones apart; the real index stays as it is.
worktree() {
	local index
	index=$(mktemp)
	cp "$(git rev-parse --git-path index)" "$index"
	GIT_INDEX_FILE=$index git add --all
	GIT_INDEX_FILE=$index git write-tree
	rm -f "$index"
}

echo "verify: make generate" >&2
before=$(worktree)
make generate
after=$(worktree)
if ! git diff --exit-code "$before" "$after"; then
	echo "verify: these files change when generated again; run 'make generate' and commit them" >&2
	exit 1
fi

for module in "$@"; do
	echo "verify: go mod tidy in $module" >&2
	go -C "$module" mod tidy -diff
done
