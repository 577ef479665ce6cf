-- When commit_timeout runs out, the error names it, whatever was waited for.
\set options ', commit_timeout \'300ms\', max_retries \'0\''
\i sql/include/account.sql
SET client_min_messages = error;

-- The reply,
\! emulator fault silent on=POST times=0
INSERT INTO catalogs (name) VALUES ('x');
\echo :SQLSTATE
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE
\! emulator heal
-- or that to the login.
\! emulator fault silent on=LOGIN times=0
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (login 'robot@example.com', api_key 'main-key');
INSERT INTO catalogs (name) VALUES ('x');
\echo :SQLSTATE
\! emulator heal
-- After a pause there must be time for an answer: what was refused stays refused.
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (DROP login, DROP api_key, ADD access_token 'main-token');
ALTER SERVER acme OPTIONS (SET commit_timeout '1050ms', SET max_retries '1');
\! emulator wire > /dev/null; emulator fault status code=429 retry_after=1 on=POST; emulator fault silent on=POST nth=2
INSERT INTO catalogs (name) VALUES ('x');
\echo :SQLSTATE
\! emulator heal; emulator wire --status
ALTER SERVER acme OPTIONS (SET max_retries '0');
-- request_timeout is another thing.
ALTER SERVER acme OPTIONS (SET commit_timeout '5s', ADD request_timeout '200ms');
\! emulator fault silent on=POST times=0
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :SQLSTATE
\! emulator heal

-- It can run out while another account is waited for: whatever the client can show.
\getenv port CATALOGS_HTTP_PORT
\set url http://acme.localhost: :port
CREATE SERVER brief FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', commit_timeout '100ms');
CREATE USER MAPPING FOR CURRENT_USER SERVER brief OPTIONS (access_token 'acme-token');
CREATE FOREIGN TABLE "Книги" (id bigint, name text) SERVER brief;
ALTER SERVER acme OPTIONS (SET request_timeout '5s');
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 4223;
INSERT INTO "Книги" (name) VALUES ('x');
SET client_encoding = LATIN1;
\! emulator set delay_ms=500 > /dev/null
COMMIT;
\echo :SQLSTATE
RESET client_encoding;
SELECT errors, last_error_sqlstate, last_error FROM catalogs_fdw_stats WHERE server = 'brief';
DROP SERVER brief CASCADE;

DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
