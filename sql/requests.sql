-- The number of requests that each kind of statement makes.
\i sql/include/account.sql
-- Local rows: one, two, and a thousand of which five are lists.
CREATE TABLE one AS SELECT bigint '4223' AS list;
CREATE TABLE two AS SELECT list FROM (VALUES (bigint '4223'), (4230)) v (list);
CREATE TABLE many AS SELECT i AS n, bigint '4221' + i AS list FROM generate_series(1, 1000) i;
ANALYZE one, two, many;

-- A scan is one request, whatever is done with its rows.
SELECT id, name FROM catalogs ORDER BY sort DESC LIMIT 2;
\! emulator wire
SELECT type, count(*), max(sort) FROM catalogs GROUP BY type ORDER BY type;
\! emulator wire
SELECT id, rank() OVER (ORDER BY sort DESC) FROM catalogs WHERE type = 'regular' AND sort BETWEEN 10 AND 20 ORDER BY id;
\! emulator wire
SELECT count(*) FROM (SELECT DISTINCT created_by FROM catalogs) c;
\! emulator wire
SELECT id FROM catalogs LIMIT 1;
\! emulator wire
SELECT id FROM catalogs ORDER BY id LIMIT 1 FOR UPDATE;
\! emulator wire
CREATE VIEW regular AS SELECT id, name FROM catalogs WHERE type = 'regular';
SELECT count(*) FROM regular;
SELECT name FROM regular WHERE id = 4222;
\! emulator wire
DROP VIEW regular;
-- No rows are wanted.
SELECT id FROM catalogs LIMIT 0;
SELECT id FROM catalogs WHERE false;
\! emulator wire

-- By id: that list alone.
SELECT name FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs WHERE id = 4222 AND type = 'invoices';
SELECT name FROM catalogs WHERE id IN (4230);
\! emulator wire
-- Of several ids: all lists, once.
SELECT id FROM catalogs WHERE id IN (4222, 4223) ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id = ANY ('{4222, 4223, 4230, 4231}') ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id = 4222 OR id = 4223 OR name = 'Tariffs' ORDER BY id;
\! emulator wire
-- Of none: nothing.
SELECT id FROM catalogs WHERE id = NULL;
SELECT id FROM catalogs WHERE id IS NULL;
SELECT id FROM catalogs WHERE id = 4222 AND id = 4223;
SELECT id FROM catalogs WHERE id = ANY ('{}');
SELECT id FROM catalogs WHERE id = 4223.5;
SELECT id FROM catalogs WHERE id = -1;
SELECT id FROM catalogs WHERE id = ANY ('{-5, 0, NULL}');
SELECT id FROM catalogs WHERE sort > 30 AND sort < 20;
\! emulator wire

-- Parameters, in plans made for them and in plans made for any.
PREPARE by_id(bigint) AS SELECT name FROM catalogs WHERE id = $1;
PREPARE by_ids(bigint[]) AS SELECT count(*) FROM catalogs WHERE id = ANY ($1);
PREPARE by_two(bigint, bigint) AS SELECT count(*) FROM catalogs WHERE id = $1 AND id = $2;
SET plan_cache_mode = force_custom_plan;
EXECUTE by_id(4223);
EXECUTE by_id(NULL);
EXECUTE by_ids('{4222}');
EXECUTE by_ids('{}');
EXECUTE by_two(4222, 4223);
\! emulator wire
EXECUTE by_ids('{4222, 4223}');
\! emulator wire
SET plan_cache_mode = force_generic_plan;
EXECUTE by_id(4223);
EXECUTE by_id(NULL);
EXECUTE by_ids('{4222}');
EXECUTE by_ids('{}');
EXECUTE by_two(4222, 4223);
\! emulator wire
EXECUTE by_ids('{4222, 4223}');
\! emulator wire
RESET plan_cache_mode;
DEALLOCATE ALL;
-- PREPARE and EXPLAIN make none, nor does a plan that is not run.
PREPARE by_id(bigint) AS SELECT name FROM catalogs WHERE id = $1;
EXPLAIN (COSTS OFF) EXECUTE by_id(4223);
EXPLAIN (COSTS OFF) SELECT name FROM catalogs;
EXPLAIN (COSTS OFF) DELETE FROM catalogs;
\! emulator wire
DEALLOCATE ALL;

-- A join with one local row asks for that id; with more, once for all.
SELECT name FROM one JOIN catalogs ON id = list;
\! emulator wire
SELECT name FROM two JOIN catalogs ON id = list ORDER BY id;
\! emulator wire
SELECT name FROM many JOIN catalogs ON id = list ORDER BY id;
\! emulator wire
-- Those that are left of a thousand count.
SELECT name FROM many JOIN catalogs ON id = list WHERE n = 2;
\! emulator wire
-- None are left: nothing is asked for.
SELECT name FROM many JOIN catalogs ON id = list WHERE n = -1;
\! emulator wire
-- Outer joins.
SELECT list, name FROM one LEFT JOIN catalogs ON id = list;
\! emulator wire
SELECT count(*), count(name) FROM many LEFT JOIN catalogs ON id = list;
\! emulator wire
SELECT count(*), count(list) FROM many RIGHT JOIN catalogs ON id = list;
\! emulator wire
SELECT count(*), count(list), count(id) FROM many FULL JOIN catalogs ON id = list;
\! emulator wire
-- Semijoins and antijoins.
SELECT list FROM one WHERE list IN (SELECT id FROM catalogs);
\! emulator wire
SELECT count(*) FROM many WHERE list IN (SELECT id FROM catalogs);
\! emulator wire
SELECT count(*) FROM many WHERE EXISTS (SELECT FROM catalogs WHERE id = list AND type = 'regular');
\! emulator wire
SELECT count(*) FROM many WHERE NOT EXISTS (SELECT FROM catalogs WHERE id = list);
\! emulator wire
SELECT count(*) FROM many WHERE list NOT IN (SELECT id FROM catalogs);
\! emulator wire
SELECT count(*) FROM many WHERE EXISTS (SELECT FROM catalogs WHERE id = list) OR n = 1000;
\! emulator wire
SELECT name FROM catalogs WHERE id IN (SELECT list FROM one);
\! emulator wire
SELECT count(*) FROM catalogs WHERE id IN (SELECT list FROM many);
\! emulator wire
SELECT count(*) FROM catalogs WHERE id NOT IN (SELECT list FROM many);
\! emulator wire
-- By what is computed from the local row, of whatever type.
SELECT name FROM one JOIN catalogs ON id = (list - 1)::int;
SELECT name FROM one JOIN catalogs ON id = list + 7.0;
\! emulator wire
-- By another column than the id; by none.
SELECT count(*) FROM many JOIN catalogs ON sort = n;
\! emulator wire
SELECT count(*) FROM many CROSS JOIN catalogs;
\! emulator wire
-- Three tables.
SELECT name FROM one JOIN many USING (list) JOIN catalogs ON id = list;
\! emulator wire
-- LATERAL.
SELECT name FROM one, LATERAL (SELECT name FROM catalogs WHERE id = list LIMIT 1) c;
\! emulator wire
SELECT n, name FROM many, LATERAL (SELECT name FROM catalogs WHERE sort <= n ORDER BY sort DESC LIMIT 1) c
    WHERE n IN (10, 20, 39) ORDER BY n;
\! emulator wire

-- Subqueries.
SELECT name FROM catalogs WHERE id = (SELECT max(list) FROM two);
\! emulator wire
SELECT list, (SELECT count(*) FROM catalogs) FROM two ORDER BY list;
\! emulator wire
SELECT count(*) FROM many WHERE n > (SELECT max(sort) FROM catalogs WHERE type = 'regular');
\! emulator wire
SELECT list, (SELECT name FROM catalogs WHERE id = list) FROM two ORDER BY list;
\! emulator wire
SELECT list, (SELECT count(*) FROM catalogs WHERE id > list) FROM two ORDER BY list;
\! emulator wire
SELECT count(*) FROM catalogs WHERE sort = (SELECT n FROM many WHERE n = sort AND n < 30);
\! emulator wire

-- WITH: a query that is kept is asked once.
WITH c AS MATERIALIZED (SELECT * FROM catalogs)
    SELECT a.name, b.name FROM c a JOIN c b ON a.sort = b.sort + 10 ORDER BY a.sort;
\! emulator wire
WITH c AS (SELECT * FROM catalogs) SELECT name FROM c WHERE id = 4223;
\! emulator wire
WITH RECURSIVE steps(id, sort) AS (
    SELECT id, sort FROM catalogs WHERE id = 4223
    UNION ALL
    SELECT c.id, c.sort FROM steps s JOIN catalogs c ON c.sort = s.sort + 10)
    SELECT id FROM steps;
\! emulator wire

-- Cursors: when the first row is fetched.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM catalogs;
\! emulator wire
FETCH 1 FROM c;
FETCH ALL FROM c;
FETCH FIRST FROM c;
CLOSE c;
\! emulator wire
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM catalogs WHERE id = 4223;
COMMIT;
FETCH ALL FROM c;
CLOSE c;
\! emulator wire

-- PL/pgSQL: a loop over the lists asks once, one over ids for each.
DO $$
DECLARE
    list record;
    found text;
    n int := 0;
BEGIN
    FOR list IN SELECT id FROM catalogs LOOP
        n := n + 1;
    END LOOP;
    RAISE NOTICE '% lists', n;
    FOR list IN SELECT * FROM two ORDER BY list LOOP
        SELECT name INTO found FROM catalogs WHERE id = list.list;
    END LOOP;
    IF EXISTS (SELECT FROM catalogs WHERE id = 4231) THEN
        PERFORM name FROM catalogs WHERE id = NULL;
    END IF;
END
$$;
\! emulator wire

-- The list twice in a query is asked for once.
SELECT a.id, b.id AS next FROM catalogs a JOIN catalogs b ON b.sort = a.sort + 10 ORDER BY a.sort;
\! emulator wire
SELECT a.name FROM catalogs a JOIN catalogs b USING (id) WHERE b.type = 'invoices';
\! emulator wire
SELECT b.name FROM catalogs a JOIN catalogs b ON b.sort > a.sort WHERE a.id = 4230;
\! emulator wire
SELECT a.name FROM catalogs a JOIN catalogs b ON b.sort = a.sort + 10 WHERE a.id = 4223 AND b.id = 4222;
\! emulator wire
SELECT name FROM catalogs a WHERE NOT EXISTS (SELECT FROM catalogs b WHERE b.sort > a.sort);
\! emulator wire
SELECT name FROM catalogs WHERE sort = (SELECT max(sort) FROM catalogs);
\! emulator wire
WITH c AS NOT MATERIALIZED (SELECT * FROM catalogs)
    SELECT a.name FROM c a JOIN c b ON a.sort = b.sort + 10 WHERE b.type = 'regular' ORDER BY a.sort;
\! emulator wire
SELECT name FROM catalogs WHERE sort > 20 UNION ALL SELECT type FROM catalogs WHERE sort < 20 ORDER BY name;
\! emulator wire
SELECT type FROM catalogs EXCEPT SELECT type FROM catalogs WHERE sort < 40;
\! emulator wire
BEGIN;
UPDATE catalogs a SET name = b.name FROM catalogs b WHERE b.sort = a.sort + 10 AND a.type = 'regular';
ROLLBACK;
\! emulator wire
-- So is one list, whenever its id comes up again.
SELECT list, (SELECT name FROM catalogs WHERE id = v.list) FROM (VALUES (4223), (4230), (4223), (NULL), (4230)) v (list);
\! emulator wire
SELECT v.list, name FROM (VALUES (4223), (4230), (4223)) v (list),
    LATERAL (SELECT name FROM catalogs WHERE id = v.list OFFSET 0) c;
\! emulator wire
-- One list after the other: the first alone, then all of them, once.
SELECT count(*), count(name) FROM (SELECT (SELECT name FROM catalogs WHERE id = list) AS name FROM many OFFSET 0) x;
\! emulator wire
-- So does a join that meets a thousand rows where the planner expected one.
SELECT count(*) FROM many JOIN catalogs ON id = list WHERE n * 0 = 0 AND n - n = 0;
\! emulator wire

-- INSERT: at COMMIT, 50 rows a POST; whatever way the rows come.
INSERT INTO catalogs (name) VALUES ('Books');
\! emulator wire
INSERT INTO catalogs (name) SELECT 'List ' || n FROM many WHERE n <= 120;
\! emulator wire --summary
BEGIN;
INSERT INTO catalogs (name) VALUES ('Films');
INSERT INTO catalogs (name) VALUES ('Songs'), ('Games');
COPY catalogs (name) FROM STDIN;
Maps
Plays
\.
\! emulator wire
COMMIT;
\! emulator wire
-- From itself: read once.
INSERT INTO catalogs (name, type) SELECT name || ' (copy)', type FROM catalogs WHERE id = 4230;
\! emulator wire
INSERT INTO catalogs (name) SELECT name || ' (copy)' FROM catalogs WHERE type = 'invoices';
\! emulator wire
-- RETURNING: a row at once; what the account alone knows is asked for.
INSERT INTO catalogs (name) VALUES ('One'), ('Two') RETURNING name;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Three'), ('Four') RETURNING id > 0 AS added;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Five') RETURNING created_by;
\! emulator wire
BEGIN;
INSERT INTO catalogs (name) VALUES ('Six'), ('Seven');
SELECT verb, id > 0 AS added, name FROM catalogs_fdw_flush('acme');
COMMIT;
\! emulator wire
\! emulator reset

-- UPDATE: what is to be read, and 50 rows a POST at COMMIT.
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire
UPDATE catalogs SET name = upper(name) WHERE id IN (4222, 4230);
\! emulator wire
UPDATE catalogs SET can_add_elements = true WHERE type = 'invoices' RETURNING id;
\! emulator wire
UPDATE catalogs SET name = 'none' WHERE id = 1;
\! emulator wire
UPDATE catalogs SET name = 'none' WHERE id = 4222 AND id = 4223;
\! emulator wire
UPDATE catalogs SET type = 'suppliers' FROM one WHERE id = list;
\! emulator wire
UPDATE catalogs SET type = 'products' FROM many WHERE id = list AND n < 4;
\! emulator wire
UPDATE catalogs SET name = (SELECT 'List ' || n FROM many WHERE list = id) WHERE id = 4231;
\! emulator wire
-- DELETE.
DELETE FROM catalogs WHERE id = 4231;
\! emulator wire
DELETE FROM catalogs USING many WHERE id = list AND n = 2 RETURNING n;
\! emulator wire
DELETE FROM catalogs USING many WHERE id = list;
\! emulator wire
\! emulator reset
WITH gone AS (DELETE FROM catalogs WHERE sort > 20 RETURNING name)
    INSERT INTO catalogs (name) SELECT name || ' (moved)' FROM gone;
\! emulator wire
TRUNCATE catalogs;
\! emulator wire
\! emulator reset
-- Many changes of one row are one; what comes to nothing is not sent.
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 4223;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET type = 'products' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Books');
UPDATE catalogs SET type = 'regular' WHERE id IS NULL;
INSERT INTO catalogs (name) VALUES ('Films');
DELETE FROM catalogs WHERE id IS NULL AND name = 'Films';
\! emulator wire
COMMIT;
\! emulator wire
-- The three verbs of a transaction are a POST each.
BEGIN;
DELETE FROM catalogs WHERE id = 4231;
INSERT INTO catalogs (name) VALUES ('Songs');
UPDATE catalogs SET name = 'Services' WHERE id = 4222;
COMMIT;
\! emulator wire
-- What is rolled back is not sent.
BEGIN;
INSERT INTO catalogs (name) VALUES ('x');
SAVEPOINT s;
UPDATE catalogs SET name = 'x' WHERE id = 4230;
ROLLBACK TO s;
DELETE FROM catalogs WHERE id = 4230;
ROLLBACK;
\! emulator wire
-- Nor does looking at it take a request.
SELECT count(*) FROM catalogs_fdw_pending;
\! emulator wire
-- MERGE with a local table.
MERGE INTO two t USING catalogs c ON t.list = c.id
    WHEN MATCHED AND c.type <> 'regular' THEN DELETE
    WHEN NOT MATCHED THEN INSERT VALUES (c.id);
\! emulator wire
-- ANALYZE.
ANALYZE catalogs;
\! emulator wire

-- Partitions, one account each: those are asked that the query is about.
\set acme_url http://acme.localhost: :port
\set beta_url http://beta.localhost: :port
CREATE SERVER first FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'acme_url', requests_per_second '0');
CREATE SERVER second FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'beta_url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER first OPTIONS (access_token 'acme-token');
CREATE USER MAPPING FOR CURRENT_USER SERVER second OPTIONS (access_token 'beta-token');
CREATE TABLE list (account text, id bigint, name text, type text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE list_acme PARTITION OF list FOR VALUES IN ('acme') SERVER first;
CREATE FOREIGN TABLE list_beta PARTITION OF list FOR VALUES IN ('beta') SERVER second;
ALTER FOREIGN TABLE list_acme ALTER account OPTIONS (ADD constant 'acme');
ALTER FOREIGN TABLE list_beta ALTER account OPTIONS (ADD constant 'beta');
SELECT count(*) FROM list;
\! emulator wire --accounts | sort
SELECT count(*) FROM list WHERE account = 'beta';
\! emulator wire --accounts
SELECT account, name FROM list WHERE id = 5223;
\! emulator wire --accounts | sort
SELECT name FROM list WHERE account = 'acme' AND id = 5223;
\! emulator wire --accounts
SELECT name FROM list WHERE id = 5223 AND id = 6223;
SELECT name FROM list WHERE account = 'gamma';
\! emulator wire --accounts
-- Not known when the plan is made.
SET plan_cache_mode = force_generic_plan;
PREPARE of_account(text, bigint) AS SELECT name FROM list WHERE account = $1 AND id = $2;
EXECUTE of_account('beta', 6223);
EXECUTE of_account('gamma', 6223);
EXECUTE of_account('beta', NULL);
\! emulator wire --accounts
DEALLOCATE ALL;
RESET plan_cache_mode;
-- Joins.
CREATE TABLE deal AS SELECT text 'acme' AS account, bigint '5223' AS list;
ANALYZE deal;
SELECT name FROM deal JOIN list ON id = list;
\! emulator wire --accounts | sort
SELECT name FROM deal d JOIN list l ON l.account = d.account AND id = d.list;
\! emulator wire --accounts
INSERT INTO deal SELECT 'beta', 6000 + i FROM generate_series(1, 1000) i;
ANALYZE deal;
SELECT name FROM deal JOIN list ON id = list ORDER BY name;
\! emulator wire --accounts | sort
-- Writes.
UPDATE list SET name = 'Cars 2' WHERE account = 'acme' AND id = 5223;
\! emulator wire --accounts
DELETE FROM list WHERE account = 'beta' AND type = 'invoices';
\! emulator wire --accounts
INSERT INTO list (account, name) VALUES ('acme', 'a'), ('acme', 'b');
\! emulator wire --accounts

SET client_min_messages = warning;
DROP TABLE list, deal, one, two, many;
DROP EXTENSION catalogs_fdw CASCADE;
