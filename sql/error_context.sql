-- Where an error tells of which list it is, the id can be shown in any encoding:
-- whatever the account wrote there.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE lists (id bigint, sort integer) SERVER acme;
\set ids '\\! ids() { printf "{\\"_embedded\\":{\\"items\\":[{\\"id\\":$1,\\"sort\\":\\"x\\"}]}}" >${TMPDIR:-/tmp}/body; emulator fault body on=GET file=${TMPDIR:-/tmp}/body times=4; }; ids'

-- An id; text of another alphabet; a character that is cut where the id is; bytes of no
-- character; controls; a long one.
:ids 4223
SELECT sort FROM lists;
\! emulator heal
:ids '"5ж"'
SELECT sort FROM lists;
SET client_encoding = LATIN1;
SELECT sort FROM lists;
RESET client_encoding;
\! emulator heal
:ids '"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaжжжж"'
SELECT sort FROM lists;
\! emulator heal
:ids '"5\377"'
SELECT sort FROM lists;
SELECT id FROM lists;
\! emulator heal
:ids '"5\\u0436\\u0007"'
SELECT sort FROM lists;
\! emulator heal
:ids '[{"id":"ж"}]'
SELECT sort FROM lists;
\! emulator heal
:ids 123456789012345678901234567890123456789012345678901234567890
SELECT sort FROM lists;
\! emulator heal
-- One that is not yet sent.
CREATE FOREIGN TABLE others (id bigint, name text, number integer OPTIONS (column_name 'name')) SERVER acme;
CREATE FOREIGN TABLE named (id bigint, name text) SERVER acme;
BEGIN;
INSERT INTO named (name) VALUES ('Книги');
SELECT number FROM others WHERE id IS NULL;
ROLLBACK;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
