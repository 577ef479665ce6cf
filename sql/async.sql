-- Foreign partitions are scanned side by side; whatever is done with the rows,
-- they are the same as one after the other.
\i sql/include/accounts.sql
CREATE TABLE list (account text, id bigint, name text, type text, sort integer)
    PARTITION BY LIST (account);
CREATE FOREIGN TABLE list_main PARTITION OF list FOR VALUES IN ('main') SERVER main;
CREATE FOREIGN TABLE list_acme PARTITION OF list FOR VALUES IN ('acme') SERVER acme;
CREATE FOREIGN TABLE list_beta PARTITION OF list FOR VALUES IN ('beta') SERVER beta;
ALTER FOREIGN TABLE list_main ALTER account OPTIONS (ADD constant 'main');
ALTER FOREIGN TABLE list_acme ALTER account OPTIONS (ADD constant 'acme');
ALTER FOREIGN TABLE list_beta ALTER account OPTIONS (ADD constant 'beta');
CREATE TABLE wanted (place int, account text, sort int);
INSERT INTO wanted VALUES (1, 'beta', 10), (2, 'acme', 10), (3, 'beta', 20), (4, NULL, 20), (5, 'beta', 20);
ANALYZE wanted;

EXPLAIN (VERBOSE, COSTS OFF) SELECT account, name FROM list;
SELECT account, id, name FROM list ORDER BY id;
\! emulator wire --accounts | sort
SELECT account, count(*) FROM list WHERE sort > 10 GROUP BY account ORDER BY account;
SELECT count(*) FROM list;
\! emulator wire --accounts | sort

-- Where rows come from.
SELECT tableoid::regclass, (ctid::text::point)[0], id FROM list WHERE sort = 10 ORDER BY id;
SELECT l FROM list l WHERE type = 'invoices' ORDER BY id;
\! emulator wire --accounts | sort

-- Partitions that cannot have a row are not asked: seen when the statement is
-- planned, when it begins, or while it runs.
SELECT id FROM list WHERE account = 'acme' ORDER BY id;
\! emulator wire --accounts | sort
PREPARE of_accounts(text, text) AS SELECT id FROM list WHERE account IN ($1, $2) ORDER BY id;
SET plan_cache_mode = force_generic_plan;
EXECUTE of_accounts('acme', 'beta');
EXECUTE of_accounts('gamma', 'beta');
EXECUTE of_accounts('gamma', 'delta');
\! emulator wire --accounts | sort
RESET plan_cache_mode;
DEALLOCATE of_accounts;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
EXPLAIN (COSTS OFF)
    SELECT place, (SELECT count(*) FROM list l
        WHERE l.account IN (w.account, 'main') AND l.sort = w.sort) FROM wanted w;
SELECT place, (SELECT string_agg(id::text, ' ' ORDER BY id) FROM list l
    WHERE l.account IN (w.account, 'main') AND l.sort = w.sort) FROM wanted w ORDER BY place;
\! emulator wire --accounts | sort

-- Run again: as the inner side of a join, by id, and left in the middle.
SELECT place, l.id FROM wanted w LEFT JOIN list l ON l.sort = w.sort ORDER BY 1, 2;
\! emulator wire --accounts | sort
SELECT w.place, l.id FROM wanted w LEFT JOIN LATERAL
    (SELECT id FROM list WHERE id = 4222 + 1000 * w.place OFFSET 0) l ON true ORDER BY 1, 2;
\! emulator wire --accounts | sort
SELECT place, (SELECT count(*) FROM (SELECT FROM list WHERE sort >= place LIMIT place) x) FROM wanted ORDER BY place;
\! emulator wire --accounts | sort
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_memoize;

-- Joined with itself, and below other Appends.
SELECT a.account, b.account, a.id, b.id FROM list a JOIN list b ON a.type = b.type AND a.id < b.id ORDER BY 3, 4;
SELECT count(*) FROM list a WHERE sort = (SELECT max(sort) FROM list b WHERE a.account = b.account);
\! emulator wire > /dev/null
SELECT account, name FROM list WHERE sort = 10
    UNION ALL SELECT account, name FROM list WHERE type = 'invoices'
    UNION ALL SELECT 'wanted', account FROM wanted WHERE sort = 10 ORDER BY 1, 2;
SELECT count(*) FROM (SELECT id FROM list UNION SELECT id FROM list_main) x;
\! emulator wire > /dev/null
SELECT account, id FROM list WHERE EXISTS
    (SELECT FROM list other WHERE other.type = list.type AND other.id <> list.id) ORDER BY id;
\! emulator wire > /dev/null

-- A condition that scans accounts itself, while others are waited for.
CREATE FUNCTION next_sort(text, int) RETURNS bigint LANGUAGE plpgsql AS
    'BEGIN RETURN (SELECT min(id) FROM list WHERE account IN ($1, ''main'') AND sort > $2); END';
SELECT account, id, next_sort(account, sort) FROM list WHERE next_sort(account, sort) > 4230 ORDER BY id;
\! emulator wire > /dev/null

-- LIMIT takes what comes; the rest is not waited for.
SELECT count(*) FROM (SELECT FROM list LIMIT 3) x;
SELECT id FROM list ORDER BY id LIMIT 2;
\! emulator wire > /dev/null

-- Cursors: several at a time, left in the middle, beside other statements.
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM list;
DECLARE b CURSOR FOR SELECT id FROM list WHERE sort >= 20;
MOVE 2 FROM a;
MOVE 2 FROM b;
SELECT count(*) FROM list;
MOVE ALL FROM a;
SAVEPOINT s;
DECLARE c CURSOR FOR SELECT id FROM list;
MOVE 1 FROM c;
SELECT 1 / 0;
ROLLBACK TO s;
MOVE ALL FROM b;
CLOSE a;
DECLARE d CURSOR WITH HOLD FOR SELECT id FROM list ORDER BY id;
FETCH 1 FROM d;
COMMIT;
FETCH 2 FROM d;
CLOSE d;
DECLARE e SCROLL CURSOR WITH HOLD FOR SELECT id FROM list ORDER BY id;
FETCH LAST FROM e;
FETCH PRIOR FROM e;
CLOSE e;
\! emulator wire > /dev/null

-- The transaction's own changes.
BEGIN;
INSERT INTO list (account, name) VALUES ('acme', 'Books'), ('beta', 'Films');
UPDATE list SET name = lower(name) WHERE sort = 10;
DELETE FROM list WHERE type = 'invoices';
SELECT account, id, name FROM list ORDER BY account, id;
UPDATE list SET name = name || '!' WHERE id IS NULL;
SELECT account, id, name FROM list WHERE id IS NULL ORDER BY account;
\! emulator wire --count
COMMIT;
\! emulator wire --accounts --keep --account main; emulator wire --accounts --keep --account acme; emulator wire --accounts --account beta
SELECT account, id, name FROM list ORDER BY account, id;
\! emulator reset
\! emulator wire > /dev/null

-- One that fails fails the statement; what had been asked for is forgotten.
\! emulator fault status code=503 on=GET account=beta times=4
SELECT account, id, name FROM list ORDER BY id;
\echo :LAST_ERROR_SQLSTATE
SELECT count(*) FROM list;
DO $$
BEGIN
    PERFORM id / (sort - 20) FROM list;
EXCEPTION WHEN division_by_zero THEN
    RAISE NOTICE '% lists', (SELECT count(*) FROM list);
END
$$;
\! emulator wire > /dev/null

-- Off: one after the other, in their order; for a server, or for a table.
ALTER SERVER beta OPTIONS (ADD async_capable 'false');
ALTER FOREIGN TABLE list_acme OPTIONS (ADD async_capable 'false');
EXPLAIN (COSTS OFF) SELECT id FROM list;
SELECT id FROM list ORDER BY id;
\! emulator wire --accounts | sort
ALTER FOREIGN TABLE list_beta OPTIONS (ADD async_capable 'true');
ALTER FOREIGN TABLE list_acme OPTIONS (SET async_capable 'true');
EXPLAIN (COSTS OFF) SELECT id FROM list;
SET enable_async_append = off;
EXPLAIN (COSTS OFF) SELECT id FROM list;
SELECT id FROM list;
\! emulator wire --accounts
RESET enable_async_append;

-- With partitions of other kinds: a local one, and two of the same account.
CREATE TABLE list_local PARTITION OF list FOR VALUES IN ('local');
INSERT INTO list_local SELECT 'local', n FROM generate_series(1, 3) n;
CREATE FOREIGN TABLE list_twin PARTITION OF list FOR VALUES IN ('twin') SERVER acme;
ALTER FOREIGN TABLE list_twin ALTER account OPTIONS (ADD constant 'twin');
ANALYZE list_local;
EXPLAIN (COSTS OFF) SELECT account, id FROM list;
SELECT account, id FROM list ORDER BY account, id;
\! emulator wire > /dev/null

-- What EXPLAIN counts.
CREATE FUNCTION analyzed(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
        -- PostgreSQL 18 counts rows in hundredths
        line := regexp_replace(line, 'rows=(\d+)\.00', 'rows=\1');
        RETURN NEXT regexp_replace(line, '(Bytes Received: ).*', '\1N');
    END LOOP;
END
$$;
SELECT * FROM analyzed('SELECT id FROM list WHERE sort > 10 OR sort IS NULL');
DROP FUNCTION analyzed;

DROP FUNCTION next_sort;
DROP TABLE wanted;
DROP TABLE list;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
