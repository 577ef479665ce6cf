-- The story that `make demo` tells.  test/demo runs it with psql, so all that
-- is shown below a caption (\echo) is what psql and the emulator said.
\set ON_ERROR_STOP on
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port

\echo '# An amoCRM account becomes a foreign server, its lists a table.'
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw
    OPTIONS (url :'url');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
\! emulator wire | sed 's/^/    -> /'

\echo '# Reading the table asks the account, once. These are its lists.'
SELECT id, name, type, sort, created_at FROM catalogs ORDER BY sort;
\! emulator wire | sed 's/^/    -> /'

\echo '# One list is asked for by its id.'
SELECT name, can_add_elements FROM catalogs WHERE id = 4223;
\! emulator wire | sed 's/^/    -> /'

\echo '# It joins with what you have here.'
CREATE TABLE department (title text, list bigint);
INSERT INTO department VALUES ('Warehouse', 4223), ('Support', 4222);
SELECT title, name, created_by FROM department JOIN catalogs ON id = list;
\! emulator wire | sed 's/^/    -> /'

\echo '# Three new lists are three rows, and one request.'
INSERT INTO catalogs (name, can_add_elements)
    VALUES ('Books', true), ('Films', true), ('Songs', false);
\! emulator wire | sed 's/^/    -> /'

\echo '# The account gives a new list its id; RETURNING tells it.'
INSERT INTO catalogs (name) VALUES ('Games') RETURNING id, name;
\! emulator wire | sed 's/^/    -> /'

\echo '# An UPDATE sends the id and what has changed, nothing else.'
UPDATE catalogs SET name = upper(name), can_show_in_cards = true
    WHERE name IN ('Books', 'Films');
\! emulator wire | sed 's/^/    -> /'

\echo '# The API has no transactions. PostgreSQL has: nothing is sent before COMMIT.'
BEGIN;
UPDATE catalogs SET name = 'Oops';
DELETE FROM catalogs;
ROLLBACK;
\! emulator wire | sed 's/^/    -> /'

\echo '# So nothing was lost.'
SELECT id, name, can_show_in_cards FROM catalogs ORDER BY id;
\! emulator wire | sed 's/^/    -> /'

\echo '# A DELETE deletes.'
DELETE FROM catalogs WHERE name IN ('BOOKS', 'FILMS', 'Songs', 'Games');
\! emulator wire | sed 's/^/    -> /'
