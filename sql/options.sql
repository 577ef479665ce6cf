-- Options are checked when they are set: their names, with the nearest valid
-- one as a hint, and their values.
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'https://acme.amocrm.ru');
CREATE FOREIGN TABLE lists (id bigint, name text) SERVER acme;

-- Names that are none, or belong elsewhere.
CREATE SERVER other FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (ulr 'https://acme.amocrm.ru');
\echo :SQLSTATE
ALTER SERVER acme OPTIONS (ADD batchsize '10');
ALTER SERVER acme OPTIONS (ADD "Batch_Size" '10');
ALTER SERVER acme OPTIONS (ADD request_timeout_ms '10');
ALTER FOREIGN TABLE lists OPTIONS (ADD pth '/api/v2/catalogs');
ALTER FOREIGN TABLE lists OPTIONS (ADD updateable 'false');
ALTER FOREIGN TABLE lists ALTER COLUMN name OPTIONS (ADD colum_name 'title');
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (acess_token 'secret');
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (user 'somebody', password 'secret');
ALTER FOREIGN TABLE lists ALTER COLUMN name OPTIONS (ADD something_else 'title');
ALTER FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (ADD url 'https://acme.amocrm.ru');
\echo :SQLSTATE

-- What a server cannot do without.
CREATE SERVER other FOREIGN DATA WRAPPER catalogs_fdw;
\echo :SQLSTATE
ALTER SERVER acme OPTIONS (DROP url);
\echo :SQLSTATE

-- Values.  This sets an option of server, table or column to one and says what
-- comes of it.
CREATE FUNCTION try(place text, option text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE format('ALTER %s OPTIONS (%s %I %L)', place,
                   CASE option WHEN 'url' THEN 'SET' ELSE 'ADD' END, option, value);
    RAISE SQLSTATE 'UNDO1';
EXCEPTION
    WHEN SQLSTATE 'UNDO1' THEN
        RETURN 'ok';
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
        RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- A name that is near to none: all are told.  One that belongs elsewhere: where.
SELECT left(try('SERVER acme', 'retries_after_429', '1'), 90) || ' ...' AS try;
SELECT place, option, try(place, option, 'secret')
    FROM (VALUES ('SERVER acme', 'access_token'), ('SERVER acme', 'column_name'), ('SERVER acme', 'path'), ('FOREIGN TABLE lists ALTER COLUMN name', 'batch_size')) o (place, option);
ALTER FOREIGN TABLE lists OPTIONS (ADD url 'https://acme.amocrm.ru');
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (proxy 'https://proxy.example');

-- Durations have units: without one they would be milliseconds, and in libpq seconds.
SELECT value, try('SERVER acme', 'connect_timeout', value)
    FROM unnest('{1,10,0500," 7 ",500ms,5s,1min,2 h,1d,1.5s,0.5ms,0,-1,-5s,"",abc,5 parsecs,64MB,NaN,2147483647,2147483648,25d,1e3}'::text[]) value;
SELECT option, value, try('SERVER acme', option, value)
    FROM unnest('{connect_timeout,request_timeout,commit_timeout}'::text[]) option, unnest('{750ms,0,soon}'::text[]) value;
-- Sizes too.
SELECT value, try('SERVER acme', 'max_response_size', value)
    FROM unnest('{1,1000000,600B,64kB,64MB,2GB,1TB,512 MB,0,-1MB,"",64mb,64M,5s,NaN,lots}'::text[]) value;
-- Numbers.
SELECT place, value, try(place, 'batch_size', value)
    FROM unnest('{SERVER acme,FOREIGN TABLE lists}'::text[]) place, unnest('{1,500,0,501,-1,10.5,"",ten,10kB}'::text[]) value;
SELECT value, try('SERVER acme', 'requests_per_second', value)
    FROM unnest('{0,1000,1e2,1001,-1,0.5,7.5,7s,""}'::text[]) value;
SELECT option, value, try('SERVER acme', option, value)
    FROM unnest('{fdw_startup_cost,fdw_tuple_cost}'::text[]) option, unnest('{0,0.5,1e6,-1,NaN,Infinity,"",cheap}'::text[]) value;
-- Yes and no.
SELECT place, option, value, try(place, option, value)
    FROM (VALUES ('SERVER acme', 'updatable'), ('FOREIGN TABLE lists', 'updatable'), ('SERVER acme', 'truncatable'),
                 ('FOREIGN TABLE lists', 'truncatable'), ('SERVER acme', 'keep_connections'), ('SERVER acme', 'ssl_verify')) o (place, option),
         unnest('{off,perhaps}'::text[]) value;
SELECT value, try('SERVER acme', 'updatable', value)
    FROM unnest('{true,false,on,off,yes,no,1,0,t,f,TRUE,"",2,ja}'::text[]) value;
-- Texts: not empty, nothing that a header or a file's name cannot hold.
SELECT option, to_json(value) AS value, try('SERVER acme', option, value)
    FROM unnest('{user_agent,ca_file}'::text[]) option, unnest(ARRAY['/etc/name with blanks', '', E'a\nb', E'a\r', E'a\tb', E'\x7f']) value;
SELECT to_json(value) AS value, try('FOREIGN TABLE lists ALTER COLUMN name', 'column_name', value)
    FROM unnest(ARRAY['title', '', ' ', 'a"b', 'Имя', E'a\nb']) value;
SELECT to_json(value) AS value, try('FOREIGN TABLE lists ALTER COLUMN name', 'constant', value)
    FROM unnest(ARRAY['a value', '', E'a\nb', '0']) value;
ALTER FOREIGN TABLE lists ALTER COLUMN name OPTIONS (ADD constant 'a', ADD column_name 'b');
-- Paths.
SELECT to_json(value) AS value, try('FOREIGN TABLE lists', 'path', value)
    FROM unnest(ARRAY['/', '/api/v2/catalogs', '/api/v4/%D1%8F', '', 'api/v2', '/a b', '/a?b=c', '/a#b', E'/a\n', '/a\b', 'https://other.example/']) value;

-- An option that is given twice, or is not there.
ALTER SERVER acme OPTIONS (ADD batch_size '10', ADD batch_size '20');
ALTER SERVER acme OPTIONS (SET batch_size '10');
ALTER SERVER acme OPTIONS (DROP batch_size);
-- What was refused has changed nothing.
SELECT srvoptions FROM pg_foreign_server WHERE srvname = 'acme';
SELECT ftoptions FROM pg_foreign_table;

DROP FUNCTION try;
DROP FOREIGN TABLE lists;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
