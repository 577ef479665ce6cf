-- verify_rows false: an UPDATE or a DELETE whose condition gives the ids is a
-- POST without a GET.
\set options ', verify_rows ''false'''
\i sql/include/account.sql

--
-- One id, or several: each row once, and none for NULL or for what no list has.
--
\set QUIET off
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire
UPDATE catalogs SET name = 'Services', can_add_elements = false WHERE 4222 = id;
\! emulator wire
DELETE FROM catalogs WHERE id = 4231::smallint;
\! emulator wire
UPDATE catalogs SET type = 'x' WHERE id IN (4230, 4222, 4230, NULL);
\! emulator wire
UPDATE catalogs SET type = 'y' WHERE id = ANY ('{4230,4223}'::int[]);
\! emulator wire
DELETE FROM catalogs WHERE id = ANY (ARRAY[4230, NULL, 4222, 4230]);
\! emulator wire
UPDATE catalogs SET name = 'x' WHERE id = NULL;
UPDATE catalogs SET name = 'x' WHERE id = NULL::bigint;
UPDATE catalogs SET name = 'x' WHERE id = ANY (NULL::bigint[]);
UPDATE catalogs SET name = 'x' WHERE id = ANY ('{}'::bigint[]);
UPDATE catalogs SET name = 'x' WHERE id = ANY ('{NULL,NULL}'::bigint[]);
UPDATE catalogs SET name = 'x' WHERE id IN (0, -4223);
DELETE FROM catalogs WHERE id = 0;
\! emulator wire
\! emulator lists --columns id,name,type,can_add_elements
\! emulator reset
-- Not even the new value is looked at.
UPDATE catalogs SET name = (1 / (0 * length(current_user)))::text
    WHERE id = ANY ('{}'::bigint[]);
UPDATE catalogs SET name = (1 / (0 * length(current_user)))::text
    WHERE id = 4223;
-- As many as it takes
ALTER SERVER acme OPTIONS (ADD batch_size '2');
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 4223, 4230);
\! emulator wire
ALTER SERVER acme OPTIONS (DROP batch_size);
\! emulator reset

--
-- What is known before: parameters, stable functions, a subquery's result
--
PREPARE rename(bigint, text) AS UPDATE catalogs SET name = $2 WHERE id = $1;
PREPARE remove(bigint[]) AS DELETE FROM catalogs WHERE id = ANY ($1);
PREPARE one_of(int, int) AS UPDATE catalogs SET type = 'x' WHERE id IN ($1, $2);
SET plan_cache_mode = force_custom_plan;
EXECUTE rename(4223, 'Goods');
EXECUTE one_of(4223, 4222);
\! emulator wire
SET plan_cache_mode = force_generic_plan;
EXECUTE rename(4223, 'All goods');
EXECUTE rename(4222, 'Services');
EXECUTE rename(NULL, 'Nothing');
EXECUTE one_of(4223, 4223);
EXECUTE remove('{4230,4231}');
EXECUTE remove('{}');
EXECUTE remove(NULL);
\! emulator wire
-- a plan that is kept notices that the option has changed
ALTER FOREIGN TABLE catalogs OPTIONS (ADD verify_rows 'true');
EXECUTE rename(4223, 'Read first');
\! emulator wire
ALTER FOREIGN TABLE catalogs OPTIONS (DROP verify_rows);
EXECUTE rename(4223, 'Not read');
\! emulator wire
ALTER SERVER acme OPTIONS (SET verify_rows 'true');
EXECUTE rename(4223, 'Read first');
\! emulator wire
ALTER SERVER acme OPTIONS (SET verify_rows 'false');
RESET plan_cache_mode;
DEALLOCATE ALL;
\! emulator reset
CREATE TABLE wanted (list bigint);
INSERT INTO wanted VALUES (4223), (4222);
UPDATE catalogs SET name = 'by ' || current_setting('search_path')
    WHERE id = (SELECT max(list) FROM wanted);
UPDATE catalogs SET (name, type) = (SELECT 'Lists', 'x')
    WHERE id = ANY (ARRAY(SELECT list FROM wanted));
\! emulator wire
\! emulator reset
-- a number of another type, and one that no list can have
UPDATE catalogs SET name = 'x' WHERE id = 4223.0;
UPDATE catalogs SET name = 'x' WHERE id = 4223.5;
UPDATE catalogs SET name = 'x' WHERE id = ANY ('{-1, 0, NULL}');
\! emulator wire
\! emulator reset
-- a condition that is the same for all rows, and none at all
PREPARE maybe(bool) AS UPDATE catalogs SET name = 'x' WHERE id = 4223 AND $1;
SET plan_cache_mode = force_generic_plan;
EXECUTE maybe(false);
EXECUTE maybe(NULL);
\! emulator wire
RESET plan_cache_mode;
DEALLOCATE maybe;
UPDATE catalogs SET name = 'x' WHERE id = 4223 AND false;
UPDATE catalogs SET name = 'x' WHERE id = 4223 AND id = 4222;
\! emulator wire

--
-- What depends on the row is read first.
--
UPDATE catalogs SET name = name || '!' WHERE id = 4223;
\! emulator wire
UPDATE catalogs SET name = 'List ' || id WHERE id = 4223;
\! emulator wire
UPDATE catalogs SET name = 'x', type = (SELECT max(list)::text FROM wanted WHERE list = id)
    WHERE id = 4223;
\! emulator wire
UPDATE catalogs SET name = 'x' WHERE id = 4223 AND type = 'regular';
\! emulator wire
UPDATE catalogs SET name = 'z' WHERE id = 4223 OR id = 4222;
\! emulator wire
DELETE FROM catalogs WHERE id IN (4230, 4231) AND id > 4230;
\! emulator wire
DELETE FROM catalogs WHERE id > 9000;
\! emulator wire
DELETE FROM catalogs WHERE id <> ALL ('{4222,4223,4230,4231}');
\! emulator wire
UPDATE catalogs SET name = 'x' WHERE id = 4200 + sort;
\! emulator wire
UPDATE catalogs SET name = 'x';
\! emulator wire > /dev/null
\! emulator reset
-- a value, or an id, that is another one each time
CREATE SEQUENCE numbers;
UPDATE catalogs SET name = 'List ' || nextval('numbers') WHERE id IN (4222, 4223);
\! emulator wire
UPDATE catalogs SET name = 'x' WHERE id = 4222 + (random() * 0)::int;
\! emulator wire
DROP SEQUENCE numbers;
-- another table that says which, or whether
UPDATE catalogs SET name = 'x' FROM wanted WHERE id = list AND id = 4223;
\! emulator wire
DELETE FROM catalogs USING wanted WHERE id = 4222 AND id = list;
\! emulator wire
DELETE FROM catalogs WHERE id IN (SELECT list FROM wanted);
\! emulator wire > /dev/null
\! emulator reset
-- RETURNING
UPDATE catalogs SET name = 'Goods' WHERE id = 4223 RETURNING id, sort;
\! emulator wire
DELETE FROM catalogs WHERE id = 4223 RETURNING name;
\! emulator wire
\! emulator reset
DROP TABLE wanted;

--
-- A row that must be looked at here: triggers, views with a check
--
CREATE FUNCTION show() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % %: % -> %', TG_WHEN, TG_OP, TG_LEVEL, OLD.name, NEW.name;
    RETURN NEW;
END $$;
CREATE TRIGGER show BEFORE UPDATE ON catalogs FOR EACH ROW EXECUTE FUNCTION show();
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire
-- but a DELETE has no such trigger
DELETE FROM catalogs WHERE id = 4230;
\! emulator wire
DROP TRIGGER show ON catalogs;
CREATE TRIGGER show AFTER UPDATE ON catalogs FOR EACH ROW EXECUTE FUNCTION show();
UPDATE catalogs SET name = 'All goods' WHERE id = 4223;
\! emulator wire
DROP TRIGGER show ON catalogs;
CREATE TRIGGER show AFTER UPDATE ON catalogs EXECUTE FUNCTION show();
UPDATE catalogs SET name = 'Things' WHERE id = 4223;
\! emulator wire
DROP TRIGGER show ON catalogs;
DROP FUNCTION show;
CREATE VIEW checked AS SELECT * FROM catalogs WHERE name <> 'no'
    WITH CHECK OPTION;
UPDATE checked SET name = 'no' WHERE id = 4223;
\! emulator wire
CREATE VIEW every AS SELECT id, name AS title FROM catalogs;
UPDATE every SET title = 'no' WHERE id = 4223;
\! emulator wire
DROP VIEW checked, every;
\! emulator reset

--
-- What may be written is the same.
--
\set VERBOSITY sqlstate
UPDATE catalogs SET name = NULL WHERE id = 4223;
UPDATE catalogs SET sort = 7 WHERE id = 4223;
UPDATE catalogs SET id = 7 WHERE id = 4223;
\set VERBOSITY default
\! emulator wire
ALTER FOREIGN TABLE catalogs OPTIONS (ADD updatable 'false');
UPDATE catalogs SET name = 'x' WHERE id = 4223;
ALTER FOREIGN TABLE catalogs OPTIONS (DROP updatable);
CREATE FOREIGN TABLE other (list int OPTIONS (column_name 'id'), title varchar(6)
    OPTIONS (column_name 'name'), attrs jsonb, links boolean OPTIONS
    (column_name 'can_link_multiple'), full_name text GENERATED ALWAYS AS ('x') STORED)
    SERVER acme;
UPDATE other SET title = 'Goods' WHERE list = 4223;
\! emulator wire
ALTER FOREIGN TABLE other DROP COLUMN full_name;
UPDATE other SET title = 'Books', links = false WHERE list = 4223;
UPDATE other SET title = 'Too long' WHERE list = 4223;
DELETE FROM other WHERE list = 4222;
\! emulator wire
\set VERBOSITY sqlstate
UPDATE other SET attrs = '{}' WHERE list = 4223;
\set VERBOSITY default
\! emulator wire
CREATE FOREIGN TABLE words (id text, name text) SERVER acme;
UPDATE words SET name = 'Words' WHERE id = '4223';
\! emulator wire
CREATE FOREIGN TABLE nameless (name text) SERVER acme;
\set VERBOSITY sqlstate
DELETE FROM nameless;
\set VERBOSITY default
DROP FOREIGN TABLE other, words, nameless;
\! emulator reset

--
-- A list that is not there: the count said that it is, so COMMIT fails.
--
-- (What had been accepted and cannot be taken back is another test's.)
SET client_min_messages = error;
UPDATE catalogs SET name = 'x' WHERE id IN (4222, 9999);
\echo :SQLSTATE
RESET client_min_messages;
DELETE FROM catalogs WHERE id = 9999;
\echo :SQLSTATE
\! emulator lists --columns id,name
\set QUIET on

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
