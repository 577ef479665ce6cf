# How long an account is waited for: each limit once, and whatever is being done.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use IO::Socket::INET;
use PostgreSQL::Test::Utils;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Time::HiRes qw(usleep);

# What a wait may take beyond what is tested.
my $slack = 0.8;

my $t = CatalogsFdw::Test->new(server => { connect_timeout => '1s', max_retries => 0 });
my $count = 'SELECT count(*) FROM catalogs';
my $insert = q{INSERT INTO catalogs (name) VALUES ('New list')};

sub alter { return $t->sql("ALTER SERVER acme OPTIONS ($_[0])"); }

# Fails after that long, and no later.
sub takes
{
	my ($seconds, $sqlstate, $sql, $name) = @_;
	my $got = $t->try_sql($sql);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{sqlstate}, $sqlstate, $name) or diag($got->{error});
	cmp_ok($got->{seconds}, '>=', $seconds - 0.05, '... waits for the whole time');
	is_within($got->{seconds}, $seconds + $slack, '... and no longer');
	return;
}

# ------------------------------------------------------------------------------
# connect_timeout

# It accepts connections, by the kernel alone, and says nothing on them.
my $silent = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1') or die $!;
my $port = $silent->sockport;

# How many connections there were since the last time.
sub accepted
{
	my $n = 0;

	$silent->blocking(0);
	$n++ while $silent->accept;
	return $n;
}

# Its backlog is full: a SYN has no answer.
my $full = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die $!;
my @filling = map {
	IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $full->sockport, Blocking => 0)
} 1 .. 8;
usleep(100_000);

alter("SET url 'http://127.0.0.1:" . $full->sockport . q('));
takes(1, '08001', $count, 'no answer to a SYN: a GET');
takes(1, '08001', $insert, 'no answer to a SYN: a POST');

alter("SET url 'https://127.0.0.1:$port'");
takes(1, '08001', $count, 'a server that says nothing of TLS: a GET');
is(accepted(), 1, '... over one connection');
takes(1, '08001', $insert, 'a server that says nothing of TLS: a POST');
is(accepted(), 1, '... over one connection');

# An Append, whose wait is not ours.
$t->sql(<<"SQL");
CREATE TABLE several (account text, id bigint) PARTITION BY LIST (account);
CREATE FOREIGN TABLE several_a PARTITION OF several FOR VALUES IN ('a') SERVER acme;
CREATE SERVER other FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'https://127.0.0.1:$port', connect_timeout '5s');
CREATE USER MAPPING FOR CURRENT_USER SERVER other OPTIONS (access_token 'token');
CREATE FOREIGN TABLE several_b PARTITION OF several FOR VALUES IN ('b') SERVER other;
SQL
takes(1, '08001', 'SELECT count(*) FROM several', 'a server that says nothing of TLS: an Append');
# A server that is watched is slow: where nobody had time to look, libcurl begins again.
cmp_ok(accepted(), '<=', $ENV{CATALOGS_UNDER} ? 4 : 2, '... over one connection to each');

alter("SET url 'https://example.com', ADD proxy 'http://127.0.0.1:$port'");
takes(1, '08001', $count, 'a proxy that says nothing');
is(accepted(), 1, '... over one connection');
alter("SET url '" . $t->url . q(', DROP proxy));

# ------------------------------------------------------------------------------
# request_timeout counts what is decompressed, and that can be cancelled

$t->sql(q(CREATE FOREIGN TABLE twin (id bigint) SERVER acme;
	ALTER SERVER acme OPTIONS (ADD max_response_size '100GB')));
$t->fault('bomb', bytes => '64G', on => 'GET', times => 0);
my $got = $t->try_sql("SET statement_timeout = '500ms'; SELECT count(*) FROM twin");
is($got->{sqlstate}, '57014', 'what takes long to decompress can be cancelled');
is_within($got->{seconds}, 0.5 + $slack, '... at once');
alter("ADD request_timeout '500ms'");
$got = $t->try_sql('SELECT count(*) FROM twin');
is($got->{sqlstate}, '08006', '... and is counted');
is_within($got->{seconds}, 0.5 + $slack + 2, '... more or less');
$t->emulator('heal');

# More than is taken in before it is read, and bytes after its end: nothing is lost.
alter('DROP request_timeout');
$t->emulator('add-many', 20_000);
$t->set(batch_limit => 0);
$t->fault('gzip_more', on => 'GET', times => 0);
is($t->sql('SELECT count(*) FROM twin'), 20_004, 'all of a large compressed reply');
is($t->sql('SELECT count(*) FROM (SELECT pg_sleep(0.001) FROM twin LIMIT 300) x'), 300, '... or some of it');
$t->emulator('reset');

# ------------------------------------------------------------------------------
# commit_timeout is for the login, too, and all accounts are signed in to at once

my ($http_port) = $t->url =~ /:(\d+)$/;
my %key = (main => 'main-key', acme => 'acme-key', beta => 'beta-key');
my @accounts = sort keys %key;
$t->sql('CREATE TABLE list (account text, id bigint, name text) PARTITION BY LIST (account)');
$t->sql(<<"SQL") foreach @accounts;
CREATE SERVER in_$_ FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'http://$_.localhost:$http_port', commit_timeout '1s', connect_timeout '1s');
CREATE USER MAPPING FOR CURRENT_USER SERVER in_$_
	OPTIONS (login 'robot\@example.com', api_key '$key{$_}');
CREATE FOREIGN TABLE list_$_ PARTITION OF list FOR VALUES IN ('$_') SERVER in_$_;
ALTER FOREIGN TABLE list_$_ ALTER account OPTIONS (ADD constant '$_')
SQL
my $into_one = q{INSERT INTO list_acme (name) VALUES ('New list')};
my $into_all = q{INSERT INTO list (account, name) VALUES } . join ', ', map { "('$_', 'New')" } @accounts;

$t->wire;
$t->fault('hold', on => 'LOGIN', times => 0);
takes(1, '08006', $into_one, 'a login that is not answered, in COMMIT');
$t->emulator('heal');
usleep(200_000);
unlike($t->wire, qr/catalogs/, '... after which nothing is sent');
$t->sql($into_one);
is($t->wire('--count'), '1 POST, 1 LOGIN', '... and one that is');

my $delay = 0.2;
$t->set(delay_ms => 1000 * $delay);
$got = $t->try_sql($into_all);
is($got->{error}, '', 'several accounts in a COMMIT, to be signed in to');
is_within($got->{seconds}, 4 * $delay, '... take as long as one');
$t->set(delay_ms => 0);

done_testing();
