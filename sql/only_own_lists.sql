-- Only what a transaction has added is ever deleted by it: a reply that names more
-- lists than were sent, one of them twice, or one that was there before proves
-- nothing of any.
\i sql/include/account.sql

-- More lists than were sent, though one of them brings the request_id back
\! emulator put '{"id":999999,"name":"Old"}'
\! emulator set post_items=more request_id=echo
INSERT INTO catalogs (name, request_id) VALUES ('new', 1);
\echo :SQLSTATE
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset
-- and without request_ids
\! emulator put '{"id":999999,"name":"Old"}'
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7},{"id":8},{"id":999999}]}}'
INSERT INTO catalogs (name) VALUES ('a'), ('b');
\echo :SQLSTATE
\! emulator wire
\! emulator reset
-- One id for two adds,
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7},{"id":7}]}}'
INSERT INTO catalogs (name) VALUES ('a'), ('b');
\echo :SQLSTATE
\! emulator wire
\! emulator reset
-- though the request_ids are theirs
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7,"request_id":1},{"id":7,"request_id":2}]}}'
INSERT INTO catalogs (name, request_id) VALUES ('a', 1), ('b', 2);
\echo :SQLSTATE
\! emulator wire
\! emulator reset
-- The id of a list that the transaction has read,
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":4222}]}}'
BEGIN;
SELECT count(*) FROM catalogs;
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset
-- read by its id,
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":4222}]}}'
BEGIN;
SELECT name FROM catalogs WHERE id = 4222;
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset
-- changed
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":4222}]}}'
BEGIN;
UPDATE catalogs SET name = 'Services' WHERE id = 4222;
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset
-- or deleted
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":4222}]}}'
BEGIN;
DELETE FROM catalogs WHERE id = 4222;
SELECT verb, id FROM catalogs_fdw_flush('acme');
\! emulator wire > /dev/null
SET LOCAL client_min_messages = error;
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset
-- also when that was rolled back
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":4222}]}}'
BEGIN;
SAVEPOINT a;
TRUNCATE catalogs;
ROLLBACK TO a;
RELEASE a;
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset
-- or read by ANALYZE,
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":4222}]}}'
BEGIN;
ANALYZE catalogs;
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset
-- or met where others were looked for,
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":4222}]}}'
BEGIN;
SELECT count((SELECT name FROM catalogs WHERE id = g)) FROM generate_series(1, 30) g;
\! emulator wire | tail -n 1
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset
-- or through another server of the same address, however that is written
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":4222}]}}'
\set twin_url HTTP://127.0.0.1: :port /
CREATE SERVER twin FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'twin_url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER twin OPTIONS (access_token 'main-token');
CREATE FOREIGN TABLE twins (id bigint, name text) SERVER twin;
BEGIN;
SELECT count(*) FROM twins;
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset

-- The id of a list that the transaction has added before: that one goes.
BEGIN;
INSERT INTO catalogs (name) VALUES ('a') RETURNING id;
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":5001}]}}'
INSERT INTO catalogs (name) VALUES ('b') RETURNING id;
\echo :SQLSTATE
ROLLBACK;
\! emulator wire
\! emulator reset

-- An error beside the lists that the reply names: the one that it names may be
-- there already, and in the way of ours.
\set insert 'INSERT INTO catalogs (name) VALUES (''a'');'
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7}]},"errors":[{"code":244,"message":"no"}]}'
:insert
\echo :SQLSTATE
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7}]},"response":{"error":"no","error_code":"244"}}'
:insert
\echo :SQLSTATE
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7}]},"response":{"message":"no","code":244}}'
:insert
\echo :SQLSTATE
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7,"code":244}]}}'
:insert
\echo :SQLSTATE
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7,"error":"no"}]}}'
:insert
\echo :SQLSTATE
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":7}]},"validation-errors":[{"request_id":"0","errors":[{"code":"x","path":"name","detail":"no"}]}]}'
:insert
\echo :SQLSTATE
\! emulator wire
\! emulator reset

-- request_ids say which list is which, whatever the order of the reply.
\! emulator set post_order=reversed
BEGIN;
INSERT INTO catalogs (name, request_id) VALUES ('n11', 11), ('none', NULL), ('n33', 33);
SELECT verb, id, request_id, name FROM catalogs_fdw_flush('acme');
COMMIT;
\! emulator lists --columns id,name
\! emulator reset
-- Where they contradict it and do not say all, nothing is guessed; the lists are
-- ours, and go.
\! emulator set post_order=reversed
INSERT INTO catalogs (name, request_id) VALUES ('n11', 11), ('a', NULL), ('b', NULL), ('n44', 44);
\echo :SQLSTATE
\! emulator lists --columns id,name
\! emulator reset
\! emulator set post_order=reversed
BEGIN;
SAVEPOINT a;
INSERT INTO catalogs (name, request_id) VALUES ('n11', 11), ('a', NULL), ('b', NULL), ('n44', 44);
SELECT verb, id FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
\! emulator wire > /dev/null
COMMIT;
\! emulator wire
\! emulator lists --columns id,name
\! emulator reset
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
