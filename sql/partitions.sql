-- One table for the lists of several accounts: rows find their account.
\i sql/include/accounts.sql

CREATE TABLE list (account text, id bigint, name text, type text, sort integer)
    PARTITION BY LIST (account);
CREATE FOREIGN TABLE list_acme PARTITION OF list
    FOR VALUES IN ('acme') SERVER acme;
ALTER FOREIGN TABLE list_acme ALTER account OPTIONS (ADD constant 'acme');
-- This one has its columns in another order, and one that was dropped.
CREATE FOREIGN TABLE list_beta (
    gone text, sort integer, type text, name text, id bigint,
    account text OPTIONS (constant 'beta')
) SERVER beta;
ALTER FOREIGN TABLE list_beta DROP COLUMN gone;
ALTER TABLE list ATTACH PARTITION list_beta FOR VALUES IN ('beta');
CREATE TABLE list_local PARTITION OF list FOR VALUES IN ('local');

-- INSERT goes where the account says; the constant is not sent.
INSERT INTO list (account, name, type) VALUES
    ('acme', 'Books', 'regular'), ('beta', 'Films', 'regular'),
    ('local', 'Draft', NULL), ('acme', 'Songs', NULL);
\! emulator wire --accounts --keep --account acme
\! emulator wire --accounts --account beta
\! emulator lists --account acme
\! emulator lists --account beta
TABLE list_local;
-- None of it where one row cannot go anywhere.
INSERT INTO list (account, name) VALUES ('acme', 'x'), ('gamma', 'x');
\echo :LAST_ERROR_SQLSTATE
-- Into the partition itself, the account may be left out, but not another one.
INSERT INTO list_acme (name) VALUES ('Direct');
INSERT INTO list_acme (account, name) VALUES ('beta', 'x');
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --accounts

-- RETURNING through the parent: each row is sent at once, and tells its id;
-- what is local is local.
INSERT INTO list (account, name) VALUES
    ('beta', 'Games'), ('local', 'Draft 2'), ('acme', 'Maps')
    RETURNING tableoid::regclass, account, id, name;
\! emulator wire --accounts
INSERT INTO list (account, name) VALUES ('beta', 'Plays') RETURNING *;
\! emulator wire --accounts

-- COPY.
COPY list (account, name) FROM STDIN;
beta	Copied 1
acme	Copied 2
local	Copied 3
beta	Copied 4
\.
\! emulator wire --accounts --keep --account acme
\! emulator wire --accounts --account beta

-- SELECT asks the accounts that it is about.
SELECT id, name FROM list WHERE account = 'acme' ORDER BY id;
\! emulator wire --accounts
SELECT account, name FROM list WHERE account = 'beta' AND id = 6223;
\! emulator wire --accounts
SELECT name FROM list WHERE account = 'local' ORDER BY name;
\! emulator wire --accounts
SELECT account, count(*) FROM list GROUP BY account ORDER BY account;
\! emulator wire --accounts --keep --account acme
\! emulator wire --accounts --account beta
-- Also with a plan that does not know the account yet.
SET plan_cache_mode = force_generic_plan;
PREPARE names (text) AS SELECT count(*) FROM list WHERE account = $1;
EXECUTE names('beta');
\! emulator wire --accounts
DEALLOCATE names;
RESET plan_cache_mode;

-- UPDATE through the parent.
UPDATE list SET name = 'Vehicles' WHERE account = 'acme' AND id = 5223
    RETURNING tableoid::regclass, account, id, name, type;
\! emulator wire --accounts
UPDATE list SET type = 'regular' WHERE id IN (5224, 6224);
\! emulator wire --summary --accounts --keep --account acme
\! emulator wire --summary --accounts --account beta
\! emulator lists --account acme --columns id,name,type | sed 3q
\! emulator lists --account beta --columns id,name,type | sed 3q
-- A list cannot leave its account: there is no such request.
UPDATE list SET account = 'beta' WHERE account = 'acme' AND id = 5223;
\echo :LAST_ERROR_SQLSTATE
UPDATE list SET account = 'local' WHERE account = 'acme' AND id = 5223;
\echo :LAST_ERROR_SQLSTATE
\! emulator wire --accounts
-- To where it is, it can go.
UPDATE list SET account = 'acme', name = 'Cars' WHERE account = 'acme' AND id = 5223;
\! emulator wire --accounts
-- A local row can become a list: it is deleted here and added there.
UPDATE list SET account = 'acme' WHERE account = 'local' AND name = 'Draft';
\! emulator wire --accounts
SELECT name FROM list_local ORDER BY name;
-- Not with an id that the account did not assign.
INSERT INTO list VALUES ('local', 1, 'Numbered');
UPDATE list SET account = 'acme' WHERE account = 'local' AND id = 1;
\echo :LAST_ERROR_SQLSTATE
SELECT name FROM list_local ORDER BY name;
\! emulator wire --accounts
-- The same when the partition it goes to is itself among those updated.
UPDATE list SET account = 'beta' WHERE name = 'Draft 2'
    RETURNING tableoid::regclass, account, id, name;
\! emulator wire --accounts --keep --account acme
\! emulator wire --accounts --account beta | sort
SELECT name FROM list_local ORDER BY name;

-- DELETE through the parent.
DELETE FROM list WHERE account = 'acme' AND id = 5224 RETURNING *;
\! emulator wire --accounts
WITH gone AS (
    DELETE FROM list WHERE name LIKE 'Copied%'
    RETURNING tableoid::regclass AS partition, account, name)
    SELECT * FROM gone ORDER BY name;
\! emulator wire --accounts --keep --account acme
\! emulator wire --accounts --account beta

-- Two accounts in one transaction, undone together.
BEGIN;
INSERT INTO list (account, name) VALUES ('acme', 'x'), ('beta', 'x'), ('local', 'x');
UPDATE list SET name = 'x' WHERE account = 'beta' AND id = 6223;
ROLLBACK;
\! emulator wire --accounts
SELECT name FROM list_local ORDER BY name;

-- TRUNCATE of the parent empties them all.
BEGIN;
TRUNCATE list;
COMMIT;
\! emulator wire --accounts --keep --account acme
\! emulator wire --accounts --account beta
\! emulator lists --account acme
\! emulator lists --account beta
TABLE list_local;

DROP TABLE list;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
