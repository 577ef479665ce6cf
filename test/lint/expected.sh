#!/usr/bin/env bash
# Every test has one expected output, every output its test, and what README names is there.
set -euo pipefail
shopt -s nullglob
cd "$1"

status=0
wrong() {
	printf '%s\n' "$1"
	status=1
}

for file in sql/*.sql test/specs/*.spec; do
	name=$(basename "${file%.*}")
	[[ -e expected/$name.out ]] || wrong "$file: has no expected/$name.out"
	[[ ! -e sql/$name.sql || ! -e test/specs/$name.spec ]] || wrong "$file: two tests share expected/$name.out"
done
for file in expected/*; do
	name=$(basename "$file" .out)
	if [[ $file != *.out ]]; then
		wrong "$file: is not an expected output"
	elif [[ $name =~ _[0-9]$ && -e expected/${name%_[0-9]}.out ]]; then
		wrong "$file: is an alternative; a test prints one thing"
	elif [[ ! -e sql/$name.sql && ! -e test/specs/$name.spec ]]; then
		wrong "$file: belongs to no test"
	fi
done
# What stands in code there, as `sql/ctid` or `t/006`, may be cut short.
if [[ -e test/README.md ]]; then
	while IFS= read -r name; do
		case $name in
		sql/*) files=("sql/${name#sql/}.sql") ;;
		specs/*) files=("test/specs/${name#specs/}.spec") ;;
		*) files=("test/$name"*) ;;
		esac
		[[ ${#files[@]} -gt 0 && -e ${files[0]} ]] || wrong "test/README.md: names $name, which is not there"
	done < <(grep -o '`\(sql\|specs\|t\)/[a-z0-9_]\+`' test/README.md | tr -d '`' | sort -u)
fi
exit "$status"
