-- A list that is gone does not keep other updates from being taken back, nor does
-- a warning name them.
\i sql/include/account.sql
\set flush 'SELECT verb, id, name FROM catalogs_fdw_flush(''acme'');'

-- Deleted by the transaction itself: the account that refuses the whole POST is
-- asked for one row after the other.
\! emulator set partial_shape=response
BEGIN;
UPDATE catalogs SET name = 'Other' WHERE id IN (4222, 4223, 4230);
:flush
DELETE FROM catalogs WHERE id = 4222;
:flush
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- Deleted by somebody else; here the account does what it can.
BEGIN;
UPDATE catalogs SET name = 'Other' WHERE id IN (4222, 4223, 4230);
:flush
\! emulator drop 4222
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- One alone
BEGIN;
UPDATE catalogs SET name = 'Other' WHERE id = 4222;
:flush
\! emulator drop 4222
ROLLBACK;
\! emulator lists --columns id,name

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
