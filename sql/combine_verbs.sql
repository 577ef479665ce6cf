-- combine_verbs: updates, adds and deletes go out in one POST.
\set options ', combine_verbs ''true'''
\i sql/include/account.sql

BEGIN;
DELETE FROM catalogs WHERE id = 4231;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET type = 'products' WHERE id = 4222;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists
\! emulator reset

-- Each row learns its own id, and what was sent can be taken back.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Films');
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
SELECT id, name FROM catalogs;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset

-- batch_size counts the rows of all verbs.
ALTER SERVER acme OPTIONS (ADD batch_size '3');
BEGIN;
DELETE FROM catalogs WHERE id IN (4230, 4231);
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

-- A refused row makes all of it fail.
\! emulator set partial=add:1
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire > /dev/null
COMMIT;
\echo :SQLSTATE
\! emulator wire
\! emulator lists --columns id,name

-- An added row without a request_id is refused in a place of its own, which names
-- nobody: the delete beside it was carried out, and is not sent again.
\! emulator reset; emulator set partial=add:1 partial_code=281 partial_shape=item
BEGIN;
DELETE FROM catalogs WHERE id = 4231;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
\! emulator wire > /dev/null
SELECT * FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
\! emulator set partial=delete:4231
COMMIT;
\! emulator wire
\! emulator lists --columns id,name

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
