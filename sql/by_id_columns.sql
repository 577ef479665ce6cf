-- Whatever the column of the id is called, and of whatever type it is, WHERE
-- on it gives the right list; an integer one asks for that list alone.
\i sql/include/account.sql

-- Under another name; and a column "id" that is another key.
CREATE FOREIGN TABLE lists (id text OPTIONS (column_name 'name'), number bigint OPTIONS (column_name 'id')) SERVER acme;
SELECT * FROM lists WHERE number = 4223;
\! emulator wire
SELECT * FROM lists WHERE id = 'Tariffs';
\! emulator wire
DROP FOREIGN TABLE lists;

-- integer, where the ids fit.
CREATE FOREIGN TABLE lists (name text, id integer) SERVER acme;
SELECT * FROM lists WHERE id = 4223;
SELECT * FROM lists WHERE id = 4223::bigint;
\! emulator wire
SET plan_cache_mode = force_generic_plan;
PREPARE big(bigint) AS SELECT name FROM lists WHERE id = $1;
EXECUTE big(4222);
EXECUTE big(99999999999);
DEALLOCATE big;
RESET plan_cache_mode;
\! emulator wire
DROP FOREIGN TABLE lists;

-- smallint.
CREATE FOREIGN TABLE lists (name text, id smallint) SERVER acme;
SELECT * FROM lists WHERE id = 4223;
SELECT * FROM lists WHERE id = 70000;
\! emulator wire
DROP FOREIGN TABLE lists;

-- numeric, text and other types hold an id too, but are compared here.
CREATE FOREIGN TABLE lists (name text, id numeric) SERVER acme;
SELECT * FROM lists WHERE id = 4223;
\! emulator wire
DROP FOREIGN TABLE lists;
CREATE FOREIGN TABLE lists (name text, id text) SERVER acme;
SELECT * FROM lists WHERE id = '4223';
\! emulator wire
SELECT * FROM lists WHERE id = '04223';
\! emulator wire
SELECT * FROM lists WHERE id::bigint = 4222;
\! emulator wire
DROP FOREIGN TABLE lists;
CREATE FOREIGN TABLE lists (name text, id jsonb) SERVER acme;
SELECT * FROM lists WHERE id = '4223';
\! emulator wire
DROP FOREIGN TABLE lists;

-- A domain over an integer is an integer.
CREATE DOMAIN list_id AS bigint CHECK (VALUE > 0);
CREATE FOREIGN TABLE lists (name text, id list_id) SERVER acme;
SELECT * FROM lists WHERE id = 4223;
\! emulator wire
DROP FOREIGN TABLE lists;
DROP DOMAIN list_id;

-- Twice in a table, it is the first that is asked for.
CREATE FOREIGN TABLE lists (id bigint, name text, again integer OPTIONS (column_name 'id')) SERVER acme;
SELECT * FROM lists WHERE id = 4223;
SELECT * FROM lists WHERE again = 4223 ORDER BY id;
SELECT * FROM lists WHERE again = 4222 AND id = 4223;
\! emulator wire
DROP FOREIGN TABLE lists;

-- After columns that are no more.
CREATE FOREIGN TABLE lists (a text, id bigint, b text, name text) SERVER acme;
ALTER FOREIGN TABLE lists DROP COLUMN a, DROP COLUMN b;
SELECT * FROM lists WHERE id = 4223;
\! emulator wire
ALTER FOREIGN TABLE lists DROP COLUMN id;
SELECT * FROM lists WHERE name = 'Tariffs';
\! emulator wire
ALTER FOREIGN TABLE lists ADD COLUMN id bigint;
SELECT * FROM lists WHERE id = 4223;
\! emulator wire
ALTER FOREIGN TABLE lists ALTER COLUMN id TYPE numeric;
SELECT * FROM lists WHERE id = 4223;
\! emulator wire
DROP FOREIGN TABLE lists;

-- In a table without it, nothing is an id.
CREATE FOREIGN TABLE lists (name text, sort bigint) SERVER acme;
SELECT * FROM lists WHERE sort = 10;
\! emulator wire
DROP FOREIGN TABLE lists;

-- A constant column named id is no list's id.
CREATE FOREIGN TABLE lists (id bigint OPTIONS (constant '7'), name text) SERVER acme;
SELECT * FROM lists WHERE id = 7 AND name = 'Tariffs';
SELECT * FROM lists WHERE id = 4223;
\! emulator wire
DROP FOREIGN TABLE lists;

-- As a partition, and as a child of another table.
CREATE TABLE everything (id bigint, name text) PARTITION BY LIST (name);
CREATE FOREIGN TABLE lists PARTITION OF everything DEFAULT SERVER acme;
SELECT * FROM everything WHERE id = 4223;
\! emulator wire
DROP TABLE everything;
CREATE TABLE everything (id bigint, name text);
INSERT INTO everything VALUES (4223, 'Here'), (4224, 'Here, too');
CREATE FOREIGN TABLE lists (sort int) INHERITS (everything) SERVER acme;
SELECT tableoid::regclass, * FROM everything WHERE id = 4223 ORDER BY name;
\! emulator wire
DROP FOREIGN TABLE lists;
DROP TABLE everything;

-- Where the server ignores the id, the lists that were not asked for do not
-- have to fit into the column.
CREATE FOREIGN TABLE lists (name text, id smallint) SERVER acme;
\! emulator put '{"id": 70000, "name": "Does not fit"}'
\! emulator set id_filter=ignored
SELECT * FROM lists WHERE id = 4223;
DROP FOREIGN TABLE lists;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
