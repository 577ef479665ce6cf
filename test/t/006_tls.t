# Certificates are checked before anything is sent.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use IO::Socket::INET;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

my $t = CatalogsFdw::Test->new(https => 1);
my $ca_file = $t->ca_file;
my $count = 'SELECT count(*) FROM catalogs';
my $insert = q{INSERT INTO catalogs (name) VALUES ('New list')};
my ($http_port) = $t->{greeting} =~ m{^http://localhost:(\d+)/}m;
my ($https_port) = $t->{greeting} =~ m{^https://localhost:(\d+)/}m;

sub alter
{
	my (@changes) = @_;
	$t->sql('ALTER SERVER acme OPTIONS (' . join(', ', @changes) . ')');
	return;
}

# Neither a GET nor a POST comes through, and the reason is given.
sub refused
{
	my ($name, $regex) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$t->wire;
	my $got = $t->fails_with('08001', $regex, $count, "$name: a GET fails");
	$t->fails_with('08001', $regex, $insert, "$name: a POST fails");
	is($t->wire, '(no requests)', "$name: nothing was sent");
	is_within($got->{seconds}, 3, "$name: at once");
	return;
}

# ------------------------------------------------------------------------------
# Good certificates

is($t->sql($count), 4, 'https with ca_file: a GET');
$t->sql($insert);
$t->sql(q{UPDATE catalogs SET name = 'Other' WHERE id = 4222});
$t->sql(q{DELETE FROM catalogs WHERE id = 4222});
is($t->sql($count), 4, '... POSTs of all verbs');
is($t->wire('--count'), '3 POST, 4 GET', '... each request once');
$t->reset;

# The name is checked against what was asked for, whatever address it has.
alter("SET url 'https://127.0.0.1:$https_port'");
is($t->sql($count), 4, 'an address that the certificate has');
alter("SET url 'https://acme.localhost:$https_port'");
$t->sql("ALTER USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (SET access_token 'acme-token')");
is($t->sql($count), 2, 'another name that the certificate has');
$t->sql("ALTER USER MAPPING FOR CURRENT_USER SERVER acme
	OPTIONS (SET access_token 'main-token')");
alter("SET url '" . $t->url . "'");

# ------------------------------------------------------------------------------
# Others

my %reasons = (
	expired => qr/expired/,
	wrong_host => qr/(does not match|no alternative certificate subject name)/,
	self_signed => qr/self[- ]signed/,
	other_ca => qr/(unable to get local issuer|unable to verify|unknown ca|issuer)/i);

# What helps is said.
my %hints = (
	expired => qr/^HINT:.*clock/m,
	wrong_host => qr/^HINT:.*host name.*"url"/m,
	self_signed => qr/^HINT:.*ca-certificates.*"ca_file"/m,
	other_ca => qr/^HINT:.*ca-certificates.*"ca_file"/m);
foreach my $certificate (sort keys %reasons)
{
	$t->set(certificate => $certificate);
	refused($certificate, qr/$reasons{$certificate}.*$hints{$certificate}/s);
}

# A connection that was checked is kept; a new one is checked anew.
$t->reset;
my $session = $t->session;
is($t->try_in($session, $count)->{output}, 4, 'a session with a good certificate');
$t->set(certificate => 'expired');
is($t->try_in($session, $count)->{output}, 4, 'goes on with its connection');
$t->fault('close_idle');
$t->try_in($session, $count);
is($t->try_in($session, $count)->{sqlstate},
	'08001', 'but does not get a new one when the certificate is bad');
$t->set(certificate => 'good');
is($t->try_in($session, $count)->{output}, 4, 'until that is good again');
$session->quit;

# Signing in is no less a secret.
$t->sql("DROP USER MAPPING FOR CURRENT_USER SERVER acme;
	CREATE USER MAPPING FOR CURRENT_USER SERVER acme
		OPTIONS (login 'robot\@example.com', api_key 'main-key')");
$t->set(certificate => 'self_signed');
refused('self_signed, with a login', $reasons{self_signed});
$t->set(certificate => 'good');
is($t->sql($count), 4, 'a login over TLS');
$t->sql("DROP USER MAPPING FOR CURRENT_USER SERVER acme;
	CREATE USER MAPPING FOR CURRENT_USER SERVER acme
		OPTIONS (access_token 'main-token')");

# ------------------------------------------------------------------------------
# TLS 1.1 is not spoken, also where the machine's configuration allows it

my $configuration = "$PostgreSQL::Test::Utils::tmp_check/openssl.cnf";
append_to_file($configuration, <<'CONF');
openssl_conf = all
[all]
ssl_conf = tls
[tls]
system_default = old
[old]
MinProtocol = TLSv1
CipherString = ALL:@SECLEVEL=0
CONF
{
	local $ENV{OPENSSL_CONF} = $configuration;
	$t->node->restart;
}
$t->set(tls => 'old');
refused('TLS 1.1', qr/./);
$t->set(tls => 'any');
is($t->sql($count), 4, 'but any that is newer');

# ------------------------------------------------------------------------------
# Which authorities

$t->reset;
alter('DROP ca_file');
refused('no ca_file, an authority that the system does not know',
	qr/(issuer|certificate)/i);
my $tmp = "$PostgreSQL::Test::Utils::tmp_check";
alter("ADD ca_file '$tmp/no_such_file'");
refused('a ca_file that is not there', qr/no_such_file.*^HINT:.*"ca_file"/ms);
append_to_file("$tmp/empty", '');
alter("SET ca_file '$tmp/empty'");
refused('an empty ca_file', qr/./);
append_to_file("$tmp/garbage", "no certificate\n");
alter("SET ca_file '$tmp/garbage'");
refused('a ca_file without certificates', qr/./);
alter("SET ca_file '$ca_file'");
is($t->sql($count), 4, 'and the right one again');

# ------------------------------------------------------------------------------
# ssl_verify

alter("DROP ca_file, ADD ssl_verify 'false'");
foreach my $certificate ('good', sort keys %reasons)
{
	$t->set(certificate => $certificate);
	is($t->sql($count), 4, "ssl_verify false: $certificate will do");
}
$t->reset;
$t->sql(q{CREATE ROLE clerk LOGIN; GRANT USAGE ON FOREIGN DATA WRAPPER catalogs_fdw TO clerk;
	GRANT USAGE ON FOREIGN SERVER acme TO clerk; ALTER SERVER acme OWNER TO clerk});
foreach ("SET ssl_verify 'false'", "SET ssl_verify 'true'", "ADD ca_file '$ca_file'")
{
	$t->fails_with('42501', qr/superuser/,
		"SET ROLE clerk; ALTER SERVER acme OPTIONS ($_)",
		"$_ is for superusers only");
}
$t->fails_with('42501', qr/superuser/,
	"SET ROLE clerk; CREATE SERVER his FOREIGN DATA WRAPPER catalogs_fdw
		OPTIONS (url 'https://localhost', ssl_verify 'false')",
	'so is a new server without checks');
my $got = $t->try_sql("SET ROLE clerk;
	ALTER SERVER acme OPTIONS (SET url 'https://other.example')");
is($got->{sqlstate}, '42501', 'nor can its owner point it elsewhere');
$t->sql('ALTER SERVER acme OWNER TO CURRENT_USER');
alter("DROP ssl_verify, ADD ca_file '$ca_file'");

# ------------------------------------------------------------------------------
# The wrong port

# That port waits for the end of a request that never comes: not for us.
alter("SET url 'https://localhost:$http_port'", "ADD connect_timeout '300ms'");
refused('https on the http port', qr/did not speak TLS.*^HINT:.*"url".*plain http/ms);

# A proxy that is silent says nothing of the account behind it.
my $silent = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die $!;
alter("ADD proxy 'http://127.0.0.1:" . $silent->sockport . "'");
refused('a silent proxy', qr/\A(?!.*did not speak TLS)/s);
alter('DROP proxy');
alter("SET url 'http://127.0.0.1:$https_port'");
$got = $t->try_sql($count);
like($got->{sqlstate}, qr/^(08006|HV00M)$/, 'http on the https port: a GET fails')
  or diag($got->{error});
like($got->{error}, qr/^HINT:.*"url".*https/m, 'http on the https port: a hint');
is_within($got->{seconds}, 3, 'http on the https port: at once');
$got = $t->try_sql($insert);
like($got->{sqlstate}, qr/^(08007|HV00M)$/, 'http on the https port: a POST fails')
  or diag($got->{error});
is($t->wire, '(no requests)', 'http on the https port: nothing came');

# Others answer at once: with plain http to TLS, and with a page that says so.
my $plain = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die $!;
my $answering = fork // die "cannot fork: $!";
if ($answering == 0)
{
	while (my $client = $plain->accept)
	{
		sysread $client, my $hello, 1000;
		syswrite $client, "HTTP/1.1 400 Bad Request\r\n\r\n";
	}
	POSIX::_exit(0);
}
alter("SET url 'https://127.0.0.1:" . $plain->sockport . "'");
refused('https on a port for http', qr/did not speak TLS.*^HINT:.*"url".*plain http/ms);
kill 'KILL', $answering;
waitpid $answering, 0;
alter("SET url 'http://127.0.0.1:$http_port'");
$t->fault('status', code => 400, body => 'html',
	title => 'The plain HTTP request was sent to HTTPS port');
$t->fails_with('HV000', qr/^HINT:.*"url".*https/m, $count,
	'http on a port for https that tells it: a hint');

done_testing();
