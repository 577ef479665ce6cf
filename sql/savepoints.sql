-- A savepoint that is rolled back takes its changes with it, be it one of SQL
-- or an exception block of PL/pgSQL.
\i sql/include/account.sql

-- ROLLBACK TO, RELEASE, and once more ROLLBACK TO the same one
BEGIN;
INSERT INTO catalogs (name) VALUES ('before');
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('dropped');
DELETE FROM catalogs WHERE id = 4222;
UPDATE catalogs SET name = 'dropped' WHERE id = 4223;
SELECT id, name FROM catalogs;
ROLLBACK TO a;
SELECT id, name FROM catalogs;
INSERT INTO catalogs (name) VALUES ('dropped too');
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('kept');
RELEASE a;
SELECT id, name FROM catalogs WHERE id IS NULL;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator reset

-- Folding respects it: the first value, the first delete, the add as it was.
BEGIN;
UPDATE catalogs SET name = 'first' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('add');
UPDATE catalogs SET name = 'deleted below' WHERE id = 4222;
SAVEPOINT a;
UPDATE catalogs SET name = 'second', type = 'second' WHERE id = 4223;
UPDATE catalogs SET name = 'add, changed' WHERE id IS NULL;
DELETE FROM catalogs WHERE id = 4222;
ROLLBACK TO a;
SELECT id, name, type FROM catalogs;
SAVEPOINT b;
DELETE FROM catalogs WHERE id IS NULL;
ROLLBACK TO b;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

-- Nested ones: what was released goes with the one around it.
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('a');
SAVEPOINT b;
INSERT INTO catalogs (name) VALUES ('b');
SAVEPOINT c;
INSERT INTO catalogs (name) VALUES ('c');
RELEASE c;
SELECT name FROM catalogs WHERE id IS NULL;
ROLLBACK TO b;
SELECT name FROM catalogs WHERE id IS NULL;
INSERT INTO catalogs (name) VALUES ('b again');
RELEASE b;
SAVEPOINT d;
INSERT INTO catalogs (name) VALUES ('d');
ROLLBACK TO a;
SELECT name FROM catalogs WHERE id IS NULL;
SAVEPOINT e;
INSERT INTO catalogs (name) VALUES ('e');
SAVEPOINT f;
INSERT INTO catalogs (name) VALUES ('f');
ROLLBACK TO f;
RELEASE e;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire

-- ROLLBACK takes all of them.
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'x';
RELEASE a;
SAVEPOINT b;
DELETE FROM catalogs;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
\! emulator reset

-- An error in the middle of a statement drops the rows before it, too, and
-- leaves the session usable.
BEGIN;
INSERT INTO catalogs (name) VALUES ('kept');
SAVEPOINT a;
INSERT INTO catalogs (name)
    SELECT coalesce('row ' || 1 / (3 - i), '') FROM generate_series(1, 4) i;
SELECT name FROM catalogs WHERE id IS NULL;
ROLLBACK TO a;
INSERT INTO catalogs (name, type)
    VALUES ('row', 'regular'), (NULL, 'regular');
ROLLBACK TO a;
UPDATE catalogs SET name = (1 / (id - 4230))::text;
ROLLBACK TO a;
SELECT id, name FROM catalogs;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset
-- Without a savepoint it ends the transaction.
BEGIN;
INSERT INTO catalogs (name) VALUES ('lost');
SELECT 1 / 0;
COMMIT;
INSERT INTO catalogs (name) SELECT 'lost ' || 1 / (2 - i) FROM generate_series(1, 2) i;
\! emulator wire
SELECT count(*) FROM catalogs;
\! emulator wire

-- Exception blocks
DO $$
BEGIN
    INSERT INTO catalogs (name) VALUES ('kept');
    BEGIN
        INSERT INTO catalogs (name) VALUES ('dropped');
        UPDATE catalogs SET name = 'dropped' WHERE id = 4223;
        RAISE EXCEPTION 'no';
    EXCEPTION WHEN raise_exception THEN
        INSERT INTO catalogs (name) VALUES ('kept by the handler');
    END;
    BEGIN
        INSERT INTO catalogs (name) VALUES ('kept without an error');
    EXCEPTION WHEN raise_exception THEN
        NULL;
    END;
END $$;
\! emulator wire --summary
\! emulator lists
\! emulator reset

-- thousands of them
DO $$
BEGIN
    FOR i IN 1..3000 LOOP
        BEGIN
            INSERT INTO catalogs (name) VALUES ('List ' || i);
            IF i % 100 <> 0 THEN
                RAISE EXCEPTION 'no';
            END IF;
        EXCEPTION WHEN raise_exception THEN
            NULL;
        END;
    END LOOP;
END $$;
\! emulator wire --summary
SELECT count(*), min(name), max(name) FROM catalogs WHERE id > 5000;
\! emulator reset

-- deep in each other: from the fourth on all fail, and each takes those below
-- it with it
CREATE FUNCTION dive(depth int, bottom int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalogs (name) VALUES ('at ' || depth);
    BEGIN
        IF depth < bottom THEN
            PERFORM dive(depth + 1, bottom);
        END IF;
        IF depth > 3 THEN
            RAISE EXCEPTION 'up';
        END IF;
    EXCEPTION WHEN raise_exception THEN
        UPDATE catalogs SET type = 'caught at ' || depth
            WHERE name = 'at ' || depth;
    END;
END $$;
BEGIN;
SELECT dive(1, 50);
SELECT id, name, type FROM catalogs WHERE id IS NULL;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
DROP FUNCTION dive;
\! emulator reset

--
-- After an early send, a savepoint rolled back is something to tell: deletes
-- of what was added, the values from before for what was updated.
--
BEGIN;
INSERT INTO catalogs (name) VALUES ('kept');
UPDATE catalogs SET name = 'kept' WHERE id = 4230;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('dropped') RETURNING id;
INSERT INTO catalogs (name, type) VALUES ('dropped', 'x') RETURNING id;
UPDATE catalogs SET name = 'dropped', can_add_elements = false WHERE id = 4223;
UPDATE catalogs SET name = 'dropped', type = 'dropped' WHERE id = 4230;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
SELECT id, name, type, can_add_elements FROM catalogs;
ROLLBACK TO a;
-- It does not show,
SELECT id, name, type, can_add_elements FROM catalogs;
\! emulator wire > /dev/null
-- and it is put right with the COMMIT: the name stays 'kept' for 4230.
COMMIT;
\! emulator wire
\! emulator lists
\! emulator reset

-- The same with an exception block.
BEGIN;
DO $$
DECLARE new_id bigint;
BEGIN
    INSERT INTO catalogs (name) VALUES ('dropped') RETURNING id INTO new_id;
    RAISE EXCEPTION 'list %', new_id;
EXCEPTION WHEN raise_exception THEN
    RAISE NOTICE '%', SQLERRM;
END $$;
SELECT id, name FROM catalogs WHERE id > 5000;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset

-- A row sent early and changed again in the savepoint gets its value back.
BEGIN;
INSERT INTO catalogs (name) VALUES ('first') RETURNING id;
UPDATE catalogs SET name = 'first' WHERE id = 4223;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
SAVEPOINT a;
UPDATE catalogs SET name = 'second' WHERE id IN (4223, 5001);
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
SELECT id, name FROM catalogs WHERE name IN ('first', 'second');
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset

-- Rolled back before it was sent, it leaves nothing to put right.
BEGIN;
INSERT INTO catalogs (name) VALUES ('first') RETURNING id;
SAVEPOINT a;
UPDATE catalogs SET name = 'second' WHERE id = 5001;
DELETE FROM catalogs WHERE id = 5001;
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

-- A flush within the savepoint sends what came before it as well, and that
-- stays; the flush after it sends what puts things right.
BEGIN;
INSERT INTO catalogs (name) VALUES ('before');
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('within');
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
\! emulator wire
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
\! emulator wire
SELECT id, name FROM catalogs WHERE id > 5000;
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset

-- A delete that was sent cannot be put right: COMMIT says so, once.
BEGIN;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
SELECT id FROM catalogs WHERE id = 4230;
COMMIT;
\! emulator lists --columns id,name
\! emulator reset

-- A list that the transaction wants to be there as it has left it, but that the
-- account has deleted, makes COMMIT fail: its add or its update would be lost.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 5001;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
SELECT verb, id FROM catalogs_fdw_pending;
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator lists --columns id,name
\! emulator reset
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET name = 'Services' WHERE id = 4222;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4223;
SELECT verb, id, name FROM catalogs_fdw_flush('acme') ORDER BY id;
ROLLBACK TO a;
SET client_min_messages = error;
COMMIT;
RESET client_min_messages;
\echo :LAST_ERROR_SQLSTATE
\! emulator lists --columns id,name
\! emulator reset

-- Neither can a value that nobody knows.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
SAVEPOINT a;
UPDATE catalogs SET type = 'products' WHERE name = 'Books';
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
COMMIT;
\! emulator reset

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
