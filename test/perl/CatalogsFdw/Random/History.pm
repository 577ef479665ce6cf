package CatalogsFdw::Random::History;

=pod

=head1 NAME

CatalogsFdw::Random::History - transactions at random, one after the other

=head1 SYNOPSIS

  my $history = CatalogsFdw::Random::History->new($t);
  my $failed = $history->run(17, 50);
  print $history->shrink(17, $failed) if $failed;
  print $history->story->times('COMMIT fails');

=head1 DESCRIPTION

A history begins with the same lists, in a new session, and all that is chosen in
it follows from its seed.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model;
use CatalogsFdw::Random::Accounts;
use CatalogsFdw::Random::Chance;
use CatalogsFdw::Random::Judge;
use CatalogsFdw::Random::Rows;
use CatalogsFdw::Random::Statements;
use CatalogsFdw::Random::Story;
use CatalogsFdw::Random::Talk;
use CatalogsFdw::Random::Transaction;
use CatalogsFdw::Random::Trouble;
use CatalogsFdw::Random::Wire;

=head2 CatalogsFdw::Random::History->new($t)

Makes what histories need in a CatalogsFdw::Test that has no table.

=cut

sub new
{
	my ($class, $t) = @_;
	my $story = CatalogsFdw::Random::Story->new;
	my $model = CatalogsFdw::Model->new;
	my $accounts = CatalogsFdw::Random::Accounts->new($t);
	my $rows = CatalogsFdw::Random::Rows->new($model, $accounts);
	my @known = (accounts => $accounts, model => $model, story => $story);
	my $trouble = CatalogsFdw::Random::Trouble->new(t => $t, @known);
	my $wire = CatalogsFdw::Random::Wire->new(t => $t, @known);
	my $talk = CatalogsFdw::Random::Talk->new(
		t => $t, @known,
		trouble => $trouble,
		wire => $wire);
	my $statements = CatalogsFdw::Random::Statements->new(
		@known,
		rows => $rows,
		trouble => $trouble);
	my $judge = CatalogsFdw::Random::Judge->new(
		@known,
		talk => $talk,
		trouble => $trouble,
		wire => $wire);
	my $transaction = CatalogsFdw::Random::Transaction->new(
		@known,
		rows => $rows,
		statements => $statements,
		talk => $talk,
		trouble => $trouble,
		wire => $wire,
		judge => $judge);

	$trouble->make_tables;
	$statements->make_tables($t);
	return bless {
		@known,
		talk => $talk,
		trouble => $trouble,
		transaction => $transaction
	}, $class;
}

=head2 $history->story

Of its last transaction, with what was counted in all of them.

=cut

sub story { return $_[0]{story}; }

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
		return $n if $self->{story}->is_wrong;
	}
	return;
}

# New sessions, accounts as at the start, and servers with other options.
sub _begin
{
	my ($self, $seed) = @_;
	my ($accounts, $talk, $trouble) = @$self{qw(accounts talk trouble)};

	throw_dice($seed);
	$self->quit;
	$accounts->reset;
	my $session = $talk->connect;
	$trouble->connect;
	$accounts->choose_options($session);
	return;
}

=head2 $history->quit

=cut

sub quit
{
	my ($self) = @_;
	$self->{$_}->quit foreach qw(talk trouble);
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

	return join "\n", $self->{story}->lines, 'The model:',
	  (map { $model->describe($_) } $accounts->names),
	  'The accounts:', $accounts->describe;
}

sub shrink
{
	my ($self, $seed, $n) = @_;
	my $report = $self->report;
	my %skipped;

	$self->{story}->tell_all(1);
	foreach my $step (1 .. $self->{transaction}->max_steps)
	{
		my $failed = $self->run($seed, $n, { %skipped, $step => 1 }) // 0;

		next if $failed != $n;
		$skipped{$step} = 1;
		$report = $self->report;
	}
	$self->{story}->tell_all(0);
	return $report;
}

1;
