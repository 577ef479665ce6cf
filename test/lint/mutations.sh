#!/usr/bin/env bash
# Each mutation applies, and says which promise it breaks and which test must fail.
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
	[[ $tests == sql/* && -e $tests.sql ]] || wrong "names no test in sql/: ${tests:-none}"
	# as test/mutate does it
	if ! output=$(patch -p1 --fuzz=1 --dry-run --batch --reject-file=- <"$file" 2>&1); then
		wrong 'does not apply'
		printf '%s\n' "$output"
	fi
done
exit "$status"
