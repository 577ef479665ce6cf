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

DROP TABLE sample;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
