# Random queries of accounts' lists give what the same queries of local copies give,
# whatever plan they get and whatever the transaction has changed; and none asks an
# account more than twice, nor tells it anything.
#
# Queries come in histories, each of which follows from its seed: one alone can be
# repeated with CATALOGS_SEED.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Accounts;
use CatalogsFdw::Random::Choice;
use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;

# The seeds of the histories: those that are asked for, or else the same ones as
# always.
my $seeds = $ENV{CATALOGS_SEED} || '1-20';
my @seeds = map { /^(\d+)-(\d+)$/ ? $1 .. $2 : $_ } split /,/, $seeds;

my $transactions = 3;    # in a history
my $queries = 12;        # in a transaction

# What may be in an account, and what is in none.
my @ids = (11 .. 14, 21 .. 23);
my @odd_ids = (77, 0, -11, '9223372036854775807', '11.5', 'NULL');

my @switches = map { "enable_$_" } qw(
  async_append hashagg hashjoin material memoize mergejoin nestloop
  partitionwise_aggregate partitionwise_join sort);

# (A plan that is switched off is so dear that the server would compile each query.)
my $t = CatalogsFdw::Test->new(table => 0, conf => 'jit = off');
my $session;
my %count;               # of what came up

# ------------------------------------------------------------------------------
# Conditions

sub some_id { return chance(0.8) ? one_of(@ids) : one_of(@odd_ids); }

# An id that is known before the query, as somebody might write it.
sub constant
{
	my $id = some_id();

	return one_of(
		$id, "$id\::bigint", "$id\::int8", "$id\::numeric", "($id + 0)",
		"(SELECT $id\::bigint)", "$id\::text::numeric");
}

sub some_ids
{
	my $type = one_of(qw(bigint numeric));
	my @some = map { some_id() } 1 .. rand 4;

	@some = grep { !/\./ } @some if $type eq 'bigint';
	return 'ARRAY[' . join(', ', @some) . "]::$type\[]";
}

# An id that depends on a row of K.
sub outer_id
{
	my ($k) = @_;
	return one_of(
		"$k.id", "$k.id", "$k.id + 0", "$k.id::numeric", "coalesce($k.id, 11)",
		"abs($k.id)", "$k.id::text::bigint");
}

# A condition on C, of the table TABLE, that may depend on the rows of @K.
sub condition
{
	my ($table, $c, $depth, @k) = @_;
	my @some = (
		sub { "$c.id = " . constant() },
		sub { constant() . " = $c.id" },
		sub { "$c.id = ANY (" . some_ids() . ')' },
		sub { "$c.id <> ALL (" . some_ids() . ')' },
		sub { "$c.id IN (" . some_id() . ', ' . some_id() . ')' },
		sub { "$c.id IS DISTINCT FROM " . constant() },
		sub { "$c.id IS NULL" },
		sub { "$c.id > 12" },
		sub { "$c.name LIKE '%1%'" });

	foreach my $k (@k)
	{
		push @some, map { sub { "$c.id = " . outer_id($k) } } 1 .. 4;
		push @some,
		  sub { "$c.id = ANY (ARRAY[" . outer_id($k) . ', ' . one_of(@ids) . '])' },
		  sub { "$c.id > $k.id" };
	}
	push @some, subqueries($table, $c, $depth, @k) if $depth < 2;
	return one_of(@some)->();
}

sub subqueries
{
	my ($table, $c, $depth, @k) = @_;
	my $not = one_of('', 'NOT ');
	my $v = int rand 6;
	my $inner = sub { condition($table, one_of($c, 'z'), 2, @k) };
	my $deeper = sub { condition($table, $c, $depth + 1, @k) };

	return (
		sub { '(' . $deeper->() . ' OR ' . $deeper->() . ')' },
		sub { '(' . $deeper->() . ' AND ' . $deeper->() . ')' },
		sub { "$c.id ${not}IN (SELECT id FROM k WHERE v < $v)" },
		sub { "${not}EXISTS (SELECT FROM k WHERE k.id = $c.id AND k.v > $v)" },
		sub { "$c.id = (SELECT max(id) FROM k WHERE v < $v)" },
		sub { "$c.id = ANY (ARRAY(SELECT id FROM k WHERE v < $v))" },
		sub { "${not}EXISTS (SELECT FROM $table z WHERE z.id = $c.id AND " . $inner->() . ')' },
		sub { "$c.id = ANY (SELECT z.id FROM $table z WHERE " . $inner->() . ')' });
}

# ------------------------------------------------------------------------------
# Queries

# A query of TABLE.
sub query
{
	my ($table) = @_;
	my $where = sub { condition($table, $_[0], 0, @_[ 1 .. $#_ ]) };
	my $not = one_of('', 'NOT ');

	return one_of(
		sub { "SELECT c.id, c.name FROM $table c WHERE " . $where->('c') },
		sub { "SELECT v, c.id, c.name FROM k JOIN $table c ON " . $where->('c', 'k') },
		sub { "SELECT v, c.name FROM k LEFT JOIN $table c ON " . $where->('c', 'k')
			  . ' AND ' . $where->('c', 'k') },
		sub { "SELECT v, c.name FROM k, LATERAL (SELECT * FROM $table c WHERE "
			  . $where->('c', 'k') . ' ORDER BY id, name LIMIT ' . int(rand 3) . ') c' },
		sub { "SELECT v, name, next FROM k LEFT JOIN LATERAL (SELECT name, c.id, k.v + 1 AS next"
			  . " FROM $table c WHERE " . $where->('c', 'k') . ') c ON ' . $where->('c', 'k') },
		sub { "SELECT v, (SELECT max(c.name) FROM $table c WHERE " . $where->('c', 'k')
			  . ') FROM k' },
		sub { "SELECT c.name, d.type FROM $table c JOIN $table d ON "
			  . one_of('c.id = d.id', 'd.id = c.id + 1', 'c.name = d.name', 'd.id = c.id::numeric')
			  . ' WHERE ' . $where->('c') . ' AND ' . $where->('d') },
		sub { "SELECT v FROM k WHERE ${not}EXISTS (SELECT FROM $table c WHERE "
			  . $where->('c', 'k') . ')' },
		sub { "SELECT v FROM k WHERE id ${not}IN (SELECT c.id FROM $table c WHERE "
			  . $where->('c', 'k') . ')' },
		sub { "SELECT id, name FROM $table c WHERE " . $where->('c')
			  . " UNION ALL SELECT id, name FROM $table c WHERE " . $where->('c') },
		sub { 'WITH w AS ' . one_of('', 'MATERIALIZED', 'NOT MATERIALIZED')
			  . " (SELECT * FROM $table) SELECT c.id, d.name FROM w c JOIN w d USING (id)"
			  . ' WHERE ' . $where->('c') },
		sub { "SELECT k.v, l.v, c.name FROM k JOIN k l ON k.v < l.v JOIN $table c ON "
			  . $where->('c', 'k', 'l') . ' AND ' . $where->('c', 'k', 'l') },
		sub { "SELECT v, c.name, d.name FROM k LEFT JOIN $table c ON " . $where->('c', 'k')
			  . " LEFT JOIN $table d ON d.id = c.id AND " . $where->('d', 'k') },
		sub { "SELECT type, count(*), max(id), min(name) FROM $table c WHERE " . $where->('c')
			  . ' GROUP BY type' })->();
}

# The same, in a plan that is made before its ids are known.
sub prepared
{
	my ($query) = @_;
	my @values;

	$query =~ s{(?<![\w.'-])(\d\d)(?![\w.'])}{push @values, $1; '$' . @values . '::bigint'}ge;
	my $types = @values ? '(' . join(', ', ('bigint') x @values) . ')' : '';
	my $values = @values ? '(' . join(', ', @values) . ')' : '';
	return "PREPARE q$types AS $query; EXECUTE q$values";
}

# ------------------------------------------------------------------------------
# Changes, of the account and of the copy alike

sub change
{
	my ($number) = @_;
	my $table = one_of(qw(catalogs lists_acme lists_beta unread));
	my $which = one_of('id = ' . constant(), 'id = ANY (' . some_ids() . ')', "name LIKE '%1%'");

	return one_of(
		sub { "INSERT INTO $table (name, type) VALUES ('New 1$number', 'regular')" },
		sub { "UPDATE $table SET name = 'Changed $number' WHERE id > 0" },
		(sub { "UPDATE $table SET name = 'Changed $number' WHERE $which" }) x 3,
		sub { "UPDATE $table SET type = 'type $number' WHERE $which" },
		sub { "DELETE FROM $table WHERE $which" },
		sub { "DELETE FROM $table WHERE name LIKE 'New%'" })->();
}

# ------------------------------------------------------------------------------
# Asking

# What comes of SQL in a schema, as text.
sub outcome
{
	my ($schema, $sql) = @_;
	my $got = $session->ask(
		"SAVEPOINT before; DEALLOCATE ALL; SET LOCAL search_path = $schema, public; $sql");
	my $rows = join "\n",
	  sort map { join ' | ', map { $_ // 'NULL' } @$_ } @{ $got->{rows} };

	$session->ask('ROLLBACK TO before') if $got->{sqlstate};
	$count{ $got->{sqlstate} ? "SQLSTATE $got->{sqlstate}" : $rows eq '' ? 'no rows' : 'rows' }++;
	return $got->{sqlstate} || $rows;
}

# How often each account was asked: as text when that was too often, or when it
# was told something.
sub complaint
{
	my @wire = grep { /^\w+: / } split /\n/, $t->emulator('wire', '--accounts');
	my %gets;

	foreach (@wire)
	{
		my ($account, $request) = /^(\w+): (.*)/;
		return join "\n", @wire if $request !~ /^GET/ || ++$gets{$account} > 2;
		$count{ $request =~ /\?id=/ ? 'GET of one list' : 'GET of all lists' }++;
	}
	$count{'no request'}++ if !@wire;
	return '';
}

# What is wrong with a statement that is to give the same in either schema, where it
# may have another name; or nothing.
sub verdict
{
	my ($sql) = @_;
	my $copy = outcome('copy', $sql =~ s/\bpast\b/past_copy/r);

	$t->emulator('wire');
	my $account = outcome('account', $sql);
	my $complaint = complaint();
	return if $account eq $copy && $complaint eq '';
	return "$sql;\n-- of the accounts:\n$account\n-- of the copies:\n$copy\n"
	  . "-- requests:\n$complaint";
}

# ------------------------------------------------------------------------------
# Histories

sub make_tables
{
	seed($t, acme => {}, beta => {});
	connect_to($t, $_) foreach qw(acme beta);
	$t->sql(<<'SQL');
CREATE SCHEMA account;
ALTER FOREIGN TABLE acme.catalogs SET SCHEMA account;
CREATE TABLE account.lists (account text, id bigint, name text, type text)
	PARTITION BY LIST (account);
CREATE FOREIGN TABLE account.lists_acme PARTITION OF account.lists FOR VALUES IN ('acme')
	SERVER acme;
CREATE FOREIGN TABLE account.lists_beta PARTITION OF account.lists FOR VALUES IN ('beta')
	SERVER beta;
ALTER FOREIGN TABLE account.lists_acme ALTER account OPTIONS (ADD constant 'acme');
ALTER FOREIGN TABLE account.lists_beta ALTER account OPTIONS (ADD constant 'beta');

CREATE FOREIGN TABLE account.unread (id bigint, name text, type text) SERVER acme
	OPTIONS (verify_rows 'false');

CREATE SCHEMA copy;
CREATE TABLE copy.lists (account text, id bigint, name text, type text);
CREATE VIEW copy.lists_acme AS SELECT * FROM copy.lists WHERE account = 'acme';
CREATE VIEW copy.lists_beta AS SELECT * FROM copy.lists WHERE account = 'beta';
CREATE VIEW copy.catalogs AS SELECT * FROM copy.lists_acme;
CREATE VIEW copy.unread AS SELECT * FROM copy.lists_acme;
ALTER VIEW copy.unread ALTER account SET DEFAULT 'acme';
ALTER VIEW copy.lists_acme ALTER account SET DEFAULT 'acme';
ALTER VIEW copy.lists_beta ALTER account SET DEFAULT 'beta';
ALTER VIEW copy.catalogs ALTER account SET DEFAULT 'acme';

CREATE TABLE k (id bigint, v integer);
INSERT INTO k VALUES (11, 1), (12, 2), (11, 3), (NULL, 4), (77, 5), (22, 6), (14, 7);
ANALYZE k;
SQL
	return;
}

# So many lists that a copy of them is not kept in work_mem, in one of three.
sub begin_history
{
	my ($number) = @_;
	my %acme = map { $_ => "List $_" } 11 .. 14;
	my %more = map { $_ => "List $_ of " . 'very ' x 20 . 'many' } 1001 .. 1600;

	throw_dice('queries', $number);
	seed($t,
		acme => { %acme, $number % 3 ? () : %more },
		beta => { map { $_ => "List $_" } 21 .. 23 });
	$t->sql('TRUNCATE copy.lists; INSERT INTO copy.lists SELECT * FROM account.lists');
	$session = CatalogsFdw::Session->new($t->node);
	return;
}

# One transaction; returns what is wrong with it.  Of its two halves, the second
# has a cursor that sees the changes of the first alone.
sub transaction
{
	my @settings = map { "SET LOCAL $_" } (
		'work_mem = ' . one_of("'64kB'", "'4MB'"),
		'plan_cache_mode = ' . one_of(qw(auto force_generic_plan)),
		map { "$_ = " . one_of(qw(on on off)) } @switches);
	my $number = 0;    # of changes
	my @again;         # what repeats it
	my @wrong;

	$session->ask(join '; ', 'BEGIN', @settings);
	foreach my $last ('DECLARE past CURSOR FOR ' . query('lists'), 'FETCH ALL FROM past')
	{
		my @changes = map { change(++$number) } 1 .. rand 5;
		my @queries = map { query(one_of(qw(catalogs catalogs lists))) } 1 .. $queries / 2;

		@queries = map { chance(0.2) ? prepared($_) : $_ } @queries;
		push @again, map { "$_;" } @changes, $last;
		push @wrong, map { verdict($_) } @changes, @queries, $last;
	}
	$t->emulator('wire');
	$session->ask('ROLLBACK');
	push @wrong, complaint();
	@wrong = grep { $_ ne '' } @wrong or return;
	return ((map { "$_;" } @settings), @again, @wrong);
}

make_tables();
foreach my $number (@seeds)
{
	begin_history($number);
	my @wrong = map { transaction() } 1 .. $transactions;
	is(join("\n", @wrong), '', "history $number");
}
diag("$_: $count{$_}") foreach sort keys %count;

if (!$ENV{CATALOGS_SEED})
{
	# Nobody has looked where nothing comes up.
	cmp_ok($count{$_} // 0, '>', 50, "$_ came up often")
	  foreach 'rows', 'no rows', 'no request', 'GET of one list', 'GET of all lists';
}
done_testing();
