-- A transaction sees its own changes.  A statement sees the rows as those
-- before it left them, though the account has been told nothing yet; it never
-- meets its own changes.
\i sql/include/account.sql

--
-- Updated values, no deleted rows, new rows with id NULL at the end
--
BEGIN;
UPDATE catalogs SET name = 'Goods', can_add_elements = false WHERE id = 4223;
DELETE FROM catalogs WHERE id = 4222;
INSERT INTO catalogs (name, type, can_link_multiple)
    VALUES ('Books', 'regular', true), ('Films', 'products', NULL);
SELECT id, name, type, can_add_elements, can_link_multiple, sort FROM catalogs;
-- nothing but reading so far
\! emulator wire

-- Conditions, order, groups and aggregates are about the changed values.
SELECT id FROM catalogs WHERE name = 'Товары';
SELECT id FROM catalogs WHERE name = 'Goods';
SELECT name FROM catalogs WHERE NOT can_add_elements ORDER BY name;
SELECT id, name FROM catalogs ORDER BY name DESC LIMIT 2;
SELECT name FROM catalogs WHERE id IS NULL ORDER BY name;
SELECT count(*), count(id), min(name), bool_or(can_add_elements) FROM catalogs;
SELECT type, count(*) FROM catalogs GROUP BY type ORDER BY type;
SELECT count(*) FROM catalogs;

-- Subqueries, EXISTS, joins, set operations, CTEs.
SELECT v.name, v.name IN (SELECT name FROM catalogs) AS there
    FROM (VALUES ('Books'), ('Goods'), ('Услуги')) v(name);
SELECT v.id, EXISTS (SELECT FROM catalogs c WHERE c.id = v.id) AS there
    FROM (VALUES (4222), (4223)) v(id);
SELECT a.name, b.name FROM catalogs a JOIN catalogs b USING (type)
    WHERE a.name < b.name ORDER BY 1, 2;
SELECT v.name, c.id, c.type
    FROM (VALUES ('Goods'), ('Films'), ('Услуги')) v(name)
    LEFT JOIN catalogs c USING (name) ORDER BY 1;
SELECT name FROM catalogs WHERE type = 'products'
    UNION ALL SELECT name FROM catalogs WHERE id = 4223 ORDER BY name;
WITH c AS MATERIALIZED (SELECT * FROM catalogs)
    SELECT count(*), count(DISTINCT type) FROM c;

-- One list asked for by its id; an id that is deleted needs no request.
\! emulator wire > /dev/null
SELECT id, name FROM catalogs WHERE id = 4223;
\! emulator wire
SELECT id, name FROM catalogs WHERE id = 4222;
\! emulator wire
UPDATE catalogs SET name = 'gone' WHERE id = 4222;
DELETE FROM catalogs WHERE id = 4222;
\! emulator wire
-- The same where another relation says which.
SELECT v.id, c.name FROM (VALUES (4223::bigint), (4222), (4230)) v(id)
    CROSS JOIN LATERAL (SELECT name FROM catalogs WHERE id = v.id OFFSET 0) c;
\! emulator wire
PREPARE by_id(bigint) AS SELECT name FROM catalogs WHERE id = $1;
EXECUTE by_id(4222);
EXECUTE by_id(4223);
DEALLOCATE by_id;
\! emulator wire
ROLLBACK;
\! emulator wire
SELECT id, name FROM catalogs;
\! emulator wire

--
-- UPDATE and DELETE, with and without joins, of what was changed before
--
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET type = 'was ' || name WHERE name = 'Goods';
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
UPDATE catalogs c SET type = v.type
    FROM (VALUES ('Goods', 'products'), ('Books', 'suppliers')) v(name, type)
    WHERE c.name = v.name;
DELETE FROM catalogs c USING (VALUES ('Films'), ('Tariffs')) v(name)
    WHERE c.name = v.name;
UPDATE catalogs SET can_add_elements = true
    WHERE type IN (SELECT type FROM catalogs WHERE name = 'Books');
SELECT id, name, type, can_add_elements FROM catalogs;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator lists
\! emulator reset

-- Rows that are not sent yet are found by each kind of join.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs'), ('Games');
CREATE TEMP TABLE wish (name text, type text) ON COMMIT DROP;
INSERT INTO wish VALUES ('Books', 'b'), ('Films', 'f'), ('Games', 'g');
ANALYZE wish;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
UPDATE catalogs c SET type = w.type || ', looped' FROM wish w
    WHERE c.name = w.name;
DELETE FROM wish w WHERE name = 'Books';
SET LOCAL enable_hashjoin = on;
SET LOCAL enable_nestloop = off;
UPDATE catalogs c SET type = c.type || ', hashed' FROM wish w
    WHERE c.name = w.name;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = on;
UPDATE catalogs c SET type = c.type || ', merged' FROM wish w
    WHERE c.name = w.name AND w.type = 'g';
DELETE FROM catalogs c USING wish w WHERE c.name = w.name AND w.type = 'f';
SELECT id, name, type FROM catalogs WHERE id IS NULL;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

-- TRUNCATE takes the rows that are not sent with it.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
TRUNCATE catalogs;
SELECT count(*) FROM catalogs;
INSERT INTO catalogs (name) VALUES ('Films');
SELECT id, name FROM catalogs;
ROLLBACK;
\! emulator wire

--
-- A statement does not meet its own changes: as with a table of one's own
--
CREATE TABLE own (id bigint, name text, type text);
INSERT INTO own SELECT id, name, type FROM catalogs;
BEGIN;
-- INSERT ... SELECT from itself
INSERT INTO catalogs (name) SELECT name || ' 2' FROM catalogs WHERE id > 4225;
INSERT INTO catalogs (name) SELECT name || ' 3' FROM catalogs WHERE id IS NULL;
INSERT INTO own (name) SELECT name || ' 2' FROM own WHERE id > 4225;
INSERT INTO own (name) SELECT name || ' 3' FROM own WHERE id IS NULL;
-- each row once, though it still matches
UPDATE catalogs SET name = name || '!';
UPDATE own SET name = name || '!';
-- the other side of a self-join is as it was
UPDATE catalogs a SET name = b.name FROM catalogs b
    WHERE (a.id, b.id) IN ((4223, 4222), (4222, 4223));
UPDATE own a SET name = b.name FROM own b
    WHERE (a.id, b.id) IN ((4223, 4222), (4222, 4223));
UPDATE catalogs SET type = (SELECT count(*) FROM catalogs WHERE type = 'regular')
    WHERE type = 'regular';
UPDATE own SET type = (SELECT count(*) FROM own WHERE type = 'regular')
    WHERE type = 'regular';
SELECT id, name, type FROM catalogs ORDER BY id, name;
SELECT id, name, type FROM own ORDER BY id, name;

-- The parts of a statement with data-modifying CTEs see nothing of each other.
WITH i AS (INSERT INTO catalogs (name) VALUES ('from a CTE')),
     u AS (UPDATE catalogs SET name = 'updated' WHERE id = 4230
           RETURNING id, name),
     d AS (DELETE FROM catalogs WHERE id = 4231 RETURNING id, name)
SELECT 'u', id, name FROM u UNION ALL SELECT 'd', id, name FROM d
UNION ALL SELECT 'c', id, name FROM catalogs WHERE id >= 4230 ORDER BY 1, 2;
SELECT id, name FROM catalogs
    WHERE id >= 4230 OR name = 'from a CTE' ORDER BY id;
ROLLBACK;

-- A STABLE function sees what its caller sees, a VOLATILE one what its caller
-- has changed so far.
CREATE FUNCTION marked_stable(rel regclass) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s WHERE type LIKE ''marked%%''', rel)
        INTO n;
    RETURN n;
END $$;
CREATE FUNCTION marked_volatile(rel regclass) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s WHERE type LIKE ''marked%%''', rel)
        INTO n;
    RETURN n;
END $$;
BEGIN;
UPDATE catalogs SET type = 'marked, stable ' || marked_stable('catalogs')
    WHERE id IN (4222, 4223);
UPDATE own SET type = 'marked, stable ' || marked_stable('own')
    WHERE id IN (4222, 4223);
SELECT marked_stable('catalogs'), marked_volatile('catalogs');
UPDATE catalogs SET type = 'marked, volatile ' || marked_volatile('catalogs')
    WHERE id > 4223;
UPDATE own SET type = 'marked, volatile ' || marked_volatile('own')
    WHERE id > 4223;
SELECT id, type FROM catalogs ORDER BY type;
SELECT id, type FROM own ORDER BY type;
ROLLBACK;
DROP FUNCTION marked_stable, marked_volatile;
DROP TABLE own;

--
-- Cursors
--
\! emulator wire > /dev/null
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
DECLARE unread CURSOR FOR SELECT id, name FROM catalogs;
DECLARE begun CURSOR FOR SELECT id, name FROM catalogs;
FETCH 1 FROM begun;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET name = name || ' and films' WHERE id IS NULL;
DELETE FROM catalogs WHERE id = 4222;
INSERT INTO catalogs (name) VALUES ('Songs');
-- Those that were open see none of it,
FETCH ALL FROM unread;
FETCH ALL FROM begun;
-- one opened now does,
DECLARE later SCROLL CURSOR FOR SELECT id, name FROM catalogs;
FETCH ALL FROM later;
DELETE FROM catalogs WHERE id IS NULL;
-- and stays as it is, also backwards.
FETCH BACKWARD 2 FROM later;
MOVE BACKWARD ALL IN later;
FETCH ALL FROM later;
SELECT id, name FROM catalogs;
\! emulator wire
ROLLBACK;

-- A cursor that is open does not see what is sent meanwhile either.
BEGIN;
DECLARE unread CURSOR FOR SELECT id, name FROM catalogs;
DECLARE begun CURSOR FOR SELECT id, name FROM catalogs;
FETCH 1 FROM begun;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Books');
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
FETCH ALL FROM unread;
FETCH ALL FROM begun;
SELECT id, name FROM catalogs;
\! emulator wire
ROLLBACK;
\! emulator reset

-- One that outlives the transaction keeps what it saw.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
DECLARE kept CURSOR WITH HOLD FOR SELECT id, name FROM catalogs;
UPDATE catalogs SET name = 'Films' WHERE name = 'Books';
COMMIT;
FETCH ALL FROM kept;
CLOSE kept;
SELECT id, name FROM catalogs WHERE id > 5000;
\! emulator wire
\! emulator reset

-- A loop over the rows that it changes.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT name FROM catalogs LOOP
        UPDATE catalogs SET name = name || '+' WHERE name = r.name;
        INSERT INTO catalogs (name) VALUES (r.name || ', new');
    END LOOP;
END $$;
SELECT id, name FROM catalogs;
ROLLBACK;

--
-- Rescans give the same rows again, without another request.
--
\! emulator wire > /dev/null
SET enable_material = off;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
DELETE FROM catalogs WHERE id IN (4222, 4231);
INSERT INTO catalogs (name) VALUES ('Books');
\! emulator wire
SELECT v.x, c.id, c.name FROM catalogs c
    RIGHT JOIN (VALUES (1), (2), (3)) v(x) ON c.name <> v.x::text;
\! emulator wire
SELECT v.name, (SELECT count(*) FROM catalogs c WHERE c.name > v.name)
    FROM (VALUES ('A'), ('C'), ('Z')) v(name);
\! emulator wire
-- Rows that do not fit into work_mem are asked for again.
\! emulator add-many 3000
SET LOCAL work_mem = '64kB';
SELECT v.name, (SELECT count(*) FROM catalogs c WHERE c.name > v.name)
    FROM (VALUES ('A'), ('C'), ('Z')) v(name);
\! emulator wire
ROLLBACK;
RESET enable_material;
RESET enable_hashjoin;
RESET enable_mergejoin;
\! emulator reset

--
-- Renamed columns, other types, constants; a second table over the account
--
CREATE FOREIGN TABLE renamed (
    title text OPTIONS (column_name 'name'),
    account text OPTIONS (constant 'acme'),
    no bigint OPTIONS (column_name 'id'),
    open text OPTIONS (column_name 'can_add_elements'),
    widgets jsonb,
    since bigint OPTIONS (column_name 'created_at'))
    SERVER acme;
BEGIN;
UPDATE renamed SET title = 'Goods', open = 'no' WHERE no = 4223;
INSERT INTO renamed (title, account) VALUES ('Books', 'acme');
INSERT INTO catalogs (name, can_add_elements) VALUES ('Films', true);
SELECT * FROM renamed;
-- either sees what was done through the other
SELECT id, name, can_add_elements FROM catalogs;
UPDATE catalogs SET type = 'suppliers' WHERE name = 'Books';
UPDATE renamed SET title = 'Cinema' WHERE title = 'Films';
DELETE FROM catalogs WHERE id = 4230;
DELETE FROM renamed WHERE no = 4231;
SELECT title, no FROM renamed WHERE account = 'acme';
SELECT id, name, type FROM catalogs;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

-- The whole item, too, is as it will be.
CREATE FOREIGN TABLE whole (id bigint, name text, attrs jsonb) SERVER acme;
BEGIN;
UPDATE catalogs SET name = 'Goods', can_add_elements = false WHERE id = 4223;
SELECT id, name, attrs ->> 'name' AS attrs_name,
       attrs -> 'can_add_elements' AS attrs_can_add, attrs -> 'sort' AS sort
    FROM whole WHERE id = 4223;
ROLLBACK;
DROP FOREIGN TABLE whole, renamed;

-- What the transaction has changed is gone with it.
SELECT id, name FROM catalogs;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
