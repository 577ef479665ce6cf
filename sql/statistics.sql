-- catalogs_fdw_stats: what an account was asked; t/032_statistics has many sessions.
\i sql/include/account.sql
CREATE VIEW counted AS
    SELECT gets, posts, logins, rows_read AS "read", rows_added AS added,
           rows_updated AS updated, rows_deleted AS deleted, retries, errors
    FROM catalogs_fdw_stats WHERE server = 'acme';
\d catalogs_fdw_stats

-- Nothing, before anything is asked; to plan asks for nothing.
SELECT * FROM counted;
EXPLAIN (COSTS OFF) SELECT * FROM catalogs;
SELECT * FROM counted;

-- Rows that arrive, whatever becomes of them, and as far as they do.
SELECT count(*) FROM catalogs WHERE name = 'Tariffs';
SELECT * FROM counted;
SELECT name FROM catalogs WHERE id IN (4223, 4230);
SELECT name FROM catalogs LIMIT 1;
SELECT * FROM counted;

-- Rows that are changed: when the account has confirmed it, not before.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Books'), ('Films');
UPDATE catalogs SET type = 'x' WHERE name = 'Tariffs';
DELETE FROM catalogs WHERE id = 4231;
SELECT added, updated, deleted FROM counted;
COMMIT;
SELECT added, updated, deleted FROM counted;
-- What is taken back is a change of the account, too.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Songs') RETURNING name, id;
ROLLBACK;
SELECT added, updated, deleted FROM counted;
BEGIN;
INSERT INTO catalogs (name) VALUES ('Songs');
ROLLBACK;
SELECT added, updated, deleted FROM counted;

-- What fails counts: a statement,
SELECT catalogs_fdw_stats_reset();
SELECT * FROM counted;
\! emulator fault status code=402 on=GET
SELECT name FROM catalogs;
SELECT last_error_sqlstate, last_error, last_error_at >= since AS later
    FROM catalogs_fdw_stats WHERE server = 'acme';
-- a row that is refused,
\! emulator set partial=add:1 partial_message=No
INSERT INTO catalogs (name) VALUES ('Books');
\! emulator unset partial
SELECT last_error_sqlstate, last_error FROM catalogs_fdw_stats WHERE server = 'acme';
-- one more attempt, that helps,
\! emulator fault status code=503 on=POST
UPDATE catalogs SET type = 'y' WHERE id = 4223;
-- and an abort.
BEGIN;
INSERT INTO catalogs (name) VALUES ('Games') RETURNING name, id;
\! emulator fault status code=402 on=POST
ROLLBACK;
SELECT last_error_sqlstate, last_error FROM catalogs_fdw_stats WHERE server = 'acme';
SELECT * FROM counted;
-- What fails here is no error of the account.
SELECT 1 / (id - 4223) FROM catalogs;
SELECT errors FROM counted;

-- A reset forgets the error as well, and counts from then on.
SELECT clock_timestamp() AS before \gset
SELECT catalogs_fdw_stats_reset();
SELECT last_error_sqlstate, last_error, last_error_at, scope, since >= :'before' AS anew
    FROM catalogs_fdw_stats WHERE server = 'acme';

-- Roles see what their user mappings reach.
CREATE ROLE regress_stats_owner;
CREATE ROLE regress_stats_other;
CREATE ROLE regress_stats_reader IN ROLE pg_read_all_stats;
CREATE USER MAPPING FOR regress_stats_owner SERVER acme OPTIONS (access_token 'main-token');
SET ROLE regress_stats_owner;
SELECT server FROM catalogs_fdw_stats;
SELECT catalogs_fdw_stats_reset();
SET ROLE regress_stats_other;
SELECT server FROM catalogs_fdw_stats;
SET ROLE regress_stats_reader;
SELECT server FROM catalogs_fdw_stats WHERE server = 'acme';
RESET ROLE;
DROP USER MAPPING FOR regress_stats_owner SERVER acme;
DROP ROLE regress_stats_owner, regress_stats_other, regress_stats_reader;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
