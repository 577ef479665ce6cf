# catalogs_fdw_stats counts what all backends ask accounts, to the request and to the
# byte: it equals what the emulator has received and sent, whatever came in between.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use IO::Socket::INET;
use Test::More;

my $t = CatalogsFdw::Test->new(conf => 'restart_after_crash = on');
my $node = $t->node;

sub in_database
{
	my ($database, $sql) = @_;
	return $node->safe_psql($database, $sql);
}

# One row of the view, as a hash.
sub stats
{
	my ($where, $database) = @_;
	my @columns = qw(gets posts logins rows_read rows_added rows_updated rows_deleted
	  bytes_sent bytes_received retries too_many_requests errors
	  last_error_sqlstate last_error scope);
	my $row = in_database($database // 'postgres',
		'SELECT ' . join(', ', map { "coalesce(${_}::text, '')" } @columns)
		  . " FROM catalogs_fdw_stats WHERE $where");
	my %stats;

	@stats{@columns} = split /\|/, $row, -1;
	return \%stats;
}

# What the emulator has counted since the last time.
sub totals { return { map { split /=/ } split ' ', $t->wire('--totals', @_) }; }

sub equals
{
	my ($got, $wanted, $name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply({ map { $_ => $got->{$_} } keys %$wanted }, $wanted, $name);
	return;
}

my $acme = "server = 'acme'";

# ------------------------------------------------------------------------------
# What is counted of a single statement

is(in_database('postgres', 'SELECT count(*) FROM catalogs_fdw_stats'), '0',
	'nothing, before anything is asked');
$t->sql('SELECT count(*) FROM catalogs');
my $totals = totals();
equals(stats($acme), { %$totals, gets => 1, rows_read => 4, errors => 0, scope => 'cluster' },
	'a scan');
$t->sql('SELECT catalogs_fdw_stats_reset()');

# Who is cancelled while he waits for a reply has waited, too.
$t->fault('silent', on => 'GET');
is($t->try_sql(q{SET statement_timeout = '1s'; SELECT count(*) FROM catalogs})->{sqlstate}, '57014',
	'a scan that is cancelled');
cmp_ok(in_database('postgres', 'SELECT reply_wait_ms FROM catalogs_fdw_stats'), '>', 500, '... has waited');
$t->emulator('heal');
totals();
$t->sql('SELECT catalogs_fdw_stats_reset()');
equals(stats($acme), { gets => 0, rows_read => 0, bytes_received => 0 }, 'counted anew');

# ------------------------------------------------------------------------------
# Many backends, with faults

my @sessions = map { CatalogsFdw::Session->new($node) } 1 .. 6;
$t->sql(q{ALTER SERVER acme OPTIONS (ADD batch_size '5', ADD request_timeout '2s', ADD max_retries '1')});
$t->sql(<<'SQL' =~ s/URL/$t->url/er);
CREATE SERVER robot FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'URL', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER robot
	OPTIONS (login 'robot@example.com', api_key 'main-key');
CREATE FOREIGN TABLE robots (id bigint, name text, sort int) SERVER robot;
SQL
$t->sql('SELECT catalogs_fdw_stats_reset()');
totals();

my @statements = (
	'SELECT count(*) FROM catalogs',
	'SELECT name FROM catalogs WHERE id = 4223',
	'SELECT name FROM catalogs LIMIT 1',
	'SELECT count(*) FROM robots',
	q{INSERT INTO catalogs (name) SELECT 'List ' || i FROM generate_series(1, 12) i},
	q{INSERT INTO robots (name) VALUES ('Robot') RETURNING id},
	q{UPDATE catalogs SET name = name || '!' WHERE id IN (4222, 4223)},
	q{DELETE FROM catalogs WHERE name LIKE 'List%'},
	q{BEGIN; INSERT INTO catalogs (name) VALUES ('Back') RETURNING id; ROLLBACK},
	q{INSERT INTO catalogs (name) VALUES ('Fail') RETURNING 1 / (id - id)},
	'SELECT 1 / (id - 4222) FROM catalogs',
	q{SELECT sort + 'x' FROM catalogs},
);

# Those after which both sides agree on what went over the wire.
my @faults = (
	[ 'status', code => 500, on => 'GET' ],
	[ 'status', code => 503, on => 'POST' ],
	[ 'status', code => 429, on => 'POST' ],
	[ 'status', code => 429, on => 'GET' ],
	[ 'status', code => 401, on => 'GET' ],
	[ 'status', code => 403, on => 'any' ],
	[ 'close_after_request', on => 'POST' ],
	[ 'close_applied', on => 'POST' ],
	[ 'close_headers', on => 'any' ],
	[ 'close_middle', on => 'any' ],
	[ 'long_length', on => 'any' ],
	[ 'garbage_body', on => 'any' ],
	[ 'empty_200', on => 'any' ],
	[ 'html_200', on => 'LOGIN' ],
	[ 'error_200', on => 'POST' ],
	[ 'lie', how => 'errors', on => 'POST' ],
	[ 'silent', on => 'any' ],
	[ 'cut', on => 'GET' ],
);

# How the replies come.
my @forms = ([qw(compress=off chunked=off)], [qw(compress=gzip)], [qw(chunked=on)],
	[qw(compress=deflate)], [qw(chunked=off)]);

sub load
{
	my ($rounds) = @_;

	foreach my $round (1 .. $rounds)
	{
		my @words = @{ $faults[ $round % @faults ] };

		$t->emulator('set', @{ $forms[ $round % @forms ] });
		$t->fault(@words, nth => 1 + $round % 3, times => 1);
		$sessions[$_]->send($statements[ ($round * 5 + $_ * 7) % @statements ])
		  foreach 0 .. $#sessions;
		$_->result foreach @sessions;
		$t->emulator('expire') if $round % 4 == 0;
		$t->emulator('heal') if $round % 6 == 5;
	}
	return;
}

load(2 * @faults);
$totals = totals();
my ($one, $two) = (stats($acme), stats("server = 'robot'"));
my %both = map { $_ => $one->{$_} + $two->{$_} } keys %$totals;
is_deeply(\%both, $totals, 'a mixed load with faults, to the request and to the byte');
cmp_ok($one->{errors}, '>', 0, '... errors among them');
cmp_ok($both{too_many_requests}, '>', 0, '... and too many requests');
cmp_ok($one->{retries}, '>', 0, '... and repetitions');
cmp_ok($two->{logins}, '>', 1, '... and logins');
cmp_ok($one->{rows_added}, '>', 0, '... and changes');
$_->ask('ROLLBACK') foreach @sessions;

# ------------------------------------------------------------------------------
# Rows, the last error, and what an abort sends

$t->reset;
$t->sql('SELECT catalogs_fdw_stats_reset()');
totals();
$t->sql(q{INSERT INTO catalogs (name) SELECT 'List ' || i FROM generate_series(1, 7) i;
	UPDATE catalogs SET name = 'x' || name WHERE id > 5000;
	DELETE FROM catalogs WHERE id > 5004;
	SELECT name FROM catalogs LIMIT 3});
equals(stats($acme),
	{ rows_added => 7, rows_updated => 7, rows_deleted => 3, rows_read => 11 + 11 + 3,
		posts => 2 + 2 + 1, errors => 0, last_error => '' },
	'rows');

$t->fault('status', code => 503, detail => 'Down, says main-token', on => 'POST', times => 5);
$t->try_sql(q{DELETE FROM catalogs WHERE id = 5001});
my $stats = stats($acme);
equals($stats, { errors => 1, last_error_sqlstate => 'HV000' }, 'an error');
like($stats->{last_error},
	qr/^could not delete list 5001 on server "acme": .* status 503: .*Down, says \**/,
	'its message');
unlike($stats->{last_error}, qr/main-token/, '... without a secret');
is($t->sql("SELECT last_error_at BETWEEN since AND now() FROM catalogs_fdw_stats WHERE $acme"),
	't', '... and its time');

$t->reset;
$t->fault('status', code => 402, on => 'POST', verb => 'delete');
$t->try_sql(q{INSERT INTO catalogs (name) VALUES ('Back') RETURNING 1 / (id - id)});
$stats = stats($acme);
equals($stats, { errors => 2, rows_added => 8, last_error_sqlstate => '55000' },
	'an abort counts too');
like($stats->{last_error}, qr/^could not take back changes: .* status 402/, '... and says why');

# To look for what may have been added is no statement of its own.
foreach my $how (['acme', 'catalogs'], ['robot', 'robots'])
{
	my ($server, $table) = @$how;

	$t->reset;
	$t->sql('SELECT catalogs_fdw_stats_reset()');
	$t->fault('close_applied', on => 'POST');
	$t->fault('status', code => 401, on => 'GET');
	$t->fault('html_200', on => 'LOGIN', nth => 2, times => 9);
	$t->try_sql("INSERT INTO $table (name) VALUES ('Lost')");
	$stats = stats("server = '$server'");
	equals($stats, { errors => 1, last_error_sqlstate => '08007' }, "on $server, one statement has failed");
	like($stats->{last_error}, qr/^outcome of the request to add list "Lost"/, '... of which the message is');
	$t->sql('SELECT catalogs_fdw_stats_reset()');
}

# An error as long as can be, in another encoding than the one who looks has.
$t->sql(q{CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'});
in_database('latin', 'CREATE EXTENSION catalogs_fdw');
$t->reset;
$t->set(partial => 'add:1', partial_shape => 'message_map', partial_message => "\xd0\x9d" x 700);
$t->try_sql(q{INSERT INTO catalogs (name) VALUES ('Refused')});
like(stats($acme)->{last_error}, qr/^could not add .*\xd0\x9d+$/, 'a long error is cut between characters');
like(stats('account IS NOT NULL AND last_error IS NOT NULL', 'latin')->{last_error},
	qr/^could not add .*\?+$/, '... and seen from a database that has no such characters');
$t->reset;

# ------------------------------------------------------------------------------
# All databases, all roles

in_database('latin', <<'SQL' =~ s/URL/$t->url/er);
CREATE SERVER far FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'URL');
CREATE USER MAPPING FOR CURRENT_USER SERVER far OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE lists (id bigint, name text) SERVER far;
SELECT catalogs_fdw_stats_reset();
SELECT count(id) FROM lists;
SQL
$t->sql('SELECT count(id) FROM catalogs');
my $sum = 'SELECT sum(gets), count(*) FILTER (WHERE gets > 0), count(DISTINCT account) FILTER (WHERE gets > 0) FROM catalogs_fdw_stats';
is(in_database($_, $sum), '2|2|1', "two databases, counted together, seen from $_")
  foreach qw(postgres latin);
is(in_database('latin', q{SELECT database, server FROM catalogs_fdw_stats WHERE gets > 0 ORDER BY 1}),
	"latin|far\npostgres|", 'another database\'s server has no name here');

$t->sql(<<'SQL');
CREATE ROLE clerk;
CREATE ROLE guest;
CREATE ROLE watcher IN ROLE pg_read_all_stats;
CREATE USER MAPPING FOR clerk SERVER robot OPTIONS (access_token 'main-token');
SQL
my $seen = q{SELECT string_agg(server, ' ' ORDER BY server), count(*) FROM catalogs_fdw_stats};
is($t->sql("SET ROLE clerk; $seen"), 'robot|1', 'a role sees what its mapping reaches');
is($t->sql("SET ROLE guest; $seen"), '|0', 'one without a mapping nothing');
is($t->sql("SET ROLE watcher; $seen"), 'acme robot|3', 'one in pg_read_all_stats all');
$t->sql(q{CREATE USER MAPPING FOR PUBLIC SERVER robot OPTIONS (access_token 'main-token')});
is($t->sql("SET ROLE guest; $seen"), 'robot|1', '... and everybody what that of PUBLIC does');
$t->fails_with('42501', qr/catalogs_fdw_stats_reset/,
	"SET ROLE $_; SELECT catalogs_fdw_stats_reset()", "$_ may not reset it")
  foreach qw(clerk watcher);

# An address that is not of ASCII, seen from a database in whose encoding it is not.
$t->sql(<<'SQL');
CREATE SERVER books FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'https://книги.localhost:1');
CREATE USER MAPPING FOR CURRENT_USER SERVER books OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE books (id bigint) SERVER books;
SQL
$t->try_sql('SELECT * FROM books');
is($t->sql(q{SELECT account FROM catalogs_fdw_stats WHERE server = 'books'}),
	'https://книги.localhost:1', 'an address that is not of ASCII');
is(in_database('latin', q{SELECT account FROM catalogs_fdw_stats WHERE account LIKE '%localhost%'}),
	'https://??????????.localhost:1', '... seen from there');
$t->sql('DROP SERVER books CASCADE');

# ------------------------------------------------------------------------------
# How long it is kept

$t->sql('DROP EXTENSION catalogs_fdw CASCADE; CREATE EXTENSION catalogs_fdw');
is($t->sql($sum), '2|2|1', 'it outlives the extension');
$t->make_table;
$t->sql('SELECT count(id) FROM catalogs');
is(stats("$acme AND gets > 0")->{gets}, '1', 'a new server is counted by itself');
$t->sql('ALTER SERVER acme RENAME TO renamed');
$t->sql('SELECT count(id) FROM catalogs');
is(stats("server = 'renamed'")->{gets}, '2', '... and one that is renamed goes on');

# ------------------------------------------------------------------------------
# The waits

$t->sql(q{SELECT catalogs_fdw_stats_reset(); ALTER SERVER renamed OPTIONS (SET requests_per_second '2')});
$t->set(delay_ms => 50);
my $took = $sessions[0]->ask('SELECT count(id) FROM catalogs;' x 3)->{seconds};
is($t->sql(q{SELECT gets, pace_wait_ms > 500, reply_wait_ms > 140 FROM catalogs_fdw_stats WHERE gets > 0}),
	'3|t|t', 'for a turn, and for replies');
cmp_ok($t->sql('SELECT sum(pace_wait_ms + reply_wait_ms) / 1000 FROM catalogs_fdw_stats'), '<', $took, '... each counted once');
$t->set(delay_ms => 0);
$t->sql(q{ALTER SERVER renamed OPTIONS (SET requests_per_second '0')});

# ------------------------------------------------------------------------------
# What did not go out is not counted, nor does EXPLAIN count it

$t->reset;
my $session = CatalogsFdw::Session->new($node);
$t->sql(q{SELECT catalogs_fdw_stats_reset(); ALTER SERVER renamed OPTIONS (ADD max_retries '9')});
$t->fault('refuse');
$session->send('EXPLAIN (ANALYZE, COSTS OFF) SELECT name FROM catalogs');
$node->poll_query_until('postgres', q{SELECT waits_for = 'pause' FROM catalogs_fdw_progress})
  or die 'nothing is tried again';
$t->emulator('heal');
like(join("\n", map { @$_ } @{ $session->result->{rows} }), qr/Requests Sent: 1\b/,
	'an attempt that could not connect is no request of a plan');
is($t->sql('SELECT gets, retries > 0 FROM catalogs_fdw_stats WHERE gets > 0'), '1|t',
	'... nor of the statistics');

# ------------------------------------------------------------------------------
# A crash

$session = CatalogsFdw::Session->new($node);
$session->ask('SELECT count(id) FROM catalogs');
kill 'KILL', $session->pid;
$node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM catalogs_fdw_stats WHERE gets > 0')
  or die 'the server does not come back';
pass('a crash of the server begins anew');
$t->sql('SELECT count(id) FROM catalogs');
is(stats("server = 'renamed'")->{gets}, '1', '... and counts');

# ------------------------------------------------------------------------------
# More accounts than there is room for

# Nobody listens at this port.
my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp') or die $!;
my $port = $taken->sockport;
$t->sql("CREATE SERVER nomad FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'http://127.0.0.1:$port', max_retries '0');
	CREATE USER MAPPING FOR CURRENT_USER SERVER nomad OPTIONS (access_token 'main-token');
	CREATE FOREIGN TABLE nomads (id bigint) SERVER nomad");
$session = CatalogsFdw::Session->new($node);
my $got = $session->ask(<<"SQL");
DO \$\$
BEGIN
	FOR i IN 1 .. 4200 LOOP
		EXECUTE format('ALTER SERVER nomad OPTIONS (SET url %L)', 'http://n' || i || '.localhost:$port');
		COMMIT;
		BEGIN
			PERFORM FROM nomads;
		EXCEPTION WHEN OTHERS THEN
			IF SQLSTATE <> '08001' THEN
				RAISE;
			END IF;
		END;
	END LOOP;
END \$\$
SQL
is($got->{sqlstate}, '', 'thousands of accounts');
my $scopes = 'SELECT scope, count(*) FROM catalogs_fdw_stats GROUP BY scope ORDER BY scope';
my @scopes = map { join '|', @$_ } @{ $session->ask($scopes)->{rows} };
is($scopes[0], 'cluster|4096', '... of which all sessions share so many');
like($scopes[1], qr/^session\|1\d\d$/, '... and count the others for themselves');
is($t->sql($scopes), 'cluster|4096', '... which no other session sees');
is(scalar(() = $t->log =~ /paces and counts the requests of this session alone/g), 1, '... as the log says once');
$t->sql('SELECT count(id) FROM catalogs');
is(stats("server = 'renamed'")->{gets}, '2', '... and what was there before goes on');

done_testing();
