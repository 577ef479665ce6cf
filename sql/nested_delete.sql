-- A row that a command within an UPDATE or DELETE changes, such as a function that
-- it calls, cannot be changed by it, as in any table.
\i sql/include/account.sql
CREATE FUNCTION remove(list bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM catalogs WHERE id IS NOT DISTINCT FROM list;
    RETURN 'x';
END $$;
CREATE FUNCTION try_remove(list bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM catalogs WHERE id IS NOT DISTINCT FROM list;
    RAISE division_by_zero;
EXCEPTION WHEN division_by_zero THEN
    RETURN 'kept';
END $$;

-- One that the account does not know,
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
SAVEPOINT a;
UPDATE catalogs SET type = remove(NULL) WHERE id IS NULL;
\echo :SQLSTATE
ROLLBACK TO a;
SELECT verb, id, changes FROM catalogs_fdw_pending;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
-- and one that it knows.
UPDATE catalogs SET name = remove(id) WHERE id = 4222;
\echo :SQLSTATE
DELETE FROM catalogs WHERE id = 4222 AND remove(id) = 'x';
\echo :SQLSTATE
\! emulator lists --columns id,name
-- Another row may be,
UPDATE catalogs SET name = remove(4230) WHERE id = 4222;
-- and so may one whose change has been rolled back.
UPDATE catalogs SET name = try_remove(id) WHERE id = 4223;
\! emulator lists --columns id,name

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP FUNCTION remove(bigint);
DROP FUNCTION try_remove(bigint);
