-- EXPLAIN (VERBOSE) shows what would be sent, and sends nothing.
\i sql/include/account.sql
CREATE TABLE wanted (list bigint);
INSERT INTO wanted VALUES (4222);
ANALYZE wanted;

-- All lists; one, by a constant; none, by NULL.
EXPLAIN (VERBOSE, COSTS OFF) SELECT * FROM catalogs;
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM catalogs WHERE type = 'regular' ORDER BY sort;
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM catalogs WHERE id = 4223;
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM catalogs WHERE id = 4223::smallint AND sort > 7;
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM catalogs WHERE id = NULL;
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM catalogs WHERE id IN (4222, 4223);
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM catalogs WHERE id = 4223.0;

-- By a parameter: known in a custom plan, not in a generic one.
PREPARE big(bigint) AS SELECT name FROM catalogs WHERE id = $1;
SET plan_cache_mode = force_custom_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE big(4223);
SET plan_cache_mode = force_generic_plan;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE big(4223);
DEALLOCATE big;
RESET plan_cache_mode;

-- By another table's column.  (This leaves out PostgreSQL's own "Output:", and what
-- it writes in either order.)
CREATE FUNCTION explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        CONTINUE WHEN line ~ '^ *(Output:|Filter: .*wanted)';
        RETURN NEXT line;
    END LOOP;
END
$$;
SELECT * FROM explain('SELECT name FROM wanted JOIN catalogs ON id = list');
SELECT * FROM explain('SELECT name FROM wanted JOIN catalogs ON id = list + 1');
INSERT INTO wanted SELECT i FROM generate_series(1, 1000) i;
ANALYZE wanted;
SELECT * FROM explain('SELECT name FROM wanted JOIN catalogs ON id = list');

-- Writes.
SELECT * FROM explain('INSERT INTO catalogs (name) VALUES (''Books'')');
SELECT * FROM explain('INSERT INTO catalogs (name) SELECT name FROM catalogs WHERE id = 4223');
SELECT * FROM explain('UPDATE catalogs SET name = upper(name) WHERE id = 4223');
SELECT * FROM explain('UPDATE catalogs SET name = ''all'', can_add_elements = true');
SELECT * FROM explain('DELETE FROM catalogs WHERE type = ''invoices''');
SELECT * FROM explain('DELETE FROM catalogs USING wanted WHERE id = list RETURNING name');

-- The options of server and table are in it.
ALTER SERVER acme OPTIONS (ADD batch_size '20');
ALTER FOREIGN TABLE catalogs OPTIONS (ADD path '/api/v2/other');
SELECT * FROM explain('SELECT id FROM catalogs WHERE id = 4223');
SELECT * FROM explain('INSERT INTO catalogs (name) VALUES (''Books'')');
ALTER FOREIGN TABLE catalogs OPTIONS (ADD batch_size '30', DROP path);
SELECT * FROM explain('INSERT INTO catalogs (name) VALUES (''Books'')');
ALTER FOREIGN TABLE catalogs OPTIONS (ADD write_mode 'immediate');
SELECT * FROM explain('INSERT INTO catalogs (name) VALUES (''Books'')');
ALTER FOREIGN TABLE catalogs OPTIONS (DROP write_mode);
DROP FUNCTION explain;

-- Without VERBOSE it is short.
EXPLAIN (COSTS OFF) SELECT name FROM catalogs WHERE id = 4223;
EXPLAIN (COSTS OFF) INSERT INTO catalogs (name) VALUES ('Books');
EXPLAIN (COSTS OFF) UPDATE catalogs SET name = 'all';
EXPLAIN (COSTS OFF) DELETE FROM catalogs;

-- In other formats.
CREATE FUNCTION requests(query text) RETURNS TABLE (request jsonb, batch_size jsonb, write_mode jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (VERBOSE, FORMAT JSON) ' || query INTO plan;
    RETURN QUERY SELECT node->'Catalogs Request', node->'Batch Size', node->'Write Mode'
        FROM jsonb_path_query(plan, 'strict $.** ? (exists (@."Catalogs Request"))') node;
END
$$;
SELECT * FROM requests('SELECT * FROM catalogs WHERE id = 4223');
SELECT * FROM requests('SELECT * FROM catalogs a JOIN catalogs b ON a.sort = b.sort + 10 WHERE b.id = 4223');
SELECT * FROM requests('INSERT INTO catalogs (name) VALUES (''Books'')');
SELECT * FROM requests('UPDATE catalogs SET name = ''all''');
SELECT * FROM requests('DELETE FROM catalogs WHERE id = 4223');
DROP FUNCTION requests;

-- It needs no user mapping, shows no secret, and has sent nothing until here.
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM catalogs WHERE id = 4223;
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
\! emulator wire

-- With ANALYZE it is done.
CREATE FUNCTION analyze_it(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
        -- PostgreSQL 18 counts rows in hundredths
        line := regexp_replace(line, 'rows=(\d+)\.00', 'rows=\1');
        CONTINUE WHEN line !~ 'Scan|Result|Update|Catalogs Request:';
        RETURN NEXT line;
    END LOOP;
END
$$;
SELECT * FROM analyze_it('SELECT name FROM catalogs WHERE id = 4223');
\! emulator wire
SELECT * FROM analyze_it('SELECT name FROM catalogs WHERE id = NULL');
\! emulator wire
BEGIN;
SELECT * FROM analyze_it('UPDATE catalogs SET name = ''Goods'' WHERE id = 4223');
\! emulator wire
COMMIT;
\! emulator wire
DROP FUNCTION analyze_it;

-- A path goes out as it is shown.
CREATE FOREIGN TABLE dotted (id bigint) SERVER acme OPTIONS (path '/api/./v2/lists/../catalogs');
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM dotted;
SELECT id FROM dotted;
\! emulator wire
DROP FOREIGN TABLE dotted;

DROP TABLE wanted;
DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
