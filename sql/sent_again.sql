-- What came to nothing is sent again where that is safe: updates and deletes,
-- which are idempotent; an add only when none of it went out.
\i sql/include/account.sql
SET client_min_messages = warning;

--
-- An update
--
-- carried out, but the reply is lost
\! emulator fault close_applied on=POST times=1
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\! emulator wire
-- a delete, and the account leaves the list out that it has no more
\! emulator fault close_applied on=POST times=1
\! emulator fault body on=POST nth=2 'text={"_embedded":{"items":[]}}'
DELETE FROM catalogs WHERE id = 4231;
\! emulator wire --status
\! emulator heal
-- not carried out
\! emulator fault close_after_request on=POST times=2
UPDATE catalogs SET name = 'Things' WHERE id = 4223;
\! emulator wire
-- the reply is cut, is no HTTP, no JSON
\! emulator fault close_middle on=POST times=1
UPDATE catalogs SET name = 'One' WHERE id = 4223;
\! emulator fault garbage on=POST times=1
UPDATE catalogs SET name = 'Two' WHERE id = 4223;
\! emulator fault html_200 on=POST times=1
UPDATE catalogs SET name = 'Three' WHERE id = 4223;
\! emulator wire
-- the account is not available
\! emulator fault status on=POST code=503 times=1
UPDATE catalogs SET name = 'Four' WHERE id = 4223;
\! emulator wire --status
-- Every time: as often as max_retries says, 3 unless told otherwise.
\! emulator fault close_applied on=POST times=0
UPDATE catalogs SET name = 'Five' WHERE id = 4223;
\echo :SQLSTATE
\! emulator wire
\! emulator heal
ALTER SERVER acme OPTIONS (ADD max_retries '1');
\! emulator fault status on=POST code=503 times=0
UPDATE catalogs SET name = 'Six' WHERE id = 4223;
\echo :SQLSTATE
\! emulator wire --status
\! emulator heal
ALTER SERVER acme OPTIONS (SET max_retries '0');
\! emulator fault close_applied on=POST times=0
UPDATE catalogs SET name = 'Seven' WHERE id = 4223;
\echo :SQLSTATE
\! emulator wire
\! emulator heal
ALTER SERVER acme OPTIONS (DROP max_retries);
-- What is refused is not sent again.
\! emulator fault status on=POST code=400 times=0
UPDATE catalogs SET name = 'Eight' WHERE id = 4223;
\echo :SQLSTATE
\! emulator wire --status
\! emulator heal
-- Refused when it is sent again: nobody knows what became of it the first time.
\! emulator fault close_applied on=POST times=1
\! emulator fault status on=POST code=403 nth=2
UPDATE catalogs SET name = 'Nine' WHERE id = 4223;
\echo :SQLSTATE
\! emulator wire --status
\! emulator reset

--
-- A delete
--
-- The first attempt deleted them, so that the second finds them gone.
\! emulator fault close_applied on=POST times=1
DELETE FROM catalogs WHERE id = 4222;
\! emulator wire
\! emulator lists --columns id
\! emulator reset
\! emulator fault close_applied on=POST times=1
DELETE FROM catalogs WHERE id IN (4222, 4223);
\! emulator wire
\! emulator lists --columns id
\! emulator reset
\! emulator fault close_after_request on=POST times=1
DELETE FROM catalogs WHERE id IN (4222, 4223);
\! emulator wire
\! emulator lists --columns id
\! emulator reset
-- Without an attempt before, one that is gone is an error.
\! emulator fault body on=GET 'text={"_embedded":{"items":[{"id":99}]}}'
DELETE FROM catalogs WHERE id = 99;
\echo :SQLSTATE
\! emulator wire
\! emulator reset
-- A list that another one has deleted meanwhile, so that it is not known which
-- of them the account still has
\! emulator set partial_shape=response
\! emulator fault close_applied on=POST times=1
DELETE FROM catalogs WHERE id IN (4222, 4223);
\echo :SQLSTATE
\! emulator wire
\! emulator reset

--
-- An add
--
-- never once some of it went out
\! emulator fault close_applied on=POST times=0
INSERT INTO catalogs (name) VALUES ('Books');
\echo :SQLSTATE
\! emulator wire
\! emulator heal
\! emulator fault status on=POST code=503 times=0
INSERT INTO catalogs (name) VALUES ('Films');
\echo :SQLSTATE
\! emulator wire
\! emulator heal
-- nor in the company of updates
ALTER SERVER acme OPTIONS (ADD combine_verbs 'true');
\! emulator fault close_applied on=POST times=0
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
INSERT INTO catalogs (name) VALUES ('Songs');
\! emulator wire > /dev/null
COMMIT;
\echo :SQLSTATE
\! emulator wire
\! emulator heal
ALTER SERVER acme OPTIONS (DROP combine_verbs);
-- but when no connection could be made
ALTER SERVER acme OPTIONS (ADD max_retries '100');
\! emulator fault refuse
\! { sleep 0.2; emulator heal; } > /dev/null 2>&1 &
INSERT INTO catalogs (name) VALUES ('Games');
\echo :SQLSTATE
\! emulator wire
\! emulator reset

--
-- commit_timeout bounds it all.
--
ALTER SERVER acme OPTIONS (ADD commit_timeout '1s');
\! emulator fault close_applied on=POST times=0
SELECT clock_timestamp() AS start \gset
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
\echo :SQLSTATE
SELECT clock_timestamp() - :'start' < interval '5 s' AS soon;
\! emulator heal
\! emulator reset
ALTER SERVER acme OPTIONS (DROP commit_timeout, DROP max_retries);

--
-- What takes changes back is sent again, too.
--
\! emulator fault close_applied on=POST nth=2 times=1
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books') RETURNING id;
ROLLBACK;
\! emulator wire
\! emulator lists --columns id
\! emulator reset
\! emulator fault close_after_request on=POST nth=2 times=1
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
SELECT count(*) FROM catalogs_fdw_flush('acme');
ROLLBACK;
\! emulator wire
\! emulator lists --columns id,name
DROP EXTENSION catalogs_fdw CASCADE;
