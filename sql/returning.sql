-- INSERT ... RETURNING tells what the account assigned.  For that a row is sent
-- at once; without that it waits for COMMIT as always.
\i sql/include/account.sql

-- The id comes with the reply: one request.
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Books 2') RETURNING name, id;
\! emulator wire
-- Other values that the account assigned are asked for: two.
INSERT INTO catalogs (name) VALUES ('Films') RETURNING sort;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Songs') RETURNING created_at;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Songs 2') RETURNING created_by, name;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Songs 3')
    RETURNING type, can_show_in_cards, can_link_multiple;
\! emulator wire
INSERT INTO catalogs (name, type, can_show_in_cards)
    VALUES ('Maps', 'invoices', true) RETURNING *;
\! emulator wire
-- All that was given, so that the id alone is missing.
INSERT INTO catalogs (name, type, can_add_elements)
    VALUES ('Plays', 'regular', false)
    RETURNING id, name, type, can_add_elements;
\! emulator wire

-- In a transaction: RETURNING what was given does not send a row early, be it
-- one or many.
BEGIN;
INSERT INTO catalogs (name, type) VALUES ('Given', 'regular'), ('Given 2', 'x')
    RETURNING name, upper(type);
INSERT INTO catalogs (name) VALUES ('Given 3') RETURNING 1 AS one;
INSERT INTO catalogs (name) VALUES ('Given 4')
    RETURNING tableoid::regclass, name || '!' AS name;
\! emulator wire
INSERT INTO catalogs (name, type) VALUES ('Type given', 'regular'), ('Not', NULL)
    RETURNING name, type;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Early') RETURNING id;
\! emulator wire
COMMIT;
\! emulator wire
\! emulator lists --columns id,name,type
\! emulator reset

-- Expressions, whole rows, subqueries.
INSERT INTO catalogs (name) VALUES ('Expression')
    RETURNING id + 1 AS next, upper(name), id IS NULL AS unknown,
              tableoid::regclass;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('Whole row') RETURNING catalogs;
\! emulator wire
INSERT INTO catalogs AS c (name) VALUES ('Subquery')
    RETURNING (SELECT max(g) + c.id FROM generate_series(1, 3) g);
\! emulator wire

-- Several rows of a statement are sent together.
INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c') RETURNING id, name;
\! emulator wire
INSERT INTO catalogs (name)
    SELECT 'of ' || id FROM catalogs WHERE id > 5004 ORDER BY id RETURNING id, name;
\! emulator wire

-- request_id: what was sent, for it is stored nowhere.
INSERT INTO catalogs (name, request_id) VALUES ('r', 7), ('s', NULL)
    RETURNING name, request_id;
\! emulator wire
INSERT INTO catalogs (name, request_id) VALUES ('r', 7), ('s', NULL)
    RETURNING id, name, request_id;
\! emulator wire
-- Also together with what is asked for.
INSERT INTO catalogs (name, request_id) VALUES ('r', 7) RETURNING sort, request_id;
\! emulator wire

-- Constants, further keys, the whole item, other names and types.
CREATE FOREIGN TABLE list (
    account text OPTIONS (constant 'acme'),
    number text OPTIONS (column_name 'id'),
    title text OPTIONS (column_name 'name'),
    gone text,
    since bigint OPTIONS (column_name 'created_at'),
    widgets jsonb,
    attrs jsonb
) SERVER acme;
ALTER FOREIGN TABLE list DROP COLUMN gone;
INSERT INTO list (title) VALUES ('constant') RETURNING account, title;
\! emulator wire
INSERT INTO list (title) VALUES ('constant and id') RETURNING account, number;
\! emulator wire
INSERT INTO list (title) VALUES ('more') RETURNING since, widgets, title;
\! emulator wire
INSERT INTO list (title) VALUES ('attrs')
    RETURNING number, attrs -> 'id' AS id, attrs -> 'name' AS name;
\! emulator wire
INSERT INTO list (title) VALUES ('all') RETURNING * \gx
\! emulator wire
DROP FOREIGN TABLE list;

-- In a CTE, joined with local rows; into a local table; into a variable.
CREATE TABLE department (title text, list bigint);
INSERT INTO department VALUES ('Warehouse'), ('Support');
WITH new AS (
    INSERT INTO catalogs (name) SELECT title FROM department RETURNING id, name)
    UPDATE department SET list = new.id FROM new WHERE title = new.name;
SELECT * FROM department ORDER BY list;
\! emulator wire
DO $$
DECLARE
    new_id bigint;
BEGIN
    INSERT INTO catalogs (name) VALUES ('Sales') RETURNING id INTO new_id;
    INSERT INTO department VALUES ('Sales', new_id);
END $$;
SELECT * FROM department WHERE title = 'Sales';
\! emulator wire
DROP TABLE department;
INSERT INTO catalogs (name) VALUES ('psql') RETURNING id AS new_id \gset
\echo :new_id
\! emulator wire
-- A list that was sent early can be changed in the same transaction: it is
-- there.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Changed') RETURNING id AS new_id \gset
UPDATE catalogs SET name = 'Changed soon' WHERE id = :new_id RETURNING id, name;
COMMIT;
\! emulator wire
-- A BEFORE trigger's value was given.
CREATE FUNCTION give_type() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.type := 'invoices';
    RETURN NEW;
END $$;
CREATE TRIGGER t BEFORE INSERT ON catalogs
    FOR EACH ROW EXECUTE FUNCTION give_type();
BEGIN;
INSERT INTO catalogs (name) VALUES ('By trigger') RETURNING name, type;
\! emulator wire
COMMIT;
\! emulator wire
DROP TRIGGER t ON catalogs;
DROP FUNCTION give_type();

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
