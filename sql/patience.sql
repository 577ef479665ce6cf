-- What came to nothing is tried again where that is safe, and when the account wishes.
\i sql/include/account.sql
\set VERBOSITY terse

-- An account that fails once: reading, and changing what may be changed twice.
\! emulator fault status code=503 times=1
SELECT count(*) FROM catalogs;
\! emulator wire --status; emulator fault close_applied times=1
SELECT count(*) FROM catalogs WHERE id = 4223;
\! emulator wire --status; emulator fault status code=503 on=POST times=1
UPDATE catalogs SET name = 'x' WHERE id = 4223;
\! emulator wire --status; emulator fault status code=503 on=POST times=1
INSERT INTO catalogs (name) VALUES ('once');
\! emulator wire --status; emulator fault status code=503 body=html times=1
-- The same when it is a page that says so.
SELECT count(*) FROM catalogs;
\! emulator wire --status; emulator fault status code=503 body=html on=POST times=1
INSERT INTO catalogs (name) VALUES ('once more');
\! emulator wire --status
-- 429 is a refusal for certain: of an add, too.
\! emulator fault status code=429 on=POST times=1
INSERT INTO catalogs (name) VALUES ('later');
\! emulator wire --status; emulator lists --columns name | grep -c later
-- So it is when its code says so, and not the status; ...
\! emulator fault error_200 error_code=429 on=POST times=1
INSERT INTO catalogs (name) VALUES ('by its code');
\! emulator wire --status; emulator lists --columns name | grep -c 'by its code'
\! emulator fault status code=400 body=old error_code=429 on=POST times=1
INSERT INTO catalogs (name) VALUES ('by its code, too');
\! emulator wire --status; emulator lists --columns name | grep -c 'by its code, too'
-- ... but not when a list is named beside it.
\! emulator fault body 'text={"_embedded":{"items":[{"id":7}]},"response":{"error":"x","error_code":"429"}}' on=POST times=1
INSERT INTO catalogs (name) VALUES ('named');
\! emulator wire --status
-- Not after a 403, nor once more after a page, which may tell of a block.
\! emulator fault status code=403 body=html times=0
SELECT count(*) FROM catalogs;
\! emulator heal; emulator wire --status; emulator fault html_200 times=0
SELECT count(*) FROM catalogs;
\! emulator heal; emulator wire --status
-- As often as max_retries says.
ALTER SERVER acme OPTIONS (ADD max_retries '1');
\! emulator fault status code=503 times=0
SELECT count(*) FROM catalogs;
\! emulator heal; emulator wire --status
-- A login without an answer takes all the time that a GET has.
ALTER SERVER acme OPTIONS (ADD request_timeout '500ms');
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
  OPTIONS (DROP access_token, ADD login 'robot@example.com', ADD api_key 'main-key');
\! emulator fault silent on=LOGIN times=0
SELECT count(*) FROM catalogs;
\! emulator heal; emulator wire --summary --status
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
  OPTIONS (DROP login, DROP api_key, ADD access_token 'main-token');
ALTER SERVER acme OPTIONS (DROP request_timeout);

-- Two seconds are waited for; five minutes are not, and nobody asks meanwhile.
\! emulator fault status code=429 retry_after=2 times=1
SELECT count(*) FROM catalogs;
\! emulator wire --time --status | sed 's/ [+][2-9].*/, two seconds later/; s/ [+].*//'
\! emulator fault status code=429 body=problem retry_field=300 times=1
SELECT count(*) FROM catalogs;
INSERT INTO catalogs (name) VALUES ('now');
\echo :SQLSTATE
\! emulator wire --status

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
