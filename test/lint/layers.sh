#!/usr/bin/env bash
# Modules include only what is below them, and so do folders.
#
# The order of OBJS in the Makefile is the order of the layers, and of the
# folders in src/, each of which stands there in one piece.  Headers in src/ itself
# belong to none.  Some headers of others have modules of their own, or a lowest layer: the
# table below is the "only place for" of the design.
#
set -euo pipefail
cd "$1"

# a regular expression over a line of source | who may have it
# NAME ...: those modules alone; +NAME: it and all above it; compat.h: that file
only_place_for() {
	cat <<-'TABLE'
		#include.*[<"]json-c/              | tree
		#include.*"api/tree\.h"            | tree problem reply
		#include.*[<"]curl/                | url loop pool response http
		#include.*"net/loop\.h"            | loop pool http
		#include.*"common/jsonapi\.h"      | value
		PG_VERSION_NUM                     | compat.h
		#include.*"optimizer/              | +condition
		#include.*"nodes/pathnodes\.h"     | +condition
		#include.*"foreign/fdwapi\.h"      | +plan
		#include.*"executor/               | +generated
		#include.*"nodes/execnodes\.h"     | +projection
		PG_MODULE_MAGIC                    | catalogs_fdw
		PG_FUNCTION_INFO_V1                | monitor catalogs_fdw
	TABLE
}

status=0
wrong() {
	printf '%s\n' "$1"
	status=1
}

declare -A rank=() folder=()
last=
while IFS=/ read -r floor name; do
	rank[$name]=$((${#rank[@]} + 1))
	if [[ $floor != "$last" && " ${folder[*]} " == *" $floor "* ]]; then
		wrong "Makefile: $floor stands twice in OBJS"
	fi
	folder[$name]=$floor last=$floor
done < <(sed -n '/^OBJS *=/,/[^\\]$/p' Makefile | sed -n 's|.*src/\([a-z0-9_]*/[a-z0-9_]*\)\.o.*|\1|p')
((${#rank[@]})) || wrong 'Makefile: no modules in OBJS'

# Sets module to the one that a file belongs to: none for what is below all of them.
set_module() {
	module=${1##*/}
	module=${module%.[ch]}
	[[ $1 != src/*.h || $1 == src/*/* ]] || module=
}

# may WHO FILE: may the file, which is of $module, have what is WHO's?
may() {
	case $1 in
	*.h) [[ ${2##*/} == "$1" ]] ;;
	+*) [[ -z $module ]] || ((rank[$module] >= ${rank[${1#+}]:-0})) ;;
	*) [[ $module && " $1 " == *" $module "* ]] ;;
	esac
}

shopt -s nullglob
known=()
for file in src/*.[ch] src/*/*.[ch]; do
	set_module "$file"
	if [[ -z $module || ${rank[$module]-} && $file == "src/${folder[$module]}/"* ]]; then
		known+=("$file")
	else
		wrong "$file:1: is of no module in OBJS"
	fi
done

while IFS=: read -r file line header; do
	header=${header#*\"} header=${header%%\"*}
	# PostgreSQL's headers are named with quotes too
	[[ -e src/$header && $header == */* ]] || continue
	set_module "$header"
	above=$module
	set_module "$file"
	if [[ -z $module ]]; then
		wrong "$file:$line: is below all modules, so it includes none"
	elif ((${rank[$above]-0} > rank[$module])); then
		wrong "$file:$line: $module may not use $above, which is above it"
	fi
done < <(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "${known[@]}" /dev/null)

while IFS='|' read -r pattern who; do
	read -r pattern <<<"$pattern"
	read -r who <<<"$who"
	while IFS=: read -r file line text; do
		set_module "$file"
		may "$who" "$file" || wrong "$file:$line: is only for $who: $text"
	done < <(grep -nE "$pattern" "${known[@]}" /dev/null)
done < <(only_place_for)
exit "$status"
