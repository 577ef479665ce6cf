-- Rows are sent batch_size at a time, in the order in which they were made.
\i sql/include/account.sql
\! emulator reset --empty

-- 120 rows of one INSERT are three requests.
INSERT INTO catalogs (name) SELECT 'List ' || g FROM generate_series(1, 120) g;
\! emulator wire --summary
-- None is missing, none is there twice, and they are in order.
SELECT count(*), min(id), max(id),
       bool_and(name = 'List ' || id - 5000) AS in_order
    FROM catalogs;
\! emulator wire

-- One row, and the edges of a batch.
INSERT INTO catalogs (name) VALUES ('one');
\! emulator wire --summary
INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 49);
\! emulator wire --summary
INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 50);
\! emulator wire --summary
INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 51);
\! emulator wire --summary

-- What counts is the transaction, not the statement.
BEGIN;
INSERT INTO catalogs (name) SELECT 'a' FROM generate_series(1, 30);
INSERT INTO catalogs (name) SELECT 'b' FROM generate_series(1, 30);
\! emulator wire
COMMIT;
\! emulator wire --summary
DO $$
BEGIN
    FOR i IN 1 .. 60 LOOP
        INSERT INTO catalogs (name) VALUES ('single ' || i);
    END LOOP;
END $$;
\! emulator wire --summary

-- The option of the server, then that of the table, which wins.
ALTER SERVER acme OPTIONS (ADD batch_size '100');
INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 120);
\! emulator wire --summary
ALTER FOREIGN TABLE catalogs OPTIONS (ADD batch_size '7');
INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 20);
\! emulator wire --summary
ALTER FOREIGN TABLE catalogs OPTIONS (SET batch_size '1');
INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c');
\! emulator wire
ALTER FOREIGN TABLE catalogs OPTIONS (SET batch_size '500');
\! emulator set batch_limit=500
INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 501);
\! emulator wire --summary
\! emulator unset batch_limit
ALTER FOREIGN TABLE catalogs OPTIONS (DROP batch_size);
ALTER SERVER acme OPTIONS (DROP batch_size);

-- Two tables for the same lists share requests, as long as they agree on the
-- size of a batch.
CREATE FOREIGN TABLE list (title text OPTIONS (column_name 'name')) SERVER acme;
BEGIN;
INSERT INTO catalogs (name) VALUES ('a');
INSERT INTO list VALUES ('b');
INSERT INTO catalogs (name) VALUES ('c');
INSERT INTO list VALUES ('d');
COMMIT;
\! emulator wire
BEGIN;
INSERT INTO catalogs (name) SELECT 'x' FROM generate_series(1, 30);
INSERT INTO list SELECT 'y' FROM generate_series(1, 30);
COMMIT;
\! emulator wire --summary
ALTER FOREIGN TABLE list OPTIONS (ADD batch_size '2');
BEGIN;
INSERT INTO catalogs (name) VALUES ('a');
INSERT INTO list VALUES ('b'), ('c');
INSERT INTO catalogs (name) VALUES ('d');
INSERT INTO list VALUES ('e');
COMMIT;
\! emulator wire

-- No row is lost by what was tried here.
SELECT count(*) FROM catalogs;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
