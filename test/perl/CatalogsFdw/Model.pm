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
none takes back: what an account was told early, and what it has deleted
(CatalogsFdw::Model::Told, whose methods are this module's, too).  When it is over, CatalogsFdw::Model::Verdict says whether the accounts hold what they must.

A row has a key that lasts as long as the transaction, whether or not the account
has given it an id: "id11" of a list that was there, and of an added one the first
word of its name, which must be "n" and a number that no other has.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model::View;
use Storable ();

use parent 'CatalogsFdw::Model::Told';

our @columns = @CatalogsFdw::Model::Told::columns;
our %default = %CatalogsFdw::Model::Told::default;

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
