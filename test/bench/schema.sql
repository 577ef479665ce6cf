-- What the benchmark asks: an account with files for lists, and 32 slow ones.
-- The variables port and sizes come from measure.py.

\set ON_ERROR_STOP on
\set QUIET on
CREATE EXTENSION catalogs_fdw;

CREATE FUNCTION make_server(name text, port text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($f$
		CREATE SERVER %1$I FOREIGN DATA WRAPPER catalogs_fdw
			OPTIONS (url 'http://127.0.0.1:%2$s', max_response_size '1GB', requests_per_second '0');
		CREATE USER MAPPING FOR CURRENT_USER SERVER %1$I
			OPTIONS (access_token 'bench-token') $f$, name, port);
END $$;

-- A table as users get it, that asks for another path.
CREATE FUNCTION make_table(name text, server text, path text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($f$
		IMPORT FOREIGN SCHEMA amocrm FROM SERVER %2$I INTO public;
		ALTER FOREIGN TABLE catalogs OPTIONS (ADD path %3$L);
		ALTER FOREIGN TABLE catalogs RENAME TO %1$I $f$, name, server, path);
END $$;

SELECT make_server('files', :'port') \g /dev/null
SELECT make_table('lists_' || size, 'files', '/' || size)
  FROM unnest(:'sizes'::text[]) size \g /dev/null
SELECT make_table('post', 'files', '/post'),
	make_table('record', 'files', '/record') \g /dev/null

-- n requests for one list, or for none; returns the milliseconds they took.  Before
-- those go some that do not count: the first twenty of a session fill its caches.
CREATE FUNCTION make_point_queries(name text, asked text) RETURNS void
LANGUAGE plpgsql AS $make$
BEGIN
	EXECUTE format($f$
		CREATE FUNCTION %1$I(n integer, wanted bigint = 500) RETURNS float8
		LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
		DECLARE
			start timestamptz;
			found text;
		BEGIN
			FOR i IN 1 .. n + 30 LOOP
				IF i = 31 THEN
					start := clock_timestamp();
				END IF;
				SELECT name INTO found FROM %2$I WHERE id = wanted;
			END LOOP;
			RETURN 1000 * extract(epoch FROM clock_timestamp() - start);
		END $$ $f$, name, asked);
END $make$;
SELECT make_table('near', 'files', '/near/1000') \g /dev/null
SELECT make_point_queries('point_queries', 'lists_1000'),
	make_point_queries('point_queries_near', 'near') \g /dev/null

-- What the executor takes of that: nothing is asked for, by the same plan.
CREATE FUNCTION point_queries_for_nothing(n integer) RETURNS float8
LANGUAGE sql
RETURN point_queries(n, NULL);

-- What n INSERTs cost without an account.
CREATE UNLOGGED TABLE local (LIKE post);

CREATE FUNCTION insert_one_by_one(wanted text, n integer) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. n LOOP
		IF wanted = 'post' THEN
			INSERT INTO post (name, type) VALUES ('Каталог ' || i, 'regular');
		ELSE
			INSERT INTO local (name, type) VALUES ('Каталог ' || i, 'regular');
		END IF;
	END LOOP;
END $$;

-- n changes of one list, in one transaction; or each in an exception block that
-- takes it back.  Returns the milliseconds that they took; nothing is sent.
ALTER FOREIGN TABLE record OPTIONS (ADD verify_rows 'false');
CREATE FUNCTION change(n integer) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz := clock_timestamp();
BEGIN
	FOR i IN 1 .. n LOOP
		UPDATE record SET name = 'Каталог ' || i WHERE id = 500;
	END LOOP;
	RETURN 1000 * extract(epoch FROM clock_timestamp() - start);
END $$;
CREATE FUNCTION change_in_blocks(n integer) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz := clock_timestamp();
BEGIN
	FOR i IN 1 .. n LOOP
		BEGIN
			UPDATE record SET name = 'Каталог ' || i WHERE id = i;
			RAISE EXCEPTION 'back';
		EXCEPTION WHEN raise_exception THEN
			NULL;
		END;
	END LOOP;
	RETURN 1000 * extract(epoch FROM clock_timestamp() - start);
END $$;
-- n statements that are sent at once.
SELECT make_table('immediate', 'files', '/post') \g /dev/null
ALTER FOREIGN TABLE immediate OPTIONS (ADD write_mode 'immediate', ADD batch_size '50');
CREATE FUNCTION insert_at_once(n integer) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz := clock_timestamp();
BEGIN
	FOR i IN 1 .. n LOOP
		INSERT INTO immediate (name) SELECT 'Каталог ' || j FROM generate_series(1, 50) j;
	END LOOP;
	RETURN 1000 * extract(epoch FROM clock_timestamp() - start);
END $$;

-- 100 of them, once n changes wait for COMMIT.
CREATE FUNCTION insert_among(n integer) RETURNS float8
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO post (name) SELECT 'Каталог ' || i FROM generate_series(1, n) i;
	PERFORM insert_at_once(1);
	RETURN insert_at_once(100);
END $$;

-- n transactions of a procedure, each of which changes a list and takes that back.
CREATE PROCEDURE commit_often(n integer)
LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. n LOOP
		INSERT INTO record (name) VALUES ('Каталог ' || i);
		DELETE FROM record WHERE id IS NULL;
		COMMIT;
	END LOOP;
END $$;

-- 32 accounts, each a partition.
CREATE TABLE accounts (account text, id bigint, name text, type text)
	PARTITION BY LIST (account);
DO $$
DECLARE
	port text := (SELECT substring(o from ':(\d+)$')
		FROM pg_foreign_server, unnest(srvoptions) o WHERE o LIKE 'url=%');
BEGIN
	FOR i IN 1 .. 32 LOOP
		PERFORM make_server('slow_' || i, port);
		EXECUTE format($f$
			CREATE FOREIGN TABLE account_%1$s
				PARTITION OF accounts FOR VALUES IN (%1$L)
				SERVER slow_%1$s OPTIONS (path '/slow');
			ALTER FOREIGN TABLE account_%1$s
				ALTER account OPTIONS (ADD constant %1$L) $f$, i);
	END LOOP;
END $$;

-- Accounts that take so many requests a second.
DO $$
DECLARE
	port text := (SELECT substring(o from ':(\d+)$')
		FROM pg_foreign_server, unnest(srvoptions) o WHERE o LIKE 'url=%' LIMIT 1);
	i integer;
BEGIN
	FOREACH i IN ARRAY ARRAY[7, 50, 1000] LOOP
		PERFORM make_server('paced_' || i, port);
		EXECUTE format($f$
			ALTER SERVER paced_%1$s OPTIONS (SET requests_per_second %1$L);
			CREATE FOREIGN TABLE paced_%1$s (id bigint)
				SERVER paced_%1$s OPTIONS (path '/1') $f$, i);
	END LOOP;
END $$;

CREATE TABLE local_2 AS SELECT 400 + i AS id FROM generate_series(1::bigint, 2) i;
CREATE TABLE local_1000 AS SELECT i AS id FROM generate_series(1::bigint, 1000) i;
ANALYZE local_2, local_1000;
