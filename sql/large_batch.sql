-- Rows that no request can hold, PostgreSQL's memory being what it is, are refused as
-- such, before any of it is made.  A control character takes six bytes.
\i sql/include/account.sql
\set large 'repeat(E''\\x01'', 95000000)'
BEGIN;
INSERT INTO catalogs (name) VALUES ('small');
INSERT INTO catalogs (name) SELECT :large FROM generate_series(1, 2);
COMMIT;
\echo :SQLSTATE
UPDATE catalogs SET name = :large WHERE id IN (4222, 4223);
\echo :SQLSTATE
-- A smaller batch_size does not help where there is one row.
ALTER SERVER acme OPTIONS (ADD batch_size '1');
INSERT INTO catalogs (name) SELECT repeat(E'\x01', 190000000);
\echo :SQLSTATE
-- The transaction can go on without them.
BEGIN;
INSERT INTO catalogs (name) VALUES ('small');
SAVEPOINT before_it;
INSERT INTO catalogs (name) SELECT repeat(E'\x01', 190000000) RETURNING id;
ROLLBACK TO before_it;
COMMIT;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
