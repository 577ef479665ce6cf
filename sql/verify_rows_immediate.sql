-- verify_rows false and write_mode immediate: the count is what the account has
-- confirmed, and a list that it does not have is no error.
\set options ', verify_rows ''false'', write_mode ''immediate'''
\i sql/include/account.sql

\set QUIET off
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET name = 'x' WHERE id = 9999;
DELETE FROM catalogs WHERE id = 9999;
UPDATE catalogs SET name = 'x' WHERE id IN (9998, 4222, 9999, 4222, NULL);
DELETE FROM catalogs WHERE id = ANY ('{9998,4230,9999}');
UPDATE catalogs SET name = 'x' WHERE id IN (9998, 9999);
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset

-- However the account says so
\! emulator set partial_shape=object_list
UPDATE catalogs SET name = 'x' WHERE id IN (9999, 4222);
DELETE FROM catalogs WHERE id IN (9999, 4222);
\! emulator reset
\! emulator set partial_shape=object_map partial_status=400
UPDATE catalogs SET name = 'x' WHERE id IN (9999, 4222);
\! emulator reset
\! emulator set partial_shape=response
UPDATE catalogs SET name = 'x' WHERE id = 9999;
DELETE FROM catalogs WHERE id = 9999;
\! emulator set partial_status=400
UPDATE catalogs SET name = 'x' WHERE id = 9999;
-- of several it would have to say which
UPDATE catalogs SET name = 'x' WHERE id IN (9999, 4222);
\echo :SQLSTATE
\! emulator lists --columns id,name
\! emulator reset
-- by leaving it out
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":4223}]}}'
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 4223);
\! emulator fault body on=POST 'text={"_embedded":{"items":[]}}'
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\! emulator fault status on=POST code=204
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\! emulator reset
-- "Nothing" after a delete is what is left.
\! emulator set delete_items=no_content
DELETE FROM catalogs WHERE id = 4222;
\! emulator reset
-- What was sent again, and is gone now, may have been deleted the first time.
\! emulator fault close_applied on=POST
DELETE FROM catalogs WHERE id = 4222;
\! emulator fault close_applied on=POST
DELETE FROM catalogs WHERE id IN (4223, 9999);
\! emulator set partial_shape=response
\! emulator fault close_applied on=POST
DELETE FROM catalogs WHERE id = 4230;
\! emulator wire
\! emulator reset

-- Any other refusal is an error, also beside a list that is not there; and so
-- is "not found" without the code that makes it a list.
\! emulator set partial=update:4222 partial_code=244 partial_shape=object_list
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 9999);
\echo :SQLSTATE
\! emulator reset
\! emulator fault body on=POST 'text={"_embedded":{"items":[],"errors":{"update":{"4222":{"code":282},"4223":"Last modified date is older than in database"}}}}'
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 4223);
\echo :SQLSTATE
\! emulator fault body on=POST 'text={"_embedded":{"items":[],"errors":{"update":{"7777":{"code":282}}}}}'
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 4223);
\echo :SQLSTATE
\! emulator fault body on=POST code=404 'text={"title":"path not found","status":404}'
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\echo :SQLSTATE
\! emulator fault body on=POST code=400 'text={"_embedded":{"items":[],"errors":{"update":{"4222":{"code":282}}}}}'
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 4223);
\echo :SQLSTATE
\! emulator reset

--
-- In a transaction: it is as if a list that is not there had not been touched.
--
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 9999);
SELECT * FROM catalogs_fdw_pending;
DELETE FROM catalogs WHERE id = 4222;
UPDATE catalogs SET name = 'y' WHERE id IN (4222, 9999);
\! emulator wire
-- it comes
\! emulator put '{"id": 9999, "name": "new"}'
SELECT id, name FROM catalogs WHERE id = 9999;
UPDATE catalogs SET type = 'z' WHERE id = 9999;
SELECT id, name, type FROM catalogs WHERE id = 9999;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator reset

-- What a statement had read must be there still.
BEGIN;
UPDATE catalogs SET name = name || '!' WHERE id = 4222;
\! emulator drop 4222
SET LOCAL client_min_messages = error;
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\echo :SQLSTATE
ROLLBACK;
\! emulator reset

-- Counted once, and so must be there, whichever table speaks of the list next.
CREATE FOREIGN TABLE waits (id bigint, name text, type text)
    SERVER acme OPTIONS (write_mode 'deferred');
BEGIN;
UPDATE waits SET name = 'x' WHERE id = 9999;
UPDATE catalogs SET type = 'y' WHERE id = 9999;
\echo :SQLSTATE
\! emulator wire
ROLLBACK;
DROP FOREIGN TABLE waits;
-- Not found once, and read since
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 9999;
\! emulator put '{"id": 9999, "name": "new"}'
\! emulator fault body on=POST 'text={"_embedded":{"items":[]}}'
UPDATE catalogs SET name = name || '!' WHERE id = 9999;
\echo :SQLSTATE
ROLLBACK;
\! emulator reset

-- ROLLBACK, to a savepoint or of all: nobody knows what it was before.
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 9999);
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'y' WHERE id IN (4222, 9999);
ROLLBACK TO a;
UPDATE catalogs SET name = 'z' WHERE id IN (4222, 9999);
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 9999;
SAVEPOINT a;
UPDATE catalogs SET name = 'y' WHERE id = 9999;
ROLLBACK TO a;
UPDATE catalogs SET type = 'z' WHERE id = 4222;
COMMIT;
\! emulator wire
BEGIN;
UPDATE catalogs SET name = name || '!' WHERE id = 4222;
UPDATE catalogs SET name = 'known' WHERE id = 4222;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
\! emulator reset

-- Each of a WITH is sent when it runs.
WITH u AS (UPDATE catalogs SET name = 'x' WHERE id IN (4222, 9999))
    DELETE FROM catalogs WHERE id IN (4230, 9999);
\! emulator wire
\set QUIET on

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
