-- A column may have any type into which the text of the value can be read.
\i sql/include/account.sql

-- Integers.
CREATE FOREIGN TABLE lists (id text, sort smallint, a text OPTIONS (column_name 'sort'),
    b numeric OPTIONS (column_name 'sort'), c numeric(4,1) OPTIONS (column_name 'sort'),
    d double precision OPTIONS (column_name 'sort'), e real OPTIONS (column_name 'created_by'),
    f money OPTIONS (column_name 'sort'), g oid OPTIONS (column_name 'created_by'),
    h json OPTIONS (column_name 'sort'), i jsonb OPTIONS (column_name 'id')) SERVER acme;
SELECT * FROM lists;
\! emulator set numbers=string
SELECT * FROM lists;
\! emulator unset numbers
DROP FOREIGN TABLE lists;

-- The time of creation: seconds of Unix time in numbers and text, a time in
-- the types for it, in the session's time zone where the type has one.
CREATE FOREIGN TABLE lists (id bigint, created_at bigint, a numeric OPTIONS (column_name 'created_at'),
    b text OPTIONS (column_name 'created_at'), c timestamptz OPTIONS (column_name 'created_at'),
    d timestamp OPTIONS (column_name 'created_at'), e date OPTIONS (column_name 'created_at'),
    f timestamptz(0) OPTIONS (column_name 'created_at')) SERVER acme;
SELECT * FROM lists WHERE id = 4223;
SET TimeZone = 'UTC';
SELECT c, d, e FROM lists WHERE id = 4223;
SET TimeZone = 'Asia/Vladivostok';
SELECT c, d, e FROM lists WHERE id = 4223;
\! emulator set numbers=string
SELECT * FROM lists WHERE id = 4223;
\! emulator unset numbers
-- The ends of what there is: the epoch, before it, beyond 2038.
SET TimeZone = 'UTC';
\! emulator put '{"id": 1, "created_at": 0}'
\! emulator put '{"id": 2, "created_at": -1}'
\! emulator put '{"id": 3, "created_at": 4102444800}'
\! emulator put '{"id": 4, "created_at": 9224318015999}'
\! emulator put '{"id": 5, "created_at": -210866803200}'
SELECT id, c, d, e FROM lists WHERE id < 100 ORDER BY id;
-- A server that writes times as times.
\! emulator set 'extra={"created_at": "2017-10-25T11:19:51+00:00"}'
SELECT b, c, d, e FROM lists WHERE id = 4223;
RESET TimeZone;
\! emulator reset
DROP FOREIGN TABLE lists;

-- Booleans.
CREATE FOREIGN TABLE lists (id bigint, can_add_elements text,
    a varchar(5) OPTIONS (column_name 'can_show_in_cards'), b json OPTIONS (column_name 'can_show_in_cards'),
    c boolean OPTIONS (column_name 'can_show_in_cards')) SERVER acme;
SELECT * FROM lists WHERE id = 4222;
\! emulator set booleans=int
SELECT * FROM lists WHERE id = 4222;
\! emulator set booleans=string
SELECT * FROM lists WHERE id = 4222;
\! emulator set booleans=word
SELECT * FROM lists WHERE id = 4222;
\! emulator unset booleans
DROP FOREIGN TABLE lists;
-- As an integer where the account writes it so.
CREATE FOREIGN TABLE lists (id bigint, can_add_elements integer) SERVER acme;
\! emulator set booleans=int
SELECT * FROM lists WHERE id IN (4222, 4230) ORDER BY id;
\! emulator unset booleans
DROP FOREIGN TABLE lists;

-- Text, where all of it fits.
CREATE TYPE kind AS ENUM ('regular', 'invoices');
CREATE FOREIGN TABLE lists (id bigint, name varchar(7), a char(10) OPTIONS (column_name 'name'), b name OPTIONS (column_name 'name'),
    c varchar OPTIONS (column_name 'name'), d json OPTIONS (column_name 'name'), type kind,
    e "char" OPTIONS (column_name 'sdk_widget_code'), f bytea OPTIONS (column_name 'type')) SERVER acme;
\! emulator put '{"id": 4223, "sdk_widget_code": "x"}'
SELECT *, length(a), octet_length(a) FROM lists WHERE type = 'regular' ORDER BY id;
-- Blanks at the end are as they are, or as char(n) has them.
\! emulator put '{"id": 4223, "name": "a  "}'
SELECT '"' || name || '"' AS name, a = 'a' AS a, length(b::text) AS b, '"' || c || '"' AS c, d FROM lists WHERE id = 4223;
\! emulator put '{"id": 4223, "name": ""}'
SELECT name, length(name), a = '' AS a, length(b::text) AS b, c = '' AS c, d FROM lists WHERE id = 4223;
\! emulator reset
DROP FOREIGN TABLE lists;
DROP TYPE kind;

-- Numbers and times in a name.
CREATE FOREIGN TABLE lists (id bigint, name date, type interval) SERVER acme;
\! emulator put '{"id": 4223, "name": "2024-02-29", "type": "1 day"}'
SELECT * FROM lists WHERE id = 4223;
\! emulator reset
DROP FOREIGN TABLE lists;

-- Domains: they may refuse a value, NULL too, whatever the value's kind.
CREATE DOMAIN some_text AS text NOT NULL;
CREATE DOMAIN a_position AS integer CHECK (VALUE < 40);
CREATE DOMAIN moment AS timestamptz CHECK (VALUE > '2017-01-01');
CREATE FOREIGN TABLE lists (id bigint, name some_text, sort a_position, created_at moment) SERVER acme;
SELECT * FROM lists WHERE id = 4223;
SELECT * FROM lists WHERE id = 4231;
\! emulator set missing=name
SELECT * FROM lists WHERE id = 4223;
SELECT sort FROM lists WHERE id = 4223;
\! emulator unset missing
\! emulator put '{"id": 4223, "created_at": 0}'
SELECT * FROM lists WHERE id = 4223;
\! emulator put '{"id": 4223, "created_at": 1508930391}'
\! emulator set missing=sort,created_at
SELECT * FROM lists WHERE id = 4223;
\! emulator unset missing
DROP FOREIGN TABLE lists;
CREATE DOMAIN day AS date CHECK (VALUE > '2017-10-25');
CREATE DOMAIN hour AS timestamp CHECK (extract(hour FROM VALUE) < 12);
CREATE FOREIGN TABLE lists (id bigint, created_at day, b hour OPTIONS (column_name 'created_at')) SERVER acme;
SELECT created_at FROM lists WHERE id = 4223;
SELECT b FROM lists WHERE id = 4223;
\! emulator put '{"id": 4223, "created_at": 1509080000}'
SELECT created_at FROM lists WHERE id = 4223;
SELECT b FROM lists WHERE id = 4223;
\! emulator reset
DROP FOREIGN TABLE lists;
DROP DOMAIN some_text, a_position, moment, day, hour;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
