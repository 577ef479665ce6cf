-- A reply to a POST that is no success, or does not cover the rows that were
-- sent: the transaction fails and says what is known of them.
\i sql/include/account.sql
-- The warnings are those of refused_rows_warning.
SET client_min_messages = error;

-- One row short.
\set add 'INSERT INTO catalogs (name) VALUES (''a''), (''b''); \\echo :LAST_ERROR_SQLSTATE'
\set add_one 'INSERT INTO catalogs (name) VALUES (''a'') RETURNING id; \\echo :LAST_ERROR_SQLSTATE'
\set update 'UPDATE catalogs SET can_add_elements = false WHERE id IN (4222, 4223); \\echo :LAST_ERROR_SQLSTATE'
\set delete 'DELETE FROM catalogs WHERE id = 4230; \\echo :LAST_ERROR_SQLSTATE'
\set delete_added 'DELETE FROM catalogs WHERE id > 5000; \\echo :LAST_ERROR_SQLSTATE'
\! emulator set post_items=fewer
:add
:update
:delete_added
:add_one
\! emulator wire --status; emulator reset
-- One too many.
\! emulator set post_items=more
:add
:update
:delete_added
:add_one
\! emulator wire --status; emulator reset
-- Other ones: nothing that such a reply says is to be relied on, so what it may have
-- changed is put back.  Of added rows nobody knows the ids before.
\! emulator set post_items=other
:update
:delete
\! emulator wire --status
\! emulator reset; emulator set delete_items=empty
:delete
\! emulator reset; emulator fault body on=POST text='{"_embedded":{"items":[{"id":4222},{"id":4230}]}}'
:delete
-- So it is when such a reply refuses something, and when it refuses what was not sent.
\! emulator reset
\! emulator fault body on=POST apply=yes text='{"_embedded":{"items":[{"id":999999}],"errors":["No"]}}'
:update
\! emulator fault body on=POST apply=yes text='{"_embedded":{"items":[{"id":4222},{"id":999999,"error":"No"}]}}'
:update
\! emulator fault body on=POST apply=yes text='{"_embedded":{"items":[],"errors":{"update":{"999999":"No"}}}}'
:update
\! emulator fault body on=POST apply=yes text='{"_embedded":{"items":[],"errors":{"delete":{"4222":"No"}}}}'
:update
\! emulator fault body on=POST apply=yes text='{"_embedded":{"items":[],"errors":[{"id":999999,"code":244}]}}'
:delete
\! emulator fault body on=POST apply=yes text='{"_embedded":{"items":[],"errors":{"update":{"4222":"No"}}}}'
:add
\! emulator wire --status; emulator lists --columns id,can_add_elements
-- What may be meant by a position is a refusal, and so is what has a status of one.
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":{"update":{"0":"No"}}}}'
:update
\! emulator fault body on=POST code=400 text='{"errors":{"update":{"999999":"No"}}}'
:update
\! emulator wire --status
-- None.
\! emulator reset; emulator set post_items=none
:add
:update
\! emulator reset; emulator set drop_embedded=on
:add
\! emulator reset

-- 200 that tells of an error.
\! emulator fault error_200 on=POST times=3
INSERT INTO catalogs (name) VALUES ('a'), ('b');
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM catalogs WHERE id = 4222;
\echo :LAST_ERROR_SQLSTATE
\! emulator fault error_200 on=POST times=1 error_code=282
DELETE FROM catalogs WHERE id = 4222;
\echo :LAST_ERROR_SQLSTATE
\! emulator lists
\! emulator wire --status

-- More rows than the account takes in one request.
\! emulator set batch_limit=2
INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c');
\echo :LAST_ERROR_SQLSTATE
\! emulator set batch_over=413
UPDATE catalogs SET name = 'x' WHERE id <> 4231;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM catalogs WHERE id <> 4231;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --status --summary
-- As the hint says.
ALTER SERVER acme OPTIONS (ADD batch_size '2');
INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c');
\! emulator wire --status --summary
\! emulator reset

-- What the account says of a request as a whole.
\! emulator fault status code=400 body=validation on=POST times=1 detail=Missing error_code=285
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault status code=402 on=POST times=1 body=html
INSERT INTO catalogs (name) VALUES ('a');
\echo :LAST_ERROR_SQLSTATE
\! emulator fault status code=403 on=POST times=1 body=old error_code=244 detail=No.
UPDATE catalogs SET name = 'x' WHERE id = 4222;
\echo :LAST_ERROR_SQLSTATE
\! emulator fault status code=404 on=POST times=1 body=empty
DELETE FROM catalogs WHERE id = 4222;
\echo :LAST_ERROR_SQLSTATE
\! emulator fault status code=418 on=POST times=1 body=text:Teapot
DELETE FROM catalogs WHERE id = 4222;
\echo :LAST_ERROR_SQLSTATE
-- A server that fails while it adds rows may have added them.
\! emulator fault status code=500 on=POST times=1 apply=yes
INSERT INTO catalogs (name) VALUES ('a'), ('b');
\echo :LAST_ERROR_SQLSTATE
\! emulator lists --columns id,name

-- The session goes on.
INSERT INTO catalogs (name) VALUES ('last') RETURNING id, name;

DROP EXTENSION catalogs_fdw CASCADE;
