# No token, key, password or cookie is in what a role is shown or in the server's log,
# however much is logged; nor does a copy of the wrapper's own outlive its session in
# memory.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use File::Basename qw(dirname);
use IPC::Run ();
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;

# What the emulated account wants, and gives.
my ($token, $key, $login) = ('main-token', 'main-key', 'robot@example.com');
my ($proxy_user, $proxy_password) = ('proxy-robot', 'proxy-secret');
my $basic = encode_base64("$proxy_user:$proxy_password", '');
my $secret = qr/$token|$key|\Q$login\E|session-main-|$proxy_user|$proxy_password|$basic/;

# What else can see a statement; a server may have been built without.
my $folder = $ENV{CATALOGS_PG_LIBRARIES};
my @modules = grep { -e "$folder/$_.so" } qw(auto_explain pg_stat_statements);
my $t = CatalogsFdw::Test->new(
	server => { request_timeout => '200ms', max_retries => 0 },
	conf => "shared_preload_libraries = '" . join(',', @modules) . "'");
my $url = $t->url;
$t->sql(<<"SQL");
CREATE SERVER robot FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url '$url', requests_per_second '0', request_timeout '200ms', max_retries '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER robot OPTIONS (login '$login', api_key '$key');
CREATE FOREIGN TABLE robots (id bigint, name text, sort integer) SERVER robot;
-- The emulator serves as the proxy.
CREATE SERVER behind FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'http://main.example:81', proxy '$url', requests_per_second '0', request_timeout '200ms',
		max_retries '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER behind
	OPTIONS (access_token '$token', proxy_user '$proxy_user', proxy_password '$proxy_password');
CREATE FOREIGN TABLE proxied (id bigint, name text, sort integer) SERVER behind;
CREATE FUNCTION in_a_function() RETURNS bigint LANGUAGE plpgsql AS
	'BEGIN RETURN (SELECT count(*) FROM robots); END';
SQL

# ------------------------------------------------------------------------------
# In the server's log, and in what a client is told

$t->node->append_conf('postgresql.conf', <<'CONF');
log_min_messages = debug5
log_min_error_statement = debug5
log_error_verbosity = verbose
log_statement = all
log_duration = on
log_min_duration_statement = 0
log_statement_stats = on
log_connections = on
log_disconnections = on
debug_print_parse = on
debug_print_rewritten = on
debug_print_plan = on
catalogs_fdw.log_requests = on
log_line_prefix = '%m %a %u %d %r %h %b %p %P %t %n %i %e %c %l %s %v %x %Q '
CONF
$t->node->append_conf('postgresql.conf', <<'CONF') if grep { $_ eq 'auto_explain' } @modules;
auto_explain.log_min_duration = 0
auto_explain.log_analyze = on
auto_explain.log_verbose = on
auto_explain.log_settings = on
auto_explain.log_nested_statements = on
CONF
$t->node->restart;
my $start = length $t->log;

my $shown = '';
my $session = $t->session;
sub show
{
	my ($sql) = @_;
	my $got = $t->try_in($session, "\\set SHOW_CONTEXT always\n$sql");
	$shown .= "$got->{output}\n$got->{error}\n";
	return;
}

show('SET client_min_messages = debug5');

# What works.
show(q{SELECT id, name FROM catalogs ORDER BY id});
show(q{SELECT id, name FROM robots WHERE id = 4223});
show('SELECT in_a_function()');
show(qq{INSERT INTO $_ (name) VALUES ('Books'); UPDATE $_ SET name = 'Films' WHERE name = 'Books';
	DELETE FROM $_ WHERE name = 'Films'}) foreach qw(catalogs robots);
foreach my $sql ('SELECT * FROM robots', q{INSERT INTO robots (name) VALUES ('Tea') RETURNING id},
	'DELETE FROM catalogs WHERE id = 1', 'SELECT in_a_function()')
{
	show("EXPLAIN (ANALYZE, VERBOSE, SETTINGS, BUFFERS, WAL, FORMAT JSON) $sql");
}
$t->emulator('expire');
show('SELECT count(*) FROM robots');
is(join("\n", $shown =~ /(ERROR: .*)/g), '', 'statements that work');

# What fails, who is asked repeating all that it was told.
sub repeat
{
	my ($table, @told) = @_;
	foreach my $words (@told)
	{
		foreach my $fault (
			[ 'status', code => 403, body => 'problem', detail => "What is $words?" ],
			[ 'status', code => 500, body => "text:<html><title>$words</title>$words" ],
			[ 'redirect', to => "https://moved.example/?$words" ])
		{
			$t->fault(@$fault, times => 0);
			show("SELECT count(*) FROM $table; INSERT INTO $table (name) VALUES ('Books')");
			$t->emulator('heal');
		}
	}
	return;
}
repeat('catalogs', $token);
repeat('robots', $key, $login, 'session-main-1', 'session-main-2');
repeat('proxied', $token, $proxy_user, $proxy_password, $basic);
foreach my $fault ('close_after_request', 'close_applied', 'silent', 'cut', 'garbage_body')
{
	$t->fault($fault, times => 0);
	show("SELECT count(*) FROM $_; BEGIN; INSERT INTO $_ (name) VALUES ('Books'); SELECT 1 FROM $_; COMMIT")
	  foreach qw(catalogs robots proxied);
	$t->emulator('heal');
}
$t->reset;
show(q{BEGIN; INSERT INTO robots (name) VALUES ('Tea') RETURNING id; SELECT 1 / 0});
show('ROLLBACK');
$t->set(login_error => 110);
show('SELECT catalogs_fdw_disconnect_all(); SELECT count(*) FROM robots');
$t->reset;

# What there is to be seen.
show('SELECT count(*) FROM robots');
show(q{BEGIN; INSERT INTO robots (name) VALUES ('Tea')});
show("SELECT * FROM $_") foreach map { "catalogs_fdw_$_" } qw(sessions pending progress stats);
show("SELECT * FROM $_")
  foreach qw(pg_stat_activity pg_backend_memory_contexts pg_settings pg_prepared_statements
  pg_cursors pg_foreign_server pg_foreign_table pg_locks);
show('ROLLBACK');
if (grep { $_ eq 'pg_stat_statements' } @modules)
{
	$t->sql('CREATE EXTENSION pg_stat_statements');
	show('SELECT pg_stat_statements_reset(); SELECT count(*) FROM robots; SELECT * FROM pg_stat_statements');
}
$session->quit;

my $log = substr $t->log, $start;
foreach (
	[ qr/DEBUG: /, 'DEBUG lines', $shown, $log ],
	[ qr/\bcatalogs_fdw request: GET/, 'requests', $log ],
	[ qr/\*{8}/, 'asterisks', $shown, $log ],
	[ qr/statement: .*robots/, 'statements', $log ],
	[ qr/ERROR: /, 'errors', $shown ])
{
	my ($regex, $what, @texts) = @$_;
	is(scalar(grep { $_ !~ $regex } @texts), 0, "there are $what");
}

# The lines that hold one, without what they hold.
sub lines_with_secrets { return join "\n", grep { /$secret/ } split /\n/, $_[0]; }
is(lines_with_secrets($shown), '', 'no secret is shown to a client');
is(lines_with_secrets($log), '', 'no secret is logged');

# ------------------------------------------------------------------------------
# In memory

SKIP:
{
	skip 'the sanitizers have memory of their own', 6 if ($ENV{CATALOGS_UNDER} // '') eq 'sanitizers';

	my $library = PostgreSQL::Test::Utils::tempdir() . '/machine.so';
	my $said = '';
	IPC::Run::run([ 'cc', '-shared', '-fPIC', '-O1', "-I$ENV{CATALOGS_PG_INCLUDE}", '-o', $library,
			dirname(__FILE__) . '/machine.c' ], '>&', \$said) or die $said;
	# Long ones, for which freed memory is not soon taken again.  The account refuses them;
	# the session keeps them nevertheless.
	my ($long_token, $long_key) = map { "$_-" . join('', map { chr 97 + rand 26 } 1 .. 900) } qw(token key);
	$t->sql(<<"SQL");
CREATE FUNCTION copies(backwards cstring) RETURNS cstring AS '$library' LANGUAGE C;
ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (SET access_token '$long_token');
ALTER USER MAPPING FOR CURRENT_USER SERVER robot OPTIONS (SET api_key '$long_key');
SQL
	$session = $t->session;

	# The wrapper's own copies of a secret: others of the server's follow the name of the
	# option, and libcurl's are followed by the rest of a request.
	my $own = sub
	{
		my ($text) = @_;
		my $backwards = reverse $text;
		my $found = $session->query("SELECT copies('$backwards')");
		return scalar grep { / end$/ && !/(access_token|api_key)[=.] end$/ } split /\n/, $found;
	};
	foreach my $table (qw(catalogs robots))
	{
		is($t->try_in($session, "SELECT count(*) FROM $table")->{sqlstate}, '28000', "$table: refused");
	}
	cmp_ok($own->($long_token), '>', 0, 'a session has its token');
	cmp_ok($own->($long_key), '>', 0, '... and its key');
	$session->query('SELECT catalogs_fdw_disconnect_all()');
	is($own->($long_token), 0, 'who is disconnected has no token');
	is($own->($long_key), 0, '... and no key');
	$session->quit;
}

done_testing();
