# catalogs_fdw.log_requests: a line in the server's log for each request, with no
# header, no body and no secret, also of a login, and of what an abort sends.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;

my $t = CatalogsFdw::Test->new(conf => <<'CONF');
catalogs_fdw.log_requests = on
log_min_error_statement = error
CONF
my $read = 0;

# The requests that were logged since the last time, without what differs each time.
sub logged
{
	my $log = $t->log;
	my $new = substr $log, $read;

	$read = length $log;
	my @lines = $new =~ /LOG:  catalogs_fdw request: (.*)/g;
	s/took \d+\.\d{3} ms/took N ms/ foreach @lines;
	s/\Q@{[$t->url]}\E/URL/ foreach @lines;
	return join "\n", @lines;
}

sub line
{
	my ($request, $status, $sent, $received) = @_;
	return "$request, $status, $sent bytes sent, $received bytes received,"
	  . ' waited 0.000 ms, took N ms';
}

# The bytes of the bodies that the account has sent since the last time.
sub bytes_received
{
	my ($bytes) = $t->wire('--totals') =~ /bytes_received=(\d+)/;
	return $bytes;
}

# ------------------------------------------------------------------------------
# What a line says

bytes_received();
$t->sql(q{SELECT name FROM catalogs WHERE id = 4223});
is(logged(), line('GET URL/api/v2/catalogs?id=4223', 'status 200', 0, bytes_received()), 'a GET');
$t->sql(q{SELECT name FROM catalogs WHERE id = 99});
is(logged(), line('GET URL/api/v2/catalogs?id=99', 'status 204', 0, 0), 'one that finds nothing');
$t->sql(q{INSERT INTO catalogs (name) VALUES ('Books')});
is(logged(), line('POST URL/api/v2/catalogs', 'status 200', 26, bytes_received()), 'a POST');
$t->set(delay_ms => 50);
$t->sql(q{SELECT name FROM catalogs WHERE id = 99});
$t->set(delay_ms => 0);
cmp_ok(($t->log =~ /took ([\d.]+) ms/g)[-1], '>=', 50, 'how long a request took');
logged();

$t->sql(<<'SQL' =~ s/URL/$t->url/er);
CREATE SERVER robot FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'URL', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER robot
	OPTIONS (login 'robot@example.com', api_key 'main-key');
CREATE FOREIGN TABLE robots (id bigint, name text) SERVER robot;
SQL
$t->sql('SELECT name FROM robots WHERE id = 99');
like(logged(),
	qr{^POST URL/private/api/auth\.php\?type=json, status 200, 0 bytes sent, \d+ bytes received, .*\nGET URL/api/v2/catalogs\?id=99, status 204, .*$},
	'a login, of which it does not tell how long the key is');

$t->sql(q{ALTER SERVER acme OPTIONS (SET requests_per_second '1')});
$t->sql('SELECT name FROM catalogs WHERE id = 99;' x 2);
like(logged(), qr{ waited 0\.000 ms, .*\n.* waited [1-9]\d+\.\d{3} ms, }, 'a wait for its turn');
$t->sql(q{ALTER SERVER acme OPTIONS (SET requests_per_second '0')});

# ------------------------------------------------------------------------------
# However a request ends

$t->fault('status', code => 500, on => 'GET');
$t->try_sql('SELECT name FROM catalogs');
like(logged(), qr{^GET URL/api/v2/catalogs, status 500, }, 'a status');
$t->fault('close_after_request', on => 'POST');
$t->try_sql(q{DELETE FROM catalogs WHERE id = 4231});
like(logged(),
	qr{\nPOST URL/api/v2/catalogs, no reply, 17 bytes sent, 0 bytes received, .*\nPOST URL/api/v2/catalogs, status 200, },
	'no reply, and the same again');
$t->emulator('add-many', '20000');
$t->sql('SELECT name FROM catalogs LIMIT 1');
like(logged(), qr{^GET URL/api/v2/catalogs, status 200 \(cut short\), }, 'a reply that was not wanted');
$t->reset;

$t->try_sql(q{BEGIN; INSERT INTO catalogs (name) VALUES ('Films') RETURNING id; SELECT 1 / 0});
like(logged(),
	qr{^POST URL/api/v2/catalogs, status 200, 26 .*\nPOST URL/api/v2/catalogs, status 200, 17 .*$},
	'what an abort takes back');

# Nothing is to be converted for a client, also when the backend is told to exit.
$t->sql(q{CREATE FOREIGN TABLE "Книги" (id bigint, name text) SERVER acme
	OPTIONS (path '/Книги')});
foreach my $encoding (qw(LATIN1 UTF8))
{
	my $session = CatalogsFdw::Session->new($t->node, client_encoding => $encoding);

	$session->ask('SET client_min_messages = log');
	my $got = $session->ask(q{SELECT name FROM catalogs WHERE id = 99});
	is(scalar @{ $got->{warnings} }, 0, "a client in $encoding is not told");
	$session->ask('BEGIN');
	$session->ask(q{INSERT INTO catalogs (name) VALUES ('Films') RETURNING id});
	$session->ask(q{INSERT INTO catalogs (name) VALUES (U&'\041a\043d\0438\0433\0438')});
	$t->fault('silent', on => 'POST');
	$t->emulator('wire');
	$session->send('COMMIT');
	$t->emulator('wire', '--keep', '--wait', '1');
	logged();
	$t->sql('SELECT pg_terminate_backend(' . $session->pid . ')');
	$session->result;
	$t->node->poll_query_until('postgres',
		'SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ' . $session->pid);
	like(logged(),
		qr{^POST URL/api/v2/catalogs, no reply, .*\nPOST URL/api/v2/catalogs, status 200, },
		"a backend that exits, a client in $encoding");
}
$t->reset;
$t->try_sql('SELECT * FROM "Книги"');
like($t->log, qr{request: GET \S+/\S+, status 404}, 'a path that is not of ASCII');

# ------------------------------------------------------------------------------
# Through a proxy: the emulator takes a request as one, but has no such path

(my $proxy = $t->url) =~ s{/$}{};
$t->sql(<<"SQL");
ALTER SERVER acme OPTIONS (SET url 'http://main.example:81', ADD proxy '$proxy');
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (ADD proxy_user 'porter', ADD proxy_password 'main-gate');
SQL
logged();
$t->try_sql('SELECT name FROM catalogs WHERE id = 99');
like(logged(), qr{^GET http://main\.example:81/api/v2/catalogs\?id=99, status 404, .*$},
	'the account is named, not the proxy');
$t->sql("ALTER SERVER acme OPTIONS (SET url '@{[$t->url]}', DROP proxy)");

# ------------------------------------------------------------------------------
# What no line says

unlike($t->log, qr/main-token|main-key|robot\@example|Bearer/, 'no secret');
unlike($t->log, qr/request: .*(?:porter|main-gate|cG9ydGVy)/, 'nor one of the proxy');
unlike($t->log, qr/"add"|Films|Authorization/, 'no body, no header');
unlike($t->log, qr/catalogs_fdw request: .*\n.*(STATEMENT|CONTEXT)/, 'no statement, no context');

# ------------------------------------------------------------------------------
# Who may turn it on: those who may read the log

$t->sql('CREATE ROLE clerk LOGIN');
$t->fails_with('42501', qr/catalogs_fdw\.log_requests/,
	'SET ROLE clerk; SELECT catalogs_fdw_disconnect_all(); SET catalogs_fdw.log_requests = off', 'a superuser may');
$t->sql("SELECT name FROM catalogs WHERE id = 99");
logged();
$t->sql('SET catalogs_fdw.log_requests = off; SELECT name FROM catalogs WHERE id = 99');
is(logged(), '', 'off');

done_testing();
