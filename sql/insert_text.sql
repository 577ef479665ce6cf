-- A name arrives as it was written, whatever stands in it, and is read back
-- the same.
\i sql/include/account.sql
\! emulator reset --empty

CREATE TABLE sample (n serial, name text);
INSERT INTO sample (name) VALUES
    ($$"double" 'single' `back` \ / </script> %s %n$$),
    ($$ two  blanks and {"json":[1,null]}, ?id=4223&x#y $$),
    ('Товары и услуги'),
    ('日本語 한국어 ไทย עברית'),
    ('😀 👩‍👩‍👧 🇺🇿'),
    (E'e\u0301 is not \u00e9'),
    (E'line\nfeed, carriage\rreturn, tab\tand \u2028 separator'),
    (E'\u0001\u0008\u000b\u000c\u001f\u007f\u0080\u00a0\ufeff\uffff'),
    ('null'), ('true'), ('0'), ('1e3'), ('NaN'), ('[]'), (' ');
INSERT INTO catalogs (name) SELECT name FROM sample ORDER BY n;
\! emulator wire
SELECT s.n, s.name IS NOT DISTINCT FROM c.name AS same
    FROM sample s FULL JOIN catalogs c ON c.id = 5000 + s.n ORDER BY s.n;
\! emulator wire

-- 100 KB in two bytes a character; of the request the end is shown.
INSERT INTO catalogs (name) VALUES (repeat('Ж', 51200));
\! emulator wire | tail -c 16
SELECT length(name), octet_length(name),
       md5(name) = md5(repeat('Ж', 51200)) AS same
    FROM catalogs WHERE id = (SELECT 5001 + count(*) FROM sample);
-- 1 MB in three, in a batch.
INSERT INTO catalogs (name) VALUES ('before'), (repeat('€', 349526)), ('after');
\! emulator wire --summary
SELECT length(name), octet_length(name), left(name, 6) AS "left"
    FROM catalogs WHERE id > (SELECT 5001 + count(*) FROM sample) ORDER BY id;
\! emulator wire --count

-- A value of another type is written so that it is read as the same one, and wholly,
-- whatever the session's settings were and are.
CREATE SCHEMA near;
CREATE TYPE near.pair AS (n int, day date);
CREATE TABLE near.sample ();
CREATE FOREIGN TABLE list (id bigint, name text) SERVER acme;
CREATE FUNCTION try(type text, value text, VARIADIC settings text[]) RETURNS TABLE (read text, same boolean) LANGUAGE plpgsql AS $$
DECLARE
    setting text;
    new bigint;
BEGIN
    EXECUTE format('ALTER FOREIGN TABLE list ALTER name TYPE %s', type);
    FOREACH setting IN ARRAY settings LOOP
        EXECUTE 'SET ' || setting;
    END LOOP;
    EXECUTE format('INSERT INTO list (name) SELECT %L::%s RETURNING id', value, type) INTO new;
    FOREACH setting IN ARRAY settings LOOP
        EXECUTE 'RESET ' || split_part(setting, ' ', 1);
    END LOOP;
    SET DateStyle = 'ISO, MDY';
    RETURN QUERY EXECUTE format('SELECT name::text, name IS NOT DISTINCT FROM %L::%s FROM list WHERE id = $1', value, type) USING new;
END
$$;
\! emulator reset
SELECT * FROM try('date', '2017-06-05', 'DateStyle = German');
SELECT same FROM try('timestamptz', '2017-06-05 00:00:00.5+00', 'DateStyle = "SQL, DMY"', 'TimeZone = "Asia/Kolkata"');
SELECT * FROM try('interval', '1 year -1 day', 'IntervalStyle = sql_standard');
SELECT * FROM try('double precision', '0.1234567890123456', 'extra_float_digits = -5');
SELECT * FROM try('bytea', '\x5c00', 'bytea_output = escape');
SELECT * FROM try('regclass', 'near.sample', 'search_path = near, public');
SELECT * FROM try('near.pair', '(1,2017-06-05)', 'DateStyle = German');
SELECT * FROM try('date[]', '{2017-06-05,NULL}', 'DateStyle = German');
\! emulator wire | grep POST

-- So it is with what the transaction has not sent, with what is put back, and where two
-- values only look alike.
ALTER FOREIGN TABLE list ALTER name TYPE date;
BEGIN;
SET LOCAL DateStyle = 'German';
UPDATE list SET name = '2017-04-03' WHERE id = 5001;
SET LOCAL DateStyle = 'ISO, MDY';
SELECT name FROM list WHERE id = 5001;
SET LOCAL DateStyle = 'SQL, DMY';
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
ROLLBACK;
ALTER FOREIGN TABLE list ALTER name TYPE double precision;
SET extra_float_digits = -5;
UPDATE list SET name = name + 1e-15 WHERE id = 5004;
RESET extra_float_digits;
\! emulator wire | grep POST

RESET DateStyle;
RESET IntervalStyle;
DROP FUNCTION try;
DROP FOREIGN TABLE list;
SET client_min_messages = warning;
DROP SCHEMA near CASCADE;
DROP TABLE sample;
DROP EXTENSION catalogs_fdw CASCADE;
