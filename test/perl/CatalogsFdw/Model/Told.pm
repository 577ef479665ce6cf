package CatalogsFdw::Model::Told;

=pod

=head1 NAME

CatalogsFdw::Model::Told - what accounts were told, and what they have made of it

=head1 SYNOPSIS

  print @{ $model->pending('acme') };               # one add
  $model->flush('acme');
  print @{ $model->pending('acme') };               # nothing

=head1 DESCRIPTION

That half of a CatalogsFdw::Model which no savepoint takes back.

=cut

use strict;
use warnings FATAL => 'all';

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

=head1 WHAT IS TO BE SENT

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
	my $key = CatalogsFdw::Model::identity_of_name($list->{name});

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

1;
