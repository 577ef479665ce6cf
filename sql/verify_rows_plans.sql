-- verify_rows false: the plans, also of partitions, views and functions that
-- run as somebody else.
\set options ', verify_rows ''false'''
\i sql/include/account.sql

--
-- EXPLAIN shows what is sent, and that nothing is read.
--
EXPLAIN (VERBOSE, COSTS OFF) UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM catalogs WHERE id IN (4222, 4223);
EXPLAIN (COSTS OFF) DELETE FROM catalogs WHERE id = 4223;
PREPARE rename(int[]) AS UPDATE catalogs SET name = 'x' WHERE id = ANY ($1);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE rename('{4223}');
RESET plan_cache_mode;
DEALLOCATE rename;
ALTER FOREIGN TABLE catalogs
    OPTIONS (ADD write_mode 'immediate', ADD batch_size '7');
EXPLAIN (VERBOSE, COSTS OFF) DELETE FROM catalogs WHERE id = 4223;
-- With ANALYZE it is done, and counted.
CREATE FUNCTION count_of(query text) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
    RETURN QUERY SELECT jsonb_path_query(plan, '$[0].Plan.Plans[0]."Actual Rows"');
END $$;
SELECT count_of(
    'UPDATE catalogs SET name = ''x'' WHERE id IN (4222, 4223, 9999)')::int;
DROP FUNCTION count_of;
\! emulator wire
ALTER FOREIGN TABLE catalogs OPTIONS (DROP write_mode, DROP batch_size);
\! emulator reset
-- The other way
EXPLAIN (VERBOSE, COSTS OFF)
    DELETE FROM catalogs WHERE id = 4223 AND type = 'regular';

--
-- Partitions: the constant column says which account, so the condition on it
-- needs no row.
--
CREATE TABLE lists (account text, id bigint, name text, type text)
    PARTITION BY LIST (account);
CREATE FOREIGN TABLE lists_acme PARTITION OF lists FOR VALUES IN ('acme')
    SERVER acme;
ALTER FOREIGN TABLE lists_acme
    ALTER account OPTIONS (ADD constant 'acme');
CREATE TABLE lists_here PARTITION OF lists FOR VALUES IN ('here');
INSERT INTO lists VALUES ('here', 4223, 'Here');
\set QUIET off
UPDATE lists SET name = 'Goods' WHERE account = 'acme' AND id = 4223;
\! emulator wire
UPDATE lists SET name = 'of ' || account, account = 'acme'
    WHERE account = 'acme' AND id IN (4222, 4223);
\! emulator wire
DELETE FROM lists_acme WHERE account = 'here' AND id = 4223;
DELETE FROM lists_acme WHERE account || '!' = 'acme?' AND id = 4223;
\! emulator wire
DELETE FROM lists_acme WHERE account || '!' = 'acme!' AND id = 4223;
\! emulator wire
-- nothing that could be sent
UPDATE lists_acme SET account = 'acme' WHERE id = 4222;
UPDATE lists_acme SET account = 'acme' WHERE id = 9999;
\! emulator wire
\set VERBOSITY sqlstate
UPDATE lists_acme SET account = 'other', name = 'x' WHERE id = 4222;
\set VERBOSITY default
\! emulator wire
\! emulator reset
-- Where no condition says which account, the row must be looked for.
UPDATE lists SET name = 'both' WHERE id = 4223;
\! emulator wire
PREPARE rename(text, bigint) AS
    UPDATE lists SET name = 'x' WHERE account = $1 AND id = $2;
SET plan_cache_mode = force_custom_plan;
EXECUTE rename('acme', 4223);
\! emulator wire
EXECUTE rename('here', 4223);
\! emulator wire
\! emulator put '{"id": 4223, "name": "Goods"}'
SET plan_cache_mode = force_generic_plan;
EXECUTE rename('acme', 4223);
\! emulator wire
EXECUTE rename('here', 4223);
EXECUTE rename('nowhere', 4223);
\! emulator wire
RESET plan_cache_mode;
DEALLOCATE rename;
SELECT * FROM lists_here;
DROP TABLE lists;
\! emulator reset

-- A child of a table that is not partitioned
CREATE TABLE parent (id bigint, name text);
CREATE FOREIGN TABLE child (extra text OPTIONS (constant 'c'), type text)
    INHERITS (parent) SERVER acme;
UPDATE parent SET name = 'x' WHERE id = 4223;
\! emulator wire
UPDATE child SET name = extra WHERE id = 4223;
\! emulator wire
DROP TABLE parent CASCADE;
\! emulator reset

--
-- Whose user mapping: of the function's owner, of the view's owner
--
CREATE ROLE regress_catalogs_reader;
CREATE FUNCTION rename(list bigint, title text) RETURNS void
LANGUAGE sql SECURITY DEFINER
    AS 'UPDATE public.catalogs SET name = title WHERE id = list';
CREATE VIEW shown AS SELECT id, name FROM catalogs;
GRANT SELECT, UPDATE ON shown, catalogs TO regress_catalogs_reader;
SET ROLE regress_catalogs_reader;
SELECT rename(4223, 'By a function');
UPDATE shown SET name = 'By a view' WHERE id = 4222;
\! emulator wire
\set VERBOSITY sqlstate
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\set VERBOSITY default
DELETE FROM shown WHERE id = 4222;
EXPLAIN (VERBOSE, COSTS OFF) UPDATE catalogs SET name = 'x' WHERE id = 4222;
RESET ROLE;
\! emulator wire
DROP VIEW shown;
DROP FUNCTION rename;
REVOKE ALL ON catalogs FROM regress_catalogs_reader;
DROP ROLE regress_catalogs_reader;
\set QUIET on

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
