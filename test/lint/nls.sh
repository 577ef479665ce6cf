#!/usr/bin/env bash
# Messages can be translated, and are.
#
# Each source file has its messages looked up in the extension's catalog, and each
# catalog in po/ has all of them.
#
set -euo pipefail
cd "$1"

status=0
for file in $(grep -lF '#include "postgres.h"' src/*/*.c); do
	grep -A1 -F '#include "postgres.h"' "$file" | grep -qF '#include "nls.h"' && continue
	echo "$file: nls.h does not follow postgres.h"
	status=1
done

shopt -s nullglob
catalogs=(po/*.po)
((${#catalogs[@]})) || exit "$status"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r Makefile nls.mk src "$work"
make -s -C "$work" init-po >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
for catalog in "${catalogs[@]}"; do
	msgfmt --check -o /dev/null "$catalog" || status=1
	# of a message that is not used it only warns
	msgcmp "$catalog" "$work/po/catalogs_fdw.pot" 2>"$work/wrong" && [[ ! -s $work/wrong ]] && continue
	echo "$catalog: is not what the source says (make update-po merges them)"
	cat "$work/wrong"
	status=1
done
exit "$status"
