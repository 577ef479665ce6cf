-- System columns are zeros, as with postgres_fdw; but for ctid and tableoid.
\i sql/include/account.sql

SELECT id, xmin, xmax, cmin, cmax, tableoid::regclass FROM catalogs ORDER BY id;
SELECT xmin, count(*) FROM catalogs GROUP BY xmin;
SELECT id FROM catalogs WHERE xmin <> '0' OR xmax <> '0';
SELECT xmin, name FROM catalogs WHERE id = 4223 FOR UPDATE;
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING name, xmin, xmax, cmin, cmax, tableoid::regclass;
INSERT INTO catalogs (name) VALUES ('Films') RETURNING id, xmin, xmax, cmin, cmax;
SELECT name, xmin, xmax, cmin, cmax FROM catalogs WHERE name IN ('Books', 'Films');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223 RETURNING name, xmin, xmax, cmin, cmax;
UPDATE catalogs SET name = 'More' WHERE id = 4223 RETURNING xmin, xmax, cmin, cmax;
DELETE FROM catalogs WHERE id = 4223 RETURNING name, xmin, xmax, cmin, cmax;
ROLLBACK;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
