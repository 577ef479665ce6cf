# What newer versions of PostgreSQL let one say works, or is refused in words: MERGE
# (15), COPY ... ON_ERROR and EXPLAIN's MEMORY and SERIALIZE (17), RETURNING OLD and
# NEW, virtual generated columns, named NOT NULL constraints and CREATE FOREIGN TABLE
# ... LIKE (18).

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use PostgreSQL::Test::Utils;
use Test::More;

my $t = CatalogsFdw::Test->new(server => { batch_size => 5 });
my $version = $t->sql('SHOW server_version_num') / 10000;

# since(VERSION, NAME, CODE): a subtest for a server that is not older.
sub since
{
	my ($since, $name, $code) = @_;

  SKIP:
	{
		skip "$name: PostgreSQL $since has it", 1 if $version < $since;
		$t->reset;
		subtest $name => $code;
	}
	return;
}

# The POSTs since the last time.
sub posts
{
	return join "\n", grep { /^POST|^!/ } split /\n/, $t->wire;
}

since 15, 'MERGE', sub {
	$t->sql(<<'SQL');
CREATE TABLE names (id bigint PRIMARY KEY, name text);
INSERT INTO names VALUES (4223, 'Goods'), (1, 'gone');
CREATE TABLE lists (kind text, id bigint, name text) PARTITION BY LIST (kind);
CREATE TABLE lists_here PARTITION OF lists FOR VALUES IN ('here');
CREATE FOREIGN TABLE lists_acme PARTITION OF lists FOR VALUES IN ('acme') SERVER acme;
ALTER FOREIGN TABLE lists_acme ALTER kind OPTIONS (ADD constant 'acme');
INSERT INTO lists_here VALUES ('here', 4223, 'Old');
SQL
	$t->sql(<<'SQL');
MERGE INTO names USING catalogs ON names.id = catalogs.id
	WHEN MATCHED THEN UPDATE SET name = catalogs.name
	WHEN NOT MATCHED THEN INSERT VALUES (catalogs.id, catalogs.name)
SQL
	is($t->wire, 'GET /api/v2/catalogs', 'an account is a source like any other');
	is($t->sql('SELECT count(*) FROM names JOIN catalogs USING (id, name)'), 4, '... of what it has');
	$t->wire;
	my $merge = q{USING names ON t.id = names.id
		WHEN MATCHED THEN UPDATE SET name = names.name
		WHEN NOT MATCHED THEN INSERT (id, name) VALUES (names.id, names.name)};
	$t->fails_with('0A000', qr/cannot execute MERGE on relation "catalogs"/,
		"MERGE INTO catalogs t $merge", 'a foreign table is no target');
	$t->fails_with('0A000', qr/cannot execute MERGE on relation "lists_acme"/,
		"MERGE INTO lists t $merge", '... nor is a partition that is one');
	is($t->wire, '(no requests)', '... and nothing was asked');
	$t->sql('DROP TABLE names, lists');
};

since 17, 'MERGE with what the account has no more', sub {
	$t->sql('CREATE TABLE names AS SELECT id, name FROM catalogs');
	$t->emulator('drop', 4230);
	is( $t->sql(<<'SQL'), "DELETE|4230", 'RETURNING tells it');
MERGE INTO names USING catalogs ON names.id = catalogs.id
	WHEN NOT MATCHED BY SOURCE THEN DELETE
	RETURNING merge_action(), names.id
SQL
	$t->sql('DROP TABLE names');
};

since 17, 'COPY ... ON_ERROR', sub {
	$t->sql(<<'SQL');
COPY catalogs (name, can_add_elements) FROM STDIN WITH (ON_ERROR ignore, LOG_VERBOSITY verbose);
Books	true
Films	perhaps
Songs	false
\.
SQL
	is(posts(), 'POST /api/v2/catalogs {"add":[{"name":"Books","can_add_elements":true},{"name":"Songs","can_add_elements":false}]}',
		'a line that cannot be read is left out');
	$t->fails_with('23502', qr/null value/, <<'SQL', 'what the wrapper refuses is no such line');
COPY catalogs (name, can_add_elements) FROM STDIN WITH (ON_ERROR ignore);
Books	true
\N	true
\.
SQL
	is(posts(), '', '... and nothing is sent');
};

since 18, 'COPY ... REJECT_LIMIT', sub {
	$t->fails_with('22P02', qr/REJECT_LIMIT/, <<'SQL', 'one too many fails');
COPY catalogs (name, can_add_elements) FROM STDIN WITH (ON_ERROR ignore, REJECT_LIMIT 1);
Books	true
Films	perhaps
Games	maybe
\.
SQL
	is(posts(), '', '... and nothing is sent');
};

since 17, 'EXPLAIN', sub {
	my $plan = $t->sql('EXPLAIN (MEMORY, VERBOSE) SELECT name FROM catalogs WHERE id = 4223');
	like($plan, qr/Catalogs Request: GET .*id=4223.*Memory: /s, 'MEMORY');
	is($t->wire, '(no requests)', '... sends nothing');
	$plan = $t->sql('EXPLAIN (ANALYZE, SERIALIZE) SELECT name FROM catalogs');
	like($plan, qr/Catalogs Requests Sent: 1.*Serialization: /s, 'SERIALIZE');
	is($t->wire, 'GET /api/v2/catalogs', '... asks once');
	$plan = $t->sql('EXPLAIN ANALYZE UPDATE catalogs SET can_add_elements = false WHERE id = 4223');
	like($plan, qr/Update on catalogs.*Catalogs Requests Sent: 1/s, 'ANALYZE, with what is its default');
	like($t->wire, qr/^GET .*id=4223\nPOST .*"update":/, '... does it');
};

since 18, 'RETURNING OLD and NEW', sub {
	is($t->sql(q{INSERT INTO catalogs (name) VALUES ('Books') RETURNING old.id, old.name, new.id, new.name}),
		'||5001|Books', 'of an INSERT');
	is($t->sql(q{UPDATE catalogs SET name = 'Films' WHERE id = 5001 RETURNING old.name, new.name, old.id = new.id}),
		'Books|Films|t', 'of an UPDATE');
	is($t->sql(q{UPDATE catalogs SET can_add_elements = false WHERE id = 5001 RETURNING WITH (OLD AS o, NEW AS n) o.can_add_elements, n.can_add_elements, n.name}),
		't|f|Films', '... also of a value that the account has given');
	is($t->sql(q{DELETE FROM catalogs WHERE id = 5001 RETURNING old.name, new.name, old.id, new.id}),
		'Films||5001|', 'of a DELETE');
	is($t->sql(<<'SQL'), "Cars|Carts", 'of one that this transaction has added');
BEGIN;
INSERT INTO catalogs (name) VALUES ('Cars');
UPDATE catalogs SET name = 'Carts' WHERE name = 'Cars' RETURNING old.name, new.name;
COMMIT;
SQL
	is((split /\n/, posts())[-1], 'POST /api/v2/catalogs {"add":[{"name":"Carts"}]}', '... is sent as it is in the end');
	$t->sql(q{ALTER SERVER acme OPTIONS (ADD verify_rows 'false')});
	is($t->sql(q{UPDATE catalogs SET name = 'Goods' WHERE id = 4223 RETURNING old.name}),
		'Товары', 'what is old is read, also where verify_rows is false');
	$t->sql(q{ALTER SERVER acme OPTIONS (DROP verify_rows)});
};

since 18, 'virtual generated columns', sub {
	$t->sql(<<'SQL');
CREATE FOREIGN TABLE shouted (id bigint, name text, shout text GENERATED ALWAYS AS (upper(name)) VIRTUAL, length int GENERATED ALWAYS AS (length(name)))
	SERVER acme OPTIONS (path '/api/v2/catalogs');
SQL
	is($t->sql(q{SELECT id, shout, length FROM shouted WHERE shout = 'TARIFFS'}), '4230|TARIFFS|7', 'are computed');
	is($t->sql(q{SELECT shout FROM shouted WHERE id = 4230}), 'TARIFFS', '... of what is asked for alone');
	is($t->sql(q{INSERT INTO shouted (name) VALUES ('Books') RETURNING id, shout}), '5001|BOOKS', '... for RETURNING');
	is($t->sql(q{UPDATE shouted SET name = 'Films' WHERE id = 5001 RETURNING shout, length}), 'FILMS|5', '... and again');
	is(posts(), join("\n",
		'POST /api/v2/catalogs {"add":[{"name":"Books"}]}',
		'POST /api/v2/catalogs {"update":[{"id":5001,"name":"Films"}]}'), '... and not sent');
	$t->fails_with('428C9', qr/"shout"/, q{INSERT INTO shouted (name, shout) VALUES ('x', 'y')}, '... nor given');
	$t->sql('ANALYZE shouted');
	$t->sql('DROP FOREIGN TABLE shouted');
};

since 18, 'NOT NULL constraints with a name', sub {
	$t->sql(<<'SQL');
CREATE FOREIGN TABLE named (id bigint, name text CONSTRAINT has_name NOT NULL, type text)
	SERVER acme;
ALTER FOREIGN TABLE named ADD CONSTRAINT has_type NOT NULL type NOT VALID;
SQL
	is($t->sql(q{SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = 'named'::regclass}),
		'has_name has_type', 'are kept');
	is($t->sql('SELECT count(*) FROM named WHERE name IS NULL'), 0, 'the planner believes them');
	$t->fails_with('23502', qr/"name"/, q{INSERT INTO named (type) VALUES ('regular')}, 'an INSERT without a name is refused');
	$t->sql('ALTER FOREIGN TABLE named DROP CONSTRAINT has_type; ALTER TABLE named RENAME CONSTRAINT has_name TO name_given');
	$t->sql(q{INSERT INTO named (name) VALUES ('Books')});
	is(posts(), 'POST /api/v2/catalogs {"add":[{"name":"Books"}]}', 'one with a name is sent');
	$t->sql('DROP FOREIGN TABLE named');
};

since 18, 'CREATE FOREIGN TABLE ... LIKE', sub {
	$t->sql(<<'SQL');
CREATE TABLE template (id bigint, name text DEFAULT 'nameless' NOT NULL, CHECK (name <> ''));
CREATE FOREIGN TABLE alike (LIKE template INCLUDING ALL) SERVER acme;
CREATE FOREIGN TABLE as_imported (LIKE catalogs) SERVER acme;
SQL
	is($t->sql('SELECT name FROM alike WHERE id = 4230'), 'Tariffs', 'it can be read');
	is($t->sql('INSERT INTO alike DEFAULT VALUES RETURNING id, name'), '5001|nameless', '... with its defaults');
	is($t->sql('SELECT type FROM as_imported WHERE id = 4231'), 'invoices', '... and one like that of IMPORT');
	$t->sql('DROP FOREIGN TABLE alike, as_imported; DROP TABLE template');
};

done_testing();
