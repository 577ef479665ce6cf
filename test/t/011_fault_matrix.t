# A request of a transaction fails: the first, the second or the last batch of a
# verb; before it arrives, before or after it is carried out, or in the middle of
# its reply; at one of two accounts, or while changes are taken back.  The account
# is as before but for what the error or a warning names, nothing is added twice,
# and the session goes on.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;

my $t = CatalogsFdw::Test->new(table => 0);
# At first nothing is sent again.
connect_to($t, $_, batch_size => 2, max_retries => 0) foreach qw(acme beta);
my $session = CatalogsFdw::Session->new($t->node);

# ------------------------------------------------------------------------------
# The transaction

# What an account holds at first: lists that it updates, lists that it deletes,
# and lists that are not its business.
my %at_first = map { $_ => "List $_" } 11 .. 15, 21 .. 25, 31, 32;

# Its batches, in the order in which they go out.
my @batches = (
	{ verb => 'update', rows => [ 11, 12 ] },
	{ verb => 'update', rows => [ 13, 14 ] },
	{ verb => 'update', rows => [15] },
	{ verb => 'add', rows => [ 'a', 'b' ] },
	{ verb => 'add', rows => [ 'c', 'd' ] },
	{ verb => 'add', rows => ['e'] },
	{ verb => 'delete', rows => [ 21, 22 ] },
	{ verb => 'delete', rows => [ 23, 24 ] },
	{ verb => 'delete', rows => [25] });
my @undone = grep { $_->{verb} ne 'delete' } @batches;
my $undone_rows = map { @{ $_->{rows} } } @undone;
my %rank = (update => 1, add => 2, delete => 3);

# One batch a verb: what the other account of the transaction gets.
my @side = @batches[ 2, 5, 8 ];

# The statements that make batches, those that come last first.
sub statements
{
	my ($account, @made) = @_;
	my %rows = map { $_ => [] } keys %rank;
	my $statements = '';

	push @{ $rows{ $_->{verb} } }, @{ $_->{rows} } foreach @made;
	my ($ids, $doomed) = map { join ', ', @{ $rows{$_} } } qw(update delete);
	my $values = join ', ', map { "('$_')" } @{ $rows{add} };
	$statements .= "DELETE FROM $account.catalogs WHERE id IN ($doomed);" if $doomed;
	$statements .= "INSERT INTO $account.catalogs (name) VALUES $values;" if $values;
	$statements .= "UPDATE $account.catalogs SET name = name || ' changed'
		WHERE id IN ($ids);"
	  if $ids;
	return $statements;
}

# ------------------------------------------------------------------------------
# What can go wrong with a request, and what then is to be said

# error: the SQLSTATE, the message, of which %s is what was to be done, and what its
# detail begins with; maybe: the rows are named as those that may have been carried
# out; again: an update or delete can be sent again.
my $failed = 'could not %s on server "SERVER"';
my $lost = [ '08007', 'outcome of the request to %s on server "SERVER" is unknown' ];
my %classes = (
	unsent => {
		error => [ '08001', $failed, 'The account could not be reached.' ]
	},
	lost => { error => $lost, maybe => 1, again => 1 },
	unreadable => {
		error => [ 'HV00M', $failed, 'The reply names no lists.' ],
		maybe => 1,
		again => 1
	},
	broken => {
		error => [ 'HV000', $failed, 'The account had an internal error.' ],
		error_of_add => $lost,
		maybe => 1,
		again => 1
	},
	unavailable => {
		error => [ 'HV000', $failed, 'The account is not available.' ],
		error_of_add => $lost,
		maybe => 1,
		again => 1
	},
	refused => {
		error => [ 'HV000', $failed, 'The account found the request invalid.' ]
	},
	denied => {
		error => [ '42501', $failed, 'The user has no right to do this.' ]
	},
	row => {
		error => [ 'HV000', $failed, 'The account refused it.' ]
	},
	busy => {
		error => [ '53400', $failed, 'There were too many requests.' ]
	});

# applied: it is carried out all the same; unseen: the ledger does not have it;
# waits: it ends with a timeout.
my @faults = (
	# before it arrives
	{ words => ['close_before'], class => 'lost', unseen => 1 },
	# read, and not carried out
	{ words => ['close_after_request'], class => 'lost' },
	{ words => ['reset'], class => 'lost' },
	{ words => ['silent'], class => 'lost', waits => 1 },
	# carried out, and no reply
	{ words => ['close_applied'], class => 'lost', applied => 1 },
	{ words => [ 'reset', apply => 'yes' ], class => 'lost', applied => 1 },
	{
		words => [ 'silent', apply => 'yes' ],
		class => 'lost',
		applied => 1,
		waits => 1
	},
	# in the middle of the reply
	{ words => ['close_headers'], class => 'lost', applied => 1 },
	{ words => ['close_middle'], class => 'lost', applied => 1 },
	{ words => ['stall'], class => 'lost', applied => 1, waits => 1 },
	{ words => ['garbage'], class => 'lost' },
	{ words => [ 'garbage', apply => 'yes' ], class => 'lost', applied => 1 },
	{ words => ['cut'], class => 'unreadable', applied => 1 },
	{ words => ['garbage_body'], class => 'unreadable' },
	# a reply
	{ words => [ 'status', code => 500 ], class => 'broken' },
	{
		words => [ 'status', code => 500, apply => 'yes' ],
		class => 'broken',
		applied => 1
	},
	{ words => [ 'status', code => 503 ], class => 'unavailable' },
	{
		words => [ 'status', code => 503, apply => 'yes' ],
		class => 'unavailable',
		applied => 1
	},
	{ words => [ 'status', code => 400 ], class => 'refused' },
	{ words => [ 'status', code => 429 ], class => 'busy' },
	{ words => ['error_200'], class => 'denied' });
my ($refusal) = grep { $_->{class} eq 'refused' } @faults;
my @prompt = grep { !$_->{waits} } @faults;
my @waiting = grep { $_->{waits} } @faults;
my @passing = grep { $classes{ $_->{class} }{again} } @prompt;

# How long COMMIT may take, on a machine that has other things to do as well.
our $limit = 5;

sub title
{
	my ($fault) = @_;
	return "@{ $fault->{words} }" =~ s/ apply yes/, but done/r;
}

# For foresee().
sub strikes
{
	my ($n, $fault) = @_;
	return (failed => $n, applied => $fault->{applied}, unseen => $fault->{unseen});
}

# Arms a fault for the N-th POST from now on.
sub arm
{
	my ($fault, $n, @narrower) = @_;
	my ($word, @pairs) = @{ $fault->{words} };
	$t->fault($word, @pairs, on => 'POST', nth => $n, @narrower);
	return;
}

# ------------------------------------------------------------------------------
# What is wrong with what came of it; the lists of complaints are put together
# by check()

# The error: its SQLSTATE, server, verb and rows.
sub wrong_error
{
	my ($got, $class, $batch, $server) = @_;
	my ($sqlstate, $message, $reason) =
	  @{ $class->{"error_of_$batch->{verb}"} // $class->{error} };
	my @rows = @{ $batch->{rows} };
	my $what = named($batch) =~ s/ of / /r;
	my $rows = named($batch);
	my $detail = $got->{error}{detail} // '';
	my @wrong;

	$what = "$batch->{verb} " . @rows . ' lists' if @rows > 1;
	$message = sprintf $message =~ s/SERVER/$server/r, $what;
	push @wrong, $sqlstate if $got->{sqlstate} ne $sqlstate;
	push @wrong, "the message: $message"
	  if ($got->{error}{message} // '') ne $message;
	push @wrong, "the detail: $reason"
	  if $reason && index($detail, $reason) != 0;
	push @wrong, "its rows to be named: $rows"
	  if $class->{maybe} && $detail !~ /or not: \Q$rows\E\.$/m;
	push @wrong, 'no rows to be named'
	  if !$class->{maybe} && $detail =~ /or not:/;
	return @wrong;
}

# The requests to an account: those of the transaction, in order; what takes back is
# whatever it is, but adds nothing.
sub wrong_requests
{
	my ($account, $posts, $wanted) = @_;
	my @sent = @$posts;
	my @back = splice @sent, @{ $wanted->{requests} } < @sent ? @{ $wanted->{requests} } : @sent;
	my @again = added_again(@$posts);
	my @wrong;

	push @wrong,
	  "these requests to $account: " . explain_briefly($wanted->{requests})
	  . '; got: ' . explain_briefly($posts)
	  if !eq_array(\@sent, $wanted->{requests});
	push @wrong, 'no add that takes back: ' . explain_briefly(\@back)
	  if grep { /add/ } @back;
	push @wrong, "no list to be added twice: @again" if @again;
	return @wrong;
}

# The account, after a transaction that has failed: as before, but for what was named.
sub wrong_account
{
	my ($account, $got, $wanted, %expected) = @_;
	my $uncertain = ($got->{error}{message} // '') =~ /server "$account"/ ? uncertain($got) : [];

	return map { "$account: $_" } wrong_remains(
		lists($t, $account),
		\%at_first, remaining($got, $account),
		$uncertain,
		exactly => $wanted->{deleted},
		%expected);
}

# And after one that has not.
sub wrong_lists
{
	my ($account, $wanted) = @_;
	my $lists = lists($t, $account);

	return if eq_hash($lists, $wanted->{lists});
	return "these lists in $account: " . explain_briefly($wanted->{lists})
	  . '; got: ' . explain_briefly($lists);
}

# The session, and the account seen from it.
sub wrong_session
{
	my ($account) = @_;

	$t->emulator('heal');
	$t->emulator('unset', 'partial');
	my $next = $session->ask("SELECT count(*) FROM $account.catalogs");
	return if $next->{status} eq 'I'
	  && ($next->{rows}[0][0] // '') eq keys %{ lists($t, $account) };
	return "a session that goes on: $next->{said}";
}

sub explain_briefly
{
	my ($what) = @_;
	return join ' | ',
	  ref $what eq 'HASH' ? map { "$_ $what->{$_}" } sort keys %$what : @$what;
}

# A test: nothing is wrong.
sub check
{
	my ($name, $got, @wrong) = @_;

	push @wrong, "an end within $limit s, not $got->{seconds}"
	  if $got->{seconds} > $limit;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(!@wrong, $name)
	  or diag('wanted ', join("\n   and ", @wrong), "\n", $got->{said});
	return;
}

# Runs the transaction up to COMMIT.
sub prepare
{
	my ($statements) = @_;
	my $got = $session->ask("BEGIN; $statements");

	die $got->{said} if $got->{sqlstate};
	$t->emulator('wire');
	return;
}

# ------------------------------------------------------------------------------
# Nothing fails: what all of the below is measured against

{
	my $all = foresee(\%at_first, \@batches);

	seed($t, acme => \%at_first);
	prepare(statements('acme', @batches));
	my $got = $session->ask('COMMIT');
	check(
		'a transaction that works', $got,
		$got->{sqlstate} ne '' ? 'no error' : (),
		wrong_requests('acme', [ posts($t, 'acme') ], $all),
		wrong_lists('acme', $all));
	is_deeply(
		$all->{lists},
		{
			(map { $_ => "List $_ changed" } 11 .. 15),
			(map { $_ => "List $_" } 31, 32),
			101 => 'a', 102 => 'b', 103 => 'c', 104 => 'd', 105 => 'e'
		},
		'and does what it says');
}

# ------------------------------------------------------------------------------
# Each batch, each fault, one account

sub place
{
	my ($n) = @_;
	return (('the first', 'the second', 'the last')[ ($n - 1) % 3 ])
	  . " $batches[ $n - 1 ]{verb}";
}

# The fault strikes the N-th batch, so many times that it is sent.
sub strike_one
{
	my ($fault, $n, $tries) = @_;
	my $name = title($fault) . ', ' . place($n);

	$tries //= 1;
	$name .= ", $tries times" if $tries > 1;
	seed($t, acme => \%at_first);
	prepare(statements('acme', @batches));
	arm($fault, $n, times => $tries);
	my $got = $session->ask('COMMIT');
	my $wanted =
	  foresee(\%at_first, \@batches, strikes($n, $fault), tries => $tries);
	check(
		$name, $got,
		wrong_error($got, $classes{ $fault->{class} }, $batches[ $n - 1 ], 'acme'),
		wrong_requests('acme', [ posts($t, 'acme') ], $wanted),
		wrong_account('acme', $got, $wanted),
		wrong_session('acme'));
	return;
}

foreach my $fault (@prompt)
{
	strike_one($fault, $_) foreach 1 .. @batches;
}
$t->sql("ALTER SERVER acme OPTIONS (ADD request_timeout '300ms')");
foreach my $i (0 .. $#waiting)
{
	# Waits add up: each at one of the three places of each verb.
	strike_one($waiting[$i], $_ + $i) foreach 1, 4, 7;
}
$t->sql('ALTER SERVER acme OPTIONS (DROP request_timeout)');

# ------------------------------------------------------------------------------
# What is safe to repeat is sent again: the error does not come before the last
# attempt, nor does it come at all when that works.  An add is sent once.

# The fault strikes the N-th batch once, and then no more.
sub strike_once
{
	my ($fault, $n) = @_;
	my $wanted = foresee(
		\%at_first, \@batches, strikes($n, $fault),
		tries => 2,
		recovers => 1);

	seed($t, acme => \%at_first);
	prepare(statements('acme', @batches));
	arm($fault, $n);
	my $got = $session->ask('COMMIT');
	check(
		title($fault) . ', ' . place($n) . ', and works the next time',
		$got,
		$got->{sqlstate} ne '' ? 'no error' : (),
		wrong_requests('acme', [ posts($t, 'acme') ], $wanted),
		wrong_lists('acme', $wanted),
		wrong_session('acme'));
	return;
}

$t->sql('ALTER SERVER acme OPTIONS (SET max_retries \'3\')');
foreach my $i (0 .. $#passing)
{
	# Pauses add up: each fault at one of the places of each verb, and for ever
	# in one of the two verbs.
	my ($update, $add, $delete) = map { $_ + $i % 3 } 1, 4, 7;
	my $fault = $passing[$i];

	strike_once($fault, $update);
	strike_once($fault, $delete);
	strike_one($fault, $add);
}
foreach my $class (sort grep { $classes{$_}{again} } keys %classes)
{
	my @same = grep { $_->{class} eq $class } @passing;
	strike_one($same[0], 2, 4);
	strike_one($same[-1], 8, 4);
}
# What is refused is not, unless the account asks to wait (t/038).
strike_one($_, 3)
  foreach grep { !$classes{ $_->{class} }{again} && $_->{class} ne 'busy' } @prompt;
$t->sql('ALTER SERVER acme OPTIONS (SET max_retries \'0\')');

# ------------------------------------------------------------------------------
# The same for one of two accounts.  The other one has got a batch of each verb up
# to the one that fails, for those are sent at the same time.

sub strike_one_of_two
{
	my ($fault, $n, $failing, $other) = @_;
	my $batch = $batches[ $n - 1 ];
	my @sent = grep { $rank{ $_->{verb} } <= $rank{ $batch->{verb} } } @side;
	my %wanted = (
		$failing => foresee(\%at_first, \@batches, strikes($n, $fault)),
		$other => foresee(\%at_first, \@sent));

	seed($t, acme => \%at_first, beta => \%at_first);
	prepare(statements($failing, @batches) . statements($other, @side));
	arm($fault, $n, account => $failing);
	my $got = $session->ask('COMMIT');
	my $posts = posts($t, qw(acme beta));
	check(
		title($fault) . ', ' . place($n) . " of $failing",
		$got,
		wrong_error($got, $classes{ $fault->{class} }, $batch, $failing),
		(map { wrong_requests($_, $posts->{$_}, $wanted{$_}) } qw(acme beta)),
		(map { wrong_account($_, $got, $wanted{$_}) } qw(acme beta)),
		map { wrong_session($_) } qw(acme beta));
	return;
}

foreach my $i (0 .. $#prompt)
{
	# Each of the two is the one that fails at every other batch.
	strike_one_of_two($prompt[$i], $_,
		($i + $_) % 2 ? qw(acme beta) : qw(beta acme))
	  foreach 1 .. @batches;
}

# ------------------------------------------------------------------------------
# The account refuses a row, and does what the others of the batch say

foreach my $n (1 .. @batches)
{
	my $batch = $batches[ $n - 1 ];
	my ($verb, $row, @others) = ($batch->{verb}, @{ $batch->{rows} });
	my $rule = "$verb:" . ($verb eq 'add' ? 1 : $row);
	my @settings = (partial => $rule, partial_message => 'Not this one');
	my $wanted =
	  foresee(\%at_first, \@batches, failed => $n, accepted => \@others);
	my $got;

	seed($t, acme => \%at_first);
	prepare(statements('acme', @batches));
	if ($verb eq 'add' && $n > 1)
	{
		# The emulator counts the rows of each request: tell it in between.
		$t->fault('hold', on => 'POST', nth => $n - 1);
		$session->send('COMMIT');
		halt($t, $session, $n - 1);
		$t->set(@settings);
		$got = go_on($session);
	}
	else
	{
		$t->set(@settings);
		$got = $session->ask('COMMIT');
	}
	check(
		'a row is refused, ' . place($n),
		$got,
		wrong_error($got, $classes{row}, { verb => $verb, rows => [$row] }, 'acme'),
		$got->{said} !~ /^DETAIL: .*Not this one\.$/m ? "the account's own words" : (),
		wrong_requests('acme', [ posts($t, 'acme') ], $wanted),
		wrong_account('acme', $got, $wanted),
		wrong_session('acme'));
}

# The promise, in figures: the third batch of five.
foreach my $verb (qw(update add))
{
	my %ten = map { $_ => "List $_" } 11 .. 20;
	my @rows = $verb eq 'add' ? 'a' .. 'j' : 11 .. 20;
	my @five = map { { verb => $verb, rows => [ splice @rows, 0, 2 ] } } 1 .. 5;
	my ($row, $other) = @{ $five[2]{rows} };
	my $wanted =
	  foresee(\%ten, \@five, failed => 3, accepted => [$other]);

	seed($t, acme => \%ten);
	prepare(statements('acme', @five));
	$t->fault('hold', on => 'POST', nth => 2);
	$session->send('COMMIT');
	halt($t, $session, 2);
	$t->set(
		partial => $verb eq 'add' ? 'add:1' : "update:$row",
		partial_message => 'Not this one');
	my $got = go_on($session);
	check(
		"the third batch of five fails, $verb",
		$got,
		wrong_error($got, $classes{row}, { verb => $verb, rows => [$row] }, 'acme'),
		wrong_requests('acme', [ posts($t, 'acme') ], $wanted),
		@{ remaining($got, 'acme') } ? 'no warning' : (),
		wrong_session('acme'));
	is_deeply(lists($t, 'acme'), \%ten,
		"the third batch of five fails, $verb: the account is as before");
}

# ------------------------------------------------------------------------------
# The account goes away for good: nothing more arrives, nor what takes back

foreach my $n (1 .. @batches)
{
	my $wanted = foresee(
		\%at_first, \@batches,
		failed => $n,
		unseen => 1);

	seed($t, acme => \%at_first);
	# So that no connection is cut when the doors close.
	$t->set(keep_alive => 'off');
	prepare(statements('acme', @batches));
	$t->fault('hold', on => 'POST', nth => $n - 1) if $n > 1;
	$session->send('COMMIT') if $n > 1;
	halt($t, $session, $n - 1) if $n > 1;
	$t->fault('refuse');
	my $got = $n > 1 ? go_on($session) : $session->ask('COMMIT');
	check(
		'refuse, ' . place($n),
		$got,
		wrong_error($got, $classes{unsent}, $batches[ $n - 1 ], 'acme'),
		wrong_requests('acme', [ posts($t, 'acme') ], $wanted),
		wrong_account('acme', $got, { deleted => $wanted->{accepted} }),
		wrong_session('acme'));
}

# ------------------------------------------------------------------------------
# A request that takes something back fails

# What may remain when the fault strikes that, so many times: the rows of so many
# batches, if it goes on; and of which nobody may know whether it does.  An account
# that denies everything, or has not answered twice, is left alone; one that asks to
# wait is waited for.
sub tolerance
{
	my ($fault, $times) = @_;
	my $class = $fault->{class};
	my $stops = $class eq 'denied' || ($classes{$class}{maybe} && $times > 1) || $times > 9;
	my $rows = $class eq 'busy' ? 0 : 2 * $times;

	return (
		at_most => $stops ? 99 : $rows,
		unsure => $fault->{applied} || $classes{$class}{maybe});
}

# The manners of an abort, whose requests are struck from the N-th on, so many times:
# two that are not answered, and one that is denied, are the last ones; one that is to
# wait waits for a second, and is sent again, while there is time.  How many rows a
# request has is not promised.
sub wrong_manners
{
	my ($fault, $n, $times, @posts) = @_;
	my $class = $fault->{class};
	my $most =
	    $class eq 'denied' ? $n
	  : $class eq 'busy' ? ($times > 10 ? $n + 10 : $times + $undone_rows)
	  : $classes{$class}{maybe} && $times > 1 ? $n + 1
	  : 99;

	return @posts > $most ? "no more than $most requests: " . explain_briefly(\@posts) : ();
}

# Takes back what was sent early; the fault strikes the N-th request and those
# after it, so many times.
sub strike_undo
{
	my ($fault, $n, $times, $recovers) = @_;
	my $wanted = foresee(\%at_first, \@undone);

	seed($t, acme => \%at_first);
	prepare(statements('acme', @undone) . "SELECT catalogs_fdw_flush('acme')");
	arm($fault, $n, times => $times);
	local $limit = $limit + 10 if $fault->{class} eq 'busy';
	my $got = $session->ask('ROLLBACK');
	my @posts = posts($t, 'acme');
	check(
		title($fault) . ", request $n that takes back"
		  . ($times > 1 ? " and $times in all" : '')
		  . ($recovers ? ', and works the next time' : ''),
		$got,
		$got->{sqlstate} ne '' ? 'a ROLLBACK that does not fail' : (),
		wrong_requests('acme', \@posts, { requests => [] }),
		wrong_manners($fault, $n, $times, @posts),
		wrong_account(
			'acme', $got, $wanted,
			$recovers ? (exactly => []) : tolerance($fault, $times)),
		wrong_session('acme'));
	return;
}

foreach my $fault (@prompt)
{
	strike_undo($fault, $_, 1) foreach 1 .. @undone;
	strike_undo($fault, 2, 3);
	strike_undo($fault, 1, 99);
}
$t->sql("ALTER SERVER acme OPTIONS (ADD request_timeout '300ms')");
foreach my $fault (@waiting)
{
	strike_undo($fault, $_, 1) foreach 1, 4;
}
$t->sql('ALTER SERVER acme OPTIONS (DROP request_timeout)');

# What takes back is sent again as well.
$t->sql('ALTER SERVER acme OPTIONS (SET max_retries \'3\')');
strike_undo($passing[$_], (1, 4, 5)[ $_ % 3 ], 1, 'recovers') foreach 0 .. $#passing;
$t->sql('ALTER SERVER acme OPTIONS (SET max_retries \'0\')');

# After a batch of COMMIT has failed, too; the error is that of the batch.
foreach my $fault (@prompt)
{
	foreach my $n (1, 3, 6)
	{
		my $wanted = foresee(\%at_first, \@batches, strikes(9, $refusal));

		seed($t, acme => \%at_first);
		prepare(statements('acme', @batches));
		arm($refusal, 9);
		arm($fault, 9 + $n);
		local $limit = $limit + 10 if $fault->{class} eq 'busy';
		my $got = $session->ask('COMMIT');
		check(
			title($fault) . ", request $n that takes back a COMMIT",
			$got,
			wrong_error($got, $classes{refused}, $batches[8], 'acme'),
			wrong_requests('acme', [ posts($t, 'acme') ], $wanted),
			wrong_account('acme', $got, $wanted, tolerance($fault, 1)),
			wrong_session('acme'));
	}
}

# A row is not let go.
foreach (
	[ 'delete:104', 'add 104', { 104 => 'd' } ],
	[ 'delete:105', 'add 105', { 105 => 'e' } ],
	[ 'update:11', 'update 11', { 11 => 'List 11 changed' } ])
{
	my ($rule, $named, $stays) = @$_;

	seed($t, acme => \%at_first);
	prepare(statements('acme', @undone) . "SELECT catalogs_fdw_flush('acme')");
	$t->set(partial => $rule, partial_message => 'Not this one');
	my $got = $session->ask('ROLLBACK');
	my $lists = lists($t, 'acme');
	check(
		"$rule is refused when it takes back",
		$got,
		eq_array(remaining($got, 'acme'), [$named])
		? ()
		: "a warning of the $named",
		eq_hash($lists, { %at_first, %$stays })
		? ()
		: 'the rest to be taken back; got: ' . explain_briefly($lists),
		wrong_session('acme'));
}

$session->quit;
done_testing();
