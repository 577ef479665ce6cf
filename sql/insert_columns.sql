-- Which columns an INSERT may give, under which names and of which types, and
-- what of them is sent.
\i sql/include/account.sql

-- All that may be written, by name.
INSERT INTO catalogs (request_id, can_link_multiple, can_show_in_cards,
                      can_add_elements, type, name)
    VALUES (77, false, true, false, 'invoices', 'Everything');
\! emulator wire
\! emulator lists --columns id,name,type,can_add_elements,can_show_in_cards,can_link_multiple
-- NULL is left out, for each of them; the account has its own defaults.
INSERT INTO catalogs (request_id, can_link_multiple, can_show_in_cards,
                      can_add_elements, type, name)
    VALUES (NULL, NULL, NULL, NULL, NULL, 'Nothing');
\! emulator wire
-- request_id is stored nowhere: it reads as NULL.
SELECT id, name, request_id FROM catalogs WHERE id IN (5001, 5002);
INSERT INTO catalogs (name, request_id)
    VALUES ('min', -9223372036854775808), ('max', 9223372036854775807);
\! emulator wire

-- What the account assigns cannot be given; nothing is sent.
INSERT INTO catalogs (name, id) VALUES ('x', 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO catalogs (name, sort) VALUES ('x', 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO catalogs (name, created_by) VALUES ('x', 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO catalogs (name, created_at) VALUES ('x', now());
\echo :LAST_ERROR_SQLSTATE
-- Nor can what is not a column of the resource.
CREATE FOREIGN TABLE wide (name text, sdk_widget_code text, widgets jsonb,
    colour text, attrs jsonb) SERVER acme;
INSERT INTO wide (name, sdk_widget_code) VALUES ('x', 'w');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO wide (name, widgets) VALUES ('x', '[]');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO wide (name, colour) VALUES ('x', 'red');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO wide (name, attrs) VALUES ('x', '{}');
\echo :LAST_ERROR_SQLSTATE
-- A good row before does not change that.
INSERT INTO catalogs (name, sort) VALUES ('good', NULL), ('bad', 1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO catalogs SELECT * FROM catalogs WHERE id = 4223;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
-- NULL and DEFAULT are no values.
INSERT INTO catalogs (id, sort, created_by, created_at, name)
    VALUES (NULL, NULL, NULL, NULL, 'nulls'),
           (DEFAULT, DEFAULT, DEFAULT, DEFAULT, 'defaults');
INSERT INTO wide (name, sdk_widget_code, widgets, colour, attrs)
    VALUES ('wide', NULL, DEFAULT, NULL, DEFAULT);
\! emulator wire
DROP FOREIGN TABLE wide;
\! emulator reset

-- Columns under other names, in another order, with a dropped one between.
CREATE FOREIGN TABLE list (
    gone text,
    shown boolean OPTIONS (column_name 'can_show_in_cards'),
    title text OPTIONS (column_name 'name'),
    "row" bigint OPTIONS (column_name 'request_id'),
    number bigint OPTIONS (column_name 'id')
) SERVER acme;
ALTER FOREIGN TABLE list DROP COLUMN gone;
INSERT INTO list VALUES (true, 'Renamed', 5);
ALTER FOREIGN TABLE list ADD COLUMN kind text OPTIONS (column_name 'type');
INSERT INTO list VALUES (false, 'Renamed 2', 6, NULL, 'invoices');
ALTER FOREIGN TABLE list RENAME title TO "Название";
INSERT INTO list ("Название") VALUES ('Renamed 3');
\! emulator wire
-- The message names the column as it is called here.
INSERT INTO list (shown) VALUES (true);
INSERT INTO list ("Название", number) VALUES ('x', 1);
\! emulator wire
SELECT * FROM list WHERE number > 5000;
\! emulator wire
DROP FOREIGN TABLE list;

-- A generated column is PostgreSQL's own matter.
CREATE FOREIGN TABLE loud (name text,
    shout text GENERATED ALWAYS AS (upper(name)) STORED) SERVER acme;
INSERT INTO loud (name) VALUES ('quiet') RETURNING name, shout;
\! emulator wire
DROP FOREIGN TABLE loud;

-- A table without a column for the name cannot be added to.
CREATE FOREIGN TABLE nameless (id bigint, type text) SERVER acme;
INSERT INTO nameless (type) VALUES ('regular');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO nameless DEFAULT VALUES;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DROP FOREIGN TABLE nameless;

-- Constants: the same value, NULL and DEFAULT; never sent.
CREATE FOREIGN TABLE marked (
    name text,
    account text OPTIONS (constant 'acme'),
    region numeric OPTIONS (constant '7.0'),
    tags jsonb OPTIONS (constant '{"a": 1, "b": 2}'),
    raw json OPTIONS (constant '{"a": 1}')
) SERVER acme;
INSERT INTO marked VALUES
    ('same', 'acme', 7, '{"b":2,"a":1}', '{"a": 1}'),
    ('nulls', NULL, NULL, NULL, NULL),
    ('defaults', DEFAULT, DEFAULT, DEFAULT, DEFAULT);
\! emulator wire
INSERT INTO marked (name, account) VALUES ('x', 'beta');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO marked (name, account) VALUES ('x', '');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO marked (name, region) VALUES ('x', 7.1);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO marked (name, tags) VALUES ('x', '{"a": 1}');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO marked (name, raw) VALUES ('x', '{"a": 2}');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DROP FOREIGN TABLE marked;
-- The name itself may not be one: there would be none to send.
CREATE FOREIGN TABLE fixed (name text OPTIONS (constant 'x'), type text)
    SERVER acme;
INSERT INTO fixed (name) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DROP FOREIGN TABLE fixed;

-- Other types of column: what counts is the value's text.
CREATE TYPE kind AS ENUM ('regular', 'invoices');
CREATE DOMAIN short AS varchar(5) CHECK (value <> 'taboo');
CREATE FOREIGN TABLE typed (
    name short,
    type kind,
    can_add_elements text,
    can_show_in_cards integer,
    can_link_multiple varchar(5),
    request_id numeric
) SERVER acme;
INSERT INTO typed VALUES
    ('one', 'regular', 'true', 1, 'yes', 12),
    ('two', 'invoices', 'off', 0, 'N', 13.0::numeric(4,0)),
    ('three', NULL, NULL, NULL, NULL, NULL);
\! emulator wire
-- What cannot be said in the account's terms is an error.
INSERT INTO typed (name, can_add_elements) VALUES ('x', 'maybe');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO typed (name, can_show_in_cards) VALUES ('x', 2);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO typed (name, request_id) VALUES ('x', 1.5);
\echo :LAST_ERROR_SQLSTATE
INSERT INTO typed (name, request_id) VALUES ('x', 9223372036854775808);
\echo :LAST_ERROR_SQLSTATE
-- So is what the type itself refuses.
INSERT INTO typed (name) VALUES ('longer');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO typed (name) VALUES ('taboo');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DROP FOREIGN TABLE typed;
DROP DOMAIN short;
DROP TYPE kind;

-- char(n) is sent without its padding, an integer as text; json and jsonb are
-- not the text of a name.
CREATE FOREIGN TABLE padded (name char(10), type char(12)) SERVER acme;
INSERT INTO padded VALUES ('five', 'regular'), ('with  two ', NULL);
CREATE FOREIGN TABLE numbered (name integer) SERVER acme;
INSERT INTO numbered VALUES (2026);
\! emulator wire
CREATE FOREIGN TABLE jsonb_named (name jsonb) SERVER acme;
INSERT INTO jsonb_named VALUES ('"x"');
\echo :LAST_ERROR_SQLSTATE
CREATE FOREIGN TABLE json_named (name json) SERVER acme;
INSERT INTO json_named VALUES ('"x"');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
