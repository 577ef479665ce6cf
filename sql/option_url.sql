-- The option "url" is scheme, host and port, and never shows credentials.
CREATE EXTENSION catalogs_fdw;
CREATE FUNCTION try(option text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
BEGIN
    IF option = 'url' THEN
        EXECUTE format('CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url %L)', value);
    ELSE
        EXECUTE format('CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url ''https://acme.amocrm.ru'', %I %L)', option, value);
    END IF;
    DROP SERVER acme;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, nullif(detail, ''), nullif(hint, ''));
END
$$;

-- These are fine.
SELECT url, try('url', url) FROM unnest(ARRAY[
    'https://acme.amocrm.ru', 'https://acme.amocrm.ru/', 'https://acme.amocrm.ru:443', 'https://acme.amocrm.ru:8443/',
    'HTTPS://Acme.amoCRM.ru', 'https://10.0.0.1', 'https://10.0.0.1:1', 'https://[::1]', 'https://[2001:db8::1]:65535',
    'https://localhost', 'https://xn--80a.xn--p1ai', 'https://тест.example', 'https://127.0.0.256']) url;

-- These are not: the scheme,
SELECT url, try('url', url) FROM unnest(ARRAY['', 'acme.amocrm.ru', '//acme.amocrm.ru', 'ftp://acme.amocrm.ru',
    'file:///etc/passwd', 'https:/acme.amocrm.ru', 'https:acme.amocrm.ru', 'https//acme.amocrm.ru', ' https://acme.amocrm.ru',
    'httpsx://acme.amocrm.ru', 'javascript:alert(1)']) url;
-- the host,
SELECT to_json(url) AS url, try('url', url) FROM unnest(ARRAY['https://', 'https:///', 'https://:443', 'https://[]', 'https://acme amocrm.ru',
    'https://acme.amocrm.ru ', E'https://acme.amocrm.ru\n', E'https://acme.amocrm.ru\r\nX-Header: 1', 'https://acme"amocrm.ru', 'https://acme\amocrm.ru',
    'https://{acme}.amocrm.ru', 'https://[::1', 'https://2001:db8::1', 'https://[::1]x', 'https://[::1]443', 'https://a[::1]']) url;
-- (Versions of libcurl disagree about what is wrong with these, or whether anything is.)
SELECT url, split_part(try('url', url), E'\n', 1) AS try FROM unnest(ARRAY['https://::1']) url;
SELECT substring(try('url', 'https://127.0.0.1.') FROM '^[^:]*') IN ('ok', 'HV024') AS try;
-- a host that is read otherwise than it looks,
SELECT url, try('url', url) FROM unnest(ARRAY['http://127.999', 'https://127.1', 'https://0x7f.0.0.1', 'https://2130706433', 'https://0177.0.0.1', 'https://%6cocalhost',
    'https://[0::1]', 'https://[fe80::1%25eth0]', 'https:///a', 'https://a:0443']) url;
SELECT try('url', 'https://' || repeat('a', 300));
-- the port,
SELECT url, try('url', url) FROM unnest(ARRAY['https://a:', 'https://a:/', 'https://a:0', 'https://a:65536', 'https://a:100000', 'https://a:-1',
    'https://a:80a', 'https://a:https', 'https://a:80:80', 'https://a:+80', 'https://[::1]:', 'https://[::1]:0']) url;
-- what comes behind.
SELECT url, try('url', url) FROM unnest(ARRAY['https://acme.amocrm.ru/api/v2/catalogs', 'https://acme.amocrm.ru//', 'https://acme.amocrm.ru?a=b',
    'https://acme.amocrm.ru/?a=b', 'https://acme.amocrm.ru#top', 'https://acme.amocrm.ru/#']) url;

-- Credentials, which are not shown, whatever else is wrong.
SELECT n, try('url', url) FROM unnest(ARRAY['https://user:secret@acme.amocrm.ru', 'https://secret@acme.amocrm.ru',
    'https://user:secret@acme.amocrm.ru:0/path?query#fragment', 'http://user:secret@localhost', 'ftp://user:secret@acme.amocrm.ru',
    'user:secret@acme.amocrm.ru', 'https://acme.amocrm.ru/@', 'https://user:secret word@acme.amocrm.ru']) WITH ORDINALITY u (url, n);

-- A proxy is written in the same way.
SELECT url, split_part(try('proxy', url), E'\n', 1) AS try FROM unnest(ARRAY['http://proxy.example:3128', 'https://proxy.example', 'http://10.0.0.1:3128/',
    'proxy.example:3128', 'socks5://proxy.example', '', 'http://proxy.example:3128/path', 'http://proxy.example:0']) url;
SELECT split_part(try('proxy', 'http://user:secret@proxy.example:3128'), E'\n', 1) AS try;

DROP FUNCTION try;
DROP EXTENSION catalogs_fdw;
