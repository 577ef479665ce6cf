CREATE EXTENSION catalogs_fdw
CREATE PROCEDURE catalogs_fdw_fuzz(target text, arguments text[]) AS '$libdir/catalogs_fdw' LANGUAGE C
CREATE SERVER fuzz FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'http://127.0.0.1:1', batch_size '3', max_retries '0')
CREATE USER MAPPING FOR CURRENT_USER SERVER fuzz OPTIONS (access_token 'secret-of-the-fuzzer')
IMPORT FOREIGN SCHEMA amocrm FROM SERVER fuzz INTO public
ALTER FOREIGN TABLE catalogs RENAME TO fuzz_lists
IMPORT FOREIGN SCHEMA amocrm FROM SERVER fuzz INTO public
ALTER FOREIGN TABLE catalogs RENAME TO fuzz_now
ALTER FOREIGN TABLE fuzz_now OPTIONS (ADD write_mode 'immediate')
CREATE FUNCTION twins() RETURNS void LANGUAGE plpgsql AS 'DECLARE t text; k text; i int := 0; columns text := $$$$; BEGIN FOREACH t IN ARRAY ARRAY[$$bigint$$, $$integer$$, $$boolean$$, $$text$$, $$timestamptz$$, $$date$$, $$numeric(10,2)$$, $$real$$, $$varchar(5)$$, $$jsonb$$] LOOP i := i + 1; EXECUTE format($$CREATE DOMAIN twin%s AS %s$$, i, t); FOREACH k IN ARRAY ARRAY[$$id$$, $$name$$, $$can_add_elements$$, $$created_at$$, $$other$$] LOOP columns := columns || format($$, %I %s OPTIONS (column_name %L), %I twin%s OPTIONS (column_name %L)$$, k || i, t, k, k || i || $$_twin$$, i, k); END LOOP; END LOOP; columns := columns || $$, attrs jsonb, attrs_twin twin10 OPTIONS (column_name $$ || quote_literal($$attrs$$) || $$)$$; EXECUTE $$CREATE FOREIGN TABLE fuzz_values ($$ || substr(columns, 2) || $$) SERVER fuzz$$; END'
SELECT twins()
