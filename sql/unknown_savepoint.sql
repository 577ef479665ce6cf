-- An update or delete whose fate is unknown, and that is rolled back to a savepoint:
-- the transaction goes on as if the account had done it, and puts it right.  Where
-- it cannot, it says at its end that nobody knows.
\set options ', max_retries ''0'''
\i sql/include/account.sql
-- What the transactions are made of: sql/include/unknown.sql puts it together.
\set rename 'UPDATE catalogs SET name = ''Goods'' WHERE id = 4223;'
\set rename_two 'UPDATE catalogs SET name = ''Goods'' WHERE id IN (4222, 4223);'
\set rename_and_retype 'UPDATE catalogs SET name = ''Goods'', type = ''x'' WHERE id = 4223;'
\set retype 'UPDATE catalogs SET type = ''x'' WHERE id = 4223;'
\set rename_plans 'UPDATE catalogs SET name = ''Plans'' WHERE id = 4230;'
\set delete 'DELETE FROM catalogs WHERE id = 4230;'
\set flush 'SELECT verb, id, name FROM catalogs_fdw_flush(''acme'');'
\set back 'ROLLBACK TO a;'
\set see 'SELECT id, name, type FROM catalogs WHERE id = 4223;'
\set see_pending 'SELECT verb, id, changes FROM catalogs_fdw_pending;'

--
-- An update
--
-- carried out: COMMIT gives the value back, and until then the transaction sees it as
-- it was.
\! emulator fault close_applied on=POST
\set change :rename_and_retype
\set after :back :see :see_pending
\i sql/include/unknown.sql
-- not carried out: the same, and no harm done,
\! emulator fault close_after_request on=POST
\set change :rename
\i sql/include/unknown.sql
-- never sent: nothing to put right,
\! emulator set keep_alive=off
\set change :rename '\\! emulator fault refuse'
\set after :back '\\! emulator heal'
\i sql/include/unknown.sql
-- and refused: nothing either.
\! emulator fault status code=403 on=POST
\set change :rename
\i sql/include/unknown.sql

-- The same value again is sent again: the account may not have heard it.
\! emulator fault close_after_request on=POST
\set change :rename
\set after :back :rename
\i sql/include/unknown.sql
-- So is what comes from before the savepoint.
\! emulator fault close_applied on=POST
\set before :rename
\set change :retype
\i sql/include/unknown.sql
-- What the account confirms leaves no doubt: it is told once.
\! emulator fault close_applied on=POST
\set change :rename
\set after :back :flush :flush
\i sql/include/unknown.sql

-- ROLLBACK takes it back too,
\! emulator fault close_applied on=POST
\set change :rename_two
\set end ROLLBACK
\i sql/include/unknown.sql
-- to the value before all of it when an earlier one is for certain;
\! emulator fault close_applied on=POST nth=2
\set before :rename :flush
\set change 'UPDATE catalogs SET name = ''Things'' WHERE id = 4223;'
\set end ROLLBACK
\i sql/include/unknown.sql
-- where that fails, it is unknown what the account holds.  (Here a block of PL/pgSQL
-- has caught the error.)
\! emulator fault close_applied on=POST times=0
BEGIN;
SAVEPOINT a;
:rename_two
DO $$
BEGIN
    PERFORM catalogs_fdw_flush('acme');
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'caught %', SQLSTATE;
END $$;
ROLLBACK;
\! emulator heal; emulator lists --columns id,name; emulator reset
-- So it is of a value that the account had not told,
\! emulator set missing=type; emulator fault close_applied on=POST
\set change :rename_and_retype
\i sql/include/unknown.sql
-- also when all of it is rolled back.
\! emulator set missing=type; emulator fault close_applied on=POST
\set change :rename_and_retype
\set after ''
\set end ROLLBACK
\i sql/include/unknown.sql

-- What is put right of a row says nothing of what else was told of it.
\! emulator fault close_applied on=POST nth=2; emulator fault close_after_request on=POST nth=3
\set before :rename :flush
\set change :retype
\set after ''
\set end ROLLBACK
\i sql/include/unknown.sql
-- Twice unknown, and taken back at once.
\! emulator fault close_applied on=POST times=2
\set before 'SAVEPOINT a; UPDATE catalogs SET name = ''One'' WHERE id = 4223;' :flush :back
\set change 'UPDATE catalogs SET name = ''Two'' WHERE id = 4223;'
\set after ''
\set end ROLLBACK
\i sql/include/unknown.sql
-- A statement_timeout that a savepoint catches: the request was cut off.
\! emulator fault hold on=POST
\set before 'UPDATE catalogs SET type = ''x'' WHERE id = 4222;'
\set change :rename 'SET LOCAL statement_timeout = ''300ms'';'
\set after :back '\\! emulator heal'
\i sql/include/unknown.sql

--
-- A delete
--
-- carried out: it cannot be put right.
\! emulator fault close_applied on=POST
\set change :delete
\set after :back :see_pending
\i sql/include/unknown.sql
\! emulator fault close_applied on=POST
\set change :delete
\set after ''
\set end ROLLBACK
\i sql/include/unknown.sql
-- From before the savepoint, it is sent again, and finds the list gone,
\! emulator fault close_applied on=POST
\set before :delete
\set change ''
\set after :back :see_pending
\i sql/include/unknown.sql
-- or with others that are not,
\! emulator fault close_applied on=POST; emulator set partial_shape=object_list
\set before 'DELETE FROM catalogs WHERE id IN (4222, 4230);'
\set change ''
\set after :back 'DELETE FROM catalogs WHERE id = 4223;'
\i sql/include/unknown.sql
-- or does not find it gone.
\! emulator fault close_after_request on=POST
\set before :delete
\set change ''
\i sql/include/unknown.sql
-- Somebody else's delete is still one.
\! emulator fault status code=403 on=POST
\set before :delete
\set change ''
\set after :back '\\! emulator drop 4230'
\i sql/include/unknown.sql

-- An update of a list that may be gone: COMMIT asks.  (psql may show warnings before
-- an error or after it.)
\! emulator fault close_applied on=POST nth=2
\set before :rename_plans :flush
\set change :delete
\set after :back 'SET client_min_messages = error;'
\i sql/include/unknown.sql
\! emulator fault close_after_request on=POST nth=2
\set before :rename_plans :flush
\set change :delete
\i sql/include/unknown.sql
-- ROLLBACK says that the list is gone, as far as is known.
\! emulator fault close_applied on=POST nth=2
\set before :rename_plans :flush
\set change :delete
\set after ''
\set end ROLLBACK
\i sql/include/unknown.sql

-- Without reading first: a delete of unknown fate has not deleted for certain.
ALTER SERVER acme OPTIONS (verify_rows 'false');
\! emulator fault close_after_request on=POST
\set change :delete
\set after :back :rename_plans
\i sql/include/unknown.sql
-- Nor is it known whether the account has a list, when it is told at once.
ALTER SERVER acme OPTIONS (write_mode 'immediate');
\set VERBOSITY sqlstate
BEGIN;
SAVEPOINT a;
\! emulator fault close_after_request on=POST
UPDATE catalogs SET name = 'x' WHERE id = 9999;
ROLLBACK TO a;
UPDATE catalogs SET name = 'x' WHERE id = 9999;
\echo :ROW_COUNT :SQLSTATE
COMMIT;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
