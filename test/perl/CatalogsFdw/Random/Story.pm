package CatalogsFdw::Random::Story;

=pod

=head1 NAME

CatalogsFdw::Random::Story - what was done in a transaction, said, and is wrong

=head1 SYNOPSIS

  my $story = CatalogsFdw::Random::Story->new;
  $story->begin;
  $story->tell('COMMIT;', $got->{said});
  $story->wrong('the session is lost') if $got->{lost};
  $story->count('COMMIT fails');
  print join "\n", $story->lines if $story->is_wrong;

=head1 DESCRIPTION

The story is that of one transaction; what is counted stays.

=cut

use strict;
use warnings FATAL => 'all';

sub new
{
	my ($class) = @_;
	return bless { lines => [], times => {} }, $class;
}

=head2 $story->begin

Another transaction begins, of which nothing is wrong.

=cut

sub begin
{
	my ($self) = @_;

	$self->{lines} = [];
	$self->{is_wrong} = 0;
	return;
}

=head2 $story->tell(@texts)

=head2 $story->wrong(@texts)

Tells what is wrong.

=head2 $story->is_wrong

=head2 $story->lines

=cut

sub tell
{
	my ($self, @texts) = @_;
	push @{ $self->{lines} }, map { "    $_" } map { split /\n/ } @texts;
	return;
}

sub wrong
{
	my ($self, @texts) = @_;

	return if $self->{imagining} || !@texts;
	$self->{is_wrong} = 1;
	$self->tell(map { "WRONG: $_" } @texts);
	return;
}

sub is_wrong { return $_[0]{is_wrong}; }

sub lines { return @{ $_[0]{lines} }; }

=head2 $story->imagine($what)

Calls what is only imagined: nothing is wrong then.

=cut

sub imagine
{
	my ($self, $what) = @_;

	local $self->{imagining} = 1;
	$what->();
	return;
}

=head2 $story->tell_all($whether)

Whether each POST is to be told behind the statement that has sent it, which takes
time, or before the next error or the end.

=head2 $story->tells_all

=cut

sub tell_all
{
	my ($self, $whether) = @_;
	$self->{tells_all} = $whether;
	return;
}

sub tells_all { return $_[0]{tells_all}; }

=head2 $story->count($what)

It came up once more, in whichever transaction.

=head2 $story->times($what)

=head2 $story->counted

All that came up.

=cut

sub count
{
	my ($self, $what) = @_;
	$self->{times}{$what}++;
	return;
}

sub times { return $_[0]{times}{ $_[1] } // 0; }

sub counted { return sort keys %{ $_[0]{times} }; }

1;
