# Random transactions over three accounts that fail at random, against a model
# that knows what a transaction sees and what the accounts must hold at its end:
# they agree, or else an error with 08007 or HV00M, or a warning, has named the
# lists in which they differ.
#
# A failure prints its transaction, and how to replay it:
#   SEED=n TRANSACTIONS=m

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $transactions = $ENV{TRANSACTIONS} || 2000;
my $first_seed = $ENV{SEED} || 1 + (time * 1000) % 1_000_000_000;

# Transactions that follow one another; each such history begins with the same
# lists, so that it can be replayed without those before.
my $history_length = 10;

# Failures after which there is no point in going on.
my $max_failures = 40;

# The accounts, and how their lists are sent.
my %accounts = (
	acme => { batch_size => 2 },
	beta => { batch_size => 3, combine_verbs => 'true' },
	gamma => { batch_size => 2, write_mode => 'immediate' });
my @accounts = sort keys %accounts;

my $t = CatalogsFdw::Test->new(table => 0);
connect_to($t, $_, %{ $accounts{$_} }) foreach @accounts;
my $session = CatalogsFdw::Session->new($t->node);

# ------------------------------------------------------------------------------
# Chance

sub chance { return rand() < $_[0]; }

sub one_of { return $_[ rand @_ ]; }

# One of several things, each with a weight before it.
sub weighted
{
	my @things = @_;
	my $sum = 0;

	$sum += $things[ 2 * $_ ] foreach 0 .. $#things / 2;
	my $at = rand $sum;
	while (($at -= shift @things) >= 0) { shift @things }
	return $things[0];
}

# ------------------------------------------------------------------------------
# The model.  A list is { key, name, type, add }: the key tells it from all
# others, also while it has no id; "add" is can_add_elements.  What was not given
# for a new list is undef until the account knows it.

# Of each account, at each time in a transaction:
#   base   lists that the account holds if the transaction fails, by id
#   lists  that the transaction sees
#   gone   ids that the account has deleted meanwhile
#   lost   those of them that are to be there again
#   sent   whether some of the transaction may have been sent
my %model;
my %id_of;          # key -> id
my @savepoints;     # [name, { account => lists }]
my $next_key = 1;

# What was said in the transaction of which lists: {account}{verb}{id or name}.
my %named;

# What the account fills in.
my %default = (type => 'regular', add => 't');

sub copies
{
	return [ map { {%$_} } @{ $_[0] } ];
}

sub id { return $id_of{ $_[0]{key} }; }

# A list as text, as it is to be seen.
sub text_of
{
	my ($list) = @_;
	my @values =
	  map { $list->{$_} // (defined id($list) ? $default{$_} : 'NULL') }
	  qw(type add);
	return "$list->{name} @values";
}

# The lists of an account, asked behind the back: id -> list.
sub truth
{
	my ($account) = @_;
	my %lists;

	foreach (split /\n/,
		$t->emulator('lists', '--account', $account, '--columns',
			'id,name,type,can_add_elements'))
	{
		my ($id, $name, $type, $add) = split / *\| */;
		next if !defined $name || $id !~ /^\d/;
		$lists{$id} = {
			key => $next_key++,
			name => $name,
			type => $type,
			add => $add eq 'true' ? 't' : 'f'
		};
	}
	return \%lists;
}

# A transaction begins with what the account holds.
sub adopt
{
	my ($account, $lists) = @_;

	$id_of{ $lists->{$_}{key} } = $_ foreach keys %$lists;
	$model{$account} = {
		base => $lists,
		lists => copies([ map { $lists->{$_} } sort keys %$lists ]),
		gone => {},
		lost => {},
		sent => 0
	};
	return;
}

# A list that nobody can be sure of has turned up, and is there from now on.
sub adopt_list
{
	my ($account, $id, $list) = @_;

	$id_of{ $list->{key} } = $id;
	$model{$account}{base}{$id} = $list;
	push @$_, {%$list}
	  foreach $model{$account}{lists}, map { $_->[1]{$account} } @savepoints;
	return;
}

sub give_up_list
{
	my ($account, $id) = @_;

	delete $model{$account}{base}{$id};
	@$_ = grep { (id($_) // 0) != $id } @$_
	  foreach $model{$account}{lists}, map { $_->[1]{$account} } @savepoints;
	return;
}

sub set_savepoint
{
	my ($name) = @_;
	push @savepoints,
	  [ $name, { map { $_ => copies($model{$_}{lists}) } @accounts } ];
	return;
}

# Back to a savepoint, by its place.  What the account has deleted is lost.
sub roll_back_to
{
	my ($n) = @_;

	$#savepoints = $n;
	foreach my $account (@accounts)
	{
		my $state = $model{$account};
		$state->{lists} = copies($savepoints[$n][1]{$account});
		drop_gone($account);
	}
	return;
}

sub drop_gone
{
	my ($account) = @_;
	my $state = $model{$account};
	my @stay;

	foreach my $list (@{ $state->{lists} })
	{
		my $id = id($list);
		if (defined $id && $state->{gone}{$id})
		{
			$state->{lost}{$id} = 1;
		}
		else
		{
			push @stay, $list;
		}
	}
	$state->{lists} = \@stay;
	return;
}

# Takes note of what an answer says of lists.
sub hear
{
	my ($got) = @_;
	my @said = @{ $got->{warnings} };

	push @said, $got->{error} if $got->{sqlstate} =~ /^(?:08007|HV00M)$/;
	foreach my $said (@said)
	{
		my ($server) = $said->{message} =~ /on server "(\w+)"/;
		my $words = $said->{detail};

		$words = "delete of list $1"
		  if $said->{message} =~ /list (\d+) was deleted before/;
		foreach my $account ($server // @accounts)
		{
			while ($words =~
				/\b(add|update|delete) of lists? ((?:"[^"]*"|\d+)(?:, (?:"[^"]*"|\d+))*)/g)
			{
				my ($verb, $rows) = ($1, $2);
				$named{$account}{$verb}{ s/"//gr } = 1
				  foreach split /, /, $rows;
			}
		}
	}
	return;
}

sub is_named
{
	my ($account, $verb, @words) = @_;
	return scalar grep { defined && $named{$account}{$verb}{$_} } @words;
}

# Some may have been sent: which lists has the account deleted?
sub look_for_gone
{
	my ($account) = @_;
	my $state = $model{$account};
	my $truth = truth($account);

	$state->{sent} = 1;
	$state->{seen}{$_} = 1 foreach keys %$truth;
	foreach my $id (keys %{ $state->{seen} }, keys %{ $state->{base} })
	{
		$state->{gone}{$id} = 1 if !$truth->{$id};
	}
	return;
}

# ------------------------------------------------------------------------------
# Comparing

# What is wrong with the rows that a scan gave; learns the ids of new lists.
sub compare_rows
{
	my ($account, $rows) = @_;
	my $state = $model{$account};
	my (%by_id, %by_name, %met, @wrong);

	foreach (@{ $state->{lists} })
	{
		defined id($_) ? ($by_id{ id($_) } = $_) : ($by_name{ $_->{name} } = $_);
	}
	foreach my $row (@$rows)
	{
		my ($id, $name, $type, $add) = @$row;
		my $list = defined $id ? $by_id{$id} : $by_name{$name};

		if (!$list && defined $id && $state->{sent} && $by_name{$name}
			&& !is_named($account, 'add', $name))
		{
			$list = $by_name{$name};
			$id_of{ $list->{key} } = $id;
		}
		if (!$list && defined $id && is_named($account, 'add', $id, $name))
		{
			$list = {
				key => $next_key++, name => $name, type => $type, add => $add };
			adopt_list($account, $id, $list);
			$met{ $list->{key} }++;
			next;
		}
		my $seen = join ' ', $name, $type // 'NULL', $add // 'NULL';
		my $title = defined $id ? "list $id" : 'a new list';
		if (!$list)
		{
			push @wrong, "sees $title: $seen";
			next;
		}
		$met{ $list->{key} }++;
		push @wrong, "sees $title: $seen, not: " . text_of($list)
		  if $seen ne text_of($list)
		  && !(defined $id && is_named($account, 'update', $id));
	}
	foreach my $list (@{ $state->{lists} })
	{
		my $id = id($list);
		next if $met{ $list->{key} };
		if (defined $id && is_named($account, 'delete', $id))
		{
			give_up_list($account, $id);
			next;
		}
		push @wrong, 'does not see ' . ($id // 'new') . ': ' . text_of($list);
	}
	push @wrong, map { 'sees twice: ' . text_of($_) }
	  grep { ($met{ $_->{key} } // 0) > 1 } @{ $state->{lists} };
	return map { "$account $_" } @wrong;
}

# What is wrong with an account at the end of a transaction.  Names may then be
# given to what was not sent before, in the order in which it was made.
sub compare_account
{
	my ($account, $committed) = @_;
	my $state = $model{$account};
	my $truth = truth($account);
	my (%wanted, @new, @wrong);

	if ($committed)
	{
		foreach (@{ $state->{lists} })
		{
			defined id($_) ? ($wanted{ id($_) } = $_) : push @new, $_;
		}
	}
	else
	{
		%wanted = %{ $state->{base} };
	}
	my @extra =
	  sort { $a <=> $b } grep { !$wanted{$_} } keys %$truth;
	foreach my $list (@new)
	{
		my ($id) = grep { $truth->{$_}{name} eq $list->{name} } @extra;
		if (!defined $id)
		{
			push @wrong, "lacks the new list $list->{name}";
			next;
		}
		push @wrong, "has added $list->{name} out of turn"
		  if grep { $_ < $id && is_one_of($truth->{$_}, \@new) } @extra;
		@extra = grep { $_ != $id } @extra;
		$id_of{ $list->{key} } = $id;
		$wanted{$id} = $list;
	}
	foreach my $id (@extra)
	{
		push @wrong, "has list $id: " . value_of($truth->{$id})
		  if !is_named($account, 'add', $id, $truth->{$id}{name});
	}
	foreach my $id (sort keys %wanted)
	{
		if (!$truth->{$id})
		{
			push @wrong, "lacks list $id: " . text_of($wanted{$id})
			  if !is_named($account, 'delete', $id);
			next;
		}
		push @wrong, "has list $id: " . value_of($truth->{$id})
		  . ', not: ' . text_of($wanted{$id})
		  if value_of($truth->{$id}) ne text_of($wanted{$id})
		  && !is_named($account, 'update', $id);
	}
	my %times;
	$times{$_}++ foreach map { $_->{name} =~ /^(n\d+)/ } values %$truth;
	push @wrong, map { "has added $_ twice" } grep { $times{$_} > 1 } sort keys %times;
	foreach my $id (sort keys %{ $state->{lost} })
	{
		push @wrong, "has lost list $id, and nobody was told"
		  if $committed && !is_named($account, 'delete', $id);
	}
	adopt($account, $truth);
	return map { "$account $_" } @wrong;
}

sub is_one_of
{
	my ($list, $lists) = @_;
	return scalar grep { $_->{name} eq $list->{name} } @$lists;
}

sub value_of
{
	my ($list) = @_;
	return "$list->{name} $list->{type} $list->{add}";
}

# What is wrong with the requests of a transaction.  To send an add again is right
# if it was refused, but not if nobody knows.
my %added;    # request_id -> times, in all transactions

sub compare_requests
{
	my ($tried_commit) = @_;
	my (%posts, @wrong);

	foreach (split /\n/, $t->emulator('wire', '--accounts', '--full'))
	{
		push @wrong, "breaks a rule of the API: $_" if /^!/;
		my ($account, $body) = /^(\w+): POST \S+ (.*)/ or next;
		my $verbs = JSON::PP::decode_json($body);
		my $rows = 0;

		$posts{$account}++;
		$rows += @$_ foreach values %$verbs;
		push @wrong, "sends $rows rows to $account in one request"
		  if $rows > $accounts{$account}{batch_size};
		my %unknown =
		  map { /^n(\d+)/ ? ($1 => 1) : () } keys %{ $named{$account}{add} };
		foreach (grep { defined } map { $_->{request_id} } @{ $verbs->{add} })
		{
			push @wrong, "sends the add with request_id $_ again"
			  if $added{$_}++ && $unknown{$_};
		}
	}
	push @wrong, map { "sends to $_ although all is rolled back" }
	  grep { !$tried_commit && !$model{$_}{sent} } sort keys %posts;
	return @wrong;
}

# ------------------------------------------------------------------------------
# Statements: { account, sql, effect, sends }.  The effect is what it does to the
# model if it does not fail; it sends something before COMMIT if told.

my $counter = 0;

# In a block, which may send something, so that the model does not know which lists
# have an id when its next statement runs.
our $in_block = 0;

# Some lists of an account: a condition, and what it means.
sub some_lists
{
	my ($account) = @_;
	my $lists = $model{$account}{lists};
	my $list = @$lists ? one_of(@$lists) : { key => 0, name => 'none' };
	my $id = id($list) // one_of(999, 11);
	my $name = $list->{name};

	return @{
		weighted(
			4 => [ "id = $id", sub { (id($_[0]) // 0) == $id } ],
			3 => [
				"name = '$name'", sub { $_[0]{name} eq $name }
			],
			1 => [ 'true', sub { 1 } ],
			1 => [
				"name LIKE '%1%'", sub { $_[0]{name} =~ /1/ }
			],
			$in_block ? () : (
				2 => [ 'id IS NULL', sub { !defined id($_[0]) } ],
				1 => [
					"type = 'regular'", sub { text_of($_[0]) =~ / regular / }
				]))
	};
}

sub make_insert
{
	my ($account, $returning) = @_;
	my (@lists, @rows);
	my $all = chance(0.4);

	foreach (1 .. weighted(4 => 1, 2 => 2, 2 => 5))
	{
		my $n = ++$counter;
		my $list = { key => $next_key++, name => "n$n" };
		my $values = "'n$n', $n";
		if ($all)
		{
			$list->{type} = one_of(qw(x y));
			$list->{add} = one_of(qw(t f));
			$values .= ", '$list->{type}', '$list->{add}'";
		}
		push @lists, $list;
		push @rows, "($values)";
	}
	my $columns = 'name, request_id';
	$columns .= ', type, can_add_elements' if $all;
	my $sql = "INSERT INTO $account.catalogs ($columns) VALUES "
	  . join(', ', @rows);
	$sql .= " RETURNING $returning" if $returning;
	return {
		account => $account,
		sql => $sql,
		sends => $returning && $returning ne 'NULL, name',
		effect => sub {
			my ($got) = @_;
			push @{ $model{$account}{lists} }, copies([$_])->[0] foreach @lists;
			return if !$returning || !$got;
			my @wrong;
			push @wrong, 'RETURNING gives another number of rows'
			  if @{ $got->{rows} } != @lists;
			foreach my $n (0 .. $#lists)
			{
				my ($id, $name) = @{ $got->{rows}[$n] // [] };
				push @wrong, "RETURNING does not give $lists[$n]{name}"
				  if ($name // '') ne $lists[$n]{name};
				$id_of{ $lists[$n]{key} } = $id if defined $id;
			}
			return @wrong;
		}
	};
}

sub make_update
{
	my ($account) = @_;
	my ($condition, $applies) = some_lists($account);
	my $word = 't' . one_of(1 .. 3);
	my ($set, $change) = @{
		weighted(
			3 => [
				"name = name || '+'", sub { $_[0]{name} .= '+' }
			],
			2 => [ "type = '$word'", sub { $_[0]{type} = $word } ],
			1 => [
				"name = name || '-', can_add_elements = false",
				sub { $_[0]{name} .= '-'; $_[0]{add} = 'f' }
			],
			1 => [ 'name = name', sub { } ],
			1 => [
				"can_add_elements = (name LIKE '%2%')",
				sub { $_[0]{add} = $_[0]{name} =~ /2/ ? 't' : 'f' }
			])
	};
	return {
		account => $account,
		sql => "UPDATE $account.catalogs SET $set WHERE $condition",
		effect => sub {
			$change->($_) foreach grep { $applies->($_) } @{ $model{$account}{lists} };
			return;
		}
	};
}

sub make_delete
{
	my ($account) = @_;
	my ($condition, $applies) = some_lists($account);

	($condition, $applies) = some_lists($account)
	  if $condition eq 'true' && chance(0.7);
	if ($in_block)
	{
		# A warning that it is lost would name it by an id.
		my $id = one_of(11 .. 14, sort keys %{ $model{$account}{base} });
		$condition = "id = $id";
		$applies = sub { (id($_[0]) // 0) == $id };
	}
	return {
		account => $account,
		sql => "DELETE FROM $account.catalogs WHERE $condition",
		effect => sub {
			my $state = $model{$account};
			$state->{lists} = [ grep { !$applies->($_) } @{ $state->{lists} } ];
			return;
		}
	};
}

sub make_flush
{
	my ($account) = @_;
	return {
		account => $account,
		sql => "SELECT verb, id, name FROM catalogs_fdw_flush('$account')",
		sends => 1,
		effect => sub {
			my ($got) = @_;
			my %added = map { $_->[2] => $_->[1] }
			  grep { $_->[0] eq 'add' } $got ? @{ $got->{rows} } : ();
			my @wrong;

			foreach my $list (grep { $got && !defined id($_) }
				@{ $model{$account}{lists} })
			{
				my $id = delete $added{ $list->{name} };
				push @wrong, "the flush did not add $list->{name}" if !$id;
				$id_of{ $list->{key} } = $id if $id;
			}
			push @wrong, map { "the flush added $_" } sort keys %added;
			return @wrong;
		}
	};
}

# A statement that changes something, or sends it.
sub make_statement
{
	my $account = weighted(5 => 'acme', 2 => 'beta', 2 => 'gamma');
	my $kind = weighted(
		10 => 'insert', 4 => 'returning', 10 => 'update', 6 => 'delete',
		2 => 'flush');
	my $statement =
	    $kind eq 'insert' ? make_insert($account)
	  : $kind eq 'returning'
	  ? make_insert($account, one_of('id, name', 'id, name, sort', 'NULL, name'))
	  : $kind eq 'update' ? make_update($account)
	  : $kind eq 'delete' ? make_delete($account)
	  : make_flush($account);

	$statement->{sends} ||= $accounts{$account}{write_mode};
	return $statement;
}

# What a block of PL/pgSQL does with an error.
my $say_again = q{EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS d = PG_EXCEPTION_DETAIL, m = MESSAGE_TEXT,
		s = RETURNED_SQLSTATE;
	RAISE WARNING USING MESSAGE = 'caught ' || m, ERRCODE = s,
		DETAIL = CASE WHEN s IN ('08007', 'HV00M') THEN d ELSE '' END;};

# A block whose inner block may fail.
sub make_block
{
	local $in_block = 1;
	my @outer = map { make_statement() } 1 .. one_of(0, 1);
	my @inner = map { make_statement() } 1 .. one_of(1, 2, 3);
	my $raise = chance(0.5);
	my $body = sub {
		return join '', map {
			my $sql = $_->{sql} =~ s/^SELECT/PERFORM/r =~ s/ RETURNING .*//r;
			"$sql; "
		} @_;
	};
	my $sql = 'DO $$ DECLARE d text; m text; s text; BEGIN '
	  . $body->(@outer) . 'BEGIN ' . $body->(@inner)
	  . ($raise ? q{RAISE EXCEPTION 'no'; } : '')
	  . "$say_again END; END \$\$";
	my @statements = (@outer, @inner);
	$_->{sends} = $_->{sql} =~ /catalogs_fdw_flush/
	  || $accounts{ $_->{account} }{write_mode}
	  foreach @statements;
	return {
		account => $statements[0]{account},
		all_accounts => 1,
		sql => $sql,
		sends => scalar(grep { $_->{sends} } @statements),
		sends_to => [ map { $_->{account} } grep { $_->{sends} } @statements ],
		effect => sub {
			my ($got) = @_;
			my $caught = grep { $_->{message} =~ /^caught/ } @{ $got->{warnings} };
			my @wrong;

			$_->{effect}->() foreach @outer;
			push @wrong, 'the block caught nothing' if $raise && !$caught;
			if (!$caught)
			{
				$_->{effect}->() foreach @inner;
			}
			return @wrong;
		}
	};
}

# ------------------------------------------------------------------------------
# Faults

my @faults = (
	['close_before'],
	['close_after_request'],
	['close_applied'],
	['close_middle'],
	['close_headers'],
	['cut'],
	['reset'],
	['garbage'],
	['garbage_body'],
	['empty_200'],
	[ 'empty_200', apply => 'yes' ],
	[ 'status', code => 400 ],
	[ 'status', code => 403 ],
	[ 'status', code => 429 ],
	[ 'status', code => 503 ],
	#	[ 'status', code => 504, apply => 'yes' ],
	[ 'error_200', error_code => 244 ]);
my @refusals = ('add:1', 'add:2', 'update:*', 'delete:*', 'update:11', 'delete:12');
my @refusal_shapes = qw(message_map object_list object_map response);

# Returns how it would be said to the emulator.
sub arm_something
{
	if (chance(0.2))
	{
		my @words = (
			partial => one_of(@refusals),
			partial_shape => one_of(@refusal_shapes),
			partial_code => 281);
		$t->set(@words);
		return "set @words";
	}
	my @fault = @{ one_of(@faults) };
	push @fault, on => chance(0.93) ? 'POST' : 'GET', nth => one_of(1, 1, 2, 3, 4),
	  times => weighted(8 => 1, 1 => 2, 1 => 0);
	push @fault, account => one_of(@accounts) if chance(0.3);
	$t->fault(@fault);
	return "fault @fault";
}

# ------------------------------------------------------------------------------
# A transaction

my @story;     # of the transaction, as text
my $healthy;   # nothing was armed in the transaction
my %count;     # of what came up, by kind

sub tell_story
{
	push @story, map { "    $_" } map { split /\n/ } @_;
	return;
}

# Asks, and notes what is said.
sub ask
{
	my ($sql) = @_;
	my $got = $session->ask($sql);

	tell_story($sql =~ s/\Q$say_again\E/EXCEPTION WHEN others THEN .../r . ';',
		$got->{said});
	hear($got);
	$count{ $got->{sqlstate} }++ if $got->{sqlstate};
	return $got;
}

# Does a statement; returns what is wrong, and sets $$failed.
sub do_statement
{
	my ($statement, $failed) = @_;
	my @accounts_sent_to =
	  @{ $statement->{sends_to} // [ $statement->{account} ] };
	my $got = ask($statement->{sql});
	my @wrong;

	$$failed = $got->{sqlstate};
	push @wrong, "fails, though nothing was armed: $got->{said}"
	  if $$failed && $healthy;
	push @wrong, 'the session is lost' if $got->{lost};
	@wrong = $statement->{effect}->($got) if !$$failed;
	if ($statement->{sends})
	{
		look_for_gone($_) foreach @accounts_sent_to;
		drop_gone($_) foreach @accounts_sent_to;
	}
	return @wrong;
}

# Looks at the lists of an account as the transaction sees them.
sub look
{
	my ($account, $failed) = @_;
	my $got = $session->ask(
		"SELECT id, name, type, can_add_elements FROM $account.catalogs");

	if ($got->{sqlstate})
	{
		tell_story("(looks at $account)", $got->{said});
		hear($got);
		$$failed = $got->{sqlstate};
		return "fails to look at $account, though nothing was armed" if $healthy;
		return;
	}
	return compare_rows($account, $got->{rows});
}

# One transaction; returns what is wrong.
sub transaction
{
	my $block = chance(0.9);    # or one statement alone
	my $left = $block ? 1 + int rand 9 : 1;
	my $faulty = chance(0.5) ? 0.25 : 0;
	my ($failed, @wrong) = '';

	%named = ();
	@savepoints = ();
	$healthy = 1;
	ask('BEGIN') if $block;
	while ($left-- > 0 && !@wrong)
	{
		if (chance($faulty))
		{
			tell_story('-- ' . arm_something());
			$healthy = 0;
		}
		if ($failed)
		{
			last if !@savepoints || chance(0.3);
			my $n = int rand @savepoints;
			ask("ROLLBACK TO $savepoints[$n][0]");
			roll_back_to($n);
			$failed = '';
			push @wrong, look($_, \$failed) foreach @accounts;
			$count{'goes on after an error'}++;
			next;
		}
		my $kind = $block
		  ? weighted(16 => '', 3 => 'savepoint', 2 => 'back', 1 => 'release',
			2 => 'block')
		  : weighted(4 => '', 1 => 'block');
		if ($kind eq 'savepoint')
		{
			my $name = 's' . @savepoints;
			ask("SAVEPOINT $name");
			set_savepoint($name);
			next;
		}
		if ($kind eq 'back' && @savepoints)
		{
			my $n = int rand @savepoints;
			ask("ROLLBACK TO $savepoints[$n][0]");
			roll_back_to($n);
			push @wrong, look($_, \$failed) foreach @accounts;
			next;
		}
		if ($kind eq 'release' && @savepoints)
		{
			my $n = int rand @savepoints;
			ask("RELEASE $savepoints[$n][0]");
			$#savepoints = $n - 1;
			next;
		}
		my $statement = $kind eq 'block' ? make_block() : make_statement();
		push @wrong, do_statement($statement, \$failed);
		push @wrong, look($_, \$failed)
		  foreach $failed || !$block ? ()
		  : $statement->{all_accounts} ? @accounts
		  : $statement->{account};
	}

	my $commit = !$block || chance(0.7);
	my $tried = !$block || $commit && !$failed;
	my $committed = $commit && !$failed;
	if ($block)
	{
		my $got = ask($commit ? 'COMMIT' : 'ROLLBACK');
		push @wrong, "does not end: $got->{said}" if ($got->{status} // '') ne 'I';
		push @wrong, 'ROLLBACK fails' if !$committed && $got->{sqlstate};
		push @wrong, "COMMIT fails, though nothing was armed: $got->{said}"
		  if $committed && $got->{sqlstate} && $healthy;
		$committed &&= !$got->{sqlstate};
		$count{'COMMIT fails'}++ if $commit && !$failed && !$committed;
	}
	$count{ $committed ? 'committed' : 'rolled back' }++;
	$count{'something armed'}++ if !$healthy;
	push @wrong, compare_requests($tried);
	foreach my $account (@accounts)
	{
		# Nobody need have sent it for an autocommitted statement to be there.
		push @wrong, compare_account($account, $committed);
	}
	if (!$healthy)
	{
		$t->emulator('heal');
		$t->emulator('unset',
			qw(partial partial_shape partial_code));
	}
	return @wrong;
}

# ------------------------------------------------------------------------------
# Histories of them

my $seed_file = "$PostgreSQL::Test::Utils::tmp_check/random.json";
{
	my %seed;
	my $next_id = 1000;
	foreach my $account (@accounts)
	{
		$seed{$account} = {
			tokens => ["$account-token"],
			next_id => $next_id,
			lists => [ map { { id => $_, name => "List $_" } } 11 .. 14 ]
		};
		$next_id += 1000;
	}
	append_to_file($seed_file, JSON::PP::encode_json({ accounts => \%seed }));
}

sub begin_history
{
	my ($seed) = @_;

	srand $seed;
	$t->emulator('reset', $seed_file);
	%id_of = ();
	$counter = $seed % 1000 * 1000 + 1_000_000 * $count{histories}++;
	adopt($_, truth($_)) foreach @accounts;
	return;
}

note "SEED=$first_seed TRANSACTIONS=$transactions";
my $seed = $first_seed - 1;
my $done = 0;
my $failures = 0;
my $start = time;

while ($done < $transactions && $failures < $max_failures)
{
	begin_history(++$seed);
	foreach my $n (1 .. $history_length)
	{
		@story = ();
		my @wrong = transaction();
		$done++;
		last if !@wrong && $done >= $transactions;
		next if !@wrong;
		fail("transaction $n of SEED=$seed");
		diag(join "\n", @story, 'WRONG:', @wrong);
		diag("SEED=$seed TRANSACTIONS=$history_length replays it");
		$failures++;
		last;
	}
}
is($failures, 0, "$done random transactions agree with the model")
  or diag("SEED=$first_seed TRANSACTIONS=$transactions");
note sprintf '%.1f s; %s', time - $start,
  join ', ', map { "$_: $count{$_}" } sort keys %count;

# It is no test when nothing comes up.
if ($done >= 500)
{
	cmp_ok($count{$_} // 0, '>=', $done / 200, "comes up: $_")
	  foreach 'committed', 'rolled back', 'COMMIT fails', 'something armed',
	  'goes on after an error', '08007', 'HV00M', 'HV000';
}

$session->quit;
done_testing();
