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
  named_rows remaining uncertain what_differs wrong_remains warnings_of halt go_on);

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
the schema of that name.  It is asked as often as one likes, unless the options say
otherwise.

=cut

sub connect_to
{
	my ($t, $account, %options) = @_;
	my $url = $t->url =~ s/127\.0\.0\.1/$account.localhost/r;
	%options = (url => $url, requests_per_second => 0, %options);
	my $options = join ', ', map { "$_ '$options{$_}'" } sort keys %options;

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

=head2 foresee($lists, $batches, %fault)

What becomes of an account that holds those lists and is sent those batches, up to
the one that fails, before anything is taken back, when

  failed        the one of that number, from 1, fails; 0: none
  applied       but is carried out
  accepted      but for these of its rows, which the account confirms
  unseen        and does not get as far as the ledger
  tries         and is sent so often
  recovers      the last time with success

An update appends " changed" to the name.  Returns

  lists      that the account holds then
  requests   that it gets
  accepted   rows that it confirms, as remaining() has them
  deleted    those of them that nothing can take back

=cut

sub foresee
{
	my ($at_first, $batches, %fault) = @_;
	my %lists = %$at_first;
	my $next_id = $first_id;
	my $n = 0;
	my (@requests, @accepted);

	foreach my $batch (@$batches)
	{
		my $struck = ++$n == ($fault{failed} // 0);
		my $fails = $struck && !$fault{recovers};
		my $times = $struck && $fault{tries} || 1;
		my $done = $fails ? { %$batch, rows => $fault{accepted} // [] } : $batch;

		$times = $fails ? 0 : 1 if $struck && $fault{unseen};
		push @requests, (request($batch)) x $times;
		_carry_out(\%lists, \$next_id, $batch) if $fails && $fault{applied};
		push @accepted, _carry_out(\%lists, \$next_id, $done);
		last if $fails;
	}
	return {
		lists => \%lists,
		requests => \@requests,
		accepted => [ sort @accepted ],
		deleted => [ sort grep { /delete/ } @accepted ]
	};
}

# What the account does with a batch; returns its rows.
sub _carry_out
{
	my ($lists, $next_id, $batch) = @_;
	my ($verb, @rows) = ($batch->{verb}, @{ $batch->{rows} });

	if ($verb eq 'add')
	{
		my @ids = map { $$next_id++ } @rows;
		@$lists{@ids} = @rows;
		@rows = @ids;
	}
	delete @$lists{@rows} if $verb eq 'delete';
	if ($verb eq 'update') { $lists->{$_} .= ' changed' foreach @rows }
	return map { "$verb $_" } @rows;
}

=head2 named_rows($text)

The rows that a message names: "update 11", "add 101", 'add "a"'.

=head2 remaining($got, $account)

Those that warnings about an account name, in order; from what CatalogsFdw::Session
returned, or texts "MESSAGE\nDETAIL".

=head2 uncertain($got)

Those of which the error says that nobody knows what became of them.

=cut

sub named_rows
{
	my ($text) = @_;
	my $row = qr/"[^"]*"|\d+/;
	my @named;

	while ($text =~ /\b(add|update|delete) of lists? ($row(?:, $row)*)/g)
	{
		my ($verb, $rows) = ($1, $2);
		push @named, map { "$verb $_" } $rows =~ /$row/g;
	}
	return @named;
}

sub remaining
{
	my ($got, $account) = @_;
	my @texts =
	  ref $got eq 'HASH' ? map { "$_->{message}\n$_->{detail}" } @{ $got->{warnings} } : @$got;

	return [ sort map { named_rows($_) } grep { /server "$account"/ } @texts ];
}

sub uncertain
{
	my ($got) = @_;
	my $words = ($got->{error}{detail} // '') =~ /or not: (.*)/ ? $1 : '';
	return [ sort(named_rows($words)) ];
}

=head2 what_differs($before, $after)

In which rows an account is not as it was.

=head2 wrong_remains($lists, $before, $remaining, $uncertain, %expected)

What is wrong with what the warnings and the error have said of an account that was
like that before a transaction which has failed, and holds these lists now.  Each
difference has to be named, and each row once.  With

  exactly    the rows that warnings are to name, no others;
  at_most    or so many beyond the former;
  unsure     they may name rows that are as they were, since the account has not
             answered

=cut

sub what_differs
{
	my ($before, $after) = @_;
	my %ids = (%$before, %$after);

	return map {
		    !defined $before->{$_} ? "add $_"
		  : !defined $after->{$_} ? "delete $_"
		  : $before->{$_} ne $after->{$_} ? "update $_"
		  : ()
	} sort { $a <=> $b } keys %ids;
}

sub wrong_remains
{
	my ($lists, $before, $remaining, $uncertain, %expected) = @_;
	my %times;
	my %expected_row = map { $_ => 1 } @{ $expected{exactly} // [] };
	my (@wrong, %differs);

	$times{$_}++ foreach @$remaining, @$uncertain;
	foreach my $row (what_differs($before, $lists))
	{
		my ($verb, $id) = split / /, $row;
		my $name = "$verb \"" . ($lists->{$id} // '') . '"';

		$differs{$row} = $differs{$name} = 1;
		push @wrong, "the $row, which remains, to be named"
		  if !$times{$row} && !$times{$name};
	}
	push @wrong, "no warning of the $_, which does not remain"
	  foreach grep { !$differs{$_} && !$expected{unsure} } @$remaining;
	push @wrong, "the $_ to be named once" foreach grep { $times{$_} > 1 } sort keys %times;
	if (my $exactly = $expected{exactly})
	{
		my @more = grep { !$expected_row{$_} } @$remaining;

		push @wrong, "no more than @$exactly to remain; also did: @more"
		  if @more > ($expected{at_most} // 0);
		push @wrong, "a warning of the $_"
		  foreach grep { !$times{$_} } @$exactly;
	}
	return @wrong;
}

=head2 warnings_of($t, $pid)

Those that a backend has logged, for remaining().

=cut

sub warnings_of
{
	my ($t, $pid) = @_;
	my $log = $t->log;
	my @texts;

	push @texts, "$1\n$2"
	  while $log =~ /\[$pid\] [^\n]*WARNING:  ([^\n]*)\n[^\n]*\[$pid\] [^\n]*DETAIL:  ([^\n]*)\n/g;
	return \@texts;
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
