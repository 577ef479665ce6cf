package CatalogsFdw::Random::Choice;

=pod

=head1 NAME

CatalogsFdw::Random::Choice - what is left to chance, and comes out the same again

=head1 SYNOPSIS

  throw_dice($seed, 7);                         # what follows depends on that alone
  heal() if chance(0.05);
  my $name = one_of(qw(a b c));
  my $verb = weighted(10 => 'insert', 6 => 'delete');

=head1 DESCRIPTION

Functions, all of them exported.

=cut

use strict;
use warnings FATAL => 'all';

use Digest::MD5 ();
use Exporter 'import';

our @EXPORT = qw(throw_dice chance one_of weighted);

=head2 throw_dice(@numbers)

Whatever was chosen before, what is chosen from here on follows from these.

=head2 chance($probability)

=head2 one_of(@things)

=head2 weighted($weight => $thing, ...)

One of several things, each with a weight before it.

=cut

sub throw_dice
{
	srand unpack 'L', Digest::MD5::md5("@_");
	return;
}

sub chance { return rand() < $_[0]; }

sub one_of { return $_[ rand @_ ]; }

sub weighted
{
	my @things = @_;
	my $sum = 0;

	$sum += $things[ 2 * $_ ] foreach 0 .. $#things / 2;
	my $at = rand $sum;
	while (($at -= shift @things) >= 0) { shift @things }
	return $things[0];
}

1;
