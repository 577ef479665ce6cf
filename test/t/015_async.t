# The accounts of one query are asked at the same time, and none of them holds
# up another: however many there are, and whether one of them is slow, fails,
# signs in anew or is not needed in the end; and nothing is left of it.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use List::Util qw(min);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

# What a wait may take beyond what is tested: a machine may be busy.
my $limit = 1.0;

# Accounts a1 to a100, each with two lists.
my $accounts = 100;
my $seed = "$PostgreSQL::Test::Utils::tmp_check/agency.json";
append_to_file($seed, '{"accounts": {' . join(', ', map { account($_) } 1 .. $accounts) . '}}');
my $t = CatalogsFdw::Test->new(table => 0, emulator => [ '--seed', $seed ]);

sub account
{
	my ($n) = @_;
	my $lists = join ', ',
	  map { sprintf '{"id": %d, "name": "List %d of %d", "sort": %d}', 1000 * $n + $_, $_, $n, $_ }
	  1 .. 2;
	return qq("a$n": {"tokens": ["token-$n"],
		"logins": [{"login": "robot\@example.com", "api_key": "key-$n"}],
		"user_id": $n, "next_id": ${n}501, "clock": 1508930400, "lists": [$lists]});
}

# A table NAME with a partition for each of the accounts, that are reached with
# the credentials given, in which % is the account's number.
sub make_agency
{
	my ($name, $credentials, $options, @numbers) = @_;
	my ($port) = $t->url =~ /:(\d+)$/;
	my $sql = "CREATE TABLE $name (account text, id bigint, name text, sort int)
		PARTITION BY LIST (account);\n";

	foreach my $n (@numbers)
	{
		my $mapping = $credentials =~ s/%/$n/r;
		$sql .= <<"SQL";
CREATE SERVER $name$n FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'http://a$n.localhost:$port', requests_per_second '0'$options);
CREATE USER MAPPING FOR CURRENT_USER SERVER $name$n OPTIONS ($mapping);
CREATE FOREIGN TABLE ${name}_$n PARTITION OF $name FOR VALUES IN ('a$n') SERVER $name$n;
ALTER FOREIGN TABLE ${name}_$n ALTER account OPTIONS (ADD constant 'a$n');
SQL
	}
	$t->sql($sql);
	return;
}

my %pid;

sub new_session
{
	my $session = $t->session;
	my $got = $t->try_in($session, 'SELECT pg_backend_pid()');
	$pid{$session} = $got->{output};
	return $session;
}

# What a statement gives, or its error.
sub run_in
{
	my ($session, $sql) = @_;
	my $got = $t->try_in($session, $sql);
	return $got->{error} eq '' ? $got->{output} : $got->{error};
}

sub start
{
	my ($session, $sql) = @_;
	$session->{stdout} = $session->{stderr} = '';
	$session->{stdin} .=
	  "\\set ON_ERROR_STOP 0\n\\set VERBOSITY verbose\n$sql;\n\\echo over\n\\warn over\n";
	$session->{run}->pump_nb;
	return time;
}

# Waits until what start() began is over.
sub outcome
{
	my ($session) = @_;
	my $run = $session->{run};
	eval {
		$run->pump
		  until ($session->{stdout} =~ /^over$/m && $session->{stderr} =~ /^over$/m)
		  || $session->{stderr} =~ /connection to server was lost/;
	};
	my $said = $session->{stdout} . $session->{stderr};
	$session->{stdout} = $session->{stderr} = '';
	return $said;
}

sub descriptors
{
	my ($session) = @_;
	return join ' ', sort grep { /^\D+:/ }
	  map { s/:\[\d+\]$/:/r } map { readlink // () } glob "/proc/$pid{$session}/fd/*";
}

sub sockets { my @found = descriptors(@_) =~ /socket:/g; return scalar @found; }

sub resident_kb
{
	my ($session) = @_;
	# a sanitizer keeps for a while what is freed
	return 0 if ($ENV{CATALOGS_UNDER} // '') eq 'sanitizers';
	return slurp_file("/proc/$pid{$session}/status") =~ /^VmRSS:\s+(\d+) kB/m ? $1 : 0;
}

# So many requests have come, while nothing is answered.
sub all_asked
{
	my ($many) = @_;
	return scalar split /\n/, $t->wire('--keep', '--wait', $many);
}

make_agency('agency', q(access_token 'token-%'), '', 1 .. $accounts);
my $names = join ', ', map { "'a$_'" } 1 .. 32;
my $of_32 = "SELECT count(*), sum(id) FROM agency WHERE account IN ($names)";
my $sum_32 = join '|', 64, 2 * 1000 * 32 * 33 / 2 + 3 * 32;
my $session = new_session();
my $observer = new_session();

# ------------------------------------------------------------------------------
# Overlap

# By order: nothing is answered before all have been asked.
$t->fault('hold', on => 'GET', times => 0);
start($session, $of_32);
is(all_asked(32), 32, 'all 32 accounts are asked before one has answered');
$t->emulator('heal');
like(outcome($session), qr/^\Q$sum_32\E$/m, '... and give their rows');
$t->fault('hold', on => 'GET', times => 0);
$t->wire;
start($session, $of_32);
is(all_asked(32), 32, '... and again over the connections that were kept');
$t->emulator('heal');
outcome($session);

# By time: 50 ms each, and the same again in a row as the measure.
$t->set(delay_ms => 50);
my $of_1 = q(SELECT count(*), sum(id) FROM agency WHERE account IN ('a1'));
my (@one, @many);
foreach (1 .. 7)
{
	push @one, $t->try_in($session, $of_1)->{seconds};
	push @many, $t->try_in($session, $of_32)->{seconds};
}
my ($one, $many) = (min(@one), min(@many));
note sprintf 'one account: %.0f ms, 32 accounts: %.0f ms, %.1f x', 1000 * $one,
  1000 * $many, $many / $one;
cmp_ok($many, '<', 2 * $one, '32 accounts take at most twice as long as one');
$t->set(delay_ms => 500);
$one = $t->try_in($session, $of_1)->{seconds};
$many = $t->try_in($session, $of_32)->{seconds};
is_within($many, 1.3 * $one, '... and hardly longer, if one takes long');
$t->reset;

# ------------------------------------------------------------------------------
# One of them

# It is slow: the rows of the others come.
$t->fault('hold', on => 'GET', account => 'a7', times => 0);
start($session, "BEGIN; DECLARE c CURSOR FOR SELECT account FROM agency WHERE account IN ($names);
	FETCH 62 FROM c; \\echo over\n\\warn over\n FETCH ALL FROM c");
my $said = outcome($session);
my @rows = $said =~ /^(a\d+)$/mg;
is(scalar @rows, 62, 'a slow account does not hold up the others');
ok(!grep({ $_ eq 'a7' } @rows), '... all of which have come');
$t->emulator('heal');
is(join(' ', outcome($session) =~ /^(a\d+)$/mg), 'a7 a7', '... then its own do');
run_in($session, 'COMMIT');

# It fails: at once, whatever the others do.
my $before = sockets($session);
foreach my $way (
	[ [ 'status', code => 503 ], 'HV000', 'answers that it cannot' ],
	[ ['close_after_request'], '08006', 'closes the connection' ],
	[ ['garbage_body'], 'HV00M', 'sends what is no list' ],
	[ ['cut'], 'HV00M', 'sends half of it' ])
{
	my ($fault, $sqlstate, $name) = @$way;
	my ($word, @pairs) = @$fault;
	$t->fault($word, @pairs, on => 'GET', account => 'a9', times => 0);
	$t->fault('silent', on => 'GET', times => 0);
	my $got = $t->try_in($session, $of_32);
	is($got->{sqlstate}, $sqlstate, "one account $name: the query fails");
	like($got->{error}, qr/server "agency9"/, '... and names it');
	is_within($got->{seconds}, $limit, '... at once, though no other one answers');
	cmp_ok(sockets($session), '<=', $before, '... and nothing stays under way');
	$t->emulator('heal');
	is(run_in($session, $of_32), $sum_32, '... after which the session works');
}

# It does not answer in time.
$t->sql(q(ALTER SERVER agency5 OPTIONS (ADD request_timeout '300ms')));
$t->fault('silent', on => 'GET', account => 'a5', times => 0);
my $got = $t->try_in($session, $of_32);
is($got->{sqlstate}, '08006', 'request_timeout is counted while others are waited for');
cmp_ok($got->{seconds}, '>=', 0.3, '... wholly');
is_within($got->{seconds}, 0.3 + $limit, '... and no longer');
$t->emulator('heal');
# What is done with the rows of the others is not its fault.
$got = $t->try_in($session,
	q(SELECT count(pg_sleep(0.2)) FROM agency WHERE account IN ('a1', 'a5')));
is($got->{output}, '4', 'request_timeout does not count what the query does itself');
$t->sql('ALTER SERVER agency5 OPTIONS (DROP request_timeout)');

# Nor is it when nobody looks after its connection meanwhile.
my ($https_port) = $t->{greeting} =~ m{^https://localhost:(\d+)/}m;
my $ca_file = $t->ca_file;
$t->sql(<<"SQL");
CREATE TABLE tls (account text, id bigint) PARTITION BY LIST (account);
CREATE FOREIGN TABLE tls_a PARTITION OF tls FOR VALUES IN ('a') SERVER agency1;
CREATE SERVER tls FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'https://a2.localhost:$https_port', ca_file '$ca_file', connect_timeout '250ms',
		requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls OPTIONS (access_token 'token-2');
CREATE FOREIGN TABLE tls_b PARTITION OF tls FOR VALUES IN ('b') SERVER tls;
SQL
$got = $t->try_in($session, 'SELECT count(pg_sleep(0.4)) FROM tls');
is($got->{output} . $got->{error}, '4', 'connect_timeout does not count it either');

# It is not needed: LIMIT ends the rest.
$t->fault('silent', on => 'GET', account => 'a3', times => 0);
$got = $t->try_in($session, "SELECT count(*) FROM (SELECT FROM agency WHERE account IN ($names) LIMIT 40) x");
is($got->{output}, '40', 'LIMIT takes the rows that come');
is_within($got->{seconds}, $limit, '... and does not wait for those that do not');
$t->emulator('heal');
is(run_in($session, $of_32), $sum_32, '... and the connections are usable');

# ------------------------------------------------------------------------------
# Interrupts

$t->fault('silent', on => 'GET', times => 0);
foreach my $way ('cancel', 'timeout', 'terminate')
{
	$t->wire;
	run_in($session, q(SET statement_timeout = '400ms')) if $way eq 'timeout';
	my $start = start($session, $of_32);
	is(all_asked(32), 32, "$way: 32 accounts are waited for");
	usleep(100_000);
	$start = $way eq 'timeout' ? $start + 0.4 : time;
	run_in($observer, "SELECT pg_${way}_backend($pid{$session})")
	  if $way ne 'timeout';
	$said = outcome($session);
	is_within(time - $start, $limit, '... no longer');
	like($said, $way eq 'terminate' ? qr/57P01/ : qr/57014/, '... and it is said why');
	run_in($session, 'RESET statement_timeout') if $way ne 'terminate';
}
$session->{run}->finish;
$t->emulator('heal');
$session = new_session();

# ------------------------------------------------------------------------------
# A hundred

my $of_all = 'SELECT count(*), sum(id) FROM agency';
my $sum_all = join '|', 2 * $accounts, 1000 * $accounts * ($accounts + 1) + 3 * $accounts;
run_in($session, $of_1);
$before = sockets($session);
$t->wire;
$t->fault('hold', on => 'GET', times => 0);
start($session, $of_all);
is(all_asked($accounts), $accounts, "$accounts accounts are asked at once");
$t->emulator('heal');
like(outcome($session), qr/^\Q$sum_all\E$/m, '... and give their rows');
my %connections = map { /^#(\d+)/ ? ($1 => 1) : () } split /\n/, $t->wire('--connections');
is(scalar keys %connections, $accounts, '... each over a connection');
is(sockets($session), $before + $accounts - 1, '... that is kept');
is(run_in($session, $of_all), $sum_all, '... for the next query');
my %again = map { /^#(\d+)/ ? ($1 => 1) : () } split /\n/, $t->wire('--connections');
is_deeply(\%again, \%connections, '... which uses the same');
is(run_in($session, "BEGIN; $of_all; ROLLBACK; $of_all"), "$sum_all\n$sum_all", 'a hundred in a transaction');
is( run_in($session, q(SELECT count(*) FROM (SELECT FROM agency WHERE id = 7001) x)),
	'1', 'one list of a hundred accounts');
is(run_in($session, 'SELECT count(*) FROM agency a JOIN agency b USING (id)'),
	2 * $accounts, 'a hundred accounts twice in one query');

# Many times, with failures in between: nothing grows.
sub rounds
{
	my ($times) = @_;
	for my $i (1 .. $times)
	{
		$t->fault('status', code => 500, on => 'GET', account => 'a' . (1 + $i % $accounts));
		run_in($session, $of_all);
		run_in($session, 'SELECT count(*) FROM (SELECT FROM agency LIMIT 5) x');
		run_in($session, 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM agency; FETCH 3 FROM c; ROLLBACK');
		run_in($session, 'SELECT count(1 / (id - 4001)) FROM agency');
	}
	run_in($session, $of_all);
	return;
}
rounds(10);
my $fds = descriptors($session);
# What an allocator takes once, it keeps; a leak grows each time.
my $grown;
foreach (1 .. 4)
{
	my $kb = resident_kb($session);
	rounds(12);
	$grown = resident_kb($session) - $kb;
	last if $grown < 2048;
}
is(descriptors($session), $fds, 'queries that end early leak no descriptor');
cmp_ok($grown, '<', 2048, '... and no memory');

# keep_connections false: none is left.
$t->sql(join ';', map { "ALTER SERVER agency$_ OPTIONS (ADD keep_connections 'false')" } 1 .. $accounts);
is(run_in($session, $of_all), $sum_all, 'connections that are not to be kept');
run_in($session, 'SELECT 1');
cmp_ok(sockets($session), '<', $before, '... are closed');
$t->sql(join ';', map { "ALTER SERVER agency$_ OPTIONS (DROP keep_connections)" } 1 .. $accounts);
$session->quit;

# ------------------------------------------------------------------------------
# Logins

make_agency('login', q(login 'robot@example.com', api_key 'key-%'), '', 1 .. 8);
$t->sql('CREATE FOREIGN TABLE login_twin (id bigint) SERVER login4');
$session = new_session();
my $of_logins = 'SELECT count(id) FROM
	(SELECT id FROM login_twin WHERE id = 4001 UNION ALL SELECT id FROM login) x';
$t->wire;
$t->fault('hold', on => 'LOGIN', times => 0);
start($session, $of_logins);
is(all_asked(8), 8, 'several accounts sign in at the same time');
usleep(100_000);
is(scalar(split /\n/, $t->wire('--keep')), 8, '... each once, however many requests wait for it');
$t->emulator('heal');
like(outcome($session), qr/^17$/m, '... and then give their rows');
is(summary($t->wire), '9 GET, 8 POST', '... which took as few requests as can be');
is(run_in($session, $of_logins), '17', 'sessions are used again');
is(summary($t->wire), '9 GET', '... without signing in');
$t->emulator('expire');
is(run_in($session, $of_logins), '17', 'sessions that have expired are renewed');
like(summary($t->wire('--status')),
	qr/^9 GET 200, [89] GET 401, 8 POST 200$/, '... each once');
$t->sql(q(ALTER USER MAPPING FOR CURRENT_USER SERVER login6 OPTIONS (SET api_key 'wrong')));
$t->fault('silent', on => 'GET', times => 0);
$got = $t->try_in($session, $of_logins);
is($got->{sqlstate}, '28000', 'one that is refused fails the query');
is_within($got->{seconds}, $limit, '... at once');
$t->emulator('heal');
$t->sql(q(ALTER USER MAPPING FOR CURRENT_USER SERVER login6 OPTIONS (SET api_key 'key-6')));

# A login that nobody waits for any more is given up.
$t->wire;
$t->emulator('expire');
$t->fault('hold', on => 'LOGIN', account => 'a2', times => 0);
is(run_in($session, 'SELECT count(*) FROM (SELECT FROM login LIMIT 10) x'), '10', 'LIMIT while one signs in');
$t->emulator('heal');
is(run_in($session, $of_logins), '17', '... after which it signs in again');
is(scalar(grep { /POST/ } split /\n/, $t->wire('--account', 'a2')),
	2, '... for the first login was given up');
# Cookies outlive the connections.
$t->sql(join ';', map { "ALTER SERVER login$_ OPTIONS (ADD keep_connections 'false')" } 1 .. 8);
run_in($session, $of_logins);
$t->wire;
is(run_in($session, $of_logins), '17', 'a session without a connection');
is(summary($t->wire), '9 GET', '... is still signed in');
$session->quit;

# How many requests of each kind a wire has, sorted.
sub summary
{
	my ($wire) = @_;
	my %count;
	foreach (split /\n/, $wire)
	{
		my ($method, $status) = /^(\S+).*?(?: -> (\d+))?$/;
		$count{ $method . ($status ? " $status" : '') }++;
	}
	return join ', ', map { "$count{$_} $_" } sort keys %count;
}

# ------------------------------------------------------------------------------
# Few descriptors: connections that are kept make room for those that are needed

$t->node->append_conf('postgresql.conf', 'max_files_per_process = 120');
$t->node->restart;
$session = new_session();
sub of { return 'SELECT count(*) FROM agency WHERE account IN (' . join(', ', map { "'a$_'" } @_) . ')'; }
is(run_in($session, of(1 .. 16)), '32', 'as many accounts as descriptors allow');
is(run_in($session, of(21 .. 36)), '32', '... and as many others');
is(run_in($session, of(1 .. 16)), '32', '... and again');
is(run_in($session, $of_all), $sum_all, '... and more than that, one after the other');
is(run_in($session, of(51 .. 66)), '32', '... after which the session works');
$session->quit;
$observer->quit;

done_testing();
