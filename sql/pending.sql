-- catalogs_fdw_pending: what the transaction has not sent yet.
\i sql/include/account.sql
CREATE FOREIGN TABLE other (no bigint OPTIONS (column_name 'id'), name text)
    SERVER acme;
\d catalogs_fdw_pending

-- Nothing, and nothing is asked for.
SELECT * FROM catalogs_fdw_pending;
BEGIN;
SELECT * FROM catalogs_fdw_pending;

-- What would be sent, in the order in which it would be: the assigned columns,
-- the id where there is one.
DELETE FROM catalogs WHERE id = 4231;
INSERT INTO catalogs (name, type, can_add_elements, request_id)
    VALUES ('Books', 'products', false, 7), ('Films', NULL, NULL, NULL);
UPDATE other SET name = 'Товары и услуги' WHERE no = 4223;
UPDATE catalogs SET can_show_in_cards = true WHERE id = 4222;
INSERT INTO other (name) VALUES ('Quoted "name" \ and / more');
\! emulator wire > /dev/null
SELECT * FROM catalogs_fdw_pending;
\! emulator wire

-- Changes are folded,
UPDATE catalogs SET name = 'All ' || lower(name), type = 'x' WHERE name = 'Films';
UPDATE catalogs SET type = 'y' WHERE id = 4223;
DELETE FROM catalogs WHERE name = 'Books';
DELETE FROM other WHERE no = 4222;
SELECT relation, verb, id, changes FROM catalogs_fdw_pending;
-- and go with their savepoint.
SAVEPOINT a;
DELETE FROM catalogs;
SELECT relation, verb, id, changes FROM catalogs_fdw_pending;
ROLLBACK TO a;
SELECT verb, count(*), count(changes) FROM catalogs_fdw_pending
    GROUP BY verb ORDER BY verb;

-- What is sent early is pending no more.
INSERT INTO catalogs (name) VALUES ('Songs') RETURNING id;
SELECT relation, verb, id, changes FROM catalogs_fdw_pending;
UPDATE catalogs SET type = 'z' WHERE id = 5001;
SELECT relation, verb, id, changes FROM catalogs_fdw_pending WHERE id = 5001;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
SELECT * FROM catalogs_fdw_pending;

-- Neither is what is set back to what the account was told, and a savepoint
-- rolled back is.
UPDATE catalogs SET type = 'z' WHERE id = 5001;
SELECT * FROM catalogs_fdw_pending;
SAVEPOINT b;
UPDATE catalogs SET name = 'Games' WHERE id = 5001;
INSERT INTO catalogs (name) VALUES ('Plays') RETURNING id;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK TO b;
SELECT relation, verb, id, changes FROM catalogs_fdw_pending;
COMMIT;
SELECT * FROM catalogs_fdw_pending;
\! emulator reset

-- To look tells nothing: the delete that cannot be put right is named once, at
-- COMMIT.
BEGIN;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
SELECT verb, id FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
SELECT * FROM catalogs_fdw_pending;
COMMIT;
\! emulator reset

-- Two servers, each with its own
CREATE SERVER beta FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER beta
    OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE beta_catalogs (id bigint, name text) SERVER beta;
BEGIN;
INSERT INTO beta_catalogs (name) VALUES ('for beta');
INSERT INTO catalogs (name) VALUES ('for acme');
DELETE FROM beta_catalogs WHERE id = 4230;
SELECT * FROM catalogs_fdw_pending;
SELECT relation, verb, id, name FROM catalogs_fdw_flush('acme');
SELECT * FROM catalogs_fdw_pending;
ROLLBACK;
SELECT * FROM catalogs_fdw_pending;

-- Everybody may look.
CREATE ROLE regress_pending;
GRANT INSERT, SELECT ON catalogs TO regress_pending;
CREATE USER MAPPING FOR regress_pending SERVER acme
    OPTIONS (access_token 'main-token');
BEGIN;
SET LOCAL ROLE regress_pending;
SELECT * FROM catalogs_fdw_pending;
INSERT INTO catalogs (name) VALUES ('Books');
SELECT * FROM catalogs_fdw_pending;
SELECT * FROM catalogs_fdw_pending();
ROLLBACK;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP ROLE regress_pending;
