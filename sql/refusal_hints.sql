-- A hint is about what was refused: 422, 413 and 504, which may be about how much
-- was sent, and 403, which may be about who asks, from where, or a block.
\i sql/include/account.sql
CREATE FOREIGN TABLE at_once (id bigint, name text) SERVER acme
    OPTIONS (verify_rows 'false');
SET client_min_messages = error;
\set many 'INSERT INTO catalogs (name) VALUES (''a''), (''b'');'
\set one 'INSERT INTO catalogs (name) VALUES (''a'');'
\set read 'SELECT name FROM catalogs;'

-- 422: too many rows,
\! emulator fault status code=422 on=POST body=empty
:many
\echo :SQLSTATE
-- unless it is about their values,
\! emulator fault body code=422 on=POST text='{"title":"Unprocessable Entity","validation-errors":[{"request_id":"0","errors":[{"path":"name","detail":"Not good"}]}]}'
:many
\echo :SQLSTATE
-- and one is not too many,
\! emulator fault status code=422 on=POST body=empty
:one
\echo :SQLSTATE
\! emulator fault status code=422 body=empty
:read
\echo :SQLSTATE
-- unless it says so.
\! emulator fault body code=422 on=POST text='{"title":"Unprocessable Entity","detail":"The request is too large"}'
:one
\echo :SQLSTATE

-- 413 and 504: fewer rows help where there are several.
\! emulator fault status code=413 on=POST body=empty
:many
\! emulator fault status code=413 on=POST body=empty
:one
\echo :SQLSTATE
\! emulator fault status code=413 body=empty
:read
\! emulator fault status code=504 body=empty times=0
:read
\! emulator heal

-- 403: rights are one reason among others.
\! emulator fault body code=403 text='{"response":{"error":"No rights","error_code":"244"}}'
:read
\! emulator fault body code=403 text='{"response":{"error":"Address","error_code":"113"}}'
:read
\! emulator fault status code=403 body=html
:read
\! emulator fault status code=403 body=empty
:read

-- 40001: lists are not read again where they were not read before.
\! emulator drop 4223
UPDATE at_once SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\! emulator drop 4222
COMMIT;
\echo :SQLSTATE

-- 429: in words that count.
ALTER SERVER acme OPTIONS (ADD max_retries '0');
\! emulator fault status code=429 body=problem retry_field=1 times=0
:read
\! emulator heal; emulator fault status code=429 body=problem retry_field=2 times=0
:read
\! emulator heal

DROP FOREIGN TABLE catalogs, at_once;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
