-- A column named after any other key of a list reads that key; "attrs" reads
-- the whole list; a constant column reads none.
\i sql/include/account.sql

-- Keys that the vendor's page does not name.
CREATE FOREIGN TABLE lists (id bigint, sdk_widget_code text, widgets jsonb, w json OPTIONS (column_name 'widgets'), t text OPTIONS (column_name 'widgets'), _links jsonb) SERVER acme;
SELECT * FROM lists WHERE id = 4223;
\! emulator put '{"id": 4223, "sdk_widget_code": "sms", "widgets": ["a", {"b": [1, 2.50, null, true]}, "c"]}'
SELECT id, sdk_widget_code, widgets, w, t FROM lists WHERE id = 4223;
SELECT jsonb_array_elements_text(widgets) FROM lists WHERE id = 4223;
SELECT id FROM lists WHERE widgets @> '["c"]';
\! emulator reset
-- null is NULL, not jsonb's null.
\! emulator set nulls=widgets,_links
SELECT id, widgets IS NULL AS widgets, w IS NULL AS w, t IS NULL AS t FROM lists WHERE id = 4223;
\! emulator unset nulls
\! emulator set missing=widgets
SELECT id, widgets, w, t FROM lists WHERE id = 4223;
\! emulator unset missing
DROP FOREIGN TABLE lists;

-- Keys that come next year; nested values are jsonb, numbers keep all digits.
CREATE FOREIGN TABLE lists (id bigint, color text, ratio numeric, big numeric, small double precision, tags jsonb,
    flag boolean, day date, made timestamptz, texts text[], numbers integer[], nothing text) SERVER acme;
\! emulator set 'extra={"color": "красный", "ratio": 0.25, "big": 123456789012345678901234567890, "small": 1e-5, "tags": {"a": {"b": ["c", {}]}}, "flag": true, "day": "2024-02-29", "made": "2024-02-29 12:00:00+00", "texts": "{a,b}", "numbers": "{1,2}", "nothing": null}'
SELECT * FROM lists WHERE id = 4223;
\! emulator fault body text='{"_embedded": {"items": [{"id": 1, "ratio": 0.10, "big": 12345678901234567890.12345678901234567890, "small": 1e-5}]}}'
SELECT id, ratio, big, small FROM lists;
\! emulator fault body text='{"_embedded": {"items": [{"id": 1, "ratio": -0.0, "big": 1E+30, "small": 9007199254740993.0}]}}'
SELECT id, ratio, big FROM lists;
-- Such a key's value is read as the type reads text.
\! emulator set 'extra={"flag": 1, "made": "2024-02-29T12:00:00Z"}'
SELECT flag, made, color FROM lists WHERE id = 4223;
\! emulator set 'extra={"flag": "off", "day": "yesterday"}'
SELECT flag, day = current_date - 1 AS day FROM lists WHERE id = 4223;
\! emulator unset extra
DROP FOREIGN TABLE lists;

-- Keys that are hard to spell.
CREATE FOREIGN TABLE lists (id bigint,
    cyrillic text OPTIONS (column_name 'цвет'), quote text OPTIONS (column_name 'a"b'),
    backslash text OPTIONS (column_name 'a\b'), slash text OPTIONS (column_name 'a/b'),
    apostrophe text OPTIONS (column_name 'it''s'), emoji text OPTIONS (column_name '🚚'),
    blank text OPTIONS (column_name ' '), digits text OPTIONS (column_name '1'),
    "Ключ" text, "null" text, part text OPTIONS (column_name 'color')) SERVER acme;
\! emulator set 'extra={"цвет": "1", "a\"b": "2", "a\\b": "3", "a/b": "4", "it'"'"'s": "5", "🚚": "6", " ": "7", "1": "8", "Ключ": "9", "null": "10", "color": "11", "colors": "not this", "colo": "nor this"}'
SELECT * FROM lists WHERE id = 4223;
\! emulator set escapes=php
SELECT * FROM lists WHERE id = 4223;
\! emulator unset extra escapes
-- A key of an inner object is none of the list's.
\! emulator set 'extra={"inner": {"color": "no", "цвет": "no", "id": 1, "deeper": [{"color": "no"}]}}'
SELECT id, part, cyrillic FROM lists;
\! emulator unset extra
DROP FOREIGN TABLE lists;

-- "attrs" is the list as the account wrote it.
CREATE FOREIGN TABLE lists (id bigint, attrs jsonb, raw json OPTIONS (column_name 'attrs'), line text OPTIONS (column_name 'attrs')) SERVER acme;
\! emulator set links=none
SELECT * FROM lists WHERE id = 4223;
SELECT attrs->>'name' AS name, raw->'sort' AS sort FROM lists ORDER BY id;
\! emulator set escapes=php
SELECT attrs->>'name' AS name, raw, line FROM lists WHERE id = 4223;
\! emulator unset escapes links
-- A key "attrs" of the account's stays within.
\! emulator set 'extra={"attrs": {"a": 1}}'
SELECT attrs->'attrs' AS attrs FROM lists WHERE id = 4223;
\! emulator unset extra
DROP FOREIGN TABLE lists;
CREATE FOREIGN TABLE lists ("everything" jsonb OPTIONS (column_name 'attrs')) SERVER acme;
SELECT "everything"->'id' AS id FROM lists ORDER BY 1;
SELECT count(*) FROM lists WHERE "everything" @> '{"type": "regular"}';
DROP FOREIGN TABLE lists;

-- A constant column is what it is, in every row.
\! emulator wire --count
CREATE FOREIGN TABLE lists (account text OPTIONS (constant 'acme'), id bigint, n integer OPTIONS (constant '7'),
    empty text OPTIONS (constant ''), attrs jsonb OPTIONS (constant '{"a": 1}'), name text OPTIONS (constant 'A name')) SERVER acme;
SELECT * FROM lists;
SELECT id FROM lists WHERE account = 'acme' AND n = 7 ORDER BY id LIMIT 1;
SELECT id FROM lists WHERE account = 'beta';
SELECT account, count(*) FROM lists GROUP BY account;
\! emulator wire
-- It takes the place of the key, even one that does not fit.
\! emulator set 'extra={"account": "another", "n": "seven"}'
SELECT account, n, name FROM lists WHERE id = 4223;
\! emulator unset extra
-- Its value must be one of its type, and it cannot be another key's as well.
ALTER FOREIGN TABLE lists ALTER COLUMN n OPTIONS (SET constant 'seven');
SELECT n FROM lists WHERE id = 4223;
SELECT account FROM lists WHERE id = 4223;
ALTER FOREIGN TABLE lists ALTER COLUMN n OPTIONS (ADD column_name 'sort');
DROP FOREIGN TABLE lists;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
