-- Several accounts in one transaction, and what becomes of changes when the
-- server, the table or the user mapping is altered or dropped before COMMIT.
\i sql/include/accounts.sql
CREATE FOREIGN TABLE acme_list (id bigint, name text) SERVER acme;
CREATE FOREIGN TABLE beta_list (id bigint, name text) SERVER beta;

-- Two accounts: each gets its updates, then its adds, then its deletes.  (They
-- are told at the same time, so they are shown one after the other.)
BEGIN;
INSERT INTO acme_list (name) VALUES ('Books');
DELETE FROM beta_list WHERE id = 6224;
UPDATE acme_list SET name = 'Vehicles' WHERE id = 5223;
INSERT INTO beta_list (name) VALUES ('Films');
UPDATE beta_list SET name = 'Goods' WHERE id = 6223;
DELETE FROM acme_list WHERE id = 5224;
\! emulator wire --accounts
COMMIT;
\! emulator wire --accounts --keep --account acme
\! emulator wire --accounts --account beta
\! emulator lists --account acme --columns id,name
\! emulator lists --account beta --columns id,name
-- From one to the other.
BEGIN;
WITH gone AS (DELETE FROM acme_list WHERE id = 6001 RETURNING name)
    INSERT INTO beta_list (name) SELECT name FROM gone;
COMMIT;
\! emulator wire --accounts
-- Neither is sent when one of them fails before the sending.
BEGIN;
INSERT INTO acme_list (name) VALUES ('x');
INSERT INTO beta_list (name) VALUES (NULL);
COMMIT;
\! emulator wire --accounts
-- An account that cannot be reached: what the other one was told is taken back.
CREATE SERVER gone FOREIGN DATA WRAPPER catalogs_fdw
    OPTIONS (url 'http://127.0.0.1:1');
CREATE USER MAPPING FOR CURRENT_USER SERVER gone OPTIONS (access_token 'x');
CREATE FOREIGN TABLE gone_list (name text) SERVER gone;
BEGIN;
INSERT INTO gone_list VALUES ('x');
INSERT INTO acme_list (name) VALUES ('x');
\set VERBOSITY terse
COMMIT;
\set VERBOSITY default
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --accounts
DROP FOREIGN TABLE gone_list;
SET client_min_messages = warning;
DROP SERVER gone CASCADE;
RESET client_min_messages;

-- ALTER takes effect at the next statement: what was made before keeps its
-- size of a batch.
BEGIN;
INSERT INTO acme_list (name) VALUES ('a'), ('b'), ('c');
ALTER SERVER acme OPTIONS (ADD batch_size '2');
INSERT INTO acme_list (name) VALUES ('d'), ('e'), ('f');
ALTER FOREIGN TABLE acme_list OPTIONS (ADD batch_size '1');
INSERT INTO acme_list (name) VALUES ('g'), ('h');
COMMIT;
\! emulator wire --accounts
ALTER SERVER acme OPTIONS (DROP batch_size);
ALTER FOREIGN TABLE acme_list OPTIONS (DROP batch_size);
-- So does a column that is renamed, added or dropped.
BEGIN;
INSERT INTO acme_list (name) VALUES ('before');
ALTER FOREIGN TABLE acme_list RENAME name TO title;
ALTER FOREIGN TABLE acme_list ALTER title OPTIONS (ADD column_name 'name');
ALTER FOREIGN TABLE acme_list ADD type text;
INSERT INTO acme_list (title, type) VALUES ('after', 'regular');
COMMIT;
\! emulator wire --accounts
ALTER FOREIGN TABLE acme_list DROP type;
ALTER FOREIGN TABLE acme_list RENAME title TO name;
ALTER FOREIGN TABLE acme_list ALTER name OPTIONS (DROP column_name);
-- An account that is only written in another way is the same one.
BEGIN;
INSERT INTO acme_list (name) VALUES ('before');
\set loud_url HTTP://ACME.localhost: :port /
ALTER SERVER acme OPTIONS (SET url :'loud_url');
INSERT INTO acme_list (name) VALUES ('after');
COMMIT;
\! emulator wire --accounts
ALTER SERVER acme OPTIONS (SET url :'acme_url');
-- Two servers that lead to one account: through each is seen what was done through the
-- other, and one row is one row.
CREATE SERVER twin FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'acme_url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER twin OPTIONS (access_token 'acme-token');
CREATE FOREIGN TABLE twin_list (id bigint, name text) SERVER twin;
BEGIN;
UPDATE acme_list SET name = 'first' WHERE id = 5223;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
SELECT name FROM twin_list WHERE id = 5223;
UPDATE twin_list SET name = 'second' WHERE id = 5223;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
SELECT verb, id, name FROM catalogs_fdw_flush('twin');
INSERT INTO acme_list (name) VALUES ('third');
UPDATE twin_list SET name = 'fourth' WHERE name = 'third';
SELECT server, relation, verb, changes FROM catalogs_fdw_pending;
ROLLBACK;
\! emulator wire --accounts; emulator lists --account acme --columns id,name | head -n 2
DROP FOREIGN TABLE twin_list;
DROP USER MAPPING FOR CURRENT_USER SERVER twin;
DROP SERVER twin;
-- The token that is there at COMMIT is used.
BEGIN;
INSERT INTO acme_list (name) VALUES ('wrong token');
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (SET access_token 'wrong');
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --accounts --status
-- The ALTER was rolled back with it.
INSERT INTO acme_list (name) VALUES ('right token');
\! emulator wire --accounts --status

-- A table that is dropped: the rows were written, and are committed.
BEGIN;
CREATE FOREIGN TABLE short_lived (name text) SERVER acme;
INSERT INTO short_lived VALUES ('by a table that is gone');
DROP FOREIGN TABLE short_lived;
COMMIT;
\! emulator wire --accounts
-- A table that was made in the transaction, and one that was rolled back.
BEGIN;
CREATE FOREIGN TABLE new_list (name text) SERVER acme;
INSERT INTO new_list VALUES ('by a new table');
COMMIT;
\! emulator wire --accounts
DROP FOREIGN TABLE new_list;
BEGIN;
SAVEPOINT a;
CREATE FOREIGN TABLE new_list (name text) SERVER acme;
INSERT INTO new_list VALUES ('gone');
ROLLBACK TO a;
COMMIT;
\! emulator wire --accounts
-- Without the server or the user mapping there is nowhere to send them.
BEGIN;
INSERT INTO acme_list (name) VALUES ('no server');
SET LOCAL client_min_messages = warning;
DROP SERVER acme CASCADE;
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --accounts
BEGIN;
INSERT INTO acme_list (name) VALUES ('no user mapping');
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
\set VERBOSITY sqlstate
COMMIT;
\set VERBOSITY default
\! emulator wire --accounts
BEGIN;
INSERT INTO acme_list (name) VALUES ('no extension');
SET LOCAL client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --accounts
-- It is all still there.
INSERT INTO acme_list (name) VALUES ('still there');
\! emulator wire --accounts

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
