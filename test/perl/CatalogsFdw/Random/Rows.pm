package CatalogsFdw::Random::Rows;

=pod

=head1 NAME

CatalogsFdw::Random::Rows - some rows of an account, chosen at random

=head1 SYNOPSIS

  my $rows = CatalogsFdw::Random::Rows->new($model, $accounts);
  my $id = $rows->some_id('acme');
  my ($condition, $which) = $rows->some('acme');
  # "id = 11", and of a row of the model whether that is true

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Random::Choice;

sub new
{
	my ($class, $model, $accounts) = @_;
	return bless { model => $model, accounts => $accounts }, $class;
}

=head2 $rows->one($account)

A row of the model, or something like it when it has none.

=head2 $rows->some_id($account)

Of one of its lists, or of none.

=head2 $rows->has_id($row, @ids)

=cut

sub one
{
	my ($self, $account) = @_;
	my @rows = $self->{model}->rows($account);
	return @rows ? one_of(@rows) : { key => 'none', values => { name => 'none' } };
}

sub some_id
{
	my ($self, $account) = @_;
	return $self->{model}->id($self->one($account))
	  // one_of(999, $self->{accounts}->first_ids($account));
}

sub has_id
{
	my ($self, $row, @ids) = @_;
	my $id = $self->{model}->id($row);
	return defined $id && grep { $_ == $id } @ids;
}

=head2 $rows->some($account)

A condition of SQL, in which the table is "c", and what it means: a function that
says it of a row of the model.

=head2 $rows->joined($account)

Two values to join with: the column, the text of VALUES, and which rows that means.

=cut

sub some
{
	my ($self, $account) = @_;
	my $model = $self->{model};
	my ($id, $id2) = map { $self->some_id($account) } 1, 2;
	my $name = $self->one($account)->{values}{name};
	my $digit = int rand 10;

	return @{
		weighted(
			6 => [ "id = $id", sub { $self->has_id($_[0], $id) } ],
			2 => [ "id IN ($id, $id2)", sub { $self->has_id($_[0], $id, $id2) } ],
			4 => [ "name = '$name'", sub { $_[0]{values}{name} eq $name } ],
			1 => [
				"id = $id OR name = '$name'",
				sub { $self->has_id($_[0], $id) || $_[0]{values}{name} eq $name }
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

sub joined
{
	my ($self, $account) = @_;
	my @ids = map { $self->some_id($account) } 1, 2;
	my $name = $self->one($account)->{values}{name};

	return chance(0.6)
	  ? (
		'id',
		join(', ', map { "($_)" } @ids),
		sub { $self->has_id($_[0], @ids) })
	  : (
		'name',
		"('$name'), ('List 11')",
		sub { $_[0]{values}{name} =~ /^(?:\Q$name\E|List 11)$/ });
}

1;
