-- A cursor asks when its first row is fetched, once, and may be left anywhere.
\i sql/include/account.sql

-- Forward to the end, and beyond.
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM catalogs;
\! emulator wire
FETCH 1 FROM c;
\! emulator wire
FETCH 2 FROM c;
FETCH ALL FROM c;
FETCH 1 FROM c;
\! emulator wire
COMMIT;

-- Never fetched from: nothing was asked.
BEGIN;
DECLARE c CURSOR FOR SELECT id, name FROM catalogs;
CLOSE c;
COMMIT;
\! emulator wire

-- Read in part and closed; the same with COMMIT, ROLLBACK and an error.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
CLOSE c;
SELECT count(*) FROM catalogs;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
COMMIT;
SELECT count(*) FROM catalogs;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
ROLLBACK;
SELECT count(*) FROM catalogs;
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
SELECT 1 / 0;
ROLLBACK;
SELECT count(*) FROM catalogs;
\! emulator wire

-- A savepoint that goes takes the cursor with it; one declared before stays.
BEGIN;
DECLARE outside CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM outside;
SAVEPOINT s;
DECLARE inside CURSOR FOR SELECT id FROM catalogs;
FETCH 2 FROM inside;
ROLLBACK TO s;
FETCH 1 FROM outside;
FETCH 1 FROM inside;
ROLLBACK;
\! emulator wire

-- Several at a time, with other statements in between.
BEGIN;
DECLARE a CURSOR FOR SELECT id FROM catalogs;
DECLARE b CURSOR FOR SELECT id FROM catalogs WHERE id = 4231;
FETCH 1 FROM a;
FETCH 1 FROM b;
SELECT count(*) FROM catalogs;
FETCH 1 FROM a;
FETCH 1 FROM b;
\! emulator wire
COMMIT;

-- A list that comes after the reply is not seen; nor is one that went.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
\! emulator put '{"id": 4300, "name": "Later"}'
\! emulator drop 4231
FETCH ALL FROM c;
COMMIT;
\! emulator reset

-- Backward, where the cursor was told so; WITH HOLD reads all at COMMIT.
BEGIN;
DECLARE c SCROLL CURSOR FOR SELECT id FROM catalogs;
FETCH 2 FROM c;
FETCH BACKWARD 1 FROM c;
FETCH LAST FROM c;
FETCH ABSOLUTE 2 FROM c;
FETCH FIRST FROM c;
\! emulator wire
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM catalogs;
FETCH 1 FROM h;
COMMIT;
\! emulator wire
FETCH ALL FROM h;
CLOSE h;
\! emulator wire
BEGIN;
DECLARE c NO SCROLL CURSOR FOR SELECT id FROM catalogs;
FETCH 1 FROM c;
FETCH BACKWARD 1 FROM c;
ROLLBACK;
\! emulator wire

-- In PL/pgSQL.
DO $$
DECLARE
    c refcursor;
    n text;
BEGIN
    OPEN c FOR SELECT name FROM catalogs ORDER BY id;
    FETCH c INTO n;
    RAISE NOTICE '%', n;
    MOVE FORWARD 2 FROM c;
    FETCH c INTO n;
    RAISE NOTICE '%', n;
    FETCH c INTO n;
    RAISE NOTICE '% %', n IS NULL, FOUND;
    CLOSE c;
END
$$;
\! emulator wire

DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
