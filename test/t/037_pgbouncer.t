# PgBouncer in transaction mode: clients take turns in one session of the server, so
# nothing that a transaction has to do with may stay in it.
#
# Debian has it as pgbouncer.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes ();

plan skip_all => 'pgbouncer is not installed'
  unless grep { -x "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
local $ENV{PATH} = "$ENV{PATH}:/usr/sbin";

my $t = CatalogsFdw::Test->new(server => { user_agent => '%a' });
my $node = $t->node;
my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $user = $t->sql('SELECT current_user');

append_to_file("$folder/pgbouncer.ini", <<"INI");
[databases]
postgres = host=@{[$node->host]} port=@{[$node->port]} user=$user

[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $folder
auth_type = any
pool_mode = transaction
default_pool_size = 1
INI
my $log = '';
my $bouncer = IPC::Run::start([ 'pgbouncer', "$folder/pgbouncer.ini" ], '<', \undef, '>&', \$log);

# The server as one sees it there.
my $front = bless { %$node, _host => $folder, _port => $port }, ref $node;

# A client: a psql that stays, with a name.
sub client
{
	my ($name) = @_;

	local $ENV{PGAPPNAME} = $name;
	return $front->background_psql('postgres', on_error_stop => 0);
}

my $tries = 0;
until (-S "$folder/.s.PGSQL.$port")
{
	die "pgbouncer did not start: $log" if $tries++ > 100 * $PostgreSQL::Test::Utils::timeout_default;
	$bouncer->pump_nb;
	Time::HiRes::sleep(0.01);
}

my $one = client('one');
my $two = client('two');
my $backend = $one->query('SELECT pg_backend_pid()');
is($two->query('SELECT pg_backend_pid()'), $backend, 'the clients share a session');

# One after the other, each with its own transaction.
$one->query(q{BEGIN; INSERT INTO catalogs (name) VALUES ('dropped'); UPDATE catalogs SET name = 'x' WHERE id = 4223; ROLLBACK;});
is($two->query('SELECT count(*) FROM catalogs_fdw_pending'), 0, 'nothing is left of what was rolled back');
$two->query(q{BEGIN; INSERT INTO catalogs (name) VALUES ('kept');});
is($two->query(q{SELECT count(*) FROM catalogs WHERE name = 'dropped'}), 0, '... nor seen');
$two->query('COMMIT;');
$one->query(q{INSERT INTO catalogs (name) VALUES ('alone');});
is($t->wire('--agent'), <<'WIRE' =~ s/\n\z//r, 'each sends its own, and says its own name');
GET /api/v2/catalogs?id=4223 (one)
GET /api/v2/catalogs (two)
POST /api/v2/catalogs {"add":[{"name":"kept"}]} (two)
POST /api/v2/catalogs {"add":[{"name":"alone"}]} (one)
WIRE

# A transaction that fails, by a statement or by the account.
$one->query(q{BEGIN; INSERT INTO catalogs (name) VALUES ('lost'); SELECT 1 / 0;});
$one->query('COMMIT;');
$t->fault('status', on => 'POST', code => 402);
$one->query(q{INSERT INTO catalogs (name) VALUES ('refused');});
$t->wire;
is($two->query('SELECT count(*) FROM catalogs_fdw_pending'), 0, 'nothing is left of what failed');
$two->query(q{INSERT INTO catalogs (name) VALUES ('good');});
is($t->wire, 'POST /api/v2/catalogs {"add":[{"name":"good"}]}', '... and the next transaction sends its own alone');

# A client that goes away in the middle of one.
$one->query(q{BEGIN; INSERT INTO catalogs (name) VALUES ('left');});
$one->quit;
is($two->query('SELECT count(*) FROM catalogs_fdw_pending'), 0, 'nothing is left of who went away');
unlike($t->wire, qr/left/, '... and the account has not heard of it');

# What is altered elsewhere.
$two->query('SELECT count(*) FROM catalogs;');
$t->sql(q{ALTER SERVER acme OPTIONS (SET user_agent 'altered')});
$two->query('SELECT count(*) FROM catalogs;');
like($t->wire('--agent'), qr/\(altered\)\z/, 'what is altered elsewhere takes effect');

$two->quit;
$bouncer->signal('INT');
$bouncer->finish;
done_testing();
