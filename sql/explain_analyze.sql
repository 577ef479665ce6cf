-- EXPLAIN (ANALYZE) shows what each node has sent.
\i sql/include/account.sql
CREATE TABLE wanted AS SELECT n, CASE n % 2 WHEN 0 THEN bigint '4223' ELSE 4230 END AS list FROM generate_series(1, 6) n;
ANALYZE wanted;
-- The plan, without how many bytes came; a condition of two columns is written in
-- either order.
CREATE FUNCTION analyzed(query text, options text DEFAULT '') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF %s) %s', options, query) LOOP
        -- PostgreSQL 18 counts rows in hundredths, and tells more of a node
        line := regexp_replace(line, '(rows=|Rows\W+)(\d+)\.00', '\1\2', 'g');
        line := regexp_replace(line, '\n[^\n]*Disabled[^\n]*', '', 'g');
        CONTINUE WHEN line ~ '^ *(Output:|Storage:|Filter: .*wanted)';
        RETURN NEXT regexp_replace(line, '(Bytes Received\W+)[1-9]\d*', '\1N');
    END LOOP;
END
$$;

-- A scan; what came is all that there is.
SELECT * FROM analyzed('SELECT name FROM catalogs');
SELECT * FROM analyzed('SELECT name FROM catalogs WHERE id = 4223');
\! emulator wire
-- Nothing was asked for.
SELECT * FROM analyzed('SELECT name FROM catalogs WHERE id IS NULL');
PREPARE by_id(bigint) AS SELECT name FROM catalogs WHERE id = $1;
SET plan_cache_mode = force_generic_plan;
SELECT * FROM analyzed('EXECUTE by_id(NULL)');
RESET plan_cache_mode;
DEALLOCATE by_id;
SELECT * FROM analyzed('SELECT name FROM catalogs LIMIT 0');
SELECT * FROM analyzed('SELECT name FROM wanted JOIN catalogs ON id = list WHERE n = 0');
\! emulator wire
-- LIMIT.
SELECT * FROM analyzed('SELECT name FROM catalogs LIMIT 1');
\! emulator wire
-- Nor is it without ANALYZE, and nothing is shown.
EXPLAIN (COSTS OFF) SELECT name FROM catalogs;
EXPLAIN (COSTS OFF) INSERT INTO catalogs (name) VALUES ('Books');
\! emulator wire

-- The sum of all loops.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_memoize = off;
SET enable_material = off;
SELECT * FROM analyzed('SELECT n, (SELECT name FROM catalogs WHERE id = list) FROM wanted');
\! emulator wire
SELECT * FROM analyzed('SELECT n, name FROM wanted, LATERAL (SELECT name FROM catalogs WHERE sort > n OFFSET 0) c');
\! emulator wire
-- A scan that reads another's reply has sent nothing.
SELECT * FROM analyzed('SELECT a.name FROM catalogs a LEFT JOIN catalogs b ON b.sort = a.sort + 10');
\! emulator wire
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_memoize;
RESET enable_material;

-- With VERBOSE, what and how much.
SELECT * FROM analyzed('SELECT name FROM catalogs WHERE id = 4223', ', VERBOSE');
-- In other formats: all numbers, also those that are 0.
SELECT * FROM analyzed('SELECT name FROM catalogs WHERE id = 4223', ', FORMAT JSON');
SELECT * FROM analyzed('SELECT name FROM catalogs WHERE id IS NULL', ', FORMAT XML');
SELECT * FROM analyzed('SELECT name FROM catalogs WHERE id = 4223', ', FORMAT YAML');
\! emulator wire > /dev/null

-- The bytes are those of the bodies, after decompression: what max_response_size bounds.
CREATE FUNCTION bytes(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
    RETURN jsonb_path_query(plan, 'strict $.**."Catalogs Bytes Received"');
END
$$;
SELECT bytes('SELECT FROM catalogs') AS plain \gset
\! emulator set compress=gzip_always
SELECT bytes('SELECT FROM catalogs') AS compressed \gset
SELECT :plain > 1000 AS some, :plain = :compressed AS same;
\! emulator reset
\set enough :plain B
ALTER SERVER acme OPTIONS (ADD max_response_size :'enough');
SELECT bytes('SELECT FROM catalogs') = :plain AS same;
SELECT :plain - 1 AS less \gset
\set less :less B
ALTER SERVER acme OPTIONS (SET max_response_size :'less');
SELECT bytes('SELECT FROM catalogs');
ALTER SERVER acme OPTIONS (DROP max_response_size);
\! emulator wire > /dev/null

-- What is kept until COMMIT is not sent within EXPLAIN.
BEGIN;
SELECT * FROM analyzed('INSERT INTO catalogs (name) VALUES (''Books''), (''Films'')');
SELECT * FROM analyzed('UPDATE catalogs SET name = upper(name) WHERE id = 4223');
SELECT * FROM analyzed('DELETE FROM catalogs WHERE id = 4223', ', FORMAT JSON');
\! emulator wire
ROLLBACK;
\! emulator wire
-- RETURNING sends a row at once, and asks for what the account has assigned.
SELECT * FROM analyzed('INSERT INTO catalogs (name) VALUES (''Books''), (''Films'') RETURNING id');
\! emulator wire
SELECT * FROM analyzed('INSERT INTO catalogs (name) VALUES (''Songs'') RETURNING created_by');
\! emulator wire
-- So does a trigger that may read it.
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER look AFTER INSERT ON catalogs FOR EACH ROW EXECUTE FUNCTION look();
SELECT * FROM analyzed('INSERT INTO catalogs (name) SELECT ''Maps''', ', FORMAT YAML');
\! emulator wire
DROP TRIGGER look ON catalogs;
DROP FUNCTION look;
-- At the end of the statement: what it has changed is in it.
ALTER FOREIGN TABLE catalogs OPTIONS (ADD write_mode 'immediate', ADD batch_size '2');
BEGIN;
SELECT * FROM analyzed('INSERT INTO catalogs (name) SELECT ''List '' || n FROM generate_series(1, 5) n');
\! emulator wire
SELECT * FROM analyzed('UPDATE catalogs SET type = ''products'' WHERE name LIKE ''List%''');
SELECT * FROM analyzed('WITH gone AS (DELETE FROM catalogs WHERE name LIKE ''List%'' RETURNING name) INSERT INTO wanted SELECT 7, 8 FROM gone');
\! emulator wire --summary
COMMIT;
\! emulator wire
-- It sends nothing without ANALYZE.
EXPLAIN (COSTS OFF) DELETE FROM catalogs;
\! emulator wire
-- A change without a scan.
ALTER FOREIGN TABLE catalogs OPTIONS (ADD verify_rows 'false');
SELECT * FROM analyzed('UPDATE catalogs SET name = ''x'' WHERE id IN (4222, 4223, 4230)');
\! emulator wire
ALTER FOREIGN TABLE catalogs OPTIONS (DROP write_mode);
BEGIN;
SELECT * FROM analyzed('DELETE FROM catalogs WHERE id = 4223', ', VERBOSE');
ROLLBACK;
\! emulator wire
ALTER FOREIGN TABLE catalogs OPTIONS (ADD write_mode 'immediate', DROP verify_rows, DROP batch_size);
\! emulator reset

-- A write that is sent again.
\! emulator fault status code=503 on=POST times=2
SELECT * FROM analyzed('UPDATE catalogs SET name = ''Goods'' WHERE id = 4223');
\! emulator wire
-- A login is a request, too, and a session that has expired costs two more.  How
-- many bytes a login has would tell how long the key is.
CREATE SERVER login FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER login OPTIONS (login 'robot@example.com', api_key 'main-key');
CREATE FOREIGN TABLE by_login (id bigint, name text) SERVER login OPTIONS (write_mode 'immediate');
SELECT * FROM analyzed('SELECT name FROM by_login');
SELECT * FROM analyzed('SELECT name FROM by_login');
\! emulator wire
\! emulator expire
SELECT * FROM analyzed('SELECT name FROM by_login');
\! emulator wire
\! emulator expire
SELECT * FROM analyzed('INSERT INTO by_login (name) VALUES (''Books'')');
\! emulator wire

-- Several accounts at once: each scan has its own.
\set acme_url http://acme.localhost: :port
CREATE SERVER first FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'acme_url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER first OPTIONS (access_token 'acme-token');
CREATE TABLE list (account text, id bigint, name text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE list_main PARTITION OF list FOR VALUES IN ('main') SERVER acme;
CREATE FOREIGN TABLE list_acme PARTITION OF list FOR VALUES IN ('acme') SERVER first;
CREATE TABLE list_local PARTITION OF list FOR VALUES IN ('local');
ALTER FOREIGN TABLE list_main ALTER account OPTIONS (ADD constant 'main');
ALTER FOREIGN TABLE list_acme ALTER account OPTIONS (ADD constant 'acme');
SELECT * FROM analyzed('SELECT name FROM list');
\! emulator wire --accounts | sort
-- Pruned while it runs.
SET plan_cache_mode = force_generic_plan;
PREPARE of_account(text) AS SELECT name FROM list WHERE account = $1;
SELECT * FROM analyzed('EXECUTE of_account(''acme'')');
\! emulator wire --accounts
SELECT * FROM analyzed('SELECT name FROM list WHERE account = (SELECT ''acme'')') line
    WHERE line !~ 'Filter|InitPlan';
\! emulator wire --accounts
-- Beside parallel workers.
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
INSERT INTO list_local SELECT 'local', n, 'Draft' FROM generate_series(1, 1000) n;
ANALYZE list_local;
SELECT * FROM analyzed('SELECT count(*) FROM list_acme a, list_local l WHERE a.id > l.id') line
    WHERE line ~ 'Gather|Catalogs|Foreign';
\! emulator wire --accounts

SET client_min_messages = warning;
DROP TABLE list, wanted;
DROP FUNCTION analyzed, bytes;
DROP EXTENSION catalogs_fdw CASCADE;
