-- How much a transaction may change, what it costs, and what it refuses.
\i sql/include/account.sql

--
-- catalogs_fdw.max_pending_changes
--
SHOW catalogs_fdw.max_pending_changes;
SET catalogs_fdw.max_pending_changes = 0;
SET catalogs_fdw.max_pending_changes = 3;
-- as many as that
INSERT INTO catalogs (name) VALUES ('one'), ('two'), ('three');
\! emulator wire
-- one more
INSERT INTO catalogs (name) VALUES ('four'), ('five'), ('six'), ('seven');
\echo :SQLSTATE
\! emulator wire
BEGIN;
INSERT INTO catalogs (name) VALUES ('four');
UPDATE catalogs SET name = 'five' WHERE id = 4223;
DELETE FROM catalogs WHERE id = 4222;
SAVEPOINT a;
UPDATE catalogs SET name = 'x' WHERE id = 4230;
\echo :SQLSTATE
ROLLBACK TO a;
DELETE FROM catalogs WHERE id = 4230;
\echo :SQLSTATE
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('x');
\echo :SQLSTATE
ROLLBACK TO a;
-- What is there already still goes out, and nothing else.
SELECT id, name FROM catalogs;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset
-- Changes that a savepoint took with it do not count, and neither do those of
-- the transaction before.
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('one'), ('two'), ('three');
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('four'), ('five'), ('six');
ROLLBACK;
INSERT INTO catalogs (name) VALUES ('one'), ('two'), ('three');
\! emulator reset
-- Nor do those that have been sent: they are pending no more.
BEGIN;
INSERT INTO catalogs (name) VALUES ('one'), ('two'), ('three');
SELECT count(*) FROM catalogs_fdw_flush('acme');
INSERT INTO catalogs (name) VALUES ('four'), ('five'), ('six');
\echo :SQLSTATE
COMMIT;
\! emulator reset
-- Nor do those that come to nothing, once that has been seen.
BEGIN;
INSERT INTO catalogs (name) VALUES ('one');
DELETE FROM catalogs WHERE name = 'one';
SELECT count(*) FROM catalogs_fdw_flush('acme');
INSERT INTO catalogs (name) VALUES ('two'), ('three'), ('four');
SELECT count(*) FROM catalogs_fdw_flush('acme');
UPDATE catalogs SET name = name WHERE id = 5001;
SELECT count(*) FROM catalogs_fdw_flush('acme');
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('five'), ('six'), ('seven');
\echo :SQLSTATE
INSERT INTO catalogs (name) VALUES ('eight');
\echo :SQLSTATE
ROLLBACK;
\! emulator reset
-- The session goes on.
RESET catalogs_fdw.max_pending_changes;
SELECT count(*) FROM catalogs;
\! emulator reset

--
-- A thousand INSERTs of one row are twenty requests at COMMIT,
--
CREATE PROCEDURE add_thousand() LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..1000 LOOP
        INSERT INTO catalogs (name) VALUES ('List ' || i);
    END LOOP;
END $$;
BEGIN;
CALL add_thousand();
\! emulator wire
COMMIT;
\! emulator wire --count
SELECT count(*), count(DISTINCT name), count(DISTINCT id)
    FROM catalogs WHERE name LIKE 'List %';
-- in their order
SELECT bool_and(name = 'List ' || id - 5000) FROM catalogs WHERE id > 5000;
\! emulator reset
-- and none at ROLLBACK.
BEGIN;
CALL add_thousand();
ROLLBACK;
\! emulator wire
-- UPDATE and DELETE likewise
\! emulator add-many 1000
BEGIN;
UPDATE catalogs SET type = 'x' WHERE id > 10000000;
COMMIT;
\! emulator wire --count
DELETE FROM catalogs WHERE id > 10000000;
\! emulator wire --count
\! emulator reset

--
-- The journal's memory goes with the transaction.
--
CREATE FUNCTION journals() RETURNS bigint LANGUAGE sql AS
    $$ SELECT count(*) FROM pg_backend_memory_contexts
       WHERE name = 'catalogs_fdw ledger' $$;
SELECT journals();
BEGIN;
SELECT journals();
CALL add_thousand();
SELECT journals();
COMMIT;
SELECT journals();
BEGIN;
CALL add_thousand();
SELECT verb, id FROM catalogs_fdw_flush('acme') LIMIT 1;
SELECT journals();
ROLLBACK;
SELECT journals();
BEGIN;
CALL add_thousand();
SELECT 1 / 0;
ROLLBACK;
SELECT journals();
-- Nothing else of a transaction is left either: a second one needs no more.
CREATE FUNCTION memory() RETURNS bigint LANGUAGE sql AS
    $$ SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts
       WHERE name LIKE 'catalogs_fdw%' $$;
SELECT memory() AS before \gset
CALL add_thousand();
BEGIN;
CALL add_thousand();
ROLLBACK;
SELECT memory() <= :before AS no_more;
DROP FUNCTION journals, memory;
\! emulator reset

--
-- PREPARE TRANSACTION
--
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
PREPARE TRANSACTION 'catalogs';
\echo :SQLSTATE
\! emulator wire
-- after an early send that is taken back
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
PREPARE TRANSACTION 'catalogs';
\echo :SQLSTATE
\! emulator wire
-- and after one that a savepoint has taken with it, which is still to be told
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
ROLLBACK TO a;
PREPARE TRANSACTION 'catalogs';
\echo :SQLSTATE
\! emulator wire
\! emulator reset

--
-- Parallel query: what the transaction has changed is seen.
--
CREATE TABLE numbers (n bigint);
INSERT INTO numbers SELECT i % 10 + 4222 FROM generate_series(1, 5000) i;
ANALYZE numbers;
BEGIN;
SELECT set_config(name, 'on', true) AS parallel FROM pg_settings
    WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
DELETE FROM catalogs WHERE id = 4222;
INSERT INTO catalogs (name) VALUES ('Books');
SELECT id, name FROM catalogs;
SELECT c.id, c.name, count(*) FROM numbers JOIN catalogs c ON c.id = n
    GROUP BY 1, 2 ORDER BY 1;
SELECT relation, verb, id FROM catalogs_fdw_pending;
UPDATE catalogs SET type = 'x' WHERE id IN (SELECT n FROM numbers);
-- there were workers in it
DO $$
DECLARE line text;
BEGIN
    FOR line IN EXPLAIN SELECT c.id, count(*)
        FROM numbers JOIN catalogs c ON c.id = n GROUP BY 1 LOOP
        IF line ~ 'Workers Planned' THEN
            RAISE NOTICE 'workers are planned';
        END IF;
    END LOOP;
END $$;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
-- No worker writes.
CREATE FUNCTION add_list(n bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
    INSERT INTO catalogs (name) VALUES ('List ' || n);
    RETURN n;
END $$;
BEGIN;
SELECT set_config(name, 'on', true) AS parallel FROM pg_settings
    WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
\set VERBOSITY terse
SELECT count(add_list(n)) FROM numbers;
\set VERBOSITY default
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
DROP FUNCTION add_list;
DROP TABLE numbers;
DROP PROCEDURE add_thousand;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
