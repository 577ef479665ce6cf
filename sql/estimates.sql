-- How many lists the planner expects: what ANALYZE counted; else what the last
-- whole scan of the table in this session saw; else ten.
\i sql/include/account.sql
CREATE FUNCTION expected(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan->0->'Plan'->'Plan Rows';
END
$$;

-- Of a table that nobody has seen.
SELECT expected('SELECT FROM catalogs');
\! emulator wire
-- After a scan: what the account has, not what is left of it.
SELECT count(*) FROM catalogs WHERE type = 'invoices';
SELECT expected('SELECT FROM catalogs');
\! emulator add-many 300
SELECT expected('SELECT FROM catalogs');
SELECT count(*) FROM catalogs;
SELECT expected('SELECT FROM catalogs');
-- A scan of one list, and one that is left before its end, say nothing.
SELECT name FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs LIMIT 1;
SELECT expected('SELECT FROM catalogs');
-- An id is one row; several are no more than they are.
SELECT expected('SELECT FROM catalogs WHERE id = 4223');
SELECT expected('SELECT FROM catalogs WHERE id IN (4223, 4222, 4222)');
SELECT expected('SELECT FROM catalogs WHERE id IS NULL') < 10 AS few;
-- It is forgotten with the table's, the server's or the user mapping's change.
ALTER FOREIGN TABLE catalogs OPTIONS (ADD batch_size '20');
SELECT expected('SELECT FROM catalogs');
SELECT count(*) FROM catalogs;
SELECT expected('SELECT FROM catalogs');
ALTER SERVER acme OPTIONS (ADD batch_size '20');
SELECT expected('SELECT FROM catalogs');
SELECT count(*) FROM catalogs;
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET access_token 'main-token');
SELECT expected('SELECT FROM catalogs');
SELECT count(*) FROM catalogs;
SELECT expected('SELECT FROM catalogs');
-- Another table is another one.
CREATE FOREIGN TABLE other (id bigint) SERVER acme;
SELECT expected('SELECT FROM other');
DROP FOREIGN TABLE other;
-- Another session has not seen it.
\c -
SELECT expected('SELECT FROM catalogs');
\! emulator reset

-- ANALYZE asks once, and counts exactly.  (What else VERBOSE tells is PostgreSQL's.)
\setenv PGDATABASE :DBNAME
\! psql -X -v VERBOSITY=terse -c 'ANALYZE VERBOSE catalogs' 2>&1 | grep lists
\! emulator wire
SELECT reltuples, relpages FROM pg_class WHERE oid = 'catalogs'::regclass;
SELECT attname, n_distinct, null_frac FROM pg_stats WHERE tablename = 'catalogs' ORDER BY attname;
SELECT expected('SELECT FROM catalogs');
SELECT expected('SELECT FROM catalogs WHERE type = ''regular''');
SELECT expected('SELECT FROM catalogs WHERE type = ''invoices''');
-- It comes before what a scan has seen.
\! emulator add-many 300
SELECT count(*) FROM catalogs;
SELECT expected('SELECT FROM catalogs');
ANALYZE catalogs;
SELECT reltuples, relpages FROM pg_class WHERE oid = 'catalogs'::regclass;
SELECT expected('SELECT FROM catalogs');
\! emulator wire
-- Some columns only.
ANALYZE catalogs (name);
\! emulator wire
-- More lists than the sample holds: 300 for each unit of the target.
\! psql -X -q -v VERBOSITY=terse -c 'SET default_statistics_target = 1' -c 'ANALYZE VERBOSE catalogs' 2>&1 | grep lists
SELECT reltuples FROM pg_class WHERE oid = 'catalogs'::regclass;
SELECT n_distinct FROM pg_stats WHERE tablename = 'catalogs' AND attname = 'id';
-- The last ones, beyond the first 300, are as likely to be in it.
SELECT (histogram_bounds::text::bigint[])[2] > 10000296 AS sampled FROM pg_stats
    WHERE tablename = 'catalogs' AND attname = 'id';
\! emulator wire
-- What the transaction has not sent is not in it.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
DELETE FROM catalogs WHERE id = 4223;
ANALYZE catalogs;
SELECT reltuples FROM pg_class WHERE oid = 'catalogs'::regclass;
ROLLBACK;
\! emulator wire
-- An account without lists.
\! emulator reset --empty
\! psql -X -v VERBOSITY=terse -c 'ANALYZE VERBOSE catalogs' 2>&1 | grep lists
SELECT reltuples, relpages FROM pg_class WHERE oid = 'catalogs'::regclass;
SELECT expected('SELECT FROM catalogs');
\! emulator wire
\! emulator reset

-- The owner's user mapping is used, whoever runs it.
CREATE ROLE catalogs_owner;
GRANT USAGE ON FOREIGN SERVER acme TO catalogs_owner;
ALTER FOREIGN TABLE catalogs OWNER TO catalogs_owner;
\set VERBOSITY sqlstate
ANALYZE catalogs;
\set VERBOSITY default
\! emulator wire
CREATE USER MAPPING FOR catalogs_owner SERVER acme OPTIONS (access_token 'main-token');
ANALYZE catalogs;
\! emulator wire
ALTER FOREIGN TABLE catalogs OWNER TO CURRENT_USER;
DROP USER MAPPING FOR catalogs_owner SERVER acme;
REVOKE USAGE ON FOREIGN SERVER acme FROM catalogs_owner;
DROP ROLE catalogs_owner;

-- A value that does not fit is an error here, too; a failure of the account is one.
\set VERBOSITY default
CREATE FOREIGN TABLE narrow (id bigint, name boolean) SERVER acme;
ANALYZE narrow;
DROP FOREIGN TABLE narrow;
\! emulator fault status code=503 times=4
ANALYZE catalogs;
\echo :LAST_ERROR_SQLSTATE
\! emulator heal
\! emulator wire

-- A tree: a sample of all, and one of each.
\set VERBOSITY terse
CREATE TABLE list (account text, id bigint, name text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE list_acme PARTITION OF list FOR VALUES IN ('acme') SERVER acme;
ALTER FOREIGN TABLE list_acme ALTER account OPTIONS (ADD constant 'acme');
CREATE TABLE list_local PARTITION OF list FOR VALUES IN ('local');
INSERT INTO list_local VALUES ('local', 1, 'Draft');
ANALYZE list;
\! emulator wire
SELECT relname, reltuples FROM pg_class WHERE relname IN ('list', 'list_acme', 'list_local') ORDER BY relname;
SELECT most_common_vals, most_common_freqs FROM pg_stats WHERE tablename = 'list' AND attname = 'account';
SELECT expected('SELECT FROM list');
DROP TABLE list;

DROP FUNCTION expected;
DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
