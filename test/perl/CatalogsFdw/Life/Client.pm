package CatalogsFdw::Life::Client;

=pod

=head1 NAME

CatalogsFdw::Life::Client - somebody who makes random transactions, whatever happens

=head1 SYNOPSIS

  my $client = CatalogsFdw::Life::Client->new(number => 1, world => $world);
  while (1) { $client->go_on }

=head1 DESCRIPTION

A client has a session, or connects; in the session it makes one transaction after
the other, of statements that follow from its number and how many it has made.  It never
waits: go_on() hears what has come, and asks what is next.  Others may cancel what it
asks, end its session, or crash the server meanwhile.

The world that all clients share is a hash:

  test         the CatalogsFdw::Test
  accounts     their names
  combining    of which these send all verbs in one POST
  holdings     the CatalogsFdw::Life::Holdings
  log          the CatalogsFdw::Life::ServerLog
  ask          a function that asks on behalf of everybody
  seed         from which all dice follow
  count        what -> how often
  sqlstates    SQLSTATE -> how often
  wrong        a function that is told what is wrong
  resting      no transaction is to be begun
  calm         nothing is in the way: what fails is wrong, but for one request too many,
               which is counted elsewhere, and for a session that was ended before
  crashes      of the server so far
  stories      what was done with a list since the accounts were looked at: its id, or
               what it is called -> texts

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts qw(named_rows);
use CatalogsFdw::Life::Holdings;
use CatalogsFdw::Promise;
use CatalogsFdw::Random::Choice;
use CatalogsFdw::Session;
use Time::HiRes qw(time);

sub new
{
	my ($class, %self) = @_;
	return bless { user => 'worker', made => 0, last_name => 0, pause => 0, %self }, $class;
}

=head2 $client->go_on

Returns whether there was anything to do.

=head2 $client->make($n)

It is to make so many more transactions, and no others; undef: as many as it likes.

=head2 $client->has_made_them

=head2 $client->is_idle

It has no transaction, and asks nothing.

=head2 $client->is_asking

=head2 $client->session

=cut

sub go_on
{
	my ($self) = @_;

	return $self->_bury if $self->{dying};
	if ($self->{then})
	{
		return 0 if !$self->{session}->is_done;
		$self->_hear($self->{session}->result);
		return 1;
	}
	return 0 if !$self->{session} && $self->{world}{resting};
	return $self->_connect if !$self->{session};
	return $self->_go_on_with if $self->{promise};
	return 0 if $self->{world}{resting} || $self->{made} == ($self->{last} // -1);
	return 0 if time < $self->{pause};
	return $self->_begin;
}

sub make
{
	my ($self, $n) = @_;
	$self->{last} = defined $n ? $self->{made} + $n : undef;
	return;
}

sub has_made_them { my ($self) = @_; return $self->is_idle && $self->{made} >= $self->{last}; }

sub is_idle { return !$_[0]{then} && !$_[0]{promise} && !$_[0]{dying}; }

sub is_asking { return $_[0]{then} && !$_[0]{dying}; }

sub session { return $_[0]{session}; }

sub _count { $_[0]{world}{count}{ $_[1] } += $_[2] // 1; return; }

sub _wrong
{
	my ($self, @texts) = @_;
	$self->{world}{wrong}->(map { "client $self->{number}: $_" } @texts) if @texts;
	return;
}

sub _connect
{
	my ($self) = @_;

	$self->{session} = CatalogsFdw::Session->new($self->{world}{test}->node, user => $self->{user});
	$self->{pid} = $self->{session}->pid;
	$self->{world}{log}->forget($self->{pid});
	$self->_count('connections');
	return 1;
}

# ------------------------------------------------------------------------------
# Asking and hearing

sub _ask
{
	my ($self, $sql, $then) = @_;

	$self->{sql} = $sql;
	$self->{then} = $then;
	push @{ $self->{lines} }, "$sql;";
	$self->{asked} = time;
	$self->_count('messages');
	$self->{session}->send($sql);
	return 1;
}

sub _hear
{
	my ($self, $got) = @_;
	my $then = delete $self->{then};

	push @{ $self->{lines} }, map { "    $_" } split /\n/, $got->{said};
	push @{ $self->{lines} }, '    the session is lost' if $got->{lost};
	$self->_hear_names(map { "$_->{message}\n$_->{detail}" } @{ $got->{warnings} },
		$got->{error} // ());
	if ($got->{sqlstate} ne '')
	{
		$self->{world}{sqlstates}{ $got->{sqlstate} }++;
		$self->_wrong("fails, though nothing is in the way: $self->{sql}\n$got->{said}")
		  if $self->{world}{calm} && !$self->{may_fail} && $got->{sqlstate} !~ /^(?:53400|57P01)$/;
	}
	return $self->lose if $got->{lost};
	$then->($got);
	return;
}

sub _hear_names
{
	my ($self, @texts) = @_;

	foreach (map { named_rows($_) } @texts)
	{
		my ($verb, $row) = split / /, $_, 2;
		$row = CatalogsFdw::Promise::called($1) if $row =~ /^"(.*)"/;
		$self->{named}{"$verb $row"} = 1;
	}
	return;
}

=head2 $client->lose

Its session is lost, or it has left it.

=cut

sub lose
{
	my ($self) = @_;

	$self->{session}->vanish;
	delete @$self{qw(session then)};
	$self->{dying} = time;
	return;
}

# The backend may be taking back what it has sent; then it is known what became of the
# transaction.
sub _bury
{
	my ($self) = @_;
	my $world = $self->{world};

	if (kill 0, $self->{pid})
	{
		return 0 if time - $self->{dying} < 90;
		$self->_wrong("process $self->{pid} does not end: $self->{sql}");
	}
	delete $self->{dying};
	return 1 if !$self->{promise};
	my @logged = $world->{log}->since($self->{pid}, $self->{mark});
	push @{ $self->{lines} }, map { "    logged: $_" } @logged;
	$self->_hear_names(@logged);
	my $got = $world->{ask}->("SELECT count(*) FROM notes WHERE n = $self->{note}");
	$self->_settle($got->{rows}[0][0], $world->{crashes} > $self->{crashes});
	return 1;
}

# ------------------------------------------------------------------------------
# Transactions

sub _begin
{
	my ($self) = @_;
	my $world = $self->{world};

	throw_dice($world->{seed}, $self->{number}, ++$self->{made});
	my @accounts = _some($world->{accounts}, weighted(6 => 1, 3 => 2, 1 => 3));
	$self->{note} = $CatalogsFdw::Life::Holdings::per_client * $self->{number} + $self->{made};
	$self->{promise} = $world->{holdings}->promise($self->{number}, one_of(3, 12, 12), @accounts);
	$self->{crashes} = $world->{crashes};
	$self->{mark} = $world->{log}->mark($self->{pid});
	$self->{named} = {};
	$self->{lines} = [];
	$self->{may_lack} = 0;
	$self->{step} = 0;
	$self->{steps} = one_of(1, 2, 4, 7);
	$self->{failed} = 0;
	$self->{refuses} = 0;
	$self->_count('transactions');
	return $self->_in_one_message if chance(0.2);

	my $serializable = chance(0.1);
	my $begin = 'BEGIN' . ($serializable ? ' ISOLATION LEVEL SERIALIZABLE' : '');
	$begin .= "; INSERT INTO notes VALUES ($self->{note})";
	$begin .= '; SELECT count(*) FROM crossing; INSERT INTO crossing VALUES (1)' if $serializable;
	$self->{may_fail} = $serializable;
	return $self->_ask($begin, sub { $self->{failed} = $_[0]{sqlstate} });
}

sub _some
{
	my ($things, $n) = @_;
	my @left = @$things;
	return map { splice @left, rand @left, 1 } 1 .. $n;
}

# A transaction that is over with its message.
sub _in_one_message
{
	my ($self) = @_;
	my @sql = ("INSERT INTO notes VALUES ($self->{note})");

	foreach (1 .. one_of(1, 1, 3))
	{
		my ($sql, $effect) = $self->_change;
		$effect->();
		push @sql, $sql;
	}
	return $self->_ask(join('; ', @sql), sub { $self->_settle($_[0]{sqlstate} eq '') });
}

sub _go_on_with
{
	my ($self) = @_;
	my $promise = $self->{promise};
	my @savepoints = $promise->savepoints;

	throw_dice($self->{world}{seed}, $self->{number}, $self->{made}, ++$self->{step});
	if ($self->{failed})
	{
		return $self->_roll_back if !@savepoints || chance(0.5);
		return $self->_roll_back_to(one_of(@savepoints));
	}
	return $self->_end if $self->{step} > $self->{steps};
	return $self->_set_savepoint(one_of(qw(a b))) if chance(0.15);
	return $self->_roll_back_to(one_of(@savepoints)) if @savepoints && chance(0.15);
	return $self->_read if chance(0.25);
	return $self->_statement(chance(0.03) ? $self->_bad : $self->_change);
}

sub _set_savepoint
{
	my ($self, $name) = @_;

	return $self->_ask("SAVEPOINT $name", sub {
		$self->{failed} = $_[0]{sqlstate};
		$self->{promise}->set_savepoint($name) if !$self->{failed};
	});
}

sub _roll_back_to
{
	my ($self, $name) = @_;

	$self->_count('savepoints');
	return $self->_ask("ROLLBACK TO $name", sub {
		my ($got) = @_;
		# a cancel may have come too late for what it was meant for
		$self->{failed} = $got->{sqlstate};
		return if $self->{failed};
		$self->{promise}->roll_back_to($name);
		# a list that was deleted at once does not come back: COMMIT will say so
		$self->{may_lack} = 1;
	});
}

sub _statement
{
	my ($self, $sql, $effect, $check) = @_;
	my $promise = $self->{promise};

	$promise->set_savepoint('statement');
	$effect->();
	return $self->_ask($sql, sub {
		my ($got) = @_;

		$self->{failed} = $got->{sqlstate};
		$promise->roll_back_to('statement') if $self->{failed};
		$promise->release('statement');
		$check->($got) if $check && !$self->{failed};
	});
}

sub _end
{
	my ($self) = @_;
	my $way = weighted(15 => 'commit', 4 => 'roll_back', 1 => 'fail_late', 0.5 => 'leave');

	return $self->_roll_back if $way eq 'roll_back';
	if ($way eq 'leave' && !$self->{is_elder})
	{
		$self->_count('clients that left');
		chance(0.5) ? $self->{session}->quit : $self->{session}->vanish;
		$self->lose;
		return 1;
	}
	my $late = $way eq 'fail_late';
	$self->{may_fail} ||= $late;
	return $self->_ask(
		($late ? "INSERT INTO notes VALUES ($self->{note}); " : '') . 'COMMIT',
		sub {
			my ($got) = @_;

			$self->_wrong('COMMIT succeeds, though a constraint is broken') if $late && !$got->{sqlstate};
			# a cancel may have come before it has begun
			return $self->{failed} = $got->{sqlstate} if $got->{status} eq 'E';
			$self->_settle($got->{sqlstate} eq '');
		});
}

sub _roll_back
{
	my ($self) = @_;

	return $self->_ask('ROLLBACK', sub {
		my ($got) = @_;
		return $self->{failed} = $got->{sqlstate} if $got->{status} ne 'I';
		$self->_settle(0);
	});
}

# It is over.
sub _settle
{
	my ($self, $committed, $crashed) = @_;
	my $named = $self->{named};

	$self->{world}{holdings}->settle(
		$self->_tell_story($committed, $crashed),
		committed => $committed,
		named => $named,
		in_doubt => $crashed);
	$self->{world}{outcome}{ $self->{note} } = $committed ? 1 : 0;
	$self->_count($committed ? 'committed' : 'rolled back');
	$self->_count('named rows', scalar keys %$named);
	$self->_count('in doubt after a crash') if $crashed;
	# who has failed does not try again at once
	$self->{pause} = time + ($committed || $self->{world}{calm} ? 0 : 0.2);
	$self->{may_fail} = 0;
	return;
}

# What has happened to the lists of the transaction.
sub _tell_story
{
	my ($self, $committed, $crashed) = @_;
	my $promise = delete $self->{promise};
	my $story = join "\n", "-- transaction $self->{note} of client $self->{number}",
	  @{ $self->{lines} }, $committed ? '-- committed' : '-- not committed', $crashed ? '-- a crash' : ();

	push @{ $self->{world}{stories}{$_} }, $story foreach $promise->all;
	return $promise;
}

# ------------------------------------------------------------------------------
# What a transaction does: SQL, what that does to the promise, and what is to be
# checked

sub _new_names
{
	my ($self, $n) = @_;
	my $first = $CatalogsFdw::Life::Holdings::per_client * $self->{number};
	return map { 'n' . ($first + ++$self->{last_name}) } 1 .. $n;
}

# Lists of one kind: with an id, or new.
sub _some_lists
{
	my ($self, $account, $n) = @_;
	my @all = sort keys %{ $self->{promise}->lists($account) };
	my @old = grep { /^\d/ } @all;
	my @new = grep { !/^\d/ } @all;

	return _some_of(@new && (!@old || chance(0.3)) ? \@new : \@old, $n);
}

sub _some_of { return _some($_[0], $_[1] < @{ $_[0] } ? $_[1] : scalar @{ $_[0] }); }

sub _condition
{
	my ($self, $account, @keys) = @_;
	my $lists = $self->{promise}->lists($account);

	return 'false' if !@keys;
	return "id = $keys[0]" if @keys == 1 && $keys[0] =~ /^\d/;
	return 'id IN (' . join(', ', @keys) . ')' if $keys[0] =~ /^\d/;
	return 'name IN (' . join(', ', map { "'$lists->{$_}'" } @keys) . ')';
}

# The account's own table, or the one above all of them.
sub _where
{
	my ($account, $condition) = @_;
	return chance(0.8)
	  ? ("$account.catalogs", $condition)
	  : ('everywhere', "account = '$account' AND $condition");
}

sub _change
{
	my ($self) = @_;
	my $make = weighted(
		5 => '_insert',
		2 => '_insert_returning',
		5 => '_update',
		4 => '_delete',
		1 => '_flush',
		1 => '_caught',
		1 => '_copy',
		1 => '_cursor');
	return $self->$make(one_of($self->{promise}->accounts));
}

sub _insert
{
	my ($self, $account) = @_;
	my @names = $self->_new_names(weighted(4 => 1, 3 => 3, 1 => 20));
	my $with_id = chance(0.4);
	my $everywhere = chance(0.2);
	my @rows = map {
		my $name = $_;
		'(' . join(', ', $everywhere ? "'$account'" : (), "'$name'",
			$with_id && !$everywhere ? $name =~ /(\d+)/ : ()) . ')'
	} @names;
	my $table = $everywhere ? 'everywhere (account, name)'
	  : "$account.catalogs (name" . ($with_id ? ', request_id)' : ')');

	return ("INSERT INTO $table VALUES " . join(', ', @rows),
		sub { $self->{promise}->add($account, @names) });
}

# Each row is sent at once.
sub _insert_returning
{
	my ($self, $account) = @_;
	my @names = $self->_new_names(one_of(1, 1, 3));

	return ("INSERT INTO $account.catalogs (name) VALUES "
		  . join(', ', map { "('$_')" } @names) . ' RETURNING id, name',
		sub { $self->{promise}->add($account, @names) },
		sub {
			my ($got) = @_;
			my @rows = grep { defined $_->[0] && $_->[0] =~ /^\d+$/ } @{ $got->{rows} };
			$self->_wrong("RETURNING gives no ids for @names") if @rows < @names;
		});
}

sub _update
{
	my ($self, $account) = @_;
	my @keys = $self->_some_lists($account, one_of(1, 1, 3, 20));
	my $suffix = one_of('a' .. 'z');
	my ($table, $where) = _where($account, $self->_condition($account, @keys));

	return ("UPDATE $table SET name = name || '$suffix' WHERE $where",
		sub { $self->{promise}->update($account, $suffix, @keys) });
}

sub _delete
{
	my ($self, $account) = @_;
	my @keys = $self->_some_lists($account, one_of(1, 1, 2, 5));
	my ($table, $where) = _where($account, $self->_condition($account, @keys));

	return ("DELETE FROM $table WHERE $where",
		sub { $self->{promise}->delete($account, @keys) });
}

sub _flush { return ("SELECT count(*) FROM catalogs_fdw_flush('$_[1]')", sub { }); }

sub _bad { $_[0]{may_fail} = 1; return ('SELECT 1 / 0', sub { }); }

# An error that is caught takes back what it has to.
sub _caught
{
	my ($self, $account) = @_;
	my ($kept, $dropped) = $self->_new_names(2);

	return (<<"SQL" =~ s/\s+/ /gr, sub {
DO \$\$ BEGIN
	INSERT INTO $account.catalogs (name) VALUES ('$kept');
	BEGIN
		INSERT INTO $account.catalogs (name) VALUES ('$dropped');
		PERFORM 1 / 0;
	EXCEPTION WHEN division_by_zero THEN NULL;
	END;
END \$\$
SQL
		$self->{promise}->add($account, $kept, $dropped);
		$self->{promise}->delete($account, $dropped);
	});
}

# What one account holds goes to another.
sub _copy
{
	my ($self, $account) = @_;
	my ($from) = reverse $self->{promise}->accounts;
	my ($name) = $self->_new_names(1);
	my ($id) = grep { /^\d/ } sort keys %{ $self->{promise}->lists($from) };

	return $self->_insert($account) if !defined $id;
	return ("INSERT INTO $account.catalogs (name) SELECT '$name' FROM $from.catalogs WHERE id = $id",
		sub { $self->{promise}->add($account, $name) });
}

# A cursor does not see what comes after it; it may be left open.
sub _cursor
{
	my ($self, $account) = @_;
	my ($sql, $effect) = $self->_insert($account);
	my $cursor = "c$self->{last_name}";
	my %before = %{ $self->{promise}->lists($account) };
	my $leave = chance(0.3);

	return ("DECLARE $cursor CURSOR FOR SELECT id, name FROM $account.catalogs; FETCH 2 FROM $cursor; $sql"
		  . ($leave ? '' : "; FETCH ALL FROM $cursor; CLOSE $cursor"),
		$effect,
		sub { $self->_check_rows($account, $_[0]{rows}, \%before, 'a cursor') if !$leave });
}

# ------------------------------------------------------------------------------
# Reading

sub _read
{
	my ($self) = @_;
	my $account = one_of($self->{promise}->accounts);
	my $dice = rand;

	$self->_count('reads');
	if ($dice < 0.1)
	{
		return $self->_statement('SELECT account, count(*) FROM everywhere GROUP BY account', sub { });
	}
	if ($dice < 0.6 && (my ($id) = grep { /^\d/ } $self->_some_lists($account, 1)))
	{
		my $name = $self->{promise}->lists($account)->{$id};
		return $self->_statement("SELECT name FROM $account.catalogs WHERE id = $id", sub { }, sub {
			my $got = $_[0]{rows}[0][0] // 'nothing';
			$self->_wrong("reads $got as list $id of $account, not: $name")
			  if $got ne $name && !%{ $self->{named} } && !($self->{may_lack} && $got eq 'nothing');
		});
	}
	return $self->_statement(
		"SELECT id, name FROM $account.catalogs",
		sub { },
		sub { $self->_check_rows($account, $_[0]{rows}, $self->{promise}->lists($account), 'a scan') });
}

# What is read of the lists that the transaction is about.
sub _check_rows
{
	my ($self, $account, $rows, $lists, $what) = @_;
	my (%by_id, %by_key, @wrong);

	$self->_count('rows read', scalar @$rows);
	foreach (@$rows)
	{
		my ($id, $name) = @$_;
		next if !defined $name;
		$by_id{$id} = $name if defined $id;
		push @{ $by_key{ CatalogsFdw::Promise::called($name) } }, $name;
		$self->{world}{holdings}->learn($account, $id, $name) if defined $id;
	}
	return if %{ $self->{named} };    # what could not be taken back is there
	foreach my $key ($self->{promise}->all)
	{
		my $is_new = $key =~ /^n/;
		my $got = $is_new ? join ', ', @{ $by_key{$key} // [] } : $by_id{$key} // '';
		my $wanted = $lists->{$key} // '';

		next if !$is_new && !exists $self->{promise}->start($account)->{$key};
		next if $self->{may_lack} && $got eq '';
		push @wrong, "$what of $account reads $key as: $got; not: $wanted" if $got ne $wanted;
	}
	return $self->_wrong(map { join "\n", $_, @{ $self->{lines} } } @wrong);
}

1;
