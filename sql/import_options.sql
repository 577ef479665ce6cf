-- IMPORT FOREIGN SCHEMA can add a column for the whole item, and one that names the
-- account.
\i sql/include/account.sql
CREATE SCHEMA acme;
CREATE SCHEMA beta;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO acme
    OPTIONS (import_account 'acme', import_attrs 'true');
\d acme.catalogs
SELECT account, id, attrs ->> 'name' AS name FROM acme.catalogs WHERE id = 4223;
INSERT INTO acme.catalogs (name) VALUES ('Books') RETURNING account, id, name;
\! emulator wire

-- Off is as if it had not been said; a name may be anything.
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO beta
    OPTIONS (import_attrs 'off', import_account E'O''Brien\\Co "Бета"');
\d beta.catalogs
SELECT DISTINCT account FROM beta.catalogs;

-- Such tables are partitions.
CREATE TABLE lists (LIKE acme.catalogs) PARTITION BY LIST (account);
ALTER TABLE lists DROP attrs;
ALTER FOREIGN TABLE acme.catalogs DROP attrs;
ALTER TABLE lists ATTACH PARTITION acme.catalogs FOR VALUES IN ('acme');
ALTER TABLE lists ATTACH PARTITION beta.catalogs FOR VALUES IN (E'O''Brien\\Co "Бета"');
\! emulator wire --count
SELECT account, count(*) FROM lists GROUP BY account ORDER BY account;
SELECT account, name FROM lists WHERE account = 'acme' AND id = 4230;
INSERT INTO lists (account, name) VALUES ('acme', 'Films');
\! emulator wire

DROP TABLE lists;
DROP SCHEMA acme CASCADE;
DROP SCHEMA beta CASCADE;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
