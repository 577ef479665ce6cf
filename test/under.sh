# What watches the tests, beside the tests themselves; sourced by test/run, not run.
#
# UNDER says what:
#
#   sanitizers   the extension is built with AddressSanitizer and
#                UndefinedBehaviorSanitizer; the server is Debian's, in which their
#                runtime is loaded first
#   assertions   the server has assertions (PG_CONFIG=$(test/cassert))
#   valgrind     the same server, under memcheck, which knows of PostgreSQL's memory
#
# They report into files, or the server's log, so that nothing is overlooked, whatever
# became of the test.
# With REPORTS_ALONE=1 nothing else decides whether test/run fails: what is slow, and so
# fails, is shown, but does not count.  The exit status is 77 when there was nothing to
# report on, for want of a tool, say.
#
# shellcheck shell=bash disable=SC2034

# The runtime wants to be the first library of a program.  Leaks are none of its
# business: what PostgreSQL frees at exit, it leaves to the kernel.  What runs out of
# memory is told so, as ever.
readonly sanitizer_options='detect_leaks=0:abort_on_error=1:disable_coredump=0:allocator_may_return_null=1'
readonly undefined_options='print_stacktrace=1:halt_on_error=1:abort_on_error=1'

# choose_watcher: sets how the extension is built, build_kind, build_flags and
# build_options; and reports, the folder in which reports are found, or ''.
choose_watcher() {
	build_kind=strict build_flags='' build_options=() reports=''
	case ${UNDER-} in
	'') return ;;
	sanitizers)
		build_kind=sanitized build_options=(with_llvm=no)
		build_flags='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer'
		have_sanitizers || cannot_run 'the compiler has no runtime of the sanitizers, or it does not work here'
		;;
	assertions | valgrind) build_kind=cassert ;;
	*) die "test/run: no such UNDER: $UNDER" ;;
	esac
	[[ $UNDER == sanitizers ]] || "$PG_CONFIG" --configure | grep -q enable-cassert ||
		die "test/run: the server of $PG_CONFIG has no assertions"
	case $UNDER in sanitizers | valgrind)
		reports=$work/reports
		mkdir "$reports" && give_to_user "$reports"
		;;
	esac
}

have_sanitizers() {
	echo 'int main(void) { return 0; }' |
		"${CC:-gcc}" -fsanitize=address,undefined -x c - -o "$work/sanitized" 2>/dev/null && "$work/sanitized"
}

# watch_server: what starts the server starts it as UNDER says.  A cluster is made
# by the server as it is.
watch_server() {
	[[ $reports ]] || return 0
	mv "$bindir"/postgres{,.real}
	{
		printf '#!/bin/bash\n'
		printf '[[ ! ${CATALOGS_INITDB-} ]] || exec -a "$0" "$0.real" "$@"\n'
		"start_under_$UNDER"
	} >"$bindir/postgres"
	chmod 755 "$bindir/postgres"
}

# build_first FILE: a library that is initialized before all others of a program, and
# so has AddressSanitizer's runtime initialized.  Else that happens at the first
# malloc(), which is called by bindtextdomain() of another library's constructor, with
# glibc's lock for translations taken, that it waits for then.
build_first() {
	echo '#include <stdlib.h>
		static void __attribute__((constructor)) first(void) { void *volatile some = malloc(1); free(some); }' |
		"${CC:-gcc}" -shared -fPIC -Wl,-z,initfirst -x c - -o "$1"
}

start_under_sanitizers() {
	build_first "$reports.so"
	cat <<-SCRIPT
		export LD_PRELOAD=$("${CC:-gcc}" -print-file-name=libasan.so):$reports.so\${LD_PRELOAD:+:\$LD_PRELOAD}
		export ASAN_OPTIONS=$sanitizer_options:log_path=$reports/address
		export UBSAN_OPTIONS=$undefined_options:log_path=$reports/undefined
		exec -a "\$0" "\$0.real" "\$@"
	SCRIPT
}

start_under_valgrind() {
	cat <<-SCRIPT
		exec valgrind --quiet --leak-check=no --track-origins=yes \\
			--suppressions=$("$PG_CONFIG" --bindir)/../valgrind.supp \\
			--log-file=$reports/memcheck.%p "\$0.real" "\$@"
	SCRIPT
}

# collect_reports FOLDER...: what UndefinedBehaviorSanitizer has said, which goes into a
# server's log when AddressSanitizer is there as well, becomes a report, too.
collect_reports() {
	local log
	while IFS= read -r log; do
		grep -A 30 'runtime error: ' "$log" >"$reports/undefined.${log##*/}"
	done < <(grep -rlE '^[^ ]+:[0-9]+:[0-9]+: runtime error: ' "$@" --include='*.log' 2>/dev/null)
}
