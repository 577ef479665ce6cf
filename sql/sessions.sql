-- catalogs_fdw_sessions: the accounts that a backend knows; and how to leave them.
\i sql/include/account.sql
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE SERVER robot FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR PUBLIC SERVER robot
    OPTIONS (login 'robot@example.com', api_key 'main-key');
CREATE FOREIGN TABLE robots (id bigint, name text) SERVER robot;
CREATE VIEW known AS
    SELECT server, replace(role, CURRENT_USER, 'me') AS role, url = :'url' AS url,
           valid, in_use, connected, signed_in
    FROM catalogs_fdw_sessions ORDER BY server, valid;
\d catalogs_fdw_sessions

-- None before the first request; one for each user mapping after it.
SELECT * FROM known;
SELECT catalogs_fdw_disconnect('acme'), catalogs_fdw_disconnect_all();
SELECT count(*) FROM catalogs;
SELECT count(*) FROM robots;
SELECT * FROM known;

-- Who is disconnected connects anew, and signs in.
SELECT catalogs_fdw_disconnect('acme');
SELECT * FROM known;
SELECT catalogs_fdw_disconnect('acme');
SELECT catalogs_fdw_disconnect_all();
SELECT * FROM known;
\! emulator wire > /dev/null
SELECT count(*) FROM catalogs, robots;
\! emulator wire --connections | sort

-- A transaction keeps what it still needs: a cursor that is open,
BEGIN;
DECLARE c CURSOR FOR SELECT name FROM catalogs;
FETCH c;
SELECT * FROM known;
SELECT catalogs_fdw_disconnect_all();
SELECT * FROM known;
CLOSE c;
SELECT catalogs_fdw_disconnect('acme');
-- or what may have to be taken back;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
SELECT catalogs_fdw_disconnect('acme');
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
SELECT catalogs_fdw_disconnect('acme');
-- not what has not been sent yet.
BEGIN;
SELECT count(*) FROM catalogs;
INSERT INTO catalogs (name) VALUES ('Films');
SELECT catalogs_fdw_disconnect('acme');
\! emulator wire > /dev/null
COMMIT;
\! emulator wire

-- What was altered or dropped is known until it is not needed any more.
BEGIN;
DECLARE a CURSOR FOR SELECT name FROM catalogs;
DECLARE r CURSOR FOR SELECT name FROM robots;
FETCH a;
FETCH r;
ALTER SERVER acme OPTIONS (ADD batch_size '7');
DROP USER MAPPING FOR PUBLIC SERVER robot;
SELECT count(*) FROM catalogs;
SELECT * FROM known;
SELECT catalogs_fdw_disconnect_all();
SELECT * FROM known;
COMMIT;
SELECT * FROM known;
SELECT count(*) FROM catalogs;
SELECT * FROM known;
SELECT catalogs_fdw_disconnect_all();
SELECT * FROM known;

-- No such server, and one of another wrapper.
SELECT catalogs_fdw_disconnect('nowhere');
\echo :SQLSTATE
CREATE FOREIGN DATA WRAPPER other;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER other;
SELECT catalogs_fdw_disconnect('elsewhere');
DROP FOREIGN DATA WRAPPER other CASCADE;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
RESET client_min_messages;
