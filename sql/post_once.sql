-- A POST goes out once also when it meets the case in which libcurl alone would
-- send it again: a connection that was used before closes before the reply.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', max_retries '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;

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
