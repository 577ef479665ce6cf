-- A value that is what was read is no change: it is not refused, and not sent.
\i sql/include/account.sql
CREATE TABLE twice AS SELECT n FROM generate_series(1, 2) n;

-- What only the account writes; with another value beside it.
UPDATE catalogs SET sort = sort;
\echo :ROW_COUNT
UPDATE catalogs SET name = 'Goods', sort = sort, id = id, created_by = created_by, created_at = created_at,
    request_id = request_id WHERE id = 4223;
\echo :ROW_COUNT
UPDATE catalogs SET created_at = '2017-10-25 11:19:51+00', sort = 10 WHERE id = 4223 RETURNING name, sort, created_at;
\! emulator wire
-- Another value is refused.
UPDATE catalogs SET sort = sort + 1 WHERE id = 4223;
UPDATE catalogs SET id = 4222 WHERE id = 4223;
UPDATE catalogs SET request_id = 1 WHERE id = 4223;
\! emulator wire

-- What can be written: nothing is sent of a row that stays as it is.
UPDATE catalogs SET name = name, type = type, can_add_elements = can_add_elements;
\echo :ROW_COUNT
UPDATE catalogs SET name = 'Goods', type = 'products' WHERE id IN (4222, 4223);
\echo :ROW_COUNT
\! emulator wire
-- NULL, which the account cannot store, where it was NULL.
\! emulator set nulls=type,can_add_elements
UPDATE catalogs SET type = type, can_add_elements = NULL, name = 'More' WHERE id = 4223 RETURNING type, can_add_elements, name;
UPDATE catalogs SET type = 'regular' WHERE id = 4223;
\! emulator wire
\! emulator unset nulls
UPDATE catalogs SET type = NULL WHERE id = 4223;

-- What the transaction has left counts, also in rows that it has added.
\! emulator reset
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 4223;
UPDATE catalogs SET name = 'x' WHERE id = 4223;
UPDATE catalogs SET name = 'y' WHERE id = 4223;
UPDATE catalogs SET name = 'Товары' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('new');
UPDATE catalogs SET name = 'new', sort = sort, type = NULL WHERE name = 'new';
\echo :ROW_COUNT
SELECT verb, id, changes FROM catalogs_fdw_pending;
ROLLBACK;
\! emulator wire
-- A row that a statement meets again after it has left it.
UPDATE catalogs SET name = CASE n WHEN 1 THEN name ELSE 'again' END FROM (SELECT n FROM twice ORDER BY n) t WHERE id = 4223;
\echo :ROW_COUNT
\! emulator wire

-- Types in which equal values look different, and what differs in letters alone.
CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE FOREIGN TABLE other (id numeric, name text COLLATE nocase, type char(10), sort numeric, widgets jsonb, attrs json,
    created_at date, account text OPTIONS (constant 'acme')) SERVER acme;
UPDATE other SET sort = 10.00, id = 4223.0, widgets = ' [ ] ', attrs = attrs, account = 'acme', type = 'regular' WHERE id = 4223;
\echo :ROW_COUNT
\! emulator wire
UPDATE other SET widgets = '[1]' WHERE id = 4223;
UPDATE other SET attrs = '{}' WHERE id = 4223;
UPDATE other SET created_at = created_at + 1 WHERE id = 4223;
UPDATE other SET name = 'tariffs' WHERE id = 4230;
\! emulator wire
DROP FOREIGN TABLE other;

-- BEFORE ROW triggers.
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.sort := OLD.sort;
    NEW.type := 'regular';
    RETURN NEW;
END
$$;
CREATE TRIGGER touch BEFORE UPDATE ON catalogs FOR EACH ROW EXECUTE FUNCTION touch();
UPDATE catalogs SET name = name WHERE id IN (4223, 4231);
\! emulator wire
DROP TRIGGER touch ON catalogs;
DROP FUNCTION touch;

-- Where nothing was read, nobody knows.
ALTER FOREIGN TABLE catalogs OPTIONS (ADD verify_rows 'false');
UPDATE catalogs SET name = 'tariffs' WHERE id = 4230;
UPDATE catalogs SET type = NULL WHERE id = 4230;
\! emulator wire
-- It is read where only the account writes the column.
UPDATE catalogs SET sort = 30 WHERE id = 4230;
UPDATE catalogs SET sort = 31 WHERE id = 4230;
\! emulator wire

SET client_min_messages = warning;
DROP TABLE twice;
DROP COLLATION nocase;
DROP EXTENSION catalogs_fdw CASCADE;
