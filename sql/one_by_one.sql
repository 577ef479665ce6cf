-- A query that asks for one list after the other soon asks for all of them.
\i sql/include/account.sql
CREATE TABLE wanted (place int, list bigint);
INSERT INTO wanted VALUES (1, 4223), (2, 9), (3, 4230), (4, 4223), (5, NULL), (6, 4231), (7, 9), (8, 10), (9, 4222);
ANALYZE wanted;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_memoize = off;
SET enable_material = off;

-- A join that expected one row and meets nine.
CREATE FUNCTION few() RETURNS SETOF wanted LANGUAGE sql ROWS 1 STABLE SET search_path FROM CURRENT
    AS 'SELECT * FROM wanted ORDER BY place';
EXPLAIN (COSTS OFF) SELECT place, name FROM few() JOIN catalogs ON id = list \g |grep -v Filter
SELECT place, name FROM few() JOIN catalogs ON id = list;
\! emulator wire
SELECT place, name FROM few() LEFT JOIN catalogs ON id = list;
\! emulator wire
-- An expression that asks for each.
SELECT place, (SELECT name FROM catalogs WHERE id = list) FROM wanted ORDER BY place;
\! emulator wire
-- Never more than ids: one is one, none is none.
SELECT place, name FROM few() JOIN catalogs ON id = list WHERE place IN (1, 4, 5);
\! emulator wire
SELECT place, name FROM few() JOIN catalogs ON id = list WHERE place = 5;
\! emulator wire
SELECT place, name FROM few() JOIN catalogs ON id = list WHERE place < 3;
\! emulator wire
-- Each statement begins anew.
SELECT place, name FROM few() JOIN catalogs ON id = list WHERE place = 3;
\! emulator wire

-- What was given for an id stays, what was asked for later is as it is then.
BEGIN;
DECLARE c CURSOR FOR SELECT place, name FROM few() JOIN catalogs ON id = list;
FETCH 1 FROM c;
\! emulator put '{"id": 4223, "name": "Renamed"}'
\! emulator put '{"id": 4230, "name": "Renamed, too"}'
FETCH ALL FROM c;
COMMIT;
\! emulator wire
\! emulator reset
-- The transaction's own changes are seen in either.
BEGIN;
UPDATE catalogs SET name = 'First' WHERE id = 4223;
UPDATE catalogs SET name = 'Third' WHERE id = 4230;
DELETE FROM catalogs WHERE id = 4231;
INSERT INTO catalogs (name) VALUES ('New');
\! emulator wire > /dev/null
SELECT place, name FROM few() LEFT JOIN catalogs ON id = list;
\! emulator wire
-- One that it has deleted costs nothing.
SELECT place, name FROM few() JOIN catalogs ON id = list WHERE place = 6;
\! emulator wire
SELECT place, name FROM few() JOIN catalogs ON id = list WHERE place IN (1, 4, 6);
\! emulator wire
ROLLBACK;
-- A list that comes while others are looked up; one that is not asked for again.
BEGIN;
DECLARE c CURSOR FOR SELECT place, name FROM few() LEFT JOIN catalogs ON id = list;
FETCH 2 FROM c;
\! emulator drop 4231
\! emulator put '{"id": 10, "name": "Late"}'
FETCH ALL FROM c;
COMMIT;
\! emulator wire
\! emulator reset

-- Side by side in one Append: asked at the same time.
SELECT name FROM catalogs WHERE id = 4223 UNION ALL SELECT name FROM catalogs WHERE id = 4230
    UNION ALL SELECT name FROM catalogs WHERE id = 4231 ORDER BY 1;
\! emulator wire | sort
-- A server that gives ids as text.
\! emulator set numbers=string
SELECT place, name FROM few() JOIN catalogs ON id = list;
\! emulator wire
\! emulator reset

-- So many are asked for one by one as cost no more than the whole list: here two;
-- where a request weighs nothing, as many as there are lists.
ALTER SERVER acme OPTIONS (ADD fdw_startup_cost '1', ADD fdw_tuple_cost '1');
ANALYZE catalogs;
\! emulator wire
SELECT place, name FROM few() LEFT JOIN catalogs ON id = list;
\! emulator wire
ALTER SERVER acme OPTIONS (SET fdw_startup_cost '0', SET fdw_tuple_cost '0');
SELECT place, name FROM few() LEFT JOIN catalogs ON id = list;
\! emulator wire
ALTER SERVER acme OPTIONS (DROP fdw_startup_cost, DROP fdw_tuple_cost);

-- Many.
\! emulator add-many 5000
\! emulator wire > /dev/null
CREATE TABLE many AS SELECT n, 10000000 + (n * 1999) % 5001 AS list FROM generate_series(1, 1000) n;
CREATE TABLE lists AS SELECT id, name FROM catalogs;
ANALYZE many;
\! emulator wire > /dev/null
CREATE FUNCTION some_of_many() RETURNS SETOF many LANGUAGE sql ROWS 1 STABLE SET search_path FROM CURRENT
    AS 'SELECT * FROM many ORDER BY n';
-- Each finds its own.
SELECT count(*), count(DISTINCT x.id) FROM (SELECT list, c.id, c.name FROM some_of_many() JOIN catalogs c ON c.id = list OFFSET 0) x
    JOIN lists l ON l.id = x.list AND l.name = x.name;
\! emulator wire
-- Also on disk.
SET work_mem = '64kB';
SELECT count(*), count(DISTINCT x.id) FROM (SELECT list, c.id, c.name FROM some_of_many() JOIN catalogs c ON c.id = list OFFSET 0) x
    JOIN lists l ON l.id = x.list AND l.name = x.name;
\! emulator wire
RESET work_mem;
-- LIMIT ends in the middle of the list.
CREATE FUNCTION received(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    plan jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, FORMAT JSON) ' || query INTO plan;
    RETURN jsonb_path_query(plan, 'strict $.**."Catalogs Bytes Received"');
END
$$;
SELECT received('SELECT name FROM catalogs') / 2 > received('SELECT name FROM some_of_many() JOIN catalogs ON id = 4221 + n LIMIT 2') AS early;
\! emulator wire

SET client_min_messages = warning;
DROP FUNCTION few, some_of_many, received;
DROP TABLE wanted, many, lists;
DROP EXTENSION catalogs_fdw CASCADE;
