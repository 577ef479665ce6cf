-- What is certain is not in doubt: a request that was refused with 401, and whose
-- login then fails, has changed nothing.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
\set other_url http://localhost: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (login 'robot@example.com', api_key 'main-key');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;

SELECT count(*) FROM catalogs;
BEGIN;
INSERT INTO catalogs (name) VALUES ('kept');
SAVEPOINT a;
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\! emulator expire; emulator fault long_length on=LOGIN times=4
\set VERBOSITY sqlstate
SELECT verb, id FROM catalogs_fdw_flush('acme');
\set VERBOSITY default
\! emulator heal; emulator wire > /dev/null
ROLLBACK TO a;
COMMIT;
\! emulator wire --summary
\! emulator lists --columns id,name
\! emulator reset
-- The same of an add: it can be sent again.
SELECT count(*) FROM catalogs;
BEGIN;
INSERT INTO catalogs (name) VALUES ('again');
SAVEPOINT a;
\! emulator expire; emulator fault long_length on=LOGIN times=4
\set VERBOSITY sqlstate
SELECT verb, id FROM catalogs_fdw_flush('acme');
\set VERBOSITY default
ROLLBACK TO a;
\! emulator heal; emulator wire > /dev/null
COMMIT;
\! emulator wire --summary
\! emulator lists --columns id,name
\! emulator reset

-- A savepoint that is rolled back takes with it what it knew of the server.
BEGIN;
SAVEPOINT a;
ALTER SERVER acme OPTIONS (SET url :'other_url');
INSERT INTO catalogs (name) VALUES ('elsewhere');
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('here');
COMMIT;
\! emulator lists --columns id,name
\! emulator reset
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
