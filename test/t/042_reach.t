# Who may have the server connect where: rights decide on it; no path, value, name,
# redirect or look-alike does.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use IO::Select;
use IO::Socket::INET;
use Test::More;

my $t = CatalogsFdw::Test->new;
my ($port) = $t->url =~ /:(\d+)$/;
my $session = CatalogsFdw::Session->new($t->node);

# What comes of a statement of a role; '': of a superuser.
sub ask
{
	my ($role, $sql) = @_;
	return $session->ask('RESET ROLE;' . ($role && "SET ROLE $role;") . $sql);
}

# ------------------------------------------------------------------------------
# Rights

$t->sql(<<'SQL');
CREATE ROLE stranger; CREATE ROLE tenant; CREATE ROLE maker;
GRANT CREATE ON SCHEMA public TO stranger, tenant, maker;
GRANT USAGE ON FOREIGN SERVER acme TO tenant;
GRANT USAGE ON FOREIGN DATA WRAPPER catalogs_fdw TO maker;
SQL
my $server = q{CREATE SERVER mine FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'https://mine.example')};
my $alter = q{ALTER SERVER acme OPTIONS (SET url 'https://mine.example')};
my $mapping = q{CREATE USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS (access_token 'x')};
my $table = 'CREATE FOREIGN TABLE mine (id bigint) SERVER acme';
foreach (
	[ 'stranger', $server ], [ 'stranger', $alter ], [ 'stranger', $mapping ], [ 'stranger', $table ],
	[ 'stranger', 'SELECT * FROM catalogs' ],
	[ 'tenant', $server ], [ 'tenant', $alter ],
	[ 'tenant', $mapping =~ s/CURRENT_USER/maker/r ],
	[ 'tenant', 'ALTER FOREIGN TABLE catalogs OPTIONS (ADD path \'/other\')' ],
	[ 'maker', $alter ], [ 'maker', $mapping ], [ 'maker', $table ])
{
	my ($role, $sql) = @$_;
	is(ask($role, $sql)->{sqlstate}, '42501', "$role: no $sql");
}
foreach (
	[ 'tenant', $mapping ], [ 'tenant', $table ], [ 'maker', $server ],
	map { [ 'maker', "ALTER SERVER mine OPTIONS (SET url '$_')" ] }
	'https://10.0.0.1', 'https://169.254.169.254', 'http://localhost')
{
	is(ask(@$_)->{sqlstate}, '', "$_->[0]: $_->[1]");
}
is($t->wire, '(no requests)', 'of all that, nobody was asked');

# ------------------------------------------------------------------------------
# Whose tokens one sees: one's own, as PostgreSQL has it, and, of a server that one owns,
# PUBLIC's; he who owns it may alter them all

$t->sql(q{CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (access_token 'main-token');
	CREATE USER MAPPING FOR PUBLIC SERVER mine OPTIONS (access_token 'y');
	CREATE USER MAPPING FOR tenant SERVER mine OPTIONS (access_token 'z')});
my $seen = q{SELECT srvname, usename, umoptions FROM pg_user_mappings WHERE umoptions IS NOT NULL ORDER BY 1, 2};
foreach (
	[ 'stranger', '' ], [ 'tenant', 'acme tenant {access_token=x}' ], [ 'maker', 'mine public {access_token=y}' ])
{
	my ($role, $tokens) = @$_;
	is(join(', ', map { "@$_" } @{ ask($role, $seen)->{rows} }), $tokens, "what $role sees of tokens");
	is(ask($role, 'SELECT * FROM pg_user_mapping')->{sqlstate}, '42501', '... and nothing in the catalog');
}
is(ask('maker', q{ALTER USER MAPPING FOR tenant SERVER mine OPTIONS (SET access_token 'w')})->{sqlstate},
	'', 'the owner of a server alters the mappings of others');
$t->sql('DROP USER MAPPING FOR PUBLIC SERVER acme');

# ------------------------------------------------------------------------------
# A path is one on that server; newer libcurls write escapes in capitals

foreach my $path ('//evil.example/', '/@evil.example/', '/:1@evil.example:2/', '/../../..', '/./a/../@b',
	'/%0D%0AX-Other:%201', '/%00', '/%3Fid=1', '/;a=b', '/http://evil.example/')
{
	$t->sql("ALTER FOREIGN TABLE catalogs OPTIONS (ADD path '$path')");
	like(ask('', 'SELECT * FROM catalogs')->{sqlstate}, qr/^HV0(0R|00)$/, "path $path: there is none such");
	is($t->wire, "GET $path", '... on that server');
	$t->sql('ALTER FOREIGN TABLE catalogs OPTIONS (DROP path)');
}

# ------------------------------------------------------------------------------
# A value is a number in a URL, or is not in it

$t->sql(q{CREATE FOREIGN TABLE texts (id text, name text) SERVER acme});
foreach my $value ('4223&id=1', '4223#', '4223?', '4223%26', '4223/../1', "4223 HTTP/1.1\r\nX-Other: 1",
	'4223@evil.example', "\x{FF14}\x{FF12}\x{FF12}\x{FF13}", "\x{664}\x{662}", '4223;', "4223\\")
{
	is_deeply(ask('', "SELECT * FROM texts WHERE id = '$value'")->{rows}, [], 'a text that is no id');
	unlike($t->wire, qr/\?|X-Other|evil/, '... is not in the request');
}

# ------------------------------------------------------------------------------
# A name is no other header

$t->sql(q{ALTER SERVER acme OPTIONS (ADD user_agent '%a|%u|%d|%C');
	CREATE ROLE "him
X-Other: 1" LOGIN SUPERUSER});
$t->sql(q{CREATE USER MAPPING FOR PUBLIC SERVER acme OPTIONS (access_token 'main-token')});
$t->sql(qq{SET SESSION AUTHORIZATION "him\nX-Other: 1"; SET application_name = E'a\\r\\nX-Other: 2';
	SELECT count(*) FROM catalogs});
my $agent = $t->wire('--agent');
like($agent, qr/him\?X-Other: 1/, 'a role with a line break in its name');
is(scalar(() = $agent =~ /\n/g), 0, '... and an application make no lines of their own');
$t->sql('ALTER SERVER acme OPTIONS (DROP user_agent)');

# ------------------------------------------------------------------------------
# A redirect

my $elsewhere = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die $!;
my $address = 'http://127.0.0.1:' . $elsewhere->sockport . '/';
foreach my $code (301, 302, 303, 307, 308)
{
	foreach my $sql ('SELECT * FROM catalogs', q{INSERT INTO catalogs (name) VALUES ('Books')})
	{
		$t->fault('redirect', code => $code, to => $address);
		isnt(ask('', $sql)->{sqlstate}, '', "$code: $sql fails");
	}
}
ok(!IO::Select->new($elsewhere)->can_read(0), 'no redirect is followed');

# ------------------------------------------------------------------------------
# What looks like this machine, and is not, gets no plain http of whom may not

ask('maker', q{CREATE USER MAPPING FOR CURRENT_USER SERVER mine OPTIONS (access_token 'x');
	CREATE FOREIGN TABLE his (id bigint) SERVER mine});
foreach my $host ("\x{FF11}\x{FF12}\x{FF17}.0.0.1", "\x{24DB}ocalhost", "localhost\x{3002}evil.example",
	"evil.example\x{FF0F}.localhost", "evil.example\x{2100}.localhost", 'evil.example%2f.localhost',
	'evil.example\\.localhost', 'localhost#.evil.example', 'localhost@evil.example', 'evil.example@localhost',
	'localhost:80@evil.example', "\x{43B}ocalhost", "localhost\x{200B}", '0', '0.0.0.0', '[::]', '[::ffff:10.0.0.1]',
	'[::ffff:0:0]', '127.0.0.1.evil.example')
{
	my $name = $host =~ s/([^ -~])/sprintf '<U+%04X>', ord $1/gre;
	my $declared = ask('maker', "ALTER SERVER mine OPTIONS (SET url 'http://$host:$port')");
	if ($declared->{sqlstate} =~ /^(42501|HV024)$/)
	{
		pass("http://$name is refused");
		next;
	}
	# It is a name below localhost, as libcurl reads it: then it is this machine, on which
	# the emulator has no such account, or nothing.
	like(ask('maker', 'SELECT * FROM his')->{sqlstate}, qr/^(28000|08001)$/,
		"http://$name leads no further than to this machine");
}

done_testing();
