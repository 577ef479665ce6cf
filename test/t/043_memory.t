# A session that has lived long has no more memory and no more descriptors than one that
# has just begun: whatever it was asked, whatever failed, was cancelled or altered.
#
# CATALOGS_MEMORY_TIMES=100 does all of it a hundred times as often: test/soak/memory.t.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Life::Process;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;
use Time::HiRes qw(time usleep);

my $times = $ENV{CATALOGS_MEMORY_TIMES} || 1;
my ($n_statements, $n_errors, $n_cancels, $n_alters) = map { $_ * $times } 1000, 100, 10, 50;

# What may be more afterwards (CatalogsFdw::Life::Process): the server's caches, which know
# more with every ALTER, and what malloc() makes of it.
my %may_grow = (
	contexts => 24,
	ours => 200,
	private => $times > 1 ? 1024 : 512,
	descriptors => 0,
	shared => 0);
# a sanitizer keeps for a while what is freed
delete $may_grow{private} if ($ENV{CATALOGS_UNDER} // '') eq 'sanitizers';

# So many statements are on their way at once.
my $abreast = 20;

my $t = CatalogsFdw::Test->new(
	server => { max_retries => 0, request_timeout => '20s', max_response_size => '100kB' },
	conf => "jit = off\nmax_prepared_transactions = 2");
my $url = $t->url;
my $held_off = $url =~ s/127\.0\.0\.1/acme.localhost/r;
$t->sql(<<"SQL");
CREATE SERVER closed FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'http://127.0.0.1:1', max_retries '0');
CREATE SERVER robot FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$url', max_retries '0', requests_per_second '0');
CREATE SERVER limited FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$held_off', max_retries '0', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER closed OPTIONS (access_token 'x');
CREATE USER MAPPING FOR CURRENT_USER SERVER robot OPTIONS (login 'robot\@example.com', api_key 'main-key');
CREATE USER MAPPING FOR CURRENT_USER SERVER limited OPTIONS (access_token 'acme-token');
CREATE FOREIGN TABLE nowhere (id bigint, name text) SERVER closed;
CREATE FOREIGN TABLE robots (id bigint, name text) SERVER robot;
CREATE FOREIGN TABLE limits (id bigint, name text) SERVER limited;
CREATE FOREIGN TABLE narrow (id bigint, sort smallint, name varchar(3)) SERVER acme;
CREATE FOREIGN TABLE typed (id bigint, name int) SERVER acme;
SQL

my $session = CatalogsFdw::Session->new($t->node);
my $observer = CatalogsFdw::Session->new($t->node);
my %sum;    # of what has grown, for the figures

# A test: what is done N times, in so many calls as it likes, leaves nothing.
sub leaves_nothing
{
	my ($name, $n, $do) = @_;

	# What a session takes once is not what this is about.
	$do->(20);
	held();
	my $before = held();
	my $start = time;
	$do->($n);
	my $seconds = time - $start;
	my $after = held();
	my @grown = map { "$_ $before->{$_} -> $after->{$_}" }
	  grep { $after->{$_} - $before->{$_} > $may_grow{$_} } sort keys %may_grow;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(join(', ', @grown), '', "$n times $name");
	$sum{$_} += $after->{$_} - $before->{$_} foreach keys %$after;
	my $figures = sprintf '%.1f s: %s', $seconds,
	  join ', ', map { "$_ $before->{$_} -> $after->{$_}" } sort keys %$before;
	$times > 1 ? diag("$n times $name: $figures") : note($figures);
	return;
}

# What the session holds without the connections that it keeps.
sub held
{
	$session->ask('ROLLBACK; SELECT catalogs_fdw_disconnect_all()');
	return holds($session);
}

# Asks for N statements, one of these after the other; returns the SQLSTATEs.
sub ask_many
{
	my ($n, @statements) = @_;
	my (%sqlstates, $sent, $answered);

	$sent = $answered = 0;
	while ($answered < $n)
	{
		$session->send($statements[ $sent++ % @statements ]) while $sent < $n && $sent - $answered < $abreast;
		$sqlstates{ $session->result->{sqlstate} || '00000' }++;
		$answered++;
	}
	return join ' ', sort keys %sqlstates;
}

# ------------------------------------------------------------------------------
# Statements

my @statements = (
	'SELECT count(*) FROM catalogs',
	'SELECT name FROM catalogs WHERE id = 4223',
	'SELECT c FROM catalogs c LIMIT 1',
	'SELECT count(*) FROM robots',
	'EXPLAIN (VERBOSE) UPDATE catalogs SET name = name WHERE id = 4223',
	'SELECT count(*) FROM catalogs a JOIN robots b USING (id)',
	q{INSERT INTO catalogs (name) VALUES ('one'), ('two')},
	q{INSERT INTO catalogs (name) VALUES ('three') RETURNING id},
	q{UPDATE catalogs SET name = name || '!' WHERE id = 4223},
	q{UPDATE catalogs SET name = 'Tariffs' WHERE id = 4223},
	q{DELETE FROM catalogs WHERE name IN ('one', 'two', 'three')},
	q{BEGIN; INSERT INTO catalogs (name) VALUES ('four'); SAVEPOINT a;
		UPDATE catalogs SET name = 'five' WHERE name = 'four'; ROLLBACK TO a; ROLLBACK},
	q{BEGIN; INSERT INTO catalogs (name) VALUES ('six'); SELECT * FROM catalogs_fdw_pending;
		SELECT * FROM catalogs_fdw_flush('acme'); ROLLBACK},
	q{BEGIN; DECLARE c CURSOR FOR SELECT id FROM catalogs; FETCH 2 FROM c; SAVEPOINT a; FETCH 1 FROM c; COMMIT},
	q{PREPARE p AS SELECT name FROM catalogs WHERE id = 4223; EXECUTE p; DEALLOCATE p},
	'SELECT * FROM catalogs_fdw_stats; SELECT * FROM catalogs_fdw_progress; SELECT * FROM catalogs_fdw_sessions',
	'ANALYZE catalogs',
	q{DO $$ BEGIN INSERT INTO catalogs (name) VALUES ('seven'); PERFORM 1 / 0;
		EXCEPTION WHEN division_by_zero THEN NULL; END $$},
	'SELECT catalogs_fdw_disconnect_all()');

leaves_nothing('statements', $n_statements, sub {
	my $sqlstates = ask_many($_[0], @statements);
	is($sqlstates, '00000', "... which succeed") if $sqlstates ne '00000';
});

# ------------------------------------------------------------------------------
# Errors: SQLSTATE, what makes it, the statement

my $read = 'SELECT count(name) FROM catalogs';
my $insert = q{INSERT INTO catalogs (name) VALUES ('New')};
my $update = q{UPDATE catalogs SET name = 'Other' WHERE id = 4223};
my @errors = (
	[ '08001', undef, 'SELECT count(*) FROM nowhere' ],
	[ '08001', ['redirect'], $read ],
	[ '08006', ['close_after_request'], $read ],
	[ '08006', ['reset'], $read ],
	[ '08007', [ 'close_after_request', on => 'POST' ], $insert ],
	[ '08007', [ 'close_after_request', on => 'POST' ], $update ],
	[ '28000', [ 'status', code => 401 ], $read ],
	[ '28000', [ 'status', code => 401 ], 'SELECT count(*) FROM robots' ],
	[ '42501', [ 'status', code => 403, body => 'html' ], $read ],
	[ '55000', [ 'status', code => 402 ], $read ],
	# an account that wants to be left alone is, and nothing is sent
	[ '53400', [ 'status', code => 429, retry_after => 3600 ], 'SELECT count(*) FROM limits' ],
	[ 'HV00R', [ 'status', code => 404 ], $read ],
	[ '40001', [ 'partial', 'update:*', 282 ], $update ],
	[ '54000', [ 'status', code => 413, on => 'POST' ], $insert ],
	[ '54000', [ 'huge', of => 'items' ], $read ],
	[ 'HV00M', ['garbage_body'], $read ],
	[ 'HV00M', ['bad_gzip'], $read ],
	[ 'HV00M', ['long_header'], $read ],
	[ 'HV000', [ 'status', code => 400, body => 'problem' ], $insert ],
	[ 'HV000', [ 'partial', 'add:*', 281 ], $insert ],
	[ '22P05', ['nul'], $read ],
	[ '22021', ['bad_utf8'], $read ],
	[ '22003', undef, 'SELECT 30000::smallint * sort FROM narrow' ],
	[ '22001', undef, 'SELECT name FROM narrow' ],
	[ '22P02', undef, 'SELECT name FROM typed' ],
	[ '22012', undef, 'INSERT INTO catalogs (name) VALUES (\'New\') RETURNING 1 / (id - id)' ],
	[ '428C9', undef, 'UPDATE catalogs SET id = 7 WHERE id = 4223' ],
	[ '23502', undef, 'INSERT INTO catalogs (name) VALUES (NULL)' ],
	[ '0A000', undef, "BEGIN; $insert; PREPARE TRANSACTION 'x'" ],
	[ 'HV00D', undef, q{ALTER SERVER acme OPTIONS (ADD nonsense 'x')} ],
	[ 'HV024', undef, q{ALTER SERVER acme OPTIONS (SET request_timeout 'soon')} ],
	[ 'HV00Q', undef, 'IMPORT FOREIGN SCHEMA nonsense FROM SERVER acme INTO public' ]);

foreach (@errors)
{
	my ($sqlstate, $fault, $sql) = @$_;
	my ($word, @pairs) = @{ $fault // [] };

	if (!$word) { }
	elsif ($word eq 'partial') { $t->set(partial => $pairs[0], partial_code => $pairs[1]) }
	else { $t->fault($word, @pairs, times => 0) }
	my $got;
	leaves_nothing("$sqlstate " . join(' ', @{ $fault // [] }), $n_errors,
		sub { $got = ask_many($_[0], $sql) });
	is($got, $sqlstate, '... and no other');
	$t->reset;
}

# ------------------------------------------------------------------------------
# Cancels, of whatever is under way

my @waits = (
	[ [ 'silent', on => 'GET' ], $read ],
	[ [ 'stall', on => 'GET' ], $read ],
	[ [ 'slow', on => 'GET', ms => 20 ], $read ],
	[ [ 'silent', on => 'POST' ], $insert ],
	[ [ 'stall', on => 'POST' ], q{UPDATE catalogs SET name = name || '!' WHERE id = 4223} ],
	[ [ 'silent', on => 'LOGIN' ], 'SELECT count(*) FROM robots' ]);
foreach (@waits)
{
	my ($fault, $sql) = @$_;
	my %sqlstates;

	$t->emulator('expire');
	$t->fault(@$fault, times => 0);
	leaves_nothing("a cancel: @$fault", $n_cancels, sub {
		foreach my $i (1 .. $_[0])
		{
			$session->send($sql);
			usleep(500 * ($i % 8));
			until ($session->is_ready)
			{
				$observer->ask('SELECT pg_cancel_backend(' . $session->pid . ')');
				usleep(1000);
			}
			$sqlstates{ $session->result->{sqlstate} }++;
			# one that comes late
			$session->ask('SELECT pg_sleep(0.002)');
		}
	});
	is(join(' ', sort keys %sqlstates), '57014', '... each of them');
	$t->reset;
}

# ------------------------------------------------------------------------------
# What is altered

my %alters = (
	'ALTER SERVER' => [ q{ALTER SERVER acme OPTIONS (ADD user_agent 'agent')},
		'ALTER SERVER acme OPTIONS (DROP user_agent)' ],
	'ALTER USER MAPPING' => [
		q{ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (ADD proxy_user 'a', ADD proxy_password 'b')},
		'ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (DROP proxy_user, DROP proxy_password)' ],
	'DROP and CREATE USER MAPPING' => [
		'DROP USER MAPPING FOR CURRENT_USER SERVER acme',
		q{CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token')} ],
	'ALTER FOREIGN TABLE' => [ q{ALTER FOREIGN TABLE catalogs OPTIONS (ADD batch_size '7')},
		'ALTER FOREIGN TABLE catalogs OPTIONS (DROP batch_size)' ],
	'ALTER FOREIGN TABLE ... COLUMN' => [ q{ALTER FOREIGN TABLE catalogs ALTER name OPTIONS (ADD column_name 'type')},
		'ALTER FOREIGN TABLE catalogs ALTER name OPTIONS (DROP column_name)' ],
	'CREATE and DROP SERVER' => [
		"CREATE SERVER brief FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$url', requests_per_second '0');
		CREATE USER MAPPING FOR CURRENT_USER SERVER brief OPTIONS (access_token 'main-token');
		CREATE FOREIGN TABLE briefs (id bigint) SERVER brief; SELECT count(*) FROM briefs",
		'DROP SERVER brief CASCADE' ]);
foreach my $what (sort keys %alters)
{
	my ($there, $back) = @{ $alters{$what} };

	# The server remembers the row types of tables, dropped or not; and what is counted of a
	# server stays, of 4096 of them in shared memory (src/net/shared.c).
	my $is_new = $what =~ /CREATE and DROP SERVER/;
	local @may_grow{qw(contexts shared)} = (1024, 4096) if $is_new;

	leaves_nothing($what, $is_new && $n_alters > 1000 ? 1000 : $n_alters, sub {
		my @round = ($there, $what =~ /DROP and/ ? () : $read, $back, $read);
		my $got = ask_many($_[0] * @round, @round);
		is($got, '00000', '... which succeeds') if $got ne '00000';
	});
}

# ------------------------------------------------------------------------------

is($session->ask('SELECT count(*) FROM catalogs')->{rows}[0][0], 4, 'after all that the session works');
unlike($t->log, qr/PANIC|leak|refcount|TRAP/, 'and the server has nothing to complain of');
diag 'grown in all: ' . join(', ', map { "$_ $sum{$_}" } sort keys %sum) if $times > 1;
done_testing();
