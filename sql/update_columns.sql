-- Which columns an UPDATE may assign, and what of a row is sent.
\i sql/include/account.sql

-- All that may be written.
UPDATE catalogs SET can_link_multiple = false, can_show_in_cards = false,
    can_add_elements = false, type = 'products', name = 'Everything'
    WHERE id = 4223;
\! emulator wire
\! emulator lists

-- What the account assigns cannot be assigned here.
UPDATE catalogs SET id = 1 WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET sort = 1 WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET created_by = 1 WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET created_at = now() WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET request_id = 1 WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
-- Nor can what is not a column of the resource.
CREATE FOREIGN TABLE wide (id bigint, name text, sdk_widget_code text,
    widgets jsonb, attrs jsonb, account text OPTIONS (constant 'acme'))
    SERVER acme;
UPDATE wide SET widgets = '[1]' WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE wide SET sdk_widget_code = 'x' WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE wide SET attrs = '{"name": "x"}' WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE wide SET account = 'beta' WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --count
-- NULL and DEFAULT are no values: they are not sent, and with nothing else
-- there is no request.
UPDATE catalogs SET name = 'Sorted', sort = DEFAULT, created_at = NULL
    WHERE id = 4223;
\! emulator wire
UPDATE catalogs SET sort = NULL, created_by = DEFAULT, request_id = NULL,
    id = DEFAULT WHERE id = 4223;
UPDATE wide SET attrs = NULL, widgets = DEFAULT, account = 'acme'
    WHERE id = 4223;
\! emulator wire
-- A row that is read with attrs and more is changed by what is assigned.
UPDATE wide SET name = 'Wide' WHERE id = 4223
    RETURNING id, name, account, sdk_widget_code, widgets, attrs -> 'id' AS attr;
\! emulator wire
-- A constant stays what it is.
UPDATE wide SET account = NULL, name = 'Constant' WHERE id = 4223
    RETURNING id, name, account;
\! emulator wire
DROP FOREIGN TABLE wide;

-- The API has no way to say NULL.
UPDATE catalogs SET name = NULL WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET type = NULL WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET can_add_elements = DEFAULT WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET can_show_in_cards = NULL, name = 'x' WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET can_link_multiple = NULL WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
-- One row of many: none is sent.
UPDATE catalogs SET name = CASE WHEN id <> 4230 THEN 'x' END;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --count
\! emulator reset

-- Under other names, in another order, of other types.
CREATE FOREIGN TABLE list (
    shown text OPTIONS (column_name 'can_show_in_cards'),
    gone text,
    title varchar(10) OPTIONS (column_name 'name'),
    number text OPTIONS (column_name 'id')
) SERVER acme;
ALTER FOREIGN TABLE list DROP COLUMN gone;
UPDATE list SET title = 'Renamed', shown = 'no' WHERE number = '4223';
\! emulator wire
UPDATE list SET title = 'longer than ten' WHERE number = '4223';
\echo :LAST_ERROR_SQLSTATE
UPDATE list SET shown = 'never' WHERE number = '4223';
\echo :LAST_ERROR_SQLSTATE
UPDATE list SET title = NULL WHERE number = '4223';
\echo :LAST_ERROR_SQLSTATE
UPDATE list SET number = '1' WHERE number = '4223';
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --count
DELETE FROM list WHERE title = 'Renamed';
\! emulator wire
DROP FOREIGN TABLE list;
CREATE FOREIGN TABLE list (id numeric, name text) SERVER acme;
UPDATE list SET name = 'numeric' WHERE id = 4222;
\! emulator wire
DROP FOREIGN TABLE list;
CREATE FOREIGN TABLE list (id integer, name text) SERVER acme;
UPDATE list SET name = 'integer' WHERE id = 4222;
\! emulator wire
DROP FOREIGN TABLE list;

-- A list can only be named by its id: a table without that can be read.
CREATE FOREIGN TABLE idless (name text, type text) SERVER acme;
UPDATE idless SET name = 'x' WHERE name = 'Tariffs';
\echo :LAST_ERROR_SQLSTATE
DELETE FROM idless WHERE name = 'Tariffs';
\echo :LAST_ERROR_SQLSTATE
INSERT INTO idless VALUES ('added', 'regular');
\! emulator wire
DROP FOREIGN TABLE idless;
\! emulator lists

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
