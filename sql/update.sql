-- UPDATE reads the rows once and sends what it changes, at COMMIT.
\i sql/include/account.sql

-- 120 rows: one request reads, three send.
\! emulator add-many 120
UPDATE catalogs SET name = 'Renamed ' || id WHERE id > 10000000;
\echo :ROW_COUNT
\! emulator wire --summary
SELECT count(*), bool_and(name = 'Renamed ' || id) AS all_of_them
    FROM catalogs WHERE id > 10000000;
\! emulator wire
\! emulator reset

-- By id: that list is asked for, not all of them.  Sent are the id and what
-- was assigned.
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire
UPDATE catalogs SET type = 'products', can_add_elements = NOT can_add_elements
    WHERE id = 4230;
\! emulator wire
-- By something else: the list of lists is read once.
UPDATE catalogs SET can_show_in_cards = true WHERE type = 'regular';
\! emulator wire
UPDATE catalogs SET can_link_multiple = false;
\! emulator wire
\! emulator lists
-- What stays the same is not sent.
UPDATE catalogs SET name = name WHERE id = 4223;
\! emulator wire
-- No rows, no changes.
UPDATE catalogs SET name = 'x' WHERE id = 1;
\! emulator wire
UPDATE catalogs SET name = 'x' WHERE name = 'nobody has this name';
\! emulator wire
UPDATE catalogs SET name = 'x' WHERE id = NULL;
UPDATE catalogs SET name = 'x' WHERE false;
\! emulator wire
\! emulator reset

-- From a join with local rows.
CREATE TABLE rename (list bigint PRIMARY KEY, title text);
INSERT INTO rename VALUES (4223, 'Goods'), (4230, 'Prices'), (9999, 'Nothing');
ANALYZE rename;
UPDATE catalogs c SET name = r.title FROM rename r WHERE r.list = c.id
    RETURNING c.id, c.name, r.title;
\! emulator wire
DELETE FROM rename WHERE list <> 4230;
ANALYZE rename;
UPDATE catalogs c SET name = r.title || '!' FROM rename r WHERE r.list = c.id;
\! emulator wire
-- A local table from a join with lists.
UPDATE rename SET title = c.name FROM catalogs c WHERE c.id = list
    RETURNING rename.*;
\! emulator wire
-- Subqueries, correlated, and for several columns.
UPDATE catalogs c SET name = (SELECT upper(title) FROM rename WHERE list = c.id)
    WHERE EXISTS (SELECT FROM rename WHERE list = c.id);
\! emulator wire
UPDATE catalogs SET (name, can_add_elements) =
    (SELECT title || '?', true FROM rename) WHERE id = 4230;
\! emulator wire
-- A CTE.
WITH changed AS (
    UPDATE catalogs SET type = 'invoices' WHERE id = 4230 RETURNING id, name)
    UPDATE rename SET title = name FROM changed WHERE list = id RETURNING *;
\! emulator wire
DROP TABLE rename;
-- The table with itself.
UPDATE catalogs c SET name = c.name || ' of ' || o.id FROM catalogs o
    WHERE c.id = 4230 AND o.id = 4231;
\! emulator wire --count
\! emulator lists --columns id,name
\! emulator reset

-- Prepared, with a generic plan.
SET plan_cache_mode = force_generic_plan;
PREPARE rename (bigint, text) AS UPDATE catalogs SET name = $2 WHERE id = $1;
EXECUTE rename(4223, 'first');
EXECUTE rename(4222, 'second');
\! emulator wire
EXECUTE rename(NULL, 'x');
\! emulator wire
EXECUTE rename(4222, NULL);
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DEALLOCATE rename;
RESET plan_cache_mode;

-- RETURNING: columns that were assigned are new, the others as they were read.
UPDATE catalogs SET name = 'Third', can_show_in_cards = NULL IS NULL
    WHERE id = 4222
    RETURNING *;
\! emulator wire
UPDATE catalogs c SET name = upper(name) WHERE type = 'regular'
    RETURNING c.tableoid::regclass, c.id + 1 AS next, lower(c.name) AS name,
              c.sort;
\! emulator wire
-- In a transaction it tells the same, and sends nothing before COMMIT.
BEGIN;
UPDATE catalogs SET name = 'Fourth' WHERE id = 4222 RETURNING name, type;
\! emulator wire
COMMIT;
\! emulator wire

-- A view.
CREATE VIEW regular AS
    SELECT id AS number, name AS title, type FROM catalogs
    WHERE type = 'regular' WITH CHECK OPTION;
UPDATE regular SET title = 'Through a view' WHERE number = 4223;
\! emulator wire
UPDATE regular SET title = 'x' WHERE number = 4231;
\! emulator wire
UPDATE regular SET type = 'invoices' WHERE number = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DROP VIEW regular;

-- What PostgreSQL does not do with foreign tables.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH c;
UPDATE catalogs SET name = 'x' WHERE CURRENT OF c;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
MERGE INTO catalogs c USING (VALUES (4223, 'x')) v (id, name) ON c.id = v.id
    WHEN MATCHED THEN UPDATE SET name = v.name;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
-- Read-only.
ALTER FOREIGN TABLE catalogs OPTIONS (ADD updatable 'false');
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM catalogs WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
