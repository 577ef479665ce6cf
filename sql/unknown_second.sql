-- When an account fails, a request to another whose outcome is unknown is named
-- too, whatever has become of its reply.
\i sql/include/accounts.sql
ALTER SERVER beta OPTIONS (ADD max_retries '0');
CREATE FOREIGN TABLE acme_lists (id bigint, name text) SERVER acme;
CREATE FOREIGN TABLE beta_lists (id bigint, name text) SERVER beta;

-- psql may show an error before the warnings that follow it, or after them: here
-- what another psql says is in order.  Acme refuses what beta does.
\setenv PGDATABASE :DBNAME
\setenv MESSAGES 'grep -e ^WARNING -e ^ERROR -e update.of'
\setenv CHANGE 'BEGIN; UPDATE beta_lists SET name = \'Goods\' WHERE id = 6223; UPDATE acme_lists SET name = \'Goods\' WHERE id = 5223; COMMIT'

ALTER SERVER beta OPTIONS (ADD request_timeout '300ms');
\! emulator fault status code=403 on=POST account=acme times=0
-- The account does what it is told, and never says so, nor later:
\! emulator fault silent apply=yes on=POST account=beta times=0
\! psql -Xqc "$CHANGE" 2>&1 | $MESSAGES | sort
\! emulator heal
-- the reply never ends, but what was done is taken back,
\! emulator fault status code=403 on=POST account=acme times=0
\! emulator fault stall on=POST account=beta times=1
\! psql -Xqc "$CHANGE" 2>&1 | $MESSAGES | sort
\! emulator lists --account beta --columns id,name
\! emulator reset
-- and here nothing is unknown: the reply comes late.
ALTER SERVER beta OPTIONS (DROP request_timeout);
\! emulator fault status code=403 on=POST account=acme times=0
\! emulator fault slow ms=1 on=POST account=beta times=1
\! psql -Xqc "$CHANGE" 2>&1 | $MESSAGES | sort
\! emulator lists --account beta --columns id,name
\! emulator reset

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
