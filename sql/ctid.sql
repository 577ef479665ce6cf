-- A ctid names one list of one account.
\i sql/include/accounts.sql
IMPORT FOREIGN SCHEMA amocrm FROM SERVER main INTO public;
CREATE TABLE lists (account text, id bigint, name text, sort integer) PARTITION BY LIST (account);
CREATE FOREIGN TABLE lists_main PARTITION OF lists FOR VALUES IN ('main') SERVER main;
ALTER FOREIGN TABLE lists_main ALTER COLUMN account OPTIONS (ADD constant 'main');
CREATE FOREIGN TABLE lists_acme PARTITION OF lists FOR VALUES IN ('acme') SERVER acme;
ALTER FOREIGN TABLE lists_acme ALTER COLUMN account OPTIONS (ADD constant 'acme');
-- Two accounts have a list of the same id.
\! emulator put --account acme '{"id": 4223, "name": "Trucks"}'
CREATE FUNCTION block(tid) RETURNS bigint LANGUAGE sql AS 'SELECT ($1::text::point)[0]::bigint';
CREATE FUNCTION place(tid) RETURNS bigint LANGUAGE sql AS 'SELECT ($1::text::point)[1]::bigint';

-- It shows the id; what is beside it tells the account.
SELECT block(ctid), id FROM catalogs ORDER BY id;
SELECT id, count(DISTINCT ctid), count(*) FROM lists WHERE id = 4223 GROUP BY id;
SELECT count(DISTINCT ctid) = count(*) AS distinct_all, count(DISTINCT place(ctid)) AS accounts FROM lists;
SELECT l.tableoid::regclass, c.tableoid::regclass, l.id FROM lists l JOIN catalogs c ON l.ctid = c.ctid ORDER BY id;
\! emulator wire

-- A statement changes what it names.
\! emulator add-many 2
BEGIN;
UPDATE catalogs SET name = 'dup' WHERE id IN (4222, 4223, 4230);
DELETE FROM catalogs WHERE ctid = (SELECT min(ctid) FROM catalogs WHERE name = 'dup');
SELECT id, name FROM catalogs WHERE id < 5000 ORDER BY id;
ROLLBACK;
-- In a tree, too.
DELETE FROM lists WHERE ctid = (SELECT ctid FROM lists WHERE name = 'Trucks');
\! emulator lists --account acme --columns id,name
\! emulator put --account acme '{"id": 4223, "name": "Trucks"}'
UPDATE lists SET name = 'Lorries' WHERE ctid IN (SELECT ctid FROM lists WHERE account = 'acme' AND id = 4223);
SELECT account, name FROM lists WHERE id = 4223 ORDER BY account;
-- A self-join on it.
DELETE FROM lists a USING lists b WHERE a.ctid < b.ctid AND a.name LIKE 'List %' AND b.name LIKE 'List %';
SELECT count(*) FROM lists WHERE name LIKE 'List %';
UPDATE lists a SET name = upper(a.name) FROM lists b WHERE a.ctid = b.ctid AND b.name = 'Lorries' RETURNING a.account, a.name, a.ctid = b.ctid AS same;

-- It stays what it was from one statement to the next, and for cursors; but a row that
-- the transaction changes has another one until its end, as in any table.
SELECT ctid AS trucks FROM lists WHERE name = 'LORRIES' \gset
BEGIN;
DECLARE c CURSOR FOR SELECT ctid = :'trucks' AS is_it FROM lists WHERE account = 'acme' AND id = 4223 FOR UPDATE;
UPDATE lists SET name = 'Trucks' WHERE ctid = :'trucks';
FETCH c;
SELECT account, id, name FROM lists WHERE ctid = :'trucks';
UPDATE lists SET name = 'x' WHERE ctid = :'trucks';
SELECT ctid AS changed FROM lists WHERE account = 'acme' AND id = 4223 \gset
\! emulator wire > /dev/null
SELECT account, id, name FROM lists WHERE ctid = :'changed';
-- That is as good as an id, too.
\! emulator wire --accounts
SAVEPOINT a;
UPDATE lists SET name = 'Vans' WHERE ctid = :'changed' RETURNING ctid = :'changed' AS same;
SELECT account, id, name FROM lists WHERE ctid = :'changed';
ROLLBACK TO a;
SELECT account, id, name FROM lists WHERE ctid = :'changed';
COMMIT;
SELECT account, id, name FROM lists WHERE ctid = :'changed';
SELECT account, id, name FROM lists WHERE ctid = :'trucks';
-- In another session, too.
\c -
SELECT account, id, name FROM lists WHERE ctid = :'trucks';
-- It is as good as an id: one request, to one account.
\! emulator wire > /dev/null
SELECT account, id, name FROM lists WHERE ctid = :'trucks';
SELECT account, id, name FROM lists WHERE ctid = :'trucks' AND id = 4222;
\! emulator wire --accounts
PREPARE by_ctid(tid) AS SELECT account, id FROM lists WHERE ctid = $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE by_ctid(:'trucks');
EXECUTE by_ctid(NULL);
EXECUTE by_ctid('(4223,0)');
SELECT (SELECT name FROM lists WHERE ctid = :'trucks' AND wanted > 0) FROM generate_series(1, 2) wanted;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE by_ctid(:'trucks');
RESET plan_cache_mode;
DEALLOCATE by_ctid;
\! emulator wire --accounts
-- What names nothing.
DELETE FROM lists WHERE ctid = '(4294967295,0)';
DELETE FROM lists WHERE ctid = '(4223,1)';
DELETE FROM lists WHERE ctid = '(4223,2)';
-- A cursor's row, as with postgres_fdw.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs FOR UPDATE;
FETCH c;
DELETE FROM catalogs WHERE CURRENT OF c;
ROLLBACK;

-- A row that was added has one before it is sent, and keeps it when it is.
BEGIN;
INSERT INTO lists (account, name) VALUES ('main', 'First'), ('acme', 'Second');
SELECT count(DISTINCT ctid) AS distinct_ones FROM lists WHERE id IS NULL;
SELECT ctid AS second FROM lists WHERE name = 'Second' \gset
UPDATE lists SET name = 'Second, sent' WHERE ctid = :'second' RETURNING ctid AS second \gset
SELECT id, name FROM catalogs_fdw_flush('acme');
SELECT account, id, name FROM lists WHERE ctid = :'second';
DELETE FROM lists WHERE ctid = :'second';
INSERT INTO catalogs (name) VALUES ('Third') RETURNING ctid AS third \gset
DELETE FROM lists WHERE ctid = :'third';
SELECT account, id, name FROM lists WHERE name IN ('First', 'Second, sent', 'Third');
ROLLBACK;
UPDATE catalogs SET name = name WHERE id = 4223 RETURNING block(ctid), ctid = (SELECT ctid FROM catalogs WHERE id = 4223) AS same;
DELETE FROM catalogs WHERE id = 4222 RETURNING block(ctid);

-- Ids that do not fit have one all the same.
\! emulator put '{"id": 9007199254740993, "name": "Far"}'
\! emulator put '{"id": 4294971519, "name": "Low bits of 4223"}'
SELECT count(DISTINCT ctid) = count(*) AS distinct_all FROM lists;
SELECT id FROM catalogs WHERE ctid = (SELECT ctid FROM catalogs WHERE name = 'Far');
DELETE FROM catalogs WHERE ctid = (SELECT ctid FROM catalogs WHERE name LIKE 'Low bits%');
UPDATE catalogs SET name = 'Near' WHERE id = 9007199254740993;
SELECT id, name FROM catalogs WHERE id > 100000000 OR id = 4223 ORDER BY id;

-- A server that moves leads to another account: the ctid names nothing there.
\! emulator put --account acme '{"id": 4230, "name": "Not Tariffs"}'
SELECT ctid AS tariffs FROM catalogs WHERE id = 4230 \gset
ALTER SERVER main OPTIONS (SET url :'acme_url');
ALTER USER MAPPING FOR CURRENT_USER SERVER main OPTIONS (SET access_token 'acme-token');
SELECT id, name FROM catalogs WHERE id = 4230;
DELETE FROM catalogs WHERE ctid = :'tariffs';

SET client_min_messages = warning;
DROP TABLE lists;
DROP FUNCTION block, place;
DROP EXTENSION catalogs_fdw CASCADE;
