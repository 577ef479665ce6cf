-- However the account writes its reply, the rows are the same.
\i sql/include/account.sql
-- The same account once more: what one query has asked of a server, it does not
-- ask again.
CREATE SERVER single FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER single OPTIONS (access_token 'main-token');
CREATE SCHEMA single;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER single INTO single;
CREATE TABLE usual AS SELECT * FROM catalogs;
\! emulator wire
SELECT * FROM usual;

-- What differs from the usual rows: nothing, where this is empty.  It asks
-- for all lists and for one.
CREATE VIEW different AS
    (SELECT 'all lists' AS asked, * FROM catalogs EXCEPT ALL SELECT 'all lists', * FROM usual)
    UNION ALL (SELECT 'one list', * FROM single.catalogs WHERE id = 4230 EXCEPT ALL SELECT 'one list', * FROM usual WHERE id = 4230)
    UNION ALL (SELECT 'fewer', * FROM usual EXCEPT ALL SELECT 'fewer', * FROM catalogs)
    UNION ALL (SELECT 'none', * FROM usual WHERE id = 4230 EXCEPT ALL SELECT 'none', * FROM single.catalogs WHERE id = 4230);
SELECT * FROM different;
\! emulator wire
-- It would show a difference.
\! emulator put '{"id": 4230, "name": "tariffs"}'
SELECT asked, id, name FROM different ORDER BY asked;
\! emulator reset

-- The shape of "items".
\! emulator set items_shape=nested
SELECT * FROM different;
\! emulator set items_shape=map
SELECT * FROM different;
\! emulator set items_shape=map_of_lists
SELECT * FROM different;
\! emulator unset items_shape

-- How strings, numbers and booleans are written.
\! emulator set escapes=php
SELECT * FROM different;
\! emulator set escapes=utf8 numbers=string
SELECT * FROM different;
\! emulator set numbers=int booleans=int
SELECT * FROM different;
\! emulator set booleans=string
SELECT * FROM different;
\! emulator set booleans=word
SELECT * FROM different;
\! emulator unset booleans

-- Order, links, blanks, further keys.
\! emulator set key_order=reversed
SELECT * FROM different;
\! emulator set get_order=reversed
SELECT * FROM different;
SELECT id FROM catalogs;
\! emulator unset key_order get_order
\! emulator set links=none
SELECT * FROM different;
\! emulator set links=_link
SELECT * FROM different;
\! emulator set links=_links pretty=on
SELECT * FROM different;
\! emulator set 'extra={"catalogs": [{"id": 1}], "_embedded": {"items": [{"id": 2, "name": "no list"}]}, "items": [{"id": 3}], "fields": null, "ratio": 1.5e-3}'
SELECT * FROM different;
\! emulator unset pretty extra

-- How the bytes travel.
\! emulator set chunked=on
SELECT * FROM different;
\! emulator set chunked=off compress=gzip
SELECT * FROM different;
\! emulator set compress=deflate
SELECT * FROM different;
\! emulator set compress=gzip_always chunked=on
SELECT * FROM different;
\! emulator unset compress chunked
\! emulator set keep_alive=off
SELECT * FROM different;
\! emulator unset keep_alive
\! emulator fault wrong_content_type times=4
SELECT * FROM different;
\! emulator fault slow ms=0 bytes=1 times=4
SELECT * FROM different;
\! emulator fault slow ms=0 bytes=7 times=4
SELECT * FROM different;

-- All at once.
\! emulator set items_shape=nested escapes=php numbers=string booleans=int key_order=reversed links=none pretty=on compress=gzip chunked=on
SELECT * FROM different;
\! emulator reset

-- Other replies that mean the same.  No items:
\! emulator fault body text='{"_embedded":{"items":[]}}'
SELECT count(*) FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":{}}}'
SELECT count(*) FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[[],[]]}}'
SELECT count(*) FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":{"0":[],"1":[]}}}'
SELECT count(*) FROM catalogs;
-- Blanks of every kind, wherever JSON has them.
\! emulator fault body text="$(printf ' \n\t\r{ "_embedded"\t:\r\n{ "items" : [ { "id" : 1 ,"name":"a b" , "sort"\n:\n7} \t, {"id":2}\n] } }\r\n \n')"
SELECT id, name, sort FROM catalogs;
-- Keys around the items, before and behind, with what looks like items.
\! emulator fault body text='{"items":[{"id":8}],"_page":1,"_embedded":{"total":2,"more":{"items":[{"id":9}]},"items":[{"id":1},{"id":2}],"errors":[],"last":true},"response":null,"_links":{"items":[{"id":9}]}}'
SELECT id FROM catalogs;
-- Escapes in every place, surrogate pairs too, and keys that are escaped.
\! emulator fault body text='{"_embedded":{"items":[{"\u0069d":1,"n\u0061me":"\u0422\/\"\\\b\f\n\r\t\ud83d\ude9a","typ\u0065":"\u0072egular"}]}}'
SELECT id, to_json(name) AS name, type FROM catalogs;
\! emulator fault body text='{"\u005fembedded":{"it\u0065ms":[{"id":1}]}}'
SELECT id FROM catalogs;
-- Keys that are no text in SQL do no harm where nobody asks for them.
\! emulator fault body text='{"a\u0000b":1,"_embedded":{"items":[{"id":1,"\u0000*\u0000secret":2,"\ud83d":3,"name":"a"}]}}'
SELECT id, name FROM catalogs;
-- A key twice: the last one counts, as in jsonb.
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"first","sort":1,"name":"last","sort":null}]}}'
SELECT id, name, sort FROM catalogs;
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"id":2,"name":"a"}]}}' times=2
SELECT id, name FROM catalogs WHERE id = 2;
SELECT id, name FROM catalogs WHERE id = 1;
-- Numbers of every kind, in keys that nobody asked for.
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"a":-0,"b":0.5,"c":1E+10,"d":-1.5e-7,"e":[],"f":{},"g":[[[{}]]],"name":"a"}]}}'
SELECT id, name FROM catalogs;
-- The id is written as a string; 0, which no list has.
\! emulator fault body text='{"_embedded":{"items":[{"id":"7"},{"id":"0"}]}}'
SELECT id FROM catalogs;
\! emulator wire --count

DROP VIEW different;
DROP TABLE usual;
DROP FOREIGN TABLE catalogs;
SET client_min_messages = warning;
DROP SERVER single CASCADE;
DROP SCHEMA single;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
