-- A mapping with login and api_key signs in when it needs to, keeps the cookie,
-- and signs in once more when that is no longer good.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (login 'robot@example.com', api_key 'main-key');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
\! emulator wire

-- The first need signs in, later ones do not.
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
SELECT name FROM catalogs WHERE id = 4222;
SELECT count(*) FROM catalogs;
\! emulator wire --status
\! emulator sessions | sed 's/ [0-9]* s left//'

-- The session has ended: one 401, one login, and the same request again.
\! emulator expire
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
-- So with a write: it was refused, hence it may be repeated.
\! emulator expire
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire --status
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
\! emulator expire
COMMIT;
\! emulator wire --status
-- The account's code says so, and not its status: likewise, ...
\! emulator fault error_200 error_code=110
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
\! emulator fault status on=POST code=400 body=old error_code=112
INSERT INTO catalogs (name) VALUES ('By its code');
\! emulator wire --status
-- ... once.
\! emulator fault error_200 on=POST error_code=110 times=0
INSERT INTO catalogs (name) VALUES ('Never');
\echo :SQLSTATE
\! emulator heal; emulator wire --status
-- In the middle of a transaction, with a cursor open.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
\! emulator expire
SELECT name FROM catalogs WHERE id = 4222;
FETCH 1 FROM c;
COMMIT;
\! emulator wire --status
\! emulator reset

-- A session that never lasts: not for ever.
\! emulator set session_minutes=0
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator wire --status
\! emulator unset session_minutes
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status

-- A byte order mark before the JSON says nothing, in the reply to a login (to this one,
-- without a cookie) or in an error.
\! emulator expire; printf '\357\273\277{"response":{"auth":true,"accounts":[]}}' >${TMPDIR:-/tmp}/body; emulator fault body on=LOGIN file=${TMPDIR:-/tmp}/body
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! printf '\357\273\277{"response":{"auth":false,"error":"IP","error_code":"113"}}' >${TMPDIR:-/tmp}/body; emulator heal; emulator fault body on=LOGIN code=403 file=${TMPDIR:-/tmp}/body
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator heal; emulator wire --status

-- A wrong key.
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET api_key 'wrong-key');
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
-- Nothing in it can break the request.
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET login 'имя "в" кавычках & =', SET api_key '"}&USER_HASH=main-key\');
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET login 'robot@example.com', SET api_key 'main-key');
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status

-- What the account may have against it.  Each time it is asked anew.
\! emulator set login_error=110; emulator expire
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator set login_error=111
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator set login_error=112
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator set login_error=113
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator set login_error=101
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator unset login_error
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status

-- 200, but no yes.
\! emulator set auth_body=auth_false; emulator expire
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator set auth_body=html
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator set auth_body=empty
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator wire --status
-- Yes, but no cookie: then it is the request that is refused.
\! emulator set auth_body=no_cookie; emulator expire
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator wire --status
\! emulator unset auth_body; emulator expire

-- The login does not get through.
\! emulator fault status on=LOGIN code=403 body=html
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator fault redirect on=LOGIN code=302 to=https://moved.example/
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator fault status on=LOGIN code=402
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
-- Nor does the key get out.
\! emulator fault status on=LOGIN code=401 'detail=The key main-key is wrong'
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
\! emulator reset

-- Each role is somebody of its own, with a session of its own.
CREATE ROLE regress_ann;
CREATE ROLE regress_ben;
GRANT SELECT ON catalogs TO regress_ann, regress_ben;
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (login 'robot@example.com', api_key 'main-key');
CREATE USER MAPPING FOR regress_ben SERVER acme OPTIONS (access_token 'main-token');
SET ROLE regress_ann;
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
SET ROLE regress_ben;
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
SET ROLE regress_ann;
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
RESET ROLE;
SELECT name FROM catalogs WHERE id = 4223;
\! emulator wire --status
\! emulator sessions | sed 's/ [0-9]* s left//'

-- Two accounts at once, each with its cookie.
\set acme http://acme.localhost: :port
CREATE SERVER other FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'acme', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER other OPTIONS (login 'robot@example.com', api_key 'acme-key');
CREATE FOREIGN TABLE other (id bigint, name text) SERVER other;
SELECT id, name FROM catalogs WHERE id = 4223 UNION ALL SELECT id, name FROM other WHERE id = 5223 ORDER BY id;
SELECT id, name FROM catalogs WHERE id = 4223 UNION ALL SELECT id, name FROM other WHERE id = 5223 ORDER BY id;
\! emulator wire --status --accounts --keep --account main; emulator wire --status --accounts --account acme
DROP FOREIGN TABLE other;
DROP USER MAPPING FOR CURRENT_USER SERVER other;
DROP SERVER other;

-- A token cannot be renewed: one request, and the error.
\! emulator revoke-token main-token
SET ROLE regress_ben;
SELECT name FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
RESET ROLE;
\! emulator wire --status

DROP USER MAPPING FOR regress_ann SERVER acme;
DROP USER MAPPING FOR regress_ben SERVER acme;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP FOREIGN TABLE catalogs;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
DROP ROLE regress_ann;
DROP ROLE regress_ben;
