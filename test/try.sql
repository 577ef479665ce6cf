-- What psql reads before its first prompt in `make try`.
\set QUIET on
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
\set QUIET off

\echo
\echo 'The lists of an emulated account are the table "catalogs". Each line with an arrow'
\echo 'is a request, as it reaches the account. Try:'
\echo
\echo '    SELECT id, name, type FROM catalogs ORDER BY sort;'
\echo '    INSERT INTO catalogs (name) VALUES (\'Books\'), (\'Films\');'
\echo '    UPDATE catalogs SET name = upper(name) WHERE id = 4223 RETURNING id, name;'
\echo '    BEGIN; DELETE FROM catalogs; SELECT count(*) FROM catalogs; ROLLBACK;'
\echo '    EXPLAIN (ANALYZE, VERBOSE) SELECT name FROM catalogs WHERE id = 4222;'
\echo
\echo '\\! emulator --help tells how to make the account fail. \\q ends it all.'
\echo
