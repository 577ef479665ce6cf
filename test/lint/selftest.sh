#!/usr/bin/env bash
# Each of these lints can fail.
#
# Makes a small tree that all of them accept, breaks it in one way after the
# other, and wants the lint in question to complain about that and no other.
#
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
good=$work/good tree=$work/tree
unset CATALOGS_SO
export PYTHONDONTWRITEBYTECODE=1

make_good_tree() {
	mkdir -p "$good"/{debian,doc,src/net,src/fdw,sql,expected,test/specs,test/mutations}
	printf '%s\n' '# A' '[the next](#b-c), `x`' '## B C' '| `y` | SQLSTATE |' '|---|---|' '| `y` | HV000 |' '' '    x # one' >"$good/README.md"
	printf '%s\n' '# А' '[далее](#б), `x`' '## Б' '| `y` | SQLSTATE |' '|---|---|' '| `y` | HV000 |' '' '    x # один' >"$good/README.ru.md"
	touch "$good"/{LICENSE,src/catalogs_fdw--1.0.sql,sql/a.sql,expected/a.out}
	echo "default_version = '1.0'" >"$good/catalogs_fdw.control"
	printf '# Changelog\n\n## 1.0\n' >"$good/CHANGELOG.md"
	cp "$here/../../.clang-format" "$good/"
	cp "$here/../../META.json" "$good/"
	printf 'OBJS = \\\n\tsrc/net/http.o \\\n\tsrc/fdw/plan.o\n\nREGRESS = a\n' >"$good/Makefile"
	echo 'extern int cfdw_plan_make(void);' >"$good/src/fdw/plan.h"
	echo 'extern int cfdw_http_open(void *easy);' >"$good/src/net/http.h"
	cat >"$good/src/fdw/plan.c" <<'C'
#include "net/http.h"
#include "optimizer/cost.h"
#include "fdw/plan.h"

int
cfdw_plan_make(void)
{
	if (cfdw_http_open(0) < 0)
		ereport(ERROR, (errcode(ERRCODE_FDW_ERROR), errmsg("palloc(")));
	ereport(LOG, (errmsg("made")));
	return 0;
}
C
	cat >"$good/src/net/http.c" <<'C'
#include "net/http.h"

#include <curl/curl.h>

static int
count(int n)
{
	/* no palloc() here */
	return n + 1;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	return count(size * n);
}

int
cfdw_http_open(void *easy)
{
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	return 0;
}
C
	echo 'digraph a { a -> b }' >"$good/doc/a.dot"
	touch "$good"/doc/{style.css,words.ru}
	echo '<svg><!-- made of a.dot, style.css: 451f8a8582eec485 --></svg>' >"$good/doc/a.svg"
	echo '<svg><!-- made of a.dot, style.css, words.ru: 451f8a8582eec485 --></svg>' >"$good/doc/a.ru.svg"
	cat >"$good/test/mutations/a.patch" <<'PATCH'
Promise: a count is one more than was counted.
Test: sql/a

--- a/src/net/http.c
+++ b/src/net/http.c
@@ -7,3 +7,3 @@
 	/* no palloc() here */
-	return n + 1;
+	return n + 2;
 }
PATCH
}

status=0

# The good tree is good for every lint.
make_good_tree
for lint in toplevel.sh layers.sh symbols.sh errcode.py callbacks.py nls.sh expected.sh mutations.sh release.py pictures.py readme.py translation.py format.sh; do
	if ! output=$("$here/$lint" "$good" 2>&1); then
		printf '%s finds fault with what is good:\n%s\n' "$lint" "$output"
		status=1
	fi
done

# red LINT WORDS COMMAND...: after the command, the lint fails and says WORDS.
red() {
	local lint=$1 words=$2 output
	shift 2
	rm -rf "$tree"
	cp -r "$good" "$tree"
	(cd "$tree" && "$@")
	if output=$("$here/$lint" "$tree" 2>&1); then
		printf '%s does not see: %s\n' "$lint" "$*"
		status=1
	elif [[ $output != *"$words"* ]]; then
		printf '%s, after %s, says:\n%s\n' "$lint" "$*" "$output"
		status=1
	fi
}

add() { printf '%s\n' "${@:2}" >>"$1"; }
change() { sed -i "$2" "$1"; }

red toplevel.sh 'notes.txt: does not belong' touch notes.txt
red toplevel.sh 'LICENSE: is missing' rm LICENSE

red layers.sh 'http may not use plan' add src/net/http.c '#include "fdw/plan.h"'
red layers.sh 'http may not use plan' add src/net/http.h '#include "fdw/plan.h"'
red layers.sh 'extra.c:1: is of no module' touch src/net/extra.c
red layers.sh 'is only for tree' add src/fdw/plan.c '#include <json-c/json.h>'
red layers.sh 'is only for url loop pool response http' add src/fdw/plan.c '#include <curl/curl.h>'
red layers.sh 'is only for loop pool http' add src/fdw/plan.c '#include "net/loop.h"'
red layers.sh 'is only for compat.h' add src/fdw/plan.c '#if PG_VERSION_NUM >= 160000' '#endif'
below_condition() {
	change Makefile 's|src/fdw/plan.o|src/fdw/condition.o \\\n\t&|'
	add src/net/http.c '#include "optimizer/cost.h"'
}
red layers.sh 'is only for +condition' below_condition
red layers.sh 'net stands twice' change Makefile 's|src/fdw/plan.o|&\\\n\tsrc/net/b.o|'
red layers.sh 'no module' change Makefile 's/^OBJS/NOTHING/'

red symbols.sh 'count is neither static' change src/net/http.c '/^count/{x;s/static int/int/;x};s/^static int$/int/'
with_bad_library() {
	echo 'int cfdw_bare(void) { return 0; }' | ${CC:-cc} -shared -fPIC -x c -o catalogs_fdw.so -
}
red symbols.sh 'exports cfdw_bare' with_bad_library

red errcode.py 'plan.c:9: ereport(ERROR' change src/fdw/plan.c 's/errcode(ERRCODE_FDW_ERROR), //'
red errcode.py 'ereport(WARNING' change src/fdw/plan.c 's/LOG/WARNING/'
red errcode.py 'ereport(elevel' change src/fdw/plan.c 's/LOG/elevel/'

red nls.sh 'plan.c: nls.h does not follow' add src/fdw/plan.c '#include "postgres.h"'
# with_catalog SED-COMMAND: a catalog of the messages that are there, edited
with_catalog() {
	cp "$here/../../"{Makefile,nls.mk} .
	mkdir po
	printf 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n' >po/xx.po
	printf '\nmsgid "%s"\nmsgstr "%s"\n' 'palloc(' 'xx (' made xx >>po/xx.po
	sed -i "$1" po/xx.po
}
red nls.sh 'this message is untranslated' with_catalog '$s/xx//'
red nls.sh 'this message needs to be reviewed' with_catalog '/"made"/s/^/#, fuzzy\n/'
red nls.sh 'this message is used but not defined' with_catalog '/"made"/,$d'
red nls.sh 'this message is not used' with_catalog '$a\\nmsgid "gone"\nmsgstr "xx"'

red callbacks.py 'ereport may throw; curl calls this: on_body' \
	change src/net/http.c 's/return count/ereport(ERROR, 0);&/'
red callbacks.py 'palloc0 may throw; curl calls this: on_body -> count' \
	change src/net/http.c 's/return n + 1/palloc0(n);&/'
red callbacks.py 'CHECK_FOR_INTERRUPTS may throw' change src/net/http.c 's/return n + 1/CHECK_FOR_INTERRUPTS();&/'
red callbacks.py 'a call through a pointer' change src/net/http.c 's/return n + 1/return arg->sink(n)/'
red callbacks.py 'lost is handed to curl' change src/net/http.c 's/FUNCTION, on_body/FUNCTION, (curl_write_callback) lost/'

red expected.sh 'expected/b.out: belongs to no test' touch expected/b.out
red expected.sh 'expected/a_1.out: is an alternative' touch expected/a_1.out
red expected.sh 'sql/b.sql: has no' touch sql/b.sql
red expected.sh 'two tests share' touch test/specs/a.spec
red expected.sh 'names t/001, which is not there' sh -c 'echo "\`sql/a\` \`t/001\`" >test/README.md'

red mutations.sh 'a.patch: names no test in sql/ or test/t/: sql/b' change test/mutations/a.patch 's|sql/a|sql/b|'
red mutations.sh 'a.patch: does not say' change test/mutations/a.patch '/^Promise/d'
red mutations.sh 'a.patch: does not apply' change test/mutations/a.patch 's/n + 1/n + 3/'
red mutations.sh 'b.orig: is no patch' touch test/mutations/b.orig

red release.py 'there is no src/catalogs_fdw--1.1.sql' change catalogs_fdw.control 's/1\.0/1.1/'
red release.py 'version of "" is not 1.1.0' change catalogs_fdw.control 's/1\.0/1.1/'
red release.py 'license is missing' change META.json '/"license"/d'
red release.py 'is not JSON' add META.json '}'
red release.py 'does not begin with 1.0' change CHANGELOG.md 's/1\.0/1.1/'

red pictures.py 'doc/a.svg: was drawn when a.dot' change doc/a.dot 's/b/c/'
red pictures.py 'doc/a.svg: was drawn when a.dot' add doc/style.css 'svg { }'
red pictures.py 'doc/a.ru.svg: was drawn when a.dot' add doc/words.ru 'one | один'
red pictures.py 'doc/a.svg: is not there' rm doc/a.svg
red pictures.py 'doc/b.svg: is made of nothing' touch doc/b.svg

red readme.py 'SQLSTATE "HV000" is in no table' change README.md '/HV000/d'
red readme.py 'README.md:6: there is no SQLSTATE "HV001"' change README.md 's/HV000/HV001/'
# with_tables FILE SED-COMMAND: what README says, and what it is of; one of them edited
with_tables() {
	cp "$here/../../"{README.md,catalogs_fdw.control} .
	mkdir src/api src/declare
	cp "$here/../../src/"catalogs_fdw--*.sql src/
	cp "$here/../../src/api/"resource.c src/api/
	cp "$here/../../src/declare/"option.c src/declare/
	change "$1" "$2"
}
red readme.py 'option "undo" is in no table' with_tables README.md '/^| `undo`/d'
red readme.py 'option "undo" has default: false, and in the code true' with_tables README.md '/^| `undo`/s/true/false/'
red readme.py 'option "path" has of: table, and in the code server' with_tables src/declare/option.c '/(path)/s/TABLE/SERVER/'
red readme.py 'option "proxy" has superuser only: False' with_tables src/declare/option.c '/(proxy)/s/0},$/OPT_SUPERUSER},/'
red readme.py 'there is no option "connect_timeout"' with_tables src/declare/option.c '/(connect_timeout)/d'
red readme.py 'column "sort" has type: integer, and in the code bigint' with_tables src/api/resource.c '/"sort"/s/integer/bigint/'
red readme.py 'column "type" has UPDATE: refused, and in the code yes' with_tables README.md '/^| `type`/s/yes |$/refused |/'
red readme.py 'result of "catalogs_fdw_flush" has columns: relation, verb, id, and' with_tables README.md '/^| `request_id`, `name`/d'
red readme.py 'result of "catalogs_fdw_stats" has columns' with_tables src/catalogs_fdw--1.0.sql 's/OUT gets bigint, //'
red readme.py 'does not name the setting a.b' add src/fdw/plan.c 'DefineCustomBoolVariable("a.b",'

red translation.py 'has 3 headings, and README.md 2' add README.ru.md '## В'
red translation.py 'differs in its level: 3' change README.ru.md 's/^## /### /'
red translation.py '#б leads nowhere' change README.ru.md 's/^## Б/## В/'
red translation.py 'LICENCE leads nowhere' add README.md '[this](LICENCE)'
red translation.py 'differs in its links: section 1, and in README.md section 2' change README.ru.md 's/(#б)/(#а)/'
red translation.py 'differs in its code: z' change README.ru.md 's/`x`/`z`/'
red translation.py 'differs in its cells: 1: z' change README.ru.md 's/`y`/`z`/'
red translation.py 'differs in its cells: 2: 08006' change README.ru.md 's/HV000/08006/'
red translation.py 'differs in its code blocks:     y' change README.ru.md 's/    x/    y/'
red translation.py 'differs in its items: - ' add README.ru.md '- d'

if clang-format-14 --version >/dev/null 2>&1; then
	red format.sh 'src/net/http.c' change src/net/http.c 's/^\treturn 0;/\treturn  0;/'
	red format.sh 'src/fdw/plan.c' change src/fdw/plan.c 's/^int$/int /'
fi
red format.sh 'sql/a.sql' add sql/a.sql 'SELECT 1; '
bad_script() { printf '#!/usr/bin/env bash\nif\n' >test/bad; }
red format.sh 'test/bad' bad_script
bad_python() { printf 'def\n' >test/bad.py; }
red format.sh 'bad.py' bad_python
exit "$status"
