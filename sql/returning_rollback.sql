-- What was sent early and is rolled back is taken back; when it stays in the
-- account, a WARNING names it, once.
\i sql/include/account.sql

BEGIN;
INSERT INTO catalogs (name) VALUES ('Early') RETURNING id;
INSERT INTO catalogs (name) VALUES ('Late');
ROLLBACK;
\! emulator wire
-- Not again in a later transaction.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Late');
ROLLBACK;
\! emulator wire
-- And not when it was committed.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Committed') RETURNING id;
COMMIT;
BEGIN;
ROLLBACK;
\! emulator wire

-- A savepoint: the account is told at COMMIT that the row was not meant.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Before, committed') RETURNING id;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('After') RETURNING id;
ROLLBACK TO a;
INSERT INTO catalogs (name) VALUES ('Again, committed') RETURNING id;
COMMIT;
\! emulator wire
-- All of it with the transaction.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Before') RETURNING id;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('After') RETURNING id;
ROLLBACK TO a;
ROLLBACK;
\! emulator wire
-- A savepoint that was released belongs to what is around it.
BEGIN;
SAVEPOINT a;
SAVEPOINT b;
INSERT INTO catalogs (name) VALUES ('Inner') RETURNING id;
RELEASE b;
INSERT INTO catalogs (name) VALUES ('Outer') RETURNING id;
ROLLBACK TO a;
COMMIT;
\! emulator wire
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Released') RETURNING id;
RELEASE a;
ROLLBACK;
\! emulator wire
-- An exception block.
DO $$
DECLARE
    new_id bigint;
BEGIN
    BEGIN
        INSERT INTO catalogs (name) VALUES ('In a block') RETURNING id INTO new_id;
        RAISE division_by_zero;
    EXCEPTION WHEN division_by_zero THEN
        RAISE NOTICE 'caught, after list %', new_id;
    END;
    INSERT INTO catalogs (name) VALUES ('After the block, committed');
END $$;
\! emulator wire
\! emulator lists --columns id,name

-- An error in the statement after a row of it was sent: PostgreSQL's, ...
ALTER FOREIGN TABLE catalogs OPTIONS (ADD batch_size '1');
INSERT INTO catalogs (name) VALUES ('Good'), (NULL) RETURNING id;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO catalogs (name) VALUES ('Good 2') RETURNING 1 / (id - id);
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
-- ... a view's condition, which is looked at after that, ...
CREATE VIEW invoices AS SELECT id, name, type FROM catalogs
    WHERE type = 'invoices' WITH CHECK OPTION;
INSERT INTO invoices (name, type) VALUES ('Good 3', 'x') RETURNING id;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DROP VIEW invoices;
-- ... or the account's: the second row is refused, ...
\! emulator fault status code=403 nth=2 on=POST times=1
INSERT INTO catalogs (name) VALUES ('Good 4'), ('Refused') RETURNING id;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --status
ALTER FOREIGN TABLE catalogs OPTIONS (DROP batch_size);
-- ... it does not tell more about a row that it has accepted, ...
\! emulator fault status code=403 on=GET times=1
INSERT INTO catalogs (name) VALUES ('Good 5') RETURNING sort;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --status
-- ... or does not know it any more.
\! emulator fault body code=204 text= on=GET times=1
INSERT INTO catalogs (name) VALUES ('Good 6') RETURNING sort;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --status
-- An error at COMMIT.
\! emulator fault status code=403 nth=2 on=POST times=1
BEGIN;
INSERT INTO catalogs (name) VALUES ('Early 2') RETURNING id;
INSERT INTO catalogs (name) VALUES ('Refused');
COMMIT;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --status
-- What was committed is there, and nothing else.
\! emulator lists --columns id,name
\! emulator reset

-- What cannot be taken back is named.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Stays') RETURNING id;
INSERT INTO catalogs (name) VALUES ('Stays, too'), ('And this') RETURNING id;
\! emulator fault status code=403 verb=delete times=1
ROLLBACK;
\! emulator wire --status
\! emulator lists --columns id,name
-- One that is gone already needs no warning.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Gone') RETURNING id AS new_id \gset
\setenv ID :new_id
\! emulator drop $ID
ROLLBACK;
\! emulator wire

-- Where nothing is to be taken back, all of it is named; a savepoint is not
-- about failing, and is the same as above.
ALTER SERVER acme OPTIONS (ADD undo 'false');
BEGIN;
INSERT INTO catalogs (name) VALUES ('Not undone') RETURNING id;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Not undone, either') RETURNING id;
RELEASE a;
INSERT INTO catalogs (name) VALUES ('Late');
ROLLBACK;
\! emulator wire
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Not meant') RETURNING id;
ROLLBACK TO a;
COMMIT;
\! emulator wire
-- The option of the table wins.
ALTER FOREIGN TABLE catalogs OPTIONS (ADD undo 'true');
BEGIN;
INSERT INTO catalogs (name) VALUES ('Undone') RETURNING id;
ROLLBACK;
\! emulator wire

-- A transaction that has sent something cannot be prepared either: whoever
-- rolls it back later could not take it back.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Prepared') RETURNING id;
PREPARE TRANSACTION 'early';
\echo :LAST_ERROR_SQLSTATE
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
