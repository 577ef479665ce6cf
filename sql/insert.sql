-- INSERT in the forms that SQL knows adds lists: one request a transaction,
-- sent at COMMIT.
\i sql/include/account.sql

-- One row is one request, with what was given and nothing else.
INSERT INTO catalogs (name) VALUES ('Books');
\! emulator wire
SELECT * FROM catalogs WHERE id = 5001 \gx
\! emulator wire

-- So are several.
INSERT INTO catalogs (name, can_add_elements)
    VALUES ('Films', true), ('Songs', false), ('Games', NULL);
\! emulator wire

-- INSERT ... SELECT, also from the table itself: its own rows are not read.
INSERT INTO catalogs (name, type)
    SELECT name || ' 2', type FROM catalogs WHERE id > 5000 ORDER BY id;
\! emulator wire
\! emulator lists --columns id,name,type,can_add_elements
-- No rows, no request.
INSERT INTO catalogs (name) SELECT 'x' WHERE false;
\! emulator wire

-- DEFAULT VALUES: there is no default for the name, and the account asks for
-- one.  It is not even asked.
INSERT INTO catalogs DEFAULT VALUES;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO catalogs (type) VALUES ('regular');
\echo :LAST_ERROR_SQLSTATE
INSERT INTO catalogs (name) VALUES (NULL);
\echo :LAST_ERROR_SQLSTATE
-- One such row among others: none is sent.
INSERT INTO catalogs (name)
    SELECT CASE WHEN g <> 3 THEN 'List ' || g END FROM generate_series(1, 5) g;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
-- Defaults of the foreign table are PostgreSQL's, and are sent.
ALTER FOREIGN TABLE catalogs
    ALTER name SET DEFAULT 'New list',
    ALTER can_show_in_cards SET DEFAULT true;
INSERT INTO catalogs DEFAULT VALUES;
INSERT INTO catalogs (name, can_show_in_cards)
    VALUES (DEFAULT, DEFAULT), (DEFAULT, NULL), ('Other', false);
\! emulator wire
ALTER FOREIGN TABLE catalogs
    ALTER name DROP DEFAULT, ALTER can_show_in_cards DROP DEFAULT;
\! emulator reset

-- Prepared statements, with plans made anew and with a generic plan.
PREPARE add_list (text, boolean) AS
    INSERT INTO catalogs (name, can_add_elements) VALUES ($1, $2);
BEGIN;
SET LOCAL plan_cache_mode = force_custom_plan;
EXECUTE add_list('custom 1', true);
EXECUTE add_list('custom 2', false);
SET LOCAL plan_cache_mode = force_generic_plan;
EXECUTE add_list('generic 1', NULL);
EXECUTE add_list('generic 2', true);
COMMIT;
\! emulator wire
-- The plan is cached after five.
EXECUTE add_list('1', true);
EXECUTE add_list('2', true);
EXECUTE add_list('3', true);
EXECUTE add_list('4', true);
EXECUTE add_list('5', true);
EXECUTE add_list('6', true);
EXECUTE add_list('7', true);
SELECT generic_plans > 0 AS generic, custom_plans > 0 AS custom
    FROM pg_prepared_statements WHERE name = 'add_list';
\! emulator wire
DEALLOCATE add_list;

-- Functions.
CREATE FUNCTION add_lists(n int) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    added int := 0;
BEGIN
    FOR i IN 1 .. n LOOP
        INSERT INTO catalogs (name) VALUES ('plpgsql ' || i);
        IF FOUND THEN
            added := added + 1;
        END IF;
    END LOOP;
    EXECUTE 'INSERT INTO catalogs (name) VALUES ($1)' USING 'dynamic';
    RETURN added;
END $$;
SELECT add_lists(6);
\! emulator wire
CREATE FUNCTION add_list(title text) RETURNS void LANGUAGE sql AS
    'INSERT INTO catalogs (name) VALUES (title)';
SELECT add_list(t) FROM unnest('{sql 1, sql 2}'::text[]) t;
\! emulator wire
DROP FUNCTION add_lists(int), add_list(text);

-- A trigger of a local table: its rows and the lists are one transaction.
CREATE TABLE department (title text PRIMARY KEY);
CREATE FUNCTION make_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO catalogs (name) VALUES (NEW.title);
    RETURN NEW;
END $$;
CREATE TRIGGER make_list BEFORE INSERT ON department
    FOR EACH ROW EXECUTE FUNCTION make_list();
INSERT INTO department VALUES ('Warehouse'), ('Support');
\! emulator wire
-- The second row fails here: so there is no list for the first.
INSERT INTO department VALUES ('Sales'), ('Support');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DROP TRIGGER make_list ON department;
DROP FUNCTION make_list();
-- A rule.
CREATE RULE make_list AS ON INSERT TO department
    DO ALSO INSERT INTO catalogs (name) VALUES (NEW.title);
INSERT INTO department VALUES ('Sales'), ('Buying');
\! emulator wire
DROP RULE make_list ON department;

-- A writable CTE.
WITH gone AS (DELETE FROM department WHERE title < 'S' RETURNING title),
    added AS (INSERT INTO catalogs (name) SELECT title FROM gone)
    SELECT title FROM gone;
\! emulator wire
WITH added AS (
    INSERT INTO catalogs (name, type) VALUES ('a', 'regular'), ('b', 'invoices')
    RETURNING name, type)
    INSERT INTO department SELECT name FROM added WHERE type = 'invoices';
\! emulator wire
TABLE department;
DROP TABLE department;

-- BEFORE triggers of the foreign table itself: what they make of a row counts.
CREATE FUNCTION clean_list() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.name = 'skip' THEN
        RETURN NULL;
    END IF;
    NEW.name := initcap(trim(NEW.name));
    NEW.type := coalesce(NEW.type, 'regular');
    RETURN NEW;
END $$;
CREATE TRIGGER clean_list BEFORE INSERT ON catalogs
    FOR EACH ROW EXECUTE FUNCTION clean_list();
INSERT INTO catalogs (name, type)
    VALUES ('  spare parts', NULL), ('skip', NULL), ('bills', 'invoices');
\echo :ROW_COUNT
\! emulator wire
DROP TRIGGER clean_list ON catalogs;
DROP FUNCTION clean_list();

-- A view.
CREATE VIEW invoices AS
    SELECT id AS number, name AS title, type FROM catalogs
    WHERE type = 'invoices' WITH CHECK OPTION;
INSERT INTO invoices (title, type) VALUES ('Paid', 'invoices');
\! emulator wire
INSERT INTO invoices (title, type)
    VALUES ('Unpaid', 'invoices'), ('Other', 'regular');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
DROP VIEW invoices;

-- ON CONFLICT without a target works: the account has no constraints, so there
-- are no conflicts.  With a target it would need one.
INSERT INTO catalogs (name) VALUES ('Same'), ('Same') ON CONFLICT DO NOTHING;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Same') ON CONFLICT (name) DO NOTHING;
\echo :LAST_ERROR_SQLSTATE
INSERT INTO catalogs (name) VALUES ('Same')
    ON CONFLICT (id) DO UPDATE SET name = excluded.name;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire

-- EXPLAIN adds nothing, EXPLAIN ANALYZE does.
DO $$ BEGIN EXECUTE 'EXPLAIN INSERT INTO catalogs (name) VALUES (''a'')'; END $$;
\! emulator wire
DO $$ BEGIN EXECUTE 'EXPLAIN ANALYZE INSERT INTO catalogs (name) VALUES (''b'')'; END $$;
\! emulator wire

-- A table that is declared read-only.
ALTER FOREIGN TABLE catalogs OPTIONS (ADD updatable 'false');
INSERT INTO catalogs (name) VALUES ('x');
\echo :LAST_ERROR_SQLSTATE
ALTER FOREIGN TABLE catalogs OPTIONS (SET updatable 'true');
ALTER SERVER acme OPTIONS (ADD updatable 'false');
INSERT INTO catalogs (name) VALUES ('the table wins');
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
