-- Types that round, wrap or cut a text without a word are no exception: what
-- does not fit is an error.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE lists (id bigint, price money, n oid OPTIONS (column_name 'price'),
    made timestamptz(0), day date OPTIONS (column_name 'made'), d double precision OPTIONS (column_name 'price'),
    r real OPTIONS (column_name 'price')) SERVER acme;

\! emulator set 'extra={"price": 12.5, "made": "2024-02-29T12:00:00Z"}'
SELECT price, made FROM lists WHERE id = 4223;

-- Cents are rounded.
\! emulator set 'extra={"price": 12.345}'
SELECT price FROM lists WHERE id = 4223;
\echo :SQLSTATE

-- Numbers below zero wrap around.
\! emulator set 'extra={"price": -1}'
SELECT n FROM lists WHERE id = 4223;
\echo :SQLSTATE

-- Parts of a second are rounded, times of day cut.
\! emulator set 'extra={"made": "2024-02-29T12:00:00.600Z"}'
SELECT made FROM lists WHERE id = 4223;
\echo :SQLSTATE
SELECT day FROM lists WHERE id = 4223;
\echo :SQLSTATE

-- What is only displayed with fewer digits does fit.
\! emulator set 'extra={"price": 12.345678}'
SET extra_float_digits = -10;
SELECT d = 12.345678 AS d FROM lists WHERE id = 4223;
SET extra_float_digits = -3;
SELECT r = 12.345678::real AS r FROM lists WHERE id = 4223;
RESET extra_float_digits;

DROP FOREIGN TABLE lists;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
