# A backend, the server or the account dies while a transaction is sent.  The
# promise runs one way: what is committed here was accepted there.  What a backend
# that is dead had sent stays in the account, and nothing else does; nothing is
# added twice; the server comes back, and so does the session that has lost its
# account.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

# An account that outlives its emulator.
my $state = "$PostgreSQL::Test::Utils::tmp_check/crash_state.json";
my $t = CatalogsFdw::Test->new(
	table => 0,
	conf => 'restart_after_crash = on',
	emulator => [ '--state', $state, '--no-https' ]);
# What cannot be reached is not tried again.
connect_to($t, 'acme', batch_size => 2, max_retries => 0);
$t->sql('CREATE TABLE notes (note text)');

my %at_first = map { $_ => "List $_" } 11 .. 14, 21, 31;
my @batches = (
	{ verb => 'update', rows => [ 11, 12 ] },
	{ verb => 'update', rows => [ 13, 14 ] },
	{ verb => 'add', rows => [ 'a', 'b' ] },
	{ verb => 'add', rows => [ 'c', 'd' ] },
	{ verb => 'delete', rows => [21] });
my $changes = q{
	UPDATE acme.catalogs SET name = name || ' changed' WHERE id < 20;
	INSERT INTO acme.catalogs (name) VALUES ('a'), ('b'), ('c'), ('d');
	DELETE FROM acme.catalogs WHERE id = 21;
	INSERT INTO notes VALUES ('a'); };
my $got;

sub session { return CatalogsFdw::Session->new($t->node); }

# The first column of what the server answers to somebody else.
sub here
{
	my ($sql) = @_;
	my $session = session();
	my $answer = $session->ask($sql);

	$session->quit;
	die $answer->{said} if $answer->{sqlstate};
	return map { $_->[0] } @{ $answer->{rows} };
}

# How many notes are here.
sub notes { return (here('SELECT count(*) FROM notes'))[0]; }

# A session in the COMMIT of all that, whose N-th batch meets a fault.
sub committing
{
	my ($n, $fault) = @_;
	my $session = session();

	seed($t, acme => \%at_first);
	$session->ask("BEGIN; $changes");
	posts($t, 'acme');
	$t->fault($fault, on => 'POST', nth => $n);
	$session->send('COMMIT');
	$t->emulator('wire', '--keep', '--wait', $n);
	# The answer to this comes when what was received is carried out.
	lists($t, 'acme');
	return $session;
}

# How often the server has begun to take sessions.
sub times_ready
{
	my $times = () = $t->log =~ /ready to accept connections/g;
	return $times;
}

# Ends a backend as a crash does.
my $times_before;

sub crash
{
	my ($pid) = @_;
	$times_before = times_ready();
	kill 'KILL', $pid;
	return;
}

# Waits until the server takes sessions again after that.  Before it has noticed, it
# still answers some.
sub wait_for_recovery
{
	my $start = time;
	while (time - $start < $PostgreSQL::Test::Utils::timeout_default)
	{
		return if times_ready() > $times_before;
		usleep(20_000);
	}
	die 'the server does not come back';
}

# The account when the first N batches stay in it.
sub after_batches
{
	my ($n) = @_;
	return foresee(\%at_first, [ @batches[ 0 .. $n - 1 ] ])->{lists};
}

# Tests that the transaction is not committed here, and that the account was sent
# the first batches, so many, and holds what the first, so many, make of it.
sub stays
{
	my ($name, $sent, $accepted) = @_;
	my @posts = posts($t, 'acme');

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(notes(), 0, "$name: not committed here");
	is_deeply(\@posts, [ map { request($_) } @batches[ 0 .. $sent - 1 ] ],
		"$name: nothing is sent after that");
	is_deeply(lists($t, 'acme'), after_batches($accepted),
		"$name: what was accepted stays");
	return;
}

# A test: a session can do all of it, and nobody stands in its way.
sub works
{
	my ($name, $session) = @_;

	seed($t, acme => \%at_first);
	$got = $session->ask("SET lock_timeout = '5s'; BEGIN;
		LOCK TABLE notes IN ACCESS EXCLUSIVE MODE; $changes COMMIT");
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok( $got->{sqlstate} eq ''
		  && eq_hash(lists($t, 'acme'), after_batches(5))
		  && "@{ [ here('DELETE FROM notes RETURNING note') ] }" eq 'a',
		"$name: the next transaction works, here and there")
	  or diag($got->{said});
	$session->quit;
	return;
}

# ------------------------------------------------------------------------------
# A backend is killed: while a batch is on its way, carried out or not, or between
# two; after the last, it has yet to commit.

foreach my $way (qw(silent hold between))
{
	foreach my $n ($way eq 'hold' ? 1 .. @batches : (2, 5))
	{
		my $name = "a backend dies, $way, batch $n";
		my $session = committing($n, $way eq 'silent' ? 'silent' : 'hold');

		halt($t, $session, $n) if $way eq 'between';
		crash($session->pid);
		$got = $session->result;
		ok($got->{lost}, "$name: it is dead");
		wait_for_recovery();
		stays($name, $n, $way eq 'silent' ? $n - 1 : $n);
		$t->emulator('heal');
		works($name, session());
	}
}

# After an early send, in the middle of a transaction.
{
	my $session = session();
	seed($t, acme => \%at_first);
	$session->ask("BEGIN; $changes");
	posts($t, 'acme');
	$session->ask("SELECT catalogs_fdw_flush('acme');
		INSERT INTO acme.catalogs (name) VALUES ('never sent')");
	crash($session->pid);
	$session->result;
	wait_for_recovery();
	stays('a backend dies after an early send', 5, 5);
}

# Another backend's death takes all sessions with it: one that is sending stops.
{
	my $session = committing(3, 'silent');
	my $other = session();
	crash($other->pid);
	$got = $session->result;
	ok($got->{lost}, "another backend's death ends it");
	wait_for_recovery();
	stays('another backend dies', 3, 2);
}

# The server is stopped at once.
foreach my $n (1, 3, 5)
{
	my $name = "immediate stop, batch $n";
	my $session = committing($n, 'hold');

	$t->node->stop('immediate');
	$got = $session->result;
	ok($got->{lost} || $got->{sqlstate}, "$name: the session ends");
	$t->node->start;
	stays($name, $n, $n);
	$t->emulator('heal');
	works($name, session());
}

# At any moment: what is committed here was accepted there, wholly.
{
	my ($rounds, $transactions) = (6, 0);

	seed($t, acme => \%at_first);
	srand 20;
	foreach my $round (1 .. $rounds)
	{
		my $session = session();
		my $pid = $session->pid;
		my $wait = 0.001 + rand 0.08;

		$times_before = times_ready();
		my $killer = fork // die "fork: $!";
		if ($killer == 0)
		{
			usleep(1_000_000 * $wait);
			kill 'KILL', $pid;
			# Not exit(), which would end what the test has started.
			POSIX::_exit(0);
		}
		do
		{
			$transactions++;
			my $name = "$round-$transactions";
			$got = $session->ask("BEGIN; INSERT INTO acme.catalogs (name)
				SELECT '$name/' || n FROM generate_series(1, 5) n;
				INSERT INTO notes VALUES ('$name'); COMMIT");
		} until $got->{lost} || $got->{sqlstate};
		waitpid $killer, 0;
		wait_for_recovery();
	}
	my %there;
	my %times;
	my @names = grep { /\// } values %{ lists($t, 'acme') };
	$times{$_}++ foreach @names;
	$there{ s/\/.*//r }++ foreach @names;
	my @here = here('SELECT note FROM notes');
	my %here = map { $_ => 1 } @here;
	my @beyond = grep { !$here{$_} } sort keys %there;
	is_deeply([ grep { ($there{$_} // 0) != 5 } @here ],
		[], 'what is committed here was accepted there');
	is_deeply([ grep { $times{$_} > 1 } sort keys %times ],
		[], 'nothing was added twice');
	cmp_ok(scalar @beyond, '<=', $rounds,
		'beyond that there is at most what a dead backend had sent');
	cmp_ok(scalar @here, '>=', $transactions - $rounds,
		'what was confirmed to the client is here');
	note sprintf '%d transactions, %d committed, %d of the others in the account',
	  $transactions, scalar @here, scalar @beyond;
	here('DELETE FROM notes');
}

# ------------------------------------------------------------------------------
# A backend is told to stop: that takes time enough to take back what was accepted,
# and to name in the log what it does not know of.

# Waits for a backend's end, or until the time is up; whether it has ended.
sub has_ended
{
	my ($pid, $seconds) = @_;
	my $start = time;

	usleep(2000) while kill(0, $pid) && time - $start < $seconds;
	return !kill 0, $pid;
}

foreach my $fault (qw(silent hold))
{
	foreach my $n (1 .. @batches)
	{
		my $name = "pg_terminate_backend, $fault, batch $n";
		my $session = committing($n, $fault);
		my $wanted = foresee(
			\%at_first, \@batches,
			failed => $n,
			applied => $fault eq 'hold');

		here('SELECT pg_terminate_backend(' . $session->pid . ')');
		$got = $session->result;
		is($got->{sqlstate}, '57P01', "$name: 57P01");
		ok(has_ended($session->pid, 10), "$name: the backend ends");
		my $named = remaining(warnings_of($t, $session->pid), 'acme');
		# Who has been told to stop does not wait for the account once more.
		my @unknown = named_rows(named($batches[ $n - 1 ]));
		is_deeply($named, [ sort @{ $wanted->{deleted} }, @unknown ],
			"$name: what nobody knows of is in the log");
		is_deeply(
			[ wrong_remains(lists($t, 'acme'), \%at_first, $named, [], unsure => 1) ],
			[], "$name: those before are taken back");
		is(notes(), 0, "$name: not committed here");
		$t->emulator('heal');
	}
}
works('pg_terminate_backend', session());

# ------------------------------------------------------------------------------
# The emulator is killed, and comes back with what it had

sub kill_emulator
{
	my $process = delete $t->{process};
	$process->signal('KILL');
	eval { $process->finish };
	return;
}

# At the same port, or at another one.
sub start_emulator
{
	my ($port) = @_;
	local $t->{emulator} = [ @{ $t->{emulator} }, $port ? ('--port', $port) : () ];
	$t->_start_emulator;
	return;
}

# The rows of the first N batches, for a warning to name.
sub rows_of
{
	my ($n) = @_;
	return foresee(\%at_first, [ @batches[ 0 .. $n - 1 ] ])->{accepted};
}

foreach my $way (qw(silent hold between))
{
	foreach my $n ($way eq 'silent' ? 2 : 1 .. @batches)
	{
		my $name = "the account dies, $way, batch $n";
		my $session = committing($n, $way eq 'silent' ? 'silent' : 'hold');
		my ($port) = $t->url =~ /:(\d+)$/;
		my $moves = $n == 2;

		if ($way eq 'between')
		{
			halt($t, $session, $n);
			kill_emulator();
			$got = go_on($session);
		}
		else
		{
			kill_emulator();
			$got = $session->result;
		}
		start_emulator($moves ? 0 : $port);
		is_deeply(
			lists($t, 'acme'),
			after_batches($way eq 'silent' ? $n - 1 : $n),
			"$name: that is what there is");
		if ($way eq 'between' && $n == @batches)
		{
			is($got->{sqlstate}, '', "$name: all was accepted");
			is_deeply([ here('DELETE FROM notes RETURNING note') ],
				['a'], "$name: and is committed here");
			works($name, $session);
			next;
		}
		if ($way eq 'between')
		{
			is($got->{sqlstate}, '08001', "$name: nothing more goes out")
			  or diag($got->{said});
			is_deeply(remaining($got, 'acme'), rows_of($n),
				"$name: what was accepted before is named");
		}
		else
		{
			my $rows = named($batches[ $n - 1 ]);
			is($got->{sqlstate}, '08007', "$name: the outcome is not known")
			  or diag($got->{said});
			like($got->{error}{detail} // '', qr/or not: \Q$rows\E\.$/m,
				"$name: its rows are named");
			is_deeply(remaining($got, 'acme'), rows_of($n - 1),
				"$name: what was accepted before is named");
		}
		is(notes(), 0, "$name: not committed here");
		if ($moves)
		{
			my $url = $t->url =~ s/127\.0\.0\.1/acme.localhost/r;
			here("ALTER SERVER acme OPTIONS (SET url '$url')");
		}
		works($name . ($moves ? ', and moves' : ''), $session);
	}
}

# Between an early send and the end of the transaction.
foreach my $end (qw(ROLLBACK COMMIT))
{
	foreach my $back (0, 1)
	{
		my $session = session();
		my ($port) = $t->url =~ /:(\d+)$/;
		my $name = 'the account dies after an early send'
		  . ($back ? ' and comes back' : '') . ", $end";

		seed($t, acme => \%at_first);
		$got = $session->ask(
			q{BEGIN; INSERT INTO acme.catalogs (name) VALUES ('a') RETURNING id;
			UPDATE acme.catalogs SET name = 'x' WHERE id = 11});
		is($got->{rows}[0][0], 101, "$name: sent");
		kill_emulator();
		start_emulator($port) if $back;
		$got = $session->ask($end);
		is($got->{sqlstate}, $back || $end eq 'ROLLBACK' ? '' : '08001',
			"$name: fails if it must")
		  or diag($got->{said});
		is_deeply(remaining($got, 'acme'), $back ? [] : ['add 101'],
			"$name: what stays is named");
		start_emulator($port) if !$back;
		my %lists = (
			%at_first,
			$back && $end eq 'COMMIT' ? (11 => 'x') : (),
			!$back || $end eq 'COMMIT' ? (101 => 'a') : ());
		is_deeply(lists($t, 'acme'), \%lists, "$name: the account");
		$session->quit;
	}
}

done_testing();
