-- Rows flow before the reply has ended, and a scan that has enough stops it.
\set options ', request_timeout ''1min'''
\i sql/include/account.sql
SET statement_timeout = '20s';

-- A reply that never ends: lists and lists, to LIMIT, EXISTS, a cursor, a loop.
\! emulator fault huge of=items times=5
SELECT id, name FROM catalogs LIMIT 3;
SELECT name FROM catalogs WHERE id % 1000 = 0 LIMIT 2;
SELECT EXISTS (SELECT FROM catalogs WHERE name = 'List 2000');
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 2 FROM c;
MOVE 5000 FROM c;
FETCH 1 FROM c;
CLOSE c;
COMMIT;
DO $$
DECLARE
    list record;
BEGIN
    FOR list IN SELECT name FROM catalogs LOOP
        RAISE NOTICE '%', list.name;
        EXIT WHEN list.name = 'List 2';
    END LOOP;
END
$$;
\! emulator wire
SELECT count(*) FROM catalogs;

-- One that stops half way, and does not go on: what came is handed out.
\! emulator fault stall bytes=700 times=3
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM catalogs;
FETCH 1 FROM c;
FETCH 1 FROM c;
CLOSE c;
COMMIT;
SELECT name FROM catalogs LIMIT 1;
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM catalogs;
FETCH 1 FROM c;
ROLLBACK;
-- Those whose reply was left unread are closed, so that the next is its own.
SELECT count(*) FROM catalogs;
\! emulator wire

-- What does not fit stops it, too.
CREATE FOREIGN TABLE lists (id smallint) SERVER acme;
\! emulator fault huge of=items
SELECT count(id) FROM lists;
DROP FOREIGN TABLE lists;
SELECT count(*) FROM catalogs;
\! emulator wire

RESET statement_timeout;
DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
