-- What needs a value that the account assigns does not wait for COMMIT: RETURNING,
-- an AFTER ROW trigger, catalogs_fdw_flush().
\i sql/include/account.sql

-- RETURNING a value that the account assigns sends the row at once.
BEGIN;
INSERT INTO catalogs (name, type) VALUES ('Books', 'regular') RETURNING id, name;
\! emulator wire
-- One that it assigns besides the id has to be read.
INSERT INTO catalogs (name) VALUES ('Films') RETURNING name, sort;
\! emulator wire
INSERT INTO catalogs (name, request_id) VALUES ('Songs', 7) RETURNING *;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Games') RETURNING can_link_multiple;
\! emulator wire
-- One that was given does not.
INSERT INTO catalogs (name, type, can_add_elements)
    VALUES ('Plays', 'x', false) RETURNING upper(name), type, can_add_elements;
INSERT INTO catalogs (name, request_id) VALUES ('Poems', 8)
    RETURNING name, request_id;
INSERT INTO catalogs (name) VALUES ('Tales') RETURNING name, request_id;
UPDATE catalogs SET type = 'y' WHERE id = 4230 RETURNING id, name, type, sort;
DELETE FROM catalogs WHERE id = 4231 RETURNING id, name;
\! emulator wire
-- What waited goes with COMMIT, and what was sent does not go again.
COMMIT;
\! emulator wire
\! emulator lists
\! emulator reset

-- A user mapping that is made anew meanwhile makes no difference.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (access_token 'main-token');
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
COMMIT;
\! emulator wire
\! emulator reset

-- In a WITH, for a table of one's own
CREATE TABLE own (id bigint, name text);
WITH added AS (INSERT INTO catalogs (name) VALUES ('Books'), ('Films')
               RETURNING id, name)
INSERT INTO own SELECT * FROM added;
SELECT * FROM own ORDER BY id;
\! emulator wire
DROP TABLE own;
\! emulator reset

-- The rows that were made before it wait, and come after it.
BEGIN;
INSERT INTO catalogs (name) VALUES ('waits');
INSERT INTO catalogs (name) VALUES ('does not') RETURNING id;
\! emulator wire
SELECT id, name FROM catalogs WHERE id > 5000 OR id IS NULL;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator reset

-- Later changes of a row sent early go to its real id.
BEGIN;
INSERT INTO catalogs (name)
    VALUES ('updated'), ('deleted'), ('both'), ('left') RETURNING id;
\! emulator wire
UPDATE catalogs SET name = 'updated twice', type = 'x' WHERE id = 5001;
UPDATE catalogs SET type = 'y' WHERE id = 5001;
DELETE FROM catalogs WHERE id = 5002;
UPDATE catalogs SET name = 'not sent' WHERE name = 'both';
DELETE FROM catalogs WHERE id = 5003;
SELECT id, name, type FROM catalogs WHERE id > 5000;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator lists
\! emulator reset

-- An AFTER ROW trigger sees what the account assigned; other triggers see what
-- was given, and let the row wait.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        RAISE NOTICE '% % %: id %, name %, sort %', TG_WHEN, TG_OP, TG_LEVEL,
            NEW.id, NEW.name, NEW.sort;
    ELSE
        RAISE NOTICE '% % %', TG_WHEN, TG_OP, TG_LEVEL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER before_row BEFORE INSERT ON catalogs
    FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER after_statement AFTER INSERT ON catalogs
    EXECUTE FUNCTION tell();
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
\! emulator wire
CREATE TRIGGER after_row AFTER INSERT ON catalogs
    FOR EACH ROW EXECUTE FUNCTION tell();
INSERT INTO catalogs (name) VALUES ('Films');
\! emulator wire
COMMIT;
\! emulator wire
DROP TRIGGER before_row ON catalogs;
DROP TRIGGER after_statement ON catalogs;
DROP TRIGGER after_row ON catalogs;
DROP FUNCTION tell;
\! emulator reset

--
-- catalogs_fdw_flush(server) sends all that waits, and tells what it sent.
--
CREATE FOREIGN TABLE other (id bigint, name text, request_id bigint)
    SERVER acme OPTIONS (batch_size '2');
SELECT * FROM catalogs_fdw_flush('acme');
\! emulator wire
BEGIN;
SELECT * FROM catalogs_fdw_flush('acme');
DELETE FROM catalogs WHERE id = 4222;
INSERT INTO catalogs (name, request_id) VALUES ('Books', 11), ('Films', NULL);
INSERT INTO other (name, request_id) VALUES ('Songs', 13), ('Games', 14), ('Plays', 15);
UPDATE other SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET type = 'x' WHERE id = 4230;
\! emulator wire
SELECT * FROM catalogs_fdw_flush('acme');
\! emulator wire
-- Now there is nothing to send,
SELECT * FROM catalogs_fdw_flush('acme');
COMMIT;
\! emulator wire
\! emulator lists
\! emulator reset

-- A thousand INSERTs learn their ids in twenty requests.
CREATE TABLE orders (number bigint, list bigint);
INSERT INTO orders SELECT i FROM generate_series(1, 1000) i;
BEGIN;
DO $$
DECLARE n bigint;
BEGIN
    FOR n IN SELECT number FROM orders LOOP
        INSERT INTO catalogs (name, request_id) VALUES ('Order ' || n, n);
    END LOOP;
END $$;
\! emulator wire
UPDATE orders SET list = id FROM catalogs_fdw_flush('acme')
    WHERE request_id = number;
\! emulator wire --count
SELECT count(*), count(DISTINCT list) FROM orders JOIN catalogs ON id = list
    WHERE name = 'Order ' || number;
COMMIT;
\! emulator wire
DROP TABLE orders;
\! emulator reset

-- It belongs to the transaction like any other statement: it may be rolled
-- back, and what comes after it waits again.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
INSERT INTO catalogs (name) VALUES ('Films');
\! emulator wire
SELECT id, name FROM catalogs WHERE id > 5000 OR id IS NULL;
\! emulator wire
ROLLBACK;
\! emulator wire
\! emulator reset

-- A refused row makes it fail.
\! emulator set partial=update:4223
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
SELECT * FROM catalogs_fdw_flush('acme');
\echo :SQLSTATE
ROLLBACK;
\! emulator reset

-- Who may do it, and to what
SELECT * FROM catalogs_fdw_flush('nobody');
\echo :SQLSTATE
SELECT * FROM catalogs_fdw_flush(NULL);
-- Who has changed nothing.
CREATE ROLE regress_early_sending;
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
SET LOCAL ROLE regress_early_sending;
SELECT * FROM catalogs_fdw_flush('acme');
ROLLBACK;
-- Nothing was sent.
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP ROLE regress_early_sending;
