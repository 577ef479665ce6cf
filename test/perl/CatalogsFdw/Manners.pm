package CatalogsFdw::Manners;

=pod

=head1 NAME

CatalogsFdw::Manners - what an account is not to be asked

=head1 SYNOPSIS

  use CatalogsFdw::Manners;

  my @requests = requests($t);
  print unmannerly(\@requests, rows_refused => 0, ends_badly => 1);

=head1 DESCRIPTION

Functions, all of them exported.  A request is { account, verb => [ rows ], login,
status, text }.

=cut

use strict;
use warnings FATAL => 'all';

use Exporter 'import';
use JSON::PP ();

our @EXPORT = qw(requests unmannerly);

# After these an account is not asked again.
my %final = map { $_ => 1 } 401, 402, 403;

=head2 requests($t)

The POSTs since the last time, and the logins.

=cut

sub requests
{
	my ($t) = @_;
	my @requests;

	foreach (split /\n/, $t->emulator('wire', '--accounts', '--full', '--status'))
	{
		my ($account, $path, $body, $status) = /^(\w+): POST (\S+) (.*) -> (.*)$/ or next;
		my $is_login = $path =~ /auth/;

		push @requests,
		  {
			account => $account,
			login => $is_login,
			status => $status,
			text => $_,
			$is_login ? () : %{ JSON::PP::decode_json($body) }
		  };
	}
	return @requests;
}

=head2 unmannerly($requests, %about)

What is wrong with the requests that the end of a transaction has made, when

  taking_back   nothing was sent but what takes back
  rows_refused  an account may have refused single rows
  lost          so many replies may have been lost after their status
  batch_size    account -> rows in a POST

=cut

sub unmannerly
{
	my ($requests, %about) = @_;
	my %of;

	push @{ $of{ $_->{account} } }, $_ foreach @$requests;
	return map { my $account = $_; map { "$account is $_" } _wrong($account, $of{$account}, %about) }
	  sort keys %of;
}

sub _wrong
{
	my ($account, $requests, %about) = @_;
	my @posts = grep { !$_->{login} } @$requests;

	return (
		_asked_after_a_refusal($about{taking_back} ? 1 : 2, @$requests),
		$about{taking_back}
		? (
			_asked_though_dead(@posts),
			_told_to_add(@posts),
			$about{rows_refused}
			? ()
			: _asked_too_often($about{batch_size}{$account}, $about{lost} // 0, @posts))
		: ());
}

# A COMMIT that was refused may try to take back what was accepted before; who takes
# back stops after a refusal.  A login may be renewed once, and the request made again.
sub _asked_after_a_refusal
{
	my ($allowed, @requests) = @_;
	my $renewed = 0;

	while (my $refused = shift @requests)
	{
		next if !$final{ $refused->{status} };
		next if @requests && $requests[0]{login} && $refused->{status} eq '401' && !$renewed++;
		next if --$allowed;
		return @requests
		  ? "asked again after $refused->{status}: $requests[0]{text}"
		  : ();
	}
	return;
}

sub _asked_though_dead
{
	my (@posts) = @_;
	my $unanswered = grep { $_->{status} eq 'no reply' } @posts;

	return if $unanswered < @posts || @posts <= 2;
	return 'asked ' . @posts . ' times, though it never answers';
}

sub _told_to_add
{
	my (@posts) = @_;
	return map { "told to add something by taking back: $_->{text}" } grep { $_->{add} } @posts;
}

# A batch is split only when single rows were refused: so there is no more than what
# the rows need, and one more for each that failed.
sub _asked_too_often
{
	my ($batch_size, $lost, @posts) = @_;
	my $failed = $lost + grep { $_->{status} !~ /^20[04]$/ } @posts;
	my $needed = 0;

	foreach my $verb (qw(update delete))
	{
		my %rows = map { (ref ? $_->{id} : $_) => 1 } map { @{ $_->{$verb} // [] } } @posts;
		$needed += int((keys(%rows) + $batch_size - 1) / $batch_size);
	}
	return if @posts <= $needed + $failed;
	return "asked " . @posts . " times for what takes $needed, of which $failed failed";
}

1;
