package CatalogsFdw::Random::Judge;

=pod

=head1 NAME

CatalogsFdw::Random::Judge - whether a transaction does what the model says

=head1 SYNOPSIS

  my $judge = CatalogsFdw::Random::Judge->new(
      accounts => $accounts, model => $model, talk => $talk, trouble => $trouble,
      wire => $wire, story => $story);
  $judge->sees('acme', $got->{rows});
  $judge->ends('COMMIT', $got->{sqlstate}, $judge->sqlstate_of_commit);
  $judge->is_over(1);

=head1 DESCRIPTION

What is wrong goes to the story.

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

=head2 $judge->sees($account, $rows, $which)

These are the rows of the account, or which of them, that the transaction sees.

=head2 $judge->succeeds($what, $sqlstate)

When nothing is in the way.

=head2 $judge->ends($what, $sqlstate, $should)

Something has ended with that SQLSTATE, or '', and should with the other; when
something is in the way, it may fail otherwise.

=cut

sub sees
{
	my ($self, $account, $rows, $which) = @_;
	$self->{story}->wrong($self->{model}->compare($account, $rows, $which));
	return;
}

sub succeeds
{
	my ($self, $what, $sqlstate) = @_;
	$self->{story}->wrong("$what fails")
	  if $sqlstate && $self->{trouble}->is_healthy;
	return;
}

sub ends
{
	my ($self, $what, $sqlstate, $should) = @_;
	$self->{story}->wrong("$what ends with '$sqlstate', not '$should'")
	  if $sqlstate ne $should && ($self->{trouble}->is_healthy || !$sqlstate);
	return;
}

=head2 $judge->look_at_pending($account)

Asks what the account was not told yet.

=cut

sub look_at_pending
{
	my ($self, $account) = @_;
	my $model = $self->{model};
	my $got = $self->{talk}->ask(
		"SELECT verb, id, changes FROM catalogs_fdw_pending WHERE server = '$account'");

	return $self->{story}->wrong('catalogs_fdw_pending fails') if $got->{sqlstate};
	return if !$model->knows_pending($account);
	my @is = map { pending_text(@$_) } @{ $got->{rows} };
	my @should = map { change_text($_) } @{ $model->pending($account) };
	$self->{story}->wrong(differences('pending is', \@is, \@should));
	return;
}

=head2 $judge->sqlstate_of_commit

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

=head2 $judge->is_over($committed)

The transaction is over: do the accounts hold what they are to hold?

=cut

sub is_over
{
	my ($self, $committed) = @_;
	my ($accounts, $story, $trouble) = @$self{qw(accounts story trouble)};

	$story->count($committed ? 'committed' : 'rolled back');
	$story->count('something in the way') if !$trouble->is_healthy;
	$self->{wire}->look;
	$trouble->heal if !$trouble->is_healthy;
	my $verdict = CatalogsFdw::Model::Verdict->new($self->{model}, $committed,
		$self->{talk}->named);
	foreach my $account ($accounts->names)
	{
		$story->wrong($verdict->wrong($account, $accounts->take_stock($account)));
	}
	$self->_judge_names($verdict->differences);
	return;
}

# The lists that are named must be among those that differ, when nothing was in the
# way of taking back.
sub _judge_names
{
	my ($self, $differs) = @_;
	my ($accounts, $story) = @$self{qw(accounts story)};
	my $named = $self->{talk}->named;
	my $must_differ = $self->{trouble}->is_healthy
	  && !grep { $accounts->options($_)->{undo} ne 'true' } $accounts->names;

	foreach my $verb (sort keys %$named)
	{
		$story->count("named: $verb");
		next if !$must_differ;
		$story->wrong("names the $verb of $_, which is as it is to be")
		  foreach grep { !$differs->{$_} } sort keys %{ $named->{$verb} };
	}
	return;
}

1;
