-- A list that work_mem has no room for is kept on disk, and each of its rows is found there at once.
\i sql/include/account.sql
-- 5004 lists; ids in no order: of each 30th list, twice, and as many that no list has.
\! emulator add-many 5000
CREATE TABLE wanted AS
    SELECT row_number() OVER (ORDER BY md5(n::text)) AS place, 10000000 + n * 15 % 10020 AS list FROM generate_series(1, 1336) n;
ANALYZE wanted;
CREATE FUNCTION list_named(list bigint) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT 'List ' || list WHERE list BETWEEN 10000001 AND 10005000 $$;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
SET work_mem = '64kB';

-- What a query writes into temporary files, and reads from them, in blocks.
CREATE FUNCTION temporary(query text, OUT written bigint, OUT read bigint) LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO plan;
    written := plan -> 0 -> 'Plan' ->> 'Temp Written Blocks';
    read := plan -> 0 -> 'Plan' ->> 'Temp Read Blocks';
END
$$;

-- By id: each finds its own.
SELECT count(*), count(list_named(list)), count(name), count(*) FILTER (WHERE name = list_named(list)) AS equal
    FROM (SELECT list, (SELECT name FROM catalogs WHERE id = list) FROM wanted ORDER BY place) x;
\! emulator wire
-- A block is read to find one, not the list up to there; sometimes another one.
SELECT written > 30 AS on_disk, read < 2 * 1336 AS at_once
    FROM temporary('SELECT (SELECT name FROM catalogs WHERE id = list) FROM wanted');
-- As many as fit into memory are not on disk.
SET work_mem = '4MB';
SELECT * FROM temporary('SELECT (SELECT name FROM catalogs WHERE id = list) FROM wanted');
SET work_mem = '64kB';
\! emulator wire > /dev/null

-- Nor is what nothing reads again, whatever depends on it.
SELECT query, written FROM unnest(ARRAY[
    'SELECT name, part FROM catalogs, regexp_split_to_table(name, '' '') part',
    'SELECT (SELECT max(name) FROM catalogs)',
    'WITH lists AS MATERIALIZED (SELECT id, name FROM catalogs) SELECT FROM lists LIMIT 1',
    'SELECT max(name) FROM (SELECT id, name FROM catalogs OFFSET 0) x']) query, temporary(query);
\! emulator wire > /dev/null
-- What is beside something that depends on an outer row is.
SELECT place, part, count(name), max(type) FROM wanted,
    LATERAL (SELECT * FROM generate_series(place, place + 1) part JOIN catalogs ON sort >= part * 10 OFFSET 0) x
    WHERE place < 4 GROUP BY place, part ORDER BY place, part;
SELECT place, count(name), max(type) FROM wanted,
    LATERAL generate_series(place, place + 1) part LEFT JOIN catalogs ON sort >= part * 10
    WHERE place < 4 GROUP BY place ORDER BY place;
\! emulator wire
-- So is what a recursive query begins again.
SET enable_hashjoin = on;
SET enable_nestloop = off;
PREPARE up AS WITH RECURSIVE up(sort, name) AS (
    SELECT 0, '' UNION ALL SELECT c.sort, c.name FROM up JOIN catalogs c ON c.sort = up.sort + 10)
    SELECT count(*) > 3 AS up FROM up;
EXPLAIN (COSTS OFF) EXECUTE up;
EXECUTE up;
DEALLOCATE up;
SET enable_hashjoin = off;
RESET enable_nestloop;
\! emulator wire

-- Between whole lists, and those that are left in the middle.
SELECT count(*), count(name), count(*) FILTER (WHERE name = list_named(list)) AS equal, sum(lists) AS lists, sum(first) AS first
    FROM (SELECT list,
            CASE WHEN place % 100 = 50 THEN (SELECT count(*) FROM catalogs WHERE sort <> place) END AS lists,
            (SELECT name FROM catalogs WHERE id = list) AS name,
            CASE WHEN place % 100 = 75 THEN (SELECT count(*) FROM (SELECT FROM catalogs LIMIT 2 * place) y) END AS first
        FROM wanted ORDER BY place) x;
\! emulator wire
-- Looked up while the list is being read: before that place, and behind it.
SELECT count(*), count(before) AS before, count(*) FILTER (WHERE before = list_named(id - 1)) AS equal_before,
    count(behind) AS behind, count(*) FILTER (WHERE behind = list_named(id + 1)) AS equal_behind
    FROM (SELECT id, (SELECT name FROM catalogs b WHERE b.id = a.id - 1) AS before,
            (SELECT name FROM catalogs b WHERE b.id = a.id + 1) AS behind
        FROM catalogs a OFFSET 4) x;
\! emulator wire
-- With what the transaction has changed.
BEGIN;
UPDATE catalogs SET name = 'Changed' WHERE id = 10003000;
DELETE FROM catalogs WHERE id = 10000030;
\! emulator wire > /dev/null
SELECT list, (SELECT name FROM catalogs WHERE id = list) FROM wanted WHERE list < 10000050 OR list = 10003000 ORDER BY list;
\! emulator wire
ROLLBACK;

-- Cursors, one beside the other, and left in the middle.
BEGIN;
DECLARE c CURSOR FOR SELECT list, (SELECT name FROM catalogs WHERE id = list) FROM wanted WHERE list < 10005000 ORDER BY place;
SAVEPOINT s;
FETCH 3 FROM c;
ROLLBACK TO s;
DECLARE d CURSOR FOR SELECT a.id, (SELECT name FROM catalogs b WHERE b.id = 20005001 - a.id) FROM catalogs a OFFSET 4;
FETCH 3 FROM c;
FETCH 3 FROM d;
MOVE 400 FROM c;
MOVE 4000 FROM d;
FETCH 3 FROM c;
FETCH 3 FROM d;
CLOSE c;
FETCH 3 FROM d;
COMMIT;
\! emulator wire

-- One id for all of them: the first one is found; and an id that is none, so nothing.
\! emulator set get_order=reversed extra='{"id": 2}'
SELECT n, (SELECT count(*) FROM catalogs) AS lists, (SELECT name FROM catalogs WHERE id = n) FROM generate_series(1, 3) n;
\! emulator set extra='{"id": "none"}'
SELECT n, (SELECT count(sort) FROM catalogs) AS lists, (SELECT name FROM catalogs WHERE id = n) FROM generate_series(1, 3) n;
\! emulator unset get_order extra

SET client_min_messages = warning;
DROP FUNCTION list_named, temporary;
DROP TABLE wanted;
DROP EXTENSION catalogs_fdw CASCADE;
