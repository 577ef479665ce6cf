package CatalogsFdw::Random::History;

=pod

=head1 NAME

CatalogsFdw::Random::History - transactions at random, one after the other

=head1 SYNOPSIS

  my $history = CatalogsFdw::Random::History->new($t);
  my $failed = $history->run(17, 50);
  print $history->shrink(17, $failed) if $failed;
  print $history->log->times('COMMIT fails');

=head1 DESCRIPTION

A history begins with the same lists, in a new session, and all that is chosen in
it follows from its seed.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model;
use CatalogsFdw::Random::Accounts;
use CatalogsFdw::Random::Choice;
use CatalogsFdw::Random::Checks;
use CatalogsFdw::Random::Rows;
use CatalogsFdw::Random::Statements;
use CatalogsFdw::Random::Log;
use CatalogsFdw::Random::Client;
use CatalogsFdw::Random::Transaction;
use CatalogsFdw::Random::Faults;
use CatalogsFdw::Random::Wire;

=head2 CatalogsFdw::Random::History->new($t)

Makes what histories need in a CatalogsFdw::Test that has no table.

=cut

sub new
{
	my ($class, $t) = @_;
	my $log = CatalogsFdw::Random::Log->new;
	my $model = CatalogsFdw::Model->new;
	my $accounts = CatalogsFdw::Random::Accounts->new($t);
	my $rows = CatalogsFdw::Random::Rows->new($model, $accounts);
	my @known = (accounts => $accounts, model => $model, log => $log);
	my $faults = CatalogsFdw::Random::Faults->new(t => $t, @known);
	my $wire = CatalogsFdw::Random::Wire->new(t => $t, @known);
	my $client = CatalogsFdw::Random::Client->new(
		t => $t, @known,
		faults => $faults,
		wire => $wire);
	my $statements = CatalogsFdw::Random::Statements->new(
		@known,
		rows => $rows,
		faults => $faults);
	my $checks = CatalogsFdw::Random::Checks->new(
		@known,
		client => $client,
		faults => $faults,
		wire => $wire);
	my $transaction = CatalogsFdw::Random::Transaction->new(
		@known,
		rows => $rows,
		statements => $statements,
		client => $client,
		faults => $faults,
		wire => $wire,
		checks => $checks);

	$faults->make_tables;
	$statements->make_tables($t);
	return bless {
		@known,
		client => $client,
		faults => $faults,
		transaction => $transaction
	}, $class;
}

=head2 $history->log

Of its last transaction, with what was counted in all of them.

=cut

sub log { return $_[0]{log}; }

=head2 $history->run($seed, $length, { $step => 1, ... })

Runs so many transactions, or up to the first that fails, whose number it returns.
Those steps of the last of them are left out.

=cut

sub run
{
	my ($self, $seed, $length, $skipped) = @_;

	$self->_begin($seed);
	foreach my $n (1 .. $length)
	{
		$self->{transaction}->run($seed, $n, $n == $length ? $skipped // {} : {});
		return $n if $self->{log}->is_wrong;
	}
	return;
}

# New sessions, accounts as at the start, and servers with other options.
sub _begin
{
	my ($self, $seed) = @_;
	my ($accounts, $client, $faults) = @$self{qw(accounts client faults)};

	throw_dice($seed);
	$self->quit;
	$accounts->reset;
	my $session = $client->connect;
	$faults->connect;
	$accounts->choose_options($session);
	return;
}

=head2 $history->quit

=cut

sub quit
{
	my ($self) = @_;
	$self->{$_}->quit foreach qw(client faults);
	return;
}

=head2 $history->report

All that is known of the last transaction.

=head2 $history->shrink($seed, $n)

The report of that transaction, which has just failed, without the steps that it
fails without.

=cut

sub report
{
	my ($self) = @_;
	my ($accounts, $model) = @$self{qw(accounts model)};

	return join "\n", $self->{log}->lines, 'The model:',
	  (map { $model->describe($_) } $accounts->names),
	  'The accounts:', $accounts->describe;
}

sub shrink
{
	my ($self, $seed, $n) = @_;
	my $report = $self->report;
	my %skipped;

	$self->{log}->be_detailed(1);
	foreach my $step (1 .. $self->{transaction}->max_steps)
	{
		my $failed = $self->run($seed, $n, { %skipped, $step => 1 }) // 0;

		next if $failed != $n;
		$skipped{$step} = 1;
		$report = $self->report;
	}
	$self->{log}->be_detailed(0);
	return $report;
}

1;
