# A request goes where the server's options say: what the environment of the
# server process says of proxies, credentials and the like is ignored.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 ();
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

# A port on which nobody listens, as long as this socket holds it.
my $dead = IO::Socket::INET->new(
	Proto => 'tcp', LocalAddr => '127.0.0.1', LocalPort => 0)
  or die "cannot bind: $!";
my $dead_url = 'http://127.0.0.1:' . $dead->sockport;

# Of the server: everything in its environment points elsewhere.
my $t = do
{
	local %ENV = %ENV;
	foreach my $scheme (qw(http https all ftp))
	{
		$ENV{"${scheme}_proxy"} = $dead_url;
		$ENV{ uc "${scheme}_proxy" } = $dead_url;
	}
	$ENV{no_proxy} = $ENV{NO_PROXY} = '';
	$ENV{HOME} = "$PostgreSQL::Test::Utils::tmp_check/home";
	$ENV{CURL_HOME} = $ENV{HOME};
	mkdir $ENV{HOME} or die "mkdir: $!";
	append_to_file("$ENV{HOME}/.curlrc", "proxy = $dead_url\n");
	append_to_file("$ENV{HOME}/.netrc",
		"machine 127.0.0.1 login somebody password else\n"
		  . "machine localhost login somebody password else\n");
	chmod 0600, "$ENV{HOME}/.netrc";
	CatalogsFdw::Test->new;
};
my $count = 'SELECT count(*) FROM catalogs';
my $insert = q{INSERT INTO catalogs (name) VALUES ('New list')};
my $session = $t->session;

# The server has that environment: else the tests below would prove nothing.
my $environment = $t->try_in($session,
	"CREATE TEMP TABLE environment (line text);
	COPY environment FROM PROGRAM 'env';
	TABLE environment")->{output};
like($environment, qr/^$_=\Q$dead_url\E$/m, "the server's environment has $_")
  foreach qw(http_proxy HTTP_PROXY https_proxy all_proxy ALL_PROXY);

is($t->try_in($session, $count)->{output}, 4, 'http: a GET is not affected');
is($t->try_in($session, $insert)->{error}, '', 'http: nor is a POST');
is($t->wire('--count'), '1 POST, 1 GET', 'http: both came, without complaints');

my ($https_port) = $t->{greeting} =~ m{^https://localhost:(\d+)/}m;
my $ca_file = $t->ca_file;
$t->sql("ALTER SERVER acme OPTIONS
	(SET url 'https://localhost:$https_port', ADD ca_file '$ca_file')");
is($t->try_in($session, $count)->{output}, 5, 'https: a GET is not affected');
is($t->try_in($session, $insert)->{error}, '', 'https: nor is a POST');
is($t->wire('--count'), '1 POST, 1 GET', 'https: both came, without complaints');
$t->sql("ALTER SERVER acme OPTIONS (SET url '" . $t->url . "', DROP ca_file)");

# ------------------------------------------------------------------------------
# The option

my ($http_port) = $t->{greeting} =~ m{^http://localhost:(\d+)/}m;

# With a proxy, a request line has the whole address: the emulator serves as
# one, for a host that nobody could reach without.
$t->reset;
$t->sql("ALTER SERVER acme OPTIONS
	(SET url 'http://main.example:81', ADD proxy 'http://127.0.0.1:$http_port')");
$t->try_in($session, $count);
like($t->wire, qr{^GET http://main\.example:81/api/v2/catalogs$}m,
	'the option proxy is used');
$t->try_in($session, $insert);
like($t->wire, qr{^POST http://main\.example:81/api/v2/catalogs }m,
	'... for a POST as well');

$t->sql("ALTER SERVER acme OPTIONS (SET proxy '$dead_url')");
my ($dead_port) = $dead_url =~ /(\d+)$/;
$t->fails_with('08001', qr/could not be reached.*$dead_port/s, $count,
	'a proxy that is not there: a GET fails');
$t->fails_with('08001', qr/could not be reached.*$dead_port/s, $insert,
	'a proxy that is not there: a POST fails');
is($t->wire, '(no requests)', '... and does not go around it');

# A name in the option wins over the loopback address: no exceptions.
$t->sql("ALTER SERVER acme OPTIONS (SET url '" . $t->url . "')");
$t->fails_with('08001', qr/could not be reached/, $count,
	'a loopback address is no exception');

# A secure address goes through a tunnel; a proxy that makes none is no way.
$t->sql("ALTER SERVER acme OPTIONS (SET url 'https://localhost:$https_port',
	ADD ca_file '$ca_file', SET proxy 'http://127.0.0.1:$http_port')");
my $got = $t->fails_with('08001', qr/server "acme"/, $count,
	'a proxy that makes no tunnel: a GET fails');
$t->fails_with('08001', qr/server "acme"/, $insert,
	'a proxy that makes no tunnel: a POST fails');
unlike($t->wire, qr/^(GET|POST)|token/m, '... and was sent nothing but CONNECT');

# One that does: bytes to and fro, and nobody's business what they are.
my $tunnel = IO::Socket::INET->new(
	Listen => 8, LocalAddr => '127.0.0.1', ReuseAddr => 1)
  or die "cannot listen: $!";
my $notes = "$PostgreSQL::Test::Utils::tmp_check/tunnel";
my $child = fork // die "cannot fork: $!";
run_tunnel() if $child == 0;
$t->reset;
$t->sql("ALTER SERVER acme OPTIONS
	(SET proxy 'http://127.0.0.1:" . $tunnel->sockport . "')");
is($t->try_in($session, $count)->{output}, 4, 'through a tunnel: a GET');
is($t->try_in($session, $insert)->{error}, '', 'through a tunnel: a POST');
is($t->wire('--count'), '1 POST, 1 GET', 'through a tunnel: both came');
$session->quit;
kill 'TERM', $child;
waitpid $child, 0;
my $seen = slurp_file($notes);
like($seen, qr/\ACONNECT localhost:$https_port HTTP/, 'the proxy was asked to connect');
is(scalar(() = $seen =~ /CONNECT/g), 1, 'once for both');
unlike($seen, qr/Authorization|main-token/i, 'and has not seen the token');

# ------------------------------------------------------------------------------
# A proxy that wants a login

# What it says is the proxy's, not the account's; nobody sees its password.
my $password = 'proxy-secret';
my $wanted = 'Basic ' . MIME::Base64::encode_base64("robot:$password", '');
unlink $notes;
my $guarded = fork // die "cannot fork: $!";
run_tunnel($wanted) if $guarded == 0;
$session = $t->session;
$t->reset;
my $refusal = qr/server\ "acme"\n
	DETAIL:\ \ The\ proxy\ refused\ the\ credentials\.\ The\ proxy\ answered\ with\ status\ 407\.\n
	HINT:\ \ Set\ "proxy_user"\ and\ "proxy_password"\ in\ the\ user\ mapping\.\n/x;
foreach my $login ('no', 'a wrong')
{
	$t->sql("ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS
		(ADD proxy_user 'robot', ADD proxy_password 'wrong')") if $login ne 'no';
	foreach my $url ($t->url, "https://localhost:$https_port")
	{
		$t->sql("ALTER SERVER acme OPTIONS (SET url '$url')");
		$t->fails_with('28000', $refusal, $_, "a proxy, $login login: $url: $_")
		  foreach $count, $insert;
	}
}
$t->sql("ALTER USER MAPPING FOR CURRENT_USER SERVER acme OPTIONS
	(SET proxy_password '$password')");
is($t->wire, '(no requests)', 'the account has heard of none of it');
is($t->try_in($session, $count)->{output}, 4, 'with the login: a GET');
is($t->try_in($session, $insert)->{error}, '', 'with the login: a POST');
is($t->wire('--count'), '1 POST, 1 GET', 'with the login: both came');
$session->quit;
kill 'TERM', $guarded;
waitpid $guarded, 0;
is(scalar(() = slurp_file($notes) =~ /^(GET|POST|CONNECT) /mg),
	9, 'a refusal is not asked for again');

# Serves one tunnel after the other; everything that comes from the client is
# left in the notes.  With LOGIN, whoever does not give it is refused.
sub run_tunnel
{
	my ($login) = @_;
	local $SIG{TERM} = sub { POSIX::_exit(0) };
	open my $out, '>', $notes or POSIX::_exit(1);
	$out->autoflush;
	while (my $client = $tunnel->accept)
	{
		my $head = '';
		while ($head !~ /\r\n\r\n/ && sysread($client, my $some, 1)) { $head .= $some }
		print $out $head;
		if (defined $login && $head !~ /^Proxy-Authorization: \Q$login\E\r$/m)
		{
			my $length = $head =~ /^Content-Length: (\d+)/m ? $1 : 0;
			sysread($client, my $body, $length) if $length > 0;
			syswrite $client, "HTTP/1.1 407 Proxy Authentication Required\r\n"
			  . "Proxy-Authenticate: Basic realm=\"proxy\"\r\nContent-Length: 0\r\n"
			  . "Connection: close\r\n\r\n";
			next;
		}
		my ($port) = $head =~ /^CONNECT localhost:(\d+)/ or next;
		my $server = IO::Socket::INET->new("127.0.0.1:$port") or next;
		syswrite $client, "HTTP/1.1 200 Connection established\r\n\r\n";
		my $select = IO::Select->new($client, $server);
		RELAY: while (my @ready = $select->can_read)
		{
			foreach my $from (@ready)
			{
				sysread($from, my $some, 65536) or last RELAY;
				print $out $some if $from == $client;
				syswrite $from == $client ? $server : $client, $some;
			}
		}
	}
	POSIX::_exit(0);
}

done_testing();
