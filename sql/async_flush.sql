-- A row that is sent to an account while that is being asked for its lists is seen
-- once: in the reply, or beside it.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
\set beta_url http://beta.localhost: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE SERVER beta FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'beta_url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (access_token 'main-token');
CREATE USER MAPPING FOR CURRENT_USER SERVER beta
    OPTIONS (access_token 'beta-token');
CREATE TABLE lists (account text, id bigint, name text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE acme_lists PARTITION OF lists FOR VALUES IN ('acme') SERVER acme;
CREATE FOREIGN TABLE beta_lists PARTITION OF lists FOR VALUES IN ('beta') SERVER beta;
ALTER FOREIGN TABLE acme_lists ALTER account OPTIONS (ADD constant 'acme');
ALTER FOREIGN TABLE beta_lists ALTER account OPTIONS (ADD constant 'beta');
CREATE FUNCTION sent(account text) RETURNS bigint LANGUAGE sql AS
    $$ SELECT count(*) FROM catalogs_fdw_flush('acme') WHERE account = 'beta' $$;

EXPLAIN (COSTS OFF) SELECT * FROM lists;
-- Acme has answered, slowly, before its row is sent.
BEGIN;
INSERT INTO lists (account, name) VALUES ('acme', 'unsent'), ('beta', 'unsent, too');
\! emulator fault slow ms=3 on=GET account=main
SELECT account, id, name, sent(account) > 0 AS sends FROM lists ORDER BY 1, 2;
SELECT account, id, name FROM lists ORDER BY 1, 2;
ROLLBACK;
\! emulator reset
DROP TABLE lists;
DROP FUNCTION sent;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
