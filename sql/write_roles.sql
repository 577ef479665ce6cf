-- Who writes decides how one signs in: each role's changes go with its own user
-- mapping, also at COMMIT.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
-- Three reach the account in three ways, of which one is wrong; the fourth has
-- none.
CREATE ROLE regress_catalogs_owner;
CREATE ROLE regress_catalogs_robot;
CREATE ROLE regress_catalogs_stranger;
CREATE ROLE regress_catalogs_nobody;
CREATE USER MAPPING FOR regress_catalogs_owner SERVER acme
    OPTIONS (access_token 'main-token');
CREATE USER MAPPING FOR regress_catalogs_robot SERVER acme
    OPTIONS (login 'robot@example.com', api_key 'main-key');
CREATE USER MAPPING FOR regress_catalogs_stranger SERVER acme
    OPTIONS (access_token 'wrong');
GRANT USAGE ON FOREIGN SERVER acme TO regress_catalogs_owner;
GRANT CREATE ON SCHEMA public TO regress_catalogs_owner;
SET ROLE regress_catalogs_owner;
CREATE FOREIGN TABLE list (id bigint, name text) SERVER acme;
GRANT SELECT, INSERT, UPDATE, DELETE ON list
    TO regress_catalogs_robot, regress_catalogs_stranger, regress_catalogs_nobody;
INSERT INTO list (name) VALUES ('by the owner');
\! emulator wire
SET ROLE regress_catalogs_robot;
INSERT INTO list (name) VALUES ('by the robot');
\! emulator wire
SET ROLE regress_catalogs_stranger;
INSERT INTO list (name) VALUES ('by a stranger');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --status
SET ROLE regress_catalogs_nobody;
\set VERBOSITY sqlstate
INSERT INTO list (name) VALUES ('by nobody');
UPDATE list SET name = 'by nobody';
\set VERBOSITY default
\! emulator wire
RESET ROLE;

-- Both in one transaction: the role at COMMIT does not matter.  (They are told
-- at the same time: the requests are sorted here.)
BEGIN;
SET LOCAL ROLE regress_catalogs_owner;
INSERT INTO list (name) VALUES ('owner 1');
SET LOCAL ROLE regress_catalogs_robot;
INSERT INTO list (name) VALUES ('robot 1');
SET LOCAL ROLE regress_catalogs_owner;
INSERT INTO list (name) VALUES ('owner 2');
SET LOCAL ROLE regress_catalogs_nobody;
COMMIT;
\! emulator wire | sort
-- One that is refused is the error of the transaction; what the other was told
-- is taken back.
BEGIN;
SET LOCAL ROLE regress_catalogs_stranger;
INSERT INTO list (name) VALUES ('stranger 1');
SET LOCAL ROLE regress_catalogs_owner;
INSERT INTO list (name) VALUES ('owner 3');
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --status | sort
\! emulator lists --columns name | grep -c '^owner 3'

-- A function that runs with its owner's rights, and one that does not.
SET ROLE regress_catalogs_owner;
CREATE FUNCTION add_as_owner(title text) RETURNS void LANGUAGE sql
    SECURITY DEFINER AS 'INSERT INTO list (name) VALUES (title)';
CREATE FUNCTION add_as_caller(title text) RETURNS void LANGUAGE sql
    AS 'INSERT INTO list (name) VALUES (title)';
SET ROLE regress_catalogs_robot;
BEGIN;
SELECT add_as_owner('through the owner');
SELECT add_as_caller('through the robot');
COMMIT;
\! emulator wire | sort
-- The view of an owner, that of a caller.
SET ROLE regress_catalogs_owner;
CREATE VIEW owners AS SELECT name FROM list;
CREATE VIEW callers WITH (security_invoker) AS SELECT name FROM list;
GRANT INSERT ON owners, callers TO regress_catalogs_robot, regress_catalogs_nobody;
SET ROLE regress_catalogs_nobody;
INSERT INTO owners VALUES ('nobody through the owner');
\! emulator wire
\set VERBOSITY sqlstate
INSERT INTO callers VALUES ('nobody itself');
\set VERBOSITY default
\! emulator wire
-- RETURNING signs in in the same way, for the POST and for the GET.
SET ROLE regress_catalogs_owner;
ALTER FOREIGN TABLE list ADD sort integer;
CREATE VIEW sorted AS SELECT name, sort FROM list;
GRANT SELECT, INSERT ON sorted TO regress_catalogs_nobody;
SET ROLE regress_catalogs_nobody;
INSERT INTO sorted VALUES ('nobody, sorted') RETURNING *;
\! emulator wire --status
-- TRUNCATE by one's own mapping, too.
SET ROLE regress_catalogs_owner;
GRANT TRUNCATE ON list TO regress_catalogs_robot, regress_catalogs_stranger;
SET ROLE regress_catalogs_stranger;
TRUNCATE list;
\echo :LAST_ERROR_SQLSTATE
SET ROLE regress_catalogs_robot;
TRUNCATE list;
\! emulator wire --status
RESET ROLE;
\! emulator lists

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
REVOKE CREATE ON SCHEMA public FROM regress_catalogs_owner;
DROP FUNCTION add_as_owner(text), add_as_caller(text);
DROP ROLE regress_catalogs_owner, regress_catalogs_robot,
    regress_catalogs_stranger, regress_catalogs_nobody;
