# The ways in which programs talk to a server: psql's own commands, pgbench's
# protocols, DBD::Pg and psycopg2, each with a transaction that is rolled back, a
# COPY, a cursor, and an error that it can tell from others.
#
# Debian has them as libdbd-pg-perl and python3-psycopg2.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $t = CatalogsFdw::Test->new(server => { batch_size => 2 });
my $node = $t->node;
my $folder = PostgreSQL::Test::Utils::tempdir();

# psql shows what was declared, and nobody's token but to who may see it.
$t->sql(<<'SQL');
COMMENT ON FOREIGN TABLE catalogs IS 'all our lists';
COMMENT ON SERVER acme IS 'the account';
ALTER FOREIGN TABLE catalogs ALTER name OPTIONS (ADD column_name 'name');
CREATE ROLE reader LOGIN;
GRANT USAGE ON FOREIGN SERVER acme TO reader;
SQL
like($t->sql('\d+ catalogs'), qr/^name\|.*\(column_name 'name'\)/m, '\d+ has the options of columns');
like($t->sql('\det+'), qr/^public\|catalogs\|acme\|.*all our lists$/m, '\det+');
like($t->sql('\des+'), qr/^acme\|.*\|catalogs_fdw\|.*batch_size '2', .*url .*the account$/ms, '\des+');
like($t->sql('\dx catalogs_fdw'), qr/^catalogs_fdw\|1\.\d+\|.*\|amoCRM/m, '\dx');
unlike($t->sql("SET ROLE reader;\n\\deu+"), qr/main-token/, '\deu+ shows tokens to nobody else');
is($t->wire, '(no requests)', '... and asks the account for nothing');

# pgbench, in all three protocols.
append_to_file("$folder/bench.sql", <<'SQL');
\set id random(1, 2)
BEGIN;
SELECT name FROM catalogs WHERE id = 4221 + :id;
INSERT INTO catalogs (name) VALUES ('bench');
UPDATE catalogs SET can_add_elements = true WHERE name = 'bench' AND id IS NULL;
COMMIT;
SQL
foreach my $protocol (qw(simple extended prepared))
{
	$node->command_ok(
		[ 'pgbench', '-n', '-M', $protocol, '-c', 3, '-t', 4, '-f', "$folder/bench.sql",
			'-d', 'postgres', '-h', $node->host, '-p', $node->port ],
		"pgbench, $protocol");
	is($t->wire('--count'), '12 POST, 12 GET', '... sends what was asked for');
	is($t->sql(q{SELECT count(*) FROM catalogs WHERE name = 'bench' AND can_add_elements}),
		12, '... and the account has it');
	$t->reset;
}

# DBD::Pg prepares on the server.
SKIP:
{
	skip 'DBD::Pg is not installed', 7 unless eval { require DBI; require DBD::Pg; 1 };
	my $dbh = DBI->connect(
		'dbi:Pg:dbname=postgres;host=' . $node->host . ';port=' . $node->port,
		'', '', { RaiseError => 1, PrintError => 0, AutoCommit => 0, pg_server_prepare => 1 });

	is($dbh->selectrow_array('SELECT type FROM catalogs WHERE id = ?', undef, 4231),
		'invoices', 'DBD::Pg: a placeholder');
	my $insert = $dbh->prepare('INSERT INTO catalogs (name, can_add_elements) VALUES (?, ?)');
	$insert->execute("book $_", $_ % 2) foreach 1 .. 3;
	$dbh->rollback;
	$t->wire;
	$insert->execute("film $_", $_ % 2) foreach 1 .. 3;
	is($dbh->do(q{UPDATE catalogs SET name = upper(name) WHERE name LIKE 'film%'}), 3,
		'DBD::Pg: rows are counted');
	$dbh->commit;
	is(join('', $t->wire =~ /(FILM \d|book)/g), 'FILM 1FILM 2FILM 3', 'DBD::Pg: COMMIT and ROLLBACK');

	$dbh->do('COPY catalogs (name) FROM STDIN');
	$dbh->pg_putcopydata("song $_\n") foreach 1 .. 3;
	$dbh->pg_putcopyend;
	$dbh->commit;
	is($t->wire('--count'), '2 POST', 'DBD::Pg: COPY');

	my $added = $dbh->prepare('INSERT INTO catalogs (name) VALUES (?) RETURNING id');
	$added->execute('game');
	cmp_ok($added->fetchrow_array, '>', 5000, 'DBD::Pg: RETURNING');
	$added->finish;
	$dbh->commit;

	$t->fault('status', on => 'POST', code => 402);
	$insert->execute('refused', 1);
	ok(!eval { $dbh->commit; 1 }, 'DBD::Pg: what the account refuses fails');
	is($dbh->state, '55000', '... and can be told from other failures');
	$dbh->rollback;
	$dbh->disconnect;
	$t->reset;
}

# psycopg2.
sub python
{
	my ($script) = @_;
	my ($out, $err) = ('', '');

	local $ENV{PGHOST} = $node->host;
	local $ENV{PGPORT} = $node->port;
	# Debian's Python, not one that another is put before.
	IPC::Run::run([ '/usr/bin/python3', '-' ], '<', \$script, '>', \$out, '2>', \$err)
	  or $out .= $err;
	return $out;
}

SKIP:
{
	skip 'psycopg2 is not installed', 2 if python('import psycopg2') ne '';
	is(python(<<'PYTHON'), <<'PRINTED', 'psycopg2');
import io
import psycopg2
import psycopg2.extras

conn = psycopg2.connect(dbname="postgres")
cur = conn.cursor()
cur.execute("SELECT name, created_at FROM catalogs WHERE id = %s", (4223,))
name, created_at = cur.fetchone()
print("read", name, created_at.year)

psycopg2.extras.execute_values(
    cur, "INSERT INTO catalogs (name, request_id) VALUES %s",
    [("book", 1), ("film", 2)])
conn.rollback()

psycopg2.extras.execute_values(
    cur, "INSERT INTO catalogs (name, request_id) VALUES %s",
    [("book", 1), ("film", 2)])
cur.execute("SELECT request_id, id FROM catalogs_fdw_flush('acme')")
print("flushed", cur.fetchall())
conn.commit()

with conn, conn.cursor() as copy:
    copy.copy_expert("COPY catalogs (name) FROM STDIN", io.StringIO("song\ngame\n"))
out = io.StringIO()
with conn, conn.cursor() as copy:
    copy.copy_expert("COPY (SELECT name FROM catalogs WHERE id > 5000 ORDER BY id) TO STDOUT", out)
print("copied", out.getvalue().split())

with conn, conn.cursor("portal") as portal:
    portal.itersize = 3
    portal.execute("SELECT id FROM catalogs ORDER BY id")
    print("fetched", sum(1 for _ in portal))

try:
    with conn, conn.cursor() as bad:
        bad.execute("INSERT INTO catalogs (id, name) VALUES (1, 'x')")
except psycopg2.errors.GeneratedAlways as error:
    print("refused", error.diag.column_name)
PYTHON
read Товары 2017
flushed [(1, 5001), (2, 5002)]
copied ['book', 'film', 'song', 'game']
fetched 8
refused None
PRINTED
	is(join("\n", grep { /^POST/ } split /\n/, $t->wire), <<'POSTS' =~ s/\n\z//r, '... sends what was committed');
POST /api/v2/catalogs {"add":[{"name":"book","request_id":1},{"name":"film","request_id":2}]}
POST /api/v2/catalogs {"add":[{"name":"song"},{"name":"game"}]}
POSTS
}

done_testing();
