#!/usr/bin/env bash
# Each mutation says which promise it breaks and which test must fail, and applies.
set -euo pipefail
shopt -s nullglob
cd "$1"

status=0
wrong() {
	printf '%s: %s\n' "$file" "$1"
	status=1
}

for file in test/mutations/*; do
	if [[ $file != *.patch ]]; then
		wrong 'is no patch'
		continue
	fi
	grep -q '^Promise: .*' "$file" || wrong 'does not say which promise it breaks'
	tests=$(sed -n 's/^Test: //p' "$file")
	[[ ($tests == sql/* && -e $tests.sql) || ($tests == t/* && -e test/$tests.t) ]] ||
		wrong "names no test in sql/ or test/t/: ${tests:-none}"
	patch -p1 --fuzz=1 --dry-run --force --silent <"$file" >/dev/null || wrong 'does not apply'
done
exit "$status"
