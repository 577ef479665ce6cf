package CatalogsFdw::Promise;

=pod

=head1 NAME

CatalogsFdw::Promise - what a transaction wants accounts to hold, and whether they do

=head1 SYNOPSIS

  my $promise = CatalogsFdw::Promise->new(acme => { 11 => 'List 11' });
  $promise->add('acme', 'n1', 'n2');
  $promise->set_savepoint('a');
  $promise->delete('acme', 11);
  $promise->roll_back_to('a');
  print $promise->wrong('acme', { 11 => 'List 11' }, 0, \%named);    # nothing

=head1 DESCRIPTION

Less than CatalogsFdw::Model, which foretells what a transaction sees and sends: here
an account may lie, refuse or die, and a session be ended, at any moment.  Whatever
they do, the account holds in the end what the transaction wanted, if it has
committed, and else what was there before; each difference has been named.

A list that was there is known by its id, which no other account has.  One that is
added is called "n", a number that no other has, and perhaps something behind it.

=cut

use strict;
use warnings FATAL => 'all';

use Storable ();

=head2 CatalogsFdw::Promise->new($account => { $id => $name, ... }, ...)

=cut

sub new
{
	my ($class, %lists) = @_;
	my $self = bless { start => \%lists, savepoints => [], ever => {} }, $class;

	$self->{now} = Storable::dclone(\%lists);
	foreach my $lists (values %lists) { $self->_intend($_, $lists->{$_}) foreach keys %$lists }
	return $self;
}

sub _intend
{
	my ($self, $key, $name) = @_;
	$self->{ever}{$key}{$name} = 1;
	return;
}

=head2 $promise->add($account, @names)

=head2 $promise->update($account, $suffix, @keys)

Gives a suffix to the names of lists, told by their ids or what they are called.

=head2 $promise->delete($account, @keys)

=cut

sub add
{
	my ($self, $account, @names) = @_;

	foreach (@names)
	{
		$self->{now}{$account}{ called($_) } = $_;
		$self->_intend(called($_), $_);
	}
	return;
}

sub update
{
	my ($self, $account, $suffix, @keys) = @_;

	foreach (@keys)
	{
		$self->{now}{$account}{$_} .= $suffix;
		$self->_intend($_, $self->{now}{$account}{$_});
	}
	return;
}

sub delete
{
	my ($self, $account, @keys) = @_;
	delete @{ $self->{now}{$account} }{@keys};
	return;
}

=head2 $promise->set_savepoint($name)

=head2 $promise->roll_back_to($name)

=head2 $promise->release($name)

=head2 $promise->savepoints

=cut

sub set_savepoint
{
	my ($self, $name) = @_;
	push @{ $self->{savepoints} }, [ $name, Storable::dclone($self->{now}) ];
	return;
}

sub roll_back_to
{
	my ($self, $name) = @_;
	my $savepoints = $self->{savepoints};

	pop @$savepoints while $savepoints->[-1][0] ne $name;
	$self->{now} = Storable::dclone($savepoints->[-1][1]);
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

=head2 $promise->lists($account)

What it is to hold if the transaction commits: id or what it is called -> name.

=head2 $promise->start($account)

What it held before: id -> name.

=head2 $promise->accounts

=head2 $promise->is_about($key)

Whether the transaction knows, or has ever wanted, such a list: an id, or what it is
called.

=head2 $promise->all

All of these.

=head2 CatalogsFdw::Promise::called($name)

=cut

sub start { return $_[0]{start}{ $_[1] }; }

sub accounts { return sort keys %{ $_[0]{start} }; }

sub is_about { return exists $_[0]{ever}{ $_[1] }; }

sub all { return sort keys %{ $_[0]{ever} }; }

sub lists { return $_[0]{now}{ $_[1] }; }

sub called { return $_[0] =~ /^(n\d+)/ ? $1 : ''; }

=head2 $promise->wrong($account, $lists, $committed, $named)

What is wrong when the account holds those lists, id -> name, and messages have named
those rows: "update 11", "add 101", "add n1".

=head2 $promise->differs

After that: the rows that are not as they should be, whether named or not.

=cut

sub wrong
{
	my ($self, $account, $lists, $committed, $named) = @_;
	my $start = $self->{start}{$account};
	my $wanted = $committed ? $self->{now}{$account} : $start;
	my %new;

	push @{ $new{ called($lists->{$_}) } }, $_
	  foreach grep { !exists $start->{$_} } sort { $a <=> $b } keys %$lists;
	return map { "$account $_" } (
		(map { $self->_wrong_old($_, $lists->{$_}, $wanted->{$_}, $named) }
			  sort { $a <=> $b } keys %$start),
		(map { $self->_wrong_new($_, $wanted->{$_}, $lists, $named, @{ $new{$_} }) }
			  sort keys %new),
		map { "lacks the new list $_" } grep { /^n/ && !$new{$_} } sort keys %$wanted);
}

sub differs { return $_[0]{differs} // {}; }

# A list that was there before.
sub _wrong_old
{
	my ($self, $id, $name, $wanted, $named) = @_;

	return if ($name // '') eq ($wanted // '');
	$self->{differs}{"$_ $id"} = 1 foreach qw(update delete);
	return "has list $id: $name, which nobody gave it"
	  if defined $name && !$self->{ever}{$id}{$name};
	return if $named->{"update $id"} || $named->{"delete $id"};
	return "has list $id: $name, not: $wanted" if defined $name && defined $wanted;
	return defined $name ? "has list $id, which was deleted" : "lacks list $id: $wanted";
}

# The lists that have come of a row that was added, or of none.
sub _wrong_new
{
	my ($self, $key, $wanted, $lists, $named, @ids) = @_;
	my $name = $lists->{ $ids[0] };

	return "has list $ids[0]: $name, which nobody has added" if !$self->{ever}{$key};
	return "has added $key twice: @ids" if @ids > 1;
	return if defined $wanted && $name eq $wanted;
	$self->{differs}{$_} = 1 foreach "add $ids[0]", "add $key", "update $ids[0]", "delete $ids[0]";
	return "has list $ids[0]: $name, which nobody gave it" if !$self->{ever}{$key}{$name};
	return if grep { $named->{$_} } "add $ids[0]", "add $key", "delete $ids[0]";
	return if defined $wanted && $named->{"update $ids[0]"};
	return "has list $ids[0]: $name" . (defined $wanted ? ", not: $wanted" : '');
}

1;
