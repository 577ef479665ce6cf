-- A command changes a row once, whatever it meets it by, as in any table.
\i sql/include/account.sql
CREATE TABLE own AS SELECT id, name, type FROM catalogs;
CREATE TABLE twice AS SELECT bigint '4223' AS list, n FROM generate_series(1, 2) n;

-- Rows that a join meets twice
BEGIN;
UPDATE own SET name = 'Goods' FROM twice WHERE id = list RETURNING id, name;
UPDATE catalogs SET name = 'Goods' FROM twice WHERE id = list RETURNING id, name;
UPDATE catalogs SET name = 'Things' FROM twice WHERE id = list;
\echo :ROW_COUNT
DELETE FROM own USING twice WHERE id = list RETURNING id;
DELETE FROM catalogs USING twice WHERE id = list RETURNING id;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

-- Commands in a WITH: a row that one of them has changed
TRUNCATE own;
INSERT INTO own SELECT id, name, type FROM catalogs;
BEGIN;
WITH gone AS (DELETE FROM own WHERE id = 4230 RETURNING id)
UPDATE own SET name = 'x' FROM gone WHERE own.id = gone.id RETURNING own.id;
WITH gone AS (DELETE FROM catalogs WHERE id = 4230 RETURNING id)
UPDATE catalogs SET name = 'x' FROM gone WHERE catalogs.id = gone.id RETURNING catalogs.id;
SELECT verb, id, changes FROM catalogs_fdw_pending;
ROLLBACK;
BEGIN;
WITH changed AS (UPDATE catalogs SET name = 'x' WHERE id = 4230 RETURNING id)
DELETE FROM catalogs USING changed WHERE catalogs.id = changed.id RETURNING catalogs.id;
SELECT verb, id, changes FROM catalogs_fdw_pending;
ROLLBACK;
-- one that it has added is not seen by them.
BEGIN;
WITH added AS (INSERT INTO catalogs (name) VALUES ('Books') RETURNING name)
UPDATE catalogs SET type = 'x' FROM added WHERE catalogs.name = added.name RETURNING catalogs.name;
ROLLBACK;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP TABLE own, twice;
