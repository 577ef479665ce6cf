-- A reply that is not JSON is an error, HV00M; one with text that the database
-- cannot hold is an error where that is asked for.  The next statement works.
\set options ', max_retries ''0'''
\i sql/include/account.sql
\i sql/include/replies.sql
ALTER TABLE replies ALTER statement SET DEFAULT 'SELECT name FROM catalogs';

-- After each of these the same statement is repeated: it works.
\set again 'SELECT count(name) FROM catalogs;'

-- Not JSON: words, quotes, commas, numbers, control characters, what follows.  (A byte
-- order mark is skipped.)
INSERT INTO replies (body) VALUES
    ('{"_embedded":{"items":[{"id":1,"name":NaN}]}}'),
    ('{"_embedded":{"items":[{"id":1,"name":True}]}}'),
    ('{''_embedded'':{''items'':[]}}'),
    ('{"_embedded":{"items":[{"id":1,}]}}'),
    ('{"_embedded":{"items":[{"id":1} {"id":2}]}}'),
    ('{"_embedded":{"items":[{"id" 1}]}}'),
    ('{"_embedded":{"items":[{id:1}]}}'),
    ('{"_embedded":{"items":[{"id":01}]}}'),
    ('{"_embedded":{"items":[{"id":1,"a":1.}]}}'),
    ('{"_embedded":{"items":[{"id":1,"a":"b""c"}]}}'),
    ('{"_embedded":{"items":[{"id":1}}}'),
    (E'{"_embedded":{"items":[{"id":1,"name":"a\nb"}]}}'),
    (E'{"_embedded":{"items":[{"id":1,"other":"a\x01b"}]}}'),
    (E'\uFEFF{"_embedded":{"items":[]}}'),
    ('{"_embedded":{"items":[]}} {"_embedded":{"items":[]}}'),
    ('{"_embedded":{"items":[{"id":1,"name":"a"}]}}}'),
    ('{"_embedded":{"items":[]}}<!-- 12 ms -->');
:arm
:ask
\! emulator fault body text='{"_embedded":{"items":[{id:1}]}}'
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- Escapes that are none.
INSERT INTO replies (body) VALUES
    ('{"_embedded":{"items":[{"id":1,"name":"\x41"}]}}'),
    ('{"_embedded":{"items":[{"id":1,"name":"\u12"}]}}'),
    ('{"_embedded":{"items":[{"id":1,"name":"\u12zz"}]}}');
:arm
:ask
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"\x41"}]}}'
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
-- leniently.  (Blanks around it, and a mark before it, are nothing.)
ALTER TABLE replies ALTER statement SET DEFAULT 'INSERT INTO catalogs (name) VALUES (''a'')';
INSERT INTO replies (body)
    SELECT '{"_embedded":{"items":[{"id":7001}],"errors":{}}' || rest FROM (VALUES
        ('} x'),
        ('}{}'),
        (',}'),
        (',"a":[1,]}'),
        (',"a":NaN}'),
        (',"a":Infinity}'),
        (',"a":01}'),
        (',"a":.5}'),
        (',"a":+1}'),
        (',"a":nUll}'),
        (',"a":/* */1}'),
        (E', // x\n"a":1}'),
        (E',"a":"\t"}'),
        (',"a":"\x"}'),
        (',''a'':1}'),
        (',a:1}')) AS v (rest);
INSERT INTO replies (body) VALUES
    ('{"a":' || repeat('[', 200) || repeat(']', 200) || '}');
:arm
:ask
\! emulator fault body text='{"a":01}'
INSERT INTO catalogs (name) VALUES ('a');
\echo :SQLSTATE
INSERT INTO replies (body) VALUES
    (E'\uFEFF \n{"_embedded":{"items":[{"id":7001}],"errors":{}}}\n ');
:arm
:ask

DROP FUNCTION fails;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
