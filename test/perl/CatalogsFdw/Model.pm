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
  print $model->verdict('acme', $lists, 1, {});     # what is wrong

=head1 DESCRIPTION

A specification: what README.md says under "What COMMIT promises", as a program
that sends nothing.  A transaction has a view of each account, an array of rows;
a savepoint is a copy of the view.  Beside that stand the facts, which no savepoint
takes back: what an account was told early, and what it has deleted.

A row has a key that lasts as long as the transaction, whether or not the account
has given it an id: "id11" of a list that was there, and of an added one the first
word of its name, which must be "n" and a number that no other has.

=cut

use strict;
use warnings FATAL => 'all';

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
		view => {},          # account -> rows, as the transaction sees them
		savepoints => [],    # [name, view]
		id => {},            # key -> id, once it is known
		known => {},         # account -> { key }: the account has or had it
		told => {},          # key -> { column => value }: sent in this transaction
		perhaps => {},       # account -> key -> list that may be that row
		gone => {},          # key -> why it is not in the account any more
		unsure => {},        # accounts that were told one knows not what
		ever => {});         # key -> column -> value: it once was, or was to be
	foreach my $account (sort keys %lists)
	{
		my $rows = $self->{view}{$account} = [];
		foreach my $id (sort { $a <=> $b } keys %{ $lists{$account} })
		{
			push @$rows, _row("id$id", $lists{$account}{$id});
			$self->_know($account, "id$id", $id);
			$self->intend("id$id", $lists{$account}{$id});
		}
	}
	$self->{start} = _copy($self->{view});
	return;
}

# values: what it has, undef where only the account knows; assigned: columns that
# an UPDATE of the transaction has set; stuck: columns whose value was not known
# when the account was told another, so that it cannot come back.
sub _row
{
	my ($key, $values) = @_;
	return {
		key => $key, values => {%$values}, assigned => {}, stuck => {} };
}

sub _copy
{
	my ($view) = @_;
	my %copy;

	foreach my $name (keys %$view)
	{
		$copy{$name} = $view->{$name}, next if !ref $view->{$name};
		$copy{$name} = [
			map {
				{
					%$_,
					values => { %{ $_->{values} } },
					assigned => { %{ $_->{assigned} } },
					stuck => { %{ $_->{stuck} } }
				}
			} @{ $view->{$name} }
		];
	}
	return \%copy;
}

# The view, and all that it can become again.
sub _views
{
	my ($self) = @_;
	return ($self->{view}, $self->{start}, map { $_->[1] } @{ $self->{savepoints} });
}

# A row in all of them.
sub _versions
{
	my ($self, $key) = @_;
	return grep { $_->{key} eq $key } map { @$_ } map { grep { ref } values %$_ }
	  $self->_views;
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


# Of an added row: that of its add.
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
comes of the row as it was.  It returns the SQLSTATE with which it fails: 23502
for undef, or that to which a value is a reference; else ''.

=cut

sub add
{
	my ($self, $account, $key, $values, $request_id) = @_;
	my $row = _row($key, $values);

	$row->{request_id} = $request_id;
	push @{ $self->{view}{$account} }, $row;
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

	$self->{view}{$account} =
	  [ grep { !$deleted{ $_->{key} } } @{ $self->{view}{$account} } ];
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

=cut

sub set_savepoint
{
	my ($self, $name) = @_;
	push @{ $self->{savepoints} }, [ $name, _copy($self->{view}) ];
	return;
}

sub roll_back_to
{
	my ($self, $name) = @_;
	my $savepoints = $self->{savepoints};

	pop @$savepoints while $savepoints->[-1][0] ne $name;
	$self->{view} = _copy($savepoints->[-1][1]);
	return;
}

sub release
{
	my ($self, $name) = @_;
	my $savepoints = $self->{savepoints};

	pop @$savepoints while $savepoints->[-1][0] ne $name;
	pop @$savepoints;
	return;
}

sub savepoints { return map { $_->[0] } @{ $_[0]{savepoints} }; }

=head2 $model->as_of($name, $what)

Calls what is about rows as they were at that savepoint.

=cut

sub as_of
{
	my ($self, $name, $what) = @_;
	my ($savepoint) = grep { $_->[0] eq $name } reverse @{ $self->{savepoints} };

	local $self->{view} = $savepoint->[1];
	$what->();
	return;
}

=head2 $model->doom($sqlstate)

From here on, COMMIT must fail with that, before anything is sent.

=head2 $model->doomed

=cut

sub doom
{
	my ($self, $sqlstate) = @_;
	$self->{view}{doomed} = $sqlstate;
	return;
}

sub doomed { return $_[0]{view}{doomed} // ''; }

=head1 WHAT IT SEES

=head2 $model->rows($account)

The rows of the view that are in the account, or not sent.

=head2 $model->is_sent($row)

=head2 $model->id($row)

The id, if it is sent and we have learned it.

=cut

sub rows
{
	my ($self, $account) = @_;
	return grep { !$self->{gone}{ $_->{key} } } @{ $self->{view}{$account} };
}

sub is_sent { return $_[0]->_is_known($_[1]{key}); }

sub id { return $_[0]{id}{ $_[1]{key} }; }

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
			push @wrong, "sees $title: " . _text(@values);
			next;
		}
		$met{ $row->{key} } = 1;
		$self->{id}{ $row->{key} } //= $id if defined $id;
		$self->_learn_values($row, @values) if defined $id;
		my $wanted = _text(@{ $row->{values} }{@columns});
		push @wrong, "sees $title: " . _text(@values) . ", not: $wanted"
		  if _text(@values) ne $wanted;
	}
	push @wrong, map { 'does not see ' . $self->_title($_) }
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

sub _text { return join ' ', map { $_ // 'NULL' } @_; }

sub _title
{
	my ($self, $row) = @_;
	my $id = $self->id($row);

	return (defined $id ? "list $id: " : 'the new list: ')
	  . _text(@{ $row->{values} }{@columns});
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

	foreach my $row (@{ $self->{view}{$account} })
	{
		my $key = $row->{key};
		my $told = $self->{told}{$key} // {};
		my %change = (
			key => $key,
			id => $self->{id}{$key},
			name => $row->{values}{name});

		$in_view{$key} = 1;
		next if ($self->{gone}{$key} // '') eq 'deleted';
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
	my ($row) = grep { $_->{key} eq $key } @{ $self->{view}{$account} };

	$self->_learn_add($account, $key, { %{ $row->{values} } });
	return;
}

# A row is in the account with these values.  Where a version of it has none, it
# will show the account's.
sub _learn_add
{
	my ($self, $account, $key, $values) = @_;

	$self->_learn_told($account, $key, $values);
	foreach my $version ($self->_versions($key))
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
	return scalar grep { ($self->{gone}{ $_->{key} } // '') eq 'vanished' }
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
		($self->{gone}{ $_->{key} } // '') eq 'deleted'
		  && ($_->{key} !~ /^id/ || %{ $_->{assigned} })
	} @{ $self->{view}{$account} };
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
	foreach ($self->_views)
	{
		push @{ $_->{$account} }, _row("$key'$id", $list);
		# New rows come last.
		@{ $_->{$account} } = (
			(grep { $self->is_sent($_) } @{ $_->{$account} }),
			(grep { !$self->is_sent($_) } @{ $_->{$account} }));
	}
	return;
}

# What the account has, as far as the transaction knows.
sub _held
{
	my ($self, $key, $column) = @_;
	my ($start) = grep { $_->{key} eq $key } map { @$_ } values %{ $self->{start} };

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

	foreach (grep { !$_->{assigned}{$column} } $self->_versions($key))
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
	  || grep { %{ $_->{assigned} } } $self->_versions($row->{key});
}

=head1 HOW IT ENDS

=head2 $model->verdict($account, $lists, $committed, $named)

What is wrong when the transaction has committed, or not, the account holds these
lists, and errors and warnings have named those rows: C<$named> is as above.  A
committed transaction must be there as it was seen, another must have left
nothing; a difference is right where it was named, and where the account has what
the row once was or was to be.  Nothing is added twice.

=head2 $model->differences

The ids of the lists in which accounts were not as they should be, if named.

=cut

sub verdict
{
	my ($self, $account, $lists, $committed, $named) = @_;
	my $wanted = $self->{ $committed ? 'view' : 'start' }{$account};
	my (%wanted, @new, @wrong, %times);

	foreach my $row (@$wanted)
	{
		my $key = $row->{key};
		my $id = $self->{id}{$key};

		next if ($self->{gone}{$key} // 'deleted') ne 'deleted';
		defined $id ? ($wanted{$id} = $row) : push @new, $row;
	}
	my @others = sort { $a <=> $b } grep { !$wanted{$_} } keys %$lists;
	my $last = 0;

	# Deleted before their ids could be learned
	my %key_of = reverse %{ $self->{id} };
	my @strangers = grep { !$key_of{$_} } sort keys %{ $named->{delete} };
	foreach my $row (splice @new)
	{
		my $id = $self->{gone}{ $row->{key} } ? shift @strangers : undef;
		defined $id ? ($self->{differs}{$id} = 1) : push @new, $row;
	}
	foreach my $row (@new)
	{
		my ($id) = grep { $lists->{$_}{name} eq $row->{values}{name} } @others;

		if (!defined $id)
		{
			push @wrong, 'lacks ' . $self->_title($row);
			next;
		}
		push @wrong, "has added list $id out of turn"
		  if !$self->is_sent($row) && $id < $last;
		$last = $id if !$self->is_sent($row);
		$wanted{$id} = $row;
		@others = grep { $_ != $id } @others;
	}
	foreach my $id (@others)
	{
		my $key = identity_of_name($lists->{$id}{name}) // '';

		$self->{differs}{$id} = 1;
		push @wrong, "has list $id: " . _text(@{ $lists->{$id} }{@columns})
		  if !$named->{add}{$id} && !$named->{add}{$key}
		  || !$self->_was_ever($key, $lists->{$id});
	}
	foreach my $id (sort { $a <=> $b } keys %wanted)
	{
		push @wrong, $self->_judge($id, $wanted{$id}, $lists->{$id}, $committed, $named);
	}
	$times{ identity_of_name($_->{name}) // '' }++ foreach values %$lists;
	delete $times{''};
	push @wrong, map { "has added $_ twice" } grep { $times{$_} > 1 } sort keys %times;
	return map { "$account $_" } @wrong;
}

sub _judge
{
	my ($self, $id, $row, $list, $committed, $named) = @_;
	my $wanted = _text(map { $row->{values}{$_} // $default{$_} } @columns);

	if (!$list)
	{
		$self->{differs}{$id} = 1;
		return $named->{delete}{$id} ? () : "lacks list $id: $wanted";
	}
	my $has = _text(@$list{@columns});
	my @stuck = $committed ? keys %{ $row->{stuck} } : ();

	$self->{differs}{$id} = 1 if $has ne $wanted || @stuck;
	return "has list $id: $has, not: $wanted"
	  if $has ne $wanted
	  && (!$named->{update}{$id} || !$self->_was_ever($row->{key}, $list));
	return "has list $id: $has, which it was not to have, and nobody was told"
	  if !$named->{update}{$id} && grep { $list->{$_} ne $default{$_} } @stuck;
	return;
}

sub _was_ever
{
	my ($self, $key, $list) = @_;
	my $ever = $self->{ever}{ _identity($key) } // {};
	return !grep { !$ever->{$_}{ $list->{$_} } } @columns;
}

sub differences { return $_[0]{differs} // {}; }

=head2 $model->describe($account)

The view as text.

=cut

sub describe
{
	my ($self, $account) = @_;
	return map {
		my $gone = $self->{gone}{ $_->{key} };
		"$account " . $self->_title($_) . ($gone ? " ($gone)" : '')
	} @{ $self->{view}{$account} };
}

1;
