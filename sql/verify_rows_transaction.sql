-- verify_rows false: a transaction sees what it changed without having read it,
-- and what is known to be deleted in it is not changed again.
\set options ', verify_rows ''false'''
\i sql/include/account.sql
\set flush 'SELECT verb, id, name FROM catalogs_fdw_flush(''acme'');'

--
-- Later statements see the change, an open cursor and the statement itself do
-- not.
--
\set QUIET off
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM catalogs;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
DELETE FROM catalogs WHERE id = 4222;
FETCH ALL FROM c;
SELECT id, name, type FROM catalogs;
SELECT id, name FROM catalogs WHERE id IN (4222, 4223) AND name = 'Goods';
SELECT * FROM catalogs_fdw_pending;
WITH u AS (UPDATE catalogs SET name = 'Tariffs!' WHERE id = 4230)
    SELECT id, name FROM catalogs WHERE id = 4230;
SELECT id, name FROM catalogs WHERE id = 4230;
-- what is deleted is not there
UPDATE catalogs SET name = 'x' WHERE id = 4222;
DELETE FROM catalogs WHERE id = ANY ('{4222,4222}');
UPDATE catalogs SET name = 'Lists' WHERE id IN (4222, 4223);
-- a statement that reads, after one that did not, and the other way round
UPDATE catalogs SET type = name WHERE id = 4223;
UPDATE catalogs SET name = name || '!' WHERE id = 4231;
UPDATE catalogs SET name = 'Bills', can_link_multiple = false WHERE id = 4231;
\! emulator wire
COMMIT;
\! emulator wire; emulator reset

-- Folded: two updates are one, and with a delete nothing but that.
BEGIN;
UPDATE catalogs SET name = 'A', type = 'x' WHERE id IN (4222, 4223);
UPDATE catalogs SET name = 'B' WHERE id IN (4223, 4230);
DELETE FROM catalogs WHERE id = 4230;
COMMIT;
\! emulator wire; emulator reset

-- Savepoints
BEGIN;
UPDATE catalogs SET name = 'A' WHERE id = 4223;
SAVEPOINT a;
UPDATE catalogs SET name = 'B' WHERE id IN (4222, 4223);
DELETE FROM catalogs WHERE id = 4230;
ROLLBACK TO a;
UPDATE catalogs SET type = 'x' WHERE id = 4230;
COMMIT;
\! emulator wire
BEGIN;
DELETE FROM catalogs WHERE id = 4230;
ROLLBACK;
\! emulator wire; emulator reset

-- A row that was added in the transaction, once it has an id
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
INSERT INTO catalogs (name) VALUES ('Films'), ('Songs');
UPDATE catalogs SET name = 'All books' WHERE id = 5001;
:flush
\! emulator wire
DELETE FROM catalogs WHERE id IN (5001, 5002);
UPDATE catalogs SET name = 'x' WHERE id IN (5001, 5002, 5003);
SELECT id, name FROM catalogs WHERE id > 5000;
COMMIT;
\! emulator wire
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Plays') RETURNING id;
ROLLBACK TO a;
UPDATE catalogs SET name = 'x' WHERE id = 5004;
DELETE FROM catalogs WHERE id = 5004;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire; emulator reset
-- A delete that was sent, and then rolled back, has been done.
BEGIN;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
SELECT verb, id FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
UPDATE catalogs SET name = 'x' WHERE id = 4230;
\! emulator wire
COMMIT;
\! emulator wire; emulator reset

--
-- What was sent early is taken back as far as it is known: a WARNING names the
-- rest.
--
BEGIN;
UPDATE catalogs SET name = 'A' WHERE id = 4223;
UPDATE catalogs SET name = 'B' WHERE id = 4222 AND name <> 'B';
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- What the transaction did before it did know: it goes back to that,
BEGIN;
UPDATE catalogs SET name = 'A' WHERE id = 4223;
:flush
UPDATE catalogs SET name = name || '!', type = 'x' WHERE id = 4223;
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name,type; emulator reset
-- as far back as what it has told first.
BEGIN;
UPDATE catalogs SET name = 'A' WHERE id = 4223;
:flush
UPDATE catalogs SET name = 'B' WHERE id = 4223;
:flush
UPDATE catalogs SET name = 'C' WHERE id = 4223;
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- A value that a later statement reads is the transaction's own, not the
-- account's: it is not what was there before.
BEGIN;
UPDATE catalogs SET name = 'A' WHERE id = 4223;
UPDATE catalogs SET name = name || '!', type = 'x' WHERE id = 4223;
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name,type; emulator reset
-- but one that an earlier statement read is.
BEGIN;
UPDATE catalogs SET name = name || '?' WHERE id = 4223;
UPDATE catalogs SET name = 'A' WHERE id = 4223;
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- A savepoint that was rolled back: what could not be put right is named.
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'A' WHERE id = 4223;
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire; emulator lists --columns id,name; emulator reset

--
-- One table verifies, the other one does not: both are the same account's.
--
CREATE FOREIGN TABLE careful (id bigint, name text, type text)
    SERVER acme OPTIONS (verify_rows 'true');
BEGIN;
DELETE FROM catalogs WHERE id = 4222;
UPDATE careful SET name = 'x' WHERE id = 4222;
UPDATE careful SET name = 'y' WHERE id = 4223;
UPDATE catalogs SET type = 'z' WHERE id = 4223;
\! emulator wire
COMMIT;
\! emulator wire
DROP FOREIGN TABLE careful;
\! emulator reset

-- The limit counts each row.
SET catalogs_fdw.max_pending_changes = 2;
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 4223, 4230);
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 4223, 4223);
\! emulator wire
RESET catalogs_fdw.max_pending_changes;
\! emulator reset

-- A loop in a function
CREATE FUNCTION rename_all() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    list bigint;
    n int;
    total int := 0;
BEGIN
    FOREACH list IN ARRAY '{4222,4223,4222}'::bigint[] LOOP
        UPDATE catalogs SET name = 'List ' || list WHERE id = list;
        GET DIAGNOSTICS n = ROW_COUNT;
        total := total + n;
    END LOOP;
    RETURN total;
END $$;
SELECT rename_all();
\! emulator wire
DROP FUNCTION rename_all;

-- A WITH counts what its main statement does.
WITH u AS (UPDATE catalogs SET name = 'u' WHERE id IN (4222, 4223))
    DELETE FROM catalogs WHERE id = 4230;
\! emulator wire
-- As in any table, a statement changes a row once: its main part comes first.
WITH u AS (UPDATE catalogs SET name = 'later' WHERE id = 4222)
    UPDATE catalogs SET name = 'now' WHERE id IN (4222, 4223);
WITH d AS (DELETE FROM catalogs WHERE id = 4222)
    UPDATE catalogs SET name = 'kept' WHERE id = 4222;
WITH u AS (UPDATE catalogs SET name = 'later' WHERE id = 4222)
    DELETE FROM catalogs WHERE id = 4222;
\! emulator wire
\set QUIET on

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
