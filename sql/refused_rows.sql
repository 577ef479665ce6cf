-- The account refuses a row: the transaction fails, and the error names verb,
-- row and the account's own words.
\i sql/include/account.sql
CREATE TABLE department (title text);
-- What the account had accepted of it is taken back.  Deletes cannot be: their
-- warnings, which psql may show before or after the error, are those of
-- refused_rows_warning.
SET client_min_messages = error;

-- One of three, in every way in which that is reported.
\set add 'INSERT INTO catalogs (name) VALUES (''a''), (''b''), (''c''); \\echo :LAST_ERROR_SQLSTATE'
\set update 'UPDATE catalogs SET name = ''x'' WHERE id < 4231; \\echo :LAST_ERROR_SQLSTATE'
\set delete 'DELETE FROM catalogs WHERE id < 4231; \\echo :LAST_ERROR_SQLSTATE'
\setenv REFUSED 'partial=add:2,update:4222,delete:4230 partial_code=244'
\! emulator set $REFUSED partial_shape=message_map
:add
:update
:delete
\! emulator wire --status; emulator reset
\! emulator set $REFUSED partial_shape=object_list
:add
:update
:delete
\! emulator reset; emulator set $REFUSED partial_shape=object_map
:add
:update
:delete
-- This way it does not say which.
\! emulator reset; emulator set $REFUSED partial_shape=response
:add
:update
:delete
\! emulator wire --count
\! emulator lists
-- With another status than 200 the row is the same.
\! emulator set partial_shape=message_map partial_status=400
:add
\! emulator set partial_shape=object_list partial_status=422
:update
\! emulator wire --status
\! emulator reset

-- A row with a request_id is reported under that.
\! emulator set partial=add:2 partial_shape=object_map partial_code=285
INSERT INTO catalogs (name, request_id) VALUES ('a', 1), ('b', 0), ('c', 2);
\! emulator set partial=add:1,add:2,add:3 partial_shape=object_list
INSERT INTO catalogs (name, request_id) VALUES ('a', 12), ('b', 11), ('c', 10);
-- A long name is shortened.
\! emulator set partial=add:1
INSERT INTO catalogs (name) VALUES (repeat('Длинно ', 20));
-- An early one.
INSERT INTO catalogs (name) VALUES ('early') RETURNING id;
\echo :LAST_ERROR_SQLSTATE
\! emulator reset

-- The account's codes.  All rows are refused here.
\! emulator set partial=add:*,update:*,delete:* partial_shape=object_map
\! emulator set partial_code=281
DELETE FROM catalogs WHERE id = 4230;
\echo :LAST_ERROR_SQLSTATE
\! emulator set partial_code=282
UPDATE catalogs SET name = 'x' WHERE id = 4230;
\echo :LAST_ERROR_SQLSTATE
\! emulator set partial_code=285
INSERT INTO catalogs (name) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
\! emulator set partial_code=113
INSERT INTO catalogs (name) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
\! emulator set partial_code=402
INSERT INTO catalogs (name) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
\! emulator set partial_code=777 partial_message=Nobody_knows_why
INSERT INTO catalogs (name) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --count
\! emulator reset
-- In Russian, as the row is that it took.
\! emulator set partial=add:1 partial_shape=message_map partial_message='Нельзя'
INSERT INTO catalogs (name) VALUES ('Товары'), ('Услуги');
\! emulator wire
\! emulator reset
-- Somebody else was faster.
\! emulator set partial=update:* "partial_message=Last modified date is older than in database"
UPDATE catalogs SET name = 'x' WHERE id = 4230;
\echo :LAST_ERROR_SQLSTATE
\! emulator set partial_shape=object_map partial_code=0
UPDATE catalogs SET name = 'x' WHERE id = 4230;
\echo :LAST_ERROR_SQLSTATE
\! emulator reset
-- A request_id that two of the rows bear says of neither that it was refused: the id
-- that is there may be that of either, and it is taken back.
\! emulator fault body on=POST text='{"_embedded":{"items":[{"id":5001}],"errors":{"add":{"7":"No"}}}}'
INSERT INTO catalogs (name, request_id) VALUES ('first', 7), ('second', 7);
\! emulator wire
\! emulator reset

-- Nothing of it is committed here, and the session goes on.
\! emulator set partial=add:2
BEGIN;
INSERT INTO department VALUES ('local');
INSERT INTO catalogs (name) VALUES ('a'), ('b');
COMMIT;
\echo :LAST_ERROR_SQLSTATE
TABLE department;
\! emulator reset
BEGIN;
INSERT INTO department VALUES ('local');
INSERT INTO catalogs (name) VALUES ('c');
COMMIT;
TABLE department;
\! emulator wire

-- Lists that vanish between reading and COMMIT, however that is reported.
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\! emulator drop 4222
COMMIT;
\echo :LAST_ERROR_SQLSTATE
BEGIN;
DELETE FROM catalogs WHERE id = 4223;
\! emulator drop 4223
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator reset
\! emulator set partial_shape=object_list
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\! emulator drop 4222
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator set partial_shape=response
BEGIN;
DELETE FROM catalogs WHERE id = 4223;
\! emulator drop 4223
COMMIT;
\echo :LAST_ERROR_SQLSTATE
-- Once more, as the hint says.
DELETE FROM catalogs WHERE id = 4223;
\! emulator wire --status

DROP TABLE department;
DROP EXTENSION catalogs_fdw CASCADE;
