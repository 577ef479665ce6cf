-- EXPLAIN of an INSERT of which something reads what only the account knows: the
-- rows are sent at once, and read back where the id is not enough.
\i sql/include/account.sql
CREATE FUNCTION requests(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
        CONTINUE WHEN line !~ 'Catalogs|Batch|Write';
        RETURN NEXT ltrim(line);
    END LOOP;
END
$$;

SELECT requests('INSERT INTO catalogs (name) VALUES (''a'') RETURNING id');
SELECT requests('INSERT INTO catalogs (name) SELECT ''a'' FROM generate_series(1, 3) RETURNING id, name');
SELECT requests('INSERT INTO catalogs (name) VALUES (''a''), (''b'') RETURNING name, sort');
SELECT requests('INSERT INTO catalogs (name) VALUES (''a'') RETURNING *');
SELECT requests('INSERT INTO catalogs (name) VALUES (''a''), (random()::text) RETURNING id');
SELECT requests('INSERT INTO catalogs (name) VALUES (''a'') RETURNING name, request_id, tableoid');
SELECT requests('INSERT INTO catalogs (name) VALUES (''a'')');
SELECT requests('UPDATE catalogs SET name = ''a'' RETURNING id, sort');
ALTER FOREIGN TABLE catalogs OPTIONS (ADD write_mode 'immediate');
SELECT requests('INSERT INTO catalogs (name) VALUES (''a'') RETURNING id');
SELECT requests('INSERT INTO catalogs (name) VALUES (''a'') RETURNING name');
ALTER FOREIGN TABLE catalogs OPTIONS (DROP write_mode);
-- What looks at a row before the next: the check of a view, and an AFTER ROW trigger.
CREATE VIEW regular AS SELECT * FROM catalogs WHERE type = 'regular' WITH CHECK OPTION;
SELECT requests('INSERT INTO regular (name) VALUES (''a'')');
SELECT requests('INSERT INTO regular (name) VALUES (''a''), (''b'') RETURNING id');
SELECT requests('INSERT INTO regular (name, type) VALUES (''a'', ''regular'')');
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER note AFTER INSERT ON catalogs FOR EACH ROW EXECUTE FUNCTION note();
SELECT requests('INSERT INTO catalogs (name) VALUES (''a'')');
SELECT requests('INSERT INTO catalogs (name) VALUES (''a''), (''b'') RETURNING id');
-- Nothing was sent.
\! emulator wire

SET client_min_messages = warning;
DROP FUNCTION requests, note CASCADE;
DROP EXTENSION catalogs_fdw CASCADE;
