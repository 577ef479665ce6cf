-- DELETE and TRUNCATE read which lists there are and delete them at COMMIT.
\i sql/include/account.sql

-- 120 rows: one request reads, three send.
\! emulator add-many 120
DELETE FROM catalogs WHERE id > 10000000;
\echo :ROW_COUNT
\! emulator wire --summary
\! emulator lists

-- By id.
DELETE FROM catalogs WHERE id = 4230;
\! emulator wire
DELETE FROM catalogs WHERE id = 4230;
\! emulator wire
-- Some, with what they were.
DELETE FROM catalogs WHERE type = 'regular' RETURNING *;
\! emulator wire
\! emulator lists
DELETE FROM catalogs WHERE id = 4231
    RETURNING tableoid::regclass, lower(name) AS name, id::text || '!' AS id;
\! emulator wire
-- All that there are, if any.
DELETE FROM catalogs;
\! emulator wire
\! emulator reset
DELETE FROM catalogs;
\! emulator wire
\! emulator lists
\! emulator reset

-- By local rows, and the other way round.
CREATE TABLE old (list bigint, why text);
INSERT INTO old VALUES (4223, 'empty'), (4230, 'double'), (9999, 'none');
ANALYZE old;
DELETE FROM catalogs c USING old WHERE list = c.id RETURNING c.id, name, why;
\! emulator wire
DELETE FROM catalogs WHERE id IN (SELECT list FROM old);
\! emulator wire
DELETE FROM old WHERE list NOT IN (SELECT id FROM catalogs) RETURNING list;
\! emulator wire
-- A row that is found twice is deleted once.
DELETE FROM catalogs c USING (VALUES (4231), (4231)) v (list) WHERE c.id = list;
\! emulator wire --summary | tail -n 1
-- A CTE moves what it deletes.
WITH gone AS (DELETE FROM catalogs WHERE id = 4222 RETURNING id, name)
    INSERT INTO old SELECT id, name FROM gone;
TABLE old;
\! emulator wire
DROP TABLE old;
\! emulator reset

-- Prepared; in a function.
PREPARE remove (bigint) AS DELETE FROM catalogs WHERE id = $1 RETURNING name;
SET plan_cache_mode = force_generic_plan;
EXECUTE remove(4222);
EXECUTE remove(4222);
EXECUTE remove(NULL);
\! emulator wire
RESET plan_cache_mode;
DEALLOCATE remove;
DO $$
DECLARE
    list bigint;
BEGIN
    FOR list IN SELECT id FROM catalogs WHERE id <> 4231 LOOP
        DELETE FROM catalogs WHERE id = list;
    END LOOP;
END $$;
\! emulator wire
\! emulator lists
\! emulator reset

-- A view with other names.
CREATE VIEW bill AS SELECT id AS number, name FROM catalogs WHERE type = 'invoices';
DELETE FROM bill WHERE number = 4223;
\! emulator wire
DELETE FROM bill;
\! emulator wire
DROP VIEW bill;

-- An error in the middle sends nothing.
DELETE FROM catalogs WHERE 1 / (id - 4230) < 1;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire

-- TRUNCATE.
BEGIN;
TRUNCATE catalogs;
\! emulator wire
ROLLBACK;
\! emulator wire
TRUNCATE catalogs;
\! emulator wire
\! emulator lists
TRUNCATE catalogs;
\! emulator wire
\! emulator reset
CREATE FOREIGN TABLE idless (name text) SERVER acme;
CREATE TABLE local (a int);
INSERT INTO local VALUES (1);
TRUNCATE local, idless RESTART IDENTITY CASCADE;
\! emulator wire
TABLE local;
DROP TABLE local;
DROP FOREIGN TABLE idless;
\! emulator reset
\! emulator add-many 120
TRUNCATE catalogs;
\! emulator wire --summary
\! emulator lists
\! emulator reset
ALTER FOREIGN TABLE catalogs OPTIONS (ADD truncatable 'false');
TRUNCATE catalogs;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM catalogs WHERE id = 4230;
\! emulator wire
ALTER FOREIGN TABLE catalogs OPTIONS (DROP truncatable);
ALTER SERVER acme OPTIONS (ADD truncatable 'false');
TRUNCATE catalogs;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
ALTER FOREIGN TABLE catalogs OPTIONS (ADD truncatable 'true');
TRUNCATE catalogs;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
