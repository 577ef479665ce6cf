-- A reply that is not JSON is an error, HV00M; one with text that the database
-- cannot hold is an error where that is asked for.  The next statement works.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url');
-- Nothing is repeated here, if the wrapper can be told so.
DO $$
BEGIN
    ALTER SERVER acme OPTIONS (ADD max_retries '0');
EXCEPTION WHEN fdw_invalid_option_name THEN
END
$$;
CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;

-- After each of these the same statement is repeated: it works.
\set again 'SELECT count(name) FROM catalogs;'

-- Not JSON: words, quotes, commas, numbers, control characters, what follows.
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":NaN}]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":True}]}}'
SELECT name FROM catalogs;
\! emulator fault body text="{'_embedded':{'items':[]}}"
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":1,}]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":1} {"id":2}]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id" 1}]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{id:1}]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":01}]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"a":1.}]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"a":"b""c"}]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":1}}}'
SELECT name FROM catalogs;
\! emulator fault body text="$(printf '{"_embedded":{"items":[{"id":1,"name":"a\nb"}]}}')"
SELECT name FROM catalogs;
\! emulator fault body text="$(printf '{"_embedded":{"items":[{"id":1,"other":"a\001b"}]}}')"
SELECT name FROM catalogs;
-- (A byte order mark is skipped.)
\! emulator fault body text="$(printf '\357\273\277{"_embedded":{"items":[]}}')"
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[]}} {"_embedded":{"items":[]}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"a"}]}}}'
SELECT name FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[]}}<!-- 12 ms -->'
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- Escapes that are none.
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"\x41"}]}}'
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"\u12"}]}}'
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"\u12zz"}]}}'
SELECT name FROM catalogs;
\echo :SQLSTATE
:again
-- A byte of zero.
\! printf '{"_embedded":{"items":[{"id":1,"name":"a\000b"}]}}' >${TMPDIR:-/tmp}/zero
\! emulator fault body file=${TMPDIR:-/tmp}/zero; rm ${TMPDIR:-/tmp}/zero
SELECT name FROM catalogs;
\! printf '{"_embedded":{"items":[\000]}}' >${TMPDIR:-/tmp}/zero
\! emulator fault body file=${TMPDIR:-/tmp}/zero; rm ${TMPDIR:-/tmp}/zero
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- Nesting: deep is fine, bottomless is not.
\! emulator fault body text="{\"_embedded\":{\"items\":[{\"id\":1,\"name\":\"a\",\"deep\":$(printf '%0100d' 0 | tr 0 '[')$(printf '%0100d' 0 | tr 0 ']')}]}}"
SELECT name FROM catalogs;
\! emulator fault body text="{\"_embedded\":{\"items\":[{\"id\":1,\"name\":\"a\",\"deep\":$(printf '%01000d' 0 | tr 0 '[')$(printf '%01000d' 0 | tr 0 ']')}]}}"
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault body text="$(printf '%0100000d' 0 | tr 0 '[')"
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- JSON all right, but text that the database cannot hold: an error of its own,
-- and only where it is asked for.
CREATE FUNCTION fails(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    context text;
BEGIN
    EXECUTE query;
    RETURN 'it does not';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
    RETURN concat_ws(E'\n', SQLSTATE || ': ' || SQLERRM, substring(context FROM '\mcolumn[^\n]*'));
END
$$;
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"\ud83d","type":"a"}]}}' times=2
SELECT fails('SELECT name FROM catalogs');
SELECT type FROM catalogs;
\! emulator fault nul times=2
SELECT fails('SELECT name FROM catalogs');
SELECT type FROM catalogs WHERE id = 4223;
\! emulator fault bad_utf8 times=2
SELECT name FROM catalogs;
\echo :SQLSTATE
SELECT type FROM catalogs WHERE id = 4223;
\! emulator fault bad_utf8 hex=eda080
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault bad_utf8 hex=c080
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- The reply to a POST in which errors may be is read otherwise, but no more
-- leniently.
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}} } x')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}}}{}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":[1,]}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":NaN}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":Infinity}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":01}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":.5}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":+1}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":nUll}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":/* */1}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}}, // x\n"a":1}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":"\t"}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},"a":"\\x"}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},\047a\047:1}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"_embedded":{"items":[{"id":7001}],"errors":{}},a:1}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault body on=POST text="$(printf '{"a":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}')"
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
-- Blanks around it, and a byte order mark before it, are nothing.
\! emulator fault body on=POST text="$(printf '\357\273\277 \n{"_embedded":{"items":[{"id":7001}],"errors":{}}}\n ')"
INSERT INTO catalogs (name) VALUES ('a');

DROP FUNCTION fails;
DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
