-- An add whose fate is unknown is not sent again by the same transaction.
\i sql/include/account.sql
\set flush 'SELECT verb, id, name FROM catalogs_fdw_flush(''acme'');'

BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
SAVEPOINT a;
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
SELECT id, name FROM catalogs;
COMMIT;
\! emulator wire; emulator lists --columns id,name; emulator reset

-- Nor when a block of PL/pgSQL caught the error, and whatever else is to be sent.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
\! emulator fault cut on=POST
DO $$
BEGIN
    PERFORM catalogs_fdw_flush('acme');
EXCEPTION WHEN fdw_unable_to_create_reply THEN
    RAISE WARNING 'caught';
END $$;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Songs') RETURNING name;
\! emulator wire > /dev/null
:flush
COMMIT;
\! emulator wire; emulator reset

-- It is named as the account was told of it, whatever it is called by now.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
SAVEPOINT a;
UPDATE catalogs SET name = 'Films' WHERE name = 'Books';
\! emulator fault close_applied on=POST
:flush
ROLLBACK TO a;
COMMIT;
\! emulator wire; emulator lists --columns id,name; emulator reset

-- A transaction that no longer wants the row can commit.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
SAVEPOINT a;
\! emulator fault close_after_request on=POST
:flush
ROLLBACK TO a;
DELETE FROM catalogs WHERE name = 'Books';
INSERT INTO catalogs (name) VALUES ('Films');
\! emulator wire > /dev/null
COMMIT;
\! emulator wire; emulator reset

-- What was refused leaves no doubt, nor does what was never sent.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
SAVEPOINT a;
\! emulator fault status code=400 on=POST
:flush
ROLLBACK TO a;
\! emulator set keep_alive=off
SELECT count(*) FROM catalogs;
\! emulator fault refuse
\set VERBOSITY terse
:flush
ROLLBACK TO a;
\! emulator heal
\! emulator wire > /dev/null
COMMIT;
\! emulator wire; emulator lists --columns id,name; emulator reset

-- What the client's encoding cannot show of an error is a question mark, and the error
-- the same; the WARNING names the row as well.  (psql may show either first.)
\set VERBOSITY default
\setenv PGDATABASE :DBNAME
\setenv PGCLIENTENCODING LATIN1
\! emulator fault close_applied on=POST
\! psql -Xqc "INSERT INTO catalogs (name) VALUES (U&'Books \0416')" 2>&1 | sort
\! emulator lists --columns id,name; emulator reset
\! emulator fault close_applied on=POST
\! psql -Xqc "BEGIN" -c "INSERT INTO catalogs (name) VALUES (U&'Books \0416')" -c "SAVEPOINT a" -c "SELECT catalogs_fdw_flush('acme')" -c "ROLLBACK TO a" -c "COMMIT" 2>&1 | sort

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
