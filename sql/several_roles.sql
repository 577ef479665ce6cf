-- Several roles reach one account in a transaction: each by its own user mapping,
-- all with the same lists before them.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE ROLE regress_roles_owner;
CREATE ROLE regress_roles_robot;
CREATE USER MAPPING FOR regress_roles_owner SERVER acme
    OPTIONS (access_token 'main-token');
CREATE USER MAPPING FOR regress_roles_robot SERVER acme
    OPTIONS (login 'robot@example.com', api_key 'main-key');
GRANT USAGE ON FOREIGN SERVER acme TO regress_roles_owner, regress_roles_robot;
GRANT CREATE ON SCHEMA public TO regress_roles_owner;
SET ROLE regress_roles_owner;
CREATE FOREIGN TABLE list (id bigint, name text) SERVER acme;
GRANT SELECT, INSERT, UPDATE, DELETE ON list TO regress_roles_robot;

-- What one of them has changed and not sent, the other one sees, and can change.
-- A row is added by the one who added it, updated or deleted by the one who did
-- so last.
SET ROLE regress_roles_owner;
BEGIN;
INSERT INTO list (name) VALUES ('added by the owner');
UPDATE list SET name = 'Goods' WHERE id = 4223;
DELETE FROM list WHERE id = 4222;
SET LOCAL ROLE regress_roles_robot;
SELECT id, name FROM list WHERE id < 4230 OR id IS NULL;
UPDATE list SET name = name || ', then the robot' WHERE id IS NULL;
DELETE FROM list WHERE id = 4223;
INSERT INTO list (name) VALUES ('added by the robot');
UPDATE list SET name = 'Prices' WHERE id = 4230;
SET LOCAL ROLE regress_roles_owner;
UPDATE list SET name = name || ', then the owner' WHERE id IS NULL;
SELECT id, name FROM list WHERE id < 4231 OR id IS NULL;
\! emulator wire > /dev/null
SELECT server, relation, verb, id, changes FROM catalogs_fdw_pending;
COMMIT;
\! emulator wire | sort
-- What was sent early is taken back by the one who had it sent ...
BEGIN;
INSERT INTO list (name) VALUES ('early') RETURNING name, id > 5000 AS sent;
SET LOCAL ROLE regress_roles_robot;
UPDATE list SET name = 'late' WHERE name = 'early';
-- ... and what one flushes is what was changed with one's own rights.
SELECT relation, verb, name FROM catalogs_fdw_flush('acme');
ROLLBACK;
\! emulator wire
RESET ROLE;
SET ROLE regress_roles_owner;

-- A function with its owner's rights: its caller sees what it did.
CREATE FUNCTION add_as_owner(title text) RETURNS void LANGUAGE sql
    SECURITY DEFINER AS 'INSERT INTO list (name) VALUES (title)';
SET ROLE regress_roles_robot;
BEGIN;
SELECT add_as_owner('through the owner');
SELECT id, name FROM list WHERE id IS NULL;
DELETE FROM list WHERE id IS NULL;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
-- A savepoint takes back what either did after it.
BEGIN;
SELECT add_as_owner('kept');
SAVEPOINT a;
SELECT add_as_owner('dropped');
INSERT INTO list (name) VALUES ('dropped, too');
UPDATE list SET name = 'changed' WHERE name = 'kept';
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire

RESET ROLE;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
REVOKE CREATE ON SCHEMA public FROM regress_roles_owner;
DROP FUNCTION add_as_owner(text);
DROP ROLE regress_roles_owner, regress_roles_robot;
