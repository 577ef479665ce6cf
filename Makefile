# catalogs_fdw: amoCRM catalogs as PostgreSQL tables.  `make help` lists the targets.

EXTENSION = catalogs_fdw
MODULE_big = catalogs_fdw
DATA = $(wildcard src/catalogs_fdw--*.sql)

# The one place of the version is the control file.
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" catalogs_fdw.control)

# The modules, bottom to top, a folder a floor: a module may use those before
# it, never those after it.  test/lint/layers.sh holds the code to this order.
OBJS = \
	src/api/integer.o \
	src/api/resource.o \
	src/api/row.o \
	src/api/codec.o \
	src/api/lossless.o \
	src/api/value.o \
	src/api/reader.o \
	src/api/words.o \
	src/api/phrase.o \
	src/api/tree.o \
	src/api/problem.o \
	src/api/reply.o \
	src/declare/url.o \
	src/declare/familiar.o \
	src/declare/option.o \
	src/declare/table.o \
	src/net/clock.o \
	src/net/shared.o \
	src/net/pace.o \
	src/net/statistics.o \
	src/net/progress.o \
	src/net/loop.o \
	src/net/agent.o \
	src/net/pool.o \
	src/net/log.o \
	src/net/response.o \
	src/net/http.o \
	src/net/client.o \
	src/net/answer.o \
	src/net/report.o \
	src/net/auth.o \
	src/net/login.o \
	src/net/session.o \
	src/net/call.o \
	src/read/ids.o \
	src/read/cursor.o \
	src/read/spool.o \
	src/txn/name.o \
	src/txn/ledger.o \
	src/txn/journal.o \
	src/txn/overlay.o \
	src/txn/difference.o \
	src/txn/remain.o \
	src/txn/batch.o \
	src/txn/match.o \
	src/txn/send.o \
	src/txn/transaction.o \
	src/fdw/tid.o \
	src/fdw/share.o \
	src/fdw/fetch.o \
	src/fdw/condition.o \
	src/fdw/generated.o \
	src/fdw/plan.o \
	src/fdw/projection.o \
	src/fdw/scan.o \
	src/fdw/analyze.o \
	src/fdw/async.o \
	src/fdw/writer.o \
	src/fdw/returning.o \
	src/fdw/ahead.o \
	src/fdw/modify.o \
	src/fdw/truncate.o \
	src/fdw/direct.o \
	src/fdw/explain.o \
	src/fdw/import.o \
	src/fdw/monitor.o \
	src/fdw/catalogs_fdw.o

# Every file in sql/ is a test on its own, so their order means nothing.  Each
# runs with an emulator of its own, in a database that is UTF8 everywhere.
REGRESS = $(sort $(patsubst sql/%.sql,%,$(wildcard sql/*.sql)))
REGRESS_OPTS = --encoding=UTF8 --no-locale --launcher='test/emulator/emulator run --'

EXTRA_CLEAN = src/exports.list build results regression.diffs regression.out

PG_CONFIG ?= pg_config
PKG_CONFIG ?= pkg-config
export PG_CONFIG

# PostgreSQL may not be there yet: `make test` and `make demo` install it.
PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))

.DEFAULT_GOAL := all

ifneq ($(PGXS),)
CURL_CFLAGS := $(shell $(PKG_CONFIG) --cflags libcurl 2>/dev/null)
CURL_LIBS := $(or $(shell $(PKG_CONFIG) --libs libcurl 2>/dev/null),-lcurl)
# The sources say <json-c/...>, so json-c's own directory must not be searched.
JSON_C_LIBS := $(or $(shell $(PKG_CONFIG) --libs json-c 2>/dev/null),-ljson-c)

# Warnings go with the preprocessor's flags because PGXS hands those to clang
# too, when it makes bitcode: one build is checked by both compilers.  The
# server's headers are named as system headers, since some of their inline
# functions are not clean under -Wextra.  Parameters may go unused: the server
# says what parameters a callback has.
PG_CPPFLAGS = -DCFDW_VERSION='"$(EXTVERSION)"' -I$(srcdir)/src -isystem $(shell $(PG_CONFIG) --includedir-server) $(CURL_CFLAGS) \
	-Wall -Wextra -Wno-unused-parameter $(if $(WERROR),-Werror)
SHLIB_LINK = $(CURL_LIBS) $(JSON_C_LIBS)
SHLIB_EXPORTS = src/exports.txt

include $(PGXS)

# PGXS knows nothing of headers.
$(OBJS) $(OBJS:.o=.bc): $(wildcard src/*.h src/*/*.h) Makefile catalogs_fdw.control

else
all install uninstall installcheck:
	@echo "The development files of a PostgreSQL server are not here ('$(PG_CONFIG) --pgxs' gives nothing)." >&2
	@echo "Run 'test/setup' to install all that is needed (on Debian, as root or with sudo)," >&2
	@echo "or name the right program: make PG_CONFIG=/path/to/pg_config" >&2
	@exit 1

clean:
	rm -rf $(MODULE_big).so $(OBJS) $(OBJS:.o=.bc) $(EXTRA_CLEAN)
endif

# What Python leaves behind where the tests' programs run.
clean: clean-python
clean-python:
	find test -name __pycache__ -prune -exec rm -rf {} +

all: ## build the extension (PG_CONFIG=... chooses the server to build for)

install: ## build, and install into that server

installcheck: ## run the regression tests against a running server (PGHOST, PGPORT, ...)

demo: ## install what is missing, and show the wrapper at work in a throw-away cluster
	@test/setup
	@test/demo

try: ## install what is missing, and give a psql prompt in such a cluster, with the requests as they go out
	@test/setup
	@test/try

test: ## install what is missing, and run every test (ONLY="lint sql/NAME t/NAME" runs a part)
	@test/setup
	@test/run $(ONLY)

matrix: ## run every test on Debian 12, 13 and testing, as root (RELEASES="trixie", ONLY="...", JOBS=1)
	@test/setup matrix
	@ONLY="$(ONLY)" test/matrix $(RELEASES)

bench: ## install what is missing, and measure time, memory and requests (STRICT=1: fail when a limit is missed)
	@test/setup bench
	@STRICT=$(STRICT) test/bench/run

soak: ## install what is missing, and let many sessions live for ten minutes, whatever happens (CATALOGS_SOAK_SECONDS=600)
	@test/setup
	@test/run soak

mutate: ## break one promise after the other, and want a test to notice (ONLY="NAME" tries some)
	@test/setup
	@test/mutate $(ONLY)

sanitize: ## run every test with AddressSanitizer and UndefinedBehaviorSanitizer (ONLY="..." runs a part)
	@test/setup
	@UNDER=sanitizers test/run $(or $(ONLY),sql specs t)

cassert: ## run every test in a server with assertions (ONLY="..." runs a part)
	@test/setup cassert
	@PG_CONFIG=$$(test/cassert) UNDER=assertions test/run $(or $(ONLY),sql specs t)

valgrind: ## run the tests that matter most in that server under memcheck (ONLY="...")
	@test/setup cassert
	@PG_CONFIG=$$(test/cassert) UNDER=valgrind TIME_LIMIT=900 test/run $(or $(ONLY),$(CORE))

# What is short, and comes by most of the code.
CORE = sql/insert_batches sql/update sql/delete sql/returning sql/savepoints sql/matching \
	sql/refused_rows sql/taking_back sql/malformed sql/reply_shapes sql/login sql/rescan

fuzz: ## try inputs that nobody thought of, guided by coverage (ONLY="reader ledger", FUZZ_SECONDS=600)
	@test/setup fuzz
	@test/fuzz/run $(ONLY)

lint: $(if $(PGXS),$(shlib)) ## check layers, symbols, error codes, callbacks, formatting
	@test/setup --check
	@test/lint/run

format: ## format the C sources
	@test/lint/format.sh --fix

pictures: ## install what is missing, and draw the pictures in doc/ anew, of what is there beside them
	@test/setup pictures
	@doc/draw

dist: ## pack what is committed, for PGXN and others: build/catalogs_fdw-VERSION.zip
	@mkdir -p build
	git archive --format=zip --prefix=catalogs_fdw-$(EXTVERSION).0/ --output=build/catalogs_fdw-$(EXTVERSION).0.zip HEAD

deb: ## make a Debian package of what is committed, for each PostgreSQL whose development files are here
	@test/setup deb
	@debian/build $(EXTVERSION).0

clean: ## remove what the targets above made

help: ## this list
	@awk -F ': .*## ' '/^[a-z]+: .*## / { printf "  make %-13s%s\n", $$1, $$2 }' Makefile

.PHONY: all install uninstall installcheck demo try test soak matrix mutate sanitize cassert valgrind fuzz bench lint format pictures dist deb clean clean-python help
