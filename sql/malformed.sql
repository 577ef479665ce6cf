-- A reply that is no list of lists is an error, HV00M, in plain words; the
-- next statement works.
\set options ', max_retries ''0'''
\i sql/include/account.sql
\i sql/include/replies.sql
ALTER TABLE replies ALTER statement SET DEFAULT 'SELECT name FROM catalogs';

-- After each of these the same statement is repeated: it works.
\set again 'SELECT count(name) FROM catalogs;'

-- Nothing, or another page.
\! emulator fault empty_200
SELECT name FROM catalogs;
\echo :SQLSTATE
:again
\! emulator fault html_200
SELECT name FROM catalogs;
\echo :SQLSTATE
:again
\! emulator fault garbage_body
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- Cut short, though HTTP says that it is whole.
\! emulator fault cut
SELECT name FROM catalogs;
\echo :SQLSTATE
:again
\! emulator fault cut at=number
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault cut at=escape
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault cut at=string
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault cut at=key
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault cut at=utf8
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault cut bytes=1
SELECT name FROM catalogs;
\echo :SQLSTATE
-- Rows that came before the end do not hide it.
INSERT INTO replies (body, statement) VALUES
    ('{"_embedded":{"items":[{"id":1,"name":"a"},{"id":2,"name":"b"}]}', 'SELECT name FROM catalogs'),
    ('{"_embedded":{"items":[{"id":1,"name":"a"}', 'SELECT name FROM catalogs WHERE id = 1');
:arm
:ask
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"a"}'
SELECT name FROM catalogs WHERE id = 1;
\echo :SQLSTATE
:again

-- JSON, but not the reply.
\! emulator set drop_embedded=on
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator unset drop_embedded
:again
INSERT INTO replies (body) VALUES
    ('{}'),
    ('[]'),
    ('[{"id":1}]'),
    ('null'),
    ('"items"'),
    ('{"_embedded":null}'),
    ('{"_embedded":[{"items":[]}]}'),
    ('{"_embedded":{}}'),
    ('{"_embedded":{"items":null}}'),
    ('{"_embedded":{"items":0}}'),
    ('{"items":[{"id":1}]}');
:arm
:ask
\! emulator fault body text='{"_embedded":{}}'
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- Items that are none.
\! emulator set missing=id
SELECT name FROM catalogs;
\echo :SQLSTATE
SELECT name FROM catalogs WHERE id = 4223;
\! emulator unset missing
\! emulator set nulls=id
SELECT count(*) FROM catalogs;
\echo :SQLSTATE
\! emulator unset nulls
INSERT INTO replies (body) VALUES
    ('{"_embedded":{"items":[4223]}}'),
    ('{"_embedded":{"items":[null]}}'),
    ('{"_embedded":{"items":[{"id":1},true]}}'),
    ('{"_embedded":{"items":[{}]}}'),
    ('{"_embedded":{"items":{"0":[{"id":1}],"total":1}}}');
:arm
:ask
\! emulator fault body text='{"_embedded":{"items":[4223]}}'
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- 200 with an error in it is that error.
\! emulator fault error_200
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault error_200 error_code=110
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault error_200 error_code=9999 'detail=Something new'
SELECT name FROM catalogs;
\echo :SQLSTATE
:again

-- Compressed, but not well.  (What is wrong is told in zlib's words.)
\set VERBOSITY terse
\! emulator fault bad_gzip
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault bad_gzip at=header
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault bad_gzip at=crc
SELECT name FROM catalogs;
\echo :SQLSTATE
\! emulator fault bad_gzip at=cut
SELECT name FROM catalogs;
\echo :SQLSTATE
\set VERBOSITY default
:again

-- In the middle of a cursor: what came before was handed out.
BEGIN;
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"a"},{"id":2,"name":"b"}'
DECLARE c CURSOR FOR SELECT id, name FROM catalogs;
FETCH 1 FROM c;
FETCH 1 FROM c;
FETCH 1 FROM c;
\echo :SQLSTATE
ROLLBACK;
:again
-- In a block that catches it.
\! emulator fault html_200
DO $$
BEGIN
    PERFORM name FROM catalogs;
EXCEPTION WHEN fdw_unable_to_create_reply THEN
    RAISE NOTICE 'caught: %', SQLERRM;
    RAISE NOTICE '% lists', (SELECT count(*) FROM catalogs);
END
$$;
-- LIMIT that is reached before it does not see it.
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"a"},{"id":2,"name":"b"}, nonsense'
SELECT id FROM catalogs LIMIT 2;
:again

-- A list without a row beside a failure is no empty account, ...
\! emulator fault body 'text={"_embedded":{"items":[]},"response":{"error":"No","error_code":"244"}}' on=GET
SELECT id FROM catalogs;
-- ... but one beside words that tell of none is.
\! emulator fault body 'text={"_embedded":{"items":[]},"error":false,"response":{"error":"","error_code":0}}' on=GET
SELECT id FROM catalogs;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
