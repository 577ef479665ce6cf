/* src/catalogs_fdw--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION catalogs_fdw" to load this file. \quit

CREATE FUNCTION catalogs_fdw_handler()
RETURNS fdw_handler
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

COMMENT ON FUNCTION catalogs_fdw_handler() IS
  'the functions of the foreign data wrapper catalogs_fdw';

CREATE FUNCTION catalogs_fdw_validator(text[], oid)
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

COMMENT ON FUNCTION catalogs_fdw_validator(text[], oid) IS
  'checks the options of the foreign data wrapper catalogs_fdw';

CREATE FOREIGN DATA WRAPPER catalogs_fdw
  HANDLER catalogs_fdw_handler
  VALIDATOR catalogs_fdw_validator;

COMMENT ON FOREIGN DATA WRAPPER catalogs_fdw IS
  'the lists (catalogs) of amoCRM accounts';

CREATE FUNCTION catalogs_fdw_flush(server name,
  OUT relation regclass, OUT verb text, OUT id bigint, OUT request_id bigint,
  OUT name text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION catalogs_fdw_flush(name) IS
  'sends at once what the transaction has kept for a server: a row for each change, with the id of an added list';

CREATE FUNCTION catalogs_fdw_pending(OUT server text, OUT relation regclass,
  OUT verb text, OUT id bigint, OUT changes jsonb)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION catalogs_fdw_pending() IS
  'what the transaction has not sent yet';

CREATE VIEW catalogs_fdw_pending AS
  SELECT * FROM catalogs_fdw_pending();
COMMENT ON VIEW catalogs_fdw_pending IS
  'what the transaction has not sent yet';
GRANT SELECT ON catalogs_fdw_pending TO PUBLIC;

CREATE FUNCTION catalogs_fdw_sessions(OUT server name, OUT role name,
  OUT url text, OUT valid boolean, OUT in_use boolean, OUT connected boolean,
  OUT signed_in boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION catalogs_fdw_sessions() IS
  'the accounts that this session knows';

CREATE VIEW catalogs_fdw_sessions AS
  SELECT * FROM catalogs_fdw_sessions();
COMMENT ON VIEW catalogs_fdw_sessions IS
  'the accounts that this session knows';
GRANT SELECT ON catalogs_fdw_sessions TO PUBLIC;

CREATE FUNCTION catalogs_fdw_disconnect(server name)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION catalogs_fdw_disconnect(name) IS
  'leaves the accounts of a server: whether this session knew any';

CREATE FUNCTION catalogs_fdw_disconnect_all()
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION catalogs_fdw_disconnect_all() IS
  'leaves all accounts: whether this session knew any';

CREATE FUNCTION catalogs_fdw_stats(OUT database name, OUT server name,
  OUT account text, OUT gets bigint, OUT posts bigint, OUT logins bigint,
  OUT rows_read bigint, OUT rows_added bigint, OUT rows_updated bigint,
  OUT rows_deleted bigint, OUT bytes_sent bigint, OUT bytes_received bigint,
  OUT retries bigint, OUT too_many_requests bigint,
  OUT pace_wait_ms double precision, OUT reply_wait_ms double precision,
  OUT errors bigint, OUT last_error_sqlstate text,
  OUT last_error_at timestamptz, OUT last_error text, OUT scope text,
  OUT since timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION catalogs_fdw_stats() IS
  'what accounts were asked, by all sessions of the cluster';

CREATE VIEW catalogs_fdw_stats AS
  SELECT * FROM catalogs_fdw_stats();
COMMENT ON VIEW catalogs_fdw_stats IS
  'what accounts were asked, by all sessions of the cluster';
GRANT SELECT ON catalogs_fdw_stats TO PUBLIC;

CREATE FUNCTION catalogs_fdw_stats_reset()
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION catalogs_fdw_stats_reset() IS
  'counts anew, for all sessions of the cluster';
REVOKE ALL ON FUNCTION catalogs_fdw_stats_reset() FROM PUBLIC;

CREATE FUNCTION catalogs_fdw_progress(OUT pid integer, OUT database name,
  OUT role name, OUT server name, OUT account text, OUT activity text,
  OUT waits_for text, OUT until timestamptz, OUT rows bigint,
  OUT all_rows bigint, OUT batch integer, OUT batches integer,
  OUT bytes bigint, OUT since timestamptz)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

COMMENT ON FUNCTION catalogs_fdw_progress() IS
  'what each session is doing with which account';

CREATE VIEW catalogs_fdw_progress AS
  SELECT * FROM catalogs_fdw_progress();
COMMENT ON VIEW catalogs_fdw_progress IS
  'what each session is doing with which account';
GRANT SELECT ON catalogs_fdw_progress TO PUBLIC;
