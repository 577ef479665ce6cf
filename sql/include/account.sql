\set ECHO none
-- The emulator's account main as the server "acme", which is asked as often as one
-- likes, with a user mapping and the table "catalogs".  The variable "options" may have
-- more options of the server, with a comma before the first.
\getenv port CATALOGS_HTTP_PORT
\set url http://127.0.0.1: :port
\if :{?options}
\else
\set options ''
\endif
CREATE EXTENSION catalogs_fdw;
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw
    OPTIONS (url :'url', requests_per_second '0' :options);
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (access_token 'main-token');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
\set ECHO all
