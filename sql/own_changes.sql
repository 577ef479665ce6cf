-- catalogs_fdw_pending and catalogs_fdw_flush: one's own changes.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE ROLE regress_own_owner;
CREATE ROLE regress_own_user;
CREATE USER MAPPING FOR regress_own_owner SERVER acme OPTIONS (access_token 'main-token');
GRANT USAGE ON FOREIGN SERVER acme TO regress_own_owner;
GRANT CREATE ON SCHEMA public TO regress_own_owner;
SET ROLE regress_own_owner;
CREATE FOREIGN TABLE list (id bigint, name text) SERVER acme;
CREATE VIEW own_list AS SELECT * FROM list;
GRANT SELECT, INSERT, UPDATE, DELETE ON own_list TO regress_own_user;
CREATE FUNCTION add_secret() RETURNS void LANGUAGE sql SECURITY DEFINER AS $$ INSERT INTO list (name) VALUES ('secret') $$;

-- A user who has nothing but the view: no usage of the server, no user mapping.
SET ROLE regress_own_user;
SELECT * FROM catalogs_fdw_flush('acme');
SELECT * FROM catalogs_fdw_flush('beta');
BEGIN;
SELECT * FROM catalogs_fdw_flush('acme');
INSERT INTO own_list (name) VALUES ('mine');
SELECT add_secret();
SELECT server, relation, verb, changes FROM catalogs_fdw_pending;
SELECT relation, verb, id, name FROM catalogs_fdw_flush('acme');
SELECT count(*) FROM catalogs_fdw_pending;
\! emulator wire
-- The owner sees both, and so does who may read the table.
INSERT INTO own_list (name) VALUES ('mine, too');
RESET ROLE;
GRANT SELECT (name) ON list TO regress_own_user;
SET ROLE regress_own_user;
SELECT changes FROM catalogs_fdw_pending;
RESET ROLE;
GRANT SELECT ON list TO regress_own_user;
SET ROLE regress_own_user;
SELECT changes FROM catalogs_fdw_pending;
SET ROLE regress_own_owner;
SELECT changes FROM catalogs_fdw_pending;
-- What was done with its rights it can send.
SELECT verb, name FROM catalogs_fdw_flush('acme');
ROLLBACK;
\! emulator wire

-- Roles that share a user mapping do not send each other's.
RESET ROLE;
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (access_token 'main-token');
DROP USER MAPPING FOR regress_own_owner SERVER acme;
GRANT INSERT ON list TO regress_own_user;
BEGIN;
SET ROLE regress_own_owner;
INSERT INTO list (name) VALUES ('of the owner');
SET ROLE regress_own_user;
INSERT INTO list (name) VALUES ('of the user');
SELECT verb, name FROM catalogs_fdw_flush('acme');
ROLLBACK;
RESET ROLE;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP FUNCTION add_secret();
REVOKE CREATE ON SCHEMA public FROM regress_own_owner;
DROP ROLE regress_own_owner, regress_own_user;
