-- postgres_fdw in front: what it cannot push down it reads, and changes by ctid.
\i sql/include/accounts.sql
CREATE EXTENSION postgres_fdw;
CREATE SCHEMA remote;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER main INTO remote;
CREATE TABLE remote.lists (account text, id bigint, name text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE remote.lists_main PARTITION OF remote.lists FOR VALUES IN ('main') SERVER main;
ALTER FOREIGN TABLE remote.lists_main ALTER COLUMN account OPTIONS (ADD constant 'main');
CREATE FOREIGN TABLE remote.lists_acme PARTITION OF remote.lists FOR VALUES IN ('acme') SERVER acme;
ALTER FOREIGN TABLE remote.lists_acme ALTER COLUMN account OPTIONS (ADD constant 'acme');
-- The server in front is this one, in another session.
SELECT current_setting('unix_socket_directories') AS folder, current_setting('port') AS socket \gset
CREATE SERVER front FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host :'folder', port :'socket', dbname :'DBNAME');
CREATE USER MAPPING FOR CURRENT_USER SERVER front OPTIONS (user :'USER');
CREATE FOREIGN TABLE catalogs (id bigint, name text, type text) SERVER front OPTIONS (schema_name 'remote');
CREATE FOREIGN TABLE lists (account text, id bigint, name text) SERVER front OPTIONS (schema_name 'remote');
-- Two accounts have lists of the same ids.
\! emulator put --account acme '{"id": 4223, "name": "Trucks"}'
\! emulator put --account acme '{"id": 4222, "name": "Trains"}'
CREATE TABLE t (account text, id bigint, nm text);
INSERT INTO t VALUES ('acme', 4223, 'Lorries'), ('acme', 5223, 'Vans');

-- One account behind.
EXPLAIN (VERBOSE, COSTS OFF) UPDATE catalogs SET name = nm FROM t WHERE catalogs.id = t.id;
UPDATE catalogs SET name = nm FROM t WHERE catalogs.id = t.id;
\! emulator lists --columns id,name
UPDATE catalogs SET name = 'x' || length(random()::text)::boolean WHERE id = 4230;
\! emulator lists --columns id,name
DELETE FROM catalogs WHERE id IN (SELECT id FROM t);
\! emulator lists --columns id,name
DELETE FROM catalogs USING t WHERE catalogs.id + 1001 = t.id RETURNING catalogs.id, t.nm;
\! emulator reset
\! emulator put --account acme '{"id": 4223, "name": "Trucks"}'
\! emulator put --account acme '{"id": 4222, "name": "Trains"}'

-- What is joined twice is changed once, as in a table behind postgres_fdw.
INSERT INTO t VALUES ('acme', 4223, 'Coaches');
UPDATE catalogs SET name = nm FROM t WHERE catalogs.id = t.id RETURNING nm \gset
SELECT name = :'nm' AS same FROM catalogs WHERE id = 4223;
BEGIN;
INSERT INTO catalogs (name) VALUES ('Ships');
UPDATE catalogs SET name = 'New ' || nm FROM t WHERE catalogs.name = 'Ships' RETURNING nm \gset
SELECT name = 'New ' || :'nm' AS same FROM catalogs WHERE name LIKE 'New %';
UPDATE catalogs SET name = 'x' || length(random()::text)::boolean WHERE name LIKE 'New %';
\echo :ROW_COUNT
DELETE FROM catalogs USING t WHERE catalogs.id = t.id;
\echo :ROW_COUNT
ROLLBACK;
DELETE FROM t WHERE nm = 'Coaches';
\! emulator reset
\! emulator put --account acme '{"id": 4223, "name": "Trucks"}'
\! emulator put --account acme '{"id": 4222, "name": "Trains"}'

-- Two of them: those lists are changed that are named, with their account or not.
\! emulator wire --accounts
UPDATE lists SET name = nm FROM t WHERE lists.id = t.id AND lists.account = t.account;
\! emulator wire --accounts | grep POST
SELECT account, id, name FROM lists ORDER BY account, id;
DELETE FROM lists USING t WHERE lists.id = t.id AND t.account = lists.account;
-- All accounts are asked once, then the one that a ctid names for each list.
\! emulator wire --accounts | sort
SELECT account, id, name FROM lists ORDER BY account, id;
DELETE FROM lists USING t WHERE lists.id = t.id;
\! emulator wire --accounts | grep POST
SELECT account, id, name FROM lists ORDER BY account, id;
UPDATE lists SET name = 'x' || length(random()::text)::boolean WHERE id = 4222;
SELECT account, id, name FROM lists ORDER BY account, id;
-- What the transaction has added and not sent is named, too.
BEGIN;
INSERT INTO lists (account, name) VALUES ('acme', 'Ships'), ('main', 'Boats');
UPDATE lists SET name = 'x' || length(random()::text)::boolean WHERE name = 'Ships';
DELETE FROM lists USING t WHERE lists.name = 'Boats' AND t.nm = 'Vans';
SELECT account, id, name FROM lists WHERE id IS NULL;
ROLLBACK;

SET client_min_messages = warning;
SELECT count(postgres_fdw_disconnect_all());
DROP EXTENSION postgres_fdw CASCADE;
DROP TABLE t;
DROP SCHEMA remote CASCADE;
DROP EXTENSION catalogs_fdw CASCADE;
