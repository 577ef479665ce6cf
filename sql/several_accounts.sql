-- Several accounts, and several users, in one transaction.
\i sql/include/accounts.sql
ALTER SERVER beta OPTIONS (ADD batch_size '2');
CREATE FOREIGN TABLE acme_lists (id bigint, name text, type text) SERVER acme;
CREATE FOREIGN TABLE beta_lists (id bigint, name text, type text) SERVER beta;


-- Each account gets its own batches.
BEGIN;
INSERT INTO acme_lists (name) VALUES ('Books'), ('Films'), ('Songs');
INSERT INTO beta_lists (name) SELECT name || ', too' FROM acme_lists WHERE id IS NULL;
UPDATE acme_lists SET name = 'Lorries' WHERE id = 5223;
DELETE FROM beta_lists WHERE id = 6224;
SELECT a.name, b.name FROM acme_lists a JOIN beta_lists b ON b.name LIKE a.name || '%';
\! emulator wire > /dev/null
COMMIT;
\! emulator wire --keep --accounts --account acme; emulator wire --accounts --account beta
\! emulator lists --account acme --columns id,name
\! emulator lists --account beta --columns id,name
\! emulator reset

-- ROLLBACK sends nothing to either.
BEGIN;
DELETE FROM acme_lists;
DELETE FROM beta_lists;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire

-- A savepoint holds for both.
BEGIN;
INSERT INTO acme_lists (name) VALUES ('kept');
SAVEPOINT a;
INSERT INTO acme_lists (name) VALUES ('dropped');
INSERT INTO beta_lists (name) VALUES ('dropped');
ROLLBACK TO a;
UPDATE beta_lists SET name = 'kept' WHERE id = 6223;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire --keep --accounts --account acme; emulator wire --accounts --account beta
\! emulator reset

-- When one refuses, the other's changes are taken back, whichever it is.
\! emulator fault error_200 on=POST account=beta verb=add
BEGIN;
INSERT INTO acme_lists (name) VALUES ('Books');
UPDATE acme_lists SET name = 'Lorries' WHERE id = 5223;
INSERT INTO beta_lists (name) VALUES ('Films');
UPDATE beta_lists SET name = 'Goods' WHERE id = 6223;
\! emulator wire > /dev/null
COMMIT;
\echo :SQLSTATE
\! emulator lists --account acme --columns id,name
\! emulator lists --account beta --columns id,name
\! emulator reset
\! emulator fault error_200 on=POST account=acme verb=update
BEGIN;
UPDATE acme_lists SET name = 'Lorries' WHERE id = 5223;
UPDATE beta_lists SET name = 'Goods' WHERE id = 6223;
\! emulator wire > /dev/null
COMMIT;
\echo :SQLSTATE
\! emulator wire --keep --accounts --account acme; emulator wire --accounts --account beta
\! emulator lists --account acme --columns id,name
\! emulator lists --account beta --columns id,name
\! emulator reset

-- A delete at one that cannot be taken back is named with its server.
BEGIN;
DELETE FROM acme_lists WHERE id = 5223;
DELETE FROM beta_lists WHERE id = 6223;
SELECT relation, verb, id FROM catalogs_fdw_flush('beta');
ROLLBACK;
\! emulator reset

-- One of them may be sent early, the other waits.
BEGIN;
INSERT INTO acme_lists (name) VALUES ('Books');
INSERT INTO beta_lists (name) VALUES ('Films');
SELECT relation, verb, id, name FROM catalogs_fdw_flush('acme');
\! emulator wire --accounts
SELECT server, relation, verb FROM catalogs_fdw_pending;
ROLLBACK;
\! emulator wire --accounts

-- A partitioned table over both, and a table of one's own
CREATE TABLE lists (account text, id bigint, name text)
    PARTITION BY LIST (account);
CREATE FOREIGN TABLE lists_acme PARTITION OF lists FOR VALUES IN ('acme')
    SERVER acme;
CREATE FOREIGN TABLE lists_beta PARTITION OF lists FOR VALUES IN ('beta')
    SERVER beta;
CREATE TABLE lists_here PARTITION OF lists FOR VALUES IN ('here');
ALTER FOREIGN TABLE lists_acme ALTER account OPTIONS (ADD constant 'acme');
ALTER FOREIGN TABLE lists_beta ALTER account OPTIONS (ADD constant 'beta');
BEGIN;
INSERT INTO lists (account, name)
    VALUES ('acme', 'Books'), ('beta', 'Films'), ('here', 'Songs'), ('beta', 'Games');
UPDATE lists SET name = name || '!';
DELETE FROM lists WHERE name IN ('Cars!', 'Games!');
SELECT * FROM lists ORDER BY account, id, name;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire --keep --accounts --account acme; emulator wire --accounts --account beta
DROP TABLE lists;
\! emulator reset

--
-- Several users: each change goes with the credentials of the one who made it.
--
CREATE ROLE regress_lists_one;
CREATE ROLE regress_lists_two;
GRANT USAGE ON SCHEMA public TO regress_lists_one, regress_lists_two;
GRANT ALL ON acme_lists, beta_lists TO regress_lists_one, regress_lists_two;
GRANT USAGE ON FOREIGN SERVER acme, beta TO regress_lists_one, regress_lists_two;
CREATE USER MAPPING FOR regress_lists_one SERVER acme
    OPTIONS (access_token 'acme-token');
CREATE USER MAPPING FOR regress_lists_two SERVER acme
    OPTIONS (access_token 'revoked');
CREATE USER MAPPING FOR regress_lists_two SERVER beta
    OPTIONS (access_token 'beta-token');

-- SET ROLE
BEGIN;
SET LOCAL ROLE regress_lists_one;
INSERT INTO acme_lists (name) VALUES ('from one');
SELECT id, name FROM acme_lists;
\set VERBOSITY sqlstate
INSERT INTO beta_lists (name) VALUES ('no mapping');
\set VERBOSITY default
ROLLBACK;
BEGIN;
SET LOCAL ROLE regress_lists_one;
INSERT INTO acme_lists (name) VALUES ('from one');
SET LOCAL ROLE regress_lists_two;
INSERT INTO beta_lists (name) VALUES ('from two');
-- flushes what this user may send: nothing of the other's
SELECT relation, verb, id, name FROM catalogs_fdw_flush('acme');
SELECT relation, verb, id, name FROM catalogs_fdw_flush('beta');
RESET ROLE;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire --accounts
\! emulator reset
-- A change that was made without rights fails with the COMMIT, whoever commits,
-- and takes the others with it.
BEGIN;
INSERT INTO acme_lists (name) VALUES ('from the owner');
INSERT INTO beta_lists (name) VALUES ('from the owner');
SET LOCAL ROLE regress_lists_two;
INSERT INTO acme_lists (name) VALUES ('from two');
RESET ROLE;
COMMIT;
\echo :SQLSTATE
\! emulator lists --account acme --columns id,name
\! emulator lists --account beta --columns id,name
\! emulator reset

-- SECURITY DEFINER
CREATE FUNCTION add_as_one(text) RETURNS void LANGUAGE sql SECURITY DEFINER
    AS $$ INSERT INTO public.acme_lists (name) VALUES ($1) $$;
ALTER FUNCTION add_as_one(text) OWNER TO regress_lists_one;
CREATE FUNCTION add_as_caller(text) RETURNS void LANGUAGE sql
    AS $$ INSERT INTO public.acme_lists (name) VALUES ($1) $$;
BEGIN;
SET LOCAL ROLE regress_lists_two;
SELECT add_as_one('through the function');
INSERT INTO beta_lists (name) VALUES ('from two');
COMMIT;
\! emulator wire --keep --accounts --account acme; emulator wire --accounts --account beta
BEGIN;
SET LOCAL ROLE regress_lists_two;
SELECT add_as_caller('as oneself');
COMMIT;
\echo :SQLSTATE
\! emulator lists --account acme --columns id,name
\! emulator reset

-- A view is read and written as its owner.
CREATE VIEW acme_view AS SELECT id, name FROM acme_lists;
GRANT ALL ON acme_view TO regress_lists_two;
ALTER VIEW acme_view OWNER TO regress_lists_one;
BEGIN;
SET LOCAL ROLE regress_lists_two;
INSERT INTO acme_view (name) VALUES ('through the view');
UPDATE acme_view SET name = name || '!' WHERE id IS NULL OR id = 5223;
SELECT id, name FROM acme_view;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire --accounts
DROP VIEW acme_view;
DROP FUNCTION add_as_one, add_as_caller;
\! emulator reset

-- Two users of one account: both are told, and taken back, on their own.
BEGIN;
INSERT INTO acme_lists (name) VALUES ('from the owner');
SET LOCAL ROLE regress_lists_one;
INSERT INTO acme_lists (name) VALUES ('from one');
RESET ROLE;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire --summary
SELECT name FROM acme_lists WHERE id > 6000 ORDER BY name;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
REVOKE ALL ON SCHEMA public FROM regress_lists_one, regress_lists_two;
DROP ROLE regress_lists_one, regress_lists_two;
