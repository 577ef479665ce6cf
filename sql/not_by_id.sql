-- A condition that does not name one list beforehand asks for all of them,
-- once, and is right all the same.
\i sql/include/account.sql

-- Several ids, or none, or others.
SELECT id FROM catalogs WHERE id = 4223 OR id = 4222 ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id IN (4222, 4223, 1) ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id = ANY ('{4230, 4231, NULL}') ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id = 4230 OR type = 'invoices' ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id <> 4223 AND id >= 4230 ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE NOT id = 4223 ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id IS NOT NULL ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE id IS NOT DISTINCT FROM 4223;
\! emulator wire
SELECT id FROM catalogs WHERE id BETWEEN 4230 AND 4230;
\! emulator wire

-- Numbers of other kinds, and text.
SELECT id FROM catalogs WHERE id = 4223::double precision;
\! emulator wire
SELECT id FROM catalogs WHERE id::text = '4223';
\! emulator wire
SELECT id FROM catalogs WHERE id::integer = 4223;
\! emulator wire
SELECT id FROM catalogs WHERE id + 0 = 4223;
\! emulator wire
SELECT id FROM catalogs WHERE id + 0.0 = 4223;
\! emulator wire

-- What may change from row to row: volatile functions, other columns.
CREATE SEQUENCE next START 4222;
SELECT id FROM catalogs WHERE id = nextval('next') ORDER BY id;
SELECT nextval('next') AS "after four rows";
DROP SEQUENCE next;
\! emulator wire
SELECT id FROM catalogs WHERE id = sort + 4213;
\! emulator wire
SELECT id FROM catalogs WHERE id = id;
\! emulator wire
SELECT id FROM catalogs WHERE id = (SELECT catalogs.sort + 4213);
\! emulator wire
-- Another column than the id.
SELECT id FROM catalogs WHERE created_by = 504142;
\! emulator wire
SELECT id FROM catalogs WHERE request_id = 4223;
\! emulator wire
SELECT id FROM catalogs WHERE ctid = '(0,1)';
\! emulator wire

-- An outer join's other side: it says nothing of the list's own rows.
CREATE TABLE wanted (list bigint);
INSERT INTO wanted VALUES (4222);
ANALYZE wanted;
SELECT id, list FROM catalogs LEFT JOIN wanted ON id = list ORDER BY id;
\! emulator wire
SELECT id, list FROM catalogs FULL JOIN wanted ON id = list ORDER BY id;
\! emulator wire
SELECT id, list FROM catalogs LEFT JOIN wanted ON id = 4223 AND list = 4222 ORDER BY id;
\! emulator wire
SELECT id FROM catalogs WHERE NOT EXISTS (SELECT FROM wanted WHERE list = id) ORDER BY id;
\! emulator wire
-- Its own clause on the id does.
SELECT list, id FROM wanted LEFT JOIN catalogs ON id = 4223;
\! emulator wire
SELECT id, list FROM catalogs LEFT JOIN wanted ON true WHERE id = 4223;
\! emulator wire
DROP TABLE wanted;

DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
