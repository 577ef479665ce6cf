package CatalogsFdw::Model::Verdict;

=pod

=head1 NAME

CatalogsFdw::Model::Verdict - whether accounts hold what they must in the end

=head1 SYNOPSIS

  my $verdict = CatalogsFdw::Model::Verdict->new($model, 1, { add => { n7 => 1 } });
  print $verdict->wrong('acme', $lists);
  print sort keys %{ $verdict->differences };

=head1 DESCRIPTION

A committed transaction must be there as it was seen, another must have left
nothing; a difference is right where it was named, and where the account has what
the row once was or was to be.  Nothing is added twice.

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model;

my @columns = @CatalogsFdw::Model::columns;
my %default = %CatalogsFdw::Model::default;

=head2 CatalogsFdw::Model::Verdict->new($model, $committed, $named)

On a transaction that has committed, or not.  Errors and warnings have named those
rows: C<< { add => { n1 or id }, update => { id }, delete => { id } } >>.

=cut

sub new
{
	my ($class, $model, $committed, $named) = @_;
	return bless {
		model => $model,
		committed => $committed,
		named => { map { $_ => $named->{$_} // {} } qw(add update delete) },
		differs => {}
	}, $class;
}

=head2 $verdict->wrong($account, $lists)

What is wrong when the account holds these lists.

=head2 $verdict->differences

The ids of the lists in which accounts were not as they should be, if named.

=cut

sub wrong
{
	my ($self, $account, $lists) = @_;
	my ($by_id, @new) = $self->_wanted($account);
	my ($by_list, @wrong) = $self->_find_new($lists, $by_id, @new);
	my %wanted = (%$by_id, %$by_list);
	my @others = grep { !$wanted{$_} } keys %$lists;

	push @wrong, $self->_check_other($_, $lists->{$_})
	  foreach sort { $a <=> $b } @others;
	push @wrong, $self->_check_row($_, $wanted{$_}, $lists->{$_})
	  foreach sort { $a <=> $b } keys %wanted;
	push @wrong, map { "has added $_ twice" } _added_twice($lists);
	return map { "$account $_" } @wrong;
}

sub differences { return $_[0]{differs}; }

# The rows that the account must hold: by id, and those whose id is not known.
sub _wanted
{
	my ($self, $account) = @_;
	my $model = $self->{model};
	my @strangers =
	  grep { !$model->knows_id($_) } sort keys %{ $self->{named}{delete} };
	my (%by_id, @new);

	foreach my $row ($self->{committed}
		? $model->rows_with_gone($account)
		: $model->rows_at_start($account))
	{
		my $gone = $model->gone($row);
		my $id = $model->id($row);

		next if $gone && $gone ne 'deleted';
		if (defined $id) { $by_id{$id} = $row }
		# Deleted before its id could be learned
		elsif ($gone && @strangers) { $self->{differs}{ shift @strangers } = 1 }
		else { push @new, $row }
	}
	return (\%by_id, @new);
}

# Which lists the new rows are, and what is wrong with them.
sub _find_new
{
	my ($self, $lists, $by_id, @new) = @_;
	my $model = $self->{model};
	my @candidates = sort { $a <=> $b } grep { !$by_id->{$_} } keys %$lists;
	my $last = 0;
	my (%found, @wrong);

	foreach my $row (@new)
	{
		my ($id) = grep { !$found{$_} && $lists->{$_}{name} eq $row->{values}{name} }
		  @candidates;

		if (!defined $id)
		{
			push @wrong, 'lacks ' . $model->title($row);
			next;
		}
		$found{$id} = $row;
		next if $model->is_sent($row);
		push @wrong, "has added list $id out of turn" if $id < $last;
		$last = $id;
	}
	return (\%found, @wrong);
}

# A list that should not be there.
sub _check_other
{
	my ($self, $id, $list) = @_;
	my $key = CatalogsFdw::Model::identity_of_name($list->{name}) // '';
	my $added = $self->{named}{add};

	$self->{differs}{$id} = 1;
	return if ($added->{$id} || $added->{$key}) && $self->{model}->was_ever($key, $list);
	return "has list $id: " . CatalogsFdw::Model::text(@$list{@columns});
}

# A row that should be there, and its list, if there is one.
sub _check_row
{
	my ($self, $id, $row, $list) = @_;
	my $wanted = CatalogsFdw::Model::text(
		map { $row->{values}{$_} // $default{$_} } @columns);
	my $named = $self->{named};

	if (!$list)
	{
		$self->{differs}{$id} = 1;
		return $named->{delete}{$id} ? () : "lacks list $id: $wanted";
	}
	my $has = CatalogsFdw::Model::text(@$list{@columns});
	my @stuck = $self->{committed} ? keys %{ $row->{stuck} } : ();

	$self->{differs}{$id} = 1 if $has ne $wanted || @stuck;
	return "has list $id: $has, not: $wanted"
	  if $has ne $wanted
	  && (!$named->{update}{$id} || !$self->{model}->was_ever($row->{key}, $list));
	return "has list $id: $has, which it was not to have, and nobody was told"
	  if !$named->{update}{$id} && grep { $list->{$_} ne $default{$_} } @stuck;
	return;
}

sub _added_twice
{
	my ($lists) = @_;
	my %times;

	$times{ CatalogsFdw::Model::identity_of_name($_->{name}) // '' }++
	  foreach values %$lists;
	delete $times{''};
	return grep { $times{$_} > 1 } sort keys %times;
}

1;
