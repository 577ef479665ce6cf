-- One reading of an id, wherever it stands and however it is written: a scan of all
-- lists, a condition on it, a change and the reply to one agree.
\i sql/include/account.sql
CREATE FOREIGN TABLE lists (id bigint, name text) SERVER acme;
CREATE FOREIGN TABLE others (id text, name text, sort int, created_by numeric, attrs jsonb) SERVER acme;
CREATE TABLE written (n serial, id text);

-- All of these are 5.
INSERT INTO written (id) VALUES ('5'), ('"5"'), ('"5 "'), ('" 5"'), ('"\u0035"'), ('"\u0020\u0035\u0020"'), ('5.0'), ('5e0'), ('50e-1'), ('0.5E+1'),
    ('"5.0"'), ('"+5"'), ('"5e0"'), ('"005"'), ('5.' || repeat('0', 100)), ('"5.' || repeat('0', 100) || '"');
SELECT format('{"_embedded": {"items": [%s]}}', string_agg(format('{"id":%s,"name":"%s","sort":%1$s,"created_by":%1$s}', id, n), ',' ORDER BY n))
    FROM written \g (format=unaligned tuples_only=on) |cat >${TMPDIR:-/tmp}/body
\! emulator fault body file=${TMPDIR:-/tmp}/body times=0 on=GET
SELECT id, count(*) FROM lists GROUP BY id;
SELECT id, sort, created_by, count(*) FROM others GROUP BY 1, 2, 3;
SELECT count(*) FROM lists WHERE id = 5;
SELECT count(*) FROM lists WHERE id IN (5, 6);
SELECT count(*) FROM lists WHERE id = 6;
SELECT count(DISTINCT ctid) FROM lists;
-- As JSON it stays what it is.
SELECT attrs -> 'id' AS id FROM others WHERE name IN ('3', '7') ORDER BY name;
-- Kept for a join.
SELECT a.id, count(*) FROM lists a JOIN lists b USING (id) GROUP BY a.id;
\! emulator heal

-- None of these is.
TRUNCATE written;
INSERT INTO written (id) VALUES ('5.1'), ('"5x"'), ('"0x5"'), ('""'), ('"\u0435"'), ('"\u0665"'), ('true'), ('[5]'), ('5e300'), ('5e-300'), ('"5\u00a0"'), ('500000000000000000000');
SELECT format('{"_embedded": {"items": [%s]}}', string_agg(format('{"id":%s,"name":"%s"}', id, n), ',' ORDER BY n))
    FROM written \g (format=unaligned tuples_only=on) |cat >${TMPDIR:-/tmp}/body
\! emulator fault body file=${TMPDIR:-/tmp}/body times=0 on=GET
SELECT id, left(name, 3) FROM others;
SELECT count(*) FROM lists WHERE id = 5;
SELECT id FROM lists;
\! emulator heal

-- What no condition can find is not read, and so not changed, either.
\! emulator put '{"id": 0, "name": "none"}'
SELECT id FROM lists;
UPDATE lists SET name = 'some' WHERE name = 'none';
TRUNCATE lists;
\! emulator drop 0; emulator put '{"id": -5, "name": "none"}'
DELETE FROM lists WHERE name = 'none';
SELECT id FROM lists WHERE id = -5;
\! emulator drop -- -5

-- A change, and the reply to it.
\! emulator fault body on=GET text='{"_embedded":{"items":[{"id":"\u0035 ","name":"five"}]}}' times=5
\! emulator fault body on=POST text='{"_embedded":{"items":[{"id":5.0}]}}'
UPDATE lists SET name = 'six' WHERE id = 5;
\! emulator fault body on=POST text='{"_embedded":{"items":[{"id":"\u0035"}]}}'
UPDATE lists SET name = 'six' WHERE name = 'five';
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":{"update":{"5.0":"No"}}}}'
UPDATE lists SET name = 'six' WHERE name = 'five';
-- Read by json-c, for there could be errors.
\! emulator fault body on=POST text='{"_embedded":{"items":[{"id":"5e0 "}],"errors":[]}}'
DELETE FROM lists WHERE id = 5;
\! emulator heal
\! emulator fault body on=POST text='{"_embedded":{"items":[{"id":"7.001e3","request_id":"\u0031"}]}}'
INSERT INTO lists (name) VALUES ('new') RETURNING id;
\! emulator wire

-- A list is named with all of its digits, however few of them the session shows.
CREATE FOREIGN TABLE rough (id double precision, name text) SERVER acme;
SET extra_float_digits = -13;
SELECT id FROM rough WHERE name = 'Tariffs';
UPDATE rough SET name = 'Rates' WHERE name = 'Tariffs';
DELETE FROM rough WHERE name = 'Rates';
RESET extra_float_digits;
\! emulator wire | grep POST

DROP FOREIGN TABLE lists, others, rough;
DROP TABLE written;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
