-- A scan that begins again, in the same statement, with what it asked for
-- before gives the same rows and asks for nothing.
\i sql/include/account.sql
CREATE TABLE wanted (place int, list bigint);
INSERT INTO wanted VALUES (1, 4223), (2, 4223), (3, 4230), (4, NULL), (5, NULL), (6, 9), (7, 9), (8, 4223);
ANALYZE wanted;

-- The whole list, as the inner side of a nested loop.
SET enable_material = off;
SET enable_memoize = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF)
    SELECT place, id FROM wanted LEFT JOIN catalogs ON sort = place * 10;
SELECT place, id FROM wanted LEFT JOIN catalogs ON sort = place * 10;
\! emulator wire

-- All that was read comes back: whole rows, long values, NULLs.
\! emulator set missing=created_by
SELECT place, c FROM wanted LEFT JOIN catalogs c ON sort <= place * 10 WHERE place < 3;
\! emulator unset missing
SELECT place, c.tableoid::regclass, md5(repeat(c.name, 1000)) FROM wanted LEFT JOIN catalogs c
    ON sort = 10 WHERE place < 3;
\! emulator wire

-- Left in the middle, it begins at the first row: the rest is read once.
EXPLAIN (COSTS OFF)
    SELECT place, (SELECT id FROM catalogs WHERE sort >= 10 * place LIMIT 1) FROM wanted;
SELECT place, (SELECT id FROM catalogs WHERE sort >= 10 * place LIMIT 1) FROM wanted ORDER BY place;
\! emulator wire
SELECT place, EXISTS (SELECT FROM catalogs WHERE sort = 10 * place AND name <> 'x' OFFSET 0) FROM wanted ORDER BY place;
\! emulator wire

-- By id: the same id as the last time asks for nothing, nor does NULL.
EXPLAIN (VERBOSE, COSTS OFF)
    SELECT place, (SELECT name FROM catalogs WHERE id = list) FROM wanted;
SELECT place, (SELECT name FROM catalogs WHERE id = list) FROM wanted;
\! emulator wire
SELECT place, name FROM wanted LEFT JOIN LATERAL (SELECT name FROM catalogs WHERE id = list OFFSET 0) c ON true;
\! emulator wire

-- A recursive query scans the same table again and again.
WITH RECURSIVE steps(id, sort) AS (
    SELECT id, sort FROM catalogs WHERE id = 4223
    UNION ALL
    SELECT c.id, c.sort FROM steps s JOIN catalogs c ON c.sort = s.sort + 10)
    SELECT id, sort FROM steps;
\! emulator wire

-- A cursor that goes back to the start of a plan it can repeat.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM catalogs;
FETCH 2 FROM c;
MOVE ABSOLUTE 0 FROM c;
FETCH 3 FROM c;
COMMIT;
\! emulator wire

-- An account without lists is asked once, too.
\! emulator reset --empty
SELECT place, (SELECT count(*) FROM catalogs WHERE sort = place) FROM wanted WHERE place < 4;
\! emulator wire
SELECT place, (SELECT name FROM catalogs WHERE id = 4223 AND sort = place OFFSET 0) FROM wanted WHERE place < 4;
\! emulator wire

DROP TABLE wanted;
DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
