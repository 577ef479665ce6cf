-- The option user_agent may say who asks, with the escapes that postgres_fdw's
-- application_name has.
\set options ', user_agent ''app %a, role %u of %d%C (50%% pid %p session %c)'' '
\i sql/include/account.sql
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (access_token 'main-token');
CREATE ROLE "regress_Боб" LOGIN;
GRANT SELECT, INSERT ON catalogs TO "regress_Боб";
SELECT current_user AS me \gset
\c - "regress_Боб"
SELECT pg_backend_pid() AS pid \gset
\setenv pid :pid
SET application_name = 'report';
SELECT count(*) FROM catalogs;
-- It is that of the request, also on a kept connection.
SET application_name = 'nightly job';
INSERT INTO catalogs (name) VALUES ('Books');
SELECT count(*) FROM catalogs;
\! emulator wire --agent | sed "s/pid $pid/pid PID/; s/session [0-9a-f.]*/session ID/"
\c - :me

-- As it is set, so it is asked, and as it is altered from then on.
SELECT count(*) FROM catalogs WHERE id = 4223;
ALTER SERVER acme OPTIONS (SET user_agent 'me');
SELECT count(*) FROM catalogs WHERE id = 4223;
ALTER SERVER acme OPTIONS (DROP user_agent);
SELECT count(*) FROM catalogs WHERE id = 4223;
\! emulator wire --agent | sed 's/(app.*/(app ...)/; s|fdw/[0-9.]*|fdw/VERSION|'

-- No other escapes.
ALTER SERVER acme OPTIONS (ADD user_agent '100%');
ALTER SERVER acme OPTIONS (ADD user_agent '%x');
\echo :SQLSTATE
ALTER SERVER acme OPTIONS (ADD user_agent '%5a');

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
DROP ROLE "regress_Боб";
