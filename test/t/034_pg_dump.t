# What pg_dump writes of servers, user mappings, tables and partitions makes a database
# in which all of it works; with the lists in it, when it is told so.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $t = CatalogsFdw::Test->new(
	server => { batch_size => 2, user_agent => 'dump/%a' });
my $node = $t->node;
my $folder = PostgreSQL::Test::Utils::tempdir();
my ($port) = $t->url =~ /(\d+)$/;

# All kinds of options, and names that have to be quoted.
$t->sql(<<"SQL");
CREATE SERVER "Бета, ""1""" FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'http://beta.localhost:$port');
CREATE USER MAPPING FOR PUBLIC SERVER "Бета, ""1""" OPTIONS (login 'robot\@example.com', api_key 'beta-key');
CREATE TABLE lists (account text, id bigint, title text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE lists_main PARTITION OF lists FOR VALUES IN ('main') SERVER acme
	OPTIONS (write_mode 'immediate');
CREATE FOREIGN TABLE lists_beta PARTITION OF lists FOR VALUES IN ('O''Beta') SERVER "Бета, ""1""";
ALTER FOREIGN TABLE lists_main ALTER account OPTIONS (ADD constant 'main'),
	ALTER title OPTIONS (ADD column_name 'name');
ALTER FOREIGN TABLE lists_beta ALTER account OPTIONS (ADD constant 'O''Beta'),
	ALTER title OPTIONS (ADD column_name 'name');
CREATE VIEW regular AS SELECT * FROM catalogs WHERE type = 'regular';
CREATE MATERIALIZED VIEW copied AS SELECT id, name FROM catalogs;
CREATE TABLE here (id int);
INSERT INTO here VALUES (1);
SQL
my $all = 'SELECT account, id, title FROM lists ORDER BY id';
my $before = $t->sql($all);
$t->wire;

# A plain dump asks the accounts for nothing.
foreach my $format (qw(plain custom))
{
	my $file = "$folder/$format";
	$node->command_ok(
		[ 'pg_dump', '-d', $node->connstr('postgres'), "--format=$format", "--file=$file" ],
		"pg_dump, $format");
	is($t->wire, '(no requests)', '... sends nothing');

	$t->sql("CREATE DATABASE from_$format");
	$node->command_ok(
		$format eq 'plain'
		? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr("from_$format"), '-f', $file ]
		: [ 'pg_restore', '--exit-on-error', '-d', $node->connstr("from_$format"), $file ],
		'it can be restored');
	is($t->wire, 'GET /api/v2/catalogs', '... with one request, of the materialized view');
	is($node->safe_psql("from_$format", $all), $before, 'the accounts can be read there');
	$t->wire;
	$node->safe_psql("from_$format",
		q{INSERT INTO lists (account, title) VALUES ('main', 'one'), ('O''Beta', 'two')});
	my @told = grep { !/auth\.php/ } split /\n/, $t->wire('--accounts', '--agent');
	is(join("\n", @told),
		join("\n", 'main: POST /api/v2/catalogs {"add":[{"name":"one"}]} (dump/034_pg_dump.t)',
			'beta: POST /api/v2/catalogs {"add":[{"name":"two"}]} (catalogs_fdw/1.0)'),
		'... and written, as the options say');
	$t->reset;
}

# Into the fresh cluster of another machine.
my $other = PostgreSQL::Test::Cluster->new('other');
$other->init;
$other->start;
$other->command_ok(
	[ 'pg_restore', '--exit-on-error', '--no-owner', '-d', $other->connstr('postgres'), "$folder/custom" ],
	'another cluster takes it');
is($other->safe_psql('postgres', $all), $before, '... and reads the accounts');
$other->stop;

# With the lists.
$t->wire;
my $file = "$folder/lists.sql";
$node->command_ok(
	[ 'pg_dump', '-d', $node->connstr('postgres'), '--data-only',
		'--include-foreign-data=acme', '--table=catalogs', "--file=$file" ],
	'pg_dump --include-foreign-data');
is($t->wire, 'GET /api/v2/catalogs', '... asks once');
my $dump = slurp_file($file);
like($dump, qr/^COPY public\.catalogs \(id, name, .*\) FROM stdin;\n4223\tТовары\t/m,
	'the lists are in the dump');
$t->fails_with('428C9', qr/cannot insert a value into column "id"/, "\\i $file",
	'an account does not take them as they are: it gives out ids of its own');
like($t->wire, qr/^\(no requests\)$/, '... and is not told of them');

# Or all of them, each with its server.
$node->command_ok(
	[ 'pg_dump', '-d', $node->connstr('postgres'), '--include-foreign-data=*', "--file=$folder/everything.sql" ],
	'pg_dump --include-foreign-data, of all servers');
like(slurp_file("$folder/everything.sql"), qr/^COPY public\.lists_beta .*\nO'Beta\t6223\t/m,
	'partitions have their lists');

done_testing();
