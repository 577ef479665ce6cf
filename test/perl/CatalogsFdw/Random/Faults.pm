package CatalogsFdw::Random::Faults;

=pod

=head1 NAME

CatalogsFdw::Random::Faults - what gets in the way of a transaction

=head1 SYNOPSIS

  my $faults = CatalogsFdw::Random::Faults->new(
      t => $t, accounts => $accounts, model => $model, log => $log);
  $faults->begin;
  $faults->arm;
  ...
  $faults->heal if !$faults->is_healthy;

=head1 DESCRIPTION

Accounts that fail, somebody else who changes lists, and a transaction that cannot
be serialized beside the one that is tested.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Random::Choice;
use CatalogsFdw::Session;

my @faults = (
	['close_before'],
	['close_after_request'],
	['close_applied'],
	['reset_kept'],
	['close_middle'],
	['close_headers'],
	['cut'],
	['reset'],
	['garbage'],
	['garbage_body'],
	['empty_200'],
	[ 'empty_200', apply => 'yes' ],
	[ 'html_200', apply => 'yes' ],
	[ 'status', code => 400 ],
	[ 'status', code => 403 ],
	[ 'status', code => 429 ],
	[ 'status', code => 500 ],
	[ 'status', code => 500, apply => 'yes' ],
	[ 'status', code => 503 ],
	[ 'status', code => 504, apply => 'yes' ],
	[ 'error_200', error_code => 244 ]);
my @slow_faults = (['silent'], ['stall']);
my @refused = ('add:1', 'add:2', 'update:*', 'delete:*', 'update:11', 'delete:12');
my @refusal_shapes = qw(message_map object_list object_map response);

sub new
{
	my ($class, %parts) = @_;
	return bless {%parts}, $class;
}

=head2 $faults->begin

A transaction begins, and nothing is in its way.

=head2 $faults->is_healthy

Nothing was armed, nor deleted by somebody else, in this transaction.

=head2 $faults->strikes($account)

Replies to POSTs that are to be lost, if that is all that is armed there.

=cut

sub begin
{
	my ($self) = @_;

	$self->{is_healthy} = 1;
	$self->{strikes} = {};
	return;
}

sub is_healthy { return $_[0]{is_healthy}; }

sub strikes { return $_[0]{strikes}{ $_[1] } // 0; }

=head2 $faults->arm

Some fault of an account, or rows that both refuse.

=head2 $faults->heal

=cut

sub arm
{
	my ($self) = @_;
	my $account = one_of($self->{accounts}->names);

	$self->{is_healthy} = 0;
	return chance(0.2) ? $self->_refuse : $self->_arm_fault($account);
}

sub _refuse
{
	my ($self) = @_;
	my @words = (
		partial => one_of(@refused),
		partial_shape => one_of(@refusal_shapes),
		partial_code => 281);

	$self->{strikes}{$_} = 'inf' foreach $self->{accounts}->names;
	$self->{log}->add("-- set @words");
	$self->{t}->set(@words);
	return;
}

sub _arm_fault
{
	my ($self, $account) = @_;
	my $is_hasty = $self->{accounts}->options($account)->{hasty};
	my @fault = @{ one_of(@faults, $is_hasty ? (@slow_faults) x 5 : ()) };
	my $on = chance(0.9) ? 'POST' : 'GET';

	push @fault,
	  account => $account,
	  on => $on,
	  nth => one_of(1, 1, 2, 3, 4),
	  times => $on eq 'GET' || $fault[0] =~ /silent|stall/
	  ? 1
	  : weighted(8 => 1, 1 => 2, 1 => 0);
	my %fault = @fault[ 1 .. $#fault ];
	# A refusal is no lost reply, and one after a lost one leaves it at that.
	my $is_lost = $fault[0] !~ /error/ && ($fault{code} // 500) >= 500;
	$self->{strikes}{$account} += $is_lost && $fault{times} || 'inf' if $on eq 'POST';
	$self->{log}->add("-- fault @fault");
	$self->{t}->fault(@fault);
	return;
}

sub heal
{
	my ($self) = @_;

	$self->{log}->add('-- heal');
	$self->{t}->emulator('heal');
	$self->{t}->emulator('unset', qw(partial partial_shape partial_code));
	return;
}

=head2 $faults->interfere

Somebody else changes or deletes a list that the transaction has not touched, or
deletes any.

=cut

sub interfere
{
	my ($self) = @_;
	my $model = $self->{model};
	my $account = one_of($self->{accounts}->names);
	my @rows = grep { defined $model->id($_) } $model->rows($account);
	my $row = @rows ? one_of(@rows) : return;
	my $id = $model->id($row);

	if ($model->is_touched($row) || chance(0.4))
	{
		$self->{is_healthy} = 0;
		$self->{strikes}{$account} = 'inf';
		$self->{log}->add("-- drop $id");
		$self->{accounts}->drop($account, $id);
		$model->drop_behind($row->{key});
		return;
	}
	my $name = $row->{values}{name} . '!';
	$self->{log}->add("-- put $id $name");
	$self->{accounts}->put($account, $id, $name);
	$model->change_behind($row->{key}, 'name', $name);
	return;
}

=head2 $faults->make_tables

What the following needs.

=head2 $faults->connect

=head2 $faults->quit

The session of the transaction beside.

=head2 $faults->crossing

What a serializable transaction asks so that another can cross it.

=head2 $faults->cross

Another does: returns whether the first can no longer be serialized.

=cut

sub make_tables
{
	my ($self) = @_;
	$self->{t}->sql('CREATE TABLE here (n int); CREATE TABLE there (n int)');
	return;
}

sub connect
{
	my ($self) = @_;
	$self->{other} = CatalogsFdw::Session->new($self->{t}->node);
	return;
}

sub quit
{
	my ($self) = @_;
	my $other = delete $self->{other} or return;
	$other->quit;
	return;
}

sub crossing { return 'SELECT count(*) FROM here; INSERT INTO there VALUES (1)'; }

sub cross
{
	my ($self) = @_;
	my $got = $self->{other}->ask(
		'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM there; INSERT INTO here VALUES (1); COMMIT');

	$self->{log}->add('-- another transaction gets in the way', $got->{said});
	return $got->{sqlstate} eq '';
}

1;
