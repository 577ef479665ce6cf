package CatalogsFdw::Random::Transaction;

=pod

=head1 NAME

CatalogsFdw::Random::Transaction - one transaction at random, from BEGIN to verdict

=head1 SYNOPSIS

  my $transaction = CatalogsFdw::Random::Transaction->new(
      accounts => $accounts, model => $model, rows => $rows,
      statements => $statements, client => $client, faults => $faults,
      wire => $wire, checks => $checks, log => $log);
  $transaction->run($seed, 7);

=head1 DESCRIPTION

Each step is taken with dice of its own, so that another step can be left out.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model;
use CatalogsFdw::Random::Choice;

my $columns = join ', ', 'id', @CatalogsFdw::Model::columns;

# Steps, at most.
my $max_steps = 9;

sub new
{
	my ($class, %parts) = @_;
	return bless {%parts}, $class;
}

=head2 $transaction->max_steps

=cut

sub max_steps { return $max_steps; }

=head2 $transaction->run($seed, $n, { $step => 1, ... })

Runs the transaction of that number in the history of the seed, without the steps
that are to be skipped, counted from 1.  The log tells how it went.

=cut

sub run
{
	my ($self, $seed, $n, $skipped) = @_;

	throw_dice($seed, $n, 'begin');
	my $style = weighted(12 => 'block', 2 => 'alone', 1 => 'serializable');
	my $steps = $style eq 'alone' ? 1 : 1 + int rand $max_steps;
	my $faulty = chance(0.5) ? 0.25 : 0;

	$self->_begin;
	$self->_introduce("transaction $n of seed $seed");
	if ($style eq 'alone')
	{
		throw_dice($seed, $n, 1);
		$self->{statements}->number_rows_from($n * 10000);
		$self->_run_alone($faulty);
		return;
	}
	$self->_begin_block($style eq 'serializable');
	foreach my $step (1 .. $steps)
	{
		last if $self->{log}->is_wrong;
		next if $skipped->{$step};
		throw_dice($seed, $n, $step);
		$self->{statements}->number_rows_from($n * 10000 + $step * 1000);
		$self->_take_step($faulty);
	}
	throw_dice($seed, $n, 'end');
	$self->_end_block($style eq 'serializable');
	return;
}

sub _begin
{
	my ($self) = @_;
	my $accounts = $self->{accounts};

	$self->{failed} = '';    # the SQLSTATE with which it has failed
	$self->{$_}->begin foreach qw(log client wire faults);
	$accounts->tidy_up;
	$self->{model}->begin($accounts->stock);
	return;
}

sub _introduce
{
	my ($self, $title) = @_;
	my ($accounts, $log) = @$self{qw(accounts log)};

	$log->add("-- $title");
	foreach my $account ($accounts->names)
	{
		my $options = $accounts->options($account);
		$log->add("-- $account: "
			  . join ', ', map { "$_ $options->{$_}" } sort keys %$options);
	}
	return;
}

# ------------------------------------------------------------------------------
# Its beginning and its end

# A statement that is a transaction by itself.
sub _run_alone
{
	my ($self, $faulty) = @_;
	my ($statements, $faults) = @$self{qw(statements faults)};

	$faults->arm if chance($faulty);
	my $statement = chance(0.8) ? $statements->any : $statements->block;

	$self->{wire}->allow($self->{accounts}->names);
	my $got = $self->{client}->ask($statement->{sql});
	my $failed = $got->{sqlstate};
	my $should =
	  $failed && !$faults->is_healthy
	  ? $statements->imagine($statement)
	  : $statement->{effect}->($got);
	$should ||= $self->{checks}->sqlstate_of_commit if $faults->is_healthy;
	$self->{checks}->ends('it', $failed, $should);
	$self->{checks}->is_over(!$failed);
	return;
}

sub _begin_block
{
	my ($self, $is_serializable) = @_;
	my $client = $self->{client};

	$client->ask('BEGIN' . ($is_serializable ? ' ISOLATION LEVEL SERIALIZABLE' : ''));
	$client->ask($self->{faults}->crossing) if $is_serializable;
	return;
}

sub _end_block
{
	my ($self, $is_serializable) = @_;
	my ($checks, $wire) = @$self{qw(checks wire)};
	my $commits = chance(0.75);
	my $sends = $commits && !$self->{failed};
	my $should = $self->_sqlstate_of_commit($is_serializable);

	$wire->look;
	my @expected = $sends ? $wire->expect : ();
	$wire->forget;
	$wire->allow($self->{accounts}->names) if $sends && $should !~ /^23505/;

	my $error = $self->_ask_for_end($commits ? 'COMMIT' : 'ROLLBACK', $sends);
	$checks->ends('COMMIT', $error, $should) if $sends;
	$wire->look;
	$wire->compare(@expected) if $sends && !$error && $self->{faults}->is_healthy;
	$checks->is_over($sends && !$error);
	return;
}

# With which COMMIT must fail, if it comes so far; a serializable transaction may be
# crossed by another now.
sub _sqlstate_of_commit
{
	my ($self, $is_serializable) = @_;
	my $is_crossed =
	     $is_serializable
	  && !$self->{model}->doomed
	  && chance(0.7)
	  && $self->{faults}->cross;

	return '' if $self->{failed};
	return $self->{checks}->sqlstate_of_commit || ($is_crossed ? '40001' : '');
}

sub _ask_for_end
{
	my ($self, $sql, $sends) = @_;
	my $log = $self->{log};
	my $got = $self->{client}->ask($sql);
	my $error = $got->{sqlstate};

	$log->wrong("does not end: $got->{said}") if ($got->{status} // '') ne 'I';
	$log->wrong("ROLLBACK fails: $got->{said}") if $error && !$sends;
	$log->count('COMMIT fails') if $error;
	return $error;
}

# ------------------------------------------------------------------------------
# Its steps

sub _take_step
{
	my ($self, $faulty) = @_;
	my ($model, $faults) = @$self{qw(model faults)};

	$faults->arm if chance($faulty);
	$faults->heal if !$faults->is_healthy && chance(0.05);
	if ($self->{failed})
	{
		$self->_roll_back_to(one_of($model->savepoints)) if $model->savepoints;
		return;
	}
	my $step = weighted(
		20 => '_step_statement',
		4 => '_step_block',
		6 => '_step_savepoint',
		2 => '_step_back',
		1 => '_step_release',
		2 => '_step_pending',
		1 => '_step_cursor',
		1 => '_step_by_id',
		0.7 => '_step_interfere',
		0.3 => '_step_doom');
	$self->$step;
	return;
}

sub _step_statement { return $_[0]->_do_and_look($_[0]{statements}->any); }

sub _step_block { return $_[0]->_do_and_look($_[0]{statements}->block); }

sub _step_doom { return $_[0]->_do_and_look($_[0]{statements}->doom); }

sub _step_interfere { return $_[0]{faults}->interfere; }

sub _step_savepoint
{
	my ($self) = @_;
	my $name = one_of(qw(a b c));

	$self->{client}->ask("SAVEPOINT $name");
	$self->{model}->set_savepoint($name);
	return;
}

sub _step_back
{
	my ($self) = @_;
	my $name = one_of($self->{model}->savepoints) or return;
	return $self->_roll_back_to($name);
}

sub _step_release
{
	my ($self) = @_;
	my $name = one_of($self->{model}->savepoints) or return;

	$self->{client}->ask("RELEASE $name");
	$self->{model}->release($name);
	return;
}

sub _step_pending
{
	my ($self) = @_;
	$self->{checks}->look_at_pending($_) foreach $self->{accounts}->names;
	return;
}

sub _step_by_id
{
	my ($self) = @_;
	my $rows = $self->{rows};
	my $account = one_of($self->{accounts}->names);
	my $id = $rows->some_id($account);

	$self->_look($account, "id = $id", sub { $rows->has_id($_[0], $id) });
	return;
}

# A cursor does not see what comes after it was declared.
sub _step_cursor
{
	my ($self) = @_;
	my $model = $self->{model};
	my $account = one_of($self->{accounts}->names);
	my $statement = $self->{statements}->any($account);

	# TRUNCATE refuses a table that a cursor reads.
	return if @{ $statement->{sends} } || $statement->{sql} =~ /^TRUNCATE/;
	$self->{client}->ask("DECLARE c CURSOR FOR SELECT $columns FROM $account.catalogs");
	my @rows = chance(0.5) ? $self->_fetch('FETCH c') : ();
	return if $self->{failed};
	$model->set_savepoint('cursor');
	$self->_do($statement);
	if (!$self->{failed})
	{
		push @rows, $self->_fetch('FETCH ALL c');
		$model->as_of('cursor', sub { $self->{checks}->sees($account, \@rows) })
		  if !$self->{failed};
		$self->{client}->ask('CLOSE c') if !$self->{failed};
	}
	$model->release('cursor');
	return;
}

sub _fetch
{
	my ($self, $sql) = @_;
	my $got = $self->{client}->ask($sql);

	$self->{failed} = $got->{sqlstate};
	$self->{checks}->succeeds('a cursor', $self->{failed});
	return @{ $got->{rows} };
}

# ------------------------------------------------------------------------------
# What steps are made of

sub _do_and_look
{
	my ($self, $statement) = @_;

	$self->_do($statement);
	foreach my $account ($self->{accounts}->names)
	{
		$self->_look($account)
		  if !$self->{failed}
		  && (chance(0.5) || grep { $_ eq $account } @{ $statement->{sends} });
	}
	return;
}

sub _do
{
	my ($self, $statement) = @_;
	my ($model, $client) = @$self{qw(model client)};
	my @accounts = @{ $statement->{sends} };

	$self->{wire}->allow(@accounts);
	my $got = $client->ask($statement->{sql});
	my $caught = grep { $_->{message} =~ /^caught/ } @{ $got->{warnings} };
	my $is_healthy = $self->{faults}->is_healthy;
	my $failed = $self->{failed} = $got->{sqlstate};

	$model->set_savepoint('statement');
	my $should =
	  $failed && !$is_healthy
	  ? $self->{statements}->imagine($statement)
	  : $statement->{effect}->($got);
	$model->roll_back_to('statement') if $failed;
	$model->release('statement');
	$self->{checks}->ends('it', $failed, $should);
	# Without a savepoint all is over now.
	return if !$caught && !($failed && $model->savepoints);
	foreach my $account (@accounts)
	{
		$model->learn($account, $self->{accounts}->ask($account), $client->just_named);
		$model->be_unsure($account) if !$is_healthy;
	}
	return;
}

sub _roll_back_to
{
	my ($self, $name) = @_;

	$self->{client}->ask("ROLLBACK TO $name");
	$self->{model}->roll_back_to($name);
	$self->{failed} = '';
	foreach ($self->{accounts}->names) { $self->_look($_) if !$self->{failed} }
	return;
}

# Looks at the lists of an account, or which of them, as the transaction sees them.
sub _look
{
	my ($self, $account, $condition, $which) = @_;
	my $got = $self->{client}->ask("SELECT $columns FROM $account.catalogs"
		  . ($condition ? " WHERE $condition" : ''));

	$self->{failed} = $got->{sqlstate};
	$self->{checks}->succeeds('a SELECT', $self->{failed});
	$self->{checks}->sees($account, $got->{rows}, $which) if !$self->{failed};
	return;
}

1;
