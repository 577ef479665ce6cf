# A backend, or the account, dies while a transaction is sent.  The promise runs
# one way: what is committed here was accepted there.  What a backend that is dead
# had sent stays in the account, and nothing else does.

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
my $state = "$PostgreSQL::Test::Utils::tmp_check/state.json";
my $t = CatalogsFdw::Test->new(
	table => 0,
	conf => 'restart_after_crash = on',
	emulator => [ '--state', $state, '--no-https' ]);
connect_to($t, 'acme', batch_size => 2);
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

# Waits until the server, which has lost a backend, takes sessions again.
sub wait_for_recovery
{
	my $start = time;
	while (time - $start < 60)
	{
		my $session = eval { session() };
		if ($session)
		{
			# One that the postmaster is about to end does not count.
			my $answer = eval { $session->ask('SELECT 1') };
			$session->quit;
			return 1 if $answer && !$answer->{lost} && !$answer->{sqlstate};
		}
		usleep(20_000);
	}
	die 'the server does not come back';
}

# The account after the first N batches, all of which stay.
sub after_batches
{
	my ($n) = @_;
	my %lists = %at_first;
	my $next_id = 101;
	foreach my $batch (@batches[ 0 .. $n - 1 ])
	{
		foreach my $row (@{ $batch->{rows} })
		{
			$lists{$row} .= ' changed' if $batch->{verb} eq 'update';
			$lists{ $next_id++ } = $row if $batch->{verb} eq 'add';
			delete $lists{$row} if $batch->{verb} eq 'delete';
		}
	}
	return \%lists;
}

# What a warning calls batches that stay.
sub names_of
{
	my $next_id = 101;
	my @names;
	foreach my $batch (@_)
	{
		my @rows = @{ $batch->{rows} };
		@rows = map { $next_id++ } @rows if $batch->{verb} eq 'add';
		push @names, named({ verb => $batch->{verb}, rows => \@rows });
	}
	return @names;
}

# ------------------------------------------------------------------------------
# A backend is killed while a batch is on its way; after the last, it has yet to
# commit.

foreach my $fault (qw(silent hold))
{
	foreach my $n ($fault eq 'hold' ? 1 .. @batches : 2)
	{
		my $session = session();
		my $name = "a backend dies in batch $n, $fault";

		seed($t, acme => \%at_first);
		$session->ask("BEGIN; $changes");
		posts($t, 'acme');
		$t->fault($fault, on => 'POST', nth => $n);
		$session->send('COMMIT');
		$t->emulator('wire', '--keep', '--wait', $n);
		kill 'KILL', $session->pid;
		$got = $session->result;
		ok($got->{lost}, "$name: it is dead");
		wait_for_recovery();
		is($t->sql('SELECT count(*) FROM notes'), 0, "$name: not committed here");
		is_deeply(
			[ posts($t, 'acme') ],
			[ map { request($_) } @batches[ 0 .. $n - 1 ] ],
			"$name: nothing is sent after that");
		is_deeply(
			lists($t, 'acme'),
			after_batches($fault eq 'hold' ? $n : $n - 1),
			"$name: what was sent stays");
		$t->emulator('heal');
		$session = session();
		seed($t, acme => \%at_first);
		$got = $session->ask("BEGIN; $changes COMMIT");
		is($got->{sqlstate}, '', "$name: the next transaction works");
		is_deeply(lists($t, 'acme'), after_batches(5), "$name: and is whole");
		is($t->sql('DELETE FROM notes RETURNING note'), 'a', "$name: in both");
		$session->quit;
	}
}

# After an early send, in the middle of a transaction.
{
	my $session = session();
	seed($t, acme => \%at_first);
	$session->ask("BEGIN; $changes SELECT catalogs_fdw_flush('acme');
		INSERT INTO acme.catalogs (name) VALUES ('never sent')");
	kill 'KILL', $session->pid;
	$session->result(5);
	wait_for_recovery();
	is_deeply(lists($t, 'acme'), after_batches(5),
		'a backend dies after an early send: that stays');
	is($t->sql('SELECT count(*) FROM notes'), 0, '... and nothing is here');
}

# Another backend's death takes all sessions with it: one that is sending stops.
{
	my ($session, $other) = (session(), session());
	seed($t, acme => \%at_first);
	$session->ask("BEGIN; $changes");
	posts($t, 'acme');
	$t->fault('silent', on => 'POST', nth => 3);
	$session->send('COMMIT');
	$t->emulator('wire', '--keep', '--wait', 3);
	kill 'KILL', $other->pid;
	$got = $session->result;
	ok($got->{lost}, "another backend's death ends it");
	wait_for_recovery();
	is_deeply(lists($t, 'acme'), after_batches(2), '... what was sent stays');
	is($t->sql('SELECT count(*) FROM notes'), 0, '... and nothing is here');
}

# ------------------------------------------------------------------------------
# At any moment: what is committed here was accepted there, wholly.

{
	my $transactions = 0;
	my $killed = 0;

	seed($t, acme => \%at_first);
	my $rounds = 10;

	srand 20;
	foreach my $round (1 .. $rounds)
	{
		my $session = session();
		my $pid = $session->pid;
		my $wait = 0.001 + rand 0.08;

		my $killer = fork // die "fork: $!";
		if ($killer == 0)
		{
			usleep(1_000_000 * $wait);
			kill 'KILL', $pid;
			# Not exit(), which would end what the test has started.
			POSIX::_exit(0);
		}
		for (;;)
		{
			$transactions++;
			my $name = "$round-$transactions";
			$got = $session->ask("BEGIN; INSERT INTO acme.catalogs (name)
				SELECT '$name/' || n FROM generate_series(1, 5) n;
				INSERT INTO notes VALUES ('$name'); COMMIT");
			last if $got->{lost} || $got->{sqlstate};
		}
		waitpid $killer, 0;
		$killed++ if $got->{lost};
		wait_for_recovery();
	}
	is($killed, $rounds, 'backends died');
	my %there;
	$there{ s/\/.*//r }++ foreach grep { /\// } values %{ lists($t, 'acme') };
	my @here = split /\n/, $t->sql('SELECT note FROM notes');
	my %here = map { $_ => 1 } @here;
	my @lacking = grep { ($there{$_} // 0) != 5 } @here;
	my @beyond = grep { !$here{$_} } sort keys %there;
	is_deeply(\@lacking, [], 'what is committed here was accepted there');
	cmp_ok(scalar @beyond, '<=', $rounds,
		'beyond that there is at most what a dead backend had sent');
	cmp_ok(scalar @here, '>=', $transactions - $rounds,
		'what was confirmed to the client is here');
	note sprintf '%d transactions, %d committed, %d there in part or whole but not here',
	  $transactions, scalar @here, scalar @beyond;
	$t->sql('DELETE FROM notes');
}

# ------------------------------------------------------------------------------
# The emulator is killed, and comes back with what it had

my ($port) = $t->url =~ /:(\d+)$/;

sub kill_emulator
{
	my $process = delete $t->{process};
	$process->signal('KILL');
	eval { $process->finish };
	return;
}

sub start_emulator
{
	push @{ $t->{emulator} }, '--port', $port if "@{ $t->{emulator} }" !~ /port/;
	$t->_start_emulator;
	return;
}

foreach my $fault (qw(silent hold))
{
	foreach my $n ($fault eq 'hold' ? 1 .. @batches : 2)
	{
		my $session = session();
		my $name = "the account dies in batch $n, $fault";
		my $batch = $batches[ $n - 1 ];
		my $rows = named($batch);

		seed($t, acme => \%at_first);
		$session->ask("BEGIN; $changes");
		posts($t, 'acme');
		$t->fault($fault, on => 'POST', nth => $n);
		$session->send('COMMIT');
		$t->emulator('wire', '--keep', '--wait', $n);
		# The answer to this comes when what was received is carried out.
		lists($t, 'acme');
		kill_emulator();
		$got = $session->result;
		is($got->{sqlstate}, '08007', "$name: the outcome is not known")
		  or diag($got->{said});
		like($got->{error}{detail}, qr/or not: \Q$rows\E\.$/m,
			"$name: its rows are named");
		is_deeply(
			warned($got),
			[ reverse names_of(@batches[ 0 .. $n - 2 ]) ],
			"$name: what was accepted before is named");
		is($session->ask('SELECT count(*) FROM notes')->{rows}[0][0],
			0, "$name: not committed here");
		start_emulator();
		is_deeply(
			lists($t, 'acme'),
			after_batches($fault eq 'hold' ? $n : $n - 1),
			"$name: and that is what there is");
		seed($t, acme => \%at_first);
		$got = $session->ask("BEGIN; $changes COMMIT");
		is($got->{sqlstate}, '', "$name: the session goes on")
		  or diag($got->{said});
		is_deeply(lists($t, 'acme'), after_batches(5), "$name: and works");
		$t->sql('DELETE FROM notes');
		$session->quit;
	}
}

# Between an early send and the end of the transaction.
foreach my $end (qw(ROLLBACK COMMIT))
{
	foreach my $back (0, 1)
	{
		my $session = session();
		my $name = "the account dies after an early send"
		  . ($back ? ' and comes back' : '') . ", $end";

		seed($t, acme => \%at_first);
		$got = $session->ask(
			q{BEGIN; INSERT INTO acme.catalogs (name) VALUES ('a') RETURNING id;
			UPDATE acme.catalogs SET name = 'x' WHERE id = 11});
		is($got->{rows}[0][0], 101, "$name: sent");
		kill_emulator();
		start_emulator() if $back;
		$got = $session->ask($end);
		if (!$back && $end eq 'COMMIT')
		{
			is($got->{sqlstate}, '08001', "$name: fails");
		}
		else
		{
			is($got->{sqlstate}, '', "$name: does not fail")
			  or diag($got->{said});
		}
		is_deeply(warned($got), $back ? [] : ['add of list 101'],
			"$name: what stays is named");
		start_emulator() if !$back;
		my %lists = (
			%at_first,
			$back && $end eq 'COMMIT' ? (11 => 'x') : (),
			!$back || $end eq 'COMMIT' ? (101 => 'a') : ());
		is_deeply(lists($t, 'acme'), \%lists, "$name: the account");
		$session->quit;
	}
}

done_testing();
