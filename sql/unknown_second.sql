-- When an account fails, a request to another whose outcome is unknown is named
-- too, whatever has become of its reply.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
\set acme_url http://acme.localhost: :port
\set beta_url http://beta.localhost: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'acme_url');
CREATE SERVER beta FOREIGN DATA WRAPPER catalogs_fdw
    OPTIONS (url :'beta_url', max_retries '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (access_token 'acme-token');
CREATE USER MAPPING FOR CURRENT_USER SERVER beta
    OPTIONS (access_token 'beta-token');
CREATE FOREIGN TABLE acme_lists (id bigint, name text) SERVER acme;
CREATE FOREIGN TABLE beta_lists (id bigint, name text) SERVER beta;

-- psql may show an error before the warnings that follow it, or after them: here
-- what another psql says is in order.  Acme's server moves before the COMMIT.
\setenv PGDATABASE :DBNAME
\setenv MESSAGES 'grep -e ^WARNING -e ^ERROR -e update.of'
SELECT format($$BEGIN; UPDATE beta_lists SET name = 'Goods' WHERE id = 6223;
    UPDATE acme_lists SET name = 'Goods' WHERE id = 5223;
    ALTER SERVER acme OPTIONS (SET url %L); COMMIT$$, :'url') AS change \gset
\setenv CHANGE :change

-- The account did what it was told, and answers that it has failed.
\! emulator fault status code=504 apply=yes on=POST account=beta
\! psql -Xqc "$CHANGE" 2>&1 | $MESSAGES | sort
\! emulator lists --account beta --columns id,name
\! emulator reset
-- The reply is cut off,
\! emulator fault close_middle on=POST account=beta
\! psql -Xqc "$CHANGE" 2>&1 | $MESSAGES | sort
\! emulator lists --account beta --columns id,name
\! emulator reset
-- and here nothing is unknown.
\! emulator fault status code=400 on=POST account=beta
\! psql -Xqc "$CHANGE" 2>&1 | $MESSAGES | sort
\! emulator lists --account beta --columns id,name

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
