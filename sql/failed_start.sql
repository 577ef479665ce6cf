-- A request that cannot even be started is no matter to one that is under way.
\i sql/include/account.sql
SET client_min_messages = error;
\set VERBOSITY terse
SET statement_timeout = '60s';
ALTER SERVER acme OPTIONS (ADD connect_timeout '600s', ADD request_timeout '600s');
-- libcurl takes no address that long.
CREATE FOREIGN TABLE nowhere (id bigint) SERVER acme;
DO $$
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE nowhere OPTIONS (ADD path %L)', '/' || repeat('x', 8000001));
END
$$;
-- By the third request over a connection, it is waited for alone.
SELECT count(*) FROM catalogs;
SELECT count(*) FROM catalogs;
\! emulator fault slow on=GET ms=5 bytes=50
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
SAVEPOINT a;
SELECT * FROM nowhere;
\echo :SQLSTATE
ROLLBACK TO a;
FETCH ALL FROM c;
COMMIT;
SELECT count(*) FROM catalogs;
-- Nor to the next ones.
SELECT * FROM nowhere;
SELECT count(*) FROM catalogs;
SELECT count(*) FROM catalogs;

DROP EXTENSION catalogs_fdw CASCADE;
