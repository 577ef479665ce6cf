-- An abort has manners: it takes back in batches what went out row by row, stops
-- where the account refuses, waits where it asks for that, parts a batch only after
-- an answer about its rows, and asks no third time when there is no answer.
\set options ', batch_size ''4'''
\i sql/include/account.sql
-- Adds six rows one by one, and forgets the requests for that.
CREATE PROCEDURE add_six() LANGUAGE plpgsql AS $$
DECLARE added bigint;
BEGIN
    FOR i IN 1..6 LOOP
        INSERT INTO catalogs (name) VALUES ('List ' || i) RETURNING id INTO added;
    END LOOP;
END $$;
CREATE FUNCTION seconds(since timestamptz) RETURNS int LANGUAGE sql AS
    $$ SELECT floor(extract(epoch FROM clock_timestamp() - since))::int $$;

BEGIN;
CALL add_six();
\! emulator wire --summary
ROLLBACK;
\! emulator wire
\! emulator lists --columns id,name

--
-- It stops: after 403, 402 and 401, and where a code says the same.
--
BEGIN;
CALL add_six();
\! emulator wire > /dev/null; emulator fault status on=POST code=403 times=0
ROLLBACK;
\! emulator wire --status; emulator reset
BEGIN;
CALL add_six();
\! emulator wire > /dev/null; emulator fault status on=POST code=402 times=0
ROLLBACK;
\! emulator wire --status; emulator reset
BEGIN;
CALL add_six();
\! emulator wire > /dev/null; emulator fault status on=POST code=401 times=0
ROLLBACK;
\! emulator wire --status; emulator reset
BEGIN;
CALL add_six();
\! emulator wire > /dev/null; emulator fault error_200 on=POST error_code=244 times=0
ROLLBACK;
\! emulator wire --status; emulator reset
-- Signing in anew is tried once.
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (DROP access_token, ADD login 'robot@example.com', ADD api_key 'main-key');
BEGIN;
CALL add_six();
\! emulator wire > /dev/null; emulator fault status on=POST code=401 times=0
ROLLBACK;
\! emulator wire --status; emulator reset
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (DROP login, DROP api_key, ADD access_token 'main-token');

--
-- It waits: as long as the account says, or a second, however small max_retries is,
--
ALTER SERVER acme OPTIONS (max_retries '0');
BEGIN;
CALL add_six();
\! emulator wire > /dev/null
\! emulator fault status on=POST code=429 retry_after=2
\! emulator fault status on=POST code=429 nth=3
SELECT clock_timestamp() AS start \gset
ROLLBACK;
SELECT seconds(:'start') IN (3, 4) AS waited;
\! emulator wire --status
\! emulator lists --columns id,name
\! emulator reset
ALTER SERVER acme OPTIONS (DROP max_retries);
-- but not beyond its own ten seconds.
BEGIN;
CALL add_six();
\! emulator wire > /dev/null
\! emulator fault status on=POST code=429 body=problem retry_field=60 times=0
SELECT clock_timestamp() AS start \gset
ROLLBACK;
SELECT seconds(:'start') < 5 AS soon;
\! emulator wire --status; emulator reset

--
-- It parts a batch: when one row may have kept the account from the others.
--
BEGIN;
CALL add_six();
\! emulator wire > /dev/null; emulator set partial=delete:5002 partial_code=281
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
BEGIN;
CALL add_six();
\! emulator wire > /dev/null; emulator set partial=delete:5002 partial_code=281 partial_shape=response
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset

--
-- It asks twice: in all, of an account that does not answer.
--
BEGIN;
CALL add_six();
UPDATE catalogs SET name = name || '!' WHERE id < 5000;
SELECT count(*) FROM catalogs_fdw_flush('acme');
\! emulator wire > /dev/null; emulator fault close_after_request on=POST times=0
ROLLBACK;
\! emulator wire --status; emulator reset
BEGIN;
CALL add_six();
UPDATE catalogs SET name = name || '!' WHERE id < 5000;
SELECT count(*) FROM catalogs_fdw_flush('acme');
\! emulator wire > /dev/null; emulator fault status on=POST code=503 times=1
ROLLBACK;
\! emulator wire --status; emulator lists --columns id,name; emulator reset

SET client_min_messages = warning;
DROP PROCEDURE add_six;
DROP FUNCTION seconds;
DROP EXTENSION catalogs_fdw CASCADE;
