-- A row gets the values back that the statement read whose change was sent, not
-- what one read before that was rolled back.
\i sql/include/account.sql
\set flush 'SELECT verb, id, name FROM catalogs_fdw_flush(''acme'');'

-- At the abort
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Mine' WHERE id = 4223;
ROLLBACK TO a;
\! emulator put '{"id": 4223, "name": "Theirs"}'
UPDATE catalogs SET name = 'Mine again' WHERE id = 4223;
:flush
ROLLBACK;
\! emulator lists --columns id,name; emulator reset
-- and within the transaction.
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Mine' WHERE id = 4223;
ROLLBACK TO a;
\! emulator put '{"id": 4223, "name": "Theirs"}'
UPDATE catalogs SET name = 'Mine again' WHERE id = 4223;
:flush
ROLLBACK TO a;
SELECT id, name FROM catalogs WHERE id = 4223;
COMMIT;
\! emulator lists --columns id,name; emulator reset
-- What was sent before it was rolled back still counts.
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Mine' WHERE id = 4223;
:flush
ROLLBACK TO a;
UPDATE catalogs SET name = name || '!' WHERE id = 4223;
:flush
ROLLBACK;
\! emulator lists --columns id,name

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
