# A request of a transaction fails: at the first, the second or the last batch of
# a verb; before the account did what it was told or after; in one of two
# accounts; while changes are taken back.  The error says what is known, and the
# account is as before, but for what an error or a warning names.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;

my $t = CatalogsFdw::Test->new(table => 0);
connect_to($t, $_, batch_size => 2) foreach qw(acme beta);
my $session = CatalogsFdw::Session->new($t->node);
my $got;

# What an account holds at first: lists that a transaction updates, lists that it
# deletes, and lists that are not its business.
my %at_first = map { $_ => "List $_" } 11 .. 15, 21 .. 25, 31, 32;

# The batches of a transaction, in the order in which they go out.
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
my @position = ('the first', 'the second', 'the last');

# The statements of that transaction, without and with those that delete.
sub changes
{
	my ($account) = @_;
	return "UPDATE $account.catalogs SET name = name || ' changed' WHERE id < 20;
		INSERT INTO $account.catalogs (name)
			VALUES ('a'), ('b'), ('c'), ('d'), ('e');";
}

sub all_changes
{
	my ($account) = @_;
	return changes($account)
	  . "DELETE FROM $account.catalogs WHERE id BETWEEN 21 AND 29;";
}

# What can go wrong with a request: whether it is carried out nevertheless, or is
# not even seen by the ledger; and the SQLSTATE, of each verb where they differ.
my @faults = (
	{ words => ['close_before'], unseen => 1, sqlstate => '08007' },
	{ words => ['close_after_request'], sqlstate => '08007' },
	{ words => [ 'status', code => 400 ], sqlstate => 'HV000' },
	{
		words => [ 'status', code => 503 ],
		sqlstate => 'HV000',
		sqlstate_add => '08007'
	},
	{ words => ['close_headers'], applied => 1, sqlstate => '08007' },
	{ words => ['close_middle'], applied => 1, sqlstate => '08007' },
	{ words => ['cut'], applied => 1, sqlstate => 'HV00M' },
	{ words => ['close_applied'], applied => 1, sqlstate => '08007' });
my ($refusal) = grep { "@{ $_->{words} }" eq 'status code 400' } @faults;

sub sqlstate_of
{
	my ($fault, $verb) = @_;
	return $fault->{"sqlstate_$verb"} // $fault->{sqlstate};
}

sub title
{
	my ($fault) = @_;
	return join ' ', grep { $_ ne 'code' } @{ $fault->{words} };
}

# For foresee(): this fault strikes the batch of that number, or the request of
# that number that takes back.
sub strikes
{
	my ($n, $fault) = @_;
	return (failed => $n, applied => $fault->{applied}, unseen => $fault->{unseen});
}

sub strikes_undo
{
	my ($n, $fault, $times) = @_;
	return (
		undo_failed => $n,
		undo_times => $times,
		undo_applied => $fault->{applied},
		undo_unseen => $fault->{unseen});
}

# Arms a fault for the N-th POST from now on.
sub arm
{
	my ($fault, $n, @narrower) = @_;
	my ($word, @pairs) = @{ $fault->{words} };
	$t->fault($word, @pairs, on => 'POST', nth => $n, @narrower);
	return;
}

# Tests of what has come of a transaction: the requests, the account, the
# warnings.
sub compare
{
	my ($name, $wanted) = @_;
	my @posts = posts($t, 'acme');

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply(\@posts, $wanted->{requests}, "$name: requests")
	  or diag(explain \@posts);
	is_added_once("$name: nothing is added twice", @posts);
	is_deeply(lists($t, 'acme'), $wanted->{lists}, "$name: the account")
	  or diag($got->{said});
	is_deeply(warned($got), $wanted->{warnings}, "$name: warnings")
	  or diag($got->{said});
	return;
}

# ... and of its error, which must name a batch when its fate is not known.
sub failed_with
{
	my ($name, $sqlstate, $batch) = @_;
	my $rows = named($batch);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{sqlstate}, $sqlstate, "$name: $sqlstate") or diag($got->{said});
	return if $sqlstate !~ /08007|HV00M/;
	like($got->{error}{detail}, qr/or not: \Q$rows\E\.$/m,
		"$name: its rows are named");
	return;
}

# ------------------------------------------------------------------------------
# Nothing fails: what all of the below is measured against

seed($t, acme => \%at_first);
$got = $session->ask('BEGIN;' . all_changes('acme') . 'COMMIT');
is($got->{sqlstate}, '', 'a transaction that works') or diag($got->{said});
compare(
	'it works',
	{
		requests => [ map { request($_) } @batches ],
		warnings => [],
		lists => {
			(map { $_ => "List $_ changed" } 11 .. 15),
			(map { $_ => "List $_" } 31, 32),
			101 => 'a', 102 => 'b', 103 => 'c', 104 => 'd', 105 => 'e'
		}
	});

# ------------------------------------------------------------------------------
# Each batch, each fault

foreach my $n (1 .. @batches)
{
	my $batch = $batches[ $n - 1 ];

	foreach my $fault (@faults)
	{
		my $name = title($fault) . ", $position[($n - 1) % 3] $batch->{verb}";

		seed($t, acme => \%at_first);
		$session->ask('BEGIN;' . all_changes('acme'));
		arm($fault, $n);
		$got = $session->ask('COMMIT');
		failed_with($name, sqlstate_of($fault, $batch->{verb}), $batch);
		compare($name, foresee(\%at_first, \@batches, strikes($n, $fault)));
	}
}

# No reply in time.
$t->sql("ALTER SERVER acme OPTIONS (ADD request_timeout '400ms')");
foreach my $n (2, 5, 8)
{
	my $batch = $batches[ $n - 1 ];
	my $fault = { words => ['silent'] };
	my $name = "silent, $position[1] $batch->{verb}";

	seed($t, acme => \%at_first);
	$session->ask('BEGIN;' . all_changes('acme'));
	arm($fault, $n);
	$got = $session->ask('COMMIT');
	failed_with($name, '08007', $batch);
	compare($name, foresee(\%at_first, \@batches, strikes($n, $fault)));
}
$t->sql('ALTER SERVER acme OPTIONS (DROP request_timeout)');

# The verbs in one POST: it is one fate.
$t->sql("ALTER SERVER acme OPTIONS (ADD combine_verbs 'true', SET batch_size '50')");
foreach my $fault (@faults)
{
	my $name = title($fault) . ', all in one';

	seed($t, acme => \%at_first);
	$session->ask('BEGIN;' . all_changes('acme'));
	arm($fault, 1);
	$got = $session->ask('COMMIT');
	is($got->{sqlstate}, sqlstate_of($fault, 'add'), "$name: SQLSTATE")
	  or diag($got->{said});
	like($got->{error}{detail},
		qr/or not: add of lists "a", "b", "c", "d", "e"; update of lists 11, 12, 13, 14, 15; delete of lists 21, 22, 23, 24, 25\.$/m,
		"$name: all rows are named")
	  if $fault != $refusal;
	is(scalar(@{ [ posts($t, 'acme') ] }), $fault->{unseen} ? 0 : 1,
		"$name: one request");
	my $lists = lists($t, 'acme');
	is_deeply($lists,
		$fault->{applied}
		? {
			(map { $_ => "List $_ changed" } 11 .. 15),
			(map { $_ => "List $_" } 31, 32),
			101 => 'a', 102 => 'b', 103 => 'c', 104 => 'd', 105 => 'e'
		}
		: \%at_first,
		"$name: the account");
	is_deeply(warned($got), [], "$name: warnings");
}
$t->sql("ALTER SERVER acme OPTIONS (DROP combine_verbs, SET batch_size '2')");

# ------------------------------------------------------------------------------
# A server that failed may have done what it was told.  Whatever the SQLSTATE,
# that must not be passed over: either it is taken back, or its rows are named.

foreach my $code (500, 502, 503, 504)
{
	foreach my $n (2, 5, 8)
	{
		my $batch = $batches[ $n - 1 ];
		my $verb = $batch->{verb};
		my $name = "$code, but it was done, $position[1] $verb";
		my $rows = named($batch);

		seed($t, acme => \%at_first);
		$session->ask('BEGIN;' . all_changes('acme'));
		$t->fault('status', code => $code, on => 'POST', nth => $n,
			apply => 'yes');
		$got = $session->ask('COMMIT');
		is($got->{sqlstate}, $verb eq 'add' ? '08007' : 'HV000',
			"$name: SQLSTATE")
		  or diag($got->{said});
		is_added_once("$name: nothing is added twice", posts($t, 'acme'));
		my $lists = lists($t, 'acme');
		my $not_done = foresee(\%at_first, \@batches, failed => $n);
		my $done = foresee(\%at_first, \@batches, failed => $n, applied => 1);
		ok( eq_hash($lists, $not_done->{lists})
			  || eq_hash($lists, $done->{lists}) && $got->{said} =~ /\Q$rows\E/,
			"$name: the account is as before, or its rows are named")
		  or diag($got->{said}, explain $lists);
	}
}

# ------------------------------------------------------------------------------
# A request that takes something back fails

my @undone = grep { $_->{verb} ne 'delete' } @batches;

foreach my $n (1 .. @undone)
{
	foreach my $fault (@faults)
	{
		# Once; or as often as it is tried, for lists are deleted one by one
		# when that cannot be done in one request.
		foreach my $times (1, 3)
		{
			my $back = $undone[-$n];
			my $name = title($fault) . ", request $n that takes back";

			next
			  if $times > 1 && ($back->{verb} ne 'add' || @{ $back->{rows} } < 2);
			$name .= ', and all for these lists' if $times > 1;
			seed($t, acme => \%at_first);
			$got = $session->ask('BEGIN;'
				  . changes('acme')
				  . "SELECT catalogs_fdw_flush('acme')");
			is(scalar @{ $got->{rows} }, 10, "$name: all was sent");
			arm($fault, $n, times => $times);
			$got = $session->ask('ROLLBACK');
			is($got->{sqlstate}, '', "$name: ROLLBACK does not fail");
			is($got->{status}, 'I', "$name: and ends the transaction");
			compare($name,
				foresee(\%at_first, \@undone, strikes_undo($n, $fault, $times)));
		}
	}
}

# All of them fail.
foreach my $fault (@faults)
{
	my $name = title($fault) . ', all that takes back';

	seed($t, acme => \%at_first);
	$session->ask(
		'BEGIN;' . changes('acme') . "SELECT catalogs_fdw_flush('acme')");
	posts($t, 'acme');
	arm($fault, 1, times => 0);
	$got = $session->ask('ROLLBACK');
	is($got->{sqlstate}, '', "$name: ROLLBACK does not fail");
	is_deeply(
		warned($got),
		[
			'add of list 105',
			'add of lists 103, 104',
			'add of lists 101, 102',
			'update of list 15',
			'update of lists 13, 14',
			'update of lists 11, 12'
		],
		"$name: all is named");
	# Two batches of two lists are tried one by one, too.
	is(scalar(@{ [ posts($t, 'acme') ] }), $fault->{unseen} ? 0 : 6 + 4,
		"$name: each is tried once");
	$t->emulator('heal');
	is($session->ask('SELECT count(*) FROM acme.catalogs')->{rows}[0][0],
		$fault->{applied} ? 12 : 17, "$name: the session goes on");
}

# A batch fails, and then what takes back those before.
foreach my $fault (@faults)
{
	foreach my $n (1, 3, 7)
	{
		my $name = title($fault) . ", request $n that takes back a COMMIT";

		seed($t, acme => \%at_first);
		$session->ask('BEGIN;' . all_changes('acme'));
		arm($refusal, 9);
		arm($fault, 9 + $n);
		$got = $session->ask('COMMIT');
		failed_with($name, 'HV000', $batches[8]);
		compare(
			$name,
			foresee(
				\%at_first, \@batches,
				strikes(9, $refusal), strikes_undo($n, $fault)));
	}
}

# ------------------------------------------------------------------------------
# One of two accounts fails: the other is as before, too.  How far that one came
# is a matter of time, but it gets no verb after the one that failed.

foreach my $failing (qw(acme beta))
{
	my $other = $failing eq 'acme' ? 'beta' : 'acme';

	foreach my $n (1 .. @batches)
	{
		my $batch = $batches[ $n - 1 ];
		my $before = int(($n - 1) / 3) * 3;

		foreach my $fault (@faults)
		{
			my $name = title($fault)
			  . ", $position[($n - 1) % 3] $batch->{verb} of $failing";
			my $wanted = foresee(\%at_first, \@batches, strikes($n, $fault));

			seed($t, acme => \%at_first, beta => \%at_first);
			$session->ask('BEGIN;' . all_changes('acme') . all_changes('beta'));
			arm($fault, $n, account => $failing);
			$got = $session->ask('COMMIT');
			failed_with($name, sqlstate_of($fault, $batch->{verb}), $batch);
			like($got->{error}{message}, qr/on server "$failing"/,
				"$name: the error says where");

			my $posts = posts($t, qw(acme beta));
			is_deeply($posts->{$failing}, $wanted->{requests}, "$name: requests")
			  or diag(explain $posts);
			is_deeply(lists($t, $failing), $wanted->{lists},
				"$name: that account")
			  or diag($got->{said});
			is_added_once("$name: nothing is added twice", @{ $posts->{$_} })
			  foreach qw(acme beta);

			# What the other was sent must be what some way is to be, there and
			# back, that ends with the same verb.
			my ($way) =
			  grep { eq_array($posts->{$other}, $_->{requests}) }
			  map { foresee(\%at_first, [ @batches[ 0 .. $_ - 1 ] ]) }
			  $before .. $before + 3;
			ok($way, "$name: the other account's requests")
			  or diag(explain $posts);
			is_deeply(lists($t, $other), $way->{lists},
				"$name: the other account")
			  or diag($got->{said});
			is_deeply(
				[ sort @{ warned($got) } ],
				[ sort @{ $wanted->{warnings} }, @{ $way->{warnings} // [] } ],
				"$name: warnings")
			  or diag($got->{said});
		}
	}
}

# Both fail, one of them so that nobody knows: that is said of its rows, whether
# it is the first or the second to fail.
foreach my $n (1, 4, 6)
{
	my $batch = $batches[ $n - 1 ];
	my $rows = named($batch);

	foreach my $sure (qw(acme beta))
	{
		my $unsure = $sure eq 'acme' ? 'beta' : 'acme';
		my $name = "$sure refuses batch $n, $unsure is lost";

		seed($t, acme => \%at_first, beta => \%at_first);
		$session->ask('BEGIN;' . all_changes('acme') . all_changes('beta'));
		arm($refusal, $n, account => $sure);
		$t->fault('close_applied', on => 'POST', nth => $n, account => $unsure);
		$got = $session->ask('COMMIT');
		is_deeply(lists($t, $sure), \%at_first, "$name: the one is as before");

		my $lists = lists($t, $unsure);
		my $done =
		  foresee(\%at_first, \@batches, failed => $n, applied => 1)->{lists};
		ok( eq_hash($lists, \%at_first)    # it did not come so far
			  || eq_hash($lists, $done),
			"$name: the other is as before, but for that batch")
		  or diag($got->{said}, explain $lists);
		like($got->{said},
			qr/^\w+: 08007: .*\n(?:DETAIL: )?(?:.*\n)?.*\Q$rows\E\.?$/m,
			"$name: the rows of that batch are named")
		  if eq_hash($lists, $done);
		like($got->{sqlstate}, qr/HV000|08007/, "$name: it fails");
	}
}

# ------------------------------------------------------------------------------
# Of adds whose fate is not known, the lists that look like them are named.

foreach my $fault (grep { sqlstate_of($_, 'add') eq '08007' } @faults)
{
	my $name = title($fault) . ', lists that look like those added';

	seed($t, acme => \%at_first);
	$t->set(clock => 'real');
	$t->emulator('put', '--account', 'acme',
		'{"id": 41, "name": "c", "created_at": 1508930391}');
	$session->ask('BEGIN;' . all_changes('acme'));
	arm($fault, 5);
	$got = $session->ask('COMMIT');
	my ($new) =
	  $got->{error}{detail} =~ /^Lists of that name .* are new: (.*)\.$/m;
	is($new, $fault->{applied} ? '103, 104' : undef, $name);
}

$session->quit;
done_testing();
