-- Errors that the reply to a POST reports in other places than usual: nothing is
-- a success beside which one stands.
\set options ', undo ''false'', verify_rows ''false'''
\i sql/include/account.sql
\i sql/include/replies.sql
ALTER TABLE replies ALTER statement SET DEFAULT $$UPDATE catalogs SET name = 'x' WHERE id = 4223$$;
SET client_min_messages = error;

-- Beside the envelope, by verb and without one.
INSERT INTO replies (body) VALUES
    ('{"_embedded":{"items":[{"id":4223}]},"errors":{"update":{"4223":"No"}}}'),
    ('{"_embedded":{"items":[{"id":4223}]},"errors":[{"id":4223,"code":244,"message":"No"}]}'),
    ('{"_embedded":{"items":[{"id":4223}]},"errors":["No"]}'),
    ('{"_embedded":{"items":[{"id":4223}]},"response":{"error":"No","error_code":"244"}}'),
    ('{"_embedded":{"items":[{"id":4223}]},"error":{"message":"No","code":244}}'),
    ('{"_embedded":{"items":[{"id":4223}]},"\u0065rrors":["No"]}'),
    ('{"_embedded":{"items":[{"id":4223}]},"message":"No"}'),
    ('{"_embedded":{"items":[{"id":4223}]},"title":"No"}'),
    ('{"_embedded":{"items":[{"id":4223}]},"detail":"No"}'),
    ('{"_embedded":{"items":[{"id":4223}]},"response":{"hint":"No"}}'),
    ('{"_embedded":{"items":[{"id":4223}]},"response":{"code":244}}');
:arm
:ask

-- validation-errors, as a list and as a map.
INSERT INTO replies (body, statement) VALUES
    ('{"_embedded":{"items":[{"id":7001}]},"title":"Bad","validation-errors":[{"request_id":"1","errors":[{"code":"Long","path":"name","detail":"Too long"}]}]}',
     $$INSERT INTO catalogs (name) VALUES ('a'), ('b')$$),
    ('{"_embedded":{"items":[{"id":7001}]},"validation-errors":{"1":{"errors":[{"code":"Long","path":"name","detail":"Too long"}]}}}',
     $$INSERT INTO catalogs (name) VALUES ('a'), ('b')$$),
    ('{"_embedded":{"items":[{"id":7001}]},"validation-errors":{"1":[{"code":285,"path":"name","detail":"Too long"}]}}',
     $$INSERT INTO catalogs (name) VALUES ('a'), ('b')$$);
:arm
:ask

-- An item's own.
INSERT INTO replies (body, statement) VALUES
    ('{"_embedded":{"items":[{"id":4223,"error":"No"}]}}',
     $$UPDATE catalogs SET name = 'x' WHERE id = 4223$$),
    ('{"_embedded":{"items":[{"id":4223,"error":{"code":244,"message":"No"}}]}}',
     $$UPDATE catalogs SET name = 'x' WHERE id = 4223$$),
    ('{"_embedded":{"items":[{"id":4222},{"id":4223,"errors":[{"code":"244","detail":"No"}]}]}}',
     $$UPDATE catalogs SET name = 'x' WHERE id IN (4222, 4223)$$),
    ('{"_embedded":{"items":[{"request_id":12,"error":"No"},{"id":7002,"request_id":13}]}}',
     $$INSERT INTO catalogs (name, request_id) VALUES ('a', 12), ('b', 13)$$),
    ('{"_embedded":{"items":[{"id":4223,"error_code":"244"}]}}',
     $$UPDATE catalogs SET name = 'x' WHERE id = 4223$$),
    ('{"_embedded":{"items":[{"id":4223,"code":244}]}}',
     $$UPDATE catalogs SET name = 'x' WHERE id = 4223$$),
    ('{"_embedded":{"items":[{"id":4223,"message":"No"}]}}',
     $$UPDATE catalogs SET name = 'x' WHERE id = 4223$$),
    ('{"_embedded":{"items":[{"request_id":12,"code":285},{"id":7002,"request_id":13}]}}',
     $$INSERT INTO catalogs (name, request_id) VALUES ('a', 12), ('b', 13)$$);
:arm
:ask

-- One level deeper.
INSERT INTO replies (body) VALUES
    ('{"_embedded":{"items":[],"errors":{"update":{"4223":{"errors":[{"code":244,"detail":"No"}]}}}}}'),
    ('{"_embedded":{"items":[],"errors":{"update":{"4223":[{"code":"X","detail":"No"},"Never"]}}}}');
:arm
:ask

-- A server that fails may have done what it says it could not, and the rest.
\! emulator fault body on=POST code=500 text='{"_embedded":{"items":[],"errors":{"add":{"0":"No"}}}}'
INSERT INTO catalogs (name) VALUES ('a'), ('b');
\! emulator fault body on=POST code=502 text='{"errors":[{"request_id":12,"code":285,"message":"No"}]}'
INSERT INTO catalogs (name, request_id) VALUES ('a', 12);

-- What says that there is no error is none.
INSERT INTO replies (body) VALUES
    ('{"_embedded":{"items":[{"id":4223,"error":null}],"errors":[]},"errors":{},"error":false,"response":{"error":""}}'),
    ('{"_embedded":{"items":[{"id":4223,"error":false}],"errors":{"update":{}}},"error":"","validation-errors":[]}'),
    ('{"_embedded":{"items":[{"id":4223,"error":"false","error_code":"0"}]},"error":"false","response":{"error":"0","error_code":0}}');
:arm
:ask

-- The account's code may stand in words alone, or beside an HTTP status.
\! emulator fault status on=POST code=400 'body=text:{"title":"Bad Request","status":400,"detail":"Код ошибки 244. Нет прав"}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\! emulator fault status on=POST code=400 'body=text:{"title":"Bad Request","status":400,"detail":"244. No rights"}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":[{"id":4223,"code":400,"message":"Error 285."}]}}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\! emulator fault status on=GET code=400 'body=text:{"title":"Bad Request","status":400,"detail":"Error: 244"}'
SELECT count(*) FROM catalogs;
-- A number is not a code for being one of them.
\! emulator fault status on=POST code=400 'body=text:{"title":"Bad Request","status":400,"detail":"List 244 is closed; 285 lists, 1244. 2440. Error 244x"}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;

-- "Not found" means that the list is: with verify_rows false, no row.
ALTER FOREIGN TABLE catalogs OPTIONS (ADD write_mode 'immediate');
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":[{"id":4223,"code":400,"message":"Error 282."}]}}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":{"update":{"4223":"Not found"}}}}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":{"delete":{"4223":{"code":404,"title":"NOT FOUND"}}}}}'
DELETE FROM catalogs WHERE id = 4223;
\echo :ROW_COUNT
-- but not of a path,
\! emulator fault status on=POST code=404 'body=text:{"title":"Not Found","status":404,"detail":"Not Found"}'
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\echo :ROW_COUNT
-- nor of what an added list is to have.
\! emulator fault body on=POST text='{"_embedded":{"items":[],"errors":{"add":{"0":"Type not found"}}}}'
INSERT INTO catalogs (name) VALUES ('a');

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
