-- The columns of a list: those of IMPORT FOREIGN SCHEMA by name, and what else
-- a user may declare.
\i sql/include/account.sql

-- Each by name, with its type.
\x on
SELECT id, pg_typeof(id), name, pg_typeof(name), type, pg_typeof(type),
       can_add_elements, pg_typeof(can_add_elements),
       can_show_in_cards, pg_typeof(can_show_in_cards),
       can_link_multiple, pg_typeof(can_link_multiple),
       sort, pg_typeof(sort), created_by, pg_typeof(created_by),
       created_at AT TIME ZONE 'UTC' AS created_at, pg_typeof(created_at),
       request_id, pg_typeof(request_id)
    FROM catalogs WHERE id = 4222;
\x off
-- request_id names a row in the request that adds it: it is not read.
\! emulator set 'extra={"request_id": 7}'
SELECT id, request_id FROM catalogs;
\! emulator unset extra

\! emulator wire
-- A key that is missing, or null, is NULL; only the id is always there.
\! emulator set missing=name,created_by,created_at,sort,type,can_add_elements,can_show_in_cards,can_link_multiple
SELECT * FROM catalogs WHERE id = 4223;
\! emulator unset missing
\! emulator set nulls=name,created_by,created_at,sort,type,can_add_elements,can_show_in_cards,can_link_multiple
SELECT * FROM catalogs WHERE id = 4223;
\! emulator unset nulls
-- Not an empty string, nor the word.
\! emulator put '{"id": 4222, "name": "", "type": "null"}'
SELECT name, name = '' AS empty, type, type IS NULL AS "null" FROM catalogs WHERE id = 4222;
\! emulator reset

-- The whole row, and the table's own columns.
SELECT c FROM catalogs c WHERE id = 4223;
SELECT (c).name, row_to_json(c)->>'sort' AS sort FROM catalogs c WHERE id = 4223;
SELECT tableoid::regclass, id FROM catalogs WHERE id = 4223;
\! emulator wire --count

-- Fewer columns, in another order, under other names.
CREATE FOREIGN TABLE lists (
    "Кто создал" bigint OPTIONS (column_name 'created_by'),
    "ID" bigint OPTIONS (column_name 'id'),
    title text OPTIONS (column_name 'name')) SERVER acme;
SELECT * FROM lists;
SELECT "Кто создал" FROM lists WHERE "ID" = 4231;
\! emulator wire
DROP FOREIGN TABLE lists;
-- Names take the place of each other's.
CREATE FOREIGN TABLE lists (name text OPTIONS (column_name 'type'), type text OPTIONS (column_name 'name'), n text OPTIONS (column_name 'name')) SERVER acme;
SELECT * FROM lists;
DROP FOREIGN TABLE lists;
-- Keys are spelled as they are: case matters, blanks too.
CREATE FOREIGN TABLE lists (id int, "Name" text, "name " text, " name" text, "NAME" text OPTIONS (column_name 'name')) SERVER acme;
SELECT * FROM lists WHERE id = 4230;
DROP FOREIGN TABLE lists;
-- No column at all.
CREATE FOREIGN TABLE lists () SERVER acme;
SELECT count(*) FROM lists;
SELECT FROM lists;
DROP FOREIGN TABLE lists;

-- Dropped, added and changed columns.
ALTER FOREIGN TABLE catalogs DROP COLUMN name, DROP COLUMN can_add_elements, DROP COLUMN request_id;
SELECT * FROM catalogs WHERE id = 4223;
ALTER FOREIGN TABLE catalogs ADD COLUMN title text OPTIONS (column_name 'name'), ADD COLUMN widgets jsonb;
SELECT * FROM catalogs WHERE id = 4223;
ALTER FOREIGN TABLE catalogs ALTER COLUMN sort TYPE numeric, ALTER COLUMN title OPTIONS (SET column_name 'type');
ALTER FOREIGN TABLE catalogs RENAME created_by TO author;
SELECT id, sort, title, author, c FROM catalogs c WHERE id = 4231;
ALTER FOREIGN TABLE catalogs ALTER COLUMN author OPTIONS (ADD column_name 'created_by'), ALTER COLUMN title OPTIONS (DROP column_name);
SELECT id, title, author FROM catalogs WHERE id = 4231;
\! emulator wire --count
DROP FOREIGN TABLE catalogs;

-- Two columns that could give a value for one key: which of them would be sent?
-- To read them is fine.
CREATE FOREIGN TABLE lists (id bigint, name text, title text OPTIONS (column_name 'name')) SERVER acme;
SELECT count(*) FROM lists WHERE name = title;
INSERT INTO lists (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
UPDATE lists SET title = 'b' WHERE id = 4223;
COPY lists (name) FROM stdin;
a
\.
ALTER FOREIGN TABLE lists OPTIONS (verify_rows 'false');
UPDATE lists SET title = 'b' WHERE id = 4223;
\! emulator wire
DROP FOREIGN TABLE lists;

-- A default is for INSERT, and a NOT NULL a promise of who declares it.
CREATE FOREIGN TABLE lists (id bigint NOT NULL, name text NOT NULL DEFAULT 'none') SERVER acme;
\! emulator set missing=name
SELECT id, name FROM lists WHERE id = 4223;
\! emulator unset missing
BEGIN;
INSERT INTO lists DEFAULT VALUES;
SELECT id, name FROM lists WHERE name = 'none';
ROLLBACK;
\! emulator wire
DROP FOREIGN TABLE lists;

DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
