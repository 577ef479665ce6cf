package CatalogsFdw::Random::Checks;

=pod

=head1 NAME

CatalogsFdw::Random::Checks - whether a transaction does what the model says

=head1 SYNOPSIS

  my $checks = CatalogsFdw::Random::Checks->new(
      accounts => $accounts, model => $model, client => $client, faults => $faults,
      wire => $wire, log => $log);
  $checks->sees('acme', $got->{rows});
  $checks->ends('COMMIT', $got->{sqlstate}, $checks->sqlstate_of_commit);
  $checks->is_over(1);

=head1 DESCRIPTION

What is wrong goes to the log.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model::Verdict;
use CatalogsFdw::Random::Changes;

sub new
{
	my ($class, %parts) = @_;
	return bless {%parts}, $class;
}

=head2 $checks->sees($account, $rows, $which)

These are the rows of the account, or which of them, that the transaction sees.

=head2 $checks->succeeds($what, $sqlstate)

When nothing is in the way.

=head2 $checks->ends($what, $sqlstate, $should)

Something has ended with that SQLSTATE, or '', and should with the other; when
something is in the way, it may fail otherwise.

=cut

sub sees
{
	my ($self, $account, $rows, $which) = @_;
	$self->{log}->wrong($self->{model}->compare($account, $rows, $which));
	return;
}

sub succeeds
{
	my ($self, $what, $sqlstate) = @_;
	$self->{log}->wrong("$what fails")
	  if $sqlstate && $self->{faults}->is_healthy;
	return;
}

sub ends
{
	my ($self, $what, $sqlstate, $should) = @_;
	$self->{log}->wrong("$what ends with '$sqlstate', not '$should'")
	  if $sqlstate ne $should && ($self->{faults}->is_healthy || !$sqlstate);
	return;
}

=head2 $checks->look_at_pending($account)

Asks what the account was not told yet.

=cut

sub look_at_pending
{
	my ($self, $account) = @_;
	my $model = $self->{model};
	my $got = $self->{client}->ask(
		"SELECT verb, id, changes FROM catalogs_fdw_pending WHERE server = '$account'");

	return $self->{log}->wrong('catalogs_fdw_pending fails') if $got->{sqlstate};
	return if !$model->knows_pending($account);
	my @is = map { pending_text(@$_) } @{ $got->{rows} };
	my @should = map { change_text($_) } @{ $model->pending($account) };
	$self->{log}->wrong(differences('pending is', \@is, \@should));
	return;
}

=head2 $checks->sqlstate_of_commit

With which COMMIT must fail, or ''.

=cut

sub sqlstate_of_commit
{
	my ($self) = @_;
	my $model = $self->{model};
	my @sure = grep { $model->is_sure($_) } $self->{accounts}->names;

	return $model->doomed if $model->doomed;
	return '40001' if grep { $model->meets_vanished($_) || $model->has_lost($_) } @sure;
	return '';
}

=head2 $checks->is_over($committed)

The transaction is over: do the accounts hold what they are to hold?

=cut

sub is_over
{
	my ($self, $committed) = @_;
	my ($accounts, $log, $faults) = @$self{qw(accounts log faults)};

	$log->count($committed ? 'committed' : 'rolled back');
	$log->count('something in the way') if !$faults->is_healthy;
	$self->{wire}->look;
	$faults->heal if !$faults->is_healthy;
	my $verdict = CatalogsFdw::Model::Verdict->new($self->{model}, $committed,
		$self->{client}->named);
	foreach my $account ($accounts->names)
	{
		$log->wrong($verdict->wrong($account, $accounts->take_stock($account)));
	}
	$self->_check_names($verdict->differences);
	return;
}

# The lists that are named must be among those that differ, when nothing was in the
# way of taking back.
sub _check_names
{
	my ($self, $differs) = @_;
	my ($accounts, $log) = @$self{qw(accounts log)};
	my $named = $self->{client}->named;
	my $must_differ = $self->{faults}->is_healthy
	  && !grep { $accounts->options($_)->{undo} ne 'true' } $accounts->names;

	foreach my $verb (sort keys %$named)
	{
		$log->count("named: $verb");
		next if !$must_differ;
		$log->wrong("names the $verb of $_, which is as it is to be")
		  foreach grep { !$differs->{$_} } sort keys %{ $named->{$verb} };
	}
	return;
}

1;
