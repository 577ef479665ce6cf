-- A POST goes out once also when it meets the case in which libcurl alone would
-- send it again: a connection that was used before closes before the reply.
\set options ', max_retries ''0'''
\i sql/include/account.sql

-- The emulator strikes only on a connection that was used before, so that a
-- second attempt would succeed.
\! emulator fault reset_kept on=POST times=0
SELECT count(*) FROM catalogs;
INSERT INTO catalogs (name) VALUES ('Books');
\echo :SQLSTATE
\! emulator wire
\! emulator lists --columns id,name

-- RETURNING and COPY
SELECT count(*) FROM catalogs;
INSERT INTO catalogs (name) VALUES ('Films') RETURNING id;
\echo :SQLSTATE
SELECT count(*) FROM catalogs;
COPY catalogs (name) FROM STDIN;
Songs
Games
\.
\! emulator wire --summary
-- An update or a delete is repeated by the wrapper or not at all.
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\echo :SQLSTATE
DELETE FROM catalogs WHERE id = 4222;
\echo :SQLSTATE
\! emulator wire --summary
\! emulator lists --columns id,name

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
