# What test/run, test/demo, test/try and test/bench/run share; sourced by them, not run.
#
# A run has one folder of its own, $work, outside the checkout: a relocated
# PostgreSQL with the extension in it, the clusters, the sockets, the logs.  It
# goes when the run ends, and whatever was started from it is stopped first.
# PostgreSQL refuses to run as root, so root does the building and an
# unprivileged user ($user) the rest.
#
# shellcheck shell=bash

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PG_CONFIG=${PG_CONFIG:-pg_config}
umask 022

# --- talking -----------------------------------------------------------------

# shellcheck disable=SC2034 # used by those who source this
if [[ -t 1 && ${TERM-dumb} != dumb && -z ${NO_COLOR-} ]]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' blue=$'\e[34m' plain=$'\e[0m'
else
	bold='' dim='' red='' green='' blue='' plain=''
fi

say() { printf '%s\n' "$*"; }
headline() { printf '%s=== %s%s\n' "$bold" "$*" "$plain"; }
indent() { sed -u 's/^/    /'; }

die() {
	printf '%s%s%s\n' "$red" "$*" "$plain" >&2
	exit 1
}

# What is missing here is nobody's fault.
cannot_run() {
	say "skipped: $*"
	exit 77
}

# --- the folder of this run ---------------------------------------------------

# Makes $work and picks $user; from here on, leaving cleans up.
open_work() {
	local base
	choose_base
	work=$(mktemp -d "$base/catalogs_fdw.XXXXXX")
	trap close_work EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP

	chmod 755 "$work"
	mkdir "$work"/{home,tmp,log,tree}
	user=
	if ((EUID == 0)); then
		user=nobody
		if getent passwd postgres >/dev/null; then user=postgres; fi
	fi
	give_to_user "$work"/{home,tmp,log,tree}
	# The caller's folder may be closed to the unprivileged user.
	cd "$work/tree" || exit 1
}

# choose_base: sets base, where $work is to be: in memory if there is plenty, for a
# cluster has a thousand files.
choose_base() {
	local free memory
	base=/dev/shm
	free=$(df --output=avail --block-size=1G "$base" 2>/dev/null | tail -n 1) || free=0
	memory=$(awk '/^MemAvailable/ { printf "%d", $2 / 1048576 }' /proc/meminfo)
	if ((free >= 4 && memory >= 8)) && [[ ,$(findmnt -n -o OPTIONS "$base"), != *,noexec,* ]]; then
		return
	fi
	# Root's TMPDIR may be closed to others; socket paths must be short.
	base=${TMPDIR:-/tmp}
	((EUID != 0)) || base=/tmp
}

# Lets the unprivileged user own what it must write to.
give_to_user() {
	[[ -z $user ]] || chown -R "$user:" "$@"
}

close_work() {
	local status=$? pid
	trap '' INT TERM HUP
	# what runs in the background here would start more
	for pid in $(jobs -p); do kill "$pid" 2>/dev/null || true; done
	stop_leftovers
	cd /
	rm -rf "$work"
	exit "$status"
}

# The ids of the processes that this run has started and that still run: those
# whose program lies in $work, or whose environment names it.
leftovers() {
	{
		find /proc -maxdepth 2 -path '/proc/[0-9]*/exe' -lname "$work/*" 2>/dev/null || true
		grep -lsz "^CATALOGS_TEST_WORK=$work\$" /proc/[0-9]*/environ || true
	} | cut -d / -f 3 | sort -nu
}

# Asks them to stop (for a postmaster SIGINT is a fast shutdown), then insists.
stop_leftovers() {
	local signal pid pids
	for signal in INT TERM KILL; do
		mapfile -t pids < <(leftovers)
		((${#pids[@]})) || return 0
		for pid in "${pids[@]}"; do kill -"$signal" "$pid" 2>/dev/null || true; done
		for _ in {1..30}; do
			[[ $(leftovers) ]] || return 0
			sleep 0.1
		done
	done
}

# --- PostgreSQL, with the extension, somewhere else ---------------------------

# The programs are copied, since they look for their files beside where they
# really are; the rest of the installation is a tree of links.
relocate_postgres() {
	local bin lib share dir
	bin=$("$PG_CONFIG" --bindir) lib=$("$PG_CONFIG" --pkglibdir) share=$("$PG_CONFIG" --sharedir)
	root=$work/root
	mkdir -p "$root"
	for dir in "$bin" "$lib" "$share"; do mkdir -p "$root${dir%/*}"; done
	cp -r "$bin" "$root${bin%/*}/"
	cp -rs "$lib" "$root${lib%/*}/"
	cp -rs "$share" "$root${share%/*}/"
	find "$root$lib" "$root$share" -mindepth 1 -name 'catalogs_fdw*' -prune -exec rm -rf {} +
	bindir=$root$bin
	mv "$bindir"/initdb{,.real}
	cp "$top/test/initdb" "$bindir/"
}

# build_and_install KIND [VARIABLE=VALUE]...: builds a copy of the sources, and
# installs it under $root.  The copy is kept, so that the next build of that
# kind, which is to have the same variables, has less to do.  Sets built to it.
build_and_install() {
	local version tree
	version=$("$PG_CONFIG" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
	tree=$top/build/$1-$version
	# shellcheck disable=SC2034 # used by those who source this
	built=$tree
	shift
	mkdir -p "$top/build"
	exec {lock}>"$tree.lock"
	flock "$lock"
	copy_sources "$tree" &&
		make_in "$tree" -j"$(nproc)" "$@" all &&
		make_in "$tree" "$@" install DESTDIR="$root"
	local status=$?
	give_to_owner "$top/build"
	exec {lock}>&-
	return "$status"
}

# What has changed is copied, and so is newer than what was made of it: the
# dates in the checkout are not relied on.
copy_sources() {
	local tree=$1 file
	while IFS= read -r file; do
		if [[ ! -e $top/$file ]]; then
			rm -f "$tree/$file"
			find "$tree/src" -name '*.o' -delete -o -name '*.bc' -delete
		fi
	done < <(list_sources "$tree")
	while IFS= read -r file; do
		cmp -s "$top/$file" "$tree/$file" && continue
		mkdir -p "$tree/${file%/*}" && cp "$top/$file" "$tree/$file" || return
	done < <(list_sources "$top")
	cp -u "$top"/{Makefile,nls.mk,catalogs_fdw.control} "$tree/"
}

# The sources of a tree, as src/FLOOR/NAME, and the messages in other languages.
list_sources() {
	[[ ! -d $1/src ]] || (cd "$1" && find src $([[ ! -d po ]] || echo po) -name '*.[ch]' -o -name '*.sql' -o -name '*.txt' -o -name '*.po' -o -name LINGUAS)
}

# make, free of the make that may have called us.
make_in() {
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -s -C "$@" </dev/null
}

# What root leaves in the checkout belongs to whose checkout it is.
give_to_owner() {
	((EUID != 0)) || chown -R --reference="$top" "$@"
}

build_plain() { relocate_postgres && build_and_install plain; }

# --- running things -----------------------------------------------------------

# Runs a command as the unprivileged user, in an environment in which only what
# is said here is set: no proxy, no PGHOST, no locale of the caller's.
as_user() { as_user_who_types "$@" </dev/null; }

# The same with our input.
as_user_who_types() {
	local path=$PATH
	local -a drop=()
	if [[ $user ]]; then
		path=/usr/local/bin:/usr/bin:/bin
		drop=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --init-groups)
	fi
	env -i "${drop[@]}" env \
		PATH="$bindir:$work/tree/test/emulator:$path" \
		HOME="$work/home" TMPDIR="$work/tmp" TERM="${TERM-dumb}" \
		LANG=C.UTF-8 TZ=UTC \
		CATALOGS_TEST_WORK="$work" \
		"$@"
}

# find_tester OUT: sets tester[] to what PostgreSQL::Test wants to know, to stand before
# a command; what a test makes goes into OUT.
find_tester() {
	local pg_test
	pg_test=$(cd "$(dirname "$("$PG_CONFIG" --pgxs)")/../test" && pwd)
	# shellcheck disable=SC2034 # used by those who source this
	tester=(TESTDIR="$1" TESTLOGDIR="$1/tmp_check/log" TESTDATADIR="$1/tmp_check"
		PG_REGRESS="$pg_test/regress/pg_regress" PERL5LIB="$pg_test/perl:$work/tree/test/perl"
		CATALOGS_PG_INCLUDE="$("$PG_CONFIG" --includedir-server)"
		CATALOGS_PG_LIBRARIES="$("$PG_CONFIG" --pkglibdir)")
}

# make_cluster DATA USER: one that nobody else can talk to, and that takes no care
# of its data should the machine fail.
make_cluster() {
	as_user initdb -D "$1" -U "$2" -A trust -E UTF8 --locale=C.UTF-8 --no-sync
}

# start_cluster DATA SOCKETS: it listens on a socket in that folder alone.
start_cluster() {
	as_user pg_ctl -D "$1" -l "$1.log" -w -o "-F -k $2 -c listen_addresses=''" start
}

# stop_cluster DATA MODE
stop_cluster() { as_user pg_ctl -D "$1" -m "$2" -w stop; }

# Copies what the unprivileged user needs out of a checkout that it may not be
# able to read.
copy_tree() {
	local dir
	for dir in Makefile README.md sql expected test; do
		if [[ -e $top/$dir ]]; then cp -r "$top/$dir" "$work/tree/"; fi
	done
	# pg_regress gives up where no output is expected: expect nothing there.
	mkdir -p "$work/tree"/{sql,expected}
	for dir in "$work/tree"/{sql/*.sql,test/specs/*.spec}; do
		dir=${dir##*/}
		[[ $dir == '*'* || -e $work/tree/expected/${dir%.*}.out ]] || : >"$work/tree/expected/${dir%.*}.out"
	done
	give_to_user "$work/tree"
}

# step TITLE COMMAND...: silent unless it fails.
step() {
	local title=$1 log=$work/log/step
	shift
	printf '%s ... ' "$title"
	if ! "$@" >"$log" 2>&1 </dev/null; then
		printf '%sfailed%s\n' "$red" "$plain"
		tail -n 40 "$log"
		die "It stops here: could not do \"$title\"."
	fi
	say 'done'
}

# A throw-away cluster of that superuser, on a socket in $work/tmp.
start_throw_away_cluster() {
	data=$work/tmp/data
	make_cluster "$data" "$1" && start_cluster "$data" "$work/tmp"
}
