package CatalogsFdw::Model;

=pod

=head1 NAME

CatalogsFdw::Model - what a transaction sees, and what accounts hold after it

=head1 SYNOPSIS

  my $model = CatalogsFdw::Model->new;
  $model->begin(acme => { 11 => { name => 'List 11', ... } });
  $model->add('acme', 'n1', { name => 'n1' });
  $model->set_savepoint('a');
  $model->delete('acme', sub { 1 });
  $model->roll_back_to('a');
  print @{ $model->pending('acme') };               # one add

=head1 DESCRIPTION

A specification: what README.md says under "What COMMIT promises", as a program
that sends nothing.  A transaction has a view of each account's rows, which a
savepoint takes back (CatalogsFdw::Model::View).  Beside that stand the facts, which
none takes back: what an account was told early, and what it has deleted.  When it is
over, CatalogsFdw::Model::Verdict says whether the accounts hold what they must.

A row has a key that lasts as long as the transaction, whether or not the account
has given it an id: "id11" of a list that was there, and of an added one the first
word of its name, which must be "n" and a number that no other has.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model::View;
use Storable ();

=head2 @columns, %default

What can be written, and what an account makes of it when nobody said.

=cut

our @columns =
  qw(name type can_add_elements can_show_in_cards can_link_multiple);
our %default = (
	type => 'regular',
	can_add_elements => 't',
	can_show_in_cards => 'f',
	can_link_multiple => 't');

sub new
{
	my ($class) = @_;
	return bless {}, $class;
}

=head2 $model->begin($account => { $id => { column => value }, ... }, ...)

A transaction begins while the accounts hold these lists.

=cut

sub begin
{
	my ($self, %lists) = @_;

	%$self = (
		id => {},         # key -> id, once it is known
		known => {},      # account -> { key }: the account has or had it
		told => {},       # key -> { column => value }: sent in this transaction
		perhaps => {},    # account -> key -> list that may be that row
		gone => {},       # key -> why it is not in the account any more
		unsure => {},     # accounts that were told one knows not what
		ever => {});      # key -> column -> value: it once was, or was to be
	my %rows = map { $_ => [] } keys %lists;
	foreach my $account (sort keys %lists)
	{
		foreach my $id (sort { $a <=> $b } keys %{ $lists{$account} })
		{
			my $list = $lists{$account}{$id};

			push @{ $rows{$account} }, CatalogsFdw::Model::View::row("id$id", $list);
			$self->_know($account, "id$id", $id);
			$self->intend("id$id", $list);
		}
	}
	$self->{view} = CatalogsFdw::Model::View->new(%rows);
	return;
}

sub _know
{
	my ($self, $account, $key, $id) = @_;

	$self->{known}{$account}{$key} = 1;
	$self->{id}{$key} = $id if defined $id;
	return;
}

sub _is_known
{
	my ($self, $key) = @_;
	return scalar grep { $_->{$key} } values %{ $self->{known} };
}

=head2 CatalogsFdw::Model::identity_of_name($name)

The key of the added row whose name that is or was; undef of any other.

=cut

# Of an added row, or of a list that came of its add all the same: that of the add.
sub _identity
{
	my ($key) = @_;
	return $key =~ s/'.*//r;
}

sub identity_of_name
{
	my ($name) = @_;
	return $name =~ /^(n\d+)/ ? $1 : undef;
}

=head1 WHAT A TRANSACTION DOES

=head2 $model->add($account, $key, { column => value, ... }, $request_id)

=head2 $model->update($account, $which, { column => sub ($row) { value } })

=head2 $model->delete($account, $which)

C<$which> says of a row whether it is meant.  An update sets all columns to what
comes of the row as it was; what stays the same is no change.  It returns the SQLSTATE with which it fails: 23502
for undef, or that to which a value is a reference; else ''.

=cut

sub add
{
	my ($self, $account, $key, $values, $request_id) = @_;
	my $row = CatalogsFdw::Model::View::row($key, $values, $request_id);

	$self->{view}->add($account, $row);
	$self->intend($key, $values);
	return;
}

sub update
{
	my ($self, $account, $which, $set) = @_;

	foreach my $row (grep { $which->($_) } $self->rows($account))
	{
		my %new = map { $_ => $set->{$_}->($row) } keys %$set;
		foreach (values %new) { return $$_ if ref }
		delete @new{ grep { text($new{$_}) eq text($row->{values}{$_}) } keys %new };
		foreach (values %new) { return '23502' if !defined }
		foreach (keys %new)
		{
			$row->{values}{$_} = $new{$_};
			$row->{assigned}{$_} = 1;
			delete $row->{stuck}{$_};
		}
		$self->intend($row->{key}, $row->{values});
	}
	return '';
}

sub delete
{
	my ($self, $account, $which) = @_;
	my %deleted = map { $_->{key} => 1 } grep { $which->($_) } $self->rows($account);

	$self->{view}->remove($account, sub { $deleted{ $_[0]{key} } });
	return;
}

=head2 $model->intend($key, { column => value, ... })

A statement that may fail halfway would give the row these values.

=cut

sub intend
{
	my ($self, $key, $values) = @_;
	my $ever = $self->{ever}{ _identity($key) } //= {};

	$ever->{$_}{ $values->{$_} // $default{$_} } = 1 foreach @columns;
	return;
}

=head2 $model->imagine($what)

Calls what changes the model, and forgets all but what it intended.

=cut

sub imagine
{
	my ($self, $what) = @_;
	my $before = Storable::dclone({%$self});

	$what->();
	%$self = (%$before, ever => $self->{ever});
	return;
}

=head2 $model->set_savepoint($name)

=head2 $model->roll_back_to($name)

=head2 $model->release($name)

As in SQL: the youngest of that name is meant.

=head2 $model->savepoints

Their names.

=head2 $model->as_of($name, $what)

Calls what is about rows as they were at that savepoint.

=head2 $model->doom($sqlstate)

From here on, COMMIT must fail with that, before anything is sent.

=head2 $model->doomed

=cut

sub set_savepoint { return $_[0]{view}->set_savepoint($_[1]); }

sub roll_back_to { return $_[0]{view}->roll_back_to($_[1]); }

sub release { return $_[0]{view}->release($_[1]); }

sub savepoints { return $_[0]{view}->savepoints; }

sub as_of { return $_[0]{view}->as_of($_[1], $_[2]); }

sub doom { return $_[0]{view}->doom($_[1]); }

sub doomed { return $_[0]{view}->doomed; }

=head1 WHAT IT SEES

=head2 $model->rows($account)

The rows of the view that are in the account, or not sent.

=head2 $model->rows_with_gone($account)

All rows of the view, also those that the account has no longer.

=head2 $model->rows_at_start($account)

=cut

sub rows
{
	my ($self, $account) = @_;
	return grep { !$self->gone($_) } $self->rows_with_gone($account);
}

sub rows_with_gone { return $_[0]{view}->rows($_[1]); }

sub rows_at_start { return $_[0]{view}->rows_at_start($_[1]); }

=head2 $model->is_sent($row)

=head2 $model->id($row)

The id, if it is sent and we have learned it.

=head2 $model->knows_id($id)

Whether that is the id of some row.

=head2 $model->gone($row)

Why the account does not have it any more: 'deleted' by the transaction, 'vanished'
because of somebody else, 'perhaps' when its delete was said to be uncertain; else ''.

=head2 $model->was_ever($key, $list)

Whether each value of a list is one that the row once had, or was to have.

=cut

sub is_sent { return $_[0]->_is_known($_[1]{key}); }

sub id { return $_[0]{id}{ $_[1]{key} }; }

sub knows_id
{
	my ($self, $id) = @_;
	return scalar grep { $_ == $id } values %{ $self->{id} };
}

sub gone { return $_[0]{gone}{ $_[1]{key} } // ''; }

sub was_ever
{
	my ($self, $key, $list) = @_;
	my $ever = $self->{ever}{ _identity($key) } // {};
	return !grep { !$ever->{$_}{ $list->{$_} } } @columns;
}

=head2 $model->compare($account, $got, $which)

What is wrong with the rows [id, columns ...] that a SELECT gave, of all lists or of
which.  Learns the ids of rows that were sent, and which lists that have turned up
are rows of the transaction; the others have to go.

=cut

sub compare
{
	my ($self, $account, $got, $which) = @_;
	$self->_tell_apart($account, $got) if !$which;
	my @rows = grep { !$which || $which->($_) } $self->rows($account);
	my (%met, @wrong, $new);

	foreach (@$got)
	{
		my ($id, @values) = @$_;
		my $title = defined $id ? "list $id" : 'a new list';
		my ($row) = grep {
			!$met{ $_->{key} }
			  && defined $id == $self->is_sent($_)
			  && (defined $id && defined $self->id($_)
				? $self->id($_) == $id
				: $_->{values}{name} eq $values[0])
		} @rows;

		push @wrong, "sees $title behind a new one" if defined $id && $new;
		$new = !defined $id;
		if (!$row)
		{
			push @wrong, "sees $title: " . text(@values);
			next;
		}
		$met{ $row->{key} } = 1;
		$self->{id}{ $row->{key} } //= $id if defined $id;
		$self->_learn_values($row, @values) if defined $id;
		my $wanted = text(@{ $row->{values} }{@columns});
		push @wrong, "sees $title: " . text(@values) . ", not: $wanted"
		  if text(@values) ne $wanted;
	}
	push @wrong, map { 'does not see ' . $self->title($_) }
	  grep { !$met{ $_->{key} } } @rows;
	return map { "$account: $_" } @wrong;
}

# A POST of several rows that failed as a whole leaves its rows unsent, whatever the
# account has made of it; one before it does not.
sub _tell_apart
{
	my ($self, $account, $got) = @_;
	my $perhaps = delete $self->{perhaps}{$account} // {};
	my %seen = map { $_->[0] => 1 } grep { defined $_->[0] } @$got;

	foreach my $key (sort keys %$perhaps)
	{
		my ($id, $list) = @{ $perhaps->{$key} };

		if ($seen{$id})
		{
			$self->_learn_told($account, $key, $list);
			$self->{id}{$key} = $id;
		}
		else { $self->_know($account, "$key'$id", $id) }
	}
	return;
}

=head2 CatalogsFdw::Model::text(@values)

=head2 $model->title($row)

=cut

sub text { return join ' ', map { $_ // 'NULL' } @_; }

sub title
{
	my ($self, $row) = @_;
	my $id = $self->id($row);

	return (defined $id ? "list $id: " : 'the new list: ')
	  . text(@{ $row->{values} }{@columns});
}

=head2 $model->pending($account)

What the account has not been told, as an array of

  { verb, key, id, name, columns => { column => value }, request_id }

updates, then adds, then deletes.

=cut

sub pending
{
	my ($self, $account) = @_;
	my (@updates, @adds, @deletes, %in_view);

	foreach my $row ($self->rows_with_gone($account))
	{
		my $key = $row->{key};
		my $told = $self->{told}{$key} // {};
		my %change = (
			key => $key,
			id => $self->{id}{$key},
			name => $row->{values}{name});

		$in_view{$key} = 1;
		next if $self->gone($row) eq 'deleted';
		if (!$self->is_sent($row))
		{
			$change{columns} = { map { $_ => $row->{values}{$_} }
				  grep { defined $row->{values}{$_} } @columns };
			push @adds,
			  { verb => 'add', request_id => $row->{request_id}, %change };
			next;
		}
		foreach (grep { $row->{assigned}{$_} || exists $told->{$_} } @columns)
		{
			my $value = $row->{values}{$_};
			$change{columns}{$_} = $value
			  if !exists $told->{$_} || $told->{$_} ne $value;
		}
		push @updates, { verb => 'update', %change } if $change{columns};
	}
	foreach (sort keys %{ $self->{known}{$account} })
	{
		next if $in_view{$_} || ($self->{gone}{$_} // '') eq 'deleted';
		push @deletes, { verb => 'delete', key => $_, id => $self->{id}{$_} };
	}
	return [ @updates, @adds, @deletes ];
}

=head2 $model->be_unsure($account)

From here on, who knows what it was told.

=head2 $model->is_sure($account)

=head2 $model->knows_pending($account)

Sure, and the id of every row is known that an update or a delete is about.

=cut

sub be_unsure
{
	my ($self, $account) = @_;
	$self->{unsure}{$account} = 1;
	return;
}

sub is_sure { return !$_[0]{unsure}{ $_[1] }; }

sub knows_pending
{
	my ($self, $account) = @_;
	return $self->is_sure($account)
	  && !grep { $_->{verb} ne 'add' && !defined $_->{id} }
	  @{ $self->pending($account) };
}

=head1 WHAT THE ACCOUNT IS TOLD

=head2 $model->flush($account)

It is told all that is pending, and agrees.  Returns 40001 instead when a row has
vanished from it, else ''.

=head2 $model->send_add($account, $key)

It is told of one new row.

=cut

sub flush
{
	my ($self, $account) = @_;
	my $pending = $self->pending($account);

	return '40001' if $self->meets_vanished($account);
	foreach (@$pending)
	{
		my $key = $_->{key};
		$self->{gone}{$key} = 'deleted' if $_->{verb} eq 'delete';
		$self->send_add($account, $key) if $_->{verb} eq 'add';
		my $columns = $_->{columns} // {};
		$self->{told}{$key}{$_} = $columns->{$_} foreach keys %$columns;
	}
	return '';
}

sub send_add
{
	my ($self, $account, $key) = @_;
	my ($row) = grep { $_->{key} eq $key } $self->rows_with_gone($account);

	$self->_learn_add($account, $key, { %{ $row->{values} } });
	return;
}

# A row is in the account with these values.  Where a version of it has none, it
# will show the account's.
sub _learn_add
{
	my ($self, $account, $key, $values) = @_;

	$self->_learn_told($account, $key, $values);
	foreach my $version ($self->{view}->versions($key))
	{
		foreach (grep { !defined $version->{values}{$_} } @columns)
		{
			$version->{values}{$_} = $values->{$_} // $default{$_};
			$version->{stuck}{$_} = 1 if defined $values->{$_};
		}
	}
	return;
}

sub _learn_told
{
	my ($self, $account, $key, $values) = @_;

	$self->_know($account, $key);
	$self->{told}{$key} =
	  { map { $_ => $values->{$_} } grep { defined $values->{$_} } @columns };
	return;
}

# A row shows whether the account was told a value together with its add, so that
# the value stays, or after it.
sub _learn_values
{
	my ($self, $row, @values) = @_;
	my $told = $self->{told}{ $row->{key} } // {};

	foreach my $n (grep { !defined $row->{values}{ $columns[$_] } } 0 .. $#columns)
	{
		my $column = $columns[$n];
		my $is_told = $values[$n] eq ($told->{$column} // '');

		$row->{values}{$column} = $values[$n]
		  if $is_told || $values[$n] eq $default{$column};
		$row->{stuck}{$column} = 1 if $is_told;
	}
	return;
}

=head2 $model->learn_id($key, $id)

=head2 $model->meets_vanished($account)

Whether something is pending for a row that somebody else has deleted.

=cut

sub learn_id
{
	my ($self, $key, $id) = @_;
	$self->{id}{$key} = $id;
	return;
}

sub meets_vanished
{
	my ($self, $account) = @_;
	return scalar grep { $self->gone($_) eq 'vanished' }
	  @{ $self->pending($account) };
}

=head2 $model->has_lost($account)

Whether the account has deleted a row that is to be there as the transaction has
added or updated it.

=cut

sub has_lost
{
	my ($self, $account) = @_;
	return scalar grep {
		$self->gone($_) eq 'deleted'
		  && ($_->{key} !~ /^id/ || %{ $_->{assigned} })
	} $self->rows_with_gone($account);
}

=head2 $model->learn($account, $lists, $named)

Something was sent and failed: the account holds these lists now.  Adds that were
named, C<< { add => { n1 or id }, update => { id }, delete => { id } } >>, the
transaction does not know of: it is as if somebody else had done it.  The rest it
does know of, or takes for possible.

=cut

sub learn
{
	my ($self, $account, $lists, $named) = @_;
	my %key_of = reverse %{ $self->{id} };

	foreach my $id (sort { $a <=> $b } keys %$lists)
	{
		my $key = $key_of{$id};
		if (!defined $key)
		{
			$self->_learn_list($account, $id, $lists->{$id}, $named);
			next;
		}
		next if $self->{gone}{$key};
		foreach my $column (@columns)
		{
			my $value = $lists->{$id}{$column};
			$self->{told}{$key}{$column} = $value
			  if $value ne ($self->_held($key, $column) // '');
		}
	}
	foreach my $key (sort keys %{ $self->{known}{$account} })
	{
		my $id = $self->{id}{$key};
		next if !defined $id || $self->{gone}{$key} || $lists->{$id};
		$self->{gone}{$key} = $named->{delete}{$id} ? 'perhaps' : 'deleted';
	}
	return;
}

# A list that has turned up in the account.
sub _learn_list
{
	my ($self, $account, $id, $list, $named) = @_;
	my $key = identity_of_name($list->{name});

	if (!$named->{add}{$key})
	{
		$self->{perhaps}{$account}{$key} = [ $id, $list ];
		return;
	}
	# It may yet see the row that it wanted to add, which is another.
	$self->_know($account, "$key'$id", $id);
	# New rows come last.
	$self->{view}->reveal($account, "$key'$id", $list, sub { !$self->is_sent($_[0]) });
	return;
}

# What the account has, as far as the transaction knows.
sub _held
{
	my ($self, $key, $column) = @_;
	my $start = $self->{view}->row_at_start($key);

	return $self->{told}{$key}{$column}
	  // ($start ? $start->{values}{$column} : $default{$column});
}

=head2 $model->change_behind($key, $column, $value)

Somebody else has changed a value; where the transaction has not assigned another,
it sees that.

=head2 $model->drop_behind($key)

Somebody else has deleted the row.

=head2 $model->is_touched($row)

Whether a change of the transaction, even one that was rolled back, is about it.

=cut

sub change_behind
{
	my ($self, $key, $column, $value) = @_;

	foreach (grep { !$_->{assigned}{$column} } $self->{view}->versions($key))
	{
		$_->{values}{$column} = $value;
		$self->intend($key, $_->{values});
	}
	return;
}

sub drop_behind
{
	my ($self, $key) = @_;
	$self->{gone}{$key} = 'vanished';
	return;
}

sub is_touched
{
	my ($self, $row) = @_;
	return $self->{told}{ $row->{key} }
	  || grep { %{ $_->{assigned} } } $self->{view}->versions($row->{key});
}

=head2 $model->describe($account)

The view as text.

=cut

sub describe
{
	my ($self, $account) = @_;
	return map {
		my $gone = $self->gone($_);
		"$account " . $self->title($_) . ($gone && " ($gone)")
	} $self->rows_with_gone($account);
}

1;
