-- Ordinary queries do not cost what makes the server compile them (100,000).
\i sql/include/account.sql
CREATE TABLE t AS SELECT g AS id, 4222 + g % 10 AS cid FROM generate_series(1, 500) g;
ANALYZE t;
CREATE FUNCTION total(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan->0->'Plan'->'Total Cost';
END
$$;
-- What belongs to PostgreSQL differs a little from version to version.
CREATE FUNCTION costs_about(cost numeric, query text) RETURNS boolean LANGUAGE sql
    RETURN abs(total(query) / cost - 1) < 0.05;

-- One request; some of its lists; a single one.
EXPLAIN SELECT * FROM catalogs;
EXPLAIN SELECT * FROM catalogs WHERE type = 'regular';
EXPLAIN SELECT * FROM catalogs WHERE id = 4223;
-- A subquery for each row: one request for one list, and one for all.
SELECT costs_about(2020, 'SELECT t.id, (SELECT name FROM catalogs c WHERE c.id = t.cid) FROM t');
SELECT count(name) FROM (SELECT (SELECT name FROM catalogs c WHERE c.id = t.cid) AS name FROM t) x;
\! emulator wire
SELECT costs_about(1130, 'SELECT t.id, (SELECT count(*) FROM catalogs c WHERE c.id > t.cid) FROM t');
SELECT costs_about(65, 'SELECT t.id, name FROM t, LATERAL (SELECT name FROM catalogs c WHERE c.id = t.cid LIMIT 1) x');
SELECT costs_about(2020, 'SELECT id FROM t WHERE EXISTS (SELECT FROM catalogs c WHERE c.id = t.cid AND random() < 2)');
-- Two queries further in; and an id that is the same in all runs.
SELECT costs_about(2040, 'SELECT id, (SELECT min(x.name) FROM (SELECT (SELECT name FROM catalogs c WHERE c.id = t.cid) FROM generate_series(1, 2)) x) FROM t');
SELECT costs_about(1020, 'SELECT id, (SELECT name FROM catalogs c WHERE c.id = 4223 AND t.cid > 4223) FROM t');
-- A join: one request.
SELECT costs_about(215, 'SELECT t.id, name FROM t JOIN catalogs c ON c.id = t.cid');

-- Accounts side by side: not as many times as dear as one.
CREATE TABLE lists (account text, id bigint, name text, type text) PARTITION BY LIST (account);
SELECT set_config('test.url', :'url', false) \g /dev/null
DO $$
BEGIN
    FOR n IN 1 .. 110 LOOP
        EXECUTE format('CREATE SERVER acme_%1$s FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url %2$L, requests_per_second ''0'')', n, current_setting('test.url'));
        EXECUTE format('CREATE FOREIGN TABLE lists_%1$s PARTITION OF lists FOR VALUES IN (%1$L) SERVER acme_%1$s', n);
        EXECUTE format('ALTER FOREIGN TABLE lists_%1$s ALTER account OPTIONS (ADD constant %1$L)', n);
    END LOOP;
END
$$;
SELECT total('SELECT * FROM lists'), total('SELECT * FROM lists WHERE type = ''regular'''), total('SELECT * FROM lists WHERE id = 4223');
SELECT costs_about(3660, 'SELECT *, (SELECT min(name) FROM lists l WHERE l.id = t.cid) FROM t');
SELECT costs_about(340, 'SELECT * FROM t JOIN lists ON lists.id = t.cid');
EXPLAIN SELECT * FROM lists WHERE account IN ('1', '2', '3');
-- One after the other they are.
SET enable_async_append = off;
SELECT total('SELECT * FROM lists');
EXPLAIN SELECT * FROM lists WHERE account IN ('1', '2', '3');
RESET enable_async_append;
-- Where all of them are the same account, it is asked once.
ALTER TABLE lists DETACH PARTITION lists_110;
CREATE FOREIGN TABLE lists_again PARTITION OF lists FOR VALUES IN ('110') SERVER acme_109;
EXPLAIN SELECT * FROM lists WHERE account IN ('109', '110');
RESET enable_async_append;

-- A function of ours can be compiled into a query, though the library lets nobody
-- see those that it calls.
SET jit = on;
SET jit_above_cost = 0;
SET jit_inline_above_cost = 0;
SELECT catalogs_fdw_validator(ARRAY['url=https://acme.amocrm.ru'], 'pg_foreign_server'::regclass) FROM generate_series(1, 2);
RESET jit;

SET client_min_messages = warning;
DROP TABLE t, lists;
DROP FOREIGN TABLE lists_110;
DROP FUNCTION costs_about, total;
DROP EXTENSION catalogs_fdw CASCADE;
