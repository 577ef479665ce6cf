-- Each option is known where it belongs, and nowhere else.
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'https://acme.amocrm.ru');
CREATE FOREIGN TABLE lists (id bigint, name text) SERVER acme;

CREATE FUNCTION known(command text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RAISE SQLSTATE 'UNDO1';
EXCEPTION
    WHEN SQLSTATE 'UNDO1' THEN
        RETURN true;
    -- Known, but alone it is not enough.
    WHEN fdw_dynamic_parameter_value_needed THEN
        RETURN true;
    WHEN fdw_invalid_option_name THEN
        RETURN false;
END
$$;

SELECT option,
    known(format('ALTER SERVER acme OPTIONS (%s %I %L)', CASE option WHEN 'url' THEN 'SET' ELSE 'ADD' END, option, value)) AS server,
    known(format('ALTER FOREIGN TABLE lists OPTIONS (ADD %I %L)', option, value)) AS "table",
    known(format('CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (%I %L)', option, value)) AS "user",
    known(format('ALTER FOREIGN TABLE lists ALTER COLUMN name OPTIONS (ADD %I %L)', option, value)) AS "column",
    known(format('ALTER FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (ADD %I %L)', option, value)) AS wrapper
FROM (VALUES
    ('url', 'https://acme.amocrm.ru'),
    ('path', '/api/v2/catalogs'),
    ('connect_timeout', '5s'),
    ('request_timeout', '30s'),
    ('commit_timeout', '60s'),
    ('batch_size', '50'),
    ('requests_per_second', '7'),
    ('max_retries', '3'),
    ('write_mode', 'deferred'),
    ('undo', 'true'),
    ('verify_rows', 'true'),
    ('combine_verbs', 'false'),
    ('updatable', 'true'),
    ('truncatable', 'true'),
    ('async_capable', 'true'),
    ('fdw_startup_cost', '200'),
    ('fdw_tuple_cost', '0.01'),
    ('keep_connections', 'true'),
    ('max_response_size', '256MB'),
    ('proxy', 'https://proxy.example:3128'),
    ('user_agent', 'catalogs_fdw/1.0'),
    ('ca_file', '/etc/ssl/certs/ca-certificates.crt'),
    ('ssl_verify', 'true'),
    ('access_token', 'secret'),
    ('login', 'robot@example.com'),
    ('api_key', 'secret'),
    ('proxy_user', 'robot'),
    ('proxy_password', 'secret'),
    ('column_name', 'title'),
    ('constant', 'acme')) o (option, value);

-- There are no others.
ALTER SERVER acme OPTIONS (ADD nothing_of_the_kind '1');
ALTER FOREIGN TABLE lists OPTIONS (ADD nothing_of_the_kind '1');
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (nothing_of_the_kind '1');
ALTER FOREIGN TABLE lists ALTER COLUMN name OPTIONS (ADD nothing_of_the_kind '1');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public OPTIONS (nothing_of_the_kind '1');

DROP FUNCTION known;
DROP FOREIGN TABLE lists;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
