-- What is committed here was sent, and what was not ours stays, also after errors
-- that a savepoint has caught.
\i sql/include/account.sql
\set VERBOSITY sqlstate

-- A list that was said to be absent, and is there when it is read again
ALTER SERVER acme OPTIONS (ADD write_mode 'immediate');
\! emulator set partial=update:4223 partial_code=282
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
ROLLBACK TO a;
\! emulator unset partial
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
COMMIT;
\! emulator lists --columns id,name
\! emulator reset
ALTER SERVER acme OPTIONS (DROP write_mode);
-- The same with an early send in between
\! emulator set partial=update:4223 partial_code=282
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
SELECT verb, id FROM catalogs_fdw_flush('acme');
ROLLBACK TO a;
\! emulator unset partial
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
COMMIT;
\! emulator lists --columns id,name
\! emulator reset

-- A list that was changed and read below a savepoint was there, though the change
-- was rolled back.
ALTER SERVER acme OPTIONS (ADD verify_rows 'false');
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
SELECT count(*) FROM catalogs;
ROLLBACK TO a;
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":4223}]}}'
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
ROLLBACK;
\! emulator lists --columns id,name
\! emulator reset
-- Not even read
BEGIN;
SAVEPOINT a;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
ROLLBACK TO a;
\! emulator fault body on=POST verb=add 'text={"_embedded":{"items":[{"id":4223}]}}'
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
ROLLBACK;
\! emulator lists --columns id,name
\! emulator reset
ALTER SERVER acme OPTIONS (DROP verify_rows);

-- A reply that leaves out an update and has one list for two adds: what is unknown
-- is said, and does not invite to try again.
ALTER SERVER acme OPTIONS (ADD combine_verbs 'true');
\! emulator fault body on=POST 'text={"_embedded":{"items":[{"id":9001}]}}'
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
COMMIT;
\! emulator reset
ALTER SERVER acme OPTIONS (DROP combine_verbs);

-- A refusal that is not about rows ends what an abort asks for.
BEGIN;
INSERT INTO catalogs (name) SELECT 'r' || g FROM generate_series(1, 20) g;
SELECT count(*) FROM catalogs_fdw_flush('acme');
\! emulator wire > /dev/null
\! emulator fault status code=404 body=html on=POST times=0
SET LOCAL client_min_messages = error;
ROLLBACK;
\! emulator wire --summary --status
\! emulator reset
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
