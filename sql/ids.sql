-- Conditions on the id are weighed before the account is asked: if they leave
-- one id, that list alone is asked for; if they leave none, nothing is.
\i sql/include/account.sql

-- A list of one id is that id.  Of several, all lists are asked for, once.
SELECT id FROM catalogs WHERE id = ANY ('{4230}');
SELECT id FROM catalogs WHERE id = ANY ('{4230, NULL, 4230}'::int[]);
SELECT id FROM catalogs WHERE id IN (4230, 4230);
SELECT id FROM catalogs WHERE id IN (4230, 4231) AND id IN (4230, 4222);
SELECT id FROM catalogs WHERE id = 4230 AND id = ANY ('{4223, 4230}');
\! emulator wire
SELECT id FROM catalogs WHERE id IN (4230, 4231) ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id IN (4222, 4230, 4231) AND id IN (4230, 4222, 1) ORDER BY id;
\! emulator wire

-- Numbers of another kind.
SELECT id FROM catalogs WHERE id = 4223.0;
SELECT id FROM catalogs WHERE id IN (4223.00, 4222.5, 'NaN', 99999999999999999999);
PREPARE amount(numeric) AS SELECT id FROM catalogs WHERE id = $1;
EXECUTE amount(4223.00);
EXECUTE amount(4223.5);
SET plan_cache_mode = force_generic_plan;
EXECUTE amount(4223.00);
EXECUTE amount(4223.5);
EXECUTE amount(1e30);
EXECUTE amount('NaN');
EXECUTE amount('-Infinity');
EXECUTE amount(NULL);
EXECUTE amount(9223372036854775807.0);
EXECUTE amount(9223372036854775808.0);
\! emulator wire
DEALLOCATE ALL;
RESET plan_cache_mode;

-- Constants that no id can equal.
SELECT id FROM catalogs WHERE id = 4223.5;
SELECT id FROM catalogs WHERE id = 9223372036854775808;
SELECT id FROM catalogs WHERE id = -9223372036854775809;
SELECT id FROM catalogs WHERE id = 'NaN'::numeric;
SELECT id FROM catalogs WHERE id = ANY ('{}');
SELECT id FROM catalogs WHERE id = ANY (NULL::bigint[]);
SELECT id FROM catalogs WHERE id IN (NULL, NULL);
SELECT id FROM catalogs WHERE id = 4222 AND id = 4223;
SELECT id FROM catalogs WHERE id = 4222 AND id IN (4223, 4230);
SELECT id FROM catalogs WHERE id IN (4222, 4231) AND id IN (4223, 4230);
SELECT id FROM catalogs WHERE false;
SELECT id FROM catalogs WHERE id = 4222 AND NULL;
-- Other conditions that exclude each other, of any columns.
SELECT id FROM catalogs WHERE id = 4223 AND id < 4000;
SELECT id FROM catalogs WHERE id IS NULL AND id = 4223;
SELECT id FROM catalogs WHERE id IS NULL AND id IS NOT NULL;
SELECT id FROM catalogs WHERE sort > 30 AND sort < 20;
SELECT id FROM catalogs WHERE type = 'regular' AND type IN ('invoices', 'products');
SELECT id FROM catalogs WHERE name IS NULL AND name LIKE 'T%';
UPDATE catalogs SET name = 'x' WHERE id = 4222 AND id = 4223;
UPDATE catalogs SET name = 'x' WHERE sort > 30 AND sort < 20 RETURNING *;
DELETE FROM catalogs WHERE id = ANY ('{}');
INSERT INTO catalogs (name) SELECT name FROM catalogs WHERE id = 4223.5;
\! emulator wire
EXPLAIN (COSTS OFF) SELECT id FROM catalogs WHERE id = 4222 AND id IN (4223, 4230);
EXPLAIN (COSTS OFF) UPDATE catalogs SET name = 'x' WHERE sort > 30 AND sort < 20;
-- The other side of a join is asked all the same.
SELECT a.id, b.id FROM catalogs a LEFT JOIN catalogs b ON b.id = a.id AND b.id = 4222 AND b.sort IS NULL AND b.sort > 1
    ORDER BY a.id;
\! emulator wire
-- What only looks like it is not taken for it.
CREATE FUNCTION next_day() RETURNS int LANGUAGE plpgsql VOLATILE AS 'BEGIN RETURN 20; END';
SELECT id FROM catalogs WHERE sort > 10 AND sort <= next_day() AND sort >= 20;
\! emulator wire
DROP FUNCTION next_day;

-- What is known only when the scan begins.
SET plan_cache_mode = force_generic_plan;
PREPARE any_of(bigint[]) AS SELECT id FROM catalogs WHERE id = ANY ($1) ORDER BY id;
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE any_of('{}');
EXECUTE any_of('{}');
EXECUTE any_of(NULL);
EXECUTE any_of('{NULL}');
\! emulator wire
EXECUTE any_of('{4223}');
EXECUTE any_of('{4223, NULL, 4223}');
EXECUTE any_of('{{4223}, {NULL}}');
\! emulator wire
EXECUTE any_of('{4223, 4222}');
\! emulator wire
PREPARE one_of(int, smallint) AS SELECT id FROM catalogs WHERE id IN ($1, $2) ORDER BY id;
EXECUTE one_of(4223, 4223);
EXECUTE one_of(NULL, 4223);
EXECUTE one_of(NULL, NULL);
EXECUTE one_of(4222, 4223);
\! emulator wire
PREPARE common(bigint, int[]) AS SELECT id FROM catalogs WHERE id = $1 AND id = ANY ($2) AND id IN (4222, 4223);
EXPLAIN (VERBOSE, COSTS OFF) EXECUTE common(1, '{}');
EXECUTE common(4223, '{1, 4223}');
EXECUTE common(4223, '{1, 4222}');
EXECUTE common(4230, '{1, 4230}');
EXECUTE common(NULL, '{1, 4222}');
EXECUTE common(4222, NULL);
\! emulator wire
PREPARE two(bigint, int) AS SELECT id FROM catalogs WHERE id = $1 AND id = $2;
EXECUTE two(4222, 4223);
EXECUTE two(4222, NULL);
EXECUTE two(4222, 4222);
\! emulator wire
DEALLOCATE ALL;
RESET plan_cache_mode;
SELECT id FROM catalogs WHERE id = ANY (ARRAY(SELECT i FROM generate_series(1, 0) i));
SELECT id FROM catalogs WHERE id = ANY (ARRAY(SELECT i FROM generate_series(4223, 4223) i));
SELECT id FROM catalogs WHERE id = ANY (string_to_array('4223 4222', ' ')::bigint[]) AND id = (SELECT NULL::bigint);
\! emulator wire
-- An array that is another one each time: the whole list does for all.
CREATE TABLE wanted (place int, lists bigint[], list bigint);
INSERT INTO wanted VALUES (1, '{}', 1), (2, '{4223}', 2), (3, NULL, 3), (4, '{4230, 4223}', 4223), (5, '{4222}', NULL),
    (6, '{4223, 1}', 6);
ANALYZE wanted;
SELECT place, (SELECT string_agg(id::text, ' ' ORDER BY id) FROM catalogs WHERE id = ANY (lists)) FROM wanted ORDER BY place;
\! emulator wire
SELECT place, id FROM wanted LEFT JOIN LATERAL (SELECT id FROM catalogs WHERE id = ANY (lists) OFFSET 0) c ON true
    WHERE place < 4 ORDER BY place;
\! emulator wire
-- Two conditions of an outer join.
SELECT place, id FROM wanted LEFT JOIN catalogs ON id = list AND id = list - 1 WHERE place = 4;
SELECT place, id FROM wanted LEFT JOIN catalogs ON id = list AND id = ANY (lists) WHERE place = 6;
\! emulator wire
SELECT place, id FROM wanted LEFT JOIN catalogs ON id = list AND id = ANY (lists) WHERE place = 4;
\! emulator wire
DROP TABLE wanted;

-- The account's lists all have an id.  Only new ones, not sent yet, have none.
EXPLAIN (VERBOSE, COSTS OFF) SELECT name FROM catalogs WHERE id IS NULL;
SELECT name FROM catalogs WHERE id IS NULL;
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
SELECT name FROM catalogs WHERE id IS NULL ORDER BY name;
SELECT count(*) FROM catalogs WHERE id IS NULL AND name = 'Books';
UPDATE catalogs SET type = 'regular' WHERE id IS NULL AND name = 'Books' RETURNING id, name, type;
DELETE FROM catalogs WHERE id IS NULL AND name = 'Films' RETURNING name;
SELECT name, type FROM catalogs WHERE id IS NULL ORDER BY name;
SELECT a.name, (SELECT string_agg(b.name, ' ' ORDER BY b.name) FROM catalogs b WHERE b.id IS NULL AND b.name <> a.name)
    FROM catalogs a WHERE a.id IS NULL ORDER BY a.name;
\! emulator wire
SELECT count(*) FROM catalogs WHERE id IS NULL OR id = 4223;
\! emulator wire
COMMIT;
\! emulator wire
SELECT name FROM catalogs WHERE id IS NULL;
\! emulator wire

-- A column for the id of another type, or of a domain; or a table without one.
CREATE DOMAIN list_id AS bigint;
CREATE FOREIGN TABLE by_domain (list list_id OPTIONS (column_name 'id'), name text) SERVER acme;
CREATE FOREIGN TABLE by_numeric (id numeric, name text) SERVER acme;
CREATE FOREIGN TABLE by_int (id int, name text) SERVER acme;
CREATE FOREIGN TABLE by_text (id text, name text) SERVER acme;
CREATE FOREIGN TABLE by_name (name text) SERVER acme;
SELECT name FROM by_domain WHERE list = 4223;
SELECT name FROM by_domain WHERE list = ANY ('{4223}'::list_id[]);
SELECT name FROM by_numeric WHERE id = 4223;
SELECT name FROM by_int WHERE id = bigint '4223';
SELECT name FROM by_int WHERE id = 4223.0;
\! emulator wire
SELECT name FROM by_domain WHERE list IS NULL;
SELECT name FROM by_numeric WHERE id = 1.5;
SELECT name FROM by_int WHERE id IN (1.5, 2.5);
\! emulator wire
SELECT name FROM by_text WHERE id = '4223';
SELECT count(*) FROM by_name WHERE name IS NULL;
\! emulator wire
DROP FOREIGN TABLE by_domain, by_numeric, by_int, by_text, by_name;
DROP DOMAIN list_id;

DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
