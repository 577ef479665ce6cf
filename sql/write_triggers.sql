-- Row triggers of a foreign table: what BEFORE makes of a row is sent, AFTER
-- sees the old and the new row.
\i sql/include/account.sql

-- BEFORE UPDATE: a column that only the trigger changes is sent as well, one
-- that it leaves as it is not.
CREATE FUNCTION before_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE NEW.name
        WHEN 'cancel' THEN
            RETURN NULL;
        WHEN 'sort' THEN
            NEW.sort := NEW.sort + 1;
        WHEN 'null' THEN
            NEW.type := NULL;
        WHEN 'old' THEN
            RETURN OLD;
        ELSE
            NEW.type := 'products';
            NEW.name := NEW.name || ', was ' || OLD.name;
    END CASE;
    RETURN NEW;
END $$;
CREATE TRIGGER t BEFORE UPDATE ON catalogs
    FOR EACH ROW EXECUTE FUNCTION before_update();
UPDATE catalogs SET name = 'Prices' WHERE id = 4230
    RETURNING id, name, type, sort;
\! emulator wire
UPDATE catalogs SET can_add_elements = true WHERE id = 4230;
\! emulator wire
-- NULL from a trigger skips the row.
UPDATE catalogs SET name = CASE WHEN id = 4222 THEN 'cancel' ELSE 'Kept' END
    WHERE id < 4230 RETURNING id;
\! emulator wire
-- The rules are the same for a trigger.
UPDATE catalogs SET name = 'sort' WHERE id = 4230;
\echo :LAST_ERROR_SQLSTATE
UPDATE catalogs SET name = 'null' WHERE id = 4230;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire
-- The old row itself: nothing is changed.
UPDATE catalogs SET name = 'old' WHERE id = 4222;
\! emulator wire
DROP TRIGGER t ON catalogs;
DROP FUNCTION before_update();
-- Without the trigger, only what is assigned.
UPDATE catalogs SET name = 'Prices' WHERE id = 4230;
\! emulator wire

-- AFTER.
CREATE TABLE log (n serial, line text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO log (line) VALUES (format('%s %s: %s -> %s', lower(TG_OP),
        CASE WHEN TG_OP = 'INSERT' THEN NEW.id ELSE OLD.id END,
        CASE WHEN TG_OP <> 'INSERT' THEN OLD.name END,
        CASE WHEN TG_OP <> 'DELETE' THEN NEW.name || ', ' || NEW.type END));
    RETURN NULL;
END $$;
CREATE TRIGGER t AFTER UPDATE OR DELETE ON catalogs
    FOR EACH ROW EXECUTE FUNCTION note();
BEGIN;
UPDATE catalogs SET name = 'New name' WHERE id IN (4222, 4223);
DELETE FROM catalogs WHERE id = 4231;
\! emulator wire
COMMIT;
\! emulator wire
SELECT line FROM log ORDER BY n;
-- What a trigger refuses is not sent.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of list % is not wanted', lower(TG_OP), OLD.id;
END $$;
CREATE TRIGGER u AFTER UPDATE OR DELETE ON catalogs
    FOR EACH ROW EXECUTE FUNCTION refuse();
UPDATE catalogs SET name = 'x' WHERE id = 4222;
DELETE FROM catalogs WHERE id = 4222;
\! emulator wire
DROP TRIGGER u ON catalogs;
DROP FUNCTION refuse();
DROP TRIGGER t ON catalogs;

-- AFTER INSERT sees what the account assigned: each row is sent by itself.
TRUNCATE log;
CREATE TRIGGER t AFTER INSERT ON catalogs
    FOR EACH ROW EXECUTE FUNCTION note();
INSERT INTO catalogs (name) VALUES ('One'), ('Two');
\! emulator wire
SELECT line FROM log ORDER BY n;
DROP TRIGGER t ON catalogs;
-- A trigger for the statement does not need that.
CREATE FUNCTION done() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE '% %', lower(TG_WHEN), lower(TG_OP);
    RETURN NULL;
END $$;
CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OR DELETE ON catalogs
    FOR EACH STATEMENT EXECUTE FUNCTION done();
CREATE TRIGGER t2 AFTER INSERT OR UPDATE OR DELETE ON catalogs
    FOR EACH STATEMENT EXECUTE FUNCTION done();
INSERT INTO catalogs (name) VALUES ('Three'), ('Four');
\! emulator wire
UPDATE catalogs SET name = 'Five' WHERE id = 5004;
DELETE FROM catalogs WHERE id = 5004;
\! emulator wire
DROP TRIGGER t1 ON catalogs;
DROP TRIGGER t2 ON catalogs;
DROP FUNCTION done();
-- Nor does one with a condition that no row meets spare it: the condition may
-- be about the id.
TRUNCATE log;
CREATE TRIGGER t AFTER INSERT ON catalogs
    FOR EACH ROW WHEN (NEW.id > 5005) EXECUTE FUNCTION note();
INSERT INTO catalogs (name) VALUES ('Six'), ('Seven');
\! emulator wire
SELECT line FROM log ORDER BY n;
DROP TRIGGER t ON catalogs;

-- BEFORE DELETE.
CREATE FUNCTION before_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.name = 'Six' THEN
        RETURN NULL;
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER t BEFORE DELETE ON catalogs
    FOR EACH ROW EXECUTE FUNCTION before_delete();
DELETE FROM catalogs WHERE id > 5000 RETURNING id, name;
\! emulator wire
DROP TRIGGER t ON catalogs;
DROP FUNCTION before_delete(), note();
DROP TABLE log;

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
