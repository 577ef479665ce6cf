package CatalogsFdw::Accounts;

=pod

=head1 NAME

CatalogsFdw::Accounts - what accounts hold, and what they were told

=head1 SYNOPSIS

  use CatalogsFdw::Accounts;

  seed($t, acme => { 11 => 'List 11' }, beta => {});
  connect_to($t, 'acme', batch_size => 2);     # acme.catalogs
  ...
  is_deeply(lists($t, 'acme'), { 11 => 'List 11' });
  is_deeply([ posts($t, 'acme') ], ['add "a", "b"', 'delete 101, 102']);

=head1 DESCRIPTION

Functions around a CatalogsFdw::Test, all of them exported.

=cut

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes ();

our @EXPORT = qw(
  seed connect_to lists posts added_again is_added_once request named foresee
  warned halt go_on);

# The id of the first list that is added to a seeded account.
our $first_id = 101;

=head2 seed($t, account => { id => name, ... }, ...)

Puts all back as at the start, with these accounts and lists, in the order of
their ids.  New lists get the ids from 101 on.

=cut

sub seed
{
	my ($t, %accounts) = @_;
	my $file = "$t->{control}.accounts";
	my %seed;

	foreach my $account (keys %accounts)
	{
		my $names = $accounts{$account};
		$seed{$account} = {
			tokens => ["$account-token"],
			next_id => $first_id,
			lists => [
				map { { id => $_ + 0, name => $names->{$_} } }
				sort { $a <=> $b } keys %$names
			]
		};
	}
	open my $out, '>', $file or die "$file: $!";
	print $out JSON::PP::encode_json({ accounts => \%seed });
	close $out or die "$file: $!";
	$t->emulator('reset', $file);
	return;
}

=head2 connect_to($t, $account, %options)

Makes the server of that name, with a user mapping and its table "catalogs" in
the schema of that name.

=cut

sub connect_to
{
	my ($t, $account, %options) = @_;
	my $url = $t->url =~ s/127\.0\.0\.1/$account.localhost/r;
	my $options = join ', ', "url '$url'",
	  map { "$_ '$options{$_}'" } sort keys %options;

	$t->sql(<<"SQL");
CREATE SERVER $account FOREIGN DATA WRAPPER catalogs_fdw OPTIONS ($options);
CREATE USER MAPPING FOR CURRENT_USER SERVER $account
	OPTIONS (access_token '$account-token');
CREATE SCHEMA $account;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER $account INTO $account;
SQL
	return;
}

=head2 lists($t, $account)

What the account holds: { id => name }.

=cut

sub lists
{
	my ($t, $account) = @_;
	my @lines = split /\n/,
	  $t->emulator('lists', '--account', $account, '--columns', 'id,name');
	my %lists = map { /^(\d+)\s*\| (.*)/ ? ($1 => $2) : () } @lines;
	return \%lists;
}

=head2 posts($t, $account, ...)

The POSTs to an account since the last time, as the words of request(); for
several accounts a hash of them.

=cut

sub posts
{
	my ($t, @accounts) = @_;
	my %posts = map { $_ => [] } @accounts;

	foreach (split /\n/, $t->emulator('wire', '--accounts', '--full'))
	{
		my ($account, $body) = /^(\w+): POST \S+ (.*)/ or next;
		my $rows = JSON::PP::decode_json($body);
		push @{ $posts{$account} }, join '; ',
		  map { my $verb = $_;
			"$verb " . join ', ', map { _row($verb, $_) } @{ $rows->{$verb} } }
		  sort keys %$rows;
	}
	return @accounts == 1 ? @{ $posts{ $accounts[0] } } : \%posts;
}

sub _row
{
	my ($verb, $row) = @_;
	return $verb eq 'delete' ? $row
	  : $verb eq 'update' ? $row->{id}
	  : qq("$row->{name}");
}

=head2 added_again(@posts)

The lists that are added twice by these POSTs.

=head2 is_added_once($name, @posts)

A test: there are none.

=cut

sub added_again
{
	my (@posts) = @_;
	my %times;

	$times{$_}++ foreach map { /"[^"]*"/g } grep { /add/ } @posts;
	return grep { $times{$_} > 1 } sort keys %times;
}

sub is_added_once
{
	my ($name, @posts) = @_;
	my @again = added_again(@posts);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(!@again, $name) or diag("added again: @again");
	return;
}

=head2 request($batch)

A batch, C<< { verb => 'update', rows => [11, 12] } >>, as posts() has it.

=head2 named($batch)

And as messages do: "update of lists 11, 12".

=cut

sub request
{
	my ($batch) = @_;
	my @rows = @{ $batch->{rows} };
	@rows = map { /^\d/ ? $_ : qq("$_") } @rows;
	return "$batch->{verb} " . join ', ', @rows;
}

sub named
{
	my ($batch) = @_;
	my $lists = @{ $batch->{rows} } > 1 ? 'lists' : 'list';
	return request($batch) =~ s/^\w+\K/ of $lists/r;
}

=head2 foresee($lists, $batches, %faults)

What is to become of an account that holds those lists and is sent those batches
by a transaction that fails, when

  failed        the one of that number, from 1, fails; 0: none
  applied       but is carried out
  accepted      but for these of its rows, which the account confirms
  unseen        and does not get as far as the ledger
  tries         and is sent so often
  recovers      the last time with success
  commits       the transaction does not fail
  undo_failed   of the batches that take back, the one of that number fails
  undo_times    and what is tried after it, so many requests in all
  undo_applied, undo_unseen   likewise
  undo_recovers   but is sent once more with success

An update appends " changed" to the name.  Returns

  lists      that the account holds then
  requests   that it gets
  warnings   details of the warnings

=cut

sub foresee
{
	my ($at_first, $batches, %fault) = @_;
	my ($lists, $requests, @undos) = _send($at_first, $batches, %fault);
	my ($undo, $strikes) = (0, 0);
	my @warnings;

	@undos = () if $fault{commits};
	foreach (@undos)
	{
		my ($batch, $stays) = @$_;
		my $done = $batch;

		$strikes = $fault{undo_times} // 1
		  if $batch && ++$undo == ($fault{undo_failed} // 0);
		foreach my $part ($batch ? _parts($batch, $strikes > 0 && !$fault{undo_recovers}) : ())
		{
			my $fails = $strikes-- > 0;
			push @$requests, request($part) unless $fails && $fault{undo_unseen};
			if ($fails && $fault{undo_recovers})
			{
				push @$requests, request($part);
				$fails = 0;
			}
			_take_back($lists, $at_first, $part)
			  unless $fails && !$fault{undo_applied};
			# What was taken back one by one counts.
			$done = 0 if $fails && ($part != $batch || @{ $part->{rows} } == 1);
			$done = 0 if $fails && $batch->{verb} ne 'delete';
		}
		push @warnings, $stays if !$done;
	}
	return { lists => $lists, requests => $requests, warnings => \@warnings };
}

# Until a batch fails: what the account holds then, what it gets, and for each
# batch that it confirms, the last first, what takes it back.
sub _send
{
	my ($at_first, $batches, %fault) = @_;
	my %lists = %$at_first;
	my $next_id = $first_id;
	my $n = 0;
	my (@requests, @undos);

	foreach my $batch (@$batches)
	{
		my $struck = ++$n == ($fault{failed} // 0);
		my $fails = $struck && !$fault{recovers};
		my $times = $struck && $fault{tries} || 1;
		my $done = $batch;

		$times = $fails ? 0 : 1 if $struck && $fault{unseen};
		push @requests, (request($batch)) x $times;
		$done = { %$batch, rows => $fault{accepted} // [] } if $fails;
		_carry_out(\%lists, \$next_id, $batch) if $fails && $fault{applied};
		unshift @undos, [ _carry_out(\%lists, \$next_id, $done) ]
		  if @{ $done->{rows} };
		last if $fails;
	}
	return (\%lists, \@requests, @undos);
}

# What the account does with a batch; returns the batch that takes it back, or
# undef when there is none, and what a warning calls that which stays.
sub _carry_out
{
	my ($lists, $next_id, $batch) = @_;
	my @rows = @{ $batch->{rows} };

	if ($batch->{verb} eq 'add')
	{
		my @ids = map { $$next_id++ } @rows;
		@$lists{@ids} = @rows;
		return ({ verb => 'delete', rows => \@ids },
			named({ verb => 'add', rows => \@ids }));
	}
	if ($batch->{verb} eq 'delete')
	{
		delete @$lists{@rows};
		return (undef, named($batch));
	}
	$lists->{$_} .= ' changed' foreach @rows;
	return ($batch, named($batch));
}

# What is sent for a batch that takes back, when its first request fails: lists
# that it was to delete are then deleted one by one.
sub _parts
{
	my ($batch, $fails) = @_;
	my @rows = @{ $batch->{rows} };

	return $batch if !$fails || $batch->{verb} ne 'delete' || @rows == 1;
	return ($batch, map { { verb => 'delete', rows => [$_] } } @rows);
}

sub _take_back
{
	my ($lists, $at_first, $batch) = @_;
	my @rows = @{ $batch->{rows} };

	delete @$lists{@rows} if $batch->{verb} eq 'delete';
	@$lists{@rows} = @$at_first{@rows} if $batch->{verb} eq 'update';
	return;
}

=head2 warned($got)

The details of the warnings in what CatalogsFdw::Session returned, all of which
must say that changes stay.

=cut

sub warned
{
	my ($got) = @_;
	return [
		map { $_->{message} =~ /stay on server/ ? $_->{detail} : $_->{message} }
		  @{ $got->{warnings} }
	];
}

=head2 halt($t, $session, $n)

Halts the backend of a CatalogsFdw::Session, which is sending changes of which the
N-th request is held (fault "hold"), between that and the next: the reply has come,
but has not been read.  All faults are healed.

=head2 go_on($session)

Lets it go on, and returns the result.

=cut

sub halt
{
	my ($t, $session, $n) = @_;
	my ($port) = $t->url =~ /:(\d+)$/;
	my $limit = Time::HiRes::time() + $PostgreSQL::Test::Utils::timeout_default;

	$t->emulator('wire', '--keep', '--wait', $n);
	kill 'STOP', $session->pid;
	$t->emulator('heal');
	until (_is_unread($port))
	{
		die 'no reply comes' if Time::HiRes::time() > $limit;
		Time::HiRes::usleep(1000);
	}
	return;
}

sub go_on
{
	my ($session) = @_;
	kill 'CONT', $session->pid;
	return $session->result;
}

# Whether bytes from a port have come that nobody has read.
sub _is_unread
{
	my $from = sprintf ':%04X', @_;

	foreach my $file (qw(/proc/net/tcp /proc/net/tcp6))
	{
		open my $in, '<', $file or next;
		while (<$in>)
		{
			# number: address here, there, state, bytes to send:to read
			my ($there, $unread) = /^\s*\d+: \S+ (\S+) \S+ \w+:(\w+) /
			  or next;
			# The end of a connection counts as one byte.
			return 1 if $there =~ /$from$/ && hex($unread) > 1;
		}
	}
	return 0;
}

1;
