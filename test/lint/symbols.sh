#!/usr/bin/env bash
# Names that others can see begin with cfdw_
#
# FDW callbacks alone keep their custom: catalogsBeginForeignScan and the like.
# The sources are read for it.  The library lets others see nothing but what
# PostgreSQL looks for (src/exports.txt): that is $CATALOGS_SO, else the one that
# make has put at the top.
#
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$1"

allowed='^(cfdw_[a-z0-9_]+|catalogs[A-Z][A-Za-z]+|catalogs_fdw_[a-z0-9_]+|_PG_init)$'
exported='^(catalogs_fdw_[a-z0-9_]+|pg_finfo_catalogs_fdw_[a-z0-9_]+|Pg_magic_func|_PG_init)$'
status=0

in_sources() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here python3 - <<-'PYTHON'
		import csource
		for path, text in csource.sources("."):
		    for f in csource.functions(path, text):
		        if not f.static:
		            print(f"{path}:{f.line}", f.name)
	PYTHON
}

while read -r where name; do
	[[ $name =~ $allowed ]] && continue
	printf '%s: %s is neither static nor named cfdw_...\n' "$where" "$name"
	status=1
done < <(in_sources)

library=${CATALOGS_SO-catalogs_fdw.so}
if [[ -e $library ]]; then
	while read -r name; do
		[[ $name =~ $exported ]] && continue
		printf 'catalogs_fdw.so: exports %s\n' "$name"
		status=1
	done < <(nm -D --defined-only --format=posix "$library" | cut -d ' ' -f 1)
elif [[ ${CATALOGS_SO-} ]]; then
	printf '%s: no such library\n' "$library"
	status=1
fi
exit "$status"
