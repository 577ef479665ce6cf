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
