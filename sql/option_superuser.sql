-- What sends data elsewhere in the clear, or reads files, is for superusers.
CREATE EXTENSION catalogs_fdw;
CREATE ROLE regress_plain;
GRANT USAGE ON FOREIGN DATA WRAPPER catalogs_fdw TO regress_plain;
SET ROLE regress_plain;

-- https to anywhere.
CREATE SERVER plain FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'https://acme.amocrm.ru', batch_size '10', request_timeout '1s',
    proxy 'https://proxy.example', user_agent 'me', keep_connections 'off', max_response_size '1MB', updatable 'off');
CREATE USER MAPPING FOR CURRENT_USER SERVER plain OPTIONS (access_token 'secret');

-- http to this machine alone.
CREATE FUNCTION pg_temp.try(url text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    EXECUTE format('ALTER SERVER plain OPTIONS (SET url %L)', url);
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;
SELECT url, pg_temp.try(url) FROM unnest(ARRAY['http://localhost', 'http://LOCALHOST:8080/', 'http://acme.localhost:8080', 'http://127.0.0.1',
    'http://127.1.2.3:8080', 'http://[::1]', 'HTTP://[::1]:8080']) url;
SELECT url, pg_temp.try(url) FROM unnest(ARRAY['http://acme.amocrm.ru', 'HTTP://acme.amocrm.ru', 'http://10.0.0.1', 'http://128.0.0.1', 'http://0.0.0.0',
    'http://127.example.com', 'http://127.0.0.1.example.com', 'http://localhost.example.com', 'http://notlocalhost', 'http://localhost4',
    'http://127.999', 'http://127.0.0.256', 'http://127.1', 'http://0x7f.1', 'http://localhost.', 'http://[::ffff:127.0.0.1]',
    'http://[::2]', 'http://[::1:2]', 'http://[::ffff:10.0.0.1]', 'http://12.7.0.0']) url;
-- (Whether this is a name or a number, libcurl has changed its mind about.)
SELECT pg_temp.try('http://127.0.0.1.') ~ '^(42501|HV024): ' AS refused;

-- A proxy is no way out.
ALTER SERVER plain OPTIONS (SET proxy 'http://proxy.example:3128');
\echo :SQLSTATE
ALTER SERVER plain OPTIONS (SET proxy 'http://127.0.0.256');
ALTER SERVER plain OPTIONS (SET proxy 'http://localhost:3128');
CREATE SERVER plain2 FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'https://acme.amocrm.ru', proxy 'http://10.0.0.1');

-- Files and checks of certificates.
ALTER SERVER plain OPTIONS (ADD ca_file '/etc/passwd');
\echo :SQLSTATE
ALTER SERVER plain OPTIONS (ADD ssl_verify 'false');
\echo :SQLSTATE
ALTER SERVER plain OPTIONS (ADD ssl_verify 'true');
CREATE SERVER plain2 FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'https://acme.amocrm.ru', ca_file '/etc/passwd');
CREATE SERVER plain2 FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'http://acme.amocrm.ru');
RESET ROLE;

-- Superusers may.
ALTER SERVER plain OPTIONS (SET url 'http://acme.amocrm.ru', ADD ca_file '/etc/ssl/certs/ca-certificates.crt', ADD ssl_verify 'false');
SELECT srvname, srvoptions FROM pg_foreign_server;

DROP FUNCTION pg_temp.try;
DROP USER MAPPING FOR regress_plain SERVER plain;
DROP SERVER plain;
REVOKE USAGE ON FOREIGN DATA WRAPPER catalogs_fdw FROM regress_plain;
DROP ROLE regress_plain;
DROP EXTENSION catalogs_fdw;
