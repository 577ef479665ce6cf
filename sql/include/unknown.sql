\set ECHO none
-- A transaction that sends early what it has changed since a savepoint, is rolled
-- back to that, and ends: with its requests, and what the account holds in the end.
-- Faults are armed, and settings made, before.  What else differs from one such
-- transaction to the next are these variables, which are forgotten afterwards; each
-- may end with a command of psql.
--
--   before   statements before the savepoint
--   change   statements after it
--   after    statements after the flush; ROLLBACK TO a, unless it is set
--   end      COMMIT, unless it is set
--
-- Errors before the end are told by their code alone: some words are libcurl's.
\if :{?before}
\else
\set before ''
\endif
\if :{?after}
\else
\set after 'ROLLBACK TO a;'
\endif
\if :{?end}
\else
\set end COMMIT
\endif
\set VERBOSITY sqlstate
\set ECHO queries
BEGIN;
:before
SAVEPOINT a;
:change
SELECT verb, id, name FROM catalogs_fdw_flush('acme');
:after
\set VERBOSITY default
:end;
\! emulator wire --status
\! emulator lists --columns id,name,type
\! emulator reset
\unset before
\unset change
\unset after
\unset end
\set ECHO all
