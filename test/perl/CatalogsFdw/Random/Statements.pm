package CatalogsFdw::Random::Statements;

=pod

=head1 NAME

CatalogsFdw::Random::Statements - what a transaction does, made at random

=head1 SYNOPSIS

  my $statements = CatalogsFdw::Random::Statements->new(
      model => $model, accounts => $accounts, rows => $rows,
      faults => $faults, log => $log);
  $statements->number_rows_from(1000);
  my $statement = $statements->any;
  my $got = $session->ask($statement->{sql});
  my $should = $statement->{effect}->($got);

=head1 DESCRIPTION

A statement is made for what the model holds, but without a change of the model:

  sql        its text
  effect     what it does to the model: a function that returns the SQLSTATE with
             which the statement fails, or ''.  It gets the answer, of which it
             says what is wrong, unless the statement was one of several
  sends      the accounts to which it sends something
  is_block   it is made of others

=cut

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Model;
use CatalogsFdw::Random::Choice;
use CatalogsFdw::Random::Changes;

my @columns = @CatalogsFdw::Model::columns;

# Blocks in blocks in blocks, at most.
my $max_depth = 3;

sub new
{
	my ($class, %parts) = @_;
	return bless { %parts, last_number => 0, last_block => 0 }, $class;
}

=head2 $statements->number_rows_from($number)

Rows that are added are called "n" and the numbers after this one.

=cut

sub number_rows_from
{
	my ($self, $number) = @_;
	$self->{last_number} = $number;
	return;
}

sub _new_key { return 'n' . ++$_[0]{last_number}; }

=head2 $statements->any($account)

One that changes something in an account, or in either of them, or sends it.

=head2 $statements->block

A block of PL/pgSQL that catches what goes wrong in it, or is made to.

=head2 $statements->doom

Something that makes COMMIT fail before it sends anything.

=cut

sub any
{
	my ($self, $account) = @_;

	$account //= one_of(qw(acme acme beta));
	my $make = weighted(
		10 => '_insert',
		10 => '_update',
		6 => '_delete',
		3 => '_join',
		2 => '_failing_insert',
		1 => '_insert_select',
		5 => '_flush',
		0.3 => '_truncate');
	return $self->$make($account);
}

sub block
{
	my ($self) = @_;
	return $self->_block(1);
}

# Nothing comes after a block that sends something: if it fails, nobody can tell here
# what a later statement meets.
sub _block
{
	my ($self, $depth) = @_;
	my $tag = ++$self->{last_block};
	my $raises = chance(0.35);
	my @statements;

	foreach (1 .. one_of(1, 2, 3))
	{
		my $statement =
		  $depth < $max_depth && chance(0.3) ? $self->_block($depth + 1) : $self->any;
		push @statements, $statement;
		last if $statement->{is_block} && @{ $statement->{sends} };
	}
	my $texts = join ', ', map { _literal($_->{sql} =~ s/'/''/gr) } @statements;
	return {
		sql => "SELECT attempt($tag, ARRAY[$texts], " . ($raises ? 'true' : 'false') . ')',
		is_block => 1,
		sends => [ map { @{ $_->{sends} } } @statements ],
		effect => sub { $self->_do_block($tag, $raises, \@statements, @_) }
	};
}

# caught: of each block that has caught something, the SQLSTATE.
sub _do_block
{
	my ($self, $tag, $raises, $statements, $got, $caught) = @_;
	my $model = $self->{model};
	my $should = '';

	$caught //= {
		map { $_->{message} =~ /^caught (\d+):/ ? ($1 => $_->{sqlstate}) : () }
		  @{ $got->{warnings} }
	};
	my $is = $caught->{$tag} // '';

	return $self->imagine(@$statements) if $is && !$self->{faults}->is_healthy;
	$model->set_savepoint("block $tag");
	$should ||= $_->{effect}->(undef, $caught) foreach @$statements;
	$should ||= 'P0001' if $raises;
	$model->roll_back_to("block $tag") if $is;
	$model->release("block $tag");
	$self->{log}->wrong("block $tag ends with '$is', not '$should'")
	  if $is ne $should;
	return '';
}

sub doom
{
	my ($self) = @_;
	return {
		sql => 'INSERT INTO unique_in_the_end VALUES (1), (1)',
		sends => [],
		effect => sub { $self->{model}->doom('23505'); '' }
	};
}

=head2 $statements->imagine(@statements)

What statements would have done that have failed, perhaps not before some of it was
sent.  Returns ''.

=cut

sub imagine
{
	my ($self, @statements) = @_;
	my $do = sub { $_->{effect}->(undef, {}) foreach @statements };

	$self->{log}->imagine(sub { $self->{model}->imagine($do) });
	return '';
}

=head2 $statements->make_tables($t)

What block and doom need.

=cut

sub make_tables
{
	my ($self, $t) = @_;

	$t->sql(<<'SQL');
CREATE TABLE unique_in_the_end (
	n int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION attempt(tag int, statements text[], fails boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	one text; m text; d text; s text;
BEGIN
	FOREACH one IN ARRAY statements LOOP
		EXECUTE one;
	END LOOP;
	IF fails THEN
		RAISE EXCEPTION 'no';
	END IF;
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL,
		s = RETURNED_SQLSTATE;
	RAISE WARNING USING MESSAGE = format('caught %s: %s', tag, m), ERRCODE = s,
		DETAIL = d;
END $$;
SQL
	return;
}

# A statement that changes an account: what is not to wait is sent at its end.
sub _changing
{
	my ($self, $account, $sql, $effect) = @_;
	my $is_immediate = $self->{accounts}->is_immediate($account);

	return {
		sql => $sql,
		sends => [ $is_immediate ? $account : () ],
		effect => sub {
			return $effect->(@_)
			  || ($is_immediate ? $self->{model}->flush($account) : '');
		}
	};
}

sub _literal { return defined $_[0] ? "'$_[0]'" : 'NULL'; }

# INSERT of VALUES.
sub _insert
{
	my ($self, $account) = @_;
	my @keys = map { $self->_new_key } 1 .. weighted(4 => 1, 2 => 2, 2 => 5);
	my @given = grep { chance(0.3) }
	  qw(type can_add_elements can_show_in_cards can_link_multiple request_id);
	my $error = weighted(12 => '', 1 => '23502', 1 => '428C9');
	my $returning = weighted(
		10 => '',
		4 => 'id, name',
		1 => 'id, name, type, sort',
		2 => 'NULL, name, request_id');
	my $sends = $returning =~ /^id/;
	my @rows = map { _new_row($_, @given) } @keys;

	$self->{model}->intend($_->{name}, $_) foreach @rows;
	my $insert = $self->_changing(
		$account,
		"INSERT INTO $account.catalogs "
		  . _values_clause($error, [ 'name', @given ], @rows)
		  . ($returning && " RETURNING $returning"),
		sub {
			my ($got) = @_;
			return $error || $self->_do_insert($account, \@rows, $returning, $got);
		});
	$insert->{sends} = [$account] if $sends;
	return $insert;
}

sub _new_row
{
	my ($key, @given) = @_;
	my %row = (name => $key);

	foreach (grep { chance(0.8) } @given)
	{
		$row{$_} =
		    $_ eq 'type' ? one_of(qw(regular t1 t2))
		  : $_ eq 'request_id' ? $key =~ s/n//r
		  : one_of(qw(t f));
	}
	return \%row;
}

# In the last row is what makes the statement fail.
sub _values_clause
{
	my ($error, $columns, @rows) = @_;
	my @columns = @$columns;
	my @lines;

	push @lines, [ map { _literal($_) } @$_{@columns} ] foreach @rows;
	$lines[-1][0] = 'NULL' if $error eq '23502';
	if ($error eq '428C9')
	{
		unshift @columns, 'id';
		unshift @$_, 'NULL' foreach @lines;
		$lines[-1][0] = 17;
	}
	return '(' . join(', ', @columns) . ') VALUES '
	  . join ', ', map { '(' . join(', ', @$_) . ')' } @lines;
}

sub _do_insert
{
	my ($self, $account, $rows, $returning, $got) = @_;
	my $model = $self->{model};
	my @got = $got ? @{ $got->{rows} } : ();
	my $sends = $returning =~ /^id/;

	foreach my $row (@$rows)
	{
		my $key = $row->{name};
		my %values = map { $_ => $row->{$_} } @columns;

		$model->add($account, $key, \%values, $row->{request_id});
		$model->send_add($account, $key) if $sends;
		$self->_compare_returned($row, $returning, @{ shift @got // [] })
		  if $got && $returning;
	}
	$self->{log}->wrong('RETURNING gives too many rows') if @got;
	return '';
}

sub _compare_returned
{
	my ($self, $row, $returning, $id, $name, $third) = @_;
	my $key = $row->{name};
	my $log = $self->{log};
	my $wanted =
	    $returning =~ /type/ ? $row->{type} // $CatalogsFdw::Model::default{type}
	  : $returning =~ /request_id/ ? $row->{request_id} // ''
	  : '';

	$self->{model}->learn_id($key, $id) if defined $id;
	$log->wrong("RETURNING gives no id of $key")
	  if $returning =~ /^id/ && !defined $id;
	$log->wrong("RETURNING does not give $key") if ($name // '') ne $key;
	$log->wrong("RETURNING gives another value of $key") if ($third // '') ne $wanted;
	return;
}

# As many new rows as a query of the same or another account gives; it does not see
# them.
sub _insert_select
{
	my ($self, $account) = @_;
	my $model = $self->{model};
	my $source = one_of($self->{accounts}->names);
	my ($condition, $which) = $self->{rows}->some($source);
	my $first = $self->{last_number};

	$self->{last_number} += 100;
	return $self->_changing(
		$account,
		"INSERT INTO $account.catalogs (name, type) SELECT 'n' || $first + row_number() OVER (), 'copied' FROM $source.catalogs c WHERE $condition",
		sub {
			my $n = grep { $which->($_) } $model->rows($source);
			foreach my $key (map { 'n' . ($first + $_) } 1 .. $n)
			{
				$model->add($account, $key, { name => $key, type => 'copied' });
			}
			return '';
		});
}

# Fails at a row behind others.
sub _failing_insert
{
	my ($self, $account) = @_;
	my $first = $self->{last_number} + 1;
	my $last = $first + one_of(0, 1, 3);
	my $returning = chance(0.4) ? ' RETURNING id' : '';

	$self->{last_number} = $last;
	$self->{model}->intend("n$_", { name => "n$_" }) foreach $first .. $last;
	my $insert = $self->_changing(
		$account,
		"INSERT INTO $account.catalogs (name, type) SELECT 'n' || g, CASE WHEN g = $last THEN (1 / (g - g))::text END FROM generate_series($first, $last) g$returning",
		sub { '22012' });
	$insert->{sends} = [$account] if $returning;
	return $insert;
}

sub _update
{
	my ($self, $account) = @_;
	my ($condition, $which) = $self->{rows}->some($account);
	my ($sql, $set) = $self->_assignments($account);

	return $self->_changing(
		$account,
		"UPDATE $account.catalogs c SET $sql WHERE $condition",
		sub { $self->{model}->update($account, $which, $set) });
}

# The text behind SET, and what it means to the model.
sub _assignments
{
	my ($self, $account) = @_;
	my $rows = $self->{rows};
	my $type = 't' . one_of(1 .. 3);
	my $suffix = one_of(qw(+ - *));
	my $id = $rows->some_id($account);
	my $longer = sub { $_[0]{values}{name} . $suffix };

	return @{
		weighted(
			5 => [ "name = name || '$suffix'", { name => $longer } ],
			3 => [ "type = '$type'", { type => sub { $type } } ],
			2 => [
				"can_add_elements = NOT COALESCE(can_add_elements, false), name = name || '$suffix'",
				{
					name => $longer,
					can_add_elements => sub {
						($_[0]{values}{can_add_elements} // 'f') eq 't' ? 'f' : 't';
					}
				}
			],
			1 => [ 'name = name', { name => _value('name') } ],
			1 => [
				"can_show_in_cards = (name LIKE '%2%'), can_link_multiple = true",
				{
					can_show_in_cards =>
					  sub { $_[0]{values}{name} =~ /2/ ? 't' : 'f' },
					can_link_multiple => sub { 't' }
				}
			],
			# NULL for a new row that has none
			1 => [ "type = type", { type => _value('type') } ],
			1 => [
				"name = CASE WHEN id = $id THEN (1 / (id - id))::text ELSE name || '$suffix' END",
				{
					name => sub {
						$rows->has_id($_[0], $id) ? \'22012' : $longer->($_[0]);
					}
				}
			])
	};
}

sub _value { my ($column) = @_; return sub { $_[0]{values}{$column} }; }

# UPDATE or DELETE by a join with VALUES.
sub _join
{
	my ($self, $account) = @_;
	my $model = $self->{model};
	my ($column, $values, $which) = $self->{rows}->joined($account);

	return $self->_changing(
		$account,
		"DELETE FROM $account.catalogs c USING (VALUES $values) v(x) WHERE c.$column = v.x",
		sub { $model->delete($account, $which); '' }) if chance(0.3);
	return $self->_changing(
		$account,
		"UPDATE $account.catalogs c SET name = c.name || '=' FROM (SELECT DISTINCT x FROM (VALUES $values) v(x)) v WHERE c.$column = v.x",
		sub {
			$model->update($account, $which,
				{ name => sub { "$_[0]{values}{name}=" } });
		});
}

sub _delete
{
	my ($self, $account) = @_;
	my ($condition, $which) = $self->{rows}->some($account);

	($condition, $which) = $self->{rows}->some($account)
	  if $condition eq 'true' && chance(0.7);
	return $self->_changing(
		$account,
		"DELETE FROM $account.catalogs c WHERE $condition",
		sub { $self->{model}->delete($account, $which); '' });
}

sub _truncate
{
	my ($self, $account) = @_;
	return $self->_changing(
		$account,
		"TRUNCATE $account.catalogs",
		sub { $self->{model}->delete($account, sub { 1 }); '' });
}

sub _flush
{
	my ($self, $account) = @_;
	return {
		sql => "SELECT verb, id, name FROM catalogs_fdw_flush('$account')",
		sends => [$account],
		effect => sub { $self->_do_flush($account, @_) }
	};
}

sub _do_flush
{
	my ($self, $account, $got) = @_;
	my $model = $self->{model};
	my $knows_pending = $model->knows_pending($account);
	my @wanted = map { change_title($_) } @{ $model->pending($account) };
	my $error = $model->flush($account);

	return $error if $error || !$got;
	foreach (@{ $got->{rows} })
	{
		my ($verb, $id, $name) = @$_;
		$model->learn_id($name =~ /^(n\d+)/, $id) if $verb eq 'add';
	}
	my @sent = map { flushed_title(@$_) } @{ $got->{rows} };
	$self->{log}->wrong(differences('the flush has sent', \@sent, \@wanted))
	  if $knows_pending;
	return '';
}

1;
