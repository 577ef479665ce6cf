-- An abort signs in anew when the login has expired, to take back what was sent
-- early; without raising when it is not let in.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (login 'robot@example.com', api_key 'main-key');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;

BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
\! emulator expire
ROLLBACK;
\! emulator wire --status
\! emulator lists --columns id
-- An account that asks to wait before that is given the time.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Cards') RETURNING id;
\! emulator expire; emulator fault status code=429 retry_after=1 on=LOGIN
ROLLBACK;
\! emulator wire --status
-- The user was switched off meanwhile.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Films') RETURNING id;
\! emulator set login_error=112; emulator expire
ROLLBACK;
\! emulator wire --status
-- And is still, in the next abort.
SELECT id FROM catalogs;
\! emulator unset login_error
BEGIN;
INSERT INTO catalogs (name) VALUES ('Songs') RETURNING id;
ROLLBACK;
\! emulator wire --status
-- A revoked token cannot be renewed.
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (DROP login, DROP api_key, ADD access_token 'main-token');
BEGIN;
INSERT INTO catalogs (name) VALUES ('Games') RETURNING id;
\! emulator revoke-token main-token
ROLLBACK;
\! emulator wire --status
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
