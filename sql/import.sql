-- IMPORT FOREIGN SCHEMA amocrm makes the table "catalogs"; it asks for nothing.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
\d catalogs

-- There is one already.
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
\echo :SQLSTATE
-- In another schema there is room.
CREATE SCHEMA elsewhere;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO elsewhere;
\d elsewhere.*
DROP FOREIGN TABLE elsewhere.catalogs;

-- LIMIT TO and EXCEPT.
IMPORT FOREIGN SCHEMA amocrm LIMIT TO (catalogs) FROM SERVER acme INTO elsewhere;
\det elsewhere.*
DROP FOREIGN TABLE elsewhere.catalogs;
IMPORT FOREIGN SCHEMA amocrm LIMIT TO (lists) FROM SERVER acme INTO elsewhere;
\echo :SQLSTATE
IMPORT FOREIGN SCHEMA amocrm LIMIT TO (catalogs, "Catalogs") FROM SERVER acme INTO elsewhere;
IMPORT FOREIGN SCHEMA amocrm EXCEPT (catalogs) FROM SERVER acme INTO elsewhere;
\det elsewhere.*
IMPORT FOREIGN SCHEMA amocrm EXCEPT (lists) FROM SERVER acme INTO elsewhere;
\det elsewhere.*
DROP FOREIGN TABLE elsewhere.catalogs;

-- No other schema, and no other options.
IMPORT FOREIGN SCHEMA public FROM SERVER acme INTO elsewhere;
\echo :SQLSTATE
IMPORT FOREIGN SCHEMA "AmoCRM" FROM SERVER acme INTO elsewhere;
\echo :SQLSTATE
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO elsewhere OPTIONS (import_default 'true');
\echo :SQLSTATE
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO elsewhere OPTIONS (import_atrs 'true');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO elsewhere OPTIONS (batch_size '5');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO elsewhere OPTIONS (something 'else');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO elsewhere OPTIONS (import_attrs 'maybe');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO nowhere;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER nobody INTO elsewhere;
\det elsewhere.*

-- Names of servers and schemas may be anything.
CREATE SERVER "Order ""Акме"", 1" FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'url', requests_per_second '0');
CREATE SCHEMA "a.b 'c'";
IMPORT FOREIGN SCHEMA amocrm FROM SERVER "Order ""Акме"", 1" INTO "a.b 'c'";
SELECT foreign_table_schema, foreign_table_name, foreign_server_name FROM information_schema.foreign_tables ORDER BY 1;
-- The table works.
CREATE USER MAPPING FOR CURRENT_USER SERVER "Order ""Акме"", 1" OPTIONS (access_token 'main-token');
\! emulator wire
SELECT id, name FROM "a.b 'c'".catalogs WHERE id = 4223;
\! emulator wire
DROP SCHEMA "a.b 'c'" CASCADE;
DROP USER MAPPING FOR CURRENT_USER SERVER "Order ""Акме"", 1";
DROP SERVER "Order ""Акме"", 1";

-- Who may use the server may import from it; the table is theirs.
CREATE ROLE regress_importer;
GRANT CREATE ON SCHEMA elsewhere TO regress_importer;
SET ROLE regress_importer;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO elsewhere;
\echo :SQLSTATE
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER acme TO regress_importer;
SET ROLE regress_importer;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO elsewhere;
RESET ROLE;
SELECT relname, relowner::regrole FROM pg_class WHERE relnamespace = 'elsewhere'::regnamespace;
DROP SCHEMA elsewhere CASCADE;
REVOKE USAGE ON FOREIGN SERVER acme FROM regress_importer;
DROP ROLE regress_importer;

-- With the transaction, the table goes.
DROP FOREIGN TABLE catalogs;
BEGIN;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
ROLLBACK;
\det public.*
\! emulator wire

DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
