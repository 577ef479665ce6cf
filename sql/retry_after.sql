-- How long an account asks to wait, in a header or in the body: what is no time is none,
-- and of two the longer one counts.
CREATE EXTENSION catalogs_fdw;
\getenv port CATALOGS_HTTP_PORT
\set url .localhost: :port

-- Asks an account that nobody has asked before, and says what its error was.
CREATE SEQUENCE accounts;
CREATE FUNCTION ask(credentials text = 'access_token ''main-token''', OUT code text, OUT hint text) LANGUAGE plpgsql AS $$
DECLARE
    name text := 'a' || nextval('accounts');
BEGIN
    EXECUTE format('CREATE SERVER %1$s FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url %2$L, max_retries ''0'')',
        name, 'http://' || name || current_setting('test.url'));
    EXECUTE format('CREATE USER MAPPING FOR CURRENT_USER SERVER %s OPTIONS (%s)', name, credentials);
    EXECUTE format('CREATE FOREIGN TABLE %1$s (id bigint) SERVER %1$s', name);
    BEGIN
        EXECUTE 'SELECT count(*) FROM ' || name;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, hint = PG_EXCEPTION_HINT;
        hint := regexp_replace(hint, '\d{4,}', 'many');
    END;
END
$$;
SELECT set_config('test.url', :'url', false) \g /dev/null

-- The header: seconds, a date in the past, one far in the future,
\! emulator fault status code=429 retry_after=40
SELECT * FROM ask();
\! emulator fault status code=429 'retry_after=Thu, 01 Jan 1970 00:00:01 GMT'
SELECT * FROM ask();
\! emulator fault status code=429 'retry_after=Fri, 01 Jan 2100 00:00:00 GMT'
SELECT * FROM ask();
-- a date by a clock that is ahead of ours, or behind,
\! emulator fault status code=429 'retry_after=Fri, 01 Jan 2100 00:00:40 GMT' 'date=Fri, 01 Jan 2100 00:00:00 GMT'
SELECT * FROM ask();
\! emulator fault status code=429 'retry_after=Sat, 01 Jan 2000 00:00:40 GMT' 'date=Sat, 01 Jan 2000 00:00:00 GMT'
SELECT * FROM ask();
\! emulator fault status code=429 retry_after=40 'date=Fri, 01 Jan 2100 00:00:00 GMT'
SELECT * FROM ask();
-- what is neither, and numbers that mean no time.
\! emulator fault status code=429 retry_after=soon
SELECT * FROM ask();
\! emulator fault status code=429 retry_after=0
SELECT * FROM ask();
\! emulator fault status code=429 retry_after=-5
SELECT * FROM ask();
\! emulator fault status code=429 retry_after=1000000000000000000000000000000
SELECT * FROM ask();
-- The body, likewise.
\set body '\\! body() { f=$(mktemp); printf "%s" "$1" > $f; shift; emulator fault body code=429 type=application/problem+json file=$f "$@"; rm $f; }; body'
:body '{"status":429,"retry_after":40}'
SELECT * FROM ask();
:body '{"status":429,"retry_after":"40"}'
SELECT * FROM ask();
:body '{"status":429,"retry_after":39.2}'
SELECT * FROM ask();
:body '{"status":429,"retry_after":-5}'
SELECT * FROM ask();
:body '{"status":429,"retry_after":1e30}'
SELECT * FROM ask();
:body '{"status":429,"retry_after":1000000000000000000000000000000}'
SELECT * FROM ask();
:body '{"status":429,"retry_after":"soon"}'
SELECT * FROM ask();
:body '{"status":429,"retry_after":null}'
SELECT * FROM ask();
-- Both.
\! emulator fault status code=429 retry_after=40 body=problem retry_field=50
SELECT * FROM ask();
\! emulator fault status code=429 retry_after=50 body=problem retry_field=40
SELECT * FROM ask();
-- The answer to a login.
\! emulator fault status code=429 retry_after=40 on=LOGIN
SELECT * FROM ask('login ''robot@example.com'', api_key ''main-key''');
-- Each was asked once, and is not asked again by whoever comes later.
\! emulator wire --status | sort | uniq -c | sed 's/^ *//'
\set VERBOSITY terse
SELECT count(*) FROM a1;
\echo :SQLSTATE
-- No account is left alone for more than an hour, whatever it says.
DO $$
DECLARE
    hint text;
BEGIN
    PERFORM count(*) FROM a3;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '%: an hour at most: %', SQLSTATE, substring(hint FROM '\d+')::numeric BETWEEN 3000 AND 3600;
END
$$;
\! emulator wire --status

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP FUNCTION ask;
DROP SEQUENCE accounts;
