-- A value that does not fit into its column is an error that names the column
-- and the list: nothing is cut, rounded or clamped.  What is not asked for
-- does not have to fit.
\i sql/include/account.sql

-- The types of IMPORT FOREIGN SCHEMA.
\! emulator put '{"id": 4223, "sort": 2147483648, "created_by": 9223372036854775808, "created_at": 9224318016000, "can_add_elements": "maybe"}'
SELECT name, type, can_show_in_cards FROM catalogs WHERE id = 4223;
SELECT sort FROM catalogs WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT created_by FROM catalogs WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT created_at FROM catalogs WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT can_add_elements FROM catalogs WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
-- Not even where a condition would leave the row out.
SELECT sort FROM catalogs WHERE type = 'invoices';
SELECT name FROM catalogs WHERE type = 'invoices' AND sort = 40;
SELECT count(*) FROM catalogs;
\! emulator reset
SELECT count(sort) FROM catalogs;

-- Other values of another kind than the key's.
CREATE TEMP VIEW each_key AS
    SELECT format('SELECT %I FROM catalogs WHERE id = 4231', key)
    FROM unnest('{sort,created_by,created_at,can_add_elements,can_show_in_cards,can_link_multiple,name}'::text[]) AS key;
\! emulator put '{"id": 4231, "sort": 10.5, "created_by": "somebody", "created_at": "a while ago", "can_add_elements": 2, "can_show_in_cards": {"a": 1}, "can_link_multiple": ""}'
TABLE each_key \gexec
\! emulator put '{"id": 4231, "sort": "", "created_by": true, "created_at": false, "can_add_elements": -1, "can_show_in_cards": [true], "can_link_multiple": 1.0}'
TABLE each_key \gexec
\! emulator reset
\! emulator put '{"id": 4231, "sort": {}, "created_by": [504141], "created_at": [], "name": "still there"}'
TABLE each_key \gexec
\! emulator reset

-- Ids: of integer and smallint columns, and beyond 64 bits.
CREATE FOREIGN TABLE lists (id bigint, name text, middle integer OPTIONS (column_name 'id'), small smallint OPTIONS (column_name 'id')) SERVER acme;
\! emulator put '{"id": 2147483648, "name": "Large"}'
SELECT id, name FROM lists WHERE id > 5000;
SELECT middle FROM lists;
\echo :LAST_ERROR_SQLSTATE
SELECT small FROM lists WHERE id = 2147483648;
\echo :LAST_ERROR_SQLSTATE
\! emulator put '{"id": 99999999999999999999, "name": "Larger"}'
SELECT name FROM lists WHERE name LIKE 'Large%' ORDER BY name;
SELECT id FROM lists;
\echo :LAST_ERROR_SQLSTATE
-- Asked for by id, another list does not have to fit, and none is clamped.
\! emulator set id_filter=ignored
SELECT id, name FROM lists WHERE id = 4223;
SELECT id, name FROM lists WHERE id = 9223372036854775807;
\! emulator reset
\! emulator set 'extra={"id": "not a number"}'
SELECT name FROM lists;
SELECT id FROM lists;
\! emulator reset
DROP FOREIGN TABLE lists;

-- Text that would be cut.
CREATE FOREIGN TABLE lists (id bigint, name varchar(5), a char(5) OPTIONS (column_name 'name'),
    b name OPTIONS (column_name 'name'), c "char" OPTIONS (column_name 'name'), d text OPTIONS (column_name 'name')) SERVER acme;
SELECT name, a FROM lists WHERE id = 4231;
SELECT name FROM lists;
\echo :LAST_ERROR_SQLSTATE
SELECT a FROM lists;
\echo :LAST_ERROR_SQLSTATE
SELECT c FROM lists;
\echo :LAST_ERROR_SQLSTATE
SELECT b FROM lists ORDER BY id;
\! emulator put '{"id": 4223, "name": "0123456789012345678901234567890123456789012345678901234567890123"}'
SELECT b FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
-- PostgreSQL cuts blanks in silence; here they are a part of the name.
\! emulator put '{"id": 4223, "name": "Goods   "}'
SELECT name FROM lists WHERE id = 4223;
SELECT '"' || d || '"' FROM lists WHERE id = 4223;
\! emulator put '{"id": 4223, "name": "Я"}'
SELECT name, a, b FROM lists WHERE id = 4223;
SELECT c FROM lists WHERE id = 4223;
\! emulator reset
DROP FOREIGN TABLE lists;

-- Numbers that would be rounded, or clamped.
CREATE FOREIGN TABLE lists (id bigint, price numeric(3,0), a numeric(6,2) OPTIONS (column_name 'price'),
    b double precision OPTIONS (column_name 'price'), c real OPTIONS (column_name 'price'),
    d numeric(2,-2) OPTIONS (column_name 'price'), e numeric OPTIONS (column_name 'price'),
    f integer OPTIONS (column_name 'price')) SERVER acme;
\! emulator set 'extra={"price": 12.345}'
SELECT b, c, e FROM lists WHERE id = 4223;
SELECT price FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT a FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT f FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator set 'extra={"price": 1234}'
SELECT a, b, c, f FROM lists WHERE id = 4223;
SELECT price FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT d FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator set 'extra={"price": 9007199254740993}'
SELECT e FROM lists WHERE id = 4223;
SELECT b FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT c FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator set 'extra={"price": 16777217}'
SELECT b FROM lists WHERE id = 4223;
SELECT c FROM lists WHERE id = 4223;
\! emulator set 'extra={"price": "12,5"}'
SELECT e FROM lists WHERE id = 4223;
SELECT b FROM lists WHERE id = 4223;
\! emulator fault body text='{"_embedded": {"items": [{"id": 4223, "price": 1e400}]}}' times=2
SELECT b FROM lists;
\echo :LAST_ERROR_SQLSTATE
SELECT c FROM lists;
\! emulator fault body text='{"_embedded": {"items": [{"id": 4223, "price": 1e-400}]}}' times=2
SELECT b FROM lists;
\echo :LAST_ERROR_SQLSTATE
SELECT c FROM lists;
\! emulator reset
DROP FOREIGN TABLE lists;

-- Times beyond what the types hold.
CREATE FOREIGN TABLE lists (id bigint, made timestamptz, a timestamptz OPTIONS (column_name 'created_at'),
    b date OPTIONS (column_name 'created_at'), c timestamp OPTIONS (column_name 'created_at')) SERVER acme;
\! emulator put '{"id": 4223, "created_at": 9223372036854775807}'
SELECT a FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT b FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT c FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator put '{"id": 4223, "created_at": 99999999999999999999}'
SELECT a FROM lists WHERE id = 4223;
\! emulator put '{"id": 4223, "created_at": -210866803201}'
SELECT a FROM lists WHERE id = 4223;
\! emulator put '{"id": 4223, "created_at": -9223372036854775808}'
SELECT a FROM lists WHERE id = 4223;
\! emulator set 'extra={"made": "2024-02-30T12:00:00Z"}'
SELECT made FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator reset
DROP FOREIGN TABLE lists;

-- Nested values are jsonb, not what looks like it.
CREATE FOREIGN TABLE lists (id bigint, widgets text[], name integer, type boolean, extra integer, kind jsonb OPTIONS (column_name 'type')) SERVER acme;
\! emulator put '{"id": 4223, "widgets": ["a", "b"]}'
\! emulator set 'extra={"extra": {"a": 1}}'
SELECT widgets FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT extra FROM lists WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
SELECT name FROM lists WHERE id = 4223;
SELECT type FROM lists WHERE id = 4223;
SELECT kind FROM lists WHERE id = 4223;
\! emulator reset
DROP FOREIGN TABLE lists;

-- Which list it is, is told by the id as the account wrote it.
CREATE FOREIGN TABLE lists (name integer) SERVER acme;
\! emulator set numbers=string get_order=reversed
SELECT name FROM lists;
\! emulator set key_order=reversed
SELECT name FROM lists;
DROP FOREIGN TABLE lists;

DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
