# What came to nothing is tried again where that is safe, and as the account wishes: who
# is told to wait waits, and so does every other session; who is refused for good does
# not ask again.  Each of these waits has a limit, and ends with a cancel.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Session;
use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use List::Util qw(max min);
use POSIX ();
use Test::More;
use Time::HiRes qw(time usleep);

my $t = CatalogsFdw::Test->new(table => 0);
connect_to($t, 'acme');
connect_to($t, 'beta');
connect_to($t, 'main', batch_size => 2);
$t->sql(q{ALTER USER MAPPING FOR CURRENT_USER SERVER beta
	OPTIONS (DROP access_token, ADD login 'robot@example.com', ADD api_key 'beta-key')});
my ($one, $two, $other) = map { CatalogsFdw::Session->new($t->node) } 1 .. 3;
my $scan = 'SELECT count(*) FROM acme.catalogs';
my $scan_beta = 'SELECT count(*) FROM beta.catalogs';
my $got;

# What has arrived: "GET 503, GET 200", and when the last of it did, and the second, in
# seconds since the first.
sub arrived
{
	my @lines = split /\n/, $t->wire('--time', '--status', '--summary');
	my $at = 0;
	my $second;
	my @arrived;

	foreach (@lines)
	{
		my ($method, $path, $status, $since) = m{^(\w+) (\S+).* -> (.*) \+([\d.]+)s$}
		  or die "what is that: $_";
		$at += $since if @arrived;
		$second //= $at if @arrived;
		push @arrived, ($path =~ /auth/ ? 'LOGIN' : $method) . " $status";
	}
	return (join(', ', @arrived), $at, $second);
}

# A test: that has arrived.
sub has_arrived
{
	my ($wanted, $name) = @_;
	my ($arrived, $at) = arrived();

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($arrived, $wanted, $name);
	return $at;
}

$one->ask("$scan; $scan_beta");
$two->ask("$scan; $scan_beta");
$t->wire;

# --- again, where it is safe ----------------------------------------------------

$t->fault('status', code => 503);
is($one->ask($scan)->{rows}[0][0], 2, 'after one 503 a SELECT has its rows');
has_arrived('GET 503, GET 200', '... of a second request');
$t->fault('status', code => 503, times => 0);
$got = $one->ask($scan);
is($got->{sqlstate}, 'HV000', 'after many it fails');
has_arrived(join(', ', ('GET 503') x 4), '... having asked four times');
$t->emulator('heal');

foreach my $fault (qw(close_after_request close_applied reset garbage html_200))
{
	$t->fault($fault, on => 'GET');
	$got = $one->ask($scan);
	is($got->{sqlstate}, $fault eq 'html_200' ? 'HV00M' : '', "a reply that is no use: $fault");
	$t->emulator('heal');
	is(scalar(split /, /, (arrived())[0]), $fault eq 'html_200' ? 1 : 2,
		$fault eq 'html_200' ? '... and a page, which may tell of a block' : '... is asked for again');
}

# Once rows were handed out, nothing can take their place.
$t->emulator('add-many', '--account', 'acme', '20000');
$t->fault('cut', on => 'GET', bytes => 2_000_000);
$one->ask('BEGIN; DECLARE c CURSOR FOR SELECT * FROM acme.catalogs');
is(scalar(@{ $one->ask('FETCH 2 FROM c')->{rows} }), 2, 'rows of a reply that will be cut short');
$got = $one->ask('MOVE ALL FROM c');
like($got->{sqlstate}, qr/^(HV00M|08006)$/, '... are not read twice');
$one->ask('ROLLBACK');
is(scalar(split /, /, (arrived())[0]), 1, '... nor asked for');
$t->reset;

$t->fault('status', code => 429, on => 'POST');
is($one->ask(q{INSERT INTO acme.catalogs (name) VALUES ('once')})->{sqlstate}, '',
	'an add that is refused with 429 is sent again');
has_arrived('POST 429, POST 200', '... once');
is(scalar(grep { $_ eq 'once' } values %{ lists($t, 'acme') }), 1, '... and is there once');
$t->fault('status', code => 503, on => 'POST');
is($one->ask(q{INSERT INTO acme.catalogs (name) VALUES ('perhaps')})->{sqlstate}, '08007',
	'one that may have been carried out is not');
like((arrived())[0], qr/^POST 503(, GET 200)?$/, '... ever');

$t->emulator('expire');
$t->fault('status', code => 503, on => 'LOGIN');
is($one->ask($scan_beta)->{sqlstate}, '', 'a login that came to nothing is tried again');
has_arrived('GET 401, LOGIN 503, LOGIN 200, GET 200', '... and then the request');

# --- not again -------------------------------------------------------------------

foreach my $body (qw(html problem empty))
{
	$t->fault('status', code => 403, body => $body, times => 0);
	$got = $one->ask($scan);
	is($got->{sqlstate}, '42501', "a 403 ($body) is a refusal");
	like($got->{error}{hint}, qr/blocked/, '... that may be a block');
	has_arrived('GET 403', '... and is not asked about');
	$t->emulator('heal');
}
$t->emulator('revoke-token', '--account', 'acme');
is($one->ask($scan)->{sqlstate}, '28000', 'a token that is not known');
has_arrived('GET 401', '... is not shown twice');
$t->reset;

# --- as the account wishes ---------------------------------------------------------

# A Retry-After of so many seconds, which begin now.
sub in_seconds
{
	my ($seconds) = @_;
	return POSIX::strftime('%a, %d %b %Y %H:%M:%S GMT', gmtime(time + $seconds));
}

foreach my $how ([ retry_after => 2 ], [ retry_field => 2 ], [ retry_after => in_seconds(1) ])
{
	my ($key, $value) = @$how;
	$value = in_seconds(3) if $value =~ /GMT/;
	$t->fault('status', code => 429, $key => $value, body => 'problem');
	$one->send($scan);
	$t->emulator('wire', '--keep', '--wait', 1);
	usleep(100_000);
	$got = $two->ask($scan);
	is($got->{sqlstate}, '', "$key: $value: another session has its answer");
	is($one->result->{sqlstate}, '', '... and the one that was told to wait');
	my ($arrived, undef, $second) = arrived();
	is($arrived, 'GET 429, GET 200, GET 200', '... each of one request more');
	cmp_ok($second, '>', 1.99, '... neither of which came before that time');
}
$t->fault('status', code => 503, retry_after => 2);
$one->send($scan);
$t->emulator('wire', '--keep', '--wait', 1);
usleep(100_000);
is($_->{sqlstate}, '', 'a 503 may ask to wait, too') foreach $two->ask($scan), $one->result;
cmp_ok((arrived())[2], '>', 1.99, '... and all wait');
$t->fault('status', code => 429, retry_after => 2, on => 'POST');
$one->send(q{INSERT INTO acme.catalogs (name) VALUES ('later')});
$t->emulator('wire', '--keep', '--wait', 1);
usleep(100_000);
is($_->{sqlstate}, '', 'and so may a reply to a POST') foreach $two->ask($scan), $one->result;
cmp_ok((arrived())[2], '>', 1.99, '... as all do then');

# Who is about to connect when the account asks to wait, and has not asked yet, waits too.
my ($url, $ca_file) = ($t->url('https'), $t->ca_file);
foreach (
	[ token => 7, q{access_token 'main-token'} ],
	[ login => 0, q{login 'robot@example.com', api_key 'main-key'} ])
{
	my ($name, $limit, $credentials) = @$_;
	$t->sql(<<"SQL");
CREATE SERVER $name FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url '$url', ca_file '$ca_file', requests_per_second '$limit');
CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS ($credentials);
CREATE FOREIGN TABLE $name (id bigint, name text) SERVER $name OPTIONS (path '/api/v2/catalogs');
SQL
}
foreach (
	[ 'a GET', 'SELECT count(*) FROM token', 'GET 200' ],
	[ 'a POST', q{INSERT INTO token (name) VALUES ('late')}, 'POST 200' ],
	[ 'a login', 'SELECT count(*) FROM login', 'LOGIN 200', 'GET 200' ])
{
	my ($what, $statement, @arrives) = @$_;
	my $late = CatalogsFdw::Session->new($t->node);

	$one->ask('SELECT count(*) FROM token');
	$t->wire;
	$t->fault('hold_accept');
	$late->send($statement);
	usleep(200_000);
	$t->fault('status', code => 429, retry_after => 1);
	$one->send('SELECT count(*) FROM token');
	$t->emulator('wire', '--keep', '--wait', 1);
	usleep(100_000);
	$t->emulator('heal');
	is($late->result->{sqlstate}, '', "$what that has not gone out when the account asks to wait");
	is($one->result->{sqlstate}, '', '... and the one that was told to');
	my ($arrived, undef, $second) = arrived();
	is_deeply([ sort split /, /, $arrived ], [ sort 'GET 429', 'GET 200', @arrives ], '... are sent once');
	cmp_ok($second, '>', 0.9, '... and none before that');
	$late->quit;
}

# Who gives up while he connects leaves the account to others: it was not asked.
my @late = map { CatalogsFdw::Session->new($t->node) } 1 .. 7;
usleep(1_100_000);
$t->fault('hold_accept', times => 0);
$_->send("SET statement_timeout = '300ms'; SELECT count(*) FROM token") foreach @late;
is(scalar(grep { $_->result->{sqlstate} eq '57014' } @late), 7, 'as many as may ask in a second connect, and give up');
$t->emulator('heal');
$got = $one->ask('EXPLAIN (ANALYZE) SELECT count(*) FROM token');
is($got->{sqlstate}, '', '... and one more has an answer');
unlike(join('', map { @$_ } @{ $got->{rows} }), qr/Time Paced/, '... without a wait for its turn');
has_arrived('GET 200', '... and is the only one that has asked');
$_->quit foreach @late;

# An account that does not say how long: each time longer.
$t->set(rate_limit => 7, rate_body => 'html');
is(scalar(grep { $one->ask($scan)->{sqlstate} } 1 .. 15), 0,
	'without a pace of its own a session keeps to that of the account');
my ($arrived) = arrived();
is(scalar(() = $arrived =~ /GET 200/g), 15, '... and has all answers');
cmp_ok(scalar(() = $arrived =~ /GET 429/g), '<', 8, '... without many refusals');
$t->emulator('unset', 'rate_limit', 'rate_body');

# Who is not told how long pauses for twice as long each time, but for dice: those who
# have failed together do not come back together.
$t->sql(q{ALTER SERVER acme OPTIONS (ADD max_retries '4')});
my @relative;
foreach (1 .. 3)
{
	$t->fault('status', code => 503, times => 0);
	$one->ask($scan);
	$t->emulator('heal');
	my @pauses = $t->wire('--time', '--status') =~ /503 \+([\d.]+)s$/mg;
	push @relative, map { $pauses[$_] / (0.05 * 2**($_ - 1)) } 1 .. 4;
}
cmp_ok(min(@relative), '>=', 1, 'pauses grow') or diag("@relative");
cmp_ok(max(@relative) - min(@relative), '>', 0.3, '... and are not the same twice') or diag("@relative");
$t->sql('ALTER SERVER acme OPTIONS (DROP max_retries)');

# --- limits -------------------------------------------------------------------------

$t->sql(q{ALTER SERVER acme OPTIONS (ADD max_retries '0')});
$t->fault('status', code => 503);
is($one->ask($scan)->{sqlstate}, 'HV000', 'with max_retries 0');
has_arrived('GET 503', '... nothing is tried again');
$t->sql('ALTER SERVER acme OPTIONS (DROP max_retries)');

# The pauses are a part of the time that a request may take.
$t->sql(q{ALTER SERVER acme OPTIONS (ADD max_retries '100', ADD request_timeout '2s')});
$t->fault('status', code => 429, retry_after => 1, times => 0);
$got = $one->ask($scan);
is($got->{sqlstate}, '53400', 'max_retries is not all that bounds a GET');
is_within($got->{seconds}, 2, '... but request_timeout, too');
$t->emulator('heal');
has_arrived('GET 429, GET 429', '... pauses included');
$t->sql(q{ALTER SERVER acme OPTIONS (SET request_timeout '500ms')});
sleep 1;
$t->fault('status', code => 503, times => 0);
is($one->ask($scan)->{sqlstate}, 'HV000', '... of which none is begun that leaves no time for an answer');
like((arrived())[0], qr/^GET 503(, GET 503){1,3}$/, '... but the account had the word until then');
$t->emulator('heal');
$t->sql('ALTER SERVER acme OPTIONS (DROP max_retries, DROP request_timeout)');

# So is the wait for a login that comes to nothing.
$t->sql(q{ALTER SERVER beta OPTIONS (ADD request_timeout '500ms')});
$t->fault('silent', on => 'LOGIN', times => 0);
is($one->ask($scan_beta)->{sqlstate}, '08006', 'a login without a reply takes all the time of a GET');
has_arrived('LOGIN no reply', '... so that none is tried after it');
$t->emulator('heal');
$t->sql('ALTER SERVER beta OPTIONS (DROP request_timeout)');

sleep 1;
$t->fault('status', code => 503, retry_after => 20);
$got = $one->ask("SET statement_timeout = '300ms'; $scan");
is($got->{sqlstate}, '57014', 'a pause can be cancelled');
is_within($got->{seconds}, 0.4, '... at once');
$got = $two->ask("SET statement_timeout = '300ms'; $scan");
is($got->{sqlstate}, '57014', '... as the wait of others for its end');
is_within($got->{seconds}, 0.4, '... at once');
$two->send("RESET statement_timeout; $scan");
usleep(200_000);
my $start = time;
$other->ask('SELECT pg_cancel_backend(' . $two->pid . ')');
is($two->result->{sqlstate}, '57014', 'a cancel of what waits');
is_within(time - $start, 0.1, '... ends it at once');
$_->ask('RESET statement_timeout') foreach $one, $two;
has_arrived('GET 503', '... and nothing was asked meanwhile');

# Longer than anybody waits for a reply: nobody waits, nor asks.
my $scan_main = 'SELECT count(*) FROM main.catalogs';
$t->sql(q{ALTER SERVER main OPTIONS (ADD commit_timeout '3s')});
$one->ask($scan_main);
$two->ask($scan_main);
$t->wire;
$t->fault('status', code => 429, retry_after => 5, on => 'POST', nth => 2);
$got = $one->ask(q{INSERT INTO main.catalogs (name) VALUES ('a'), ('b'), ('c')});
is($got->{sqlstate}, '53400', 'a COMMIT does not wait longer than it may');
like($got->{error}{hint}, qr/wait 5 seconds/, '... and says what the account asks for');
is_within($got->{seconds}, 13, '... it takes back what was accepted');
is(scalar(grep { /^[abc]$/ } values %{ lists($t, 'main') }), 0, '... when that time is over');
$t->wire;
$t->fault('status', code => 429, retry_after => 300);
$got = $one->ask($scan_main);
is($got->{sqlstate}, '53400', 'a long time');
like($got->{error}{hint}, qr/wait 300 seconds/, '... is not waited for');
$got = $two->ask($scan_main);
is($got->{sqlstate}, '53400', '... by nobody else');
like($got->{error}{hint}, qr/wait (300|29\d) seconds/, '... who are told how long it is');
is($two->ask(q{INSERT INTO main.catalogs (name) VALUES ('x')})->{sqlstate}, '53400', '... in a COMMIT, too');
foreach (1 .. 25)
{
	$got = $two->ask($scan_main);
	usleep(100_000);
}
my ($left) = $got->{error}{hint} =~ /(\d+) seconds/;
cmp_ok($left, '<', 299, '... and to ask how long makes it no longer');
has_arrived('GET 429', '... without a request');

done_testing();
