-- When a transaction fails after the account has accepted some of its changes,
-- those are taken back: adds are deleted, updated lists get their values back.
-- What cannot be taken back is named by id.
\set options ', batch_size ''2'''
\i sql/include/account.sql
\set flush 'SELECT verb, id, name FROM catalogs_fdw_flush(''acme'');'

-- A row that is refused in the last batch: the error names it, and the account
-- is as before.
\! emulator set partial=delete:4231
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
UPDATE catalogs SET name = 'Goods', can_add_elements = false WHERE id = 4223;
UPDATE catalogs SET type = 'products' WHERE id IN (4222, 4230);
DELETE FROM catalogs WHERE id = 4231;
\! emulator wire > /dev/null
COMMIT;
\echo :SQLSTATE
\! emulator wire; emulator lists; emulator reset

-- The third batch of five fails.  The values that come back are those that the
-- statements read, each to its own list.
\! emulator fault body on=POST nth=3 'text={"_embedded":{"items":[],"errors":{"add":{"1":"No more lists"}}}}'
BEGIN;
UPDATE catalogs SET name = name || '!', type = 'x', can_link_multiple = false
    WHERE id <> 4231;
INSERT INTO catalogs (name) VALUES ('one'), ('two'), ('three'), ('four'), ('five');
\! emulator wire > /dev/null
COMMIT;
\echo :SQLSTATE
\! emulator wire; emulator lists; emulator reset

-- The same with adds alone.
\! emulator fault body on=POST nth=3 'text={"_embedded":{"items":[],"errors":{"add":{"1":"No more lists"}}}}'
INSERT INTO catalogs (name) SELECT 'List ' || i FROM generate_series(1, 10) i;
\echo :SQLSTATE
\! emulator wire; emulator lists --columns id,name; emulator reset

-- A list that is gone when the change is sent
\! emulator set partial_shape=object_list
BEGIN;
UPDATE catalogs SET name = name || '!' WHERE id IN (4222, 4230);
\! emulator drop 4230
COMMIT;
\echo :SQLSTATE
\! emulator lists --columns id,name; emulator reset

-- What the account accepts of a batch in which it refuses a row is taken back
-- as well.
ALTER SERVER acme OPTIONS (SET batch_size '50');
\! emulator set partial=add:2
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
\echo :SQLSTATE
\! emulator lists --columns id,name; emulator reset
\! emulator set partial=update:4222
UPDATE catalogs SET name = name || '!';
\echo :SQLSTATE
\! emulator lists --columns id,name; emulator reset
ALTER SERVER acme OPTIONS (SET batch_size '2');

-- Also when only a savepoint is rolled back, and the rest is committed.
ALTER SERVER acme OPTIONS (SET batch_size '50');
\! emulator set partial=add:2
BEGIN;
INSERT INTO catalogs (name) VALUES ('Games') RETURNING id;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
:flush
ROLLBACK TO a;
SELECT id, name FROM catalogs;
COMMIT;
\! emulator lists --columns id,name; emulator reset
\! emulator set partial=update:4222
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = name || '!';
:flush
ROLLBACK TO a;
COMMIT;
\! emulator lists --columns id,name; emulator reset
ALTER SERVER acme OPTIONS (SET batch_size '2');

-- What was accepted of a flush that comes after a savepoint, but made before it,
-- stays, and is not sent again: it is known by its place, or by its request_id.
ALTER SERVER acme OPTIONS (SET batch_size '50');
\! emulator set partial=add:2
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
SAVEPOINT a;
:flush
ROLLBACK TO a;
\! emulator unset partial
\! emulator wire > /dev/null
SELECT id, name FROM catalogs WHERE name IN ('Books', 'Films', 'Songs');
COMMIT;
\! emulator wire; emulator reset
\! emulator set partial=add:1 post_order=reversed
BEGIN;
INSERT INTO catalogs (name, request_id)
    VALUES ('Books', 7), ('Films', 8), ('Songs', 9);
SAVEPOINT a;
:flush
ROLLBACK TO a;
\! emulator unset partial
\! emulator wire > /dev/null
SELECT id, name FROM catalogs WHERE name IN ('Books', 'Films', 'Songs');
COMMIT;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- When some have a request_id and others have not, it is not clear: what was
-- accepted is deleted, and sent again.
\! emulator set partial=add:2
BEGIN;
INSERT INTO catalogs (name, request_id) VALUES ('Books', 1), ('Films', NULL);
SAVEPOINT a;
:flush
ROLLBACK TO a;
\! emulator unset partial
\! emulator wire > /dev/null
COMMIT;
\! emulator wire; emulator lists --columns id,name; emulator reset
ALTER SERVER acme OPTIONS (SET batch_size '2');

-- ROLLBACK after an early send
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films') RETURNING id;
UPDATE catalogs SET name = 'All books' WHERE id = 5001;
\! emulator wire
ROLLBACK;
\! emulator wire; emulator lists --columns id,name

-- ROLLBACK after a flush: updates first, then deletes; a value that was sent twice
-- comes back at once.
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Books');
:flush
UPDATE catalogs SET name = 'All goods', type = 'x' WHERE id = 4223;
UPDATE catalogs SET name = 'All books' WHERE name = 'Books';
INSERT INTO catalogs (name) VALUES ('Films');
:flush
UPDATE catalogs SET name = 'never sent';
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists; emulator reset

-- An error in a statement ends the same way.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
SELECT 1 / 0;
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
DO $$
BEGIN
    INSERT INTO catalogs (name) VALUES ('Books');
    PERFORM catalogs_fdw_flush('acme');
    RAISE EXCEPTION 'no';
END $$;
\! emulator wire; emulator lists --columns id,name; emulator reset

-- A constraint that is checked at COMMIT: before anything is sent, or else what
-- was sent early is taken back.
CREATE TABLE once (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
INSERT INTO once VALUES (1), (1);
COMMIT;
\! emulator wire
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
:flush
INSERT INTO once VALUES (1), (1);
\! emulator wire
COMMIT;
\! emulator wire; emulator lists --columns id,name
DROP TABLE once;
\! emulator reset

-- The values are those that the first statement read, whatever the account holds
-- when they are sent.
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE catalogs SET name = 'All ' || lower(name) WHERE id = 4223;
\! emulator put '{"id": 4223, "name": "changed by somebody"}'
:flush
ROLLBACK;
\! emulator lists --columns id,name; emulator reset

-- A row added and deleted again, both sent: nothing is left to take back.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
DELETE FROM catalogs WHERE id = 5001;
:flush
ROLLBACK;
\! emulator lists --columns id,name; emulator reset

--
-- What cannot be taken back
--
-- a delete
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
DELETE FROM catalogs WHERE id IN (4222, 4223, 4230);
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- also of a batch in which it was accepted and another row was not (in two
-- steps, so that the warnings do not meet the error)
\! emulator set partial=delete:4231
BEGIN;
SAVEPOINT a;
DELETE FROM catalogs;
:flush
ROLLBACK TO a;
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset

-- what the account does not let go
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
:flush
\! emulator set partial=delete:5002
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- of several updates, also that alone
BEGIN;
UPDATE catalogs SET name = name || '!' WHERE id IN (4222, 4223);
:flush
\! emulator set partial=update:4223 partial_code=244
ROLLBACK;
\! emulator lists --columns id,name; emulator reset
BEGIN;
UPDATE catalogs SET name = 'x' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Books');
:flush
\! emulator fault status on=POST code=403 times=0
ROLLBACK;
\! emulator heal; emulator lists --columns id,name; emulator reset

-- a list that somebody has deleted is gone, which is as good; but one that the
-- account keeps because of that is named
\! emulator set partial_shape=object_list
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films') RETURNING id;
\! emulator drop 5001
ROLLBACK;
\! emulator lists --columns id,name
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
:flush
\! emulator drop 5003
\! emulator set partial_shape=response
ROLLBACK;
\! emulator lists --columns id,name; emulator reset

-- a value that the account had not told, also when it was assigned twice; the
-- other value of that list comes back
\! emulator set missing=type
BEGIN;
UPDATE catalogs SET name = 'Goods', type = 'x' WHERE id = 4223;
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator reset
\! emulator set missing=type
BEGIN;
UPDATE catalogs SET type = 'x' WHERE id = 4223;
UPDATE catalogs SET type = 'y' WHERE id = 4223;
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator reset

--
-- undo = false: it is not tried, and all of it is named.
--
ALTER SERVER acme OPTIONS (ADD undo 'false');
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
DELETE FROM catalogs WHERE id = 4230;
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- A transaction that sends nothing early has nothing to say.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books');
ROLLBACK;
-- A savepoint is put right nevertheless: that is an ordinary change.
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire; emulator reset

-- The table's word counts more than the server's, and each row goes by its own
-- table's.
CREATE FOREIGN TABLE taken_back (id bigint, name text)
    SERVER acme OPTIONS (undo 'true');
ALTER SERVER acme OPTIONS (SET batch_size '50');
BEGIN;
INSERT INTO taken_back (name) VALUES ('Books');
INSERT INTO catalogs (name) VALUES ('Films');
INSERT INTO taken_back (name) VALUES ('Songs');
SELECT relation, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK;
\! emulator lists --columns id,name; emulator reset
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
UPDATE taken_back SET name = 'Services' WHERE id = 4222;
SELECT relation, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK;
\! emulator lists --columns id,name; emulator reset

-- The session goes on.
INSERT INTO catalogs (name) VALUES ('Books');
\! emulator lists --columns id,name

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
