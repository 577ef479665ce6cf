-- An account that takes seven requests in any second refuses none: each goes out when
-- its turn has come, in a COMMIT and in an abort as well.
\i sql/include/account.sql
ALTER SERVER acme OPTIONS (DROP requests_per_second);
\! emulator set rate_limit=7

DO $$
BEGIN
    FOR i IN 1 .. 9 LOOP
        PERFORM count(*) FROM catalogs;
    END LOOP;
END
$$;
\! emulator wire --status | sort | uniq -c | sed 's/^ *//'
-- So does what is sent once more, as the connection was closed that it was sent over.
\! sleep 1.1
\! emulator fault reset_kept on=GET nth=7
DO $$
BEGIN
    FOR i IN 1 .. 9 LOOP
        PERFORM count(*) FROM catalogs;
    END LOOP;
END
$$;
\! emulator wire --status | sort | uniq -c | sed 's/^ *//'
BEGIN;
INSERT INTO catalogs (name) SELECT 'r' || g FROM generate_series(1, 400) g;
SELECT count(*) FROM catalogs_fdw_flush('acme');
ROLLBACK;
\! emulator wire --status --summary | sort | uniq -c | sed 's/^ *//'
\! emulator lists --columns id

-- Who gives up has waited until then.
ALTER SERVER acme OPTIONS (ADD requests_per_second '1', ADD commit_timeout '300ms');
SELECT count(*) FROM catalogs WHERE id = 4223;
SELECT catalogs_fdw_stats_reset();
INSERT INTO catalogs (name) VALUES ('late');
SELECT posts, pace_wait_ms > 280 AS "all of it" FROM catalogs_fdw_stats WHERE server = 'acme';

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
