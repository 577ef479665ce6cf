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
-- What is on its way is waited for, of this account and of others: it can be taken back.
\set url http://acme.localhost: :port
CREATE SERVER other FOREIGN DATA WRAPPER catalogs_fdw
    OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER other OPTIONS (access_token 'acme-token');
CREATE FOREIGN TABLE others (id bigint, name text) SERVER other;
BEGIN;
INSERT INTO catalogs (name) VALUES ('sent');
INSERT INTO catalogs (name) SELECT repeat(E'\x01', 190000000);
COMMIT;
\! emulator wire
BEGIN;
INSERT INTO catalogs (name) VALUES ('sent');
INSERT INTO others (name) SELECT repeat(E'\x01', 190000000);
COMMIT;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
