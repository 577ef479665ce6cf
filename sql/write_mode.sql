-- write_mode immediate: changes are sent at the end of the statement that makes
-- them, in batches; ROLLBACK takes them back.
\set options ', write_mode ''immediate'', batch_size ''2'''
\i sql/include/account.sql

-- A statement of its own
\set QUIET off
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
\! emulator wire
UPDATE catalogs SET type = 'products' WHERE id > 5000;
\! emulator wire
DELETE FROM catalogs WHERE id > 5000;
\! emulator wire

-- In a transaction each statement sends what it did, and COMMIT nothing.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
\! emulator wire
UPDATE catalogs SET name = name || '!' WHERE id > 5000;
\! emulator wire
DELETE FROM catalogs WHERE name = 'Films!';
\! emulator wire
INSERT INTO catalogs (name) SELECT name || ' 2' FROM catalogs WHERE id > 5000;
\! emulator wire
SELECT id, name FROM catalogs WHERE id > 5000;
\! emulator wire
COMMIT;
\! emulator wire
\set QUIET on
\! emulator reset

-- ROLLBACK takes back what it can.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET name = 'All goods' WHERE id = 4223;
\! emulator wire
ROLLBACK;
\! emulator wire
\! emulator lists --columns id,name
BEGIN;
DELETE FROM catalogs WHERE id = 4230;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
\! emulator reset

-- A statement fails when the account refuses a row; what it had accepted of it
-- is taken back when the transaction ends, be it by COMMIT.
\! emulator fault body on=POST nth=2 'text={"_embedded":{"items":[],"errors":{"add":{"0":"No more lists"}}}}'
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
\echo :SQLSTATE
ROLLBACK TO a;
SELECT id, name FROM catalogs WHERE id > 5000 OR id IS NULL;
INSERT INTO catalogs (name) VALUES ('Games');
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset
\! emulator set partial=update:4230
UPDATE catalogs SET name = name || '!';
\echo :SQLSTATE
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset

-- COPY
COPY catalogs (name, type) FROM stdin;
Books	regular
Films	products
Songs	regular
\.
\! emulator wire
\! emulator reset

-- TRUNCATE
BEGIN;
TRUNCATE catalogs;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator reset

-- Functions: each statement in them is one.
CREATE FUNCTION add_lists(n int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1..n LOOP
        INSERT INTO catalogs (name) VALUES ('List ' || i);
    END LOOP;
    UPDATE catalogs SET type = 'x' WHERE id > 5000;
END $$;
BEGIN;
SELECT add_lists(3);
\! emulator wire
COMMIT;
\! emulator wire
DROP FUNCTION add_lists;
\! emulator reset

-- The statements of a WITH are one statement.
BEGIN;
WITH i AS (INSERT INTO catalogs (name) VALUES ('Books')),
     d AS (DELETE FROM catalogs WHERE id = 4231)
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator reset

-- Triggers: one that changes the row, and one that makes another.
CREATE FUNCTION change_name() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.name := upper(NEW.name);
    RETURN NEW;
END $$;
CREATE FUNCTION add_second() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        INSERT INTO catalogs (name) VALUES ('by the trigger');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER change_name BEFORE INSERT ON catalogs
    FOR EACH ROW EXECUTE FUNCTION change_name();
CREATE TRIGGER add_second AFTER INSERT ON catalogs
    EXECUTE FUNCTION add_second();
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
\! emulator wire
COMMIT;
\! emulator wire
DROP TRIGGER change_name ON catalogs;
DROP TRIGGER add_second ON catalogs;
DROP FUNCTION change_name, add_second;
\! emulator lists --columns id,name
\! emulator reset

-- A statement does not see its own changes, though they may have been sent.
BEGIN;
INSERT INTO catalogs (name) SELECT name || ' 2' FROM catalogs WHERE id > 4225
    RETURNING id, name;
DECLARE c CURSOR FOR SELECT id, name FROM catalogs;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Books');
FETCH ALL FROM c;
\! emulator wire
ROLLBACK;
\! emulator reset

-- Savepoints: what was sent since is put right with the next that is sent.
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Books');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
ROLLBACK TO a;
\! emulator wire
SELECT id, name FROM catalogs WHERE id > 5000 OR id = 4223;
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset

-- Partitions
CREATE TABLE lists (account text, id bigint, name text)
    PARTITION BY LIST (account);
CREATE FOREIGN TABLE lists_acme PARTITION OF lists FOR VALUES IN ('acme')
    SERVER acme;
ALTER FOREIGN TABLE lists_acme
    ALTER account OPTIONS (ADD constant 'acme');
CREATE TABLE lists_here PARTITION OF lists FOR VALUES IN ('here');
BEGIN;
INSERT INTO lists (account, name)
    VALUES ('acme', 'Books'), ('here', 'Films'), ('acme', 'Songs'), ('acme', 'Games');
\! emulator wire
COPY lists (account, name) FROM stdin;
acme	Plays
here	Poems
\.
\! emulator wire
UPDATE lists SET name = name || '!' WHERE id > 5000 OR account = 'here';
\! emulator wire
SELECT * FROM lists WHERE id > 5000 OR account = 'here' ORDER BY account, id, name;
\! emulator wire
ROLLBACK;
\! emulator wire
DROP TABLE lists;
\! emulator reset

--
-- The table's word counts more than the server's: a deferred table over the
-- same account waits for COMMIT, and an immediate one does not.
--
CREATE FOREIGN TABLE waits (id bigint, name text, type text)
    SERVER acme OPTIONS (write_mode 'deferred');
BEGIN;
INSERT INTO waits (name) VALUES ('waits');
UPDATE waits SET name = 'waits too' WHERE id = 4222;
INSERT INTO catalogs (name) VALUES ('does not');
UPDATE catalogs SET name = 'does not either' WHERE id = 4223;
\! emulator wire
SELECT id, name FROM catalogs;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator reset
ALTER SERVER acme OPTIONS (DROP write_mode);
ALTER FOREIGN TABLE waits OPTIONS (SET write_mode 'immediate');
BEGIN;
INSERT INTO catalogs (name) VALUES ('waits now');
\! emulator wire
INSERT INTO waits (name) VALUES ('does not now');
\! emulator wire
ROLLBACK;
\! emulator wire
\! emulator reset
-- A row that has waited is told as soon as it is changed at once, and what a savepoint
-- brings back is, with the next that is.
BEGIN;
UPDATE catalogs SET name = 'waits' WHERE id = 4222;
INSERT INTO waits (name) VALUES ('first');
UPDATE waits SET name = name || ' no more' WHERE id = 4222;
\! emulator wire
SAVEPOINT a;
UPDATE waits SET name = 'other' WHERE id = 4222;
UPDATE catalogs SET name = 'waits again' WHERE id = 4222;
INSERT INTO waits (name) VALUES ('second');
\! emulator wire
ROLLBACK TO a;
\! emulator wire
INSERT INTO waits (name) VALUES ('third');
\! emulator wire
COMMIT;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
