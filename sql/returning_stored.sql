-- RETURNING shows what the account holds, where that was asked for.
\i sql/include/account.sql

-- An account that cuts names.
\! emulator set extra='{"name": "Cut"}'
INSERT INTO catalogs (name, request_id) VALUES ('Cut off', 7) RETURNING name, sort, request_id;
\! emulator wire
-- Nobody asks for more than the id: the name is as it was given.
INSERT INTO catalogs (name, type, request_id) VALUES ('Cut off', 'regular', 8) RETURNING id, name, type, request_id;
\! emulator wire
\! emulator unset extra

-- An UPDATE that says DEFAULT, or NULL, of what only the account writes.
UPDATE catalogs SET sort = DEFAULT WHERE id = 4223 RETURNING sort;
UPDATE catalogs SET sort = NULL, id = DEFAULT, name = 'Goods' WHERE id = 4223 RETURNING id, sort, name, request_id;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
