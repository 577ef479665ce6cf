-- However often a transaction changes a row, the account is told once: what
-- the row is to be in the end.
\i sql/include/account.sql

-- Add, then update: one add.
BEGIN;
INSERT INTO catalogs (name, type) VALUES ('Boks', 'regular');
UPDATE catalogs SET name = 'Books' WHERE name = 'Boks';
UPDATE catalogs SET can_add_elements = false, type = 'products'
    WHERE name = 'Books';
\! emulator wire
COMMIT;
\! emulator wire

-- Update twice: one update, with the columns that were assigned and no others.
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET type = 'products' WHERE id = 4223;
UPDATE catalogs SET name = 'All goods' WHERE id = 4223;
\! emulator wire
COMMIT;
\! emulator wire

-- Add, then delete: nothing.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Films'), ('Songs');
DELETE FROM catalogs WHERE id IS NULL;
\! emulator wire
COMMIT;
\! emulator wire

-- Add, update, delete: nothing; the other row of the statement stays.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Films'), ('Songs');
UPDATE catalogs SET name = name || '!' WHERE id IS NULL;
DELETE FROM catalogs WHERE name = 'Films!';
\! emulator wire
COMMIT;
\! emulator wire

-- Update, then delete: one delete.
BEGIN;
UPDATE catalogs SET name = 'Gone' WHERE id = 4231;
DELETE FROM catalogs WHERE name = 'Gone';
\! emulator wire
COMMIT;
\! emulator wire
\! emulator lists

-- A value set back to what it was is sent nevertheless: it was assigned.
BEGIN;
UPDATE catalogs SET name = 'Fares' WHERE id = 4230;
UPDATE catalogs SET name = 'Tariffs' WHERE id = 4230;
COMMIT;
\! emulator wire

-- A thousand updates of one row: one request, with one row in it.
BEGIN;
\! emulator wire
DO $$
BEGIN
    FOR i IN 1..1000 LOOP
        UPDATE catalogs SET name = 'Version ' || i WHERE id = 4230;
    END LOOP;
END $$;
\! emulator wire --count
COMMIT;
\! emulator wire
SELECT name FROM catalogs WHERE id = 4230;
\! emulator wire

-- The order is that in which the rows were first changed; updates go out
-- first, deletes last.
BEGIN;
DELETE FROM catalogs WHERE id = 4222;
INSERT INTO catalogs (name) VALUES ('First'), ('Second'), ('Third');
UPDATE catalogs SET name = 'B' WHERE id = 4230;
UPDATE catalogs SET name = 'A' WHERE id = 4223;
UPDATE catalogs SET type = 'last' WHERE id = 4230;
UPDATE catalogs SET type = 'changed last' WHERE name = 'First';
DELETE FROM catalogs WHERE name = 'Second';
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator reset

-- Across functions, prepared statements, triggers and savepoints.
CREATE FUNCTION rename_list(old text, new text) RETURNS void LANGUAGE sql AS
    $$ UPDATE catalogs SET name = new WHERE name = old $$;
CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE catalogs SET name = btrim(name) WHERE name <> btrim(name);
    RETURN NULL;
END $$;
CREATE TRIGGER tidy AFTER INSERT ON catalogs EXECUTE FUNCTION tidy();
BEGIN;
PREPARE add(text) AS INSERT INTO catalogs (name) VALUES ($1);
EXECUTE add(' Books ');
SAVEPOINT a;
SELECT rename_list('Books', 'Films');
RELEASE a;
SAVEPOINT b;
SELECT rename_list('Films', 'Songs');
SELECT rename_list('Tariffs', 'Fares');
SAVEPOINT c;
SELECT rename_list('Fares', 'Prices');
RELEASE c;
RELEASE b;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
DEALLOCATE add;
DROP TRIGGER tidy ON catalogs;
DROP FUNCTION rename_list, tidy;
\! emulator reset

-- Changes that all fold away send nothing, and neither does an UPDATE of
-- columns that are not sent.
CREATE FOREIGN TABLE other (
    id bigint, name text, account text OPTIONS (constant 'acme')) SERVER acme;
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
DELETE FROM catalogs WHERE id = 4222;
ROLLBACK TO a;
UPDATE other SET account = 'acme' WHERE id = 4230;
INSERT INTO other (name) VALUES ('Books');
DELETE FROM catalogs WHERE name = 'Books';
\! emulator wire
COMMIT;
\! emulator wire

-- Through two tables over one account a row is still one row.
BEGIN;
UPDATE catalogs SET type = 'products' WHERE id = 4230;
UPDATE other SET name = 'Fares' WHERE id = 4230;
INSERT INTO other (name) VALUES ('Books');
UPDATE catalogs SET type = 'invoices' WHERE name = 'Books';
\! emulator wire > /dev/null
COMMIT;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
