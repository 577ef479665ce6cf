\set ECHO none
-- The emulator's accounts main, acme and beta as servers of these names, each with a
-- user mapping; they are asked as often as one likes.  Their urls are in variables.
\getenv port CATALOGS_HTTP_PORT
\set main_url http://127.0.0.1: :port
\set acme_url http://acme.localhost: :port
\set beta_url http://beta.localhost: :port
CREATE EXTENSION catalogs_fdw;
CREATE SERVER main FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'main_url', requests_per_second '0');
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'acme_url', requests_per_second '0');
CREATE SERVER beta FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url :'beta_url', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER main
    OPTIONS (access_token 'main-token');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
    OPTIONS (access_token 'acme-token');
CREATE USER MAPPING FOR CURRENT_USER SERVER beta
    OPTIONS (access_token 'beta-token');
\set ECHO all
