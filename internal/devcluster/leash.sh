#!/bin/sh
# Runs "$0.real" with the arguments given, for as long as some process holds the named pipe "alive" beside it open for
# writing. When the last one ends, in whatever way, the server is killed and the directory removed.

# envtest asks for the flags before it starts a server.
if [ "$1" = --help ]; then
	exec "$0.real" "$@"
fi

dir=${0%/*}
(
	# The signal that asks the server to stop goes to its process group, which this watcher is in.
	trap '' TERM
	# Opened for both ways first: to open only for reading would wait for a writer that may be gone already.
	(exec 3<>"$dir/alive" 4<"$dir/alive" 3>&- && read -r _ <&4)
	kill -KILL $$
	rm -rf "$dir"
) </dev/null >/dev/null 2>&1 &
# Whoever disturbs a server finds its process here.
echo $$ >"$0.pid"
exec "$0.real" "$@"
