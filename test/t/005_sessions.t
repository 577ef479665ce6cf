# A session keeps its connection to an account, sees changed options and
# credentials at its next statement, ends what is under way on the old ones, and
# loses nothing when statements fail: no connection, descriptor or memory.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

# A failure is to be one.
my $t = CatalogsFdw::Test->new(server => { max_retries => 0 });
my $count = 'SELECT count(*) FROM catalogs';

# What the session prints for a statement that is to work.
sub run_in
{
	my ($session, $sql) = @_;
	my $got = $t->try_in($session, $sql);
	return $got->{error} eq '' ? $got->{output} : $got->{error};
}

# The connections of the requests since the last time, as "1 1 2".
sub connections
{
	return join ' ', map { /^#(\d+)/ ? $1 : () } split /\n/,
	  $t->wire('--connections');
}

# ------------------------------------------------------------------------------
# One connection for all statements and transactions of a session

my $session = $t->session;
$t->reset;
run_in($session, $count) foreach 1 .. 2;
run_in($session, "BEGIN; $count; COMMIT");
run_in($session, q{INSERT INTO catalogs (name) VALUES ('New list')});
run_in($session, q{UPDATE catalogs SET name = 'Other' WHERE id = 4223});
run_in($session, 'SELECT name FROM catalogs WHERE id = 4223');
is(connections(), '1 1 1 1 1 1 1', 'one connection for all statements');

run_in($session, 'SELECT * FROM nowhere');
$t->fault('status', code => 500, on => 'GET');
run_in($session, $count);
run_in($session, 'SELECT 1 / (id - 4222) FROM catalogs');
run_in($session, $count);
is(connections(), '1 1 1', 'an error that leaves nothing unread keeps it');

# Each session has its own, and so has each user mapping.
my $other = $t->session;
run_in($other, $count);
run_in($session, $count);
is(connections(), '2 1', 'each session has its own');
$t->sql(q{CREATE ROLE clerk LOGIN; GRANT SELECT ON catalogs TO clerk;
	CREATE USER MAPPING FOR clerk SERVER acme OPTIONS (access_token 'main-token')});
run_in($session, 'SET ROLE clerk');
run_in($session, $count);
run_in($session, 'RESET ROLE');
run_in($session, $count);
is(connections(), '3 1', 'each user mapping has its own');
$other->quit;

# A program that the backend starts does not get them.
my $listing = "$PostgreSQL::Test::Utils::tmp_check/descriptors";
my $remote = sprintf ':%04X', $t->url =~ /:(\d+)$/;
run_in($session, "COPY (SELECT 1) TO PROGRAM 'cat >$listing; ls -l /proc/self/fd >$listing'");
my %inherited = map { $_ => 1 } slurp_file($listing) =~ /socket:\[(\d+)\]/g;
my @connected = map { [ split ' ' ] } grep { / \w+$remote 01 / } split /\n/, slurp_file('/proc/net/tcp');
is(scalar(grep { $inherited{ $_->[9] } } @connected), 0, 'a program that is started gets none');
cmp_ok(scalar @connected, '>', 0, '... of those that there are');

# Nor any other socket that was not there before.
sub inherited
{
	my ($session) = @_;
	run_in($session, "COPY (SELECT 1) TO PROGRAM 'cat >$listing; ls -l /proc/self/fd >$listing'");
	return join ' ', sort(slurp_file($listing) =~ /socket:\[\d+\]/g);
}

my $fresh = $t->session;
my $before_any = inherited($fresh);
run_in($fresh, $count);
is(inherited($fresh), $before_any, 'nor what libcurl makes for itself');
$fresh->quit;

# A kept connection that the account has closed wakes nobody who waits for
# another one.
$t->sql(<<'SQL' =~ s/URL/$t->url/er);
CREATE SERVER twin FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'URL', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER twin OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE twins (id bigint) SERVER twin;
SQL
sub cpu_s
{
	my ($pid) = @_;
	my @fields = split ' ', slurp_file("/proc/$pid/stat") =~ s/^.*\) //sr;
	return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}
run_in($session, 'SELECT count(*) FROM twins');
$t->fault('close_idle', on => 'GET');
run_in($session, $count);
my $backend = run_in($session, 'SELECT pg_backend_pid()');
my $before = cpu_s($backend);
$t->set(delay_ms => 1000);
is(run_in($session, 'SELECT count(*) FROM twins'), 5, 'the other account answers');
$t->set(delay_ms => 0);
cmp_ok(cpu_s($backend) - $before, '<', 0.3, 'the wait for it was idle');
$t->wire;

# ------------------------------------------------------------------------------
# keep_connections = false: closed with the transaction, not before

$t->sql('ALTER SERVER acme OPTIONS (ADD keep_connections \'false\')');
$t->reset;
run_in($session, $count) foreach 1 .. 2;
is(connections(), '1 2', 'keep_connections false: not kept for a transaction');
run_in($session, "BEGIN; $count; $count; COMMIT; $count");
is(connections(), '3 3 4', 'keep_connections false: kept within one');
run_in($session, "BEGIN; $count; ROLLBACK; $count");
is(connections(), '5 6', 'keep_connections false: closed by ROLLBACK too');
$t->sql('ALTER SERVER acme OPTIONS (DROP keep_connections)');

# ------------------------------------------------------------------------------
# Another session changes what the session uses

my $account = $t->url;
my $elsewhere = $account =~ s/127\.0\.0\.1/acme.localhost/r;

# Accounts are told apart by their names here.
sub lists { return run_in($session, q{SELECT string_agg(id::text, ' ' ORDER BY id) FROM catalogs}); }

$t->reset;
is(lists(), '4222 4223 4230 4231', 'before: the first account');
$t->sql("ALTER SERVER acme OPTIONS (SET url '$elsewhere')");
$t->fails_with('28000', qr/refused the credentials/, $count,
	'ALTER SERVER: a new session asks another account');
is($t->try_in($session, $count)->{sqlstate},
	'28000', 'ALTER SERVER: and so does the next statement of an open one');
$t->sql("ALTER USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (SET access_token 'acme-token')");
is(lists(), '5223 5224', 'ALTER USER MAPPING: seen by the next statement');
$t->sql("ALTER SERVER acme OPTIONS (SET url '$account')");
$t->sql("DROP USER MAPPING FOR CURRENT_USER SERVER acme;
	CREATE USER MAPPING FOR CURRENT_USER SERVER acme
		OPTIONS (access_token 'main-token')");
is(lists(), '4222 4223 4230 4231', 'DROP and CREATE USER MAPPING: seen');
$t->sql('DROP USER MAPPING FOR CURRENT_USER SERVER acme');
is($t->try_in($session, $count)->{sqlstate},
	'42704', 'DROP USER MAPPING: seen');
$t->sql("CREATE USER MAPPING FOR PUBLIC SERVER acme
	OPTIONS (access_token 'main-token')");
is(lists(), '4222 4223 4230 4231', 'a mapping for PUBLIC serves as well');
$t->sql("CREATE USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (access_token 'wrong')");
is($t->try_in($session, $count)->{sqlstate},
	'28000', 'one of his own comes first');
$t->sql('DROP USER MAPPING FOR CURRENT_USER SERVER acme');
is(lists(), '4222 4223 4230 4231', 'until it is gone');

# Within a transaction: what holds when a statement begins.
run_in($session, 'BEGIN');
is(lists(), '4222 4223 4230 4231', 'in a transaction: before');
$t->sql("ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'wrong')");
is($t->try_in($session, $count)->{sqlstate},
	'28000', 'in a transaction: seen by its next statement');
run_in($session, 'ROLLBACK');
$t->sql("ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'main-token')");

# Changed here and rolled back here.
run_in($session, "BEGIN; ALTER SERVER acme OPTIONS (SET url '$elsewhere')");
is($t->try_in($session, $count)->{sqlstate}, '28000', 'ALTER SERVER of our own');
run_in($session, 'ROLLBACK');
is(lists(), '4222 4223 4230 4231', 'is gone after ROLLBACK');

# Prepared statements follow.
run_in($session, 'PREPARE get (bigint) AS SELECT name FROM catalogs WHERE id = $1');
run_in($session, 'SET plan_cache_mode = force_generic_plan');
is(run_in($session, 'EXECUTE get(4230)'), 'Tariffs', 'a prepared statement');
$t->sql("ALTER SERVER acme OPTIONS (SET url '$elsewhere');
	ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'acme-token')");
is(run_in($session, 'EXECUTE get(5223)'), 'Cars', 'follows the server');
$t->sql("ALTER FOREIGN TABLE catalogs OPTIONS (ADD path '/no/such/path')");
is($t->try_in($session, 'EXECUTE get(5223)')->{sqlstate},
	'HV00R', 'and the table');
$t->sql("ALTER FOREIGN TABLE catalogs OPTIONS (DROP path);
	ALTER SERVER acme OPTIONS (SET url '$account');
	ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'main-token')");
run_in($session, 'DEALLOCATE get; RESET plan_cache_mode');

# COMMIT is a statement too: what it sends is signed with what holds then.
$t->sql("ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'wrong')");
run_in($session, "BEGIN; SAVEPOINT s; $count");
run_in($session, q{ROLLBACK TO s; INSERT INTO catalogs (name) VALUES ('New list')});
$t->sql("ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'main-token')");
$t->wire;
is(run_in($session, 'COMMIT'), '', 'ALTER USER MAPPING before COMMIT');
is($t->wire('--status', '--summary'),
	'POST /api/v2/catalogs add 1 -> 200', '... which sends the new token');
run_in($session, 'ROLLBACK');

# But a change of a row that was read here is not for a list elsewhere that
# happens to have its id.
$t->reset;
$t->emulator('put', '--account', 'acme', '{"id":4223,"name":"A stranger"}');
run_in($session, q{BEGIN; UPDATE catalogs SET name = 'Mine' WHERE id = 4223});
$t->sql("ALTER SERVER acme OPTIONS (SET url '$elsewhere');
	ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'acme-token')");
run_in($session, "SAVEPOINT s; $count");
run_in($session, 'COMMIT');
like($t->emulator('lists', '--account', 'acme', '--columns', 'id,name'),
	qr/^4223 \| A stranger$/m,
	'ALTER SERVER before COMMIT: no list of another account is changed');
run_in($session, 'ROLLBACK');
$t->sql("ALTER SERVER acme OPTIONS (SET url '$account');
	ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'main-token')");
$t->reset;

# ------------------------------------------------------------------------------
# Cursors

# Enough rows that a reply is not in memory at once.
my $many = 60_000;
$t->emulator('add-many', $many);
$t->sql(<<'SQL');
CREATE FUNCTION rest_of(c refcursor) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	MOVE FORWARD ALL FROM c;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;
SQL

# How many rows are left of a cursor.
sub rest_of { return run_in($_[0], "SELECT rest_of('$_[1]')"); }

run_in($session, 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM catalogs');
is(run_in($session, 'FETCH 1 FROM c'), '4223', 'a cursor gives its first row');
run_in($session, 'DECLARE d CURSOR FOR SELECT id FROM catalogs');
is(run_in($session, 'FETCH 1 FROM d'), '4223', 'a second one as well');
is(run_in($session, 'FETCH 1 FROM c'), '4222', 'the first one goes on');
is(run_in($session, 'FETCH 1 FROM d'), '4222', 'the second one too');
is(run_in($session, 'SELECT name FROM catalogs WHERE id = 4230'),
	'Tariffs', 'other statements work meanwhile');
like(run_in($session, 'MOVE ALL FROM c; SELECT 1'), qr/1/, 'one is read to its end');
is(run_in($session, 'FETCH 1 FROM d'), '4230', 'the other one goes on');
run_in($session, 'COMMIT');
is(run_in($session, 'SELECT name FROM catalogs WHERE id = 4230'),
	'Tariffs', 'after which the session works');

# The whole of a cursor's rows, with much between them.
run_in($session, 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM catalogs; FETCH 10 FROM c');
for my $i (1 .. 20)
{
	run_in($session, 'SELECT name FROM catalogs WHERE id = 4230');
}
is(rest_of($session, 'c'), $many + 4 - 10, 'a cursor left open loses no row');
run_in($session, 'COMMIT');

# ALTER while one is open: it ends on the old, the next statement has the new.
run_in($session, 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM catalogs; FETCH 4 FROM c');
$t->sql("ALTER SERVER acme OPTIONS (SET url '$elsewhere');
	ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'acme-token')");
is(lists(), '5223 5224', 'ALTER while a cursor is open: the next statement has the new');
is(rest_of($session, 'c'), $many, '... while the cursor ends on the old');
is(lists(), '5223 5224', '... and the new goes on');
run_in($session, 'COMMIT');
$t->sql("ALTER SERVER acme OPTIONS (SET url '$account');
	ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'main-token')");

# The mapping that a cursor uses is dropped, and the server changed twice.
run_in($session, 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM catalogs; FETCH 4 FROM c');
$t->sql('DROP USER MAPPING FOR PUBLIC SERVER acme');
is($t->try_in($session, "SAVEPOINT s; $count")->{sqlstate},
	'42704', 'DROP USER MAPPING while a cursor is open');
run_in($session, 'ROLLBACK TO s');
is(rest_of($session, 'c'), $many, '... which ends nevertheless');
run_in($session, 'COMMIT');
$t->sql("CREATE USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (access_token 'main-token')");

# WITH HOLD reads everything at COMMIT.
$t->wire;
run_in($session,
	'BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT id FROM catalogs; FETCH 1 FROM h; COMMIT');
is($t->wire('--count'), '1 GET', 'WITH HOLD: one request');
is(rest_of($session, 'h'), $many + 3, 'WITH HOLD: all rows after COMMIT');
is($t->wire('--count'), 'nothing', 'WITH HOLD: and no other request');
run_in($session, 'CLOSE h');

# A subtransaction that ends takes its cursor with it, and only that.
run_in($session, 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM catalogs; FETCH 4 FROM c;
	SAVEPOINT s; DECLARE d CURSOR FOR SELECT id FROM catalogs; FETCH 1 FROM d');
run_in($session, 'SELECT 1 / 0');
run_in($session, 'ROLLBACK TO s');
is($t->try_in($session, 'SAVEPOINT f; FETCH 1 FROM d')->{sqlstate},
	'34000', 'ROLLBACK TO: its cursor is gone');
run_in($session, 'ROLLBACK TO f');
is(rest_of($session, 'c'), $many, 'ROLLBACK TO: the one from before is not');
is(run_in($session, 'SELECT name FROM catalogs WHERE id = 4230'),
	'Tariffs', 'ROLLBACK TO: a statement works');
run_in($session, 'COMMIT');

# The same from an exception block, in a loop.
is( run_in($session, <<'SQL'), '', 'a block that fails in the middle of a stream');
DO $$
DECLARE
	r record;
BEGIN
	FOR i IN 1 .. 5 LOOP
		BEGIN
			FOR r IN SELECT id FROM catalogs LOOP
				IF r.id = 4230 THEN
					RAISE EXCEPTION 'enough';
				END IF;
			END LOOP;
		EXCEPTION WHEN raise_exception THEN
			NULL;
		END;
	END LOOP;
END $$
SQL
is(run_in($session, $count), $many + 4, '... leaves a session that works');

# LIMIT, and a statement that ends before its reply: no wedge, no mix-up.
for my $i (1 .. 20)
{
	run_in($session, 'SELECT id FROM catalogs LIMIT 1');
}
is(run_in($session, 'SELECT id FROM catalogs LIMIT 1'), '4223', 'LIMIT 1, repeated');
is(run_in($session, $count), $many + 4, 'then everything');
is( run_in($session, 'SELECT exists (SELECT FROM catalogs WHERE type = \'invoices\')'),
	't', 'EXISTS');
is(run_in($session, 'SELECT name FROM catalogs WHERE id = 4230'), 'Tariffs', 'then one');

# ------------------------------------------------------------------------------
# Statements that fail leave nothing behind

$t->reset;
$t->emulator('add-many', 5000);
$t->set(batch_limit => 0);
my $pid = run_in($session, 'SELECT pg_backend_pid()');

# Sockets, epoll descriptors, timers and the like.  The server's files are left
# out: it opens and closes those as it likes.
sub descriptors
{
	return join ' ', sort grep { /^\D+:/ }
	  map { s/:\[\d+\]$/:/r } map { readlink // () } glob "/proc/$pid/fd/*";
}

sub resident_kb
{
	# a sanitizer keeps for a while what is freed
	return 0 if ($ENV{CATALOGS_UNDER} // '') eq 'sanitizers';
	return slurp_file("/proc/$pid/status") =~ /^VmRSS:\s+(\d+) kB/m ? $1 : 0;
}

# In the contexts of the server; what libcurl and json-c take shows in resident_kb.
sub contexts_kb
{
	return run_in($session,
		'SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts') + 0;
}

my @failures = (
	[ [ 'status', code => 500, on => 'GET' ], 'SELECT * FROM catalogs' ],
	[ [ 'close_after_request', on => 'GET', times => 0 ], 'SELECT * FROM catalogs' ],
	[ [ 'close_middle', on => 'GET' ], 'SELECT * FROM catalogs' ],
	[ [ 'cut', on => 'GET' ], 'SELECT * FROM catalogs' ],
	[ [ 'garbage', on => 'GET' ], 'SELECT * FROM catalogs' ],
	[ [ 'garbage_body', on => 'GET' ], 'SELECT * FROM catalogs' ],
	[ [ 'bad_gzip', on => 'GET' ], 'SELECT * FROM catalogs' ],
	[ undef, 'SELECT 1 / (id - 4230) FROM catalogs' ],
	[ undef, 'SELECT id, 1 / (id - 4230) FROM catalogs c1 JOIN catalogs c2 USING (id)' ],
	[ [ 'nul', on => 'GET' ], 'SELECT * FROM catalogs' ],
	[ ['refuse'], 'SELECT * FROM catalogs' ],
	[ [ 'close_applied', on => 'POST' ], q{INSERT INTO catalogs (name) VALUES ('x')} ],
	[ [ 'status', code => 400, on => 'POST' ], q{INSERT INTO catalogs (name) VALUES ('x')} ],
	[ [ 'garbage_body', on => 'POST' ], q{INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 50)} ],
	[ [ 'status', code => 400, on => 'POST' ], q{INSERT INTO catalogs (name) VALUES ('x') RETURNING id} ],
	[ [ 'status', code => 422, on => 'POST' ], q{UPDATE catalogs SET name = 'x' WHERE id = 4223} ],
	[ [ 'error_200', on => 'POST' ], q{DELETE FROM catalogs WHERE id = 4223} ],
	[ undef, q{DO $$ BEGIN INSERT INTO catalogs (name) VALUES ('x'); RAISE EXCEPTION 'no'; END $$} ],
	[ undef, q{SET statement_timeout = '1ms'; SELECT count(*) FROM catalogs, pg_sleep(0.01)} ],
);

# All of them; returns how many failed.
sub fail_all
{
	my $failed = 0;

	foreach (@failures)
	{
		my ($fault, $sql) = @$_;
		$t->fault(@$fault[0], @$fault[ 1 .. $#$fault ]) if $fault;
		$failed++ if $t->try_in($session, $sql)->{sqlstate};
		$t->try_in($session, 'RESET statement_timeout');
		$t->emulator('heal') if $fault;
	}
	return $failed;
}

is(fail_all(), scalar @failures, 'each of these fails');
fail_all();    # what is made once is made by now
run_in($session, $count);
my ($fds, $kb, $contexts) = (descriptors(), resident_kb(), contexts_kb());
my $failed = 0;
$failed += fail_all() while $failed < 300;
run_in($session, $count);
is(descriptors(), $fds, "$failed failures leak no descriptor");
cmp_ok(contexts_kb() - $contexts, '<', 64, "$failed failures leak no memory context");
cmp_ok(resident_kb() - $kb, '<', 2048, "$failed failures leak no memory of libraries");
note sprintf 'after %d failures: %+d kB in contexts, %+d kB resident',
  $failed, contexts_kb() - $contexts, resident_kb() - $kb;

# Nor do sessions that are replaced.
($fds, $kb, $contexts) = (descriptors(), resident_kb(), contexts_kb());
for my $i (1 .. 100)
{
	run_in($session, "ALTER SERVER acme OPTIONS (SET url '$account'); $count");
}
is(descriptors(), $fds, 'a hundred ALTER SERVER leak no descriptor');
cmp_ok(contexts_kb() - $contexts, '<', 64, '... and no memory context');
cmp_ok(resident_kb() - $kb, '<', 2048, '... and no memory of libraries');

# Nor do cursors that are left open, closed with their transactions.
for my $i (1 .. 100)
{
	run_in($session, 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM catalogs; FETCH 1 FROM c; ROLLBACK');
}
run_in($session, $count);
is(descriptors(), $fds, 'a hundred open cursors leak no descriptor');

# Nor do thousands of transactions of a procedure, or exception blocks, within
# the statement.
$t->sql(<<'SQL');
CREATE PROCEDURE many(statement text, committed bool, n int) LANGUAGE plpgsql AS $$
DECLARE
	before bigint;
BEGIN
	FOR i IN 1 .. n LOOP
		IF committed THEN
			EXECUTE format(statement, i);
			COMMIT;
		ELSE
			BEGIN
				EXECUTE format(statement, i);
				RAISE EXCEPTION 'enough';
			EXCEPTION WHEN raise_exception THEN
				NULL;
			END;
		END IF;
		IF i = 100 THEN
			SELECT sum(total_bytes) INTO before FROM pg_backend_memory_contexts;
		END IF;
	END LOOP;
	RAISE NOTICE '% bytes each',
		(SELECT (sum(total_bytes) - before) / (n - 100) FROM pg_backend_memory_contexts);
END $$
SQL
foreach (
	[ 'COMMIT of a change', 'UPDATE catalogs SET name = %L WHERE id = 4223', 'true' ],
	[ 'COMMIT after a query', 'SELECT count(*) FROM catalogs', 'true' ],
	[ 'exception after a query', 'SELECT count(*) FROM catalogs', 'false' ])
{
	my ($what, $statement, $committed) = @$_;
	my $got = $t->try_in($session, "CALL many(\$\$$statement\$\$, $committed, 1100)");
	my ($bytes) = $got->{error} =~ /NOTICE: .* ([-\d]+)[.\d]* bytes each/;
	cmp_ok($bytes // 'none', '<', 150, "$what, a thousand times: no memory") or diag($got->{error});
}

# What is altered between two looks at the catalogs, while a session is made of them, is
# seen by the next statement.  Locks hold up each look at a user mapping and a server that
# have been altered again: those of the account, and then those of the session.
my ($reader, $altering, $mappings, $servers) = map { CatalogsFdw::Session->new($t->node) } 1 .. 4;

sub waits_for
{
	my ($catalog) = @_;
	return $t->node->poll_query_until('postgres',
		"SELECT true FROM pg_locks WHERE NOT granted AND relation = '$catalog'::regclass")
	  || die "nobody looks at $catalog";
}

sub alter_mapping
{
	my ($token) = @_;
	return $altering->ask("ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET access_token '$token')");
}
$reader->ask($count);
alter_mapping('main-token');
$mappings->ask('BEGIN; LOCK TABLE pg_user_mapping');
$reader->send($count);
foreach my $token ('main-token', 'no-token')
{
	waits_for('pg_user_mapping');
	$altering->ask("ALTER SERVER acme OPTIONS (SET max_retries '0')");
	# Who has it in its caches needs no look at the server.
	$altering->ask("SELECT pg_describe_object('pg_foreign_server'::regclass, oid, 0),
		has_server_privilege('acme', 'USAGE') FROM pg_foreign_server");
	$servers->ask('BEGIN; LOCK TABLE pg_foreign_server');
	$mappings->ask('COMMIT');
	waits_for('pg_foreign_server');
	alter_mapping($token);
	$mappings->ask('BEGIN; LOCK TABLE pg_user_mapping') if $token eq 'main-token';
	$servers->ask('COMMIT');
}
is($reader->result->{sqlstate}, '', 'a user mapping is altered when it has been read');
is($reader->ask($count)->{sqlstate}, '28000', '... which the next statement sees');
alter_mapping('main-token');
$_->quit foreach $reader, $altering, $mappings, $servers;

# And when those that have descriptors wait to be read themselves, that is an
# error like any other.
my $all = run_in($session, $count) + $many;
$session->quit;
$t->emulator('add-many', $many);
$t->node->append_conf('postgresql.conf', 'max_files_per_process = 64');
$t->node->restart;
$session = $t->session;
my $got = $t->try_in($session,
	"BEGIN; " . join ' ', map { "DECLARE c$_ CURSOR FOR SELECT id FROM catalogs; FETCH 1 FROM c$_;" } 1 .. 60);
is($got->{sqlstate}, '53000', 'too many cursors: too many descriptors');
run_in($session, 'ROLLBACK');
is(run_in($session, $count), $all, '... after which the session works');
$session->quit;

done_testing();
