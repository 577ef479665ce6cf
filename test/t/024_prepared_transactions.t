# A transaction that has read lists may be prepared; one that has changed some may
# not (sql/transaction.sql, sql/limits.sql), unless nothing is left of its changes.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use Test::More;

my $t = CatalogsFdw::Test->new(conf => 'max_prepared_transactions = 1');

is($t->sql(q{
	CREATE TABLE own AS SELECT id, name FROM catalogs WITH NO DATA;
	BEGIN;
	INSERT INTO own SELECT id, name FROM catalogs;
	PREPARE TRANSACTION 'reads';
	COMMIT PREPARED 'reads';
	SELECT count(*) FROM own}),
	4, 'a transaction that has only read');

$t->wire;
is($t->sql(q{
	BEGIN;
	SAVEPOINT a;
	INSERT INTO catalogs (name) VALUES ('Prepared');
	ROLLBACK TO a;
	PREPARE TRANSACTION 'nothing';
	SELECT gid FROM pg_prepared_xacts}),
	'nothing', 'one whose changes were gone before the account was told');
is($t->sql(q{
	COMMIT PREPARED 'nothing';
	BEGIN;
	INSERT INTO catalogs (name) VALUES ('Afterwards');
	COMMIT;
	SELECT count(*) FROM catalogs}),
	5, 'the next transaction is told as ever');
is($t->wire, 'POST /api/v2/catalogs {"add":[{"name":"Afterwards"}]}
GET /api/v2/catalogs', 'and nothing else is');

$t->fails_with('0A000', qr/cannot PREPARE/, q{
	BEGIN;
	INSERT INTO catalogs (name) VALUES ('Prepared');
	PREPARE TRANSACTION 'writes'}, 'one that has changed lists is refused');
is($t->wire, '(no requests)', 'and nothing is sent');
is($t->sql('SELECT count(*) FROM pg_prepared_xacts'), 0, 'nothing is left of it');

done_testing();
