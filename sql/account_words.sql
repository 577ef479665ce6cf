-- What the account says of a failure is shown, wherever it says it, once, and in
-- the encoding in which it says it.
\set options ', max_retries ''0'''
\i sql/include/account.sql
SET client_min_messages = error;

-- A page in HTML: its title, in the encoding of the header or of the page.
\set page '\\! page() { f=$(mktemp); printf "%s" "$2" | iconv -f UTF-8 -t $1 > $f; shift 2; emulator fault body file=$f "$@"; rm $f; }; page'
:page WINDOWS-1251 '<html><head><title>Доступ закрыт</title></head></html>' code=403 'type=text/html; charset=windows-1251'
SELECT name FROM catalogs;
\echo :SQLSTATE
:page WINDOWS-1251 '<HTML><META http-equiv="Content-Type" content="text/html; charset=windows-1251"><TITLE lang="ru">Доступ закрыт</TITLE></HTML>' code=403 type=text/html
SELECT name FROM catalogs;
:page KOI8-R '<html><meta charset=koi8-r><title>Доступ закрыт</title></html>' code=403 type=text/html
SELECT name FROM catalogs;
:page UTF-8 '<html><title>Доступ закрыт</title></html>' code=403 'type=text/html; charset=UTF-8'
SELECT name FROM catalogs;
-- In none that is known, or not in the one that it says.
:page WINDOWS-1251 '<html><title>Доступ 7</title></html>' code=403 'type=text/html; charset=klingon'
SELECT name FROM catalogs;
:page UTF-8 '<html><title>И</title></html>' code=403 'type=text/html; charset=windows-1251'
SELECT name FROM catalogs;
:page WINDOWS-1251 '<html><title>Доступ закрыт</title></html>' code=403 'type=text/html; charset=cp1251'
SELECT name FROM catalogs;
-- A title without an end of its tag is none.
:page UTF-8 '<title</title' code=403 type=text/html
SELECT name FROM catalogs;
-- Without a title: what it says, to who looks at it.
:page UTF-8 '<html><title> </title><style>p { color: red }</style><script>if (1 > 0) { }</script><!-- <p> --><p>Доступ закрыт</p></html>' code=403
SELECT name FROM catalogs;
:page WINDOWS-1251 '<html><body><h1>Аккаунт</h1><p>заблокирован</p></body></html>' code=403 'type=text/html; charset=windows-1251'
SELECT name FROM catalogs;

-- A page as a success, which a blocked account may answer.
:page WINDOWS-1251 '<html><title>Аккаунт заблокирован</title></html>' 'type=text/html; charset=windows-1251'
SELECT name FROM catalogs;
\echo :SQLSTATE
:page WINDOWS-1251 '<html><title>Аккаунт заблокирован</title></html>' on=POST 'type=text/html; charset=windows-1251'
INSERT INTO catalogs (name) VALUES ('x');
\echo :SQLSTATE
-- What is no page is not shown.
\! emulator fault body 'text=?<title>x</title>'
SELECT name FROM catalogs;

-- validation-errors, as a list and as a map.
\! emulator fault body code=400 text='{"title":"Bad Request","validation-errors":[{"request_id":"0","errors":[{"code":"Long","path":"name","detail":"Too long"}]}]}'
SELECT name FROM catalogs;
\! emulator fault body code=400 text='{"title":"Bad Request","validation-errors":{"0":{"errors":[{"code":"Long","path":"name","detail":"Too long"}]}}}'
SELECT name FROM catalogs;
\! emulator fault body code=400 text='{"title":"Bad Request","validation-errors":{"0":[{"code":"Long","path":"name","detail":"Too long"}]}}'
SELECT name FROM catalogs;

-- The same words are said once.
\! emulator fault body code=403 text='{"title":"Forbidden","detail":"Forbidden"}'
SELECT name FROM catalogs;
\! emulator fault body code=403 text='{"title":"Forbidden","detail":"forbidden.","hint":"Forbidden to you"}'
SELECT name FROM catalogs;

-- libcurl says nothing of what is told already.
ALTER SERVER acme OPTIONS (ADD max_response_size '100B');
SELECT name FROM catalogs;
\echo :SQLSTATE
ALTER SERVER acme OPTIONS (DROP max_response_size);

DROP FOREIGN TABLE catalogs;
DROP USER MAPPING FOR CURRENT_USER SERVER acme;
DROP SERVER acme;
DROP EXTENSION catalogs_fdw;
