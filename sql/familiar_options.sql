-- Options of other wrappers are refused; the hint says what there is instead.
CREATE EXTENSION catalogs_fdw;
CREATE FUNCTION refusal(command text) RETURNS TABLE (code text, message text, hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN NEXT;
END $$;

SELECT name, hint
    FROM unnest('{host,hostaddr,port,dbname,application_name,fetch_size,use_remote_estimate,extensions,parallel_commit,parallel_abort,analyze_sampling,use_scram_passthrough,ssl,sslmode,sslrootcert}'::text[]) name,
         refusal(format('CREATE SERVER x FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url ''https://x.example'', %s ''1'')', name));
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'https://acme.example');
SELECT name, hint
    FROM unnest('{user,username,token,password,password_required,use_scram_passthrough,sslcert,sslkey}'::text[]) name,
         refusal(format('CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token ''t'', %I ''1'')', name));
SELECT name, hint
    FROM unnest('{schema_name,table_name,fetch_size}'::text[]) name,
         refusal(format('CREATE FOREIGN TABLE t (id bigint) SERVER acme OPTIONS (%s ''1'')', name));
SELECT name, hint
    FROM unnest('{import_collate,import_default,import_generated,import_not_null}'::text[]) name,
         refusal(format('IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public OPTIONS (%s ''1'')', name));

-- What is near to an option of ours is taken for that.
SELECT * FROM refusal('CREATE SERVER x FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url ''https://x.example'', poxy ''1'')');
-- No wrapper of ours takes options itself.
SELECT * FROM refusal('ALTER FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (host ''x'')');

DROP FUNCTION refusal;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
