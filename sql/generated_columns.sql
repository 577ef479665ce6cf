-- A stored generated column is computed when a row is read: the account has no place
-- for it.
\i sql/include/account.sql
CREATE FOREIGN TABLE lists (id bigint, name text, sort int, owner text OPTIONS (constant 'acme'), loud text GENERATED ALWAYS AS (upper(name)) STORED,
    label text GENERATED ALWAYS AS (owner || ' ' || id) STORED, twice int GENERATED ALWAYS AS (sort * 2) STORED,
    origin oid GENERATED ALWAYS AS (tableoid) STORED) SERVER acme;
\! emulator wire > /dev/null
SELECT id, loud, label, twice, origin::regclass FROM lists WHERE loud = 'TARIFFS';
SELECT twice FROM lists ORDER BY twice;
SELECT count(*) FROM lists WHERE twice > 50;
SELECT (l).loud, (l).twice FROM (SELECT lists AS l FROM lists WHERE id = 4230) whole_row;

ANALYZE lists;
SELECT attname, n_distinct FROM pg_stats WHERE tablename = 'lists' AND attname IN ('loud', 'twice') ORDER BY 1;
\! emulator set missing=name
SELECT id, loud, label FROM lists WHERE id = 4223;
\! emulator unset missing

-- In what a change returns it is computed of what the account holds.
BEGIN;
INSERT INTO lists (name) VALUES ('books') RETURNING loud;
INSERT INTO lists (name) VALUES ('films') RETURNING label;
INSERT INTO lists (name) VALUES ('plays') RETURNING twice;
INSERT INTO lists (name) VALUES ('songs') RETURNING id, name, sort, owner, loud, label, twice, origin::regclass;
UPDATE lists SET name = 'poems', sort = DEFAULT WHERE name = 'songs' RETURNING sort, loud, label, twice, origin::regclass;
UPDATE lists SET owner = DEFAULT, name = 'psalms' WHERE loud = 'POEMS' RETURNING label, origin::regclass;
DELETE FROM lists WHERE loud = 'PSALMS' RETURNING loud, label, twice;
ROLLBACK;
\! emulator wire
-- So is what a trigger and the check of a view see.
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %: % % %', TG_OP, NEW.name, NEW.loud, NEW.label, NEW.twice;
    RETURN NULL;
END
$$;
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON lists FOR EACH ROW EXECUTE FUNCTION tell();
BEGIN;
INSERT INTO lists (name) VALUES ('books');
UPDATE lists SET name = 'novels', sort = DEFAULT WHERE loud = 'BOOKS';
ROLLBACK;
DROP TRIGGER tell ON lists;
CREATE VIEW late AS SELECT * FROM lists WHERE twice >= 100 WITH CHECK OPTION;
INSERT INTO late (name) VALUES ('books') RETURNING twice;
CREATE VIEW early AS SELECT * FROM lists WHERE twice < 100 WITH CHECK OPTION;
\set VERBOSITY terse
INSERT INTO early (name) VALUES ('films');
\set VERBOSITY default

-- It is neither written nor asked for.
INSERT INTO lists (name, loud) VALUES ('x', 'X');
\! emulator wire | grep -c '"loud"'
ALTER FOREIGN TABLE lists ADD COLUMN half int GENERATED ALWAYS AS (100 / (sort - 10)) STORED;
SELECT name FROM lists WHERE id = 4230;
SELECT half FROM lists WHERE id = 4223;

DROP FUNCTION tell;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
