-- COPY FROM adds lists like INSERT: at COMMIT, in batches, all of them or none.
\i sql/include/account.sql

COPY catalogs (name, can_add_elements) FROM STDIN;
Books	t
Films	f
Songs	\N
two\nlines	t
\.
\! emulator wire
COPY catalogs (request_id, type, name) FROM STDIN (FORMAT csv, HEADER);
request_id,type,name
7,invoices,"Paid, and ""unpaid"""
8,,Other
\.
\! emulator wire
\! emulator lists --columns id,name,type,can_add_elements
-- All columns, of which the account assigns some.
COPY catalogs FROM STDIN (NULL '');
	All	regular	t	t	f				9
\.
\! emulator wire
COPY catalogs (name) FROM STDIN WHERE name <> 'no';
yes
no
\.
\! emulator wire
-- Nothing comes of no rows.
COPY catalogs (name) FROM STDIN;
\.
\! emulator wire
-- 120 rows are three requests.
\copy catalogs (name) FROM PROGRAM 'seq 1 120'
\! emulator wire --summary

-- An error in the middle: nothing is sent.
COPY catalogs (name, can_add_elements) FROM STDIN;
good	t
bad	maybe
good	t
\.
COPY catalogs (name, type) FROM STDIN;
good	regular
\N	regular
\.
COPY catalogs (type) FROM STDIN;
regular
\.
COPY catalogs (name, sort) FROM STDIN;
good	\N
bad	10
\.
COPY catalogs (name) FROM STDIN;
good
too many	columns
\.
\! emulator wire

-- In a transaction it waits for COMMIT, together with the rest.
BEGIN;
COPY catalogs (name) FROM STDIN;
copied
\.
INSERT INTO catalogs (name) VALUES ('inserted');
\! emulator wire
COMMIT;
\! emulator wire
BEGIN;
COPY catalogs (name) FROM STDIN;
copied
\.
ROLLBACK;
\! emulator wire

-- Triggers: BEFORE may change a row, AFTER sees its id, for which each row is
-- sent by itself.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_WHEN = 'BEFORE' THEN
        NEW.name := upper(NEW.name);
    ELSE
        RAISE NOTICE '% has id %', NEW.name, NEW.id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER a BEFORE INSERT ON catalogs FOR EACH ROW EXECUTE FUNCTION tell();
COPY catalogs (name) FROM STDIN;
one
two
\.
\! emulator wire
CREATE TRIGGER b AFTER INSERT ON catalogs FOR EACH ROW EXECUTE FUNCTION tell();
COPY catalogs (name) FROM STDIN;
three
four
\.
\! emulator wire
DROP TRIGGER a ON catalogs;
DROP TRIGGER b ON catalogs;
DROP FUNCTION tell();

-- To a partition of a table that is also local; renamed columns, constants.
CREATE TABLE plan (status text, title text) PARTITION BY LIST (status);
CREATE TABLE plan_draft PARTITION OF plan FOR VALUES IN ('draft');
CREATE FOREIGN TABLE plan_done (
    title text OPTIONS (column_name 'name'),
    status text OPTIONS (constant 'done')
) SERVER acme;
ALTER TABLE plan ATTACH PARTITION plan_done FOR VALUES IN ('done');
COPY plan FROM STDIN;
done	Routed 1
draft	Local
done	Routed 2
\.
\! emulator wire
TABLE plan_draft;
-- A row without a partition: nothing is sent, nothing is stored.
COPY plan FROM STDIN;
done	x
draft	x
lost	x
\.
\! emulator wire
TABLE plan_draft;
-- Directly into the partition.
COPY plan_done FROM STDIN;
Direct	done
\.
COPY plan_done FROM STDIN;
Direct	draft
\.
\! emulator wire
DROP TABLE plan;

-- COPY TO reads a query, not a foreign table, as PostgreSQL has it.
COPY catalogs TO STDOUT;
\echo :LAST_ERROR_SQLSTATE
COPY (SELECT id, name, can_add_elements FROM catalogs WHERE id <= 5004 ORDER BY id) TO STDOUT;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
