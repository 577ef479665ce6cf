# One query asks more accounts than a backend may have connections, and one
# transaction changes that many: those that find no descriptor free wait for one.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# A backend has some 320 connections at most.
my ($accounts, $changed) = (1000, 400);
my $seed = "$PostgreSQL::Test::Utils::tmp_check/many.json";
append_to_file($seed, '{"accounts": {' . join(', ', map { account($_) } 1 .. $accounts) . '}}');
my $t = CatalogsFdw::Test->new(
	table => 0, conf => 'jit = off', emulator => [ '--seed', $seed ]);
my ($port) = $t->url =~ /:(\d+)$/;

sub account
{
	my ($n) = @_;
	my $lists = join ', ',
	  map { sprintf '{"id": %d, "name": "List %d of %d"}', 1000 * $n + $_, $_, $n } 1 .. 2;
	return qq("a$n": {"tokens": ["token-$n"], "next_id": ${n}501,
		"logins": [{"login": "robot\@example.com", "api_key": "key-$n"}], "lists": [$lists]});
}

$t->sql(join '',
	"CREATE TABLE lists (account text, id bigint, name text) PARTITION BY LIST (account);\n",
	map { <<"SQL" } 1 .. $accounts);
CREATE SERVER s$_ FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'http://a$_.localhost:$port', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER s$_ OPTIONS (access_token 'token-$_');
CREATE FOREIGN TABLE lists_$_ PARTITION OF lists FOR VALUES IN ('a$_') SERVER s$_;
ALTER FOREIGN TABLE lists_$_ ALTER account OPTIONS (ADD constant 'a$_');
SQL

my $session = $t->session;

# What a statement gives, or its error.
sub run_in
{
	my ($sql) = @_;
	my $got = $t->try_in($session, $sql);
	return $got->{error} eq '' ? $got->{output} : $got->{error};
}

sub sockets
{
	my ($pid) = @_;
	return scalar grep { /^socket:/ } map { readlink // () } glob "/proc/$pid/fd/*";
}

my $all = 'SELECT count(*), count(DISTINCT account) FROM lists';
my $pid = run_in('SELECT pg_backend_pid()');

is(run_in($all), '2000|1000', "$accounts accounts in a query");
is(scalar(split /\n/, $t->wire), $accounts, '... each asked once');
is(run_in($all), '2000|1000', '... and again');
cmp_ok(sockets($pid), '<', 400, '... with as many connections as a backend may have');
is(run_in(q(SELECT count(*) FROM (SELECT FROM lists LIMIT 1500) x)), '1500', '... or some of them');
is(run_in("SET enable_async_append = off; $all; RESET enable_async_append"),
	'2000|1000', '... one after the other');

# Replies that are larger than what is taken in before it is read.
my $some = join ', ', map { "'a$_'" } 1 .. $changed;
$t->set(extra => '{"padding":"' . 'x' x 40_000 . '"}');
is(run_in("$all WHERE account IN ($some)"), 2 * $changed . "|$changed", '... with large replies');
$t->emulator('unset', 'extra');

# Signing in needs a descriptor, too.
$t->sql(join '', map { <<"SQL" } 1 .. $changed);
ALTER USER MAPPING FOR CURRENT_USER SERVER s$_
	OPTIONS (DROP access_token, ADD login 'robot\@example.com', ADD api_key 'key-$_');
SQL
is(run_in($all), '2000|1000', '... of which some have to be signed in to');

$t->wire;
is( run_in("INSERT INTO lists (account, name)
	SELECT 'a' || n, 'New' FROM generate_series(1, $changed) n"),
	'', "$changed accounts in a transaction");
is($t->wire('--count'), "$changed POST", '... each told once');
is(run_in($all), '2400|1000', '... of what it has');
is(run_in(q(DELETE FROM lists WHERE name = 'New')), '', '... and of what it has no longer');
is(run_in($all), '2000|1000', '... all of them');
$session->quit;

# A session that has signed in to none signs in to all of them at the same time.
my $delay = 0.2;
$t->set(delay_ms => 1000 * $delay);
$session = $t->session;
run_in('SELECT 1');
$t->wire;
my $start = time;
is( run_in("INSERT INTO lists (account, name) SELECT 'a' || n, 'New' FROM generate_series(1, 8) n"),
	'', '8 accounts in a COMMIT, to be signed in to');
is_within(time - $start, 4 * $delay, '... within the time of four replies');
is($t->wire('--count'), '8 POST, 8 LOGIN', '... each once');
$session->quit;

done_testing();
