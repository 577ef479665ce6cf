-- An update or delete whose fate is unknown, and that is rolled back to a savepoint:
-- the transaction goes on as if the account had done it, and puts it right.  Where
-- it cannot, it says at its end that nobody knows.
\set options ', max_retries ''0'''
\i sql/include/account.sql
-- What is asked again and again.
\set flush 'SELECT verb, id, name FROM catalogs_fdw_flush(''acme'');'
-- Errors in one line, without what differs from one run to the next.
\set VERBOSITY sqlstate

--
-- An update
--
-- carried out: COMMIT gives the value back,
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods', type = 'x' WHERE id = 4223;
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
-- and until then the transaction sees it as it was.
SELECT id, name, type FROM catalogs WHERE id = 4223;
SELECT verb, id, changes FROM catalogs_fdw_pending;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name,type
\! emulator reset
-- not carried out: the same, and no harm done,
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator fault close_after_request on=POST
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset
-- never sent: nothing to put right,
\! emulator set keep_alive=off
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator fault refuse
:flush
\! emulator heal
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset
-- and refused: nothing either.
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator fault status code=403 on=POST
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

-- The same value again is sent again: the account may not have heard it.
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator fault close_after_request on=POST
:flush
ROLLBACK TO a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset
-- So is what comes from before the savepoint.
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
SAVEPOINT a;
UPDATE catalogs SET type = 'x' WHERE id = 4223;
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name,type
\! emulator reset
-- What the account confirms leaves no doubt: it is told once.
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
:flush
\! emulator wire > /dev/null
:flush
COMMIT;
\! emulator wire
\! emulator reset

-- ROLLBACK takes it back too,
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id IN (4222, 4223);
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset
-- to the value before all of it when an earlier one is for certain;
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
:flush
SAVEPOINT a;
UPDATE catalogs SET name = 'Things' WHERE id = 4223;
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset
-- where that fails, it is unknown what the account holds.
\set VERBOSITY default
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id IN (4222, 4223);
\! emulator fault close_applied on=POST times=0
DO $$
BEGIN
    PERFORM catalogs_fdw_flush('acme');
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'caught %', SQLSTATE;
END $$;
ROLLBACK;
\! emulator heal
\! emulator lists --columns id,name
\! emulator reset
-- So it is of a value that the account had not told,
\! emulator set missing=type
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods', type = 'x' WHERE id = 4223;
\! emulator fault close_applied on=POST
\set VERBOSITY sqlstate
:flush
\set VERBOSITY default
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

\! emulator set missing=type
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods', type = 'x' WHERE id = 4223;
\! emulator fault close_applied on=POST
\set VERBOSITY sqlstate
:flush
\set VERBOSITY default
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
\! emulator reset

--
-- A delete
--
-- carried out: it cannot be put right.
BEGIN;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
\! emulator fault close_applied on=POST
\set VERBOSITY sqlstate
:flush
\set VERBOSITY default
ROLLBACK TO a;
SELECT verb, id FROM catalogs_fdw_pending;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset
BEGIN;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
\! emulator fault close_applied on=POST
\set VERBOSITY sqlstate
:flush
\set VERBOSITY default
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
\! emulator reset
-- From before the savepoint, it is sent again, and finds the list gone,
BEGIN;
DELETE FROM catalogs WHERE id = 4230;
SAVEPOINT a;
\! emulator fault close_applied on=POST
\set VERBOSITY sqlstate
:flush
\set VERBOSITY default
ROLLBACK TO a;
SELECT verb, id FROM catalogs_fdw_pending;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire --status
\! emulator lists --columns id,name
\! emulator reset
-- or with others that are not,
BEGIN;
DELETE FROM catalogs WHERE id IN (4222, 4230);
SAVEPOINT a;
\! emulator fault close_applied on=POST
\set VERBOSITY sqlstate
:flush
\set VERBOSITY default
ROLLBACK TO a;
DELETE FROM catalogs WHERE id = 4223;
\! emulator set partial_shape=object_list
COMMIT;
\! emulator lists --columns id,name
\! emulator reset
-- or does not find it gone.
BEGIN;
DELETE FROM catalogs WHERE id = 4230;
SAVEPOINT a;
\! emulator fault close_after_request on=POST
\set VERBOSITY sqlstate
:flush
\set VERBOSITY default
ROLLBACK TO a;
COMMIT;
\! emulator lists --columns id,name
\! emulator reset
-- Somebody else's delete is still one.
BEGIN;
DELETE FROM catalogs WHERE id = 4230;
SAVEPOINT a;
\! emulator fault status code=403 on=POST
\set VERBOSITY sqlstate
:flush
ROLLBACK TO a;
\! emulator drop 4230
COMMIT;
\! emulator reset
-- An update of a list that may be gone: COMMIT asks.
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4230;
:flush
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
SET client_min_messages = error;
COMMIT;
RESET client_min_messages;
\! emulator wire --status
\! emulator reset
-- ROLLBACK says that the list is gone, as far as is known.
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4230;
:flush
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
\! emulator fault close_applied on=POST
:flush
\! emulator wire > /dev/null
\set VERBOSITY default
ROLLBACK;
\set VERBOSITY sqlstate
\! emulator wire --status
\! emulator reset
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4230;
:flush
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
\! emulator fault close_after_request on=POST
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire --status
\! emulator lists --columns id,name
\! emulator reset

-- A statement_timeout that a savepoint catches: the request was cut off.
\set VERBOSITY default
BEGIN;
UPDATE catalogs SET type = 'x' WHERE id = 4222;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator fault hold on=POST
SET LOCAL statement_timeout = '300ms';
:flush
ROLLBACK TO a;
\! emulator heal
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name,type

\! emulator reset

-- What is put right of a row says nothing of what else was told of it.
\set VERBOSITY sqlstate
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
:flush
SAVEPOINT a;
UPDATE catalogs SET type = 'x' WHERE id = 4223;
\! emulator fault close_applied on=POST
:flush
\! emulator fault close_after_request on=POST
\set VERBOSITY default
ROLLBACK;
\! emulator lists --columns id,name,type
\! emulator reset
-- Twice unknown: the second is taken back, the first is not.
\set VERBOSITY sqlstate
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'One' WHERE id = 4223;
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
UPDATE catalogs SET name = 'Two' WHERE id = 4223;
\! emulator fault close_applied on=POST
:flush
\! emulator fault close_after_request on=POST nth=2
\set VERBOSITY default
ROLLBACK;
\! emulator lists --columns id,name
\! emulator reset

-- Without reading first: a delete of unknown fate has not deleted for certain.
ALTER SERVER acme OPTIONS (verify_rows 'false');
\set VERBOSITY sqlstate
BEGIN;
SAVEPOINT a;
DELETE FROM catalogs WHERE id = 4230;
\! emulator fault close_after_request on=POST
:flush
ROLLBACK TO a;
UPDATE catalogs SET name = 'Plans' WHERE id = 4230;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
-- Nor is it known whether the account has a list, when it is told at once.
ALTER SERVER acme OPTIONS (write_mode 'immediate');
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
