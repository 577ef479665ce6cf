package CatalogsFdw::Life::Hardship;

=pod

=head1 NAME

CatalogsFdw::Life::Hardship - what happens to accounts, sessions and servers meanwhile

=head1 SYNOPSIS

  my $hardship = CatalogsFdw::Life::Hardship->new(world => $world, clients => \@clients);
  $hardship->befall while ...;
  $hardship->relent;

=head1 DESCRIPTION

Accounts fail, refuse, lie, limit, forget who has signed in, and are away; statements are
cancelled, sessions terminated, clients vanish; servers and user mappings are altered.
How often each came is counted in the world (CatalogsFdw::Life::Client).

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Random::Choice;
use Time::HiRes qw(time);

# Faults that strike so many requests of an account, but for "account" and "nth".
my @faults = (
	[ 'close_before', on => 'any' ],
	[ 'close_after_request', on => 'POST' ],
	[ 'close_after_request', on => 'GET' ],
	[ 'close_applied', on => 'POST' ],
	[ 'reset_kept', on => 'POST' ],
	[ 'reset', on => 'any' ],
	[ 'close_headers', on => 'any' ],
	[ 'close_middle', on => 'any' ],
	[ 'close_idle', on => 'any', times => 3 ],
	[ 'close_idle', on => 'any', times => 3 ],
	[ 'silent', on => 'any' ],
	[ 'stall', on => 'any' ],
	[ 'slow', on => 'any', ms => 2, bytes => 400 ],
	[ 'hold', on => 'any' ],
	[ 'long_length', on => 'any' ],
	[ 'garbage', on => 'any' ],
	[ 'garbage_body', on => 'any' ],
	[ 'empty_200', on => 'any' ],
	[ 'empty_200', on => 'POST', apply => 'yes' ],
	[ 'html_200', on => 'any' ],
	[ 'html_200', on => 'POST', apply => 'yes' ],
	[ 'html_200', on => 'LOGIN' ],
	[ 'cut', on => 'any' ],
	[ 'bad_gzip', on => 'GET' ],
	[ 'gzip_more', on => 'any' ],
	[ 'gzip_twice', on => 'any' ],
	[ 'long_header', on => 'any' ],
	[ 'nul', on => 'GET' ],
	[ 'error_200', on => 'any', error_code => 244 ],
	[ 'redirect', on => 'any' ],
	[ 'huge', on => 'any' ],
	[ 'bomb', on => 'any' ],
	[ 'lie', on => 'POST', verb => 'add', how => 'more' ],
	[ 'lie', on => 'POST', verb => 'add', how => 'errors' ],
	[ 'lie', on => 'POST', verb => 'add', how => 'error' ],
	[ 'lie', on => 'POST', verb => 'add', how => 'invalid' ],
	(map { [ 'status', on => 'any', code => $_ ] } 400, 401, 401, 402, 403, 404, 500, 502, 503, 504),
	[ 'status', on => 'POST', code => 500, apply => 'yes' ],
	[ 'status', on => 'POST', code => 504, apply => 'yes' ],
	[ 'status', on => 'any', code => 429 ],
	[ 'status', on => 'any', code => 429, retry_after => 1 ],
	[ 'status', on => 'any', code => 429, retry_field => 1 ]);

# What nobody can tell from the truth unless each POST has one verb.
my @cunning = ([ 'lie', on => 'POST', verb => 'add', how => 'twice' ]);

# Options of a server, and what they may be.  What is endless ends soon.
my %options = (
	batch_size => [ 20, 1, 3, 50 ],
	max_retries => [ 0, 1, 3 ],
	request_timeout => [qw(2s 3s)],
	max_response_size => ['1MB'],
	connect_timeout => [qw(1s 2s)],
	write_mode => [qw(deferred deferred immediate)],
	verify_rows => [qw(true true false)],
	keep_connections => [qw(true true false)],
	async_capable => [qw(true false)],
	requests_per_second => [ 7, 7, 5 ]);

# Ways in which accounts may put what they say; they do all mean the same.
my %ways = (
	items_shape => [qw(list nested map map_of_lists)],
	post_items_shape => [qw(list nested map)],
	escapes => [qw(utf8 php)],
	numbers => [qw(int string)],
	booleans => [qw(bool int string word)],
	key_order => [qw(page reversed)],
	get_order => [qw(stored reversed)],
	nothing => [qw(204 items)],
	request_id => [qw(echo echo none partial)],
	error_body => [qw(problem old validation html empty)],
	rule_status => [ 400, 200 ],
	rate_body => [qw(html json retry_after)],
	compress => [qw(off gzip deflate gzip_always)],
	chunked => [qw(off on)],
	delay_ms => [ 0, 0, 5 ]);

sub new
{
	my ($class, %self) = @_;
	return bless { next => 0, later => [], %self }, $class;
}

=head2 CatalogsFdw::Life::Hardship::usual_options()

Those of a server that is not altered yet.

=cut

sub usual_options { return map { $_ => $options{$_}[0] } keys %options; }

=head2 $hardship->befall

If it is time for that, something happens.

=head2 $hardship->relent

All is well again.

=head2 $hardship->vary

Accounts have other ways from here on.

=cut

sub befall
{
	my ($self) = @_;
	my $now = time;

	$self->_do_what_is_due($now);
	return if $now < $self->{next};
	throw_dice($self->{world}{seed}, 'hardship', ++$self->{n});
	$self->{next} = $now + $self->{pause} * (0.5 + rand);
	my $make = weighted(
		10 => '_fault',
		2 => '_fault_for_long',
		2 => '_expire',
		1 => '_go_away',
		2 => '_refuse_rows',
		3 => '_alter',
		1 => '_drop_mapping',
		8 => '_cancel',
		2 => '_terminate',
		2 => '_vanish');
	return $self->$make;
}

sub relent
{
	my ($self) = @_;
	my $later = $self->{later};

	$_->[1]->() foreach splice @$later;
	$self->_test->emulator('heal');
	$self->_test->emulator('unset', qw(partial partial_shape partial_code));
	return;
}

sub vary
{
	my ($self) = @_;
	throw_dice($self->{world}{seed}, 'vary', ++$self->{n});
	$self->_test->set(map { $_ => one_of(@{ $ways{$_} }) } sort keys %ways);
	return;
}

sub _later
{
	my ($self, $seconds, $what) = @_;
	push @{ $self->{later} }, [ time + $seconds, $what ];
	return;
}

sub _do_what_is_due
{
	my ($self, $now) = @_;
	my $later = $self->{later};
	my @due = grep { $_->[0] <= $now } @$later;

	@$later = grep { $_->[0] > $now } @$later;
	$_->[1]->() foreach @due;
	return;
}

sub _test { return $_[0]{world}{test}; }

sub _count { $_[0]{world}{count}{ $_[1] }++; return; }

sub _account { return one_of(@{ $_[0]{world}{accounts} }); }

# A client that asks something, and one may do that to.
sub _victim
{
	my ($self, $elders_too) = @_;
	my @asking = grep { $_->is_asking && ($elders_too || !$_->{is_elder}) } @{ $self->{clients} };
	return @asking ? one_of(@asking) : undef;
}

# --- accounts -----------------------------------------------------------------------

sub _fault
{
	my ($self) = @_;
	my $account = $self->_account;
	my @fault = @{ one_of(@faults, $self->{world}{combining}{$account} ? () : @cunning) };

	push @fault, times => one_of(1, 1, 1, 2, 4) if !grep { $_ eq 'times' } @fault;
	$self->_test->fault(@fault, account => $account, nth => one_of(1, 1, 2, 3, 7));
	return;
}

# Until all are healed.
sub _fault_for_long
{
	my ($self) = @_;
	my $fault = one_of(
		(map { [ status => code => $_ ] } 401, 403, 503),
		['close_applied'], ['close_after_request'], ['silent'], ['reset']);

	$self->_test->fault(@$fault, on => one_of(qw(POST any)), account => $self->_account, times => 0);
	$self->_later(one_of(0.5, 2), sub { $self->_test->emulator('heal') });
	return;
}

sub _expire
{
	my ($self) = @_;
	$self->_count('logins that expired');
	$self->_test->emulator('expire');
	return;
}

# All accounts at once, as when they are restarted.
sub _go_away
{
	my ($self) = @_;
	$self->_count('restarts of the accounts');
	$self->_test->fault('refuse');
	$self->_later(one_of(0.2, 1), sub {
		$self->_test->emulator('expire');
		$self->_test->emulator('heal');
	});
	return;
}

sub _refuse_rows
{
	my ($self) = @_;
	$self->_count('times that single rows were refused');
	$self->_test->set(
		partial => one_of('add:1', 'add:2', 'update:*', 'delete:*'),
		partial_code => 281,
		partial_shape => one_of(qw(message_map object_list object_map item)));
	$self->_later(0.5, sub {
		$self->_test->emulator('unset', qw(partial partial_shape partial_code));
	});
	return;
}

# --- servers and mappings ------------------------------------------------------------

sub _alter
{
	my ($self) = @_;
	my ($server, $option) = ($self->_account, one_of(sort keys %options));
	my $value = one_of(@{ $options{$option} });

	$self->_count('ALTER SERVER');
	$self->{world}{ask}->("ALTER SERVER $server OPTIONS (SET $option '$value')");
	return;
}

sub _drop_mapping
{
	my ($self) = @_;
	my ($server, $user) = ($self->_account, one_of(qw(worker clerk)));

	return if $self->{dropped}{"$server $user"}++;
	$self->_count('dropped user mappings');
	$self->{world}{ask}->("DROP USER MAPPING FOR $user SERVER $server");
	$self->_later(0.2, sub {
		delete $self->{dropped}{"$server $user"};
		$self->{world}{ask}->($self->{world}{mapping}->($server, $user));
	});
	return;
}

# --- sessions -----------------------------------------------------------------------

sub _cancel
{
	my ($self) = @_;
	my $victim = $self->_victim(1) or return;
	$self->_count('cancels');
	$self->{world}{ask}->("SELECT pg_cancel_backend($victim->{pid})");
	return;
}

sub _terminate
{
	my ($self) = @_;
	my $victim = $self->_victim or return;
	$self->_count('terminated sessions');
	$self->{world}{ask}->("SELECT pg_terminate_backend($victim->{pid})");
	return;
}

sub _vanish
{
	my ($self) = @_;
	my $victim = $self->_victim or return;
	$self->_count('clients that vanished');
	$victim->lose;
	return;
}

1;
