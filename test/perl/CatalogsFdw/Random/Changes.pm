package CatalogsFdw::Random::Changes;

=pod

=head1 NAME

CatalogsFdw::Random::Changes - changes as texts that can be compared

=head1 SYNOPSIS

  my @wanted = map { change_title($_) } @{ $model->pending('acme') };
  print $wanted[0];                              # update 11
  $log->wrong(differences('COMMIT sends', \@got, \@wanted));

=head1 DESCRIPTION

Functions, all of them exported.  A title says which row is changed, a text to what
as well.

=cut

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use JSON::PP ();

our @EXPORT = qw(
  change_title flushed_title posted_titles change_text pending_text differences);

=head2 change_title($change)

Of one that the model knows to be pending.

=head2 flushed_title($verb, $id, $name)

Of a row of catalogs_fdw_flush.

=head2 posted_titles($verb, $rows)

Of the rows of a POST that have that verb.

=cut

sub change_title
{
	my ($change) = @_;
	return "$change->{verb} "
	  . ($change->{verb} eq 'add' ? $change->{name} : $change->{id} // '?');
}

sub flushed_title
{
	my ($verb, $id, $name) = @_;
	return "$verb " . ($verb eq 'add' ? $name : $id);
}

sub posted_titles
{
	my ($verb, $rows) = @_;
	my $of = $verb eq 'add' ? 'name' : 'id';

	return map { "$verb " . (ref ? $_->{$of} : $_) } @{ $rows // [] };
}

=head2 change_text($change)

Of one that the model knows to be pending.

=head2 pending_text($verb, $id, $changes)

Of a row of catalogs_fdw_pending.

=cut

sub change_text
{
	my ($change) = @_;
	my %columns = %{ $change->{columns} // {} };

	$columns{request_id} = $change->{request_id} if defined $change->{request_id};
	return _text($change->{verb}, $change->{id}, %columns);
}

sub pending_text
{
	my ($verb, $id, $changes) = @_;
	my %columns = %{ JSON::PP::decode_json($changes // '{}') };
	return _text($verb, $id, map { $_ => _sql_text($columns{$_}) } keys %columns);
}

sub _sql_text
{
	my ($value) = @_;
	return JSON::PP::is_bool($value) ? ($value ? 't' : 'f') : $value;
}

sub _text
{
	my ($verb, $id, %columns) = @_;
	return 'add ' . _columns_text(%columns) if $verb eq 'add';
	return "$verb $id " . _columns_text($verb eq 'update' ? %columns : ());
}

sub _columns_text
{
	my (%columns) = @_;
	return join ' ', map { "$_=$columns{$_}" } sort keys %columns;
}

=head2 differences($what, $got, $wanted)

What is wrong with changes, as texts, that must be the same as others: updates come
before adds and deletes behind them, and adds come in order.

=cut

sub differences
{
	my ($what, $got, $wanted) = @_;
	my %rank = (update => 0, add => 1, delete => 2);
	my @ranks = map { /^(\w+)/ ? $rank{$1} : () } @$got;
	my $in_order = 1;
	my @wrong;

	$in_order &&= $ranks[ $_ - 1 ] <= $ranks[$_] foreach 1 .. $#ranks;
	my ($adds, $wanted_adds) = map { join '; ', grep { /^add/ } @$_ } $got, $wanted;
	my ($all, $wanted_all) = map { join '; ', sort @$_ } $got, $wanted;
	push @wrong, "$what $all, not: $wanted_all" if $all ne $wanted_all;
	push @wrong, "$what out of order: " . join '; ', @$got
	  if !$in_order || $adds ne $wanted_adds;
	return @wrong;
}

1;
