# What the server keeps of its catalogs may go whenever it looks into them: with
# debug_discard_caches it goes each time.  A plan, a scan, a change, a savepoint, a COMMIT
# and an abort come to the same then.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;

my $t = CatalogsFdw::Test->new(server => { batch_size => 2 });
plan skip_all => 'the server was built without assertions'
  if $t->sql('SHOW debug_assertions') ne 'on';

my $url = $t->url;
my $elsewhere = $url =~ s/127\.0\.0\.1/acme.localhost/r;
$t->sql(<<"SQL");
CREATE SERVER robot FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$url', requests_per_second '0', write_mode 'immediate');
CREATE USER MAPPING FOR CURRENT_USER SERVER robot OPTIONS (login 'robot\@example.com', api_key 'main-key');
CREATE FOREIGN TABLE robots (id bigint, name text, sort int) SERVER robot;
CREATE SERVER other FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$elsewhere', requests_per_second '0', verify_rows 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER other OPTIONS (access_token 'acme-token');
CREATE TABLE lists (account text, id bigint, name text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE lists_main PARTITION OF lists FOR VALUES IN ('main') SERVER acme;
CREATE FOREIGN TABLE lists_other PARTITION OF lists FOR VALUES IN ('other') SERVER other;
ALTER FOREIGN TABLE lists_main ALTER account OPTIONS (ADD constant 'main');
ALTER FOREIGN TABLE lists_other ALTER account OPTIONS (ADD constant 'other');
CREATE TABLE here (n int);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO here VALUES (NEW.id); RETURN NULL; END';
CREATE FOREIGN TABLE noted (id bigint, name text) SERVER acme;
CREATE TRIGGER note AFTER INSERT ON noted FOR EACH ROW EXECUTE FUNCTION note();
CREATE VIEW regular AS SELECT id, name, type FROM catalogs WHERE type = 'regular' WITH CHECK OPTION;
SQL

# Each is a session's, whose statements come to the same with caches and without.
my @scripts = (
	[ 'reading',
		'SELECT * FROM catalogs ORDER BY id',
		'SELECT name FROM catalogs WHERE id = 4223',
		'SELECT a.name, b.name FROM catalogs a JOIN catalogs b ON b.id = a.sort + 4213 ORDER BY 1',
		'SELECT n, (SELECT name FROM catalogs WHERE id = 4221 + n) FROM generate_series(1, 3) n',
		'SELECT account, count(name) FROM lists GROUP BY 1 ORDER BY 1',
		'PREPARE p(bigint) AS SELECT name FROM robots WHERE id = $1',
		'SET plan_cache_mode = force_generic_plan', 'EXECUTE p(4222)', 'EXECUTE p(4230)',
		'EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM catalogs WHERE id = 4223',
		'BEGIN', 'DECLARE c CURSOR FOR SELECT id FROM catalogs ORDER BY id', 'FETCH 2 FROM c',
		'SELECT count(*) FROM robots', 'FETCH ALL FROM c', 'COMMIT', 'ANALYZE catalogs' ],
	[ 'changes',
		'BEGIN',
		q{INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c')},
		q{UPDATE catalogs SET name = name || '!' WHERE id IS NULL OR id = 4223},
		'SAVEPOINT s', 'DELETE FROM catalogs WHERE id = 4222', q{UPDATE catalogs SET name = 'x'}, 'ROLLBACK TO s',
		'SELECT verb, id, changes FROM catalogs_fdw_pending',
		'SELECT name FROM catalogs ORDER BY 1',
		q{SELECT verb, name FROM catalogs_fdw_flush('acme')},
		'DELETE FROM catalogs WHERE id = 4230',
		'COMMIT',
		q{INSERT INTO robots (name) VALUES ('d'), ('e')}, q{UPDATE robots SET name = 'D' WHERE name = 'd'},
		q{INSERT INTO lists VALUES ('main', NULL, 'f'), ('other', NULL, 'g')},
		q{UPDATE lists SET name = 'G' WHERE account = 'other' AND id = 5223},
		q{INSERT INTO noted (name) VALUES ('h') RETURNING name}, 'SELECT count(*) FROM here',
		q{INSERT INTO regular (name, type) VALUES ('i', 'regular')},
		q{INSERT INTO regular (name, type) VALUES ('j', 'invoices')},
		q{COPY catalogs (name) FROM PROGRAM 'printf "k\\nl\\n"'} ],
	[ 'failures',
		'BEGIN', q{INSERT INTO catalogs (name) VALUES ('early') RETURNING name}, 'SELECT 1 / 0', 'ROLLBACK',
		'BEGIN', q{INSERT INTO robots (name) VALUES ('early')}, 'ROLLBACK',
		q{INSERT INTO catalogs (id, name) VALUES (1, 'x')}, 'SELECT name::int FROM catalogs',
		q{DO $$ BEGIN INSERT INTO catalogs (name) VALUES ('y'); RAISE EXCEPTION 'no'; EXCEPTION WHEN raise_exception THEN NULL; END $$},
		'TRUNCATE noted', 'SELECT count(*) FROM catalogs' ]);

# What came of all of them, and what the accounts were told.
sub play
{
	my ($discard, @statements) = @_;
	my $session = CatalogsFdw::Session->new($t->node);
	my @came;

	$t->reset;
	$t->sql('TRUNCATE here');
	$session->ask("SET debug_discard_caches = $discard");
	foreach my $statement (@statements)
	{
		my $got = $session->ask($statement);
		push @came, "$statement: "
		  . join ', ', $got->{said}, map { join ' ', map { $_ // 'NULL' } @$_ } @{ $got->{rows} };
	}
	$session->quit;
	# With what a session was made of, it goes too: so it signs in anew.
	return join "\n", @came, grep { !/auth\.php/ } split /\n/, $t->wire('--accounts');
}

foreach my $script (@scripts)
{
	my ($what, @statements) = @$script;
	is(play(1, @statements), play(0, @statements), $what);
}
unlike($t->log, qr/TRAP|terminated by signal|PANIC/, 'no backend has died');

done_testing();
