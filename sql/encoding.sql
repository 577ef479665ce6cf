-- Text is converted between the account's UTF-8 and the database's encoding.
-- What cannot be converted is an error that names the column, and only where
-- that column is asked for.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
\set database :DBNAME
\encoding UTF8
CREATE DATABASE regression_win1251 TEMPLATE template0 ENCODING 'WIN1251' LOCALE 'C';
CREATE DATABASE regression_latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C';
CREATE DATABASE regression_ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C';

-- UTF8: any text at all.
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
\! emulator put '{"id": 1, "name": "Товары 🚚 \"quoted\" '"'"'too'"'"' \\ back/slash\ttab"}'
\! emulator put '{"id": 2, "name": "two\nlines\r\n"}'
\! emulator put '{"id": 3, "name": "\u007f\u0080\uffff\udbff\udfff"}'
SELECT id, name FROM catalogs WHERE id < 3 ORDER BY id;
SELECT id, length(name), convert_to(name, 'UTF8') AS bytes FROM catalogs WHERE id < 4 ORDER BY id;
\! emulator set escapes=php
SELECT id, name FROM catalogs WHERE id < 3 ORDER BY id;
SELECT id, length(name), convert_to(name, 'UTF8') AS bytes FROM catalogs WHERE id < 4 ORDER BY id;
SELECT id FROM catalogs WHERE name LIKE '%🚚%';
-- A name of 100 kB, in two bytes a letter and in six.
\! emulator put "{\"id\": 4, \"name\": \"$(printf '%050000d' 0 | sed 's/0/Я/g')\"}"
SELECT length(name), octet_length(name), name = repeat('Я', 50000) AS same FROM catalogs WHERE id = 4;
\! emulator unset escapes
SELECT length(name), octet_length(name), name = repeat('Я', 50000) AS same FROM catalogs WHERE id = 4;
-- 30 kB of quotes, each of which is escaped.
\! emulator put "{\"id\": 4, \"name\": \"$(printf '%030000d' 0 | sed 's/0/\\"/g')\"}"
SELECT length(name), name = repeat('"', 30000) AS same FROM catalogs WHERE id = 4;
\! emulator reset
-- What the end of a transaction warns of is shown as far as the client can, and
-- stands in no way: not in that of COMMIT,
CREATE TABLE own (n int);
ALTER SERVER acme OPTIONS (max_retries '0');
ALTER SERVER acme RENAME TO "Счёт";
BEGIN;
INSERT INTO own VALUES (1);
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Книги и books');
\! emulator fault close_applied on=POST
\set VERBOSITY sqlstate
SELECT verb, id, name FROM catalogs_fdw_flush('Счёт');
\set VERBOSITY default
ROLLBACK TO a;
\encoding LATIN1
COMMIT;
\encoding UTF8
SELECT n FROM own;
\! emulator reset
-- nor in that of what is taken back.
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4230;
DELETE FROM catalogs WHERE id = 4231;
SELECT verb, id, name FROM catalogs_fdw_flush('Счёт');
\encoding LATIN1
ROLLBACK;
\encoding UTF8
\! emulator lists --columns=id,name
\! emulator reset
-- The same when the client could not show it from the beginning.
\encoding LATIN1
BEGIN;
DELETE FROM catalogs WHERE id = 4231;
SELECT count(*) FROM pg_foreign_server, catalogs_fdw_flush(srvname);
ROLLBACK;
SELECT 'the session goes on' AS result;
\encoding UTF8
\! emulator reset
ALTER SERVER "Счёт" RENAME TO acme;
DROP TABLE own;
DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;

-- WIN1251: Cyrillic.
\c regression_win1251
\encoding UTF8
SHOW server_encoding;
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
SELECT id, name, octet_length(name) FROM catalogs ORDER BY id;
SELECT id FROM catalogs WHERE name = 'Товары';
\! emulator set escapes=php
SELECT id, name, octet_length(name) FROM catalogs ORDER BY id;
-- What WIN1251 has not.
\! emulator put '{"id": 4223, "name": "Товары 🚚"}'
SELECT id, type FROM catalogs WHERE id = 4223;
\set VERBOSITY sqlstate
SELECT name FROM catalogs WHERE id = 4223;
\set VERBOSITY default
\! emulator unset escapes
SELECT id, type FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
SELECT name FROM catalogs WHERE id = 4222;
-- In attrs, there is all of it.
CREATE FOREIGN TABLE lists (id bigint, attrs jsonb) SERVER acme;
SELECT attrs->>'type' AS type FROM lists WHERE id = 4223;
\echo :SQLSTATE
SELECT attrs->>'name' AS name FROM lists WHERE id = 4222;
DROP FOREIGN TABLE lists;
-- Keys: those that are asked for, and those that cannot be.
CREATE FOREIGN TABLE lists (id bigint, "цвет" text, tint text OPTIONS (column_name 'цвет')) SERVER acme;
\! emulator set 'extra={"🚚": "truck", "цвет": "красный"}'
SELECT * FROM lists WHERE id = 4222;
\! emulator set escapes=php
SELECT * FROM lists WHERE id = 4222;
DROP FOREIGN TABLE lists;
\! emulator reset
-- Names are sent in UTF-8, and so are those in conditions of UPDATE.
INSERT INTO catalogs (name, type) VALUES ('Новый «список» № 1', 'regular');
UPDATE catalogs SET name = 'Ёлки' WHERE name = 'Товары';
\! emulator wire
\! emulator lists --columns=id,name
-- The account's own words are converted too; what cannot be is a question mark.
\! emulator fault error_200 'detail=Нет прав 🚚'
SELECT name FROM catalogs;
\! emulator reset

-- LATIN1: no Cyrillic.
\c regression_latin1
\encoding UTF8
SHOW server_encoding;
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
SELECT id, type, sort FROM catalogs ORDER BY id;
SELECT name FROM catalogs WHERE id = 4230;
SELECT name FROM catalogs;
\echo :SQLSTATE
SELECT count(*) FROM catalogs WHERE name = 'Tariffs';
\echo :SQLSTATE
\! emulator put '{"id": 4223, "name": "Entrées"}'
SELECT name, octet_length(name) FROM catalogs WHERE id = 4223;
\! emulator set escapes=php
SELECT name, octet_length(name) FROM catalogs WHERE id = 4223;
\set VERBOSITY sqlstate
SELECT name FROM catalogs WHERE id = 4222;
\set VERBOSITY default
INSERT INTO catalogs (name) VALUES ('Crème brûlée');
\! emulator wire --count
\! emulator lists --columns=id,name
-- An abort can convert only to the client's encoding: what it sends is made before.
BEGIN;
UPDATE catalogs SET name = upper(name) || '!' WHERE id = 4223;
UPDATE catalogs SET name = upper(name) || '!' WHERE id = 5001;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
\! emulator drop 5001
\! emulator set partial_shape=response
\! emulator wire > /dev/null
\encoding LATIN1
ROLLBACK;
\encoding UTF8
\! emulator wire
\! emulator lists --columns=id,name
\! emulator fault error_200 'detail=Нет прав: é'
SELECT name FROM catalogs;
\! emulator reset

-- SQL_ASCII: bytes, which are those of UTF-8, however the account writes them.
\c regression_ascii
\encoding SQL_ASCII
SHOW server_encoding;
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
SELECT id, name, length(name) FROM catalogs WHERE id IN (4223, 4230) ORDER BY id;
\! emulator set escapes=php
SELECT name FROM catalogs WHERE id = 4230;
SELECT id, name, length(name) FROM catalogs WHERE id IN (4223, 4230) ORDER BY id;
\! emulator unset escapes
\! emulator fault bad_utf8 times=2
SELECT name FROM catalogs;
\echo :SQLSTATE
SELECT count(*) FROM catalogs;
INSERT INTO catalogs (name) VALUES ('Новый');
\! emulator wire | grep POST
-- What is no UTF-8 is not sent.
INSERT INTO catalogs (name) VALUES (E'a\xff');
\echo :SQLSTATE
\! emulator wire

\c :database
DROP DATABASE regression_win1251;
DROP DATABASE regression_latin1;
DROP DATABASE regression_ascii;
