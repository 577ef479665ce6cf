package CatalogsFdw::Random::Log;

=pod

=head1 NAME

CatalogsFdw::Random::Log - what was done in a transaction, said, and is wrong

=head1 SYNOPSIS

  my $log = CatalogsFdw::Random::Log->new;
  $log->begin;
  $log->add('COMMIT;', $got->{said});
  $log->wrong('the session is lost') if $got->{lost};
  $log->count('COMMIT fails');
  print join "\n", $log->lines if $log->is_wrong;

=head1 DESCRIPTION

The log is that of one transaction; what is counted stays.

=cut

use strict;
use warnings FATAL => 'all';

sub new
{
	my ($class) = @_;
	return bless { lines => [], times => {} }, $class;
}

=head2 $log->begin

Another transaction begins, of which nothing is wrong.

=cut

sub begin
{
	my ($self) = @_;

	$self->{lines} = [];
	$self->{is_wrong} = 0;
	return;
}

=head2 $log->add(@texts)

=head2 $log->wrong(@texts)

Adds what is wrong.

=head2 $log->is_wrong

=head2 $log->lines

=cut

sub add
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
	$self->add(map { "WRONG: $_" } @texts);
	return;
}

sub is_wrong { return $_[0]{is_wrong}; }

sub lines { return @{ $_[0]{lines} }; }

=head2 $log->imagine($what)

Calls what is only imagined: nothing is wrong then.

=cut

sub imagine
{
	my ($self, $what) = @_;

	local $self->{imagining} = 1;
	$what->();
	return;
}

=head2 $log->be_detailed($whether)

Whether each POST is to stand behind the statement that has sent it, which takes
time, or before the next error or the end.

=head2 $log->is_detailed

=cut

sub be_detailed
{
	my ($self, $whether) = @_;
	$self->{is_detailed} = $whether;
	return;
}

sub is_detailed { return $_[0]{is_detailed}; }

=head2 $log->count($what)

It came up once more, in whichever transaction.

=head2 $log->times($what)

=head2 $log->counted

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
