-- Replies to POSTs differ from what the vendor's page shows, and between
-- accounts.  Each new row gets its own id, and each change is seen to be done.
\i sql/include/account.sql

-- The id of a row that is sent by itself, with and without a request_id, and
-- with what the account does with it.
\! emulator set request_id=echo
INSERT INTO catalogs (name, request_id) VALUES ('echo 1', 1), ('echo 2', NULL)
    RETURNING id, name;
\! emulator set request_id=none
INSERT INTO catalogs (name, request_id) VALUES ('none 1', 1), ('none 2', NULL)
    RETURNING id, name;
\! emulator set request_id=generated
INSERT INTO catalogs (name, request_id) VALUES ('gen. 1', 1), ('gen. 2', NULL)
    RETURNING id, name;
\! emulator set request_id=foreign
INSERT INTO catalogs (name, request_id) VALUES ('foreign 1', 1), ('foreign 2', NULL)
    RETURNING id, name;
\! emulator set request_id=echo numbers=string
INSERT INTO catalogs (name, request_id) VALUES ('string 1', 1), ('string 2', NULL)
    RETURNING id, name;
\! emulator unset numbers
\! emulator set links=_link key_order=reversed
INSERT INTO catalogs (name, request_id) VALUES ('link 1', 1), ('link 2', NULL)
    RETURNING id, name;
\! emulator set links=none escapes=php pretty=on
INSERT INTO catalogs (name, request_id) VALUES ('links 1', 1), ('links 2', NULL)
    RETURNING id, name;
\! emulator unset links key_order escapes pretty request_id
\! emulator set post_items_shape=nested
INSERT INTO catalogs (name) VALUES ('nested') RETURNING id, name;
\! emulator set post_items_shape=map
INSERT INTO catalogs (name) VALUES ('map') RETURNING id, name;
\! emulator set post_items_shape=map_of_lists
INSERT INTO catalogs (name) VALUES ('map of lists') RETURNING id, name;
\! emulator unset post_items_shape
-- It is the same in the account.
\! emulator lists --columns id,name
\! emulator wire --count
\! emulator reset

-- Every verb, several rows each, in every shape.
CREATE PROCEDURE change(n int) LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM catalogs WHERE id > 5000;
    UPDATE catalogs SET name = 'Changed ' || n WHERE id < 5000;
    INSERT INTO catalogs (name, request_id)
        SELECT format('Added %s.%s', n, g), g FROM generate_series(1, 3) g;
END $$;
CALL change(1);
\! emulator wire
\! emulator set post_items_shape=nested
CALL change(2);
\! emulator set post_items_shape=map
CALL change(3);
\! emulator set post_items_shape=map_of_lists
CALL change(4);
\! emulator set post_items_shape=list post_order=reversed
CALL change(5);
\! emulator set post_order=sent request_id=reversed
CALL change(6);
\! emulator set request_id=none numbers=string links=none
CALL change(7);
\! emulator unset request_id numbers links
\! emulator wire --summary
\! emulator lists --columns id,name

-- A POST that only deletes has little to tell.
\! emulator set delete_items=numbers
DELETE FROM catalogs WHERE id = 5019;
\! emulator wire --status
-- 204 is a success.
\! emulator set delete_items=no_content
DELETE FROM catalogs WHERE id = 5020;
\! emulator wire --status
\! emulator lists --columns id,name
\! emulator unset delete_items
\! emulator reset --empty

-- Which id goes to which row of a batch is shown by what takes it back when the
-- next batch fails: a delete with the ids in the order of the rows.  The rows
-- were added in that order, so the ids are to ascend.
ALTER SERVER acme OPTIONS (ADD batch_size '3');
PREPARE named AS
    INSERT INTO catalogs (name, request_id)
    VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4);
PREPARE unnamed AS
    INSERT INTO catalogs (name, request_id)
    VALUES ('a', 1), ('b', NULL), ('c', 3), ('d', 4);
\set VERBOSITY terse
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE named;
\! emulator wire
-- By request_id, when each one comes back.
\! emulator set post_order=reversed
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE named;
\! emulator wire | grep delete
\! emulator set post_items_shape=map_of_lists numbers=string
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE named;
\! emulator wire | grep delete
\! emulator set post_order=sent post_items_shape=list numbers=int request_id=reversed
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE named;
\! emulator wire | grep delete
-- By position, when one row has none, none come back, only some do, or others.
\! emulator set request_id=echo
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE unnamed;
\! emulator wire | grep delete
\! emulator set request_id=generated
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE unnamed;
\! emulator wire | grep delete
\! emulator set request_id=none
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE named;
\! emulator wire | grep delete
\! emulator set request_id=partial
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE named;
\! emulator wire | grep delete
\! emulator set request_id=foreign
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE named;
\! emulator wire | grep delete
-- There is nothing but the position then, right or wrong.
\! emulator set post_order=reversed
\! emulator fault status code=403 on=POST nth=2 times=1
EXECUTE named;
\! emulator wire | grep delete
\set VERBOSITY default
\! emulator lists

DROP PROCEDURE change(int);
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
