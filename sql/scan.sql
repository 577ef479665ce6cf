-- One scan of the table is one GET, whatever the query does with the rows.
\i sql/include/account.sql

-- All of it.
SELECT * FROM catalogs;
\! emulator wire

-- Columns are chosen, and rows filtered, here.
SELECT sort, name FROM catalogs WHERE type = 'regular' AND can_add_elements;
\! emulator wire
SELECT id FROM catalogs WHERE name LIKE 'Т%' OR created_by = 504142 ORDER BY id;
\! emulator wire
SELECT name FROM catalogs WHERE id > 4225 ORDER BY created_at DESC, name LIMIT 1;
\! emulator wire
SELECT name FROM catalogs ORDER BY sort OFFSET 1 FETCH FIRST 2 ROWS ONLY;
\! emulator wire

-- So are aggregates made here; count(*) needs no column at all.
SELECT count(*) FROM catalogs;
SELECT count(*) FROM catalogs WHERE can_link_multiple;
SELECT 'a list' AS constant FROM catalogs;
SELECT type, count(*), max(sort), bool_and(can_add_elements) FROM catalogs
    GROUP BY type HAVING count(*) > 1;
SELECT DISTINCT type FROM catalogs ORDER BY type;
SELECT id, rank() OVER (ORDER BY created_at) FROM catalogs ORDER BY id;
\! emulator wire

-- Subqueries read what the statement has asked for.
SELECT EXISTS (SELECT FROM catalogs WHERE type = 'invoices');
\! emulator wire
SELECT name FROM catalogs WHERE sort = (SELECT max(sort) FROM catalogs);
\! emulator wire
SELECT name FROM catalogs
    WHERE created_by IN (SELECT created_by FROM catalogs WHERE type = 'invoices');
\! emulator wire

-- Nor does it ask twice when the list stands in it twice, or in a CTE.
SELECT name FROM catalogs WHERE sort < 20 UNION ALL SELECT name FROM catalogs WHERE sort > 30 ORDER BY name;
\! emulator wire
SELECT a.id, b.id FROM catalogs a JOIN catalogs b ON a.sort + 10 = b.sort ORDER BY a.id;
\! emulator wire
WITH c AS MATERIALIZED (SELECT * FROM catalogs)
    SELECT a.id, b.id FROM c a JOIN c b ON a.sort + 20 = b.sort ORDER BY a.id;
\! emulator wire

-- What cannot give a row asks for nothing.
SELECT name FROM catalogs WHERE false;
SELECT name FROM catalogs LIMIT 0;
SELECT name FROM catalogs WHERE (SELECT false);
\! emulator wire

-- Nothing is remembered from one statement to the next.
BEGIN READ ONLY;
SELECT name FROM catalogs WHERE sort = 30;
\! emulator put '{"id": 4230, "name": "Rates"}'
SELECT name FROM catalogs WHERE sort = 30;
COMMIT;
\! emulator wire

-- Prepared statements, views and functions.
PREPARE of_type(text) AS SELECT name FROM catalogs WHERE type = $1;
EXECUTE of_type('invoices');
EXECUTE of_type('suppliers');
\! emulator wire
DEALLOCATE of_type;
CREATE VIEW writable AS SELECT id, name FROM catalogs WHERE can_add_elements;
SELECT * FROM writable ORDER BY id;
\! emulator wire
DROP VIEW writable;
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql AS 'SELECT name FROM catalogs ORDER BY id';
SELECT string_agg(names, ', ') FROM names();
\! emulator wire
DROP FUNCTION names;
DO $$
DECLARE
    list catalogs;
BEGIN
    FOR list IN SELECT * FROM catalogs ORDER BY id LOOP
        RAISE NOTICE '% %', list.id, list.name;
        EXIT WHEN list.id = 4223;
    END LOOP;
END
$$;
\! emulator wire
CREATE TABLE copy AS SELECT id, name FROM catalogs;
SELECT count(*) FROM copy;
DROP TABLE copy;
COPY (SELECT id, name FROM catalogs WHERE type = 'invoices') TO STDOUT;
\! emulator wire

-- Statistics are gathered from the whole list.
ANALYZE catalogs;
\! emulator wire

-- FOR UPDATE is accepted; it locks nothing in the account.
BEGIN;
SELECT id FROM catalogs WHERE sort = 10 FOR UPDATE;
SELECT id FROM catalogs WHERE sort = 10 FOR SHARE NOWAIT;
SELECT id FROM catalogs WHERE sort = 10 FOR NO KEY UPDATE SKIP LOCKED;
COMMIT;
\! emulator wire

-- An account without lists answers 204, which is no row; some answer [].
\! emulator reset --empty
SELECT * FROM catalogs;
SELECT count(*), max(id) FROM catalogs;
\! emulator wire --status
\! emulator set nothing=items
SELECT * FROM catalogs;
\! emulator wire --status
\! emulator reset

-- An error in the middle of a scan leaves nothing behind.
SELECT 1 / (sort - 20) FROM catalogs;
SELECT count(*) FROM catalogs;
\! emulator wire

DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
