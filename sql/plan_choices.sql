-- What requests weigh in a subquery that runs often, and in an account that was
-- empty.
\i sql/include/account.sql
CREATE TABLE one AS SELECT bigint '4223' AS list;
CREATE TABLE wanted AS SELECT n, bigint '4221' + n % 12 AS list FROM generate_series(1, 100) n;
ANALYZE one, wanted;
-- The requests of a plan, without what else it says.
CREATE FUNCTION requests(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        CONTINUE WHEN line !~ 'Catalogs|Foreign|Result';
        RETURN NEXT ltrim(regexp_replace(line, '-> *|\$\d+', ''));
    END LOOP;
END
$$;

-- A subquery that runs for each outer row reads the whole list once for all.
SELECT requests('SELECT n, (SELECT count(name) FROM wanted w JOIN catalogs ON id = list WHERE w.n = v.n) FROM wanted v WHERE n < 5');
SELECT n, (SELECT count(name) FROM wanted w JOIN catalogs ON id = list WHERE w.n = v.n) FROM wanted v WHERE n < 5;
\! emulator wire
SELECT requests('SELECT v.n, x.name FROM wanted v, LATERAL (SELECT name FROM wanted w JOIN catalogs ON id = list WHERE w.n = v.n OFFSET 0) x');
-- One that runs once does not.
SELECT requests('SELECT (SELECT count(name) FROM wanted w JOIN catalogs ON id = list WHERE w.n = 1)');
-- Nor does it weigh a request each time.
CREATE FUNCTION costs(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
    RETURN plan->0->'Plan'->'Total Cost';
END
$$;
SELECT costs('SELECT (SELECT count(*) FROM catalogs WHERE id > list) FROM wanted') < 600 AS few_requests;
SELECT costs('SELECT (SELECT count(*) FROM catalogs) FROM wanted') BETWEEN 200 AND 250 AS one_request;

-- Scans of the same single list share its request; of several lists they do not,
-- and all of them are one request.
SELECT requests('SELECT a.name, b.type FROM catalogs a JOIN catalogs b USING (id) WHERE id = 4223');
SELECT a.name, b.type FROM catalogs a JOIN catalogs b USING (id) WHERE id = 4223;
\! emulator wire
SELECT requests('SELECT a.name, b.type FROM catalogs a, catalogs b WHERE a.id = 4222 AND b.id = 4223');
SELECT a.name, b.type FROM catalogs a, catalogs b WHERE a.id = 4222 AND b.id = 4223;
\! emulator wire

-- An account that was empty when ANALYZE looked has lists by now, or will have:
-- one local row asks for its list, not for all.
\! emulator reset --empty
ANALYZE catalogs;
\! emulator reset
SELECT reltuples FROM pg_class WHERE oid = 'catalogs'::regclass;
SELECT requests('SELECT name FROM one JOIN catalogs ON id = list');
SELECT requests('SELECT name FROM wanted JOIN catalogs ON id = list');
EXPLAIN SELECT FROM catalogs;
-- The session learns from what it sees, as it does without ANALYZE.
SELECT count(*) FROM catalogs;
EXPLAIN SELECT FROM catalogs;
\! emulator wire

SET client_min_messages = warning;
DROP FUNCTION requests, costs;
DROP TABLE one, wanted;
DROP EXTENSION catalogs_fdw CASCADE;
