# Requests to one account keep to the option "requests_per_second", whoever sends them:
# all backends, databases and roles of the cluster, logins and aborts included.  An idle
# account is asked at once; whoever waits is served in turn, can be cancelled, gives up
# its place, and holds up nobody.  What arrived when is told by the account.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Session;
use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use List::Util qw(min);
use Test::More;
use Time::HiRes qw(time usleep);

my $limit = 7;
my $t = CatalogsFdw::Test->new(
	table => 0,
	conf => "max_connections = 50\nrestart_after_crash = on\nwal_level = replica",
	emulator => ['--no-https']);
$t->set(rate_limit => $limit);

# Nobody has asked anything for a second.
sub idle
{
	usleep(1_100_000);
	$t->wire;
	return;
}

# What has arrived: { what, status, at (seconds since the first) }.
sub arrived
{
	my (@options) = @_;
	my @lines = split /\n/, $t->wire('--time', '--status', '--summary', @options);
	my $at = 0;
	my @arrived;

	foreach (@lines)
	{
		my ($what, $status, $since) = /^(.*) -> (.*) \+([\d.]+)s$/
		  or die "what is that: $_";
		$at += $since if @arrived;
		push @arrived, { what => $what, status => $status, at => $at };
	}
	return @arrived;
}

# A test: so many have arrived, and none was one too many.
sub all_taken
{
	my ($n, $name, @arrived) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(scalar(grep { $_->{status} eq '200' } @arrived), $n, $name)
	  or diag(join "\n", map { "$_->{at} $_->{what} $_->{status}" } @arrived);
	is(scalar(@arrived), $n, '... and no more');
	return;
}

sub sessions
{
	my ($n, %parameters) = @_;
	return map { CatalogsFdw::Session->new($t->node, %parameters) } 1 .. $n;
}

# Waits until what a session has sent stands in line, or has had its turn.
my $watch = CatalogsFdw::Session->new($t->node);

sub stands_in_line
{
	my ($session) = @_;
	my $waits = 'SELECT waits_for = \'turn\' FROM catalogs_fdw_progress WHERE pid = ' . $session->pid;

	usleep(2000) until $session->is_ready || ($watch->ask($waits)->{rows}[0][0] // '') eq 't';
	return;
}

connect_to($t, $_, requests_per_second => $limit) foreach qw(acme beta);
my $one = CatalogsFdw::Session->new($t->node);
my $scan = 'SELECT count(*) FROM acme.catalogs';

# --- how often ------------------------------------------------------------------

idle();
$t->sql('CHECKPOINT');    # as after a crash, but that was none
$one->ask($scan) foreach 1 .. $limit;
my @arrived = arrived();
all_taken($limit, 'as many as there may be in a second', @arrived);
is_within($arrived[-1]{at}, 0.3, 'go to an idle account at once');
is($t->sql('SELECT pace_wait_ms FROM catalogs_fdw_stats'), 0, '... after a checkpoint, too');

idle();
my $got = $one->ask(q{INSERT INTO acme.catalogs (name) SELECT 'row ' || n FROM generate_series(1, 1000) n});
is($got->{sqlstate}, '', 'a transaction of a thousand rows commits');
@arrived = arrived();
all_taken(20, 'in twenty batches', @arrived);
cmp_ok($arrived[-1]{at}, '>', 1.99, '... in two seconds');
is_within($arrived[-1]{at}, 3, '... and not many more');

# What went out over a kept connection that broke has arrived, perhaps, and counts; what
# is sent in its place counts, too.
foreach my $nth (1, $limit)
{
	idle();
	$t->fault('reset_kept', on => 'GET', nth => $nth);
	$got = $one->ask($scan) foreach 1 .. $limit;
	is($got->{sqlstate}, '', "a connection breaks at request $nth");
	@arrived = arrived();
	is_deeply(
		[ map { $_->{status} } @arrived ],
		[ (200) x ($nth - 1), 'no reply', (200) x ($limit - $nth + 1) ],
		'... which is sent once more, and is not one too many');
	cmp_ok($arrived[-1]{at} - $arrived[0]{at}, '>', 0.99, '... with the others') or diag(join ' ', map { $_->{at} } @arrived);
}

idle();
$one->ask(q{INSERT INTO acme.catalogs (name) VALUES ('x') RETURNING id}) foreach 1 .. 20;
all_taken(20, 'twenty rows that return their ids', arrived());

# --- who ------------------------------------------------------------------------

idle();
my @many = sessions(12);
$_->send("$scan; $scan") foreach @many;
is(scalar(grep { $_->result->{sqlstate} } @many), 0, 'many sessions have their answers');
@arrived = arrived();
all_taken(24, '... each when its turn had come', @arrived);
is_within($arrived[-1]{at}, 3.6, '... and the account was kept busy');

$t->sql('ALTER USER MAPPING FOR CURRENT_USER SERVER beta
	OPTIONS (DROP access_token, ADD login \'robot@example.com\', ADD api_key \'beta-key\')');
idle();
my $scan_beta = 'SELECT count(*) FROM beta.catalogs';
$_->send($scan_beta) foreach @many;
is(scalar(grep { $_->result->{sqlstate} } @many), 0, 'many sessions sign in');
@arrived = arrived();
all_taken(24, '... in turn with all else', @arrived);

# Who was in line, and then waits for the login that another one has begun, is in line no
# longer.  Each of the two is there for no longer than it all takes without the login.
$t->sql("ALTER SERVER beta OPTIONS (SET requests_per_second '1')");
$many[0]->ask($scan_beta);
$t->emulator('expire');
idle();
$many[0]->ask($scan_beta);    # takes the only place
$t->emulator('expire');
$t->fault('hold', on => 'LOGIN');
$t->sql('SELECT catalogs_fdw_stats_reset()');
$t->wire;
my $begun = time;
$many[0]->send('SELECT id FROM beta.catalogs WHERE id = 11 UNION ALL SELECT id FROM beta.catalogs WHERE id = 12');
$t->emulator('wire', '--keep', '--wait', '2');
my $held = time;
usleep(2_000_000);
$held = time - $held;
$t->emulator('heal');
is($many[0]->result->{sqlstate}, '', 'two requests wait for one login');
my $paced = $t->sql('SELECT pace_wait_ms FROM catalogs_fdw_stats WHERE server = \'beta\'');
cmp_ok($paced, '<', 2000 * (time - $begun - $held), '... which is no wait for a turn')
  or diag($t->wire('--time', '--status', '--summary'));
$t->sql("ALTER SERVER beta OPTIONS (SET requests_per_second '$limit')");

$t->sql('CREATE DATABASE other');
$t->node->safe_psql('other', 'CREATE EXTENSION catalogs_fdw');
(my $url = $t->url) =~ s/127\.0\.0\.1/ACME.localhost/;
$t->node->safe_psql('other', <<"SQL");
CREATE ROLE clerk LOGIN;
CREATE SERVER same FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$url/');
GRANT USAGE ON FOREIGN SERVER same TO clerk;
CREATE USER MAPPING FOR clerk SERVER same OPTIONS (access_token 'acme-token');
CREATE FOREIGN TABLE lists (id bigint) SERVER same OPTIONS (path '/api/v2/catalogs');
GRANT SELECT ON lists TO clerk;
SQL
idle();
my ($clerk) = sessions(1, database => 'other', user => 'clerk');
foreach (1 .. 5)
{
	$one->send($scan);
	$clerk->send('SELECT count(*) FROM lists');
	is($_->result->{sqlstate}, '', 'an answer') foreach $one, $clerk;
}
@arrived = arrived();
all_taken(10, 'another database and role, another spelling: the same account', @arrived);
cmp_ok($arrived[7]{at}, '>', 0.99, '... whose eighth request waited');

# Each server has a limit of its own, but what all ask counts.
$t->sql(<<"SQL");
CREATE SERVER slow FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$url', requests_per_second '2');
CREATE USER MAPPING FOR CURRENT_USER SERVER slow OPTIONS (access_token 'acme-token');
CREATE FOREIGN TABLE slow (id bigint) SERVER slow OPTIONS (path '/api/v2/catalogs');
SQL
my ($slow) = sessions(1);
idle();
$one->ask($scan) foreach 1 .. $limit;
$slow->send('SELECT count(*) FROM slow');
# Who waits, waits as it was declared when he began.
$t->sql("ALTER SERVER slow OPTIONS (SET requests_per_second '0')");
is($slow->result->{sqlstate}, '', 'a server that takes fewer requests');
@arrived = arrived();
all_taken($limit + 1, '... waits longer', @arrived);
cmp_ok($arrived[-1]{at}, '>', 0.99, '... than where there is still a place');

# But not for as long as others come after it that may ask more often.
$t->sql("ALTER SERVER slow OPTIONS (SET requests_per_second '2')");
$slow->ask('SELECT count(*) FROM slow');
idle();
$one->ask($scan) foreach 1 .. $limit;
$slow->send('SELECT count(*) FROM slow WHERE id = 1');
stands_in_line($slow);
$_->send(join '; ', ($scan) x 5) foreach @many[ 0 .. 2 ];
is($_->result->{sqlstate}, '', 'many requests, and one to a server that takes fewer') foreach $slow, @many[ 0 .. 2 ];
@arrived = arrived();
cmp_ok((grep { $arrived[$_]{what} =~ /id=1/ } 0 .. $#arrived)[0], '<', $limit + 5, '... which are behind it')
  or diag(join "\n", map { "$_->{at} $_->{what} $_->{status}" } @arrived);
is(scalar(grep { $_->{status} eq '429' } @arrived), 0, '... and none is one too many');
$slow->quit;

# More in a second than there are places, and more in line than it has room for.
my $n = 300;
my $url_of_main = $t->url;
$t->sql('CREATE TABLE main (id bigint)');
$t->sql(join ';', map { <<"SQL" } 1 .. $n);
CREATE SERVER main_$_ FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$url_of_main', requests_per_second '150');
CREATE USER MAPPING FOR CURRENT_USER SERVER main_$_ OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE main_$_ () INHERITS (main) SERVER main_$_ OPTIONS (path '/api/v2/catalogs')
SQL
$t->set(rate_limit => 150);
idle();
is($one->ask('SELECT count(*) FROM main')->{rows}[0][0], 4 * $n, 'hundreds of requests in line for one account');
@arrived = arrived();
all_taken($n, '... each when its turn had come', @arrived);
cmp_ok($arrived[-1]{at}, '>', 1.49, '... a part of them in each part of a second');
$t->sql(join ';', map { "DROP SERVER main_$_ CASCADE" } 1 .. $n);
$t->set(rate_limit => $limit);

# --- an abort -------------------------------------------------------------------

idle();
$t->sql('ALTER SERVER acme OPTIONS (ADD batch_size \'10\')');
my $before = lists($t, 'acme');
$got = $one->ask(q{BEGIN; INSERT INTO acme.catalogs (name) SELECT 'row ' || n FROM generate_series(1, 60) n;
	SELECT count(*) FROM catalogs_fdw_flush('acme'); ROLLBACK});
@arrived = arrived();
all_taken(12, 'what is taken back keeps to the pace, too', @arrived);
is_deeply(lists($t, 'acme'), $before, '... and all of it is taken back');

# --- waiting --------------------------------------------------------------------

# The account has been asked as often as it may be for a second.
sub busy
{
	idle();
	$one->ask($scan) foreach 1 .. $limit;
	return;
}

$t->sql(<<'SQL');
CREATE TABLE every (account text, id bigint, name text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE every_acme PARTITION OF every FOR VALUES IN ('acme') SERVER acme;
CREATE FOREIGN TABLE every_beta PARTITION OF every FOR VALUES IN ('beta') SERVER beta;
ALTER FOREIGN TABLE every_acme ALTER account OPTIONS (ADD constant 'acme');
ALTER FOREIGN TABLE every_beta ALTER account OPTIONS (ADD constant 'beta');
SQL
$many[0]->ask($scan_beta);
busy();
$many[0]->ask('SELECT count(*) FROM every');
my @order = map { /^(\w+): GET/ ? $1 : () } split /\n/, $t->wire('--accounts', '--summary');
is("@order[-2, -1]", 'beta acme', 'an account that is asked at once waits for no other one');

busy();
$t->sql('SELECT catalogs_fdw_stats_reset()');
my $start = time;
$got = $many[0]->ask("SET statement_timeout = '200ms'; $scan");
is($got->{sqlstate}, '57014', 'who waits for a turn can be cancelled');
is_within(time - $start, 0.3, '... at once');
$many[0]->ask('RESET statement_timeout');
all_taken($limit, '... and has asked for nothing', arrived());
cmp_ok($t->sql(q{SELECT sum(pace_wait_ms) FROM catalogs_fdw_stats}), '>', 0, '... but has waited');

# Who gives up leaves the line at once, whatever the reason: those behind him are next.
$_->ask($scan_beta) foreach @many[8 .. 11];
busy();
$_->send("SET statement_timeout = '900ms'; $scan") foreach @many[0 .. 3];
$_->send($scan) foreach @many[4 .. 7];
usleep(800_000);
is(scalar(@{ $_->ask('SELECT id FROM every LIMIT 1')->{rows} }), 1, 'a LIMIT is reached while another account is waited for')
  foreach @many[8 .. 11];
$watch->ask('SELECT pg_cancel_backend(' . $_->pid . ')') foreach @many[4 .. 7];
is(scalar(grep { $_->result->{sqlstate} eq '57014' } @many[0 .. 7]), 8, 'many who wait give up');
is($one->ask($scan)->{sqlstate}, '', 'who comes later has an answer');
@arrived = grep { $_->{what} =~ /^acme/ } arrived('--accounts');
all_taken($limit + 1, '... and nobody else has asked', @arrived);
is_within($arrived[-1]{at}, 1.15, '... as soon as if they had not been there');
$_->ask('RESET statement_timeout') foreach @many;

# First come, first served.  A machine that stops for long enough may wake two at once,
# who then go side by side: so there is more than one try.
$t->sql("ALTER SERVER slow OPTIONS (SET requests_per_second '4')");
my $in_turn = join ' ', reverse 1 .. 8;
my ($wrong, $tries) = (0, 3);
do
{
	idle();
	foreach (1 .. 4)
	{
		$many[0]->ask('SELECT count(*) FROM slow');
		usleep(120_000);
	}
	foreach my $i (reverse 1 .. 8)
	{
		$many[$i]->send("SELECT id FROM slow WHERE id = $i");
		stands_in_line($many[$i]);
	}
	$wrong += grep { $_->result->{sqlstate} } @many[ 1 .. 8 ];
	@order = map { $_->{what} =~ /id=(\d+)/ } arrived();
} until "@order" eq $in_turn || !--$tries;
is($wrong, 0, 'many who have come one after the other');
is("@order", $in_turn, '... have their turns in that order');

# Who waits is there when a place becomes free, whenever he has come.
$t->sql("ALTER SERVER slow OPTIONS (SET requests_per_second '1')");
my @gaps;
$tries = 3;
do
{
	idle();
	foreach (1 .. 4)
	{
		$many[0]->ask('SELECT count(*) FROM slow');
		usleep(60_000);
	}
	@arrived = map { $_->{at} } arrived();
	@gaps = map { $arrived[$_] - $arrived[ $_ - 1 ] } 1 .. 3;
} until min(@gaps) < 1.04 || !--$tries;
cmp_ok(min(@gaps), '>', 0.99, 'one request a second');
cmp_ok(min(@gaps), '<', 1.04, '... and nobody waits longer than that') or diag("@gaps");

# A cursor that nobody fetches from stands in line, and is passed over.
busy();
$many[0]->ask("SET cursor_tuple_fraction = 1; BEGIN; DECLARE c CURSOR FOR SELECT * FROM every");
$got = $many[0]->ask('FETCH 1 FROM c');
is(scalar(@{ $got->{rows} }), 1, 'a scan that waits for its turn does not hold up the rows of another account');
is_within($got->{seconds}, 0.5, '... which come at once');
$start = time;
$one->ask($scan) foreach 1 .. $limit;
is_within(time - $start, 1.9, 'nobody waits for a cursor that nobody fetches from');
$t->sql('SELECT catalogs_fdw_stats_reset()');
idle();
is($many[0]->ask('FETCH ALL FROM c; COMMIT')->{sqlstate}, '', '... which has its turn later');
cmp_ok($t->sql('SELECT sum(pace_wait_ms) FROM catalogs_fdw_stats'), '<', 600, '... and has not waited while nobody did');

# The time to wait for a turn is no time in which the account did not answer; COMMIT's
# own limit counts it.
$t->sql(q{ALTER SERVER acme OPTIONS (ADD request_timeout '400ms')});
busy();
$got = $many[0]->ask("EXPLAIN (ANALYZE) $scan");
is($got->{sqlstate}, '', 'to wait for a turn is not to wait for a reply');
like(join('', map { $_->[0] } @{ $got->{rows} }), qr/Time Paced: [4-9]\d\d ms/, '... and EXPLAIN tells it apart');
$t->sql(q{ALTER SERVER acme OPTIONS (DROP request_timeout, ADD commit_timeout '300ms')});
busy();
$t->sql('SELECT catalogs_fdw_stats_reset()');
$got = $many[0]->ask(q{INSERT INTO acme.catalogs (name) VALUES ('late')});
is($got->{sqlstate}, '08006', 'COMMIT does not wait for its turn longer than it may');
like($got->{said}, qr/commit_timeout/, '... and says so');
unlike($got->{said}, qr/reply/, '... and not that the account did not answer');
cmp_ok($t->sql(q{SELECT sum(pace_wait_ms) FROM catalogs_fdw_stats}), '>', 280, '... and all of the wait is counted');
all_taken($limit, '... and nothing was sent', arrived());
$t->sql('ALTER SERVER acme OPTIONS (DROP commit_timeout)');

# --- the end of a backend, and of the server -------------------------------------

busy();
my @killed = sessions(3);
$_->send($scan) foreach @killed;
usleep(200_000);
$_->send($scan) foreach @many;
ok($t->node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . $killed[0]->pid . ')'),
	'a backend that waits for its turn is terminated');
is($_->result->{sqlstate}, '', 'the others have their answers') foreach @many;
is((shift @killed)->result->{sqlstate}, '57P01', '... and says so');
$_->result foreach @killed;
all_taken($limit + 14, '... each when its turn had come', arrived());

busy();
$_->send($scan) foreach @many;
usleep(100_000);
# One that waits for its turn, and one that was the last to have one.
kill 'KILL', map { $_->pid } $many[3], $one;
$_->result foreach @many;
$t->node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
($one, @many) = sessions(13);
$one->ask($scan) foreach 1 .. $limit;
is(scalar(grep { $_->{status} eq '429' } arrived()), 0, 'a crash makes nobody ask before his turn');
idle();
$_->send($scan) foreach @many;
is(scalar(grep { $_->result->{sqlstate} } @many), 0, '... after it all have their answers');
all_taken(12, '... in turn', arrived());

busy();
$_->send($scan) foreach @many;
$t->node->safe_psql('other', 'DROP EXTENSION catalogs_fdw CASCADE; CREATE EXTENSION catalogs_fdw');
is(scalar(grep { $_->result->{sqlstate} } @many), 0,
	'another database drops its extension while many wait');
all_taken($limit + 12, '... who have their turns', arrived());

$t->sql('DROP EXTENSION catalogs_fdw CASCADE; CREATE EXTENSION catalogs_fdw');
$t->sql("DROP SCHEMA acme CASCADE");
connect_to($t, "acme", requests_per_second => $limit);
idle();
$_->send($scan) foreach @many;
is(scalar(grep { $_->result->{sqlstate} } @many), 0, 'a new extension');
all_taken(12, '... has the pace that it had', arrived());

# --- without an extra restart, and with one --------------------------------------

# A backend to which no shared memory is given paces itself.
sub restart
{
	my ($conf) = @_;

	$_->quit foreach $one, $clerk, @many;
	@many = ();
	$t->node->append_conf('postgresql.conf', $conf);
	$t->node->restart;
	($one, $clerk) = sessions(2);
	return;
}

restart('dynamic_shared_memory_type = mmap');
my $folder = $t->node->data_dir . '/pg_dynshmem';
chmod 0500, $folder or die "$folder: $!";
idle();
$one->ask($scan) foreach 1 .. $limit + 1;
@arrived = arrived();
all_taken($limit + 1, 'without shared memory', @arrived);
cmp_ok($arrived[-1]{at}, '>', 0.99, '... a session paces itself');
is($one->ask("SELECT string_agg(DISTINCT scope, ' ') FROM catalogs_fdw_stats")->{rows}[0][0], 'session', '... and counts for itself');
my @lines = grep { /paces and counts/ } split /\n/, $t->log;
is(scalar(@lines), 1, '... and says so once');
chmod 0700, $folder or die "$folder: $!";

restart("dynamic_shared_memory_type = posix\nshared_preload_libraries = 'catalogs_fdw'");
@many = sessions(12);
idle();
$_->send($scan) foreach @many;
is(scalar(grep { $_->result->{sqlstate} } @many), 0, 'with shared_preload_libraries');
all_taken(12, '... the pace is kept as without', arrived());

done_testing();
