-- A view WITH CHECK OPTION sees what the account assigns.
\i sql/include/account.sql
CREATE VIEW regular AS SELECT * FROM catalogs WHERE type = 'regular' WITH CHECK OPTION;

INSERT INTO regular (name) VALUES ('assigned');
\! emulator wire
-- What was given needs no request.
BEGIN;
INSERT INTO regular (name, type) VALUES ('given', 'regular');
\! emulator wire
INSERT INTO regular (name, type) VALUES ('given', 'products');
ROLLBACK;
\! emulator wire
-- One that the account assigns otherwise is taken back.
\! emulator set extra='{"type": "invoices"}'
INSERT INTO regular (name) VALUES ('otherwise');
\! emulator wire
\! emulator unset extra
-- UPDATE
UPDATE regular SET name = 'Goods' WHERE id = 4223;
UPDATE regular SET type = 'products' WHERE id = 4223;
\! emulator wire
CREATE VIEW sorted AS SELECT * FROM catalogs WHERE sort > 0 WITH CHECK OPTION;
UPDATE sorted SET sort = DEFAULT, name = 'Things' WHERE id = 4223;
INSERT INTO sorted (name) VALUES ('sorted') RETURNING name, sort;
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
