\set ECHO none
-- Replies that the account gives one after the other, with the statements that ask:
--
--   INSERT INTO replies (body, statement) VALUES ...;
--   :arm      the next requests are answered with these bodies
--   :ask      runs the statements, and forgets the replies (and psql 17 their SQLSTATEs)
--
-- Each statement is shown with the body of its reply, as a comment.
CREATE TEMP TABLE replies (n serial, body text, statement text);
CREATE TEMP VIEW faults AS
    SELECT 'emulator fault body text=''' || replace(body, '''', '''\''''') || ''''
    FROM replies ORDER BY n;
CREATE FUNCTION pg_temp.take_statements() RETURNS SETOF text LANGUAGE sql AS $$
    WITH taken AS (DELETE FROM replies RETURNING *)
    SELECT format('%s /* %s */', statement, body) FROM taken ORDER BY n
$$;
\set arm 'TABLE faults \\g (format=unaligned tuples_only=on) |sh'
\set ask 'SELECT pg_temp.take_statements() \\gexec'
\set ECHO all
