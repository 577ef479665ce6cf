-- The extension as PostgreSQL's tools see it.
\i sql/include/account.sql

-- Each of its objects says what it is for, but for the types of its views' rows.
SELECT pg_describe_object(classid, objid, 0) AS "without a comment"
    FROM pg_depend
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND classid <> 'pg_type'::regclass
        AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'catalogs_fdw')
        AND classid <> 'pg_type'::regclass
        AND obj_description(objid, classid::regclass::name) IS NULL;
SELECT obj_description(oid, 'pg_foreign_data_wrapper') FROM pg_foreign_data_wrapper WHERE fdwname = 'catalogs_fdw';

-- It can be moved to another schema, and made in one.
CREATE SCHEMA "Amo CRM";
ALTER EXTENSION catalogs_fdw SET SCHEMA "Amo CRM";
BEGIN;
UPDATE catalogs SET name = 'Goods' WHERE id = 4223;
SELECT server, verb, id FROM "Amo CRM".catalogs_fdw_pending;
SELECT verb, id FROM "Amo CRM".catalogs_fdw_flush('acme');
ROLLBACK;
\! emulator wire
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
RESET client_min_messages;
CREATE EXTENSION catalogs_fdw SCHEMA "Amo CRM";
SELECT DISTINCT nspname
    FROM pg_depend JOIN pg_proc ON pg_proc.oid = objid JOIN pg_namespace ON pg_namespace.oid = pronamespace
    WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e' AND proname LIKE 'catalogs_fdw%';
DROP EXTENSION catalogs_fdw;

-- From each version that was shipped there is a way to this one.
SELECT version AS "without a way"
    FROM pg_available_extension_versions v
    WHERE name = 'catalogs_fdw'
        AND version <> (SELECT default_version FROM pg_available_extensions WHERE name = 'catalogs_fdw')
        AND NOT EXISTS (SELECT FROM pg_extension_update_paths('catalogs_fdw') p
            WHERE p.source = v.version AND p.path IS NOT NULL
                AND p.target = (SELECT default_version FROM pg_available_extensions WHERE name = 'catalogs_fdw'));
CREATE EXTENSION catalogs_fdw;
DO $$
DECLARE shipped text;
BEGIN
    FOR shipped IN SELECT version FROM pg_available_extension_versions WHERE name = 'catalogs_fdw' LOOP
        DROP EXTENSION catalogs_fdw;
        EXECUTE format('CREATE EXTENSION catalogs_fdw VERSION %L', shipped);
        SET client_min_messages = warning;
        ALTER EXTENSION catalogs_fdw UPDATE;
        RESET client_min_messages;
    END LOOP;
END $$;
SELECT extversion = default_version AS "is this one"
    FROM pg_extension JOIN pg_available_extensions ON name = extname WHERE extname = 'catalogs_fdw';

DROP EXTENSION catalogs_fdw;
DROP SCHEMA "Amo CRM";
