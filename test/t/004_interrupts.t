# Every wait for the account ends at once when the backend is told to stop: by a
# cancel, statement_timeout, a terminate or the death of the postmaster; whether
# it resolves a name, connects, shakes hands, signs in, sends, waits for a reply
# or is in the middle of one.  A POST that was cut off is reported.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use POSIX qw(SIGALRM SIGHUP SIGINT SIGTERM SIGUSR1);
use PostgreSQL::Test::Utils;
use Socket;
use Test::More;
use Time::HiRes qw(time usleep);

# What a wait may take beyond the interrupt: the promise is 100 ms, which holds for
# the median; a single one may also have had to wait for this test, for psql and for
# the emulator.
my ($promise, $limit) = (0.1, 1.0);
my @waits;

# No network is needed for a name that takes for ever: a library that is loaded
# into the server answers getaddrinfo() for one name by not answering.
my $resolver = compile_resolver();
my $t = do
{
	local $ENV{LD_PRELOAD} = join ' ', grep { $_ } $ENV{LD_PRELOAD}, $resolver
	  if $resolver;
	CatalogsFdw::Test->new(server => { connect_timeout => '30s' });
};

sub compile_resolver
{
	my $source = "$PostgreSQL::Test::Utils::tmp_check/resolver.c";
	append_to_file($source, <<'C');
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int (*resolve)(const char *, const char *, const struct addrinfo *,
					   struct addrinfo **);

int
getaddrinfo(const char *host, const char *service,
			const struct addrinfo *hints, struct addrinfo **result)
{
	while (host != NULL && strcmp(host, "hanging.example") == 0)
		sleep(60);
	if (host != NULL && strcmp(host, "unknown.example") == 0)
		return EAI_NONAME;
	return ((resolve) dlsym(RTLD_NEXT, "getaddrinfo"))(host, service, hints,
													   result);
}
C
	my $library = $source =~ s/\.c$/.so/r;
	return system_log('cc', '-shared', '-fPIC', '-o', $library, $source, '-ldl') == 0
	  ? $library : undef;
}

# A port whose queue of connections is full: a new one is not answered.
socket my $full, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
bind $full, sockaddr_in(0, INADDR_LOOPBACK) or die "bind: $!";
listen $full, 0 or die "listen: $!";
my ($full_port) = sockaddr_in(getsockname $full);
my @fillers;
for (1 .. 8)
{
	socket my $filler, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
	$filler->blocking(0);
	connect $filler, sockaddr_in($full_port, INADDR_LOOPBACK);
	push @fillers, $filler;
}

# A port that takes a connection and never reads what comes over it.
socket my $deaf, PF_INET, SOCK_STREAM, 0 or die "socket: $!";
bind $deaf, sockaddr_in(0, INADDR_LOOPBACK) or die "bind: $!";
listen $deaf, 64 or die "listen: $!";
my ($deaf_port) = sockaddr_in(getsockname $deaf);

my ($https_port) = $t->{greeting} =~ m{^https://localhost:(\d+)/}m;
my %servers = (
	tls => "url 'https://localhost:$https_port', ca_file '" . $t->ca_file . "'",
	unanswered => "url 'http://127.0.0.1:$full_port', max_retries '0'",
	deaf => "url 'http://127.0.0.1:$deaf_port'",
	unresolved => "url 'http://hanging.example:80', max_retries '0'",
	unknown => "url 'https://unknown.example', max_retries '0'",
	large => "url '" . $t->url . "', max_response_size '1000GB'",
	patient => "url '" . $t->url . "', max_retries '100'",
	sign_in => "url '" . $t->url . "'");
foreach my $server (sort keys %servers)
{
	my $mapping = $server eq 'sign_in'
	  ? q{login 'robot@example.com', api_key 'main-key'}
	  : q{access_token 'main-token'};
	$t->sql(<<"SQL");
CREATE SERVER $server FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS ($servers{$server}, connect_timeout '30s', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER $server OPTIONS ($mapping);
CREATE SCHEMA $server;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER $server INTO $server;
SQL
}

my $observer = $t->session;

# ------------------------------------------------------------------------------
# Waits

my $insert = q{INSERT INTO catalogs (name) VALUES ('New list')};
my $update = q{UPDATE catalogs SET name = 'Other' WHERE id = 4223};
my $delete = q{DELETE FROM catalogs WHERE id = 4222};

# By the third request a lone transfer is waited for on its own socket.
my $kept = 'SELECT count(*) FROM catalogs;' x 3;

# name: what is waited for; fault: what makes it wait; requests: so many come
# before; sent: the rows of a POST that may have been carried out by then;
# commit: statement_timeout is off, since it is COMMIT that waits.
my @phases = (
	{
		name => 'resolving a name',
		skip => !$resolver,
		sql => 'SELECT * FROM unresolved.catalogs'
	},
	{ name => 'connecting', sql => 'SELECT * FROM unanswered.catalogs' },
	{
		name => 'shaking hands',
		fault => ['silent_accept'],
		sql => 'SELECT * FROM tls.catalogs'
	},
	{
		name => 'signing in',
		fault => [ 'silent', on => 'LOGIN' ],
		requests => 1,
		sql => 'SELECT * FROM sign_in.catalogs'
	},
	{
		name => 'waiting for a reply',
		fault => ['silent'],
		requests => 1,
		sql => 'SELECT * FROM catalogs'
	},
	{
		name => 'in the middle of a reply',
		fault => ['stall'],
		requests => 1,
		sql => 'SELECT * FROM catalogs'
	},
	{
		name => 'waiting over a connection in use before',
		fault => ['silent'],
		before => $kept,
		requests => 4,
		sql => 'SELECT * FROM catalogs'
	},
	{
		name => 'in the middle of a reply over one',
		fault => ['stall'],
		before => $kept,
		requests => 4,
		sql => 'SELECT * FROM catalogs'
	},
	{
		name => 'while a reply trickles in',
		fault => [ 'slow', ms => 20 ],
		requests => 1,
		sql => 'SELECT * FROM catalogs'
	},
	{
		name => 'in a flood of blanks',
		fault => [ 'huge' ],
		requests => 1,
		busy => 1,
		sql => 'SELECT * FROM large.catalogs'
	},
	{
		name => 'in a flood of rows',
		fault => [ 'huge', of => 'items' ],
		requests => 1,
		busy => 1,
		sql => 'SELECT count(*) FROM large.catalogs'
	},
	{
		name => 'in a reply over TLS',
		fault => ['stall'],
		requests => 1,
		sql => 'SELECT * FROM tls.catalogs'
	},
	{
		name => 'reading before an UPDATE',
		fault => [ 'silent', on => 'GET' ],
		requests => 1,
		sql => $update
	},
	{
		name => 'sending at COMMIT',
		sql => q{INSERT INTO deaf.catalogs (name)
			SELECT 'List ' || n || repeat('x', 100000)
			FROM generate_series(1, 100) n},
		commit => 1,
		sent => qr/add of lists "List 1x+\.\.\.", .*"List 50x+\.\.\."/
	},
	{
		name => 'waiting at COMMIT of an add',
		fault => [ 'silent', on => 'POST' ],
		requests => 1,
		sql => $insert,
		commit => 1,
		sent => qr/add of list "New list"/
	},
	{
		name => 'over a connection in use before, at COMMIT',
		fault => [ 'silent', on => 'POST' ],
		before => $kept,
		requests => 4,
		sql => $insert,
		commit => 1,
		sent => qr/add of list "New list"/
	},
	{
		name => 'waiting at COMMIT of an update',
		fault => [ 'silent', on => 'POST' ],
		requests => 2,
		sql => $update,
		commit => 1,
		sent => qr/update of list 4223/
	},
	{
		name => 'waiting at COMMIT of a delete',
		fault => [ 'silent', on => 'POST' ],
		requests => 2,
		sql => $delete,
		commit => 1,
		sent => qr/delete of list 4222/
	},
	{
		name => 'waiting at an explicit COMMIT',
		fault => [ 'stall', on => 'POST' ],
		requests => 1,
		before => "BEGIN; $insert",
		sql => 'COMMIT',
		commit => 1,
		sent => qr/add of list "New list"/
	},
	{
		name => 'waiting for what RETURNING returns',
		fault => [ 'silent', on => 'POST' ],
		requests => 1,
		sql => "$insert RETURNING id",
		sent => qr/add of list "New list"/
	},
	{
		# A GET may tell what became of an add whose reply was lost.
		name => 'after a lost reply to an add',
		fault => [ 'close_applied', on => 'POST' ],
		also => [ 'silent', on => 'GET' ],
		requests => 2,
		sql => $insert,
		commit => 1,
		sent => qr/add of list "New list"/
	},
	{
		# By now the pause is long.
		name => 'before an update is sent again',
		fault => [ 'close_after_request', on => 'POST' ],
		requests => 5,
		sql => q{UPDATE patient.catalogs SET name = 'Other' WHERE id = 4223},
		commit => 1,
		sent => qr/update of list 4223/
	},
	{
		name => 'connecting at COMMIT',
		sql => q{INSERT INTO unanswered.catalogs (name) VALUES ('New list')},
		commit => 1
	},
	{
		name => 'shaking hands at COMMIT',
		fault => ['silent_accept'],
		sql => q{INSERT INTO tls.catalogs (name) VALUES ('New list')},
		commit => 1
	},
	{
		name => 'signing in at COMMIT',
		fault => [ 'silent', on => 'LOGIN' ],
		requests => 1,
		sql => q{INSERT INTO sign_in.catalogs (name) VALUES ('New list')},
		commit => 1
	},
);

# Starts a statement that waits, and returns its session when it does.
sub start
{
	my ($phase) = @_;
	my $session = $t->session;
	my ($fault, @pairs) = @{ $phase->{fault} // [] };

	$t->reset;
	$session->query("\\set ON_ERROR_STOP 0\n\\set VERBOSITY verbose\n");
	my $pid = $session->query('SELECT pg_backend_pid()');
	$session->query($phase->{before}) if $phase->{before};
	$t->fault($fault, @pairs, times => 0) if $fault;
	$t->fault(@{ $phase->{also} }, times => 0) if $phase->{also};
	$session->{stderr} = '';
	$session->{stdin} .= "$phase->{sql};\n\\echo over\n\\warn over\n";
	$session->{run}->pump_nb;
	$t->emulator('wire', '--keep', '--wait', $phase->{requests})
	  if $phase->{requests};
	if ($phase->{busy})
	{
		usleep(200_000);
		return ($session, $pid);
	}
	for (1 .. 1000)
	{
		last
		  if $observer->query(
			"SELECT 1 FROM pg_stat_activity
				WHERE pid = $pid AND wait_event_type = 'Extension'");
		$session->{run}->pump_nb;
		usleep(10_000);
	}
	usleep(30_000);
	return ($session, $pid);
}

# Waits for the end of what start() has started; returns what psql said.
sub outcome
{
	my ($session) = @_;
	my $run = $session->{run};
	# It ends with both words, or with the connection.
	eval {
		$run->pump
		  until ($session->{stderr} =~ /^over$/m && $session->{stdout} =~ /^over$/m)
		  || $session->{stderr} =~ /connection to server was lost/;
	};
	return $session->{stderr};
}

sub gone
{
	my ($pid) = @_;
	my $start = time;
	usleep(1000) while kill(0, $pid) && time - $start < 10;
	return time - $start;
}

my $doubt = 'The account may have carried it out, or not:';

# The tests of one wait and one way to end it.
sub check
{
	my ($phase, $way, $elapsed, $said) = @_;
	my $name = "$phase->{name}, $way";
	my $sqlstate = $way eq 'terminate' ? '57P01' : '57014';

	push @waits, is_within($elapsed, $limit, "$name: ends at once");
	like($said, qr/(?:ERROR|FATAL):  $sqlstate:/, "$name: $sqlstate");
	return if $way eq 'terminate';
	if ($phase->{sent})
	{
		like($said, qr/WARNING:[^\n]*unknown\nDETAIL:  $doubt $phase->{sent}\.$/m,
			"$name: a request that was cut off is reported");
	}
	else
	{
		unlike($said, qr/WARNING/, "$name: nothing was sent, nothing is reported");
	}
	return;
}

foreach my $phase (@phases)
{
	SKIP:
	{
		skip 'no compiler for a resolver that hangs', 1 if $phase->{skip};
		my ($session, $pid, $start, $said);

		# A cancel
		($session, $pid) = start($phase);
		$start = time;
		$observer->query("SELECT pg_cancel_backend($pid)");
		$said = outcome($session);
		check($phase, 'cancel', time - $start, $said);

		# The session works after that ...
		$t->reset;
		$t->emulator('heal');
		$session->{stderr} = '';
		$session->{stdout} = '';
		is($session->query('SELECT count(*) FROM public.catalogs'),
			4, "$phase->{name}: the session works after a cancel");
		# ... and ends as usual.
		$session->quit;
		is_within(gone($pid), $limit, "$phase->{name}: and ends");

		# statement_timeout
		if (!$phase->{commit})
		{
			($session, $pid) = start(
				{
					%$phase,
					busy => 1,
					requests => 0,
					before => ($phase->{before} // '')
					  . "; SET statement_timeout = '300ms'"
				});
			$start = time - 0.2;    # as long as start() sleeps
			$said = outcome($session);
			check($phase, 'timeout', time - $start - 0.3, $said);
			like($said, qr/statement timeout/, "$phase->{name}: says why");
			$t->emulator('heal');
			$session->quit;
		}

		# A terminate
		($session, $pid) = start($phase);
		$start = time;
		$observer->query("SELECT pg_terminate_backend($pid)");
		$said = outcome($session);
		gone($pid);
		check($phase, 'terminate', time - $start, $said);
		$session->{run}->finish;
		if ($phase->{sent})
		{
			ok( $t->log =~ /\[$pid\] .*WARNING: .*unknown\n.*DETAIL:  $doubt $phase->{sent}\.\n/,
				"$phase->{name}, terminate: what was cut off is in the log");
		}
		else
		{
			ok($t->log !~ /\[$pid\] .*WARNING:/,
				"$phase->{name}, terminate: nothing is reported");
		}
	}
}

# ------------------------------------------------------------------------------
# Ctrl-C in psql is a cancel over another connection

foreach my $phase (grep { $_->{name} =~ /waiting for a reply|of an add/ } @phases)
{
	my ($session) = start($phase);
	my $start = time;
	$session->{run}->signal('INT');
	check($phase, 'Ctrl-C', time - $start, outcome($session));
	$session->quit;
}

# ------------------------------------------------------------------------------
# Time limits of our own

$t->emulator('heal');
SKIP:
{
	skip 'no compiler for a resolver that hangs', 8 if !$resolver;
	my $session = $t->session;
	$t->sql("ALTER SERVER unresolved OPTIONS (SET connect_timeout '200ms')");
	my $got = $t->try_in($session, 'SELECT * FROM unresolved.catalogs');
	is($got->{sqlstate}, '08001', 'resolving a name has a limit');
	is_within($got->{seconds}, $limit, 'and that is connect_timeout');
	# What is still being resolved holds nobody up.
	$t->sql("ALTER SERVER unresolved OPTIONS (SET connect_timeout '201ms')");
	$got = $t->try_in($session, 'SELECT * FROM unresolved.catalogs');
	is_within($got->{seconds}, $limit, 'nor does a second one take longer');
	my $pid = $session->query('SELECT pg_backend_pid()');
	# PostgreSQL's handlers are not made to run beside what they interrupt.
	my @blocked = map { slurp_file("$_/status") =~ /^SigBlk:\s*\w+(\w{8})$/m ? hex $1 : 0 }
	  grep { !m{/$pid$} } glob "/proc/$pid/task/*";
	# libcurl has some more of them, by its version.
	cmp_ok(scalar(@blocked), '>=', 2, 'two threads are still resolving');
	my @signals = map { 1 << $_ - 1 } SIGINT, SIGTERM, SIGALRM, SIGUSR1, SIGHUP;
	is(scalar(grep { my $mask = $_; grep { !($mask & $_) } @signals } @blocked),
		0, 'which take none of the signals that are meant for the backend');
	$session->quit;
	is_within(gone($pid), $limit, 'and the session ends at once');
	$t->fails_with('08001', qr/unknown\.example/, $_, "a name that nobody knows: $_")
	  foreach 'SELECT * FROM unknown.catalogs',
	  q(INSERT INTO unknown.catalogs (name) VALUES ('New list'));
}
$t->sql("ALTER SERVER unanswered OPTIONS (SET connect_timeout '200ms')");
my $got = $t->try_sql('SELECT * FROM unanswered.catalogs');
is($got->{sqlstate}, '08001', 'connecting has a limit');
is_within($got->{seconds}, $limit, 'and that is connect_timeout');

# statement_timeout is off at COMMIT; commit_timeout is not.
$t->sql("ALTER SERVER acme OPTIONS (ADD commit_timeout '300ms', ADD request_timeout '3s')");
$t->fault('silent', on => 'POST', times => 0);
$got = $t->try_sql($insert);
is($got->{sqlstate}, '08007', 'COMMIT has a limit');
like($got->{error}, qr/add of list "New list"/, 'after which the rows are named');
is_within($got->{seconds}, 0.3 + $limit, 'and that is commit_timeout');
# ... also when the account no longer says anything at all.
$t->fault('silent', times => 0);
$got = $t->try_sql($insert);
is($got->{sqlstate}, '08007', 'COMMIT has a limit when everything is silent');
is_within($got->{seconds}, 0.3 + $limit, 'and that is commit_timeout');
$t->emulator('heal');
# It is one for all that COMMIT sends.
$t->sql("ALTER SERVER acme OPTIONS (ADD batch_size '1', ADD undo 'false')");
$t->reset;
$t->set(delay_ms => 120);
$got = $t->try_sql("INSERT INTO catalogs (name)
	SELECT 'List ' || n FROM generate_series(1, 30) n");
like($got->{sqlstate}, qr/^0800[67]$/, 'COMMIT has one limit for all it sends');
is_within($got->{seconds}, 0.3 + $limit, 'however much that is');
my ($posts) = $t->wire('--count') =~ /^(\d+) POST/;
cmp_ok($posts, '<=', 4, 'and stops sending');
$t->sql("ALTER SERVER acme OPTIONS (DROP commit_timeout, DROP request_timeout,
	DROP batch_size, DROP undo)");

# ------------------------------------------------------------------------------
# The postmaster dies while backends wait

my (@sessions, @pids);
foreach my $phase (
	grep { $_->{name} =~ /^connecting$|of an add|waiting for a reply|^waiting over/ } @phases)
{
	my ($session, $pid) = start($phase);
	push @sessions, $session;
	push @pids, $pid;
}
is(scalar @pids, 4, 'four backends wait');
is(scalar(grep { kill 0, $_ } @pids), 4, '... and run');
my $start = time;
$t->node->kill9;
outcome($_) foreach @sessions;
is_within(time - $start, $limit, 'backends end with the postmaster');
foreach (@sessions, $observer)
{
	eval { $_->{run}->finish };
}
# Start again, so that nothing is left of the dead one: when all have gone.
$t->emulator('heal');
gone($_) foreach @pids;
for (1 .. 20)
{
	last if $t->node->start(fail_ok => 1);
	usleep(100_000);
}
is($t->sql('SELECT count(*) FROM catalogs'), 4, 'and the server starts again');

@waits = sort { $a <=> $b } @waits;
cmp_ok($waits[ @waits / 2 ], '<', $promise, 'a wait ends within 100 ms');
note sprintf '%d waits ended after a median of %.1f ms, %.1f ms at most',
  scalar @waits, 1000 * $waits[ @waits / 2 ], 1000 * $waits[-1];
done_testing();
