-- A Unix time of a key that is not known becomes a time by declaring it one.
\i sql/include/account.sql
CREATE DOMAIN moment AS timestamptz CHECK (VALUE > '2000-01-01');
CREATE FOREIGN TABLE lists (id bigint, updated_at timestamptz, plain timestamp OPTIONS (column_name 'updated_at'), day date OPTIONS (column_name 'updated_at'),
    moment moment OPTIONS (column_name 'updated_at'), raw bigint OPTIONS (column_name 'updated_at')) SERVER acme;
SET DateStyle = ISO;
\! emulator set 'extra={"updated_at": 1508930391}'
SELECT * FROM lists WHERE id = 4223;
SELECT count(*) FROM lists WHERE updated_at = to_timestamp(1508930391);
-- In the same column, a text is read as one: it may be a date.
\! emulator set 'extra={"updated_at": "2017-10-25T11:19:51Z"}'
SELECT updated_at FROM lists WHERE id = 4223;
\! emulator set 'extra={"updated_at": "20171025"}'
SELECT updated_at FROM lists WHERE id = 4223;
-- A number never is.
\! emulator set 'extra={"updated_at": 20171025}'
SELECT updated_at FROM lists WHERE id = 4223;
SELECT moment FROM lists WHERE id = 4223;
-- It may have a fraction, as far as that fits, and come as a string.
CREATE FOREIGN TABLE precise (id bigint, updated_at timestamptz, whole timestamptz(0) OPTIONS (column_name 'updated_at'), created timestamp OPTIONS (column_name 'created_at'),
    created_day date OPTIONS (column_name 'created_at')) SERVER acme;
\! emulator set 'extra={"updated_at": 1508930391.25, "created_at": 1508930391.25}'
SELECT updated_at, created, created_day FROM precise WHERE id = 4223;
SELECT whole FROM precise WHERE id = 4223;
\! emulator set 'extra={"updated_at": 1508930391.0, "created_at": "1508930391.25"}'
SELECT whole, created FROM precise WHERE id = 4223;
\! emulator set 'extra={"updated_at": 1.1234567}'
SELECT updated_at FROM precise WHERE id = 4223;
\! emulator set 'extra={"updated_at": "1508930301"}'
SELECT updated_at FROM precise WHERE id = 4223;
-- A time of creation is a moment also where it comes as a text.
\! emulator set 'extra={"created_at": "2017-10-25T03:00:00Z"}'
SELECT created, created_day FROM precise WHERE id = 4223;
\! emulator set 'extra={"created_at": "2017-10-25T03:00:00.1234567Z"}'
SELECT created FROM precise WHERE id = 4223;
DROP FOREIGN TABLE precise;
\! emulator set 'extra={"updated_at": 99999999999999}'
SELECT updated_at FROM lists WHERE id = 4223;
\! emulator set 'extra={"updated_at": null}'
SELECT updated_at FROM lists WHERE id = 4223;

DROP FOREIGN TABLE lists;
DROP DOMAIN moment;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
