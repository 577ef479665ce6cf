# A transaction fails, is rolled back or loses its client after the account has
# accepted its changes: what was accepted is taken back, whatever ends the
# transaction, for as long as ten seconds; what could not be is named.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Stopwatch;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $t = CatalogsFdw::Test->new(table => 0);
# Nothing is sent again.
connect_to($t, $_, batch_size => 2, max_retries => 0) foreach qw(acme beta);
$t->sql('CREATE TABLE notes (n int UNIQUE DEFERRABLE INITIALLY DEFERRED,
	note text)');

my %at_first = map { $_ => "List $_" } 11 .. 14, 21, 31;
my @batches = (
	{ verb => 'update', rows => [ 11, 12 ] },
	{ verb => 'update', rows => [ 13, 14 ] },
	{ verb => 'add', rows => [ 'a', 'b' ] },
	{ verb => 'add', rows => [ 'c', 'd' ] });
my $changes = q{
	UPDATE acme.catalogs SET name = name || ' changed' WHERE id < 20;
	INSERT INTO acme.catalogs (name) VALUES ('a'), ('b'), ('c'), ('d');
	INSERT INTO notes VALUES (1, 'a'); };
my $flush = q{SELECT count(*) FROM catalogs_fdw_flush('acme')};

# What they end with when nothing comes in between, and when all is taken back.
my %committed = (
	(map { $_ => "List $_ changed" } 11 .. 14),
	(map { $_ => "List $_" } 21, 31),
	101 => 'a', 102 => 'b', 103 => 'c', 104 => 'd');
my $everything = foresee(\%at_first, \@batches)->{accepted};

my $observer = session();
my $got;

sub session { return CatalogsFdw::Session->new($t->node); }

# A session in a transaction whose changes the account has accepted.
sub flushed
{
	my $session = session();

	seed($t, acme => \%at_first, beta => \%at_first);
	$got = $session->ask("BEGIN; $changes $flush");
	is($got->{rows}[0][0], 8, 'sent early') or diag($got->{said});
	posts($t, 'acme');
	return $session;
}

# Waits for a backend's end, or until the time is up; whether it has ended.
sub has_ended
{
	my ($pid, $seconds) = @_;
	my $start = time;

	usleep(2000) while kill(0, $pid) && time - $start < $seconds;
	return !kill 0, $pid;
}

sub call_for
{
	my ($function, $session) = @_;
	$observer->ask("SELECT $function(" . $session->pid . ')');
	return;
}

# A test of three things: the account is as before, nothing was added for that, and
# nothing is left here.
sub is_taken_back
{
	my ($name) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply([ grep { /add/ } posts($t, 'acme') ], [], "$name: adds nothing");
	is_deeply(lists($t, 'acme'), \%at_first, "$name: the account is as before");
	is($observer->ask('SELECT count(*) FROM notes')->{rows}[0][0],
		0, "$name: and so is the table here");
	return;
}

# A test: a warning has named each difference of the account, no more than so many.
sub is_named
{
	my ($name, $remaining, $at_most, %unsure) = @_;
	my @wrong = wrong_remains(
		lists($t, 'acme'), \%at_first, $remaining, [],
		exactly => [],
		at_most => $at_most,
		%unsure);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(!@wrong, $name) or diag('wanted ', join "\n   and ", @wrong);
	return;
}

# ------------------------------------------------------------------------------
# An error after all was sent

# Two transactions each of which reads what the other changes.  The one that
# commits second is told when its changes are with the account already, and when it
# has warned of what remains of a savepoint: it says that once.
{
	my ($one, $two) = (session(), session());

	seed($t, acme => \%at_first);
	$t->sql('CREATE TABLE doctors (name text PRIMARY KEY, on_call bool);
		INSERT INTO doctors VALUES (\'one\', true), (\'two\', true)');
	foreach ([ $one, 'one' ], [ $two, 'two' ])
	{
		my ($session, $name) = @$_;
		$got = $session->ask("BEGIN ISOLATION LEVEL SERIALIZABLE;
			SELECT count(*) FROM doctors WHERE on_call");
		is($got->{rows}[0][0], 2, "write skew: $name sees two");
	}
	$got = $one->ask("UPDATE doctors SET on_call = false WHERE name = 'one';
		INSERT INTO acme.catalogs (name) VALUES ('one')");
	is($got->{sqlstate}, '', 'write skew: one changes its own')
	  or diag($got->{said});
	$got = $two->ask("UPDATE doctors SET on_call = false WHERE name = 'two';
		SAVEPOINT a; DELETE FROM acme.catalogs WHERE id = 31;
		$flush; ROLLBACK TO a; $changes");
	is($got->{sqlstate}, '', 'write skew: and so does two')
	  or diag($got->{said});
	is($one->ask('COMMIT')->{sqlstate}, '', 'write skew: one commits');
	is_deeply([ posts($t, 'acme') ], [ 'delete 31', 'add "one"' ],
		'write skew: sent');

	$got = $two->ask('COMMIT');
	is($got->{sqlstate}, '40001', 'write skew: two cannot be serialized');
	is(scalar @{ $got->{warnings} }, 1, 'write skew: what remains is said once')
	  or diag($got->{said});
	like($got->{said}, qr/remains: delete of list 31\./, '... and named');
	my @posts = posts($t, 'acme');
	is_deeply(
		[ @posts[ 0 .. $#batches ] ],
		[ map { request($_) } @batches ],
		'write skew: two was sent')
	  or diag(explain \@posts);
	my %kept = (%at_first, 101 => 'one');
	delete $kept{31};
	is_deeply(lists($t, 'acme'), \%kept, 'write skew: what one did stays');
	$got = $two->ask("BEGIN; $changes COMMIT");
	is($got->{sqlstate}, '', 'write skew: two tries again');
	is($t->sql(q{DELETE FROM notes; DELETE FROM doctors}), '', 'cleared');
	$_->quit foreach $one, $two;
}

# A constraint that is checked at COMMIT, when all was sent before.
{
	my $session = flushed();
	$session->ask("INSERT INTO notes VALUES (1, 'again')");
	$got = $session->ask('COMMIT');
	is($got->{sqlstate}, '23505', 'deferred constraint: COMMIT fails');
	is_deeply($got->{warnings}, [], 'deferred constraint: no warning');
	is_taken_back('deferred constraint');
	$session->quit;
}

# ------------------------------------------------------------------------------
# The transaction ends without a word from its client

my %ends = (
	'the client is gone' => sub { $_[0]->vanish },
	'the client says goodbye' => sub { $_[0]->quit },
	'pg_terminate_backend' => sub { call_for('pg_terminate_backend', $_[0]) },
	'idle_in_transaction_session_timeout' =>
	  sub { $_[0]->ask(q{SET idle_in_transaction_session_timeout = '50ms'}) },
	'a message that makes no sense' => sub { syswrite $_[0]{socket}, 'no' x 10 });
foreach my $name (sort keys %ends)
{
	my $session = flushed();
	$ends{$name}->($session);
	ok(has_ended($session->pid, 10), "$name: the backend ends");
	is_taken_back($name);
	is_deeply(warnings_of($t, $session->pid), [], "$name: nothing is left to report");
}

# The same when not all of it can be taken back: nobody is there to be warned, so
# it is in the log; the rest is taken back, and the backend leaves nothing behind.
foreach my $name (sort keys %ends)
{
	foreach my $fault ([ 'status', code => 403 ], ['close_after_request'])
	{
		my $title = "$name, then $fault->[0]";
		my $session = flushed();

		$t->fault(@$fault, on => 'POST');
		$ends{$name}->($session);
		ok(has_ended($session->pid, 10), "$title: the backend ends");
		# After a 403 nothing more is sent.
		my $remaining = remaining(warnings_of($t, $session->pid), 'acme');
		is_named("$title: the log has it", $remaining,
			$fault->[0] eq 'status' ? 99 : 2,
			unsure => $fault->[0] ne 'status');
		$got = $observer->ask(q{SET lock_timeout = '500ms';
			LOCK TABLE notes IN ACCESS EXCLUSIVE MODE; RESET lock_timeout});
		is($got->{sqlstate}, '', "$title: no lock is left behind")
		  or $t->node->restart, $observer = session();
	}
}

# The server is shut down.
{
	my $session = flushed();
	$t->node->stop('fast');
	is_deeply(lists($t, 'acme'), \%at_first,
		'fast shutdown: the account is as before');
	$t->node->start;
	$observer = session();
}

# ------------------------------------------------------------------------------
# The account is down when it is told to take back

my %ways = (
	'ROLLBACK' => 'ROLLBACK',
	'an error' => 'SELECT 1 / 0',
	'COMMIT, deferred constraint' => q{INSERT INTO notes VALUES (1, 'b'); COMMIT});
foreach my $way (sort keys %ways)
{
	my $session = flushed();
	my $name = "$way, the account is down";
	$t->fault('refuse');
	$got = $session->ask($ways{$way});
	is(!!$got->{sqlstate}, $way ne 'ROLLBACK', "$name: fails as without it");
	isnt($got->{sqlstate}, '08001', "$name: and for its own reason");
	is_deeply(remaining($got, 'acme'), $everything, "$name: what remains is named, by id");
	is_within($got->{seconds}, 10, "$name: and soon");
	$got = $session->ask('ROLLBACK');
	is($got->{status}, 'I', "$name: the transaction is over");
	is($session->ask('SELECT count(*) FROM notes')->{rows}[0][0],
		0, "$name: the session goes on");
	is_deeply(lists($t, 'acme'), \%committed, "$name: that is what stays");
	$t->emulator('heal');
	$got = $session->ask('BEGIN; DELETE FROM acme.catalogs WHERE id > 100; COMMIT');
	is($got->{sqlstate}, '', "$name: and reaches the account again");
	is(scalar(keys %{ lists($t, 'acme') }), 6, "$name: to put it right");
	$session->quit;
}

# It takes the request and says nothing: of all that there is to take back, in
# two accounts, each gets what is left of ten seconds.
{
	my $session = flushed();
	$session->ask(q{INSERT INTO beta.catalogs (name) VALUES ('a'), ('b'), ('c');
		SELECT catalogs_fdw_flush('beta')});
	posts($t, 'beta');
	$t->fault('silent', on => 'POST', times => 0);
	$got = $session->ask('ROLLBACK');
	my $posts = posts($t, qw(acme beta));
	cmp_ok(scalar(@{ $posts->{$_} }), '<=', 2, "silence: $_ is asked twice at most")
	  foreach qw(acme beta);
	is($got->{sqlstate}, '', 'silence: ROLLBACK does not fail');
	is_within($got->{seconds}, 11.5, 'silence: it lasts ten seconds in all');
	is_deeply(remaining($got, 'acme'), $everything, 'silence: what remains is named');
	is_deeply(remaining($got, 'beta'), [ map { "add $_" } 101 .. 103 ],
		'silence: for each account');
	$t->emulator('heal');
	$got = $session->ask('BEGIN; SELECT count(*) FROM acme.catalogs; COMMIT');
	is($got->{rows}[0][0], 10, 'silence: the session goes on');

	# The next abort has ten seconds of its own.
	seed($t, acme => \%at_first);
	$session->ask("BEGIN; $changes $flush");
	posts($t, 'acme');
	$got = $session->ask('ROLLBACK');
	is_deeply($got->{warnings}, [], 'silence: the next abort has its own time');
	is_taken_back('after silence');
	$session->quit;
}

# A request that hangs does not cost the others their turn, if it ends in time.
{
	my $session = flushed();
	$t->fault('hold', on => 'POST', nth => 2);
	$session->send('ROLLBACK');
	$t->emulator('wire', '--keep', '--wait', 2);
	usleep(1_000_000);
	ok(!$session->is_ready, 'a slow answer: is waited for');
	$t->emulator('heal');
	$got = $session->result;
	is_deeply($got->{warnings}, [], 'a slow answer: nothing stays');
	is_taken_back('a slow answer');
	$session->quit;
}

# ------------------------------------------------------------------------------
# Told to stop while it takes back: it does not

my %stops = (
	pg_cancel_backend => sub { call_for('pg_cancel_backend', $_[0]) },
	pg_terminate_backend => sub { call_for('pg_terminate_backend', $_[0]) },
	statement_timeout => sub { usleep(200_000) },
	'a client that is gone' => sub { $_[0]->vanish });
foreach my $stop (sort keys %stops)
{
	foreach my $way (sort keys %ways)
	{
		foreach my $n (1, 4)
		{
			my $session = flushed();
			my $name = "$stop during request $n that takes back, $way";

			$session->ask(q{SET statement_timeout = '150ms'})
			  if $stop eq 'statement_timeout';
			$t->fault('hold', on => 'POST', nth => $n);
			$session->send($ways{$way});
			$t->emulator('wire', '--keep', '--wait', $n);
			$stops{$stop}->($session);
			usleep(150_000);
			is(scalar(@{ [ $t->emulator('wire', '--keep') =~ /^POST/mg ] }),
				$n, "$name: it waits on");
			$t->emulator('heal');
			if ($stop =~ /terminate|gone/)
			{
				ok(has_ended($session->pid, 10), "$name: it ends after that");
				is_deeply(warnings_of($t, $session->pid), [], "$name: nothing stays");
			}
			else
			{
				$got = $session->result;
				is(!!$got->{sqlstate}, $way ne 'ROLLBACK',
					"$name: ends as without it")
				  or diag($got->{said});
				is_deeply($got->{warnings}, [], "$name: nothing stays");
				$got = $session->ask('ROLLBACK');
				is($got->{status}, 'I', "$name: the session goes on");
				$session->quit;
			}
			is_taken_back($name);
		}
	}
}

# ------------------------------------------------------------------------------
# What a warning says of rows whose fate is unknown.
sub in_doubt
{
	my ($rows) = @_;
	return "The account may have carried it out, or not: $rows.";
}

# A cancel during COMMIT: the request that waits is cut off, its rows are named, and
# what was accepted before is taken back.

foreach my $fault (qw(hold silent))
{
	foreach my $n (1 .. @batches)
	{
		my $session = session();
		my $name = "a cancel during batch $n of COMMIT, $fault";
		my $wanted = foresee(
			\%at_first, \@batches,
			failed => $n,
			applied => $fault eq 'hold');

		seed($t, acme => \%at_first);
		$session->ask("BEGIN; $changes");
		posts($t, 'acme');
		$t->fault($fault, on => 'POST', nth => $n);
		$session->send('COMMIT');
		$t->emulator('wire', '--keep', '--wait', $n);
		call_for('pg_cancel_backend', $session);
		$got = $session->result;
		is($got->{sqlstate}, '57014', "$name: 57014");
		is_deeply(
			[ map { "$_->{sqlstate} $_->{detail}" } @{ $got->{warnings} } ],
			[ '08007 ' . in_doubt(named($batches[ $n - 1 ])) ],
			"$name: its rows are named, as unknown");
		is($session->ask('SELECT 1')->{rows}[0][0],
			1, "$name: the session goes on");
		is_deeply([ (posts($t, 'acme'))[ 0 .. $n - 1 ] ],
			$wanted->{requests}, "$name: nothing more is sent");
		is_named("$name: those before are taken back", remaining($got, 'acme'), 2,
			unsure => 1);
		is($observer->ask('SELECT count(*) FROM notes')->{rows}[0][0],
			0, "$name: nothing is committed here");
		$session->quit;
	}
}

# A cancel while requests to two accounts are under way: both are named.
{
	my $session = session();
	seed($t, acme => \%at_first, beta => \%at_first);
	$session->ask(q{BEGIN; INSERT INTO acme.catalogs (name) VALUES ('a');
		INSERT INTO beta.catalogs (name) VALUES ('b')});
	$t->fault('hold', on => 'POST', times => 2);
	$session->send('COMMIT');
	$t->emulator('wire', '--keep', '--wait', 2);
	call_for('pg_cancel_backend', $session);
	$got = $session->result;
	is($got->{sqlstate}, '57014', 'cancel, two accounts: 57014');
	is_deeply([ sort map { $_->{detail} } @{ $got->{warnings} } ],
		[ map { in_doubt($_) } 'add of list "a"', 'add of list "b"' ],
		'cancel, two accounts: both are named');
	$session->quit;
}

# The client is gone during COMMIT: nobody notices, and it is carried through.
{
	my $session = session();
	seed($t, acme => \%at_first);
	$session->ask("BEGIN; $changes");
	posts($t, 'acme');
	$t->fault('hold', on => 'POST', nth => 2);
	$session->send('COMMIT');
	$t->emulator('wire', '--keep', '--wait', 2);
	$session->vanish;
	usleep(100_000);
	$t->emulator('heal');
	ok(has_ended($session->pid, 10), 'gone during COMMIT: the backend ends');
	is_deeply(lists($t, 'acme'), \%committed, 'gone during COMMIT: accepted there');
	is($observer->ask('SELECT count(*) FROM notes')->{rows}[0][0],
		1, 'gone during COMMIT: and committed here');
	$t->sql('DELETE FROM notes');
}

# ------------------------------------------------------------------------------
# statement_timeout while changes are sent early

{
	my $session = session();
	seed($t, acme => \%at_first);
	$session->ask("BEGIN; $changes SET statement_timeout = '300ms'");
	posts($t, 'acme');
	$t->fault('hold', on => 'POST', nth => 3);
	$got = $session->ask($flush);
	is($got->{sqlstate}, '57014', 'statement_timeout, early: 57014');
	is_deeply([ map { $_->{detail} } @{ $got->{warnings} } ],
		[ in_doubt('add of lists "a", "b"') ], 'statement_timeout, early: rows named');
	is_named('statement_timeout, early: those before are taken back at once',
		remaining($got, 'acme'), 2, unsure => 1);
	is($session->ask('ROLLBACK')->{status}, 'I', 'statement_timeout, early: over');
	$session->quit;
}

# ------------------------------------------------------------------------------
# The outcome of an early send is not known, and only a savepoint is rolled back

foreach my $fault (qw(close_applied close_after_request cut))
{
	# An add must not be sent again; without it, it is no COMMIT.
	my $session = session();
	my $name = "$fault, early, then ROLLBACK TO";

	seed($t, acme => \%at_first);
	$session->ask(q{BEGIN; INSERT INTO acme.catalogs (name) VALUES ('a'), ('b');
		INSERT INTO notes VALUES (1, 'a'); SAVEPOINT s});
	posts($t, 'acme');
	$t->fault($fault, on => 'POST');
	$got = $session->ask($flush);
	like($got->{error}{detail}, qr/or not: add of lists "a", "b"\.$/m,
		"$name: adds are named");
	$session->ask('ROLLBACK TO s');
	$got = $session->ask('COMMIT');
	is_added_once("$name: adds are not sent again", posts($t, 'acme'));
	like($got->{sqlstate}, qr/^(?:08007|HV00M)$/, "$name: COMMIT fails")
	  or diag($got->{said});
	is_deeply(
		lists($t, 'acme'),
		{
			%at_first, $fault eq 'close_after_request' ? () : (101 => 'a', 102 => 'b')
		},
		"$name: the account has what was named");
	is($observer->ask('SELECT count(*) FROM notes')->{rows}[0][0],
		0, "$name: and nothing is here");

	# Whoever does without them may go on.
	seed($t, acme => \%at_first);
	$session->ask(q{BEGIN; INSERT INTO acme.catalogs (name) VALUES ('a'), ('b');
		SAVEPOINT s});
	$t->fault($fault, on => 'POST');
	$session->ask($flush);
	$session->ask(q{ROLLBACK TO s; DELETE FROM acme.catalogs WHERE id IS NULL;
		INSERT INTO acme.catalogs (name) VALUES ('c')});
	posts($t, 'acme');
	$got = $session->ask('COMMIT');
	is($got->{sqlstate}, '', "$name, DELETE: COMMIT works") or diag($got->{said});
	is_deeply([ posts($t, 'acme') ], ['add "c"'], "$name, DELETE: the rest is sent");

	# An update may be sent again.
	seed($t, acme => \%at_first);
	$session->ask(q{BEGIN; UPDATE acme.catalogs SET name = 'x' WHERE id = 11;
		SAVEPOINT s});
	$t->fault($fault, on => 'POST');
	$got = $session->ask($flush);
	like($got->{error}{detail}, qr/or not: update of list 11\.$/m,
		"$name: an update is named");
	$session->ask('ROLLBACK TO s');
	$got = $session->ask('COMMIT');
	is($got->{sqlstate}, '', "$name: an update is sent again")
	  or diag($got->{said});
	is_deeply(lists($t, 'acme'), { %at_first, 11 => 'x' },
		"$name: the account has it");
	$session->quit;
}

# ------------------------------------------------------------------------------
# commit_timeout bounds what COMMIT sends, all of it; not what takes it back

{
	my $session = session();
	seed($t, acme => \%at_first);
	$t->sql("ALTER SERVER acme OPTIONS (ADD commit_timeout '500ms')");
	$session->ask("BEGIN; $changes");
	posts($t, 'acme');
	$t->set(delay_ms => 200);
	$got = $session->ask('COMMIT');
	$t->set(delay_ms => 0);
	my @posts = posts($t, 'acme');
	like($got->{sqlstate}, qr/^0800[67]$/, 'commit_timeout: COMMIT fails')
	  or diag($got->{said});
	cmp_ok(scalar(@posts), '<', 2 * @batches, 'commit_timeout: not all can be sent');
	is_deeply(
		[
			wrong_remains(
				lists($t, 'acme'), \%at_first, remaining($got, 'acme'), uncertain($got),
				exactly => [])
		],
		[], 'commit_timeout: what was accepted is taken back')
	  or diag($got->{said});
	is($session->ask('SELECT count(*) FROM notes')->{rows}[0][0],
		0, 'commit_timeout: the session goes on');

	# It begins anew with each COMMIT, and an early send has one, too.
	seed($t, acme => \%at_first);
	$got = $session->ask("BEGIN; $changes COMMIT");
	is($got->{sqlstate}, '', 'commit_timeout: begins anew');
	$t->sql('DELETE FROM notes');
	seed($t, acme => \%at_first);
	$t->set(delay_ms => 200);
	$got = $session->ask("BEGIN; $changes $flush");
	like($got->{sqlstate}, qr/^0800[67]$/, 'commit_timeout: an early send has one');
	$session->ask('ROLLBACK');
	$session->quit;
}

$observer->quit;
done_testing();
