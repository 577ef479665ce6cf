#!/usr/bin/env bash
# What hangs is stopped with all that it has started; what is slow goes on
set -euo pipefail
export watch=$1/test/watch
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# expect STATUS WORDS [OPTION]... -- SCRIPT: runs it.
expect() {
	local status=$1 words=$2 got=0 output options=()
	shift 2
	while [[ $1 != -- ]]; do options+=("$1") && shift; done
	output=$("$watch" "${options[@]}" bash -c "$2" bash "$folder" 2>&1) || got=$?
	[[ $got == "$status" && $output == $words ]] && return
	printf '%s\n    ended with %s, said: %s\n' "$2" "$got" "$output"
	exit 1
}

# shellcheck disable=SC2016 # the scripts expand that
{
	expect 7 '' -- 'exit 7'
	expect 124 'stopped: no progress for 1 s' --quiet 1 -- \
		'setsid -f sh -c "echo \$\$ >$1/pid; exec sleep 1000"; sleep 1001'
	expect 0 'slow: *' --quiet 3 --look "$folder/out" -- \
		'for i in {1..9}; do echo $i >>"$1/out"; sleep 0.5; done'
	expect 124 '*stopped: *' --quiet 1 --look "$folder/out" -- 'sleep 1003'
	expect 0 '' -- 'timeout -s KILL 10 "$watch" --quiet 1 --look "$1/words" \
		bash -c "echo begun; sleep 1004" >"$1/words"; (($? == 124))'
}
read -r pid <"$folder/pid"
if kill -0 "$pid" 2>/dev/null; then
	printf 'process %s still runs: ' "$pid" && tr '\0' ' ' <"/proc/$pid/cmdline"
	exit 1
fi
