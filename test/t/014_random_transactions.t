# Random transactions over two accounts that fail at random, against a model that
# knows what a transaction sees and what the accounts must hold after it: they
# agree, or an error or a warning has named the lists in which they differ.
#
# Transactions come in histories.  A history begins with the same lists, in a new
# session, and all that is chosen in it follows from its seed, so that one alone can
# be repeated; test/README.md tells how.  When a transaction fails, the test leaves
# out of it what need not be there for that.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Model;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Digest::MD5 ();
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# The seeds of the histories: those that are asked for, or else the same ones as
# always.
my $seeds = $ENV{CATALOGS_SEED} || '1-40';
my @seeds = map { /^(\d+)-(\d+)$/ ? $1 .. $2 : $_ } split /,/, $seeds;

# Transactions in a history, the last of which is told of when it was asked for.
my $history_length = $ENV{CATALOGS_TRANSACTION} || 50;
my $verbose = $ENV{CATALOGS_TRANSACTION};

# Steps of a transaction, at most.
my $max_steps = 9;

# Failures after which there is no point in going on.
my $max_failures = 3;

my @accounts = qw(acme beta);
my %first_lists = (
	acme => { map { $_ => "List $_" } 11 .. 14 },
	beta => { map { $_ => "List $_" } 21 .. 24 });

my @columns = @CatalogsFdw::Model::columns;
my $columns = join ', ', @columns;

my $t = CatalogsFdw::Test->new(table => 0);
my $model = CatalogsFdw::Model->new;
my ($session, $other);    # that which is tested; another, to get in its way
my %options;              # account -> options of its server, in this history
my %count;                # of what came up, by kind

# ------------------------------------------------------------------------------
# Chance

# What follows depends on these numbers alone.
sub throw_dice
{
	srand unpack 'L', Digest::MD5::md5("@_");
	return;
}

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
# A transaction's state, and asking

my @story;        # what was done and said, as text
my @wrong;        # what is wrong, likewise
my %named;        # verb -> id or key of an added row: said to be uncertain
my %news;         # the same, by the last answer alone
my %unknown;      # keys of added rows that may not be sent again
my %sent_to;      # accounts to which something may have been sent
my $healthy;      # nothing was armed, nobody has interfered
my $failed;       # SQLSTATE with which the transaction has failed
my $conflict;     # COMMIT cannot be serialized
my %strikes;      # account -> lost replies to come, if that is all that is armed
my @wire;         # POSTs since the last look there: [account, body]

sub tell_story { push @story, map { "    $_" } map { split /\n/ } @_; return; }

my $imagining;    # nothing is wrong then

sub wrong
{
	return if $imagining;
	push @wrong, @_;
	tell_story(map { "WRONG: $_" } @_);
	return;
}

# The lists of an account, asked behind the back: id -> { column => value }.
sub lists_of
{
	my ($account) = @_;
	my %lists;

	foreach (split /\n/,
		$t->emulator('lists', '--account', $account, '--columns',
			join ',', 'id', @columns))
	{
		my ($id, @values) = split / *\| */;
		next if $id !~ /^\d+$/;
		s/^(t|f)(?:rue|alse)$/$1/ foreach @values;
		@{ $lists{$id} }{@columns} = @values;
	}
	return \%lists;
}

# Asks the session that is tested, and notes what is said.
sub ask
{
	my ($sql) = @_;
	my $got = $session->ask($sql);

	%news = ();
	tell_story("$sql;", $got->{said});
	look_at_wire() if $verbose;
	$count{"SQLSTATE $got->{sqlstate}"}++ if $got->{sqlstate};
	wrong('the session is lost') if $got->{lost};
	my @errors = grep { $_->{message} =~ /^caught/ } @{ $got->{warnings} };
	$count{"caught $_->{sqlstate}"}++ foreach @errors;
	push @errors, $got->{error} if $got->{error};
	if (@errors)
	{
		$count{'may have carried it out'}++
		  if grep { $_->{detail} =~ /may have carried/ } @errors;
		# Before the errors are heard: what was sent before could be sent.
		look_at_wire();
	}
	foreach (@errors)
	{
		my $words = $_->{detail} =~ /may have carried it out, or not: (.*)/ ? $1 : '';
		my ($account) = $_->{message} =~ /on server "(\w+)"/;

		# What goes no further than to a savepoint has to be said again at the end.
		hear($_, $words,
			$_->{message} !~ /^caught/
			  && (($got->{status} // '') eq 'I' || !$model->savepoints));
		wrong("gives up before $account was asked often enough")
		  if $words =~ /update|delete/ && $words !~ /add/
		  && ($strikes{$account} // 0) <= $options{$account}{max_retries}
		  && !$options{$account}{hasty};
	}
	hear($_, $_->{detail}, 1)
	  foreach grep { $_->{message} !~ /^caught/ } @{ $got->{warnings} };
	return $got;
}

# Which rows a message names, for good or until the end of the transaction.
sub hear
{
	my ($said, $words, $for_good) = @_;
	my $row = qr/"[^"]*"|\d+/;

	while ($words =~ /\b(add|update|delete) of lists? ($row(?:, $row)*)/g)
	{
		my ($verb, $rows) = ($1, $2);
		foreach ($rows =~ /$row/g)
		{
			my $name = /^"(.*)"/ ? CatalogsFdw::Model::identity_of_name($1) : $_;
			$news{$verb}{$name} = 1;
			$named{$verb}{$name} = 1 if $for_good;
			$unknown{$name} = 1 if /^"/;
		}
	}
	while ($said->{detail} =~ /account that are new: ([\d, ]+)\./g)
	{
		my %lists = map { %{ lists_of($_) } } @accounts;

		$count{'names lists that are new'}++;
		foreach my $id (split /, /, $1)
		{
			my $key = CatalogsFdw::Model::identity_of_name($lists{$id}{name} // '');
			wrong("list $id is not what was added") if !$key || !$unknown{$key};
		}
	}
	return;
}

# The POSTs since the last time go to @wire.  Is anything wrong with them?
sub look_at_wire
{
	foreach (split /\n/, $t->emulator('wire', '--accounts', '--full', '--status'))
	{
		wrong("breaks a rule of the API: $_") if /^!/;
		my ($account, $body) = /^(\w+): POST \S+ (.*) -> / or next;
		my $rows = JSON::PP::decode_json($body);
		my $n = 0;

		tell_story("-- $_");
		push @wire, [ $account, $rows ];
		$n += @$_ foreach values %$rows;
		wrong("sends $n rows in one POST") if $n > $options{$account}{batch_size};
		wrong('sends several verbs in one POST')
		  if keys %$rows > 1 && $options{$account}{combine_verbs} ne 'true';
		wrong("sends to $account, though nothing was to be sent")
		  if !$sent_to{$account};
		foreach (map { CatalogsFdw::Model::identity_of_name($_->{name}) }
			@{ $rows->{add} // [] })
		{
			wrong("sends the add of $_ again") if $unknown{$_};
		}
	}
	return;
}

# Looks at the lists of an account as the transaction sees them.
sub look
{
	my ($account, $condition, $which) = @_;
	my $got = ask("SELECT id, $columns FROM $account.catalogs"
		  . ($condition ? " WHERE $condition" : ''));

	if ($got->{sqlstate})
	{
		$failed = $got->{sqlstate};
		wrong('a SELECT fails') if $healthy;
		return;
	}
	wrong($model->compare($account, $got->{rows}, $which));
	return;
}

# ------------------------------------------------------------------------------
# Statements: { sql, effect, sends }.  The effect is what it does to the model; it
# returns the SQLSTATE with which the statement fails, or ''.  It gets the answer,
# unless the statement was one of several.  It sends something to those accounts.

my $last_number;    # of added rows

sub new_key { return 'n' . ++$last_number; }

sub is_immediate { return $options{ $_[0] }{write_mode} eq 'immediate'; }

# A statement that changes an account: what is not to wait is sent at its end.
sub changing
{
	my ($account, $sql, $effect) = @_;
	return {
		sql => $sql,
		sends => [ is_immediate($account) ? $account : () ],
		effect => sub {
			return $effect->(@_)
			  || (is_immediate($account) ? $model->flush($account) : '');
		}
	};
}

sub literal { return defined $_[0] ? "'$_[0]'" : 'NULL'; }

# One of an account's rows, or something like it.
sub some_row
{
	my ($account) = @_;
	my @rows = $model->rows($account);
	return @rows ? one_of(@rows) : { key => 'none', values => { name => 'none' } };
}

sub some_id
{
	my ($account) = @_;
	return $model->id(some_row($account)) // one_of(999, keys_of_first($account));
}

sub keys_of_first { return sort keys %{ $first_lists{ $_[0] } }; }

sub has_id
{
	my ($row, @ids) = @_;
	my $id = $model->id($row);
	return defined $id && grep { $_ == $id } @ids;
}

# Some rows of an account: a condition, and what it means.
sub some_rows
{
	my ($account) = @_;
	my ($id, $id2) = map { some_id($account) } 1, 2;
	my $name = some_row($account)->{values}{name};
	my $digit = int rand 10;

	return @{
		weighted(
			6 => [ "id = $id", sub { has_id($_[0], $id) } ],
			2 => [ "id IN ($id, $id2)", sub { has_id($_[0], $id, $id2) } ],
			4 => [ "name = '$name'", sub { $_[0]{values}{name} eq $name } ],
			1 => [
				"id = $id OR name = '$name'",
				sub { has_id($_[0], $id) || $_[0]{values}{name} eq $name }
			],
			2 => [ 'true', sub { 1 } ],
			2 => [
				"name LIKE '%$digit%'", sub { $_[0]{values}{name} =~ /$digit/ }
			],
			3 => [ 'id IS NULL', sub { !$model->is_sent($_[0]) } ],
			1 => [
				"type = 'regular'",
				sub { ($_[0]{values}{type} // '') eq 'regular' }
			],
			1 => [
				"id IN (SELECT id FROM $account.catalogs WHERE can_add_elements)",
				sub {
					$model->is_sent($_[0])
					  && ($_[0]{values}{can_add_elements} // 'f') eq 't';
				}
			],
			1 => [
				"EXISTS (SELECT FROM $account.catalogs o WHERE o.name = c.name AND type IS NULL)",
				sub { !defined $_[0]{values}{type} }
			])
	};
}

sub make_insert
{
	my ($account) = @_;
	my @rows = map { { name => new_key() } } 1 .. weighted(4 => 1, 2 => 2, 2 => 5);
	my @keys = map { $_->{name} } @rows;
	my @given = grep { chance(0.3) } qw(type can_add_elements can_show_in_cards can_link_multiple request_id);
	my $error = weighted(12 => '', 1 => '23502', 1 => '428C9');
	my $returning = weighted(
		10 => '',
		4 => 'id, name',
		1 => 'id, name, type, sort',
		2 => 'NULL, name, request_id');
	my $sends = $returning =~ /^id/;

	foreach my $row (@rows)
	{
		foreach (grep { chance(0.8) } @given)
		{
			$row->{$_} =
			    $_ eq 'type' ? one_of(qw(regular t1 t2))
			  : $_ eq 'request_id' ? $row->{name} =~ s/n//r
			  : one_of(qw(t f));
		}
	}
	my @texts = map {
		my $row = $_;
		join ', ', map { literal($row->{$_}) } 'name', @given
	} @rows;
	my $ids = $error eq '428C9' ? 'id, ' : '';
	$texts[-1] =~ s/^'\w+'/NULL/ if $error eq '23502';
	@texts = map { "($_)" } $ids ? map { "NULL, $_" } @texts : @texts;
	$texts[-1] =~ s/NULL/17/ if $ids;
	my $sql = "INSERT INTO $account.catalogs ("
	  . join(', ', ($ids ? 'id' : ()), 'name', @given) . ') VALUES '
	  . join ', ', @texts;
	$sql .= " RETURNING $returning" if $returning;

	$model->intend($_->{name}, $_) foreach @rows;
	my $insert = changing(
		$account, $sql,
		sub {
			my ($got) = @_;
			my @got = $got ? @{ $got->{rows} } : ();

			return $error if $error;
			foreach my $n (0 .. $#rows)
			{
				my %values = map { $_ => $rows[$n]{$_} } @columns;
				$model->add($account, $keys[$n], \%values, $rows[$n]{request_id});
				$model->send_add($account, $keys[$n]) if $sends;
				next if !$got || !$returning;
				my ($id, $name, $third) = @{ shift @got // [] };
				$model->learn_id($keys[$n], $id) if defined $id;
				wrong("RETURNING gives no id of $keys[$n]") if $sends && !defined $id;
				wrong("RETURNING does not give $keys[$n]")
				  if ($name // '') ne $keys[$n];
				my $wanted = $returning =~ /type/
				  ? $values{type} // $CatalogsFdw::Model::default{type}
				  : $returning =~ /request_id/ ? $rows[$n]{request_id} // '' : '';
				wrong("RETURNING gives another value of $keys[$n]")
				  if ($third // '') ne $wanted;
			}
			wrong('RETURNING gives too many rows') if @got;
			return '';
		});
	$insert->{sends} = [$account] if $sends;
	return $insert;
}

# As many new rows as a query of the same or another account gives; it does not see
# them.
sub make_insert_select
{
	my ($account) = @_;
	my $source = one_of(@accounts);
	my ($condition, $which) = some_rows($source);
	my $first = $last_number;

	$last_number += 100;
	return changing(
		$account,
		"INSERT INTO $account.catalogs (name, type) SELECT 'n' || $first + row_number() OVER (), 'copied' FROM $source.catalogs c WHERE $condition",
		sub {
			my $n = grep { $which->($_) } $model->rows($source);
			$model->add($account, 'n' . ($first + $_),
				{ name => 'n' . ($first + $_), type => 'copied' })
			  foreach 1 .. $n;
			return '';
		});
}

# Fails at a row behind others.
sub make_failing_insert
{
	my ($account) = @_;
	my $first = $last_number + 1;
	my $last = $first + one_of(0, 1, 3);
	my $returning = chance(0.4) ? ' RETURNING id' : '';

	$last_number = $last;
	$model->intend("n$_", { name => "n$_" }) foreach $first .. $last;
	my $insert = changing(
		$account,
		"INSERT INTO $account.catalogs (name, type) SELECT 'n' || g, CASE WHEN g = $last THEN (1 / (g - g))::text END FROM generate_series($first, $last) g$returning",
		sub { '22012' });
	$insert->{sends} = [$account] if $returning;
	return $insert;
}

sub value { my ($column) = @_; return sub { $_[0]{values}{$column} }; }

sub make_update
{
	my ($account) = @_;
	my ($condition, $which) = some_rows($account);
	my $type = 't' . one_of(1 .. 3);
	my $suffix = one_of(qw(+ - *));
	my $id = some_id($account);
	my $longer = sub { $_[0]{values}{name} . $suffix };
	my ($sql, $set) = @{
		weighted(
			5 => [ "name = name || '$suffix'", { name => $longer } ],
			3 => [ "type = '$type'", { type => sub { $type } } ],
			2 => [
				"can_add_elements = NOT COALESCE(can_add_elements, false), name = name || '$suffix'",
				{
					name => $longer,
					can_add_elements => sub {
						($_[0]{values}{can_add_elements} // 'f') eq 't' ? 'f' : 't';
					}
				}
			],
			1 => [ 'name = name', { name => value('name') } ],
			1 => [
				"can_show_in_cards = (name LIKE '%2%'), can_link_multiple = true",
				{
					can_show_in_cards =>
					  sub { $_[0]{values}{name} =~ /2/ ? 't' : 'f' },
					can_link_multiple => sub { 't' }
				}
			],
			# NULL for a new row that has none
			1 => [ "type = type", { type => value('type') } ],
			1 => [
				"name = CASE WHEN id = $id THEN (1 / (id - id))::text ELSE name || '$suffix' END",
				{
					name => sub {
						has_id($_[0], $id) ? \'22012' : $longer->($_[0]);
					}
				}
			])
	};
	return changing(
		$account,
		"UPDATE $account.catalogs c SET $sql WHERE $condition",
		sub { $model->update($account, $which, $set) });
}

# By a join with the two ids, or names, of VALUES.
sub make_join
{
	my ($account) = @_;
	my @ids = map { some_id($account) } 1, 2;
	my ($name) = some_row($account)->{values}{name};
	my ($of, $values, $which) = @{
		chance(0.6)
		? [
			'id',
			join(', ', map { "($_)" } @ids),
			sub { has_id($_[0], @ids) }
		  ]
		: [
			'name', "('$name'), ('List 11')",
			sub { $_[0]{values}{name} =~ /^(?:\Q$name\E|List 11)$/ }
		]
	};

	return changing(
		$account,
		"DELETE FROM $account.catalogs c USING (VALUES $values) v(x) WHERE c.$of = v.x",
		sub { $model->delete($account, $which); '' }) if chance(0.3);
	return changing(
		$account,
		"UPDATE $account.catalogs c SET name = c.name || '=' FROM (SELECT DISTINCT x FROM (VALUES $values) v(x)) v WHERE c.$of = v.x",
		sub {
			$model->update($account, $which,
				{ name => sub { "$_[0]{values}{name}=" } });
		});
}

sub make_delete
{
	my ($account) = @_;
	my ($condition, $which) = some_rows($account);

	($condition, $which) = some_rows($account)
	  if $condition eq 'true' && chance(0.7);
	return changing(
		$account,
		"DELETE FROM $account.catalogs c WHERE $condition",
		sub { $model->delete($account, $which); '' });
}

sub make_truncate
{
	my ($account) = @_;
	return changing(
		$account,
		"TRUNCATE $account.catalogs",
		sub { $model->delete($account, sub { 1 }); '' });
}

sub make_flush
{
	my ($account) = @_;
	return {
		sql => "SELECT verb, id, name FROM catalogs_fdw_flush('$account')",
		sends => [$account],
		effect => sub {
			my ($got) = @_;
			my $clear = is_clear($account);
			my @wanted = map { change_title($_) } @{ $model->pending($account) };
			my $error = $model->flush($account);

			return $error if $error || !$got;
			foreach (@{ $got->{rows} })
			{
				my ($verb, $id, $name) = @$_;
				$model->learn_id($name =~ /^(n\d+)/, $id) if $verb eq 'add';
			}
			my @got = map { $_->[0] . ' ' . ($_->[0] eq 'add' ? $_->[2] : $_->[1]) }
			  @{ $got->{rows} };
			is_same('the flush has sent', \@got, \@wanted) if $clear;
			return '';
		}
	};
}

sub change_title
{
	my ($change) = @_;
	return "$change->{verb} "
	  . ($change->{verb} eq 'add' ? $change->{name} : $change->{id} // '?');
}

# Two lists of texts, whose verbs must come in the same order, and adds too.
sub is_same
{
	my ($what, $got, $wanted) = @_;
	my %rank = (update => 0, add => 1, delete => 2);
	my @ranks = map { /^(\w+)/ ? $rank{$1} : () } @$got;
	my $in_order = 1;

	$in_order &&= $ranks[ $_ - 1 ] <= $ranks[$_] foreach 1 .. $#ranks;
	my ($adds, $wanted_adds) = map { join '; ', grep { /^add/ } @$_ } $got, $wanted;
	my ($all, $wanted_all) = map { join '; ', sort @$_ } $got, $wanted;
	wrong("$what $all, not: $wanted_all") if $all ne $wanted_all;
	wrong("$what out of order: " . join '; ', @$got)
	  if !$in_order || $adds ne $wanted_adds;
	return;
}

# A statement that changes something, or sends it.
sub make_statement
{
	my ($account) = @_;

	$account //= one_of(qw(acme acme beta));
	my $make = weighted(
		10 => \&make_insert,
		10 => \&make_update,
		6 => \&make_delete,
		3 => \&make_join,
		2 => \&make_failing_insert,
		1 => \&make_insert_select,
		5 => \&make_flush,
		0.3 => \&make_truncate);
	return $make->($account);
}

# Something that makes COMMIT fail before it sends anything.
sub make_doom
{
	return {
		sql => 'INSERT INTO unique_in_the_end VALUES (1), (1)',
		sends => [],
		effect => sub { $model->doom('23505'); '' }
	};
}

# A block of PL/pgSQL that catches what goes wrong in it, or is made to.  Nothing
# comes after a block that sends something: if it fails, nobody can tell here what
# a later statement meets.
my $last_block = 0;

sub make_block
{
	my ($depth) = @_;
	my $tag = ++$last_block;
	my $raise = chance(0.35) ? 'true' : 'false';
	my @statements;

	foreach (1 .. one_of(1, 2, 3))
	{
		my $statement =
		  $depth < 3 && chance(0.3) ? make_block($depth + 1) : make_statement();
		push @statements, $statement;
		last if $statement->{is_block} && @{ $statement->{sends} };
	}
	my $texts = join ', ', map { literal($_->{sql} =~ s/'/''/gr) } @statements;
	return {
		sql => "SELECT attempt($tag, ARRAY[$texts], $raise)",
		is_block => 1,
		sends => [ map { @{ $_->{sends} } } @statements ],
		effect => sub {
			my ($got, $caught) = @_;
			$caught //= {
				map { $_->{message} =~ /^caught (\d+):/ ? ($1 => $_->{sqlstate}) : () }
				  @{ $got->{warnings} }
			};
			my $is = $caught->{$tag} // '';
			my $should = '';

			return imagine(map { $_->{effect} } @statements) if $is && !$healthy;
			$model->set_savepoint("block $tag");
			$should ||= $_->{effect}->(undef, $caught) foreach @statements;
			$should ||= 'P0001' if $raise eq 'true';
			$model->roll_back_to("block $tag") if $is;
			$model->release("block $tag");
			wrong("block $tag ends with '$is', not '$should'") if $is ne $should;
			return '';
		}
	};
}

# What statements would have done that have failed, perhaps not before some of it
# was sent.
sub imagine
{
	my (@effects) = @_;
	my $outermost = !$imagining;

	$imagining = 1;
	$model->imagine(sub { $_->(undef, {}) foreach @effects });
	$imagining = 0 if $outermost;
	return '';
}

# Does a statement.
sub do_statement
{
	my ($statement) = @_;
	my @accounts = @{ $statement->{sends} };

	@sent_to{@accounts} = (1) x @accounts;
	my $got = ask($statement->{sql});
	my $caught = grep { $_->{message} =~ /^caught/ } @{ $got->{warnings} };
	my $should = '';

	$failed = $got->{sqlstate};
	$model->set_savepoint('statement');
	if ($failed && !$healthy) { imagine($statement->{effect}) }
	else { $should = $statement->{effect}->($got) }
	$model->roll_back_to('statement') if $failed;
	$model->release('statement');
	wrong("it ends with '$failed', not '$should'")
	  if $failed ne $should && ($healthy || !$failed);
	# Without a savepoint all is over now.
	if ($caught || $failed && $model->savepoints)
	{
		foreach my $account (@accounts)
		{
			$model->learn($account, lists_of($account), \%news);
			$model->{unclear}{$account} = 1 if !$healthy;
		}
	}
	return;
}

# ------------------------------------------------------------------------------
# What gets in the way

my @faults = (
	['close_before'],
	['close_after_request'],
	['close_applied'],
	['reset_kept'],
	['close_middle'],
	['close_headers'],
	['cut'],
	['reset'],
	['garbage'],
	['garbage_body'],
	['empty_200'],
	[ 'empty_200', apply => 'yes' ],
	[ 'html_200', apply => 'yes' ],
	[ 'status', code => 400 ],
	[ 'status', code => 403 ],
	[ 'status', code => 429 ],
	[ 'status', code => 500 ],
	[ 'status', code => 500, apply => 'yes' ],
	[ 'status', code => 503 ],
	[ 'status', code => 504, apply => 'yes' ],
	[ 'error_200', error_code => 244 ]);
my @slow_faults = (['silent'], ['stall']);
my @refused = ('add:1', 'add:2', 'update:*', 'delete:*', 'update:11', 'delete:12');
my @refusal_shapes = qw(message_map object_list object_map response);

sub arm_fault
{
	my $account = one_of(@accounts);

	$healthy = 0;
	if (chance(0.2))
	{
		my @words = (
			partial => one_of(@refused),
			partial_shape => one_of(@refusal_shapes),
			partial_code => 281);
		%strikes = map { $_ => 'inf' } @accounts;
		tell_story("-- set @words");
		$t->set(@words);
		return;
	}
	my @fault = @{ one_of(@faults, $options{$account}{hasty} ? (@slow_faults) x 5 : ()) };
	my $on = chance(0.9) ? 'POST' : 'GET';
	push @fault,
	  account => $account,
	  on => $on,
	  nth => one_of(1, 1, 2, 3, 4),
	  times => $on eq 'GET' || $fault[0] =~ /silent|stall/ ? 1 : weighted(8 => 1, 1 => 2, 1 => 0);
	my %fault = @fault[ 1 .. $#fault ];
	# A refusal is no lost reply, and one after a lost one leaves it at that.
	my $is_lost = $fault[0] !~ /error/ && ($fault{code} // 500) >= 500;
	$strikes{$account} += $is_lost && $fault{times} || 'inf' if $on eq 'POST';
	tell_story("-- fault @fault");
	$t->fault(@fault);
	return;
}

sub heal
{
	tell_story('-- heal');
	$t->emulator('heal');
	$t->emulator('unset', qw(partial partial_shape partial_code));
	return;
}

# Somebody else changes or deletes a list that the transaction has not touched, or
# deletes any.
sub interfere
{
	my $account = one_of(@accounts);
	my @rows = grep { defined $model->id($_) } $model->rows($account);
	my $row = @rows ? one_of(@rows) : return;
	my $id = $model->id($row);

	if ($model->is_touched($row) || chance(0.4))
	{
		$healthy = 0;
		$strikes{$account} = 'inf';
		tell_story("-- drop $id");
		$t->emulator('drop', '--account', $account, $id);
		$model->drop_behind($row->{key});
		return;
	}
	my $name = $row->{values}{name} . '!';
	tell_story("-- put $id $name");
	$t->emulator('put', '--account', $account,
		JSON::PP::encode_json({ id => $id + 0, name => $name }));
	$model->change_behind($row->{key}, 'name', $name);
	return;
}

# ------------------------------------------------------------------------------
# A transaction

# One step of it.
sub take_step
{
	my ($faulty) = @_;

	arm_fault() if chance($faulty);
	heal() if !$healthy && chance(0.05);
	if ($failed)
	{
		my @savepoints = $model->savepoints;
		return if !@savepoints;
		roll_back_to(one_of(@savepoints));
		return;
	}
	my $kind = weighted(
		20 => 'statement',
		4 => 'block',
		6 => 'savepoint',
		2 => 'back',
		1 => 'release',
		2 => 'pending',
		1 => 'cursor',
		1 => 'by id',
		0.7 => 'interfere',
		0.3 => 'doom');

	if ($kind eq 'savepoint')
	{
		my $name = one_of(qw(a b c));
		ask("SAVEPOINT $name");
		$model->set_savepoint($name);
	}
	elsif ($kind eq 'back' || $kind eq 'release')
	{
		my $name = one_of($model->savepoints) or return;
		return roll_back_to($name) if $kind eq 'back';
		ask("RELEASE $name");
		$model->release($name);
	}
	elsif ($kind eq 'pending') { compare_pending($_) foreach @accounts }
	elsif ($kind eq 'cursor') { use_cursor(one_of(@accounts)) }
	elsif ($kind eq 'by id')
	{
		my $account = one_of(@accounts);
		my $id = some_id($account);
		look($account, "id = $id", sub { has_id($_[0], $id) });
	}
	elsif ($kind eq 'interfere') { interfere() }
	else
	{
		my $statement =
		    $kind eq 'block' ? make_block(1)
		  : $kind eq 'doom' ? make_doom()
		  : make_statement();
		do_statement($statement);
		look_around($statement);
	}
	return;
}

sub look_around
{
	my ($statement) = @_;

	foreach my $account (@accounts)
	{
		look($account)
		  if !$failed
		  && (chance(0.5) || grep { $_ eq $account } @{ $statement->{sends} });
	}
	return;
}

sub roll_back_to
{
	my ($name) = @_;

	ask("ROLLBACK TO $name");
	$model->roll_back_to($name);
	$failed = '';
	foreach (@accounts) { look($_) if !$failed }
	return;
}

sub compare_pending
{
	my ($account) = @_;
	my $got = ask(
		"SELECT verb, id, changes FROM catalogs_fdw_pending WHERE server = '$account'");

	return wrong('catalogs_fdw_pending fails') if $got->{sqlstate};
	return if !is_clear($account);
	is_same(
		'pending is',
		[ map { pending_text(@$_) } @{ $got->{rows} } ],
		[
			map {
				my %columns = %{ $_->{columns} // {} };
				$columns{request_id} = $_->{request_id} if defined $_->{request_id};
				change_text($_->{verb}, $_->{id}, %columns)
			} @{ $model->pending($account) }
		]);
	return;
}

# Whether the model knows by its id what is pending.
sub is_clear
{
	my ($account) = @_;
	return !$model->{unclear}{$account}
	  && !grep { $_->{verb} ne 'add' && !defined $_->{id} }
	  @{ $model->pending($account) };
}

sub pending_text
{
	my ($verb, $id, $changes) = @_;
	my %columns = %{ JSON::PP::decode_json($changes // '{}') };
	return change_text($verb, $id, map { $_ => sql_text($columns{$_}) } keys %columns);
}

sub sql_text
{
	my ($value) = @_;
	return JSON::PP::is_bool($value) ? ($value ? 't' : 'f') : $value;
}

sub change_text
{
	my ($verb, $id, %columns) = @_;
	return "add " . columns_text(%columns) if $verb eq 'add';
	return "$verb $id " . columns_text($verb eq 'update' ? %columns : ());
}

sub columns_text
{
	my (%columns) = @_;
	return join ' ', map { "$_=$columns{$_}" } sort keys %columns;
}

# A cursor does not see what comes after it was declared.
sub use_cursor
{
	my ($account) = @_;
	my $statement = make_statement($account);

	# TRUNCATE refuses a table that a cursor reads.
	return if @{ $statement->{sends} } || $statement->{sql} =~ /^TRUNCATE/;
	ask("DECLARE c CURSOR FOR SELECT id, $columns FROM $account.catalogs");
	my $at_first = chance(0.5) ? ask('FETCH c') : { rows => [], sqlstate => '' };
	$failed = $at_first->{sqlstate};
	if ($failed)
	{
		wrong('a cursor fails') if $healthy;
		return;
	}
	$model->set_savepoint('cursor');
	do_statement($statement);
	if (!$failed)
	{
		my $got = ask('FETCH ALL c');

		$failed = $got->{sqlstate};
		wrong('a cursor fails') if $failed && $healthy;
		$model->set_savepoint('now');
		my $now = $model->{view};
		$model->{view} = $model->{savepoints}[-2][1];
		wrong($model->compare($account, [ @{ $at_first->{rows} }, @{ $got->{rows} } ]))
		  if !$failed;
		$model->{view} = $now;
		$model->release('now');
		ask('CLOSE c') if !$failed;
	}
	$model->release('cursor');
	return;
}

# Accounts are not to become too large, nor empty.
sub tidy_up
{
	my ($account, $lists) = @_;
	my @ids = sort { $a <=> $b } keys %$lists;

	if (@ids > 8)
	{
		my @dropped = @ids[ 0 .. @ids - 6 ];
		$t->emulator('drop', '--account', $account, @dropped);
		delete @$lists{@dropped};
	}
	return if @ids > 2;
	foreach my $id (sort keys %{ $first_lists{$account} })
	{
		my $name = $first_lists{$account}{$id};
		$t->emulator('put', '--account', $account,
			JSON::PP::encode_json({ id => $id + 0, name => $name }))
		  if !$lists->{$id};
	}
	%$lists = %{ lists_of($account) };
	return;
}

my %truth;    # account -> its lists after the last transaction

sub transaction
{
	my ($seed, $n, $skipped) = @_;

	throw_dice($seed, $n, 'begin');
	my $style = weighted(12 => 'block', 2 => 'alone', 1 => 'serializable');
	my $steps = $style eq 'alone' ? 1 : 1 + int rand $max_steps;
	my $faulty = chance(0.5) ? 0.25 : 0;

	@story = @wrong = @wire = ();
	%named = %unknown = %sent_to = ();
	($failed, $conflict, $healthy) = ('', 0, 1);
	%strikes = ();
	tidy_up($_, $truth{$_}) foreach @accounts;
	$model->begin(%truth);
	tell_story("-- transaction $n of seed $seed");
	foreach my $account (@accounts)
	{
		my $options = $options{$account};
		tell_story("-- $account: "
			  . join ', ', map { "$_ $options->{$_}" } sort keys %$options);
	}

	return end_alone($seed, $n, $faulty) if $style eq 'alone';
	ask('BEGIN' . ($style eq 'serializable' ? ' ISOLATION LEVEL SERIALIZABLE' : ''));
	ask('SELECT count(*) FROM here; INSERT INTO there VALUES (1)')
	  if $style eq 'serializable';
	foreach my $step (1 .. $steps)
	{
		last if @wrong;
		next if $skipped->{$step};
		throw_dice($seed, $n, $step);
		$last_number = $n * 10000 + $step * 1000;
		take_step($faulty);
	}
	throw_dice($seed, $n, 'end');
	end_block($style);
	return;
}

# A statement that is a transaction by itself.
sub end_alone
{
	my ($seed, $n, $faulty) = @_;

	$last_number = $n * 10000;
	throw_dice($seed, $n, 1);
	arm_fault() if chance($faulty);
	my $statement = chance(0.8) ? make_statement() : make_block(1);

	@sent_to{@accounts} = (1) x @accounts;
	my $got = ask($statement->{sql});
	$failed = $got->{sqlstate};
	my $should =
	  $failed && !$healthy
	  ? imagine($statement->{effect})
	  : $statement->{effect}->($got);
	wrong("it ends with '$failed', not '$should'")
	  if $failed ne $should && ($healthy || !$failed);
	judge(!$failed);
	return;
}

sub end_block
{
	my ($style) = @_;
	my $commits = chance(0.75);
	my $sends = $commits && !$failed;

	if ($style eq 'serializable' && !$model->doomed && chance(0.7))
	{
		my $got = $other->ask(
			'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM there; INSERT INTO here VALUES (1); COMMIT');
		tell_story("-- another transaction gets in the way", $got->{said});
		$conflict = $got->{sqlstate} eq '';
	}
	look_at_wire();
	my @wanted = $sends ? wanted_posts() : ();
	my $should = $failed ? '' : expected_at_commit();
	@wire = ();
	@sent_to{@accounts} = (1) x @accounts if $sends && $should !~ /^23505/;

	my $got = ask($commits ? 'COMMIT' : 'ROLLBACK');
	my $error = $got->{sqlstate};
	wrong("does not end: $got->{said}") if ($got->{status} // '') ne 'I';
	wrong("ROLLBACK fails: $got->{said}") if $error && !$sends;
	wrong("COMMIT ends with '$error', not '$should'")
	  if $sends && $error ne $should && ($healthy || !$error);
	$count{'COMMIT fails'}++ if $error;
	look_at_wire();
	compare_posts(@wanted) if $sends && !$error && $healthy;
	judge($sends && !$error);
	return;
}

# The SQLSTATE with which COMMIT must fail, or ''.
sub expected_at_commit
{
	return $model->doomed if $model->doomed;
	my @clear = grep { !$model->{unclear}{$_} } @accounts;
	return '40001'
	  if $conflict || grep { $model->meets_vanished($_) || $model->has_lost($_) } @clear;
	return '';
}

# What is to be sent to each account, if all is well: [account, POSTs, rows].
sub wanted_posts
{
	my @wanted;

	foreach my $account (@accounts)
	{
		my $options = $options{$account};
		my $pending = $model->pending($account);
		my %rows;

		$rows{ $options->{combine_verbs} eq 'true' ? 'all' : $_->{verb} }++
		  foreach @$pending;
		my $posts = 0;
		$posts += int(($_ + $options->{batch_size} - 1) / $options->{batch_size})
		  foreach values %rows;
		push @wanted, [ $account, $posts, map { change_title($_) } @$pending ]
		  if is_clear($account);
	}
	return @wanted;
}

# Has COMMIT sent that, and no more?
sub compare_posts
{
	my (@wanted) = @_;

	foreach (@wanted)
	{
		my ($account, $posts, @changes) = @$_;
		my @got = map { $_->[0] eq $account ? $_->[1] : () } @wire;
		my @rows;

		if ($options{$account}{combine_verbs} eq 'true')
		{
			# A POST of several verbs says nothing of their order.
			foreach my $verb (qw(update add delete))
			{
				push @rows, map { row_titles($verb, $_->{$verb}) } @got;
			}
		}
		else
		{
			push @rows, map { row_titles(%$_) } @got;
		}
		is_same("COMMIT sends to $account", \@rows, \@changes);
		wrong("COMMIT sends $account " . @got . " POSTs, not $posts")
		  if @got != $posts;
	}
	return;
}

# Rows of a POST, as change_title() has them.
sub row_titles
{
	my ($verb, $rows) = @_;
	my $of = $verb eq 'add' ? 'name' : 'id';

	return map { "$verb " . (ref ? $_->{$of} : $_) } @{ $rows // [] };
}

# Do the accounts hold what they are to hold?
sub judge
{
	my ($committed) = @_;

	$count{ $committed ? 'committed' : 'rolled back' }++;
	$count{'something in the way'}++ if !$healthy;
	look_at_wire();
	if (!$healthy) { heal() }
	foreach my $account (@accounts)
	{
		$truth{$account} = lists_of($account);
		wrong($model->verdict($account, $truth{$account}, $committed, \%named));
	}
	foreach my $verb (grep { %{ $named{$_} } } sort keys %named)
	{
		$count{"named: $verb"}++;
		next if !$healthy || grep { $options{$_}{undo} ne 'true' } @accounts;
		wrong("names the $verb of $_, which is as it is to be")
		  foreach grep { !$model->differences->{$_} } sort keys %{ $named{$verb} };
	}
	return;
}

# ------------------------------------------------------------------------------
# Histories

my $seed_file = "$PostgreSQL::Test::Utils::tmp_check/random.json";
{
	my $next_id = 1000;
	my %seed;

	foreach my $account (@accounts)
	{
		my $lists = $first_lists{$account};
		$seed{$account} = {
			tokens => ["$account-token"],
			next_id => $next_id,
			lists => [ map { { id => $_ + 0, name => $lists->{$_} } } sort keys %$lists ]
		};
		$next_id += 4000;
	}
	append_to_file($seed_file, JSON::PP::encode_json({ accounts => \%seed }));
}

my %all_options = (
	batch_size => [ 1, 2, 3, 50 ],
	write_mode => [qw(deferred deferred immediate)],
	combine_verbs => [qw(false false true)],
	undo => [qw(true true true true false)],
	max_retries => [ 0, 0, 3 ]);

sub make_tables
{
	connect_to($t, $_, map { $_ => $all_options{$_}[0] } keys %all_options)
	  foreach @accounts;
	$t->sql(<<'SQL');
ALTER SERVER acme OPTIONS (request_timeout '20s');
ALTER SERVER beta OPTIONS (request_timeout '20s');
CREATE TABLE here (n int);
CREATE TABLE there (n int);
CREATE TABLE unique_in_the_end (
	n int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION attempt(tag int, statements text[], fails boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	one text; m text; d text; s text;
BEGIN
	FOREACH one IN ARRAY statements LOOP
		EXECUTE one;
	END LOOP;
	IF fails THEN
		RAISE EXCEPTION 'no';
	END IF;
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL,
		s = RETURNED_SQLSTATE;
	RAISE WARNING USING MESSAGE = format('caught %s: %s', tag, m), ERRCODE = s,
		DETAIL = d;
END $$;
SQL
	return;
}

# A new session, accounts as at the start, and servers with other options.
sub begin_history
{
	my ($seed) = @_;

	throw_dice($seed);
	$session->quit if $session;
	$other->quit if $other;
	$t->emulator('reset', $seed_file);
	$t->set(
		clock => 'real',
		request_id => one_of(qw(echo none)),
		post_items_shape => one_of(qw(list nested map map_of_lists)));
	$session = CatalogsFdw::Session->new($t->node);
	$other = CatalogsFdw::Session->new($t->node);
	foreach my $account (@accounts)
	{
		my %chosen = map { $_ => one_of(@{ $all_options{$_} }) } sort keys %all_options;
		my $hasty = chance(0.05);

		$options{$account} = { %chosen, hasty => $hasty };
		$chosen{request_timeout} = $hasty ? '500ms' : '20s';
		$session->ask("ALTER SERVER $account OPTIONS ("
			  . join(', ', map { "SET $_ '$chosen{$_}'" } sort keys %chosen)
			  . ')');
		$truth{$account} = lists_of($account);
	}
	return;
}

# The transactions of a history up to one that fails; returns its number.
sub run_history
{
	my ($seed, $length, $skipped) = @_;

	begin_history($seed);
	foreach my $n (1 .. $length)
	{
		transaction($seed, $n, $n == $length ? $skipped // {} : {});
		return $n if @wrong;
	}
	return;
}

# All that is known of the last transaction.
sub report
{
	return join "\n", @story, 'The model:',
	  (map { $model->describe($_) } @accounts),
	  'The accounts:', map { $t->emulator('lists', '--account', $_) } @accounts;
}

# The report of a transaction that fails, without the steps that it fails without.
sub shrink
{
	my ($seed, $n) = @_;
	my $report = report();
	my %skipped;

	$verbose = 1;
	foreach my $step (1 .. $max_steps)
	{
		my $failed = run_history($seed, $n, { %skipped, $step => 1 }) // 0;

		next if $failed != $n;
		$skipped{$step} = 1;
		$report = report();
	}
	$verbose = 0;
	return $report;
}

make_tables();
diag("CATALOGS_SEED=$seeds");
my $start = time;
my ($failures, $done) = (0, 0);

foreach my $seed (@seeds)
{
	last if $failures >= $max_failures;
	my $n = run_history($seed, $history_length);

	$done += $n // $history_length;
	diag(report()) if $verbose;
	next if !$n;
	$failures++;
	fail("transaction $n of seed $seed");
	diag(shrink($seed, $n)) if !$verbose;
	diag("CATALOGS_SEED=$seed CATALOGS_TRANSACTION=$n repeats it");
}
is($failures, 0, "$done random transactions agree with the model");
note sprintf '%.1f s, of which %.1f s in this test', time - $start, (times)[0];
note "$count{$_} times: $_" foreach sort keys %count;

# It is no test when nothing comes up.
if (@seeds >= 20 && !$ENV{CATALOGS_TRANSACTION} && !$failures)
{
	cmp_ok($count{$_} // 0, '>=', $done / 200, "comes up: $_")
	  foreach 'committed', 'rolled back', 'COMMIT fails', 'something in the way',
	  'may have carried it out', 'names lists that are new',
	  'SQLSTATE 08007', 'SQLSTATE HV00M', 'SQLSTATE 40001', 'caught P0001',
	  map { "named: $_" } qw(add update delete);
}

$session->quit;
$other->quit;
done_testing();
