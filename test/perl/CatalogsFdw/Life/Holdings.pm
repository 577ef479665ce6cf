package CatalogsFdw::Life::Holdings;

=pod

=head1 NAME

CatalogsFdw::Life::Holdings - what accounts must hold after many transactions

=head1 SYNOPSIS

  my $holdings = CatalogsFdw::Life::Holdings->new(acme => { 11 => 'n100001' });
  my $promise = $holdings->promise(1, 12, 'acme');    # about twelve lists of client 1
  ...
  $holdings->settle($promise, committed => 1, named => \%named);
  print $holdings->wrong(acme => lists($t, 'acme'));  # nothing

=head1 DESCRIPTION

Each list belongs to a client, as its name says: "n", a number of which all but the
last five digits are the client's, and perhaps something behind it.  Clients change
their own lists alone, so what an account must hold follows from each transaction,
whatever others do meanwhile.

A transaction that has named rows, or was cut off by a crash, leaves its lists in doubt:
they are in no other transaction's way until the account is looked at, and
CatalogsFdw::Promise judges then what has become of them.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Promise;

our $per_client = 100_000;

=head2 CatalogsFdw::Life::Holdings->new($account => { $id => $name, ... }, ...)

=cut

sub new
{
	my ($class, %lists) = @_;
	# news: what has been added, of which the id is not known yet
	return bless { rows => \%lists, news => { map { $_ => {} } keys %lists }, doubts => [] }, $class;
}

=head2 $holdings->promise($client, $most, @accounts)

A CatalogsFdw::Promise about some of the client's lists there.

=cut

sub promise
{
	my ($self, $client, $most, @accounts) = @_;
	my %start;

	foreach my $account (@accounts)
	{
		my $rows = $self->{rows}{$account};
		my @ids = grep { _owner($rows->{$_}) == $client } sort { $a <=> $b } keys %$rows;
		my $first = @ids > $most ? int rand(@ids - $most) : 0;
		my @some = grep { defined } @ids[ $first .. $first + $most - 1 ];

		$start{$account} = { map { $_ => $rows->{$_} } @some };
	}
	return CatalogsFdw::Promise->new(%start);
}

sub _owner { return int(substr(CatalogsFdw::Promise::called($_[0]), 1) / $per_client); }

=head2 $holdings->settle($promise, committed => 1, named => \%named, in_doubt => 0)

What has become of a transaction; in_doubt: it was cut off, and could name nothing.

=cut

sub settle
{
	my ($self, $promise, %outcome) = @_;
	my @accounts = $promise->accounts;

	if (%{ $outcome{named} } || $outcome{in_doubt})
	{
		delete @{ $self->{rows}{$_} }{ keys %{ $promise->start($_) } } foreach @accounts;
		push @{ $self->{doubts} }, { promise => $promise, %outcome };
		return;
	}
	return if !$outcome{committed};
	foreach my $account (@accounts)
	{
		my $now = $promise->lists($account);

		delete @{ $self->{rows}{$account} }{ keys %{ $promise->start($account) } };
		$self->{ /^n/ ? 'news' : 'rows' }{$account}{$_} = $now->{$_} foreach keys %$now;
	}
	return;
}

=head2 $holdings->learn($account, $id, $name)

A client has seen that list.

=cut

sub learn
{
	my ($self, $account, $id, $name) = @_;
	my $news = $self->{news}{$account};
	my $key = CatalogsFdw::Promise::called($name);

	return if !defined $news->{$key} || $news->{$key} ne $name;
	$self->{rows}{$account}{$id} = delete $news->{$key};
	return;
}

=head2 $holdings->in_doubt

How many transactions left their lists in doubt since the accounts were looked at.

=head2 $holdings->size

How many lists there are, but for those.

=cut

sub in_doubt { return scalar @{ $_[0]{doubts} }; }

sub size
{
	my ($self) = @_;
	my $size = 0;
	$size += keys %$_ foreach map { values %{ $self->{$_} } } qw(rows news);
	return $size;
}

=head2 $holdings->wrong($account => { $id => $name, ... }, ...)

What is wrong when all accounts hold these lists, and nobody does anything.  From here
on that is what they must hold.

=cut

sub wrong
{
	my ($self, %lists) = @_;
	my @wrong = map { $self->_wrong($_, $lists{$_}) } sort keys %lists;

	$self->{rows} = {%lists};
	$self->{news} = { map { $_ => {} } keys %lists };
	$self->{doubts} = [];
	return @wrong;
}

sub _wrong
{
	my ($self, $account, $lists) = @_;
	my %left = %$lists;
	my ($rows, $news) = ($self->{rows}{$account}, $self->{news}{$account});
	my (%ids, @wrong);

	foreach my $id (sort { $a <=> $b } keys %$lists)
	{
		push @{ $ids{ CatalogsFdw::Promise::called($lists->{$id}) } }, $id;
	}
	foreach my $doubt (grep { $_->{promise}->start($account) } @{ $self->{doubts} })
	{
		push @wrong, _judge($doubt, $account, $lists, \%ids, \%left);
	}
	foreach my $id (sort { $a <=> $b } keys %$rows)
	{
		my $name = delete $left{$id};
		push @wrong, "$account lacks list $id: $rows->{$id}" if !defined $name;
		push @wrong, "$account has list $id: $name, not: $rows->{$id}"
		  if defined $name && $name ne $rows->{$id};
	}
	foreach my $key (sort keys %$news)
	{
		my @have = @{ $ids{$key} // [] };
		delete @left{@have};
		my $have = join ', ', map { $lists->{$_} } @have;
		push @wrong, "$account has not added $news->{$key} once, but: $have (@have)"
		  if $have ne $news->{$key};
	}
	return (@wrong, map { "$account has list $_: $left{$_}, which nobody wants" }
		  sort { $a <=> $b } keys %left);
}

sub _judge
{
	my ($doubt, $account, $lists, $ids, $left) = @_;
	my $promise = $doubt->{promise};
	my @about = (
		(grep { exists $lists->{$_} } keys %{ $promise->start($account) }),
		(map { @{ $ids->{$_} } } grep { /^n/ && $promise->is_about($_) } keys %$ids));
	my %about = map { $_ => $lists->{$_} } @about;
	my $named = $doubt->{named};

	if ($doubt->{in_doubt} && !$doubt->{committed})
	{
		# what nobody could name
		$named = { map { ("update $_" => 1, "delete $_" => 1, "add $_" => 1) }
			  keys %{ $promise->start($account) }, @about, grep { /^n/ } $promise->all };
	}
	delete @$left{@about};
	return $promise->wrong($account, \%about, $doubt->{committed}, $named);
}

1;
