-- A code in words is as good as one in its field: of a GET, of a POST, of a login.
\i sql/include/account.sql
SET client_min_messages = error;

-- GET
\! emulator fault body code=400 type=application/problem+json text='{"title":"Bad Request","status":400,"detail":"Код ошибки 244. Нет прав"}'
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault body code=403 type=application/problem+json text='{"title":"Forbidden","status":403,"detail":"113. Address"}'
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault body code=401 text='{"response":{"error":"Error 101."}}'
SELECT name FROM catalogs;
\echo :SQLSTATE

-- POST: what the whole is refused for, and a row.
\! emulator fault body code=400 on=POST type=application/problem+json text='{"title":"Bad Request","status":400,"detail":"Код ошибки 244. Нет прав"}'
INSERT INTO catalogs (name) VALUES ('x');
\echo :SQLSTATE
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":[{"id":4223,"code":400,"message":"Error 282."}]}}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":{"update":{"4223":"Not found"}}}}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE
CREATE FOREIGN TABLE at_once (id bigint, name text) SERVER acme
    OPTIONS (verify_rows 'false', write_mode 'immediate');
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":[{"id":4223,"code":400,"message":"Error 282."}]}}'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
\! emulator fault body code=400 on=POST type=application/problem+json text='{"title":"Bad Request","status":400,"detail":"282. List not found"}'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
\! emulator fault body code=404 on=POST type=application/problem+json text='{"title":"Not Found","status":404,"detail":"Error 282"}'
DELETE FROM at_once WHERE id = 4223;
\echo :ROW_COUNT

-- However it is written, but not any number.
\set said '\\! said() { emulator fault status code=400 on=POST body=problem title="Bad Request" detail="$1"; }; said'
:said '244 - no right'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE
:said '[285] Name'
UPDATE at_once SET name = 'x' WHERE id = 4223;
:said 'Ошибка №285'
UPDATE at_once SET name = 'x' WHERE id = 4223;
:said 'ERROR_CODE=285'
UPDATE at_once SET name = 'x' WHERE id = 4223;
:said 'List 282 has a name of 244 letters'
UPDATE at_once SET name = 'x' WHERE id = 4223;

-- What is not there, in words alone, or in the status of a row.
:said 'Not found'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
:said 'Каталог не найден.'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE
:said 'User not found'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE
\! emulator fault body on=POST text='{"response":{"error":"NOT FOUND"}}'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":{"update":{"4223":"Каталог не найден"}}}}'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":{"update":[{"id":4223,"code":404}]}}}'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
-- It may be the path.
\! emulator fault body code=404 on=POST text='{"title":"Not Found","status":404,"detail":"Not found"}'
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE

-- Login
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (login 'robot@example.com', api_key 'main-key');
\! emulator fault body code=401 on=LOGIN text='{"title":"Unauthorized","status":401,"detail":"Error 111: captcha"}'
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault body code=403 on=LOGIN text='{"response":{"auth":false,"error":"Error 113."}}'
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault body code=200 on=LOGIN text='{"response":{"auth":false,"error":"Error 112."}}'
SELECT name FROM catalogs;
\echo :SQLSTATE

DROP FOREIGN TABLE catalogs, at_once;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
