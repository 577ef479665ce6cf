-- A user mapping holds one way to sign in; it is never shown, and whose it is
-- decides who one is.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
CREATE ROLE regress_ann;
CREATE ROLE regress_ben;
GRANT SELECT ON catalogs TO regress_ann, regress_ben;

-- One way, and all of it.
CREATE USER MAPPING FOR regress_ann SERVER acme;
\echo :SQLSTATE
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (login 'robot@example.com');
\echo :SQLSTATE
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (api_key 'main-key');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token', login 'robot@example.com', api_key 'main-key');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token', api_key 'main-key');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token', login 'robot@example.com');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (login 'robot@example.com', api_key 'main-key');
ALTER USER MAPPING FOR regress_ann SERVER acme OPTIONS (ADD access_token 'main-token');
ALTER USER MAPPING FOR regress_ann SERVER acme OPTIONS (DROP api_key);
ALTER USER MAPPING FOR regress_ann SERVER acme OPTIONS (DROP api_key, DROP login, ADD access_token 'main-token');
ALTER USER MAPPING FOR regress_ann SERVER acme OPTIONS (DROP access_token);
DROP USER MAPPING FOR regress_ann SERVER acme;

-- So much for the account; a proxy may want another.
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (proxy_user 'robot', proxy_password 'secret');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token', proxy_user 'robot');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token', proxy_password 'secret');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token', proxy_user 'robot', proxy_password E'secret\n');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token', proxy_user 'robot', proxy_password 'secret');
DROP USER MAPPING FOR regress_ann SERVER acme;

-- Nothing that a header cannot hold; no message shows it.
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token E'secret\r\nX-Other: 1');
\echo :SQLSTATE
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token E'secret\n');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token E'\rsecret');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token '');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (login E'robot\n', api_key 'secret');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (login 'robot', api_key E'secret\r');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (login '', api_key 'secret');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (login 'robot', api_key '');
\! emulator wire

-- Without one there is nobody to be.  (Its words differ between versions.)
\set VERBOSITY sqlstate
SELECT id FROM catalogs WHERE id = 4223;
\set VERBOSITY default
\! emulator wire

-- For PUBLIC, and for a role: that one counts.
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (access_token 'unknown-token');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'main-token');
SET ROLE regress_ann;
SELECT id FROM catalogs WHERE id = 4223;
SET ROLE regress_ben;
SELECT id FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
SET ROLE regress_ann;
SELECT id FROM catalogs WHERE id = 4223;
RESET ROLE;
SELECT id FROM catalogs WHERE id = 4223;
\! emulator wire --status

-- A view reads as its owner does, a function as whoever it says.
CREATE VIEW ids AS SELECT id FROM catalogs;
ALTER VIEW ids OWNER TO regress_ann;
GRANT SELECT ON ids TO regress_ben;
CREATE FUNCTION count_ids() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM catalogs';
ALTER FUNCTION count_ids OWNER TO regress_ann;
SET ROLE regress_ben;
SELECT id FROM ids WHERE id = 4223;
SELECT count_ids();
RESET ROLE;
-- One with security_invoker does not.
ALTER VIEW ids SET (security_invoker = on);
SET ROLE regress_ben;
SELECT id FROM ids WHERE id = 4223;
SET ROLE regress_ann;
SELECT id FROM ids WHERE id = 4223;
RESET ROLE;
\! emulator wire --status
DROP VIEW ids;
DROP FUNCTION count_ids;

-- One plan, used by two.
SET plan_cache_mode = force_generic_plan;
PREPARE one(bigint) AS SELECT id FROM catalogs WHERE id = $1;
SET ROLE regress_ann;
EXECUTE one(4223);
SET ROLE regress_ben;
EXECUTE one(4223);
RESET ROLE;
DEALLOCATE one;
RESET plan_cache_mode;
\! emulator wire --status

-- A change counts from the next statement on; a ROLLBACK undoes it.
ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'main-token');
SELECT id FROM catalogs WHERE id = 4223;
BEGIN;
ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'unknown-token');
SELECT id FROM catalogs WHERE id = 4223;
ROLLBACK;
SELECT id FROM catalogs WHERE id = 4223;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
ALTER USER MAPPING FOR PUBLIC SERVER acme OPTIONS (SET access_token 'unknown-token');
FETCH 3 FROM c;
CLOSE c;
SAVEPOINT s;
SELECT id FROM catalogs WHERE id = 4223;
ROLLBACK TO s;
ROLLBACK;
SELECT id FROM catalogs WHERE id = 4223;
DROP USER MAPPING FOR PUBLIC SERVER acme;
\set VERBOSITY sqlstate
SELECT id FROM catalogs WHERE id = 4223;
\set VERBOSITY default
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
SELECT id FROM catalogs WHERE id = 4223;
\! emulator wire --status

-- Dropped with all that hangs on it, and made anew.
BEGIN;
SET LOCAL client_min_messages = warning;
DROP SERVER acme CASCADE;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR regress_ann SERVER acme OPTIONS (access_token 'unknown-token');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
GRANT SELECT ON catalogs TO regress_ann, regress_ben;
COMMIT;
SELECT id FROM catalogs WHERE id = 4223;
SET ROLE regress_ann;
SELECT id FROM catalogs WHERE id = 4223;
RESET ROLE;
\! emulator wire --status

-- An account that is told the secret, and repeats it, does not show it either.
\! emulator fault status code=403 body=problem 'detail=The token main-token is blocked, main-token!'
SELECT id FROM catalogs WHERE id = 4223;
\echo :SQLSTATE
\! emulator fault status code=400 'body=text:what does main-token mean'
SELECT id FROM catalogs WHERE id = 4223;
\! emulator fault redirect to=https://moved.example/?token=main-token
SELECT id FROM catalogs WHERE id = 4223;

-- Nor any other secret: who logs in is one.
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (DROP access_token, ADD login 'robot@example.com', ADD api_key 'main-key');
\! emulator fault status code=403 body=problem 'detail=robot@example.com may not use main-key' on=LOGIN
SELECT id FROM catalogs WHERE id = 4223;
-- Nor in another form: of a URL, of HTML, of JSON, or in other letters.
\! emulator fault redirect on=LOGIN 'to=https://moved.example/?login=robot%40example%2ecom&key=Main%2Dkey'
SELECT id FROM catalogs WHERE id = 4223;
\! emulator fault status code=403 'body=text:<title>robot&#64;example.com, Robot&#x40;Example.com</title>' on=LOGIN
SELECT id FROM catalogs WHERE id = 4223;
\! emulator fault status code=403 'body=text:{"login":"robot\u0040example.com", "key":"main-key' on=LOGIN
SELECT id FROM catalogs WHERE id = 4223;
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET api_key 'a/b"c<d>e&f''g\h%2Fi');
\! emulator fault status code=403 'body=text:A\/b\"c<d>e&f'"'"'g\\h%2Fi, a%2fb%22c%3cd%3ee%26f%27g%5Ch%252fi' on=LOGIN
SELECT id FROM catalogs WHERE id = 4223;
\! emulator fault status code=403 'body=text:a/b&quot;c&lt;d&gt;e&amp;f&#039;g\h%2Fi and a/b"c<d>' on=LOGIN
SELECT id FROM catalogs WHERE id = 4223;
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET api_key 'main-key');
-- Nor the cookie that it has given.
SELECT id FROM catalogs WHERE id = 4223;
\! emulator fault status code=403 body=problem 'detail=What is a Cookie: session_id=session-main-1?' on=GET
SELECT id FROM catalogs WHERE id = 4223;
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (DROP login, DROP api_key, ADD access_token 'main-token');

-- Other roles do not see it.
SET ROLE regress_ben;
SELECT umoptions FROM pg_user_mappings;
RESET ROLE;

DROP USER MAPPING FOR regress_ann SERVER acme;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP FOREIGN TABLE catalogs;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
DROP ROLE regress_ann;
DROP ROLE regress_ben;
