-- WHERE id = something that is known before the scan asks for that list alone.
\i sql/include/account.sql

-- Constants, on either side, of any integer type.
SELECT name FROM catalogs WHERE id = 4223;
SELECT name FROM catalogs WHERE 4222 = id;
SELECT name FROM catalogs WHERE id = 4230::smallint;
SELECT name FROM catalogs WHERE id = bigint '4231';
SELECT name FROM catalogs WHERE id = 4000 + 223;
SELECT name FROM catalogs WHERE id IN (4223);
SELECT name FROM catalogs WHERE (id, type) = (4231, 'invoices');
\! emulator wire

-- A list that is not there: 204, or 200 with no items.
SELECT name FROM catalogs WHERE id = 1;
\! emulator wire --status
\! emulator set nothing=items
SELECT name FROM catalogs WHERE id = 1;
\! emulator wire --status
\! emulator unset nothing

-- Further conditions are checked here; so is the id itself.
SELECT name FROM catalogs WHERE id = 4223 AND type = 'regular';
SELECT name FROM catalogs WHERE id = 4223 AND type = 'invoices';
SELECT name FROM catalogs WHERE name LIKE 'Т%' AND id = 4223 AND sort < 100;
SELECT name FROM catalogs WHERE id = 4223 AND id < 4000;
\! emulator wire
SELECT name FROM catalogs WHERE id = 4222 AND id = 4223;
\! emulator wire --count

-- A server that ignores the id sends every list: the right one is picked.
\! emulator set id_filter=ignored
SELECT id, name FROM catalogs WHERE id = 4230;
SELECT id, name FROM catalogs WHERE id = 1;
SELECT count(*) FROM catalogs WHERE id = 4231;
\! emulator set numbers=string
SELECT id, name FROM catalogs WHERE id = 4230;
\! emulator unset id_filter numbers
\! emulator wire

-- Parameters of each integer type, in custom and generic plans.
PREPARE small(smallint) AS SELECT name FROM catalogs WHERE id = $1;
PREPARE middle(integer) AS SELECT name FROM catalogs WHERE id = $1;
PREPARE big(bigint) AS SELECT name FROM catalogs WHERE $1 = id;
SET plan_cache_mode = force_custom_plan;
EXECUTE small(4223);
EXECUTE middle(4222);
EXECUTE big(4230);
\! emulator wire
SET plan_cache_mode = force_generic_plan;
EXECUTE small(4223);
EXECUTE middle(4222);
EXECUTE big(4230);
EXECUTE big(4231);
EXECUTE big(5000000000);
\! emulator wire
RESET plan_cache_mode;
-- Five custom plans, then a generic one.
EXECUTE big(4222);
EXECUTE big(4222);
EXECUTE big(4222);
EXECUTE big(4222);
EXECUTE big(4222);
EXECUTE big(4222);
EXECUTE big(4223);
\! emulator wire
DEALLOCATE ALL;
-- Two of them: they are compared before anything is asked for.
SET plan_cache_mode = force_generic_plan;
PREPARE two(bigint, bigint) AS SELECT name FROM catalogs WHERE id = $1 AND id = $2;
EXECUTE two(4222, 4222);
EXECUTE two(4222, 4223);
-- An expression of them.
PREPARE next(bigint) AS SELECT name FROM catalogs WHERE id = coalesce($1, 4229) + 1;
EXECUTE next(4222);
EXECUTE next(NULL);
\! emulator wire
DEALLOCATE ALL;
RESET plan_cache_mode;

-- In PL/pgSQL, where the parameter is a variable.
DO $$
DECLARE
    wanted bigint;
    found text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY[4222, 4223, 4230, 4231, 9, 4222, 4223, 4230] LOOP
        SELECT name INTO found FROM catalogs WHERE id = wanted;
        RAISE NOTICE '% %', wanted, found;
    END LOOP;
    EXECUTE 'SELECT name FROM catalogs WHERE id = $1' INTO found USING 4231;
    RAISE NOTICE '%', found;
END
$$;
\! emulator wire

-- From subqueries and functions that are run once, before the scan.
CREATE TABLE wanted (list bigint);
INSERT INTO wanted VALUES (4222);
ANALYZE wanted;
SELECT name FROM catalogs WHERE id = (SELECT list FROM wanted);
SELECT name FROM catalogs WHERE id = (SELECT max(id) FROM catalogs);
SELECT name FROM catalogs WHERE id = length(current_setting('server_version_num')) + 4217;
\! emulator wire
BEGIN;
DECLARE c CURSOR FOR SELECT name FROM catalogs WHERE id = (SELECT list FROM wanted);
FETCH 1 FROM c;
FETCH 1 FROM c;
COMMIT;
\! emulator wire

-- From another table: one row of it asks for one list.
SELECT list, name FROM wanted JOIN catalogs ON id = list;
SELECT list, name FROM wanted LEFT JOIN catalogs ON list = id;
SELECT list FROM wanted WHERE EXISTS (SELECT FROM catalogs WHERE id = list);
SELECT name FROM wanted, LATERAL (SELECT name FROM catalogs WHERE id = list) c;
SELECT name FROM wanted, LATERAL (SELECT name FROM catalogs WHERE id = list + 1 LIMIT 1) c;
SELECT name FROM wanted JOIN catalogs ON id = list + 1;
SELECT (SELECT name FROM catalogs WHERE id = list) FROM wanted;
\! emulator wire
-- Through an equivalence class: id = list, list = 4222.
SELECT list, name FROM wanted JOIN catalogs ON id = list WHERE list = 4222;
SELECT a.name, b.name FROM catalogs a JOIN catalogs b ON a.id = b.id WHERE b.id = 4230;
\! emulator wire
-- Of two other tables.
CREATE TABLE offset_by (n integer);
INSERT INTO offset_by VALUES (1);
ANALYZE offset_by;
SELECT name FROM wanted CROSS JOIN offset_by JOIN catalogs ON id = list + n;
\! emulator wire
-- Many rows of it are cheaper with the whole list, asked for once.
INSERT INTO wanted SELECT 4220 + i FROM generate_series(1, 2000) i;
ANALYZE wanted;
SELECT list, name FROM wanted JOIN catalogs ON id = list ORDER BY list, name;
\! emulator wire
DROP TABLE wanted, offset_by;

-- NULL asks for nothing, wherever it comes from.
SELECT name FROM catalogs WHERE id = NULL;
SELECT name FROM catalogs WHERE id = NULL::bigint;
SELECT name FROM catalogs WHERE id = (SELECT 4223 WHERE false);
SELECT name FROM catalogs WHERE id = nullif(4223, 4223);
SET plan_cache_mode = force_generic_plan;
PREPARE big(bigint) AS SELECT name FROM catalogs WHERE id = $1;
EXECUTE big(NULL);
\! emulator wire
EXECUTE big(4223);
EXECUTE big(NULL);
\! emulator wire
DEALLOCATE big;
RESET plan_cache_mode;
CREATE TABLE wanted (list bigint);
INSERT INTO wanted VALUES (NULL);
ANALYZE wanted;
SELECT list, name FROM wanted LEFT JOIN catalogs ON id = list;
SELECT list, (SELECT name FROM catalogs WHERE id = list) FROM wanted;
\! emulator wire
DROP TABLE wanted;

-- Ids that no list can have: nothing is asked.
SELECT name FROM catalogs WHERE id = 0;
SELECT name FROM catalogs WHERE id = -1;
SELECT name FROM catalogs WHERE id = -9223372036854775808;
\! emulator wire
-- Of the greatest that there can be, no digit is lost.
SELECT name FROM catalogs WHERE id = 9223372036854775807;
\! emulator put '{"id": 9223372036854775807, "name": "The last"}'
\! emulator put '{"id": 9223372036854775806, "name": "The one before"}'
\! emulator set id_filter=ignored
SELECT id, name FROM catalogs WHERE id = 9223372036854775807;
\! emulator wire

DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
