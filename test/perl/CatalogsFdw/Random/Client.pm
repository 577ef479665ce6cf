package CatalogsFdw::Random::Client;

=pod

=head1 NAME

CatalogsFdw::Random::Client - the session that is tested, and what it says

=head1 SYNOPSIS

  my $client = CatalogsFdw::Random::Client->new(
      t => $t, accounts => $accounts, model => $model, faults => $faults,
      wire => $wire, log => $log);
  $client->connect;
  $client->begin;
  my $got = $client->ask('COMMIT');
  print sort keys %{ $client->named->{add} };       # rows that may have been added

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model;
use CatalogsFdw::Session;

sub new
{
	my ($class, %parts) = @_;
	return bless {%parts}, $class;
}

=head2 $client->connect

=head2 $client->quit

=cut

sub connect
{
	my ($self) = @_;
	$self->{session} = CatalogsFdw::Session->new($self->{t}->node);
	return $self->{session};
}

sub quit
{
	my ($self) = @_;
	my $session = delete $self->{session} or return;
	$session->quit;
	return;
}

=head2 $client->begin

A transaction begins, in which no row was named yet.

=head2 $client->named

The rows that an error or a warning of this transaction has named, as those whose
outcome is uncertain or not as it should be: verb -> id, or key of an added row.

=head2 $client->just_named

Those that the last answer has named, even in an error that was caught or that a
savepoint takes back.

=cut

sub begin
{
	my ($self) = @_;
	$self->{named} = {};
	return;
}

sub named { return $_[0]{named}; }

sub just_named { return $_[0]{just_named}; }

=head2 $client->ask($sql)

Asks, logs the answer and notes which rows it names; returns what CatalogsFdw::Session does.

=cut

sub ask
{
	my ($self, $sql) = @_;
	my $got = $self->{session}->ask($sql);
	my $log = $self->{log};

	$self->{just_named} = {};
	$log->add("$sql;", $got->{said});
	$self->{wire}->look if $log->is_detailed;
	$log->count("SQLSTATE $got->{sqlstate}") if $got->{sqlstate};
	$log->wrong('the session is lost') if $got->{lost};
	my ($caught, $warnings) = _part(@{ $got->{warnings} });
	my @errors = (@$caught, $got->{error} // ());
	$log->count("caught $_->{sqlstate}") foreach @$caught;
	$log->count('may have carried it out')
	  if grep { $_->{detail} =~ /may have carried/ } @errors;
	# Before the errors are noted: what was sent before could be sent.
	$self->{wire}->look if @errors;
	# What goes no further than to a savepoint has to be said again at the end.
	my $is_final = ($got->{status} // '') eq 'I' || !$self->{model}->savepoints;
	$self->_note_error($_, 0) foreach @$caught;
	$self->_note_error($got->{error}, $is_final) if $got->{error};
	$self->_note($_, $_->{detail}, 1) foreach @$warnings;
	return $got;
}

# The errors that a block has caught, which come as warnings, and other warnings.
sub _part
{
	my (@warnings) = @_;
	my @caught = grep { $_->{message} =~ /^caught/ } @warnings;
	my @others = grep { $_->{message} !~ /^caught/ } @warnings;
	return (\@caught, \@others);
}

sub _note_error
{
	my ($self, $error, $is_final) = @_;
	my $words = $error->{detail} =~ /may have carried it out, or not: (.*)/ ? $1 : '';
	my ($account) = $error->{message} =~ /on server "(\w+)"/;

	$self->_note($error, $words, $is_final);
	return if $words !~ /update|delete/ || $words =~ /add/;
	my $options = $self->{accounts}->options($account);
	$self->{log}->wrong("gives up before $account was asked often enough")
	  if $self->{faults}->strikes($account) <= $options->{max_retries}
	  && !$options->{hasty};
	return;
}

# Which rows the words of an error or a warning name, for good or until the next
# answer; and whether lists that it calls new are new.
sub _note
{
	my ($self, $said, $words, $for_good) = @_;
	my $row = qr/"[^"]*"|\d+/;

	while ($words =~ /\b(add|update|delete) of lists? ($row(?:, $row)*)/g)
	{
		my ($verb, $rows) = ($1, $2);
		foreach ($rows =~ /$row/g)
		{
			my $name = /^"(.*)"/ ? CatalogsFdw::Model::identity_of_name($1) : $_;
			$self->{just_named}{$verb}{$name} = 1;
			$self->{named}{$verb}{$name} = 1 if $for_good;
			$self->{wire}->forbid_add($name) if /^"/;
		}
	}
	while ($said->{detail} =~ /account that are new: ([\d, ]+)\./g)
	{
		$self->_note_new(split /, /, $1);
	}
	return;
}

sub _note_new
{
	my ($self, @ids) = @_;
	my $accounts = $self->{accounts};
	my %lists = map { %{ $accounts->ask($_) } } $accounts->names;

	$self->{log}->count('names lists that are new');
	foreach my $id (@ids)
	{
		my $key = CatalogsFdw::Model::identity_of_name($lists{$id}{name} // '');
		$self->{log}->wrong("list $id is not what was added")
		  if !$key || !$self->{wire}->is_add_forbidden($key);
	}
	return;
}

1;
