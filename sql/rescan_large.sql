-- However long the list, a scan that begins again asks for nothing.
\i sql/include/account.sql
CREATE TABLE wanted AS SELECT place FROM generate_series(1, 3) place;
ANALYZE wanted;
SET enable_material = off;
SET enable_memoize = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;

-- 2004 lists, some 500 kB of JSON: they fit into work_mem.
\! emulator add-many 2000
EXPLAIN (COSTS OFF)
    SELECT place, count(id), sum(id) FROM wanted LEFT JOIN catalogs ON sort >= place * 10 GROUP BY place;
SELECT place, count(id), sum(id) FROM wanted LEFT JOIN catalogs ON sort >= place * 10 GROUP BY place ORDER BY place;
\! emulator wire --count

-- And here they do not.
SET work_mem = '64kB';
SELECT place, count(id), sum(id) FROM wanted LEFT JOIN catalogs ON sort >= place * 10 GROUP BY place ORDER BY place;
\! emulator wire --count
SELECT place, (SELECT sum(id) FROM catalogs WHERE sort >= 10 * place) FROM wanted ORDER BY place;
\! emulator wire --count

-- What depends on an outer row is begun again for each.
EXPLAIN (COSTS OFF) SELECT place, count(next), min(id), max(name), max(created_at)
    FROM wanted LEFT JOIN LATERAL (SELECT *, place + 1 AS next FROM catalogs) l ON sort >= place * 10 GROUP BY place;
SELECT place, count(next), min(id), max(name), max(created_at)
    FROM wanted LEFT JOIN LATERAL (SELECT *, place + 1 AS next FROM catalogs) l ON sort >= place * 10 GROUP BY place ORDER BY place;
\! emulator wire --count

-- Left in the middle; then read to the end; then begun again.
SELECT place, (SELECT count(*) FROM (SELECT id FROM catalogs WHERE sort < 10 * place + 10 LIMIT CASE place WHEN 1 THEN 20 END) x)
    FROM wanted ORDER BY place;
\! emulator wire --count

-- The inner side is a join, and the other table in it is looked up by the outer row.
CREATE TABLE pair AS SELECT 1 + n % 3 AS place, n AS below FROM generate_series(1, 3000) n;
CREATE INDEX ON pair (place, below);
ANALYZE pair;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT w.place, count(id) FROM wanted w LEFT JOIN (pair p JOIN catalogs c ON c.sort = p.below) ON p.place = w.place GROUP BY w.place
    \g |grep -Eo '(Nested Loop|Foreign Scan).*'
SELECT w.place, count(id) FROM wanted w LEFT JOIN (pair p JOIN catalogs c ON c.sort = p.below) ON p.place = w.place GROUP BY w.place ORDER BY w.place;
\! emulator wire --count
DROP TABLE pair;

DROP TABLE wanted;
DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
