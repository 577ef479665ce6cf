-- When nobody knows what became of an add, the error names the lists in the
-- account that bear the names of its rows and are new.
\i sql/include/account.sql
\! emulator set clock=real

-- It was carried out.
\! emulator fault close_applied on=POST times=1
INSERT INTO catalogs (name) VALUES ('Books'), ('Films'), ('Songs');
\! emulator wire
-- It was not, and the one that bears the name has long been there.
\! emulator fault close_after_request on=POST times=1
INSERT INTO catalogs (name) VALUES ('Tariffs');
\! emulator wire
-- Both: of two with the name, one is new.
\! emulator fault close_applied on=POST times=1
INSERT INTO catalogs (name) VALUES ('Tariffs'), ('Games');
-- Somebody else's counts, too: that is for a person to decide.
\! emulator put '{"id": 7001, "name": "Plays", "created_at": 4102444800}'
\! emulator fault close_after_request on=POST times=1
INSERT INTO catalogs (name) VALUES ('Plays');
\! emulator wire > /dev/null

-- An account that does not even answer that: the error stays what it is.
\! emulator fault close_applied on=POST times=1
\! emulator fault status on=GET code=503 times=0
INSERT INTO catalogs (name) VALUES ('Poems');
\echo :SQLSTATE
\! emulator heal
\! emulator wire

-- Updates and deletes need no such search: their lists are known by their ids.
ALTER SERVER acme OPTIONS (ADD max_retries '0');
\! emulator fault close_applied on=POST times=1
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire > /dev/null
COMMIT;
\echo :SQLSTATE
\! emulator wire

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
