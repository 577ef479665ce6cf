-- Only what a transaction has added is ever deleted by it, whatever the account
-- answers: an id that may be another list's is nobody's.
\i sql/include/account.sql
\! emulator put '{"id":7001,"name":"Somebody else'"'"'s"}'

-- The reply names more lists than were sent, with request_ids or without.
\! emulator set post_items=more request_id=echo
INSERT INTO catalogs (name, request_id) VALUES ('Books', 1);
\echo :SQLSTATE
\! emulator set request_id=none
INSERT INTO catalogs (name) VALUES ('Films'), ('Songs');
\! emulator wire
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":8001},{"id":7001}]}}'
INSERT INTO catalogs (name) VALUES ('Plays');
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset
\! emulator put '{"id":7001,"name":"Somebody else'"'"'s"}'

-- It names one list for two rows.
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7001},{"id":7001}]}}'
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7001,"request_id":1},{"id":7001,"request_id":2}]}}'
INSERT INTO catalogs (name, request_id) VALUES ('Books', 1), ('Films', 2);
\! emulator wire

-- It names a list that the transaction has read,
BEGIN;
SELECT id, name FROM catalogs WHERE id = 7001;
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7001}]}}'
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
-- in a statement among many,
\! emulator add-many 100
BEGIN;
SELECT count(*) FROM catalogs;
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7001}]}}'
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
ROLLBACK;
\! emulator wire
-- that it has changed,
BEGIN;
UPDATE catalogs SET name = 'Ours' WHERE id = 7001;
INSERT INTO catalogs (name) VALUES ('Books');
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":7001}]}}'
COMMIT;
\! emulator wire
-- that it has deleted,
BEGIN;
DELETE FROM catalogs WHERE id = 4230;
SELECT verb, id FROM catalogs_fdw_flush('acme');
\! emulator put '{"id":4230,"name":"Again"}'
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":4230}]}}'
SAVEPOINT a;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
ROLLBACK;
\! emulator wire
-- or that it has added before.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":5001}]}}'
INSERT INTO catalogs (name) VALUES ('Films') RETURNING id;
ROLLBACK;
\! emulator wire
\! emulator lists --columns id,name | head -7
\! emulator reset

--
-- request_ids say which row is whose.  What has none goes by its place, unless they
-- say that the order is another one: one that is left alone needs no order,
--
\! emulator set post_order=reversed request_id=echo
INSERT INTO catalogs (name, request_id) VALUES ('eleven', 11), ('none', NULL), ('thirty-three', 33);
BEGIN;
INSERT INTO catalogs (name, request_id) VALUES ('eleven', 11), ('none', NULL), ('thirty-three', 33);
SELECT id, request_id, name FROM catalogs_fdw_flush('acme');
COMMIT;
\! emulator lists --columns id,name
\! emulator reset
-- two do: nobody knows whose they are, but that they are new is certain.
\! emulator set post_order=reversed request_id=echo
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name, request_id)
    VALUES ('eleven', 11), ('none', NULL), ('neither', NULL), ('forty-four', 44);
SELECT id, request_id, name FROM catalogs_fdw_flush('acme');
\echo :SQLSTATE
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
INSERT INTO catalogs (name, request_id)
    VALUES ('eleven', 11), ('none', NULL), ('neither', NULL), ('forty-four', 44);
\! emulator lists --columns id,name

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
