-- An abort has manners: it takes back in batches what went out row by row, stops
-- when the account refuses all, waits when it is asked to, and splits a batch only
-- after an answer that is about single rows.
\i sql/include/account.sql
\setenv PGDATABASE :DBNAME
\set VERBOSITY terse

-- A thousand rows that went out one by one
DO $$
DECLARE
    x bigint;
BEGIN
    FOR i IN 1 .. 1000 LOOP
        INSERT INTO catalogs (name) VALUES ('r' || i) RETURNING id INTO x;
    END LOOP;
    RAISE 'enough';
END
$$;
\! emulator wire --summary | sort | uniq -c | sed 's/^ *//'
\! emulator lists --columns id; emulator reset
-- COPY with an audit trigger and a bad last line
CREATE TABLE audit (id bigint, name text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO audit VALUES (NEW.id, NEW.name); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT ON catalogs FOR EACH ROW EXECUTE FUNCTION note();
\! (seq -f 'r%g,t' 200; echo 'bad,maybe') > "$TMPDIR/rows.csv"; psql -Xqc "\copy catalogs (name, can_add_elements) FROM '$TMPDIR/rows.csv' CSV" 2>&1 | grep -c ERROR; rm "$TMPDIR/rows.csv"
\! emulator wire --summary | grep delete; emulator lists --columns id; emulator reset
DROP TRIGGER note ON catalogs;

-- Seven requests a second, and a block for who does not heed that
ALTER SERVER acme OPTIONS (ADD max_retries '0');
\! emulator set rate_limit=7 after_429s=10
INSERT INTO catalogs (name) SELECT 'r' || g FROM generate_series(1, 400) g;
\! emulator wire --summary --status; emulator lists --columns id; emulator reset
-- One refusal for lack of time, of a batch of many
\! emulator fault status code=429 body=old retry_after=1 on=POST verb=delete times=1
BEGIN;
INSERT INTO catalogs (name) SELECT 'r' || g FROM generate_series(1, 50) g;
SELECT count(*) FROM catalogs_fdw_flush('acme');
ROLLBACK;
\! emulator wire --summary --status; emulator lists --columns id; emulator reset
ALTER SERVER acme OPTIONS (DROP max_retries);

-- From the third POST on the account refuses all.
\setenv INSERT 'INSERT INTO catalogs (name) SELECT g::text FROM generate_series(1, 200) g'
\setenv SAID 'sed -E -n "s/(lists [0-9]+, [0-9]+, ).*, ([0-9]+)[.] /\\1... \\2. /; /^(ERROR|WARNING|DETAIL:  What)/p"'
\setenv TRY 'psql -Xqc "$INSERT" 2>&1 | eval "$SAID" | sort; emulator wire --summary --status; emulator reset'
\! emulator fault status code=401 on=POST nth=3 times=0; eval "$TRY"
\! emulator fault status code=402 on=POST nth=3 times=0; eval "$TRY"
\! emulator fault status code=403 on=POST nth=3 times=0; eval "$TRY"
-- It fails, or does not answer: it is asked twice.
\! emulator fault status code=503 on=POST nth=3 times=0; eval "$TRY"
\! emulator fault close_after_request on=POST nth=3 times=0; eval "$TRY"
-- With a login that has expired there is one renewal.
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (DROP access_token, ADD login 'robot@example.com', ADD api_key 'main-key');
\! emulator fault status code=401 on=POST nth=3 times=0; eval "$TRY"
ALTER USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (ADD access_token 'main-token', DROP login, DROP api_key);

-- A list that somebody else has deleted may keep the account from deleting the
-- others: a batch is halved until that one is left.
\! emulator set partial=delete:5003 partial_shape=response
BEGIN;
INSERT INTO catalogs (name) SELECT 'r' || g FROM generate_series(1, 8) g;
SELECT count(*) FROM catalogs_fdw_flush('acme');
\! emulator drop 5003
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire; emulator lists --columns id; emulator reset

-- One row that was sent early many times is taken back once; one that is deleted
-- meanwhile not at all.
ALTER SERVER acme OPTIONS (ADD write_mode 'immediate');
BEGIN;
DO $$
BEGIN
    FOR i IN 1 .. 1000 LOOP
        UPDATE catalogs SET name = 'r' || i WHERE id = 4223;
    END LOOP;
END
$$;
INSERT INTO catalogs (name) VALUES ('short');
UPDATE catalogs SET name = 'shorter' WHERE name = 'short';
DELETE FROM catalogs WHERE name = 'shorter';
\! emulator wire > /dev/null
ROLLBACK;
\! emulator wire
DROP TABLE audit;
\! emulator reset
ALTER SERVER acme OPTIONS (DROP write_mode);

-- Six rows and an update, in batches of four: what is done with those that wait when
-- one is not
\set VERBOSITY default
ALTER SERVER acme OPTIONS (ADD batch_size '4', ADD max_retries '0');
CREATE PROCEDURE change() LANGUAGE plpgsql AS $$
DECLARE
    x bigint;
BEGIN
    FOR i IN 1 .. 6 LOOP
        INSERT INTO catalogs (name) VALUES ('r' || i) RETURNING id INTO x;
    END LOOP;
    UPDATE catalogs SET name = name || '!' WHERE id = 4223;
    SELECT count(*) FROM catalogs_fdw_flush('acme') INTO x;
END
$$;
CREATE FUNCTION seconds(since timestamptz) RETURNS int LANGUAGE sql AS
    $$ SELECT floor(extract(epoch FROM clock_timestamp() - since))::int $$;
-- The account denies it by a code.
BEGIN;
CALL change();
\! emulator wire > /dev/null; emulator fault error_200 on=POST error_code=244 times=0
ROLLBACK;
\! emulator wire --status; emulator reset
-- It keeps one row of several.
BEGIN;
CALL change();
\! emulator wire > /dev/null; emulator set partial=delete:5002 partial_code=281
ROLLBACK;
\! emulator wire; emulator lists --columns id,name; emulator reset
-- It asks to wait, says for how long or not, and is given the time, however small
-- max_retries is,
BEGIN;
CALL change();
\! emulator wire > /dev/null
\! emulator fault status on=POST code=429 retry_after=2
\! emulator fault status on=POST code=429 nth=3
SELECT clock_timestamp() AS start \gset
ROLLBACK;
SELECT seconds(:'start') IN (3, 4) AS waited;
\! emulator wire --status; emulator lists --columns id,name; emulator reset
-- but no more than there is.
BEGIN;
CALL change();
\! emulator wire > /dev/null
\! emulator fault status on=POST code=429 body=problem retry_field=60 times=0
SELECT clock_timestamp() AS start \gset
ROLLBACK;
SELECT seconds(:'start') < 5 AS soon;
\! emulator wire --status; emulator reset
-- (By another name it may be asked.)
\set url http://localhost: :port
ALTER SERVER acme OPTIONS (SET url :'url');
-- It does not answer: twice in all, whichever requests those are,
BEGIN;
CALL change();
\! emulator wire > /dev/null; emulator fault close_after_request on=POST times=0
ROLLBACK;
\! emulator wire --status; emulator reset
-- or once, and then it does.
ALTER SERVER acme OPTIONS (DROP max_retries);
BEGIN;
CALL change();
\! emulator wire > /dev/null; emulator fault status on=POST code=503 times=1
ROLLBACK;
\! emulator wire --status; emulator lists --columns id,name; emulator reset
DROP PROCEDURE change();
DROP FUNCTION seconds;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP FUNCTION note();
