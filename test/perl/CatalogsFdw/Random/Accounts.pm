package CatalogsFdw::Random::Accounts;

=pod

=head1 NAME

CatalogsFdw::Random::Accounts - two accounts, and the servers that lead to them

=head1 SYNOPSIS

  my $accounts = CatalogsFdw::Random::Accounts->new($t);   # acme.catalogs, beta.catalogs
  $accounts->reset;
  $accounts->choose_options($session);
  $accounts->tidy_up;
  print $accounts->options('acme')->{batch_size};
  print $accounts->ask('acme')->{11}{name};

=head1 DESCRIPTION

What can be asked and done behind the back of the session that is tested: the
accounts are the emulator's.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts ();
use CatalogsFdw::Model;
use CatalogsFdw::Random::Choice;
use JSON::PP ();

my @columns = @CatalogsFdw::Model::columns;

# What the accounts hold at first.
my %first_lists = (
	acme => { map { $_ => "List $_" } 11 .. 14 },
	beta => { map { $_ => "List $_" } 21 .. 24 });
my %first_new_id = (acme => 1000, beta => 5000);

# Options of a server, of which each history chooses.
my %all_options = (
	batch_size => [ 1, 2, 3, 50 ],
	write_mode => [qw(deferred deferred immediate)],
	combine_verbs => [qw(false false true)],
	undo => [qw(true true true true false)],
	max_retries => [ 0, 0, 3 ]);

# How long a reply may take: a hasty server sees some of them time out.
my ($patience, $haste) = ('20s', '500ms');

=head2 CatalogsFdw::Random::Accounts->new($t)

Makes the servers and the tables of a CatalogsFdw::Test.

=cut

sub new
{
	my ($class, $t) = @_;
	my $self = bless { t => $t, options => {}, stock => {} }, $class;

	$self->{seed_file} = "$t->{control}.random";
	open my $out, '>', $self->{seed_file} or die "$self->{seed_file}: $!";
	print $out JSON::PP::encode_json({ accounts => _seed() });
	close $out or die "$self->{seed_file}: $!";
	foreach my $account ($self->names)
	{
		CatalogsFdw::Accounts::connect_to($t, $account,
			request_timeout => $patience,
			map { $_ => $all_options{$_}[0] } keys %all_options);
	}
	return $self;
}

sub _seed
{
	my %seed;

	foreach my $account (keys %first_lists)
	{
		my $lists = $first_lists{$account};
		$seed{$account} = {
			tokens => ["$account-token"],
			next_id => $first_new_id{$account},
			lists =>
			  [ map { { id => $_ + 0, name => $lists->{$_} } } sort keys %$lists ]
		};
	}
	return \%seed;
}

=head2 $accounts->names

=head2 $accounts->first_ids($account)

The ids of the lists that it held at first.

=head2 $accounts->options($account)

Of its server: those of all_options, and hasty, which is a short request_timeout.

=head2 $accounts->is_immediate($account)

=cut

sub names { return sort keys %first_lists; }

sub first_ids { return sort keys %{ $first_lists{ $_[1] } }; }

sub options { return $_[0]{options}{ $_[1] }; }

sub is_immediate { return $_[0]->options($_[1])->{write_mode} eq 'immediate'; }

=head2 $accounts->reset

Accounts as at the start, which answer in one of their ways.

=head2 $accounts->choose_options($session)

Other options of the servers, which that session sets.

=cut

sub reset
{
	my ($self) = @_;

	$self->{t}->emulator('reset', $self->{seed_file});
	$self->{t}->set(
		clock => 'real',
		request_id => one_of(qw(echo none)),
		post_items_shape => one_of(qw(list nested map map_of_lists)));
	return;
}

sub choose_options
{
	my ($self, $session) = @_;

	foreach my $account ($self->names)
	{
		my %chosen = map { $_ => one_of(@{ $all_options{$_} }) } sort keys %all_options;
		my $hasty = chance(0.05);

		$self->{options}{$account} = { %chosen, hasty => $hasty };
		$chosen{request_timeout} = $hasty ? $haste : $patience;
		$session->ask("ALTER SERVER $account OPTIONS ("
			  . join(', ', map { "SET $_ '$chosen{$_}'" } sort keys %chosen)
			  . ')');
		$self->take_stock($account);
	}
	return;
}

=head2 $accounts->ask($account)

The lists that it holds now: id -> { column => value }.

=head2 $accounts->take_stock($account)

The same, which are kept.

=head2 $accounts->stock

Those that were kept: account -> id -> { column => value }.

=cut

sub ask
{
	my ($self, $account) = @_;
	my %lists;

	foreach (split /\n/,
		$self->{t}->emulator('lists', '--account', $account, '--columns',
			join ',', 'id', @columns))
	{
		my ($id, @values) = split / *\| */;
		next if $id !~ /^\d+$/;
		s/^(t|f)(?:rue|alse)$/$1/ foreach @values;
		@{ $lists{$id} }{@columns} = @values;
	}
	return \%lists;
}

sub take_stock
{
	my ($self, $account) = @_;
	return $self->{stock}{$account} = $self->ask($account);
}

sub stock { return %{ $_[0]{stock} }; }

=head2 $accounts->put($account, $id, $name)

=head2 $accounts->drop($account, @ids)

Somebody else gives a list, which may be new, a name, or deletes some.

=cut

sub put
{
	my ($self, $account, $id, $name) = @_;

	$self->{t}->emulator('put', '--account', $account,
		JSON::PP::encode_json({ id => $id + 0, name => $name }));
	return;
}

sub drop
{
	my ($self, $account, @ids) = @_;
	$self->{t}->emulator('drop', '--account', $account, @ids);
	return;
}

=head2 $accounts->tidy_up

Between two transactions: no account is to become too large, nor empty.

=cut

sub tidy_up
{
	my ($self) = @_;

	foreach my $account ($self->names)
	{
		my $lists = $self->{stock}{$account};
		my @ids = sort { $a <=> $b } keys %$lists;

		if (@ids > 8)
		{
			my @dropped = @ids[ 0 .. @ids - 6 ];
			$self->drop($account, @dropped);
			delete @$lists{@dropped};
		}
		next if @ids > 2;
		foreach my $id ($self->first_ids($account))
		{
			$self->put($account, $id, $first_lists{$account}{$id}) if !$lists->{$id};
		}
		$self->take_stock($account);
	}
	return;
}

=head2 $accounts->describe

What they hold, as text.

=cut

sub describe
{
	my ($self) = @_;
	return map { $self->{t}->emulator('lists', '--account', $_) } $self->names;
}

1;
