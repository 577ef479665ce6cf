#!/usr/bin/env bash
# The top level holds what it should, and nothing else.
set -euo pipefail
cd "$1"

required='Makefile debian src sql expected test catalogs_fdw.control README.md LICENSE CHANGELOG.md META.json'
allowed='README.ru.md doc nls.mk po'
# what make, pg_regress and the tests leave behind; git ignores it
products='catalogs_fdw.so build results regression.diffs regression.out output_iso log tmp_check'

status=0
for name in $required; do
	[[ -e $name ]] || { printf '%s: is missing\n' "$name"; status=1; }
done
for name in *; do
	[[ " $required $allowed $products " == *" $name "* ]] || { printf '%s: does not belong here\n' "$name"; status=1; }
done
exit "$status"
