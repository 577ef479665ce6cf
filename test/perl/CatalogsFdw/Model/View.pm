package CatalogsFdw::Model::View;

=pod

=head1 NAME

CatalogsFdw::Model::View - rows as a transaction sees them, and as it saw them before

=head1 SYNOPSIS

  my $view = CatalogsFdw::Model::View->new(
      acme => [ CatalogsFdw::Model::View::row('id11', { name => 'List 11' }) ]);
  $view->set_savepoint('a');
  $view->remove('acme', sub { $_[0]{key} eq 'id11' });
  $view->roll_back_to('a');
  print scalar $view->rows('acme');                 # 1

=head1 DESCRIPTION

Of each account an array of rows, of which there is a copy for each savepoint, and
one for the start.  A row is

  key        that by which it is known as long as the transaction lasts
  values     what it has, undef where only the account knows
  assigned   columns that an UPDATE of the transaction has set
  stuck      columns whose value was not known when the account was told another,
             so that it cannot come back
  request_id

=cut

use strict;
use warnings FATAL => 'all';

=head2 CatalogsFdw::Model::View::row($key, { column => value, ... }, $request_id)

=head2 CatalogsFdw::Model::View->new($account => [ row, ... ], ...)

=cut

sub row
{
	my ($key, $values, $request_id) = @_;
	return {
		key => $key,
		values => {%$values},
		assigned => {},
		stuck => {},
		request_id => $request_id
	};
}

sub new
{
	my ($class, %rows) = @_;
	my $now = { rows => \%rows, doomed => '' };

	return bless { now => $now, start => _copy($now), savepoints => [] }, $class;
}

sub _copy
{
	my ($sight) = @_;
	my %rows;

	foreach my $account (keys %{ $sight->{rows} })
	{
		$rows{$account} = [
			map {
				{
					%$_,
					values => { %{ $_->{values} } },
					assigned => { %{ $_->{assigned} } },
					stuck => { %{ $_->{stuck} } }
				}
			} @{ $sight->{rows}{$account} }
		];
	}
	return { %$sight, rows => \%rows };
}

=head2 $view->rows($account)

=head2 $view->rows_at_start($account)

=head2 $view->row_at_start($key)

Of whichever account.

=head2 $view->versions($key)

The row as it is seen, and as it can come to be seen again.

=cut

sub rows { return @{ $_[0]{now}{rows}{ $_[1] } }; }

sub rows_at_start { return @{ $_[0]{start}{rows}{ $_[1] } }; }

sub row_at_start
{
	my ($self, $key) = @_;
	my ($row) = grep { $_->{key} eq $key } map { @$_ } values %{ $self->{start}{rows} };
	return $row;
}

sub versions
{
	my ($self, $key) = @_;
	return grep { $_->{key} eq $key }
	  map { @$_ } map { values %{ $_->{rows} } } $self->_sights;
}

sub _sights
{
	my ($self) = @_;
	return ($self->{now}, $self->{start}, map { $_->[1] } @{ $self->{savepoints} });
}

=head2 $view->add($account, $row)

=head2 $view->remove($account, $which)

=head2 $view->reveal($account, $key, $values, $comes_after)

A row has turned up, as if it had always been there, before those rows that must come
after it.

=cut

sub add
{
	my ($self, $account, $row) = @_;
	push @{ $self->{now}{rows}{$account} }, $row;
	return;
}

sub remove
{
	my ($self, $account, $which) = @_;
	$self->{now}{rows}{$account} = [ grep { !$which->($_) } $self->rows($account) ];
	return;
}

sub reveal
{
	my ($self, $account, $key, $values, $comes_after) = @_;

	foreach my $sight ($self->_sights)
	{
		my @rows = @{ $sight->{rows}{$account} };

		$sight->{rows}{$account} = [
			(grep { !$comes_after->($_) } @rows),
			row($key, $values),
			(grep { $comes_after->($_) } @rows)
		];
	}
	return;
}

=head2 $view->doom($sqlstate)

=head2 $view->doomed

An SQLSTATE, or ''.

=cut

sub doom
{
	my ($self, $sqlstate) = @_;
	$self->{now}{doomed} = $sqlstate;
	return;
}

sub doomed { return $_[0]{now}{doomed}; }

=head2 $view->savepoints

Their names, the youngest last.

=head2 $view->set_savepoint($name)

=head2 $view->roll_back_to($name)

=head2 $view->release($name)

=head2 $view->as_of($name, $what)

Calls what is about rows as they were at that savepoint.

=cut

sub savepoints { return map { $_->[0] } @{ $_[0]{savepoints} }; }

sub set_savepoint
{
	my ($self, $name) = @_;
	push @{ $self->{savepoints} }, [ $name, _copy($self->{now}) ];
	return;
}

sub roll_back_to
{
	my ($self, $name) = @_;
	$self->{now} = _copy($self->_youngest($name)->[1]);
	return;
}

sub release
{
	my ($self, $name) = @_;

	$self->_youngest($name);
	pop @{ $self->{savepoints} };
	return;
}

# The youngest of that name; those after it are gone.
sub _youngest
{
	my ($self, $name) = @_;
	my $savepoints = $self->{savepoints};

	pop @$savepoints while $savepoints->[-1][0] ne $name;
	return $savepoints->[-1];
}

sub as_of
{
	my ($self, $name, $what) = @_;
	my ($savepoint) = grep { $_->[0] eq $name } reverse @{ $self->{savepoints} };

	local $self->{now} = $savepoint->[1];
	$what->();
	return;
}

1;
