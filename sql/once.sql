-- One query asks the same thing once, however often it reads the answer.
\i sql/include/account.sql
CREATE FOREIGN TABLE other (label text OPTIONS (column_name 'name'), attrs jsonb, id int) SERVER acme;
CREATE TABLE wanted (place int, list bigint);
INSERT INTO wanted VALUES (1, 4223), (2, 4230), (3, 4223), (4, 9), (5, 4230), (6, 9), (7, 4223);
ANALYZE wanted;

-- The list with itself: each scan has its own columns.
SELECT a.id, a.name, b.type, b.created_at FROM catalogs a JOIN catalogs b ON b.sort = a.sort + 10 ORDER BY a.id;
\! emulator wire
SELECT a.id, b.label, b.attrs ->> 'sort' AS sort FROM catalogs a, other b WHERE a.id = b.id AND a.type = 'invoices';
\! emulator wire
SELECT count(*) FROM catalogs a, catalogs b, other c;
\! emulator wire
SELECT name FROM catalogs WHERE sort > (SELECT avg(sort) FROM catalogs)
    AND EXISTS (SELECT FROM other o WHERE o.attrs ->> 'type' = catalogs.type) ORDER BY name;
\! emulator wire
(SELECT id FROM catalogs ORDER BY sort LIMIT 1) UNION ALL (SELECT id FROM other ORDER BY id DESC LIMIT 1)
    UNION ALL SELECT count(*) FROM catalogs ORDER BY 1;
\! emulator wire
WITH RECURSIVE up(id, sort) AS (
    SELECT id, sort FROM catalogs WHERE sort = 10
    UNION ALL SELECT c.id, c.sort FROM up JOIN catalogs c ON c.sort = up.sort + 10)
    SELECT string_agg(id::text, ' ' ORDER BY sort) FROM up;
\! emulator wire

-- One scan is left in the middle, or never begun: the other one reads all.
SELECT (SELECT id FROM catalogs LIMIT 1) AS first, count(*), max(name) FROM other, catalogs;
SELECT count(*), (SELECT id FROM other LIMIT 1) AS first FROM catalogs;
SELECT count(*), sum(CASE WHEN sort < 0 THEN (SELECT count(*) FROM other) END) FROM catalogs;
\! emulator wire
-- In turns.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_material = off;
SET enable_memoize = off;
SELECT a.id, b.id FROM catalogs a, LATERAL (SELECT id FROM other WHERE other.id > a.id ORDER BY id LIMIT 1) b ORDER BY a.id;
\! emulator wire
SELECT a.id, b.id FROM catalogs a, LATERAL (SELECT id FROM other WHERE other.id <> a.id LIMIT 1 OFFSET a.sort / 20) b ORDER BY a.id;
\! emulator wire

-- Side by side in one Append, where both wait for the same reply.
SELECT id, name FROM catalogs WHERE id = 4223 UNION ALL SELECT id, label FROM other WHERE id = 4223;
\! emulator wire
SELECT id, name FROM catalogs WHERE sort < 20 UNION ALL SELECT id, label FROM other WHERE id > 4230 ORDER BY id;
\! emulator wire

-- Single lists: the first alone, then all of them, once.
EXPLAIN (COSTS OFF) SELECT place, (SELECT name FROM catalogs WHERE id = list) FROM wanted;
SELECT place, (SELECT name FROM catalogs WHERE id = list) FROM wanted ORDER BY place;
\! emulator wire
-- Across scans, however far each of them reads.
SELECT place, (SELECT name FROM catalogs WHERE id = list), EXISTS (SELECT FROM other WHERE id = list::int),
    (SELECT attrs ->> 'sort' FROM other WHERE id = list::int LIMIT 1)
    FROM wanted ORDER BY place;
\! emulator wire
SELECT place, EXISTS (SELECT FROM catalogs WHERE id = list OFFSET 0) FROM wanted ORDER BY place;
\! emulator wire
SELECT a.name, b.label FROM catalogs a, other b WHERE a.id = 4223 AND b.id = 4223;
\! emulator wire
SELECT a.name, b.label FROM catalogs a, other b WHERE a.id = 4223 AND b.id = 4222;
\! emulator wire
-- Once the list has been asked for, no single one is.
SELECT c.id, (SELECT label FROM other WHERE other.id = c.sort + 4213) FROM catalogs c ORDER BY c.id;
\! emulator wire
SELECT count(*), (SELECT name FROM catalogs WHERE id = 4230), (SELECT name FROM catalogs WHERE id = 9) FROM other;
\! emulator wire
-- The list is asked for after a single one.
SELECT place, (SELECT name FROM catalogs WHERE id = list), CASE WHEN place > 2 THEN (SELECT count(*) FROM other) END
    FROM wanted WHERE list > 9 ORDER BY place;
\! emulator wire
RESET enable_hashjoin;
RESET enable_mergejoin;
RESET enable_material;
RESET enable_memoize;

-- Changes: what they read is what else the statement reads.
BEGIN;
UPDATE catalogs SET name = catalogs.name || ' and ' || b.name FROM catalogs b
    WHERE catalogs.sort = b.sort - 10 AND catalogs.id > 4223;
\! emulator wire
DELETE FROM catalogs USING other WHERE catalogs.id = other.id AND other.label = 'Услуги';
\! emulator wire
INSERT INTO catalogs (name) SELECT name || '!' FROM catalogs WHERE sort < (SELECT max(sort) FROM catalogs);
\! emulator wire
-- The next statement asks anew; its scans all see what the transaction did.
SELECT a.id, a.name, b.label FROM catalogs a LEFT JOIN other b ON a.name = b.label ORDER BY a.id, a.name;
SELECT (SELECT count(*) FROM catalogs WHERE id IS NULL), (SELECT count(*) FROM other WHERE id IS NULL),
    (SELECT name FROM catalogs WHERE id = 4222), (SELECT label FROM other WHERE id = 4230);
\! emulator wire
ROLLBACK;
-- What a statement sends while it reads, none of its scans sees.
BEGIN;
INSERT INTO catalogs (name) VALUES ('unsent');
WITH i AS (INSERT INTO catalogs (name) SELECT label || '*' FROM other WHERE id >= 4230 RETURNING id, name)
    SELECT i.name, (SELECT count(*) FROM catalogs), (SELECT count(*) FROM other) FROM i ORDER BY 1;
\! emulator wire
SELECT count(*) FROM catalogs;
ROLLBACK;
\! emulator reset
\! emulator wire > /dev/null

-- Not shared: statements, other paths, other users; a mapping for all is one.
SELECT count(*) FROM catalogs; SELECT count(*) FROM catalogs;
\! emulator wire
CREATE FUNCTION lists() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM catalogs); END';
SELECT lists(), count(*) FROM catalogs;
\! emulator wire
DROP FUNCTION lists;
CREATE FOREIGN TABLE elsewhere (id bigint) SERVER acme OPTIONS (path '/api/v2/catalogs/');
SELECT count(*) FROM catalogs a, elsewhere b WHERE b.id = 9;
\! emulator wire
DROP FOREIGN TABLE elsewhere;
CREATE ROLE regress_ann;
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token');
GRANT SELECT ON other TO regress_ann;
CREATE VIEW of_ann AS SELECT * FROM other;
ALTER VIEW of_ann OWNER TO regress_ann;
SELECT count(*) FROM catalogs a, of_ann b;
\! emulator wire
DROP USER MAPPING FOR regress_ann SERVER acme;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (access_token 'main-token');
SELECT count(*) FROM catalogs a, of_ann b;
\! emulator wire
DROP VIEW of_ann;

-- Cursors: two scans of each, left in the middle, beside each other.
BEGIN;
DECLARE a SCROLL CURSOR FOR SELECT a.id, b.id FROM catalogs a JOIN other b ON b.id > a.id ORDER BY 1, 2;
DECLARE b CURSOR FOR SELECT a.id FROM catalogs a, other b;
FETCH 2 FROM a;
FETCH 1 FROM b;
MOVE ABSOLUTE 0 FROM a;
FETCH 1 FROM a;
MOVE ALL FROM b;
\! emulator wire
COMMIT;

-- An error in the middle leaves nothing; the reply that cannot be read is one.
SELECT 1 / (a.sort - b.sort) FROM catalogs a, catalogs b;
\! emulator fault cut on=GET
SELECT count(*) FROM catalogs a, other b;
SELECT count(*) FROM catalogs a, other b;
\! emulator wire

-- A server that ignores the id, or has none of the lists.
\! emulator set id_filter=ignored
SELECT place, (SELECT name FROM catalogs WHERE id = list) FROM wanted ORDER BY place;
\! emulator wire
\! emulator reset --empty
SELECT (SELECT count(*) FROM catalogs), (SELECT count(*) FROM other), (SELECT count(*) FROM other WHERE id = 4223);
\! emulator wire
\! emulator reset

-- Many: what does not fit into work_mem goes to disk.
\! emulator add-many 500
\! emulator wire > /dev/null
SET work_mem = '64kB';
SELECT count(*), count(DISTINCT a.name), sum(b.sort) > 0 AS sorted, count(b.attrs) FROM catalogs a
    JOIN (SELECT id, (attrs ->> 'sort')::int AS sort, attrs FROM other) b USING (id);
\! emulator wire
SELECT count(*) FROM catalogs a WHERE sort > (SELECT min(sort) FROM catalogs) AND id < (SELECT max(id) FROM other);
\! emulator wire
-- Many single ones: then the whole list is asked for, once.
\! emulator add-many 1500
CREATE TABLE many AS SELECT n, (SELECT min(id) FROM catalogs WHERE id > 4231) + n % 600 AS list FROM generate_series(0, 1199) n;
ANALYZE many;
\! emulator wire > /dev/null
SELECT count(name), count(DISTINCT name) FROM (SELECT (SELECT name FROM catalogs WHERE id = list) AS name FROM many) x;
\! emulator wire --count
RESET work_mem;
SELECT count(name), count(DISTINCT name) FROM (SELECT (SELECT name FROM catalogs WHERE id = list) AS name FROM many) x;
\! emulator wire --count
DROP TABLE many;

DROP TABLE wanted;
DROP FOREIGN TABLE other;
DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR PUBLIC SERVER acme;
DROP SERVER acme;
DROP ROLE regress_ann;
DROP EXTENSION catalogs_fdw;
