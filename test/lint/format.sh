#!/usr/bin/env bash
# C is formatted, and scripts can be parsed.
#
# Layout is judged by clang-format 14 alone, since others would disagree with
# it in small things; without it the rest is still looked at.
# `format.sh --fix` formats the sources of the checkout.
#
set -euo pipefail
shopt -s nullglob globstar

clang_format() {
	local program
	for program in clang-format-14 clang-format; do
		if "$program" --version 2>/dev/null | grep -q ' version 14\.'; then
			"$program" -style=file "$@"
			return
		fi
	done
	printf 'format.sh: no clang-format 14 here\n' >&2
	return 127
}

if [[ $1 == --fix ]]; then
	cd "$(dirname "${BASH_SOURCE[0]}")/../.."
	clang_format -i src/*.[ch] src/*/*.[ch] test/fuzz/*.[ch]
	exit
fi
cd "$1"
status=0

sources=(src/*.[ch] src/*/*.[ch] test/fuzz/*.[ch])
if ((${#sources[@]})); then
	output=$(clang_format --dry-run -Werror "${sources[@]}" 2>&1) || {
		(($? == 127)) || status=1
		# one line for each place, not the three that clang-format prints
		places=$(grep -E '^(src|test)/' <<<"$output" || printf '%s\n' "$output")
		head -n 10 <<<"$places"
		printf '(%d places; "make format" sees to them)\n' "$(wc -l <<<"$places")"
	}
fi

for file in src/* src/*/* sql/* doc/* test/**/*.{sh,py,pl,pm,t,md} Makefile META.json; do
	if [[ -f $file && $file != *.o && $file != *.bc ]] && grep -nE '[[:blank:]]+$' "$file" /dev/null; then
		status=1
	fi
done

python=()
for file in .ci/run doc/* test/**; do
	[[ -f $file && $file != test/fuzz/corpus/* ]] || continue
	case $file:$(head -n 1 "$file") in
	*'#!'*bash) bash -n "$file" || status=1 ;;
	*.py:* | *'#!'*python3) python+=("$file") ;;
	esac
done
python3 - "${python[@]}" <<-'PYTHON' || status=1
	import json, sys
	from pathlib import Path
	wrong = 0
	for name in sys.argv[1:] + ["META.json"]:
	    try:
	        text = Path(name).read_text()
	        json.loads(text) if name.endswith(".json") else compile(text, name, "exec")
	    except (SyntaxError, ValueError) as error:
	        print(f"{name}: {error}")
	        wrong = 1
	sys.exit(wrong)
PYTHON
exit "$status"
