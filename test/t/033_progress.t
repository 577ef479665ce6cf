# catalogs_fdw_progress shows what each session is doing with which account, while it
# does it and no longer, to those who may know.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use Test::More;
use Time::HiRes ();

my $t = CatalogsFdw::Test->new(
	conf => 'max_files_per_process = 64',    # a few connections
	server => { batch_size => 2, max_retries => 9 });
my $node = $t->node;
my $watcher = CatalogsFdw::Session->new($node);
my $session = CatalogsFdw::Session->new($node);

$t->sql('CREATE ROLE clerk LOGIN; CREATE ROLE guest; CREATE ROLE reader IN ROLE pg_read_all_stats');

# The answer of the one who looks, a row a line.
sub answer
{
	my ($sql) = @_;
	return join "\n", map { join '|', map { $_ // '' } @$_ } @{ $watcher->ask($sql)->{rows} };
}

# What is shown of a session.
sub shown
{
	my ($columns, $pid) = @_;
	return answer("SELECT $columns FROM catalogs_fdw_progress WHERE pid = "
		  . ($pid // $session->pid) . ' ORDER BY account');
}

# Looks until the answer is as wanted.
sub becomes
{
	my ($columns, $wanted, $name, $who) = @_;
	my $pid = ($who // $session)->pid;
	my $limit = Time::HiRes::time() + $PostgreSQL::Test::Utils::timeout_default;
	my $got;

	do
	{
		$got = shown($columns, $pid);
		Time::HiRes::usleep(2000);
	} until $got =~ $wanted || Time::HiRes::time() > $limit;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($got, $wanted, $name);
	return;
}

sub is_idle
{
	my ($name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(answer('SELECT count(*) FROM catalogs_fdw_progress'), '0', $name);
	return;
}

# The wait has that name, where waits of extensions have names.
sub wait_event
{
	my ($event) = @_;

	return if $node->pg_version < 17;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok($node->poll_query_until('postgres',
			"SELECT wait_event = '$event' FROM pg_stat_activity WHERE pid = " . $session->pid),
		"... which is the wait $event");
	return;
}

my $what = 'server, activity, waits_for, rows, all_rows, batch, batches';

# ------------------------------------------------------------------------------
# Reading

is_idle('nobody does anything');
$t->emulator('add-many', '3000');
$t->fault('slow', ms => 2, bytes => 4000, on => 'GET');
my $begun = answer('SELECT clock_timestamp()');
$session->send('SELECT count(*) FROM catalogs');
becomes($what, qr/^acme\|reading\|reply\|[1-9]\d*\|\|\|$/, 'a scan, and how many rows it has');
my ($rows, $bytes, $since) = split /\|/, shown('rows, bytes, since');
my ($later, $more, $still) = ($rows, $bytes, $since);
while ($later == $rows && !$session->is_ready)
{
	my $now = shown('rows, bytes, since');
	($later, $more, $still) = split /\|/, $now if $now ne '';
}
cmp_ok($later, '>', $rows, '... which become more');
cmp_ok($more, '>', $bytes, '... as do the bytes');
is($still, $since, '... since it has begun');
is(answer("SELECT timestamptz '$since' >= '$begun'"), 't', '... and not before');
is($session->result->{rows}[0][0], '3004', '... until it has them all');
is_idle('... and shows nothing more');

# What is sent meanwhile is shown for as long as that takes.
$t->fault('slow', ms => 10, bytes => 2000, on => 'GET');
$session->ask('BEGIN; DECLARE c CURSOR FOR SELECT name FROM catalogs; FETCH 1 FROM c');
$session->ask(q{INSERT INTO catalogs (name) VALUES ('new') RETURNING id});
like(shown($what), qr/^acme\|reading\|\w*\|\d+\|\|\|$/, 'a scan that goes on after something was sent');
$session->send('MOVE ALL FROM c');
becomes($what, qr/^acme\|reading\|reply\|[1-9]\d+\|\|\|$/, '... and what it waits for');
$session->result;
is_idle('... and shows nothing more');
$session->ask('ROLLBACK');

# What is given up is waited for no longer.
$session->ask('BEGIN; DECLARE c CURSOR FOR SELECT name FROM catalogs; FETCH 1 FROM c');
$t->fault('status', code => 429, retry_after => 1, on => 'POST');
$session->ask("SAVEPOINT s; SET LOCAL statement_timeout = '200ms'");
is($session->ask(q{INSERT INTO catalogs (name) VALUES ('new') RETURNING id})->{sqlstate},
	'57014', 'a pause that is cancelled');
$session->ask('ROLLBACK TO s');
is(shown('activity, waits_for, until'), 'reading||', '... is not shown beside a scan');
$session->ask('ROLLBACK; SELECT count(*) FROM catalogs');
$t->reset;

# ------------------------------------------------------------------------------
# Sending, and taking back

$t->fault('hold', on => 'POST', nth => 4);
$session->ask(q{BEGIN; INSERT INTO catalogs (name) SELECT 'List ' || i FROM generate_series(1, 15) i;
	UPDATE catalogs SET type = 'x' WHERE id = 4223;
	DELETE FROM catalogs WHERE id = 4222});
$session->send('COMMIT');
becomes($what, qr/^acme\|sending\|reply\|5\|17\|4\|10$/, 'a COMMIT, in its fourth batch');
wait_event('CatalogsFdwRequest');
is(shown('bytes IS NULL, until IS NULL, since <= now(), database, role = current_user'),
	't|t|t|postgres|t', '... and the rest');
$t->emulator('heal');
is($session->result->{sqlstate}, '', '... goes on');
is_idle('... and ends');

# Its attempts have pauses between them.
$t->reset;
$t->fault('status', code => 503, on => 'POST', times => 4);
$session->send(q{DELETE FROM catalogs WHERE id = 4222});
becomes("$what, until > now(), until < now() + interval '5 s'", qr/^acme\|sending\|pause\|0\|1\|1\|1\|t\|t$/, 'a pause before the next attempt');
wait_event('CatalogsFdwBackoff');
is($session->result->{sqlstate}, '', '... which succeeds');

$t->reset;
$session->ask(q{BEGIN; INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c')});
$session->ask(q{SELECT catalogs_fdw_flush('acme')});
$t->fault('hold', on => 'POST', nth => 2);
$session->send('ROLLBACK');
becomes($what, qr/^acme\|taking back\|reply\|2\|3\|2\|2$/, 'an abort');
$t->emulator('heal');
is($session->result->{sqlstate}, '', '... ends');
is_idle('... and shows nothing more');

# ------------------------------------------------------------------------------
# Waiting for a turn

$t->reset;
$t->sql(q{ALTER SERVER acme OPTIONS (SET requests_per_second '1')});
$session->send(q{INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e')});
becomes("$what", qr/^acme\|sending\|turn\|2\|5\|2\|3$/, 'a COMMIT that is paced');
wait_event('CatalogsFdwPace');
is($session->result->{sqlstate}, '', '... gets its turn');
$t->sql(q{ALTER SERVER acme OPTIONS (SET requests_per_second '0')});

# An account that asks to wait is left alone by all.
$t->reset;
my $other = CatalogsFdw::Session->new($node);
$t->fault('status', code => 429, retry_after => 2, on => 'GET');
$session->send('SELECT name FROM catalogs');
becomes("$what, until > now()", qr/^acme\|reading\|pause\|0\|\|\|\|t$/, 'an account asks to wait');
$other->send(q{DELETE FROM catalogs WHERE id = 4222});
becomes("$what, until > now(), until < now() + interval '2 s'", qr/^acme\|reading\|pause\|0\|\|\|\|t\|t$/,
	'... and so does another session', $other);
is($_->result->{sqlstate}, '', '... which goes on') foreach $session, $other;
is_idle('... and ends');

# Who waits already waits for longer when another one is told to.
$t->reset;
$t->set(delay_ms => 300);
$t->fault('status', code => 429, retry_after => 1, on => 'GET');
$t->fault('status', code => 429, retry_after => 3, on => 'GET', nth => 2);
$session->send('SELECT name FROM catalogs');
$t->emulator('wire', '--keep', '--wait', 1);
$other->send('SELECT name FROM catalogs');
becomes("waits_for, until > now() + interval '1.1 s'", qr/^pause\|t$/, 'an account asks one to wait, and another one for longer');
is($_->result->{sqlstate}, '', '... and both go on') foreach $session, $other;

# ------------------------------------------------------------------------------
# Several accounts, and a login

$t->reset;
$t->sql(<<'SQL' =~ s/URL/$t->url/er);
CREATE SERVER beta FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'URL');
CREATE USER MAPPING FOR PUBLIC SERVER beta OPTIONS (login 'robot@example.com', api_key 'main-key');
CREATE FOREIGN TABLE robots (id bigint, name text) SERVER beta;
GRANT SELECT ON robots TO PUBLIC;
SQL
$t->fault('hold', on => 'any', times => 0);
$session->send('SELECT name FROM catalogs UNION ALL SELECT name FROM robots');
becomes('server, activity, waits_for', qr/^(acme\|reading\|reply\nbeta\|reading\|login|beta\|reading\|login\nacme\|reading\|reply)$/,
	'two accounts at the same time, one of which signs in');
ok($node->poll_query_until('postgres',
		"SELECT wait_event = 'AppendReady' FROM pg_stat_activity WHERE pid = " . $session->pid),
	'... for which an Append waits');
$t->emulator('heal');
$session->result;
is_idle('... both end');

# ------------------------------------------------------------------------------
# However it ends

$t->fault('hold', on => 'any', times => 0);
$session->ask('BEGIN; SAVEPOINT a');
$session->send('SELECT name FROM catalogs');
becomes('activity', qr/^reading$/, 'a scan');
$t->sql('SELECT pg_cancel_backend(' . $session->pid . ')');
is($session->result->{sqlstate}, '57014', '... is cancelled');
$session->ask('ROLLBACK TO a');
is_idle('... and shows nothing more, in a transaction that goes on');
$session->ask('COMMIT');

$session->ask('DECLARE c CURSOR WITH HOLD FOR SELECT 1');
$session->send('SELECT name FROM catalogs');
becomes('activity', qr/^reading$/, 'a scan');
$t->sql('SELECT pg_terminate_backend(' . $session->pid . ')');
is($session->result->{sqlstate}, '57P01', '... is terminated');
$node->poll_query_until('postgres', 'SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ' . $session->pid);
is_idle('... and shows nothing more');

# The next backend has its place.
$session = CatalogsFdw::Session->new($node);
$session->send('SELECT name FROM catalogs');
becomes($what, qr/^acme\|reading\|reply\|0\|\|\|$/, 'another one shows what it does itself');
$t->emulator('heal');
$session->result;
is_idle('... as long as it does it');

# ------------------------------------------------------------------------------
# Who may know

$t->fault('hold', on => 'any', times => 0);
my $clerk = CatalogsFdw::Session->new($node, user => 'clerk');
$clerk->send('SELECT name FROM robots');
$session->send('SELECT name FROM catalogs');
becomes('activity', qr/^reading$/, 'a role reads', $_) foreach $clerk, $session;
my $seen = q{SELECT string_agg(role, ' ' ORDER BY role = 'clerk') FROM catalogs_fdw_progress};
my $me = answer('SELECT current_user');
is(answer("SET ROLE $_->[0]; $seen"), $_->[1], "$_->[0] sees $_->[1]")
  foreach ['clerk', 'clerk'], ['guest', ''], ['reader', "$me clerk"];
$watcher->ask('RESET ROLE');
$t->sql(q{CREATE DATABASE other});
$node->safe_psql('other', 'CREATE EXTENSION catalogs_fdw');
is($node->safe_psql('other', q{SELECT database, server, activity FROM catalogs_fdw_progress WHERE role = 'clerk'}),
	'postgres||reading', 'another database sees all but the name of the server');
$t->emulator('heal');
$_->result foreach $clerk, $session;

# ------------------------------------------------------------------------------
# More accounts than there is room for

$t->sql('CREATE TABLE many (name text)');
$t->sql(join ';', map { (
	"CREATE SERVER s$_ FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '" . $t->url . "', requests_per_second '0')",
	"CREATE USER MAPPING FOR CURRENT_USER SERVER s$_ OPTIONS (access_token 'main-token')",
	"CREATE FOREIGN TABLE t$_ () INHERITS (many) SERVER s$_") } 1 .. 20);
$t->fault('hold', on => 'any', times => 0);
$session->send('SELECT name FROM many');
becomes('server, activity', qr/^(?:s\d+\|reading\n?){16}$/, 'sixteen of twenty accounts are shown');
becomes('waits_for', qr{(?=.*^reply$)(?=.*^file descriptor$)}ms, '... of which some have no connection yet');
$t->emulator('heal');
is(scalar @{ $session->result->{rows} }, 80, '... and all are read');
is_idle('... and none is shown any more');

done_testing();
