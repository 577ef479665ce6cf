-- Accounts as partitions: each is asked for what it may hold, and no other.
\i sql/include/accounts.sql
CREATE TABLE lists (account text, id bigint, name text, type text) PARTITION BY LIST (account);
CREATE FOREIGN TABLE lists_main PARTITION OF lists FOR VALUES IN ('main') SERVER main;
ALTER FOREIGN TABLE lists_main ALTER COLUMN account OPTIONS (ADD constant 'main');
CREATE FOREIGN TABLE lists_acme PARTITION OF lists FOR VALUES IN ('acme') SERVER acme;
ALTER FOREIGN TABLE lists_acme ALTER COLUMN account OPTIONS (ADD constant 'acme');
-- One with its columns in another order.
CREATE FOREIGN TABLE lists_beta (type text, name text, account text OPTIONS (constant 'beta'), id bigint) SERVER beta;
ALTER TABLE lists ATTACH PARTITION lists_beta FOR VALUES IN ('beta');

-- All of them; the order in which they are asked is not promised.
SELECT * FROM lists ORDER BY account, id;
\! emulator wire --accounts | sort
SELECT account, count(*) FROM lists GROUP BY account ORDER BY account;
\! emulator wire --accounts | sort
SELECT tableoid::regclass, count(*) FROM lists WHERE type = 'invoices' GROUP BY 1 ORDER BY 1;
\! emulator wire --accounts | sort

-- One, or two: the others are not asked.
SELECT id, name FROM lists WHERE account = 'acme' ORDER BY id;
\! emulator wire --accounts
SELECT account, id FROM lists WHERE account IN ('acme', 'beta') AND type <> 'invoices' ORDER BY id;
\! emulator wire --accounts | sort
SELECT id FROM lists WHERE account = 'another';
\! emulator wire --accounts
-- When it is known only later.
SET plan_cache_mode = force_generic_plan;
PREPARE of(text, bigint) AS SELECT account, name FROM lists WHERE account = $1 AND id = $2;
EXECUTE of('beta', 6223);
EXECUTE of('main', 4223);
EXECUTE of('main', 6223);
EXECUTE of(NULL, 6223);
\! emulator wire --accounts
DEALLOCATE of;
RESET plan_cache_mode;

-- By id alone, each account is asked for that list.
SELECT account, name FROM lists WHERE id = 5223;
\! emulator wire --accounts | sort

-- One that fails, fails all; without it the others do not.
\! emulator fault status account=acme code=402
SELECT count(*) FROM lists;
\! emulator heal
\! emulator fault status account=acme code=402
SELECT count(*) FROM lists WHERE account <> 'acme';
\! emulator heal

DROP TABLE lists;
SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
