-- An abort that has something to take back ends after ten seconds, however much
-- that is and whatever the account does.
\set options ', batch_size ''1'''
\i sql/include/account.sql

BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
\! emulator fault silent on=POST times=0
SELECT clock_timestamp() AS start \gset
ROLLBACK;
SELECT clock_timestamp() - :'start' BETWEEN interval '9.9 s' AND interval '18 s'
    AS ten_seconds;
\! emulator heal

-- The next one has its own ten seconds, and all it needs.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Songs') RETURNING id;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
