-- A row that a command within an UPDATE deletes, such as a function that the
-- UPDATE calls, is deleted.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
CREATE FUNCTION remove(list bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM catalogs WHERE id IS NOT DISTINCT FROM list;
    RETURN 'x';
END $$;

-- One that the account does not know,
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
UPDATE catalogs SET type = remove(NULL) WHERE id IS NULL;
SELECT * FROM catalogs_fdw_pending;
COMMIT;
\! emulator wire
-- and one that it knows.
UPDATE catalogs SET name = remove(id) WHERE id = 4222;
\! emulator lists --columns id

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP FUNCTION remove(bigint);
