-- What an account has accepted when a transaction fails at COMMIT and what is
-- not taken back is listed by id in a WARNING.
\set options ', batch_size ''3'', undo ''false'''
\i sql/include/account.sql
-- psql may show an error before the warnings that follow it, or after them: so
-- of what another psql says, the warnings are shown here.  The errors are those
-- of refused_rows.
\setenv PGDATABASE :DBNAME
\setenv WARNINGS 'grep -A1 --no-group-separator ^WARNING'
\setenv ADD 'INSERT INTO catalogs (name) SELECT \'List \' || g FROM generate_series(1, 8) g'

-- A batch that fails after others: those.
\! emulator fault status code=403 on=POST nth=3 times=1
\! psql -Xqc "$ADD" 2>&1 | $WARNINGS
\! emulator wire --status --summary
\! emulator lists --columns id,name
\! emulator reset
-- The first one: none.
\! emulator fault status code=403 on=POST times=1
\! psql -Xqc "$ADD" 2>&1 | $WARNINGS
\! emulator wire --status --summary
-- All verbs.
\setenv ALL 'BEGIN; DELETE FROM catalogs WHERE id = 4230; INSERT INTO catalogs (name) VALUES (\'a\'), (\'b\'); UPDATE catalogs SET name = \'x\' WHERE id < 4230; COMMIT'
\! emulator fault status code=403 on=POST verb=delete times=1
\! psql -Xqc "$ALL" 2>&1 | $WARNINGS
\! emulator wire --status
\! emulator lists --columns id,name
\! emulator reset
-- Together with what was sent early.
\! emulator fault status code=403 on=POST nth=3 times=1
\! psql -XAtqc "BEGIN; INSERT INTO catalogs (name) VALUES ('early') RETURNING id; $ADD; COMMIT" 2>&1 | $WARNINGS
\! emulator reset

-- An added row whose update is in doubt is named as added.
\! emulator fault status code=503 on=POST verb=update times=9
\! psql -XAtqc "BEGIN; INSERT INTO catalogs (name) VALUES ('early') RETURNING id; UPDATE catalogs SET name = 'x' WHERE id > 5000; COMMIT" 2>&1 | $WARNINGS
\! emulator reset

-- In the batch of a row that is refused, the rows that are not: their ids are
-- in the reply.
\! emulator set partial=update:4223
\! psql -Xqc "UPDATE catalogs SET name = 'x' WHERE id < 4231" 2>&1 | $WARNINGS
\! emulator set partial=delete:4223
\! psql -Xqc "DELETE FROM catalogs WHERE id < 4231" 2>&1 | $WARNINGS
\! emulator set partial=add:2 partial_shape=object_list
\! psql -Xqc "INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c')" 2>&1 | $WARNINGS
\! emulator lists --columns id,name
\! emulator reset
-- None, where the account has done nothing.
\! emulator set partial=update:4223 partial_shape=response
\! psql -Xqc "UPDATE catalogs SET name = 'x' WHERE id < 4231" 2>&1 | $WARNINGS
\! emulator set partial=update:*
\! psql -Xqc "UPDATE catalogs SET name = 'x' WHERE id < 4231" 2>&1 | $WARNINGS
\! emulator lists --columns id,name
\! emulator reset
-- A list that is gone, with others that are not.
\! emulator set post_items=fewer
\! psql -Xqc "UPDATE catalogs SET name = 'x' WHERE id < 4231" 2>&1 | $WARNINGS
\! emulator reset

-- Two accounts: one has accepted, the other one cannot be reached.
CREATE SERVER gone FOREIGN DATA WRAPPER catalogs_fdw
    OPTIONS (url 'http://127.0.0.1:1');
CREATE USER MAPPING FOR CURRENT_USER SERVER gone OPTIONS (access_token 'x');
CREATE FOREIGN TABLE gone_list (name text) SERVER gone;
\! psql -Xqc "BEGIN; INSERT INTO catalogs (name) VALUES ('a'); INSERT INTO gone_list VALUES ('b'); COMMIT" 2>&1 | $WARNINGS
\! emulator wire
\! emulator reset
-- A delete cannot be taken back, even where the rest is.
ALTER SERVER acme OPTIONS (SET undo 'true');
\! emulator set partial=delete:4230
\! psql -Xqc "$ALL" 2>&1 | $WARNINGS
\! emulator wire
\! psql -Xqc "DELETE FROM catalogs WHERE id < 4231" 2>&1 | $WARNINGS
\! emulator lists --columns id,name
\! emulator unset partial
-- A transaction that succeeds says nothing of that kind.
\! psql -Xqc "$ADD" -c "BEGIN" -c "ROLLBACK" 2>&1
\! emulator wire --summary

SET client_min_messages = warning;
DROP EXTENSION catalogs_fdw CASCADE;
