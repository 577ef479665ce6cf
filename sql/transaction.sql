-- Changes are kept until COMMIT; ROLLBACK sends nothing.
\i sql/include/account.sql

-- Three statements and ROLLBACK: no POST.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
DELETE FROM catalogs WHERE id = 4230;
ROLLBACK;
\! emulator wire
\! emulator lists

-- COMMIT sends updates, then adds, then deletes, each in the order in which
-- they were made.
BEGIN;
DELETE FROM catalogs WHERE id = 4231;
INSERT INTO catalogs (name) VALUES ('Books');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
DELETE FROM catalogs WHERE id = 4230;
INSERT INTO catalogs (name) VALUES ('Films');
UPDATE catalogs SET name = 'Services' WHERE id = 4222;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator lists
\! emulator reset
-- Nothing is left of it for the next one.
BEGIN;
COMMIT;
BEGIN;
INSERT INTO catalogs (name) VALUES ('Next');
COMMIT;
\! emulator wire

-- An error undoes the transaction: the changes before it are not sent either.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Before');
INSERT INTO catalogs (name) VALUES ('a'), (NULL);
INSERT INTO catalogs (name) VALUES ('After');
COMMIT;
\! emulator wire
-- The session can go on.
INSERT INTO catalogs (name) VALUES ('Works');
\! emulator wire
-- An error here counts as much as one in the account.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Before');
SELECT 1 / 0;
ROLLBACK;
\! emulator wire
-- Statements that are sent together are one transaction as well.
INSERT INTO catalogs (name) VALUES ('One') \; INSERT INTO catalogs (name) VALUES ('Two');
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Three') \; SELECT 1 / 0;
\! emulator wire

-- What happens at COMMIT before the sending: constraints that fail there send
-- nothing, ...
CREATE TABLE department (list bigint UNIQUE DEFERRABLE INITIALLY DEFERRED);
BEGIN;
INSERT INTO catalogs (name) VALUES ('x');
INSERT INTO department VALUES (1), (1);
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
-- ... and what deferred triggers and cursors add is sent.
CREATE FUNCTION add_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalogs (name) VALUES ('Deferred ' || NEW.list);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER t AFTER INSERT ON department
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION add_list();
BEGIN;
INSERT INTO department VALUES (2);
INSERT INTO catalogs (name) VALUES ('First');
COMMIT;
\! emulator wire
CREATE FUNCTION add_list(title text) RETURNS text LANGUAGE sql AS
    'INSERT INTO catalogs (name) VALUES (title) RETURNING name';
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT add_list('Held ' || g) FROM generate_series(1, 2) g;
\! emulator wire
COMMIT;
\! emulator wire
FETCH ALL FROM c;
CLOSE c;
DROP TABLE department;
DROP FUNCTION add_list(), add_list(text);

-- Chains.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Chain 1');
COMMIT AND CHAIN;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Chain 2');
ROLLBACK AND CHAIN;
INSERT INTO catalogs (name) VALUES ('Chain 3');
COMMIT;
\! emulator wire
-- Procedures that commit.
CREATE PROCEDURE add_in_steps(n int) LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. n LOOP
        INSERT INTO catalogs (name) VALUES ('Step ' || i);
        INSERT INTO catalogs (name) VALUES ('Step ' || i || ', too');
        IF i % 2 = 1 THEN
            COMMIT;
        ELSE
            ROLLBACK;
        END IF;
    END LOOP;
END $$;
CALL add_in_steps(3);
\! emulator wire
DROP PROCEDURE add_in_steps(int);
DO $$
BEGIN
    INSERT INTO catalogs (name) VALUES ('In DO');
    COMMIT;
    DELETE FROM catalogs WHERE id = 4230;
END $$;
\! emulator wire

-- Other kinds of transaction.
BEGIN ISOLATION LEVEL SERIALIZABLE;
INSERT INTO catalogs (name) VALUES ('Serializable');
COMMIT;
\! emulator wire
BEGIN READ ONLY;
INSERT INTO catalogs (name) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
\! emulator wire

-- Two phases would be one too many.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Prepared');
PREPARE TRANSACTION 'writes';
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
-- Nothing is left of it.
ROLLBACK PREPARED 'writes';
BEGIN;
INSERT INTO catalogs (name) VALUES ('Afterwards');
COMMIT;
\! emulator wire

-- How many changes a transaction may keep.
SHOW catalogs_fdw.max_pending_changes;
SET catalogs_fdw.max_pending_changes = 0;
SET catalogs_fdw.max_pending_changes = 3;
INSERT INTO catalogs (name) VALUES ('1'), ('2'), ('3');
\! emulator wire
INSERT INTO catalogs (name) VALUES ('1'), ('2'), ('3'), ('4');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
-- Of any kind; those that were rolled back do not count.
BEGIN;
INSERT INTO catalogs (name) VALUES ('5');
UPDATE catalogs SET name = '6' WHERE id = 4222;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4223;
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('7');
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('8');
\echo :LAST_ERROR_SQLSTATE
ROLLBACK TO a;
COMMIT;
\! emulator wire
RESET catalogs_fdw.max_pending_changes;
\! emulator reset --empty
INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 10001);
\echo :LAST_ERROR_SQLSTATE
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
