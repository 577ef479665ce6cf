/* src/catalogs_fdw--1.0.sql */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION catalogs_fdw" to load this file. \quit

CREATE FUNCTION catalogs_fdw_handler()
RETURNS fdw_handler
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

CREATE FUNCTION catalogs_fdw_validator(text[], oid)
RETURNS void
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT;

CREATE FOREIGN DATA WRAPPER catalogs_fdw
  HANDLER catalogs_fdw_handler
  VALIDATOR catalogs_fdw_validator;

-- Sends at once what the transaction has kept for a server.
CREATE FUNCTION catalogs_fdw_flush(server name,
  OUT relation regclass, OUT verb text, OUT id bigint, OUT request_id bigint,
  OUT name text)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION catalogs_fdw_pending(OUT server text, OUT relation regclass,
  OUT verb text, OUT id bigint, OUT changes jsonb)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

-- What the transaction has not sent yet.
CREATE VIEW catalogs_fdw_pending AS
  SELECT * FROM catalogs_fdw_pending();
GRANT SELECT ON catalogs_fdw_pending TO PUBLIC;

CREATE FUNCTION catalogs_fdw_sessions(OUT server name, OUT role name,
  OUT url text, OUT valid boolean, OUT in_use boolean, OUT connected boolean,
  OUT signed_in boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

-- The accounts that this backend knows.
CREATE VIEW catalogs_fdw_sessions AS
  SELECT * FROM catalogs_fdw_sessions();
GRANT SELECT ON catalogs_fdw_sessions TO PUBLIC;

-- Ends this backend's sessions with a server, or with all.
CREATE FUNCTION catalogs_fdw_disconnect(server name)
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;

CREATE FUNCTION catalogs_fdw_disconnect_all()
RETURNS boolean
AS 'MODULE_PATHNAME'
LANGUAGE C STRICT VOLATILE;
