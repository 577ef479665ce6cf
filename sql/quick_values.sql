-- Values of the usual types are read on a quick way, those of domains on the
-- long one: both give the same, or the same error.  What is quick about finding
-- them makes no difference either.
\set options ', max_retries ''0'''
\i sql/include/account.sql
CREATE DOMAIN long_bigint AS bigint;
CREATE DOMAIN long_integer AS integer;
CREATE DOMAIN long_boolean AS boolean;
CREATE DOMAIN long_text AS text;
CREATE DOMAIN long_timestamptz AS timestamptz;
CREATE FOREIGN TABLE quick (id bigint, v_bigint bigint OPTIONS (column_name 'v'), v_integer integer OPTIONS (column_name 'v'),
    v_boolean boolean OPTIONS (column_name 'v'), v_text text OPTIONS (column_name 'v'), v_timestamptz timestamptz OPTIONS (column_name 'v'),
    b_boolean boolean OPTIONS (column_name 'can_add_elements'), b_text text OPTIONS (column_name 'can_add_elements'),
    t_timestamptz timestamptz OPTIONS (column_name 'created_at'), t_text text OPTIONS (column_name 'created_at'), t_bigint bigint OPTIONS (column_name 'created_at'))
    SERVER acme;
CREATE FOREIGN TABLE long (id bigint, v_bigint long_bigint OPTIONS (column_name 'v'), v_integer long_integer OPTIONS (column_name 'v'),
    v_boolean long_boolean OPTIONS (column_name 'v'), v_text long_text OPTIONS (column_name 'v'), v_timestamptz long_timestamptz OPTIONS (column_name 'v'),
    b_boolean long_boolean OPTIONS (column_name 'can_add_elements'), b_text long_text OPTIONS (column_name 'can_add_elements'),
    t_timestamptz long_timestamptz OPTIONS (column_name 'created_at'), t_text long_text OPTIONS (column_name 'created_at'), t_bigint long_bigint OPTIONS (column_name 'created_at'))
    SERVER acme;

-- What a table gives for a column of a list.
CREATE FUNCTION value(tab regclass, col name, list int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    result text;
BEGIN
    EXECUTE format('SELECT %I::text FROM %s WHERE id = %s', col, tab, list) INTO result;
    RETURN coalesce(result, '(null)');
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- Numbers about the limits of the types, and what only looks like a number.
CREATE TABLE written (id int GENERATED ALWAYS AS IDENTITY, v text);
INSERT INTO written (v) VALUES ('0'), ('-0'), ('7'), ('-7'), ('2147483647'), ('2147483648'), ('-2147483648'), ('-2147483649'),
    ('99999999999999999'), ('999999999999999999'), ('1000000000000000000'), ('9223372036854775807'), ('9223372036854775808'),
    ('-9223372036854775808'), ('-9223372036854775809'), ('18446744073709551616'), ('1e3'), ('1.0'), ('10E-1'),
    ('253402300800'), ('9224318015999'), ('9224318016000'), ('-210866803200'), ('-210866803201'),
    ('true'), ('false'), ('null'), ('[]'), ('{"a": 1}'), ('""'), ('"0"'), ('"1"'), ('"true"'), ('"t"'), ('" 12 "'), ('"-12"'),
    ('"1508930391"'), ('"x"'), ('"\\"'), ('"a\u0000"'), ('"\u0422"'), ('"Т"'), ('"2017-10-25 11:19:51+00"');
SELECT format('{"_embedded": {"items": [%s]}}', string_agg(format('{"id":%s,"v":%s,"can_add_elements":%s,"created_at":%s}', id, v, v, v), ','))
    FROM written \g (format=unaligned tuples_only=on) |cat >${TMPDIR:-/tmp}/body
\! emulator fault body file=${TMPDIR:-/tmp}/body times=0
CREATE TABLE read AS
    SELECT id, v, attname, value('quick', attname, id) AS quick, value('long', attname, id) AS long
    FROM written, pg_attribute WHERE attrelid = 'quick'::regclass AND attnum > 1;
SELECT v, attname, quick, long FROM read WHERE quick <> long ORDER BY id, attname;

-- And this is what they give, or the error.
UPDATE read SET quick = left(quick, 5) WHERE quick ~ '^22...\M';
SELECT max(v) AS v, max(quick) FILTER (WHERE attname = 'v_bigint') AS v_bigint, max(quick) FILTER (WHERE attname = 'v_integer') AS v_integer,
    max(quick) FILTER (WHERE attname = 'v_boolean') AS v_boolean, max(quick) FILTER (WHERE attname = 'v_text') AS v_text,
    max(quick) FILTER (WHERE attname = 'b_text') AS b_text, max(quick) FILTER (WHERE attname = 't_timestamptz') AS t_timestamptz
    FROM read GROUP BY id ORDER BY id;
\! emulator heal
DROP TABLE read, written;
DROP FUNCTION value;
DROP FOREIGN TABLE quick, long;
DROP DOMAIN long_bigint, long_integer, long_boolean, long_text, long_timestamptz;

-- Strings are looked at eight bytes at a time: what ends one, begins an escape
-- or may not stand in it is found at whatever place.
CREATE FOREIGN TABLE lists (id bigint, name text, whole jsonb OPTIONS (column_name 'attrs')) SERVER acme;
CREATE TABLE names AS
    SELECT row_number() OVER () AS id, repeat('a', places) || special || repeat('b', after) AS name
    FROM generate_series(0, 17) places, unnest(ARRAY['', '"', '\', E'\n', E'\u007f', 'Ё', '🚚', ' ', '!', '[', ']', '#']) special, unnest(ARRAY[0, 1, 20]) after;
SELECT format('{"_embedded": {"items": [%s]}}', string_agg(format('{"other":%s,"id":%s,"name":%s}', to_json(name), id, to_json(name)), ','))
    FROM names \g (format=unaligned tuples_only=on) |cat >${TMPDIR:-/tmp}/body
\! emulator fault body file=${TMPDIR:-/tmp}/body times=2
SELECT count(*), count(*) FILTER (WHERE l.name = n.name) AS same, count(*) FILTER (WHERE whole = jsonb_build_object('other', n.name, 'id', n.id, 'name', n.name)) AS same_whole
    FROM lists l JOIN names n USING (id);
SELECT count(*), sum(id) FROM lists;
\! for i in 0 1 2 3 4 5 6 7 8; do emulator fault body text="$(printf '{"_embedded":{"items":[{"id":1,"other":"%0*d\037bbbbbbbbbb"}]}}' $((i + 1)) 0)"; done
CREATE FUNCTION fails() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM id FROM lists;
    RETURN 'it does not';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT fails(), count(*) FROM generate_series(1, 9) GROUP BY fails;
SELECT count(*) FROM lists;
DROP TABLE names;
DROP FUNCTION fails;

-- Keys are expected in the order of the items before; any order is read.
\! emulator fault body text='{"_embedded":{"items":[{"id":1,"name":"a","b":1,"c":2},{"c":3,"b":4,"name":"d","id":2},{"b":5,"id":3},{"x":0,"c":6,"y":0,"name":"e","z":0,"id":4},{"id":5,"id":6,"name":"f","name":"g","b":7,"id":8,"c":9},{"b":10,"name":"h","c":11,"id":9},{"i\u0064":10,"n\u0061me":"i","na\u006de":"j"}]}}'
CREATE FOREIGN TABLE ordered (b integer, id bigint, c integer, name text) SERVER acme;
SELECT * FROM ordered;
DROP FOREIGN TABLE ordered;

\! rm ${TMPDIR:-/tmp}/body
DROP FOREIGN TABLE lists;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
