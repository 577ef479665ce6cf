-- An INSERT of several rows with RETURNING: as many at a time as a batch has are taken
-- out of the plan and sent, before the first of them is returned.
\set options ', batch_size ''2'' '
\i sql/include/account.sql

INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e') RETURNING id, name;
\! emulator wire
INSERT INTO catalogs (name) SELECT n || '.' FROM generate_series(1, 4) n RETURNING id, name;
\! emulator wire
-- None.
INSERT INTO catalogs (name) SELECT 'none' FROM generate_series(1, 0) RETURNING id;
\! emulator wire
-- Other values are read back, with one request for each batch, ...
INSERT INTO catalogs (name) VALUES ('f'), ('g'), ('h') RETURNING sort, name;
\! emulator wire
INSERT INTO catalogs (name, type) VALUES ('i', 'regular'), ('j', 'invoices') RETURNING id, name, sort, type, request_id;
\! emulator wire
-- ... or, where the account has very many lists, one for each row.
ALTER SERVER acme OPTIONS (ADD fdw_tuple_cost '100');
INSERT INTO catalogs (name) VALUES ('k'), ('l') RETURNING sort, name;
\! emulator wire
ALTER SERVER acme OPTIONS (DROP fdw_tuple_cost);
-- Of some rows nothing is to be known: those wait for COMMIT.
BEGIN;
INSERT INTO catalogs (name, type) VALUES ('m', 'regular'), ('n', NULL), ('o', 'invoices') RETURNING name, type;
\! emulator wire
COMMIT;
\! emulator wire
-- As one is used to.
PREPARE two(text, text) AS INSERT INTO catalogs (name) VALUES ($1), ($2) RETURNING id > 5000 AS added, name;
SET plan_cache_mode = force_generic_plan;
EXECUTE two('p', 'q');
EXECUTE two('r', 's');
\! emulator wire
RESET plan_cache_mode;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) INSERT INTO catalogs (name) VALUES ('t'), ('u'), ('v') RETURNING sort \g |grep -o 'Catalogs [RG].*'
\! emulator wire
INSERT INTO catalogs (name) SELECT name || '!' FROM catalogs WHERE id IN (4222, 4223) RETURNING id > 5000 AS added, name;
\! emulator wire
\! emulator reset

-- The statement is run to its end, whoever asks for its rows.
CREATE FUNCTION by_sql() RETURNS SETOF bigint LANGUAGE sql
    AS $$ INSERT INTO catalogs (name) VALUES ('sql'), ('sql 2') RETURNING id $$;
SELECT count(*) FROM (SELECT by_sql() LIMIT 1) one;
\! emulator wire
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN INSERT INTO catalogs (name) VALUES ('loop'), ('loop 2') RETURNING id, name LOOP
        RAISE NOTICE '% %', one.id, one.name;
        EXIT;
    END LOOP;
END $$;
\! emulator wire
WITH new AS (INSERT INTO catalogs (name) VALUES ('cte'), ('cte 2'), ('cte 3') RETURNING id, name)
    SELECT name FROM new LIMIT 1;
\! emulator wire
-- But for who says after how many rows to stop: the third is never added.
DO $$
DECLARE
    one bigint;
BEGIN
    INSERT INTO catalogs (name) VALUES ('into'), ('into 2'), ('into 3') RETURNING id INTO one;
END $$;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset

-- What may look at the rows before is not called ahead: each row is sent by itself.
CREATE FUNCTION lists() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN count(*) FROM catalogs; END $$;
INSERT INTO catalogs (name) SELECT n || ' of ' || lists() FROM generate_series(1, 2) n RETURNING id, name;
INSERT INTO catalogs (name) VALUES ('a'), ('b') RETURNING id, lists();
\! emulator wire
INSERT INTO catalogs (name) VALUES ('a'), ((SELECT 'of ' || lists())) RETURNING id, name;
\! emulator wire
-- nextval() looks at nothing.
CREATE SEQUENCE numbers;
INSERT INTO catalogs (name, request_id) VALUES ('a', nextval('numbers')), ('b', nextval('numbers')) RETURNING id, request_id;
\! emulator wire
-- A trigger or the check of a view might, too.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% % %', TG_WHEN, NEW.id, NEW.name;
    RETURN NEW;
END $$;
CREATE TRIGGER tell BEFORE INSERT ON catalogs FOR EACH ROW EXECUTE FUNCTION tell();
INSERT INTO catalogs (name) VALUES ('a'), ('b') RETURNING id;
\! emulator wire
DROP TRIGGER tell ON catalogs;
CREATE TRIGGER tell AFTER INSERT ON catalogs FOR EACH ROW EXECUTE FUNCTION tell();
INSERT INTO catalogs (name) VALUES ('a'), ('b') RETURNING id;
\! emulator wire | grep POST
DROP TRIGGER tell ON catalogs;
CREATE VIEW short AS SELECT * FROM catalogs WHERE length(name) = 1 WITH CHECK OPTION;
INSERT INTO short (name) VALUES ('a'), ('bb') RETURNING id;
\! emulator wire
-- Rows that are given a generated column, or are routed, are sent one by one.
ALTER FOREIGN TABLE catalogs ADD COLUMN loud text GENERATED ALWAYS AS (upper(name)) STORED;
INSERT INTO catalogs (name) VALUES ('a'), ('b') RETURNING id, loud;
\! emulator wire
ALTER FOREIGN TABLE catalogs DROP COLUMN loud;
CREATE TABLE lists (account text, id bigint, name text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE lists_acme PARTITION OF lists FOR VALUES IN ('acme') SERVER acme;
ALTER FOREIGN TABLE lists_acme ALTER account OPTIONS (ADD constant 'acme');
INSERT INTO lists (account, name) VALUES ('acme', 'a'), ('acme', 'b') RETURNING id, name;
\! emulator wire
-- Not into the partition itself, ...
INSERT INTO lists_acme (name) VALUES ('c'), ('d') RETURNING account, id, name;
\! emulator wire
-- ... nor where a column has gone, or the order is by what is not inserted.
INSERT INTO catalogs (name) SELECT 'n' || n FROM generate_series(1, 2) n ORDER BY -n RETURNING id, name;
\! emulator wire
\! emulator reset

-- A batch that is refused: what was accepted is taken back.
\! emulator set partial=add:2
INSERT INTO catalogs (name) VALUES ('good'), ('refused'), ('after') RETURNING id;
\! emulator wire
\! emulator unset partial
-- One that fails in the second batch, or after it.
INSERT INTO catalogs (name) VALUES ('good'), ('good 2'), ('good 3'), (NULL) RETURNING id;
\! emulator wire
INSERT INTO catalogs (name) VALUES ('good'), ('good 2'), ('good 3') RETURNING 1 / (5006 - id);
\! emulator wire
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('good'), ('good 2') RETURNING name;
INSERT INTO catalogs (name) VALUES ('good 3'), ('good 4') RETURNING length(id::text) AS length;
ROLLBACK TO a;
COMMIT;
\! emulator wire
-- Its reply is lost.
\! emulator set clock=real
\! emulator fault close_applied on=POST times=1
INSERT INTO catalogs (name) VALUES ('lost'), ('lost 2'), ('not sent') RETURNING id;
\! emulator wire
-- One of the lists is gone when they are read back.
\! emulator fault body 'text={"_embedded":{"items":[]}}' on=GET times=1
INSERT INTO catalogs (name) VALUES ('gone'), ('gone 2') RETURNING sort;
\! emulator wire

SET client_min_messages = warning;
DROP TABLE lists;
DROP FUNCTION by_sql, lists, tell CASCADE;
DROP SEQUENCE numbers;
DROP EXTENSION catalogs_fdw CASCADE;
