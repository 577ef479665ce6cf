# The accounts of an agency spread over several PostgreSQL servers: partitions of
# postgres_fdw lead to servers that ask the accounts.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @accounts = qw(acme beta main);
my $t = CatalogsFdw::Test->new(table => 0);
my ($port) = $t->url =~ /:(\d+)$/;

# Two further servers; each with a table of the accounts that it asks.
my %ask = (north => ['acme'], south => [ 'beta', 'main' ]);
my %node;
foreach my $name (sort keys %ask)
{
	my $node = $node{$name} = PostgreSQL::Test::Cluster->new($name);

	$node->init;
	$node->append_conf('postgresql.conf', 'log_statement = none');
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION catalogs_fdw;
		CREATE TABLE list (account text, id bigint, name text) PARTITION BY LIST (account)');
	$node->safe_psql('postgres', accounts(@{ $ask{$name} }));
}

# Partitions of "list" for accounts that this server itself asks.
sub accounts
{
	return join ';', map { <<"SQL" } @_;
CREATE SERVER $_ FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'http://$_.localhost:$port', requests_per_second '0');
CREATE USER MAPPING FOR CURRENT_USER SERVER $_ OPTIONS (access_token '$_-token');
CREATE FOREIGN TABLE list_$_ PARTITION OF list FOR VALUES IN ('$_') SERVER $_;
ALTER FOREIGN TABLE list_$_ ALTER account OPTIONS (ADD constant '$_')
SQL
}

# The server that is asked has a partition for each of them.
$t->sql('CREATE EXTENSION postgres_fdw;
	CREATE TABLE list (account text, id bigint, name text) PARTITION BY LIST (account)');
foreach my $name (sort keys %node)
{
	my $values = join ', ', map { "'$_'" } @{ $ask{$name} };
	my ($host, $server_port) = ($node{$name}->host, $node{$name}->port);

	$t->sql(<<"SQL");
CREATE SERVER $name FOREIGN DATA WRAPPER postgres_fdw
	OPTIONS (host '$host', port '$server_port', dbname 'postgres', async_capable 'true');
CREATE USER MAPPING FOR CURRENT_USER SERVER $name;
CREATE FOREIGN TABLE list_$name PARTITION OF list FOR VALUES IN ($values)
	SERVER $name OPTIONS (table_name 'list');
SQL
}

# (A DISTINCT would have each account sorted, from 16 on, and so asked in turn.)
my $all = 'SELECT count(*), sum(id) FROM list';
my $expected = '8|39800';

# How a query that is run while nothing is answered goes on.
sub all_at_once
{
	my ($name, $sql, $wanted) = @_;
	my $session = $t->session;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$t->wire;
	$t->fault('hold', on => 'GET', times => 0);
	$session->query_until(qr/^begun$/m, "\\echo begun\n$sql;\n\\echo over\n");
	my @asked = split /\n/, $t->wire('--keep', '--accounts', '--wait', 3);
	is(join(' ', sort map { /^(\w+)/ } @asked),
		'acme beta main', "$name: all accounts are asked at once");
	$t->emulator('heal');
	$session->{run}->pump until $session->{stdout} =~ /^over$/m;
	like($session->{stdout}, qr/^\Q$wanted\E$/m, "$name: and give their rows");
	$session->{stdout} = '';
	$session->quit;
	return;
}

is($t->sql($all), $expected, 'one table for the accounts of two servers');
$t->wire;
is($t->sql(q(SELECT name FROM list WHERE account = 'beta' AND id = 6224)),
	'Invoices', 'one list of one of them');
is($t->wire('--accounts'), 'beta: GET /api/v2/catalogs?id=6224', 'is asked for alone');
all_at_once('two servers', $all, $expected);

# Changes are sent when the transaction commits there, which it does before here.
$t->wire;
$t->sql(q(BEGIN; INSERT INTO list (account, name) VALUES ('acme', 'Books');
	UPDATE list SET name = 'Films' WHERE account = 'beta' AND id = 6223; ROLLBACK));
unlike($t->wire, qr/POST/, 'ROLLBACK sends nothing through two servers');
$t->sql(q(BEGIN; INSERT INTO list (account, name) VALUES ('acme', 'Books');
	UPDATE list SET name = 'Films' WHERE account = 'beta' AND id = 6223; COMMIT));
is(join("\n", sort grep { /POST/ } split /\n/, $t->wire('--accounts')),
	'acme: POST /api/v2/catalogs {"add":[{"name":"Books"}]}' . "\n"
	  . 'beta: POST /api/v2/catalogs {"update":[{"id":6223,"name":"Films"}]}',
	'COMMIT sends them');
$t->reset;

# An account that fails there fails the query here, with what it said.
$t->fault('status', code => 503, on => 'GET', account => 'main', times => 0);
$t->fails_with('HV000', qr/from server "main"\n.*The account is not available/, $all,
	'an error of an account behind another server');
$t->emulator('heal');

# Side by side in one Append: an account of our own, those of postgres_fdw, and
# what is local.
$node{south}->safe_psql('postgres', 'DROP FOREIGN TABLE list_main');
$t->sql('DROP FOREIGN TABLE list_south; CREATE FOREIGN TABLE list_south PARTITION OF list
	FOR VALUES IN (\'beta\') SERVER south OPTIONS (table_name \'list\');
	CREATE EXTENSION IF NOT EXISTS catalogs_fdw; ' . accounts('main'));
all_at_once('two wrappers', $all, $expected);
$t->sql(q(CREATE TABLE list_aaa PARTITION OF list FOR VALUES IN ('aaa');
	INSERT INTO list_aaa VALUES ('aaa', 1, 'local')));
all_at_once('two wrappers and a local table', $all, '9|39801');

# However their rows come: each of them is late once.
my $names = $t->sql('SELECT string_agg(name, \' \' ORDER BY id) FROM list');
foreach my $account (@accounts)
{
	$t->fault('slow', ms => 3, bytes => 20, on => 'GET', account => $account, times => 0);
	is($t->sql('SELECT string_agg(name, \' \' ORDER BY id) FROM list'),
		$names, "... or $account answers bit by bit");
	$t->emulator('heal');
}

$_->stop foreach values %node;
done_testing();
