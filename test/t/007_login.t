# A user mapping with a login signs in when it has to, once more after a 401 and
# no more; and what is secret in a user mapping shows nowhere.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use PostgreSQL::Test::Utils;
use Test::More;

my $key = 'main-key';
my $t = CatalogsFdw::Test->new(table => 0, server => { request_timeout => '500ms' });
my $url = $t->url;
$t->sql(<<"SQL");
CREATE SERVER acme FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url '$url', request_timeout '500ms', batch_size '2', undo 'false', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (login 'robot\@example.com', api_key '$key');
IMPORT FOREIGN SCHEMA amocrm FROM SERVER acme INTO public;
SQL
my $count = 'SELECT count(*) FROM catalogs';
my $insert = q{INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e')};

# The requests since the last time, each as "GET 200".
sub requests
{
	my @lines;
	foreach (split /\n/, $t->wire('--status', '--summary'))
	{
		push @lines, $_ if /^!/;
		my ($method, $path, $status) = /^(\S+) (\S+).* -> (.*)$/ or next;
		push @lines, ($path =~ /auth\.php/ ? 'LOGIN' : $method) . " $status";
	}
	return join ', ', @lines;
}

# ------------------------------------------------------------------------------
# One login for a session

my $session = $t->session;
is($t->try_in($session, $count)->{output}, 4, 'a login opens the account');
is(requests(), 'LOGIN 200, GET 200', 'signed in before the first request');
$t->try_in($session, $count);
$t->try_in($session, "BEGIN; $count; COMMIT");
$t->try_in($session, q{UPDATE catalogs SET name = 'Other' WHERE id = 4223});
is(requests(), 'GET 200, GET 200, GET 200, POST 200', 'and not again');

# Neither an error nor a lost connection is a reason to sign in again.
$t->try_in($session, 'SELECT 1 / 0 FROM catalogs');
$t->fault('close_after_request', on => 'GET', times => 0);
$t->try_in($session, $count);
$t->emulator('heal');
requests();
is($t->try_in($session, $count)->{output}, 4, 'after a lost connection');
is(requests(), 'GET 200', '... the cookie still holds');
$t->sql(q{ALTER SERVER acme OPTIONS (ADD keep_connections 'false')});
$t->try_in($session, $count) foreach 1 .. 3;
is(requests(), 'LOGIN 200, GET 200, GET 200, GET 200',
	'and without kept connections it is kept as well');
$t->sql('ALTER SERVER acme OPTIONS (DROP keep_connections)');

# Each session, and each role, has its own.
my $other = $t->session;
$t->try_in($other, $count);
is(requests(), 'LOGIN 200, GET 200', 'another session signs in itself');
$other->quit;
$t->sql(q{CREATE ROLE clerk LOGIN; GRANT SELECT ON catalogs TO clerk;
	CREATE USER MAPPING FOR clerk SERVER acme
		OPTIONS (login 'robot@example.com', api_key 'wrong')});
$t->try_in($session, $count);
requests();
is($t->try_in($session, "SET ROLE clerk; $count")->{sqlstate},
	'28000', 'a role with a wrong key does not get in');
is(requests(), 'LOGIN 401', '... not even by the cookie of another');
is($t->try_in($session, "RESET ROLE; $count")->{output}, 4, 'who is in stays in');
is(requests(), 'GET 200', '... with the cookie of before');

# Another account in the same session: cookies do not mix.
my $elsewhere = $url =~ s/127\.0\.0\.1/acme.localhost/r;
$t->sql(<<"SQL");
CREATE SERVER other FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$elsewhere', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER other
	OPTIONS (login 'robot\@example.com', api_key 'acme-key');
CREATE SCHEMA other;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER other INTO other;
SQL
is($t->try_in($session, 'SELECT count(*) FROM other.catalogs')->{output},
	2, 'a second account in the session');
is($t->try_in($session, $count)->{output}, 4, '... beside the first');
is(requests(), 'LOGIN 200, GET 200, GET 200', '... with a login of its own');

# ------------------------------------------------------------------------------
# A 401: sign in again, once

$t->emulator('expire');
is($t->try_in($session, $count)->{output}, 4, 'an expired login is renewed');
is(requests(), 'GET 401, LOGIN 200, GET 200', '... after the 401');

$t->fault('status', code => 401, on => 'GET', times => 0);
is($t->try_in($session, $count)->{sqlstate}, '28000', 'still 401: an error');
is(requests(), 'GET 401, LOGIN 200, GET 401', '... after one login');
$t->emulator('heal');
is($t->try_in($session, $count)->{output}, 4, 'the next statement tries again');
like(requests(), qr/^(LOGIN 200, )?GET 200$/, '... with one login at most');

# A POST is repeated after a 401, and then only.
$t->emulator('reset');
$t->try_in($session, $count);
requests();
$t->emulator('expire');
is( $t->try_in($session, q{INSERT INTO catalogs (name) VALUES ('Once')})->{error},
	'', 'expired before COMMIT: no error');
is(requests(), 'POST 401, LOGIN 200, POST 200', '... since the POST is repeated');
is( $t->sql(q{SELECT count(*) FROM catalogs WHERE name = 'Once'}),
	1, '... and was carried out once');
requests();

# It expires between the batches of one COMMIT: while the reply to the first is
# under way.
$t->emulator('reset');
$t->try_in($session, $count);
requests();
$t->fault('hold', on => 'POST');
$session->{stdin} .= "$insert;\n\\echo over\n";
$session->{run}->pump_nb;
$t->emulator('wire', '--keep', '--wait', 1);
$t->emulator('expire');
$t->emulator('heal');
$session->{run}->pump until $session->{stdout} =~ /over\n/;
$session->{stdout} = '';
is(requests(), 'POST 200, POST 401, LOGIN 200, POST 200, POST 200',
	'expired between the batches of a COMMIT: only the refused one is repeated');
is($t->try_in($session, $count)->{output}, 9, '... and each row is there once');
requests();

# The key is no longer good when it expires there: an error that tells what the
# account has accepted before.
$t->emulator('reset');
$t->try_in($session, $count);
requests();
$t->fault('status', code => 401, on => 'POST', nth => 2, times => 0);
$t->set(login_error => 110);
my $got = $t->try_in($session, $insert);
is($got->{sqlstate}, '28000', 'no login between two batches: an error');
like($got->{error}, qr/WARNING:.* remain .*\nDETAIL: .* add of lists 5001, 5002\./m,
	'... that names what the account has accepted');
is(scalar(() = $got->{error} =~ /WARNING/g), 1, '... and no more');
is(requests(), 'POST 200, POST 401, LOGIN 401', '... after one login');
$t->emulator('heal');
$t->reset;

# A lost connection is no 401.
$t->try_in($session, $count);
requests();
$t->fault('reset_kept', on => 'POST', times => 0);
$got = $t->try_in($session, q{INSERT INTO catalogs (name) VALUES ('Once')});
is($got->{sqlstate}, '08007', 'a lost POST with a login');
is(scalar(() = requests() =~ /POST/g), 1, '... is sent once');
$t->emulator('heal');

# ------------------------------------------------------------------------------
# The account refuses the login, or the login goes wrong

$t->reset;
my %refusals = (101 => '28000', 110 => '28000', 111 => '28000', 112 => '28000',
	113 => '42501');
foreach my $code (sort keys %refusals)
{
	$t->set(login_error => $code);
	$t->fails_with($refusals{$code}, qr/sign in to server "acme".*code $code/s,
		$count, "login refused with $code");
	is(requests() =~ tr/,//, 0, "... after one request");
}
$t->reset;
foreach my $body ('auth_false', 'html', 'empty', 'no_cookie')
{
	$t->set(auth_body => $body);
	$t->fails_with('28000', qr/server "acme"/, $count, "login answered with $body");
	unlike(requests(), qr/LOGIN.*LOGIN/, '... after one login');
}
$t->reset;
foreach (
	[ 'close_after_request', '08006' ], [ 'silent', '08006' ],
	[ 'close_middle', 'HV00M' ], [ 'garbage', 'HV00M' ],
	[ 'status', 'HV000' ], [ 'redirect', '08001' ])
{
	my ($fault, $sqlstate) = @$_;
	$t->fault($fault, on => 'LOGIN', times => 0);
	$t->fails_with($sqlstate, qr/sign in to server "acme"/, $count,
		"login struck by $fault: reading");
	# Nothing of the change was sent: its outcome is known.
	$got = $t->fails_with($sqlstate, qr/sign in to server "acme"/,
		q{INSERT INTO catalogs (name) VALUES ('x')},
		"login struck by $fault: writing");
	unlike($got->{error}, qr/WARNING|08007|"x"/,
		"login struck by $fault: nothing is said of the rows");
	unlike(requests(), qr/POST|GET/, "login struck by $fault: nothing was sent");
	$t->emulator('heal');
}
is($t->sql($count), 4, 'after that it works');

# A redirect of the login must not carry the key elsewhere.
$t->wire;
$t->fault('redirect', on => 'LOGIN', code => 307, to => "$url/elsewhere");
$t->try_sql($count);
unlike($t->wire, qr/elsewhere/, 'a redirected login is not followed');

# ------------------------------------------------------------------------------
# Secrets

$session->quit;
$t->reset;
my $token = 'a-token-that-nobody-should-see';
$t->sql(<<"SQL");
CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (access_token '$token');
CREATE ROLE guest LOGIN;
GRANT SELECT, INSERT ON catalogs TO guest;
GRANT USAGE ON FOREIGN SERVER acme TO guest;
SQL
# From here on everything is logged that can be; the statements above were not.
$t->node->append_conf('postgresql.conf', <<'CONF');
log_min_messages = debug5
log_error_verbosity = verbose
log_min_error_statement = debug5
log_min_duration_statement = 0
log_connections = on
debug_print_parse = on
debug_print_rewritten = on
debug_print_plan = on
CONF
$t->node->restart;
my $said = '';
foreach my $role (
	q{SET ROLE guest}, q{RESET ROLE})
{
	$session = $t->session;
	$t->try_in($session, $role);
	foreach my $sql (
		$count,
		$insert,
		"EXPLAIN (VERBOSE, ANALYZE, COSTS OFF) $count",
		"EXPLAIN (VERBOSE, COSTS OFF) $insert",
		"$insert RETURNING *",
		'TABLE pg_user_mappings',
		'SELECT * FROM pg_stat_activity',
		'SELECT * FROM pg_prepared_statements, pg_cursors',
		'SELECT * FROM pg_backend_memory_contexts')
	{
		foreach my $fault (
			[],
			[ 'status', code => 401 ],
			[ 'status', code => 500 ],
			[ 'close_after_request' ],
			[ 'garbage_body' ],
			[ 'redirect' ])
		{
			my ($word, @pairs) = @$fault;
			$t->fault($word, @pairs, times => 0) if $word;
			$got = $t->try_in($session, $sql);
			# An owner may see a mapping's options: that is PostgreSQL's rule.
			$said .= $got->{error} . $got->{output}
			  unless $sql =~ /pg_user_mappings/ && $role =~ /RESET/;
			$t->emulator('heal');
		}
	}
	$session->quit;
}
my ($cookie) = $t->emulator('sessions') =~ /^(\S+)/;
my $log = $t->log;
cmp_ok(length $log, '>', 100_000, 'the log has everything');
# Not unlike(): it would print them.
ok($said !~ /\Q$token\E/, 'the token is in no message, view or plan');
ok($said !~ /\Q$key\E/, 'nor is the key');
ok($said !~ /\Q$cookie\E/, 'nor is the cookie');
ok($log !~ /\Q$token\E/, 'the token is not in the log');
ok($log !~ /\Q$key\E/, 'nor is the key');
ok($log !~ /\Q$cookie\E/, 'nor is the cookie');

done_testing();
