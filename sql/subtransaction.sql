-- What comes after a savepoint goes with it.
\i sql/include/account.sql

BEGIN;
INSERT INTO catalogs (name) VALUES ('before');
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('gone');
UPDATE catalogs SET name = 'gone' WHERE id = 4222;
DELETE FROM catalogs WHERE id = 4223;
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('after');
COMMIT;
\! emulator wire
-- Twice to the same one.
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('gone');
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('gone too');
ROLLBACK TO a;
COMMIT;
\! emulator wire
-- RELEASE keeps it.
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('kept');
RELEASE a;
COMMIT;
\! emulator wire
-- Nested.
BEGIN;
INSERT INTO catalogs (name) VALUES ('1');
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('2');
SAVEPOINT b;
INSERT INTO catalogs (name) VALUES ('gone 3');
SAVEPOINT c;
INSERT INTO catalogs (name) VALUES ('gone 4');
RELEASE c;
INSERT INTO catalogs (name) VALUES ('gone 5');
ROLLBACK TO b;
INSERT INTO catalogs (name) VALUES ('6');
SAVEPOINT c;
INSERT INTO catalogs (name) VALUES ('7');
RELEASE a;
INSERT INTO catalogs (name) VALUES ('8');
COMMIT;
\! emulator wire
-- Released into one that is rolled back.
BEGIN;
INSERT INTO catalogs (name) VALUES ('1');
SAVEPOINT a;
SAVEPOINT b;
INSERT INTO catalogs (name) VALUES ('gone 2');
RELEASE b;
ROLLBACK TO a;
COMMIT;
\! emulator wire
-- The whole transaction after that.
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('gone');
RELEASE a;
ROLLBACK;
\! emulator wire
-- One name for two savepoints.
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('outer');
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('gone');
ROLLBACK TO a;
RELEASE a;
COMMIT;
\! emulator wire

-- A statement that fails takes its own rows with it, no others.
BEGIN;
INSERT INTO catalogs (name) VALUES ('before');
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('good'), (NULL);
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('after');
COMMIT;
\! emulator wire
\set ON_ERROR_ROLLBACK on
BEGIN;
INSERT INTO catalogs (name) VALUES ('one');
INSERT INTO catalogs (name) VALUES ('two'), (NULL);
INSERT INTO catalogs (name, sort) VALUES ('three', NULL), ('four', 4);
INSERT INTO catalogs (name) VALUES ('five');
COMMIT;
\unset ON_ERROR_ROLLBACK
\! emulator wire

-- Blocks of PL/pgSQL that catch errors.
DO $$
BEGIN
    INSERT INTO catalogs (name) VALUES ('before');
    BEGIN
        INSERT INTO catalogs (name) VALUES ('gone');
        DELETE FROM catalogs WHERE id = 4230;
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        INSERT INTO catalogs (name) VALUES ('in the handler');
    END;
    BEGIN
        INSERT INTO catalogs (name) VALUES ('kept');
    EXCEPTION WHEN division_by_zero THEN
        NULL;
    END;
END $$;
\! emulator wire
DO $$
BEGIN
    FOR i IN 1 .. 6 LOOP
        BEGIN
            INSERT INTO catalogs (name) VALUES ('row ' || i);
            INSERT INTO catalogs (name)
                VALUES (CASE WHEN i % 3 > 0 THEN 'more of ' || i END);
        EXCEPTION WHEN not_null_violation THEN
            NULL;
        END;
    END LOOP;
END $$;
\! emulator wire
-- In a function that is called for each row.
CREATE FUNCTION try_add(title text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalogs (name) VALUES (coalesce(title, 'gone')), (title);
    RETURN true;
EXCEPTION WHEN not_null_violation THEN
    RETURN false;
END $$;
SELECT try_add(t) FROM unnest('{a, NULL, b}'::text[]) t;
\! emulator wire
DROP FUNCTION try_add(text);
\! emulator lists --columns id,name | head -n 5

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
