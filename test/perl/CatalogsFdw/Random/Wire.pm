package CatalogsFdw::Random::Wire;

=pod

=head1 NAME

CatalogsFdw::Random::Wire - the POSTs of a transaction, and the rules they must keep

=head1 SYNOPSIS

  my $wire = CatalogsFdw::Random::Wire->new(
      t => $t, accounts => $accounts, model => $model, log => $log);
  $wire->begin;
  $wire->allow('acme');
  my @expected = $wire->expect;
  $wire->forget;
  $session->ask('COMMIT');
  $wire->look;
  $wire->compare(@expected);

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model;
use CatalogsFdw::Random::Changes;
use JSON::PP ();

sub new
{
	my ($class, %parts) = @_;
	return bless {%parts}, $class;
}

=head2 $wire->begin

A transaction begins, which may send nothing yet.

=head2 $wire->allow(@accounts)

Something may be sent to those.

=head2 $wire->forbid_add($key)

The row was sent, and may not be sent again.

=head2 $wire->is_add_forbidden($key)

=cut

sub begin
{
	my ($self) = @_;

	$self->{posts} = [];    # [account, body]
	$self->{allowed} = {};
	$self->{forbidden} = {};
	return;
}

sub allow
{
	my ($self, @accounts) = @_;
	$self->{allowed}{$_} = 1 foreach @accounts;
	return;
}

sub forbid_add
{
	my ($self, $key) = @_;
	$self->{forbidden}{$key} = 1;
	return;
}

sub is_add_forbidden { return $_[0]{forbidden}{ $_[1] }; }

=head2 $wire->look

Tells the POSTs since the last time, and what is wrong with each of them.

=head2 $wire->forget

Compares none of those that it has seen.

=cut

sub look
{
	my ($self) = @_;
	my $log = $self->{log};

	foreach (split /\n/,
		$self->{t}->emulator('wire', '--accounts', '--full', '--status'))
	{
		$log->wrong("breaks a rule of the API: $_") if /^!/;
		my ($account, $body) = /^(\w+): POST \S+ (.*) -> / or next;
		my $rows = JSON::PP::decode_json($body);

		$log->add("-- $_");
		push @{ $self->{posts} }, [ $account, $rows ];
		$log->wrong($self->_broken_rules($account, $rows));
	}
	return;
}

sub _broken_rules
{
	my ($self, $account, $rows) = @_;
	my $options = $self->{accounts}->options($account);
	my $n = 0;
	my @wrong;

	$n += @$_ foreach values %$rows;
	push @wrong, "sends $n rows in one POST" if $n > $options->{batch_size};
	push @wrong, 'sends several verbs in one POST'
	  if keys %$rows > 1 && $options->{combine_verbs} ne 'true';
	push @wrong, "sends to $account, though nothing was to be sent"
	  if !$self->{allowed}{$account};
	push @wrong, map { "sends the add of $_ again" }
	  grep { $self->is_add_forbidden($_) }
	  map { CatalogsFdw::Model::identity_of_name($_->{name}) } @{ $rows->{add} // [] };
	return @wrong;
}

sub forget
{
	my ($self) = @_;
	$self->{posts} = [];
	return;
}

=head2 $wire->expect

What COMMIT is to send now, if all is well, to each account of which that is known:
[account, number of POSTs, titles of changes].

=head2 $wire->compare(@expected)

Says whether the POSTs seen are those, and no more.

=cut

sub expect
{
	my ($self) = @_;
	my $model = $self->{model};
	my @expected;

	foreach my $account (grep { $model->knows_pending($_) } $self->{accounts}->names)
	{
		my $options = $self->{accounts}->options($account);
		my $pending = $model->pending($account);
		my $posts = 0;
		my %rows;

		$rows{ $options->{combine_verbs} eq 'true' ? 'all' : $_->{verb} }++
		  foreach @$pending;
		$posts += int(($_ + $options->{batch_size} - 1) / $options->{batch_size})
		  foreach values %rows;
		push @expected, [ $account, $posts, map { change_title($_) } @$pending ];
	}
	return @expected;
}

sub compare
{
	my ($self, @expected) = @_;
	my $log = $self->{log};

	foreach (@expected)
	{
		my ($account, $posts, @changes) = @$_;
		my @got = map { $_->[0] eq $account ? $_->[1] : () } @{ $self->{posts} };
		my @sent;

		if ($self->{accounts}->options($account)->{combine_verbs} eq 'true')
		{
			# A POST of several verbs says nothing of their order.
			foreach my $verb (qw(update add delete))
			{
				push @sent, map { posted_titles($verb, $_->{$verb}) } @got;
			}
		}
		else
		{
			push @sent, map { posted_titles(%$_) } @got;
		}
		$log->wrong(
			differences("COMMIT sends to $account", \@sent, \@changes));
		$log->wrong("COMMIT sends $account " . @got . " POSTs, not $posts")
		  if @got != $posts;
	}
	return;
}

1;
