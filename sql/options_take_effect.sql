-- An option does what it says, from the next statement on, in sessions that are
-- open and in plans that are made.
\getenv https_port CATALOGS_HTTPS_PORT
\getenv ca_file CATALOGS_CA_FILE
\set options ', max_retries ''0'''
\i sql/include/account.sql

-- url
SET plan_cache_mode = force_generic_plan;
PREPARE all_lists AS SELECT id, name FROM catalogs ORDER BY id;
EXECUTE all_lists;
\set url http://acme.localhost: :port
ALTER SERVER acme OPTIONS (SET url :'url');
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET access_token 'acme-token');
EXECUTE all_lists;
-- A cursor that is open ends where it began.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
\set url http://beta.localhost: :port
ALTER SERVER acme OPTIONS (SET url :'url');
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET access_token 'beta-token');
EXECUTE all_lists;
FETCH 1 FROM c;
ROLLBACK;
EXECUTE all_lists;
\! emulator wire --accounts
-- Another session changes it.
\setenv PGDATABASE :DBNAME
\! psql -Xq -c "ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET access_token 'main-token')" -c "ALTER SERVER acme OPTIONS (SET url 'http://127.0.0.1:$CATALOGS_HTTP_PORT')"
EXECUTE all_lists;
\set url http://localhost: :port /
ALTER SERVER acme OPTIONS (SET url :'url');
EXECUTE all_lists;
\! emulator wire --accounts

-- The server's name is in every error, and it may change.
ALTER SERVER acme RENAME TO "The company";
\! emulator fault empty_200
EXECUTE all_lists;
ALTER SERVER "The company" RENAME TO acme;
\! emulator fault empty_200
EXECUTE all_lists;
\! emulator wire

-- path
ALTER FOREIGN TABLE catalogs OPTIONS (ADD path '/api/v2/unknown');
EXECUTE all_lists;
\echo :SQLSTATE
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
ALTER FOREIGN TABLE catalogs OPTIONS (SET path '/api/v2/catalogs');
SELECT name FROM catalogs WHERE id = 4223;
ALTER FOREIGN TABLE catalogs OPTIONS (DROP path);
\! emulator wire

-- column_name, of a table that a plan has been made for
ALTER FOREIGN TABLE catalogs ALTER COLUMN name OPTIONS (ADD column_name 'type');
EXECUTE all_lists;
ALTER FOREIGN TABLE catalogs ALTER COLUMN name OPTIONS (ADD constant 'a name', DROP column_name);
EXECUTE all_lists;
ALTER FOREIGN TABLE catalogs ALTER COLUMN name OPTIONS (DROP constant);
DEALLOCATE all_lists;
RESET plan_cache_mode;
\! emulator wire --count

-- batch_size: the server's, and the table's
ALTER SERVER acme OPTIONS (ADD batch_size '2');
PREPARE five AS INSERT INTO catalogs (name) SELECT 'List ' || i FROM generate_series(1, 5) i;
EXECUTE five;
\! emulator wire --summary
ALTER FOREIGN TABLE catalogs OPTIONS (ADD batch_size '4');
EXECUTE five;
\! emulator wire --summary
ALTER SERVER acme OPTIONS (DROP batch_size);
ALTER FOREIGN TABLE catalogs OPTIONS (DROP batch_size);
EXECUTE five;
\! emulator wire --summary
DEALLOCATE five;
\! emulator reset

-- updatable and truncatable: the server's, and the table's
ALTER SERVER acme OPTIONS (ADD updatable 'false', ADD truncatable 'false');
INSERT INTO catalogs (name) VALUES ('Books');
\echo :SQLSTATE
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\echo :SQLSTATE
DELETE FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
TRUNCATE catalogs;
\echo :SQLSTATE
COPY catalogs (name) FROM stdin;
Books
\.
\echo :SQLSTATE
SELECT is_insertable_into FROM information_schema.tables WHERE table_name = 'catalogs';
ALTER FOREIGN TABLE catalogs OPTIONS (ADD updatable 'true');
TRUNCATE catalogs;
\! emulator wire
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
SELECT is_insertable_into FROM information_schema.tables WHERE table_name = 'catalogs';
\! emulator wire
ALTER SERVER acme OPTIONS (DROP updatable, DROP truncatable);
ALTER FOREIGN TABLE catalogs OPTIONS (SET updatable 'false');
DELETE FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs WHERE id = 4223;
ALTER FOREIGN TABLE catalogs OPTIONS (DROP updatable, ADD truncatable 'false');
TRUNCATE catalogs;
DELETE FROM catalogs WHERE id = 4223;
ALTER FOREIGN TABLE catalogs OPTIONS (DROP truncatable);
\! emulator wire
\! emulator reset

-- max_response_size: of the reply after decompression, whatever it is
ALTER SERVER acme OPTIONS (ADD max_response_size '600B');
\set VERBOSITY terse
SELECT name FROM catalogs WHERE id = 4223;
SELECT count(*) FROM catalogs;
\echo :SQLSTATE
\! emulator set compress=gzip_always
SELECT count(*) FROM catalogs;
\echo :SQLSTATE
\! emulator unset compress
\! emulator fault status code=500 "body=text:$(printf '%0601d' 0)"
SELECT count(*) FROM catalogs;
\echo :SQLSTATE
\! emulator fault huge
SELECT count(*) FROM catalogs;
\echo :SQLSTATE
\! emulator fault bomb bytes=100M
SELECT count(*) FROM catalogs;
\echo :SQLSTATE
-- To the byte.
\! emulator fault body text='{"_embedded":{"items":[{"id":1},{"id":12}]}}' times=2
ALTER SERVER acme OPTIONS (SET max_response_size '44B');
SELECT id FROM catalogs;
ALTER SERVER acme OPTIONS (SET max_response_size '43B');
SELECT id FROM catalogs;
\echo :SQLSTATE
\set VERBOSITY default
ALTER SERVER acme OPTIONS (DROP max_response_size);
SELECT count(*) FROM catalogs;
\! emulator wire --count

-- keep_connections
\! emulator reset
SELECT name FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs WHERE id = 4222;
ALTER SERVER acme OPTIONS (ADD keep_connections 'false');
SELECT name FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs WHERE id = 4222;
BEGIN;
SELECT name FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs WHERE id = 4222;
COMMIT;
ALTER SERVER acme OPTIONS (SET keep_connections 'true');
SELECT name FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs WHERE id = 4222;
\! emulator wire --connections
ALTER SERVER acme OPTIONS (DROP keep_connections);

-- proxy: the emulator, which is none and says so, shows what it was asked for
\set proxy http://127.0.0.1: :port
ALTER SERVER acme OPTIONS (SET url 'http://acme.amocrm.ru', ADD proxy :'proxy');
\set VERBOSITY terse
SELECT name FROM catalogs WHERE id = 4223;
\set VERBOSITY default
\! emulator wire
\set url http://127.0.0.1: :port
ALTER SERVER acme OPTIONS (SET url :'url', DROP proxy);
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire

-- ca_file and ssl_verify
\set url https://localhost: :https_port
ALTER SERVER acme OPTIONS (SET url :'url');
\set VERBOSITY terse
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
ALTER SERVER acme OPTIONS (ADD ca_file :'ca_file');
SELECT name FROM catalogs WHERE id = 4223;
\! emulator set certificate=wrong_host
ALTER SERVER acme OPTIONS (ADD request_timeout '10s');
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
ALTER SERVER acme OPTIONS (ADD ssl_verify 'false', DROP ca_file);
SELECT name FROM catalogs WHERE id = 4223;
ALTER SERVER acme OPTIONS (SET ssl_verify 'true', ADD ca_file '/no/such/file');
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\set VERBOSITY default
\! emulator wire
\! emulator reset
\set url http://127.0.0.1: :port
ALTER SERVER acme OPTIONS (SET url :'url', DROP ssl_verify, DROP ca_file, DROP request_timeout);

-- fdw_startup_cost and fdw_tuple_cost: what a request, and a list, cost
SET enable_memoize = off;
CREATE TABLE wanted AS SELECT 4222 AS list FROM generate_series(1, 3);
ANALYZE wanted;
EXPLAIN (COSTS OFF) SELECT name FROM wanted JOIN catalogs ON id = list \g |grep -v Filter
ALTER SERVER acme OPTIONS (ADD fdw_startup_cost '0', ADD fdw_tuple_cost '100');
EXPLAIN (COSTS OFF) SELECT name FROM wanted JOIN catalogs ON id = list \g |grep -v Filter
ALTER SERVER acme OPTIONS (SET fdw_startup_cost '1000000', SET fdw_tuple_cost '0');
EXPLAIN (COSTS OFF) SELECT name FROM wanted JOIN catalogs ON id = list \g |grep -v Filter
DROP TABLE wanted;
RESET enable_memoize;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
