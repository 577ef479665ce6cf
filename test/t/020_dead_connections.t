# A kept connection is looked at before it is used again.  One that the account has
# closed costs a new connection, and nothing else, over TLS too; one on which it has
# said something that nobody has asked for is not used either.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Test;
use IO::Select;
use IO::Socket::INET;
use IPC::Run ();
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $t = CatalogsFdw::Test->new;
my $folder = PostgreSQL::Test::Utils::tempdir_short();

# The lists of an account as a reply: their ids are its number, and so on.
sub lists
{
	my ($first, $n) = @_;
	my $items = join ',', map { sprintf '{"id":%d,"name":"List"}', $first + $_ } 0 .. $n - 1;
	return qq({"_embedded":{"items":[$items]}});
}

# A server NAME with the table of that name.
sub make_server
{
	my ($name, $url, $options) = @_;
	$t->sql(<<"SQL");
CREATE SERVER $name FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url '$url', requests_per_second '0'$options);
CREATE USER MAPPING FOR CURRENT_USER SERVER $name OPTIONS (access_token 'token');
CREATE FOREIGN TABLE $name (id bigint, name text) SERVER $name;
SQL
	return;
}

sub free_ports
{
	my ($n) = @_;
	my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } 1 .. $n;
	return map { $_->sockport } @sockets;
}

# ------------------------------------------------------------------------------
# nginx over TLS, which closes a connection before the next statement

$ENV{PATH} .= ':/usr/sbin';
my ($port, $keeping_port) = free_ports(2);
my $said = '';
IPC::Run::run([ qw(openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost
		-addext), 'subjectAltName=DNS:localhost', '-keyout', "$folder/key", '-out', "$folder/cert" ],
	'2>', \$said) or die $said;
mkdir "$folder/$_" foreach qw(api api/v2 logs);
append_to_file("$folder/api/v2/catalogs", lists(1, 3));
append_to_file("$folder/nginx.conf", <<"CONF");
worker_processes 1;
daemon off;
pid nginx.pid;
error_log logs/error;
events { worker_connections 128; }
http {
	client_body_temp_path temp;
	proxy_temp_path temp;
	fastcgi_temp_path temp;
	uwsgi_temp_path temp;
	scgi_temp_path temp;
	log_format connections '\$connection';
	access_log logs/requests connections;
	ssl_certificate cert;
	ssl_certificate_key key;
	root .;
	server {
		listen 127.0.0.1:$port ssl;
		keepalive_timeout 50ms;
	}
	server {
		listen 127.0.0.1:$keeping_port ssl;
		keepalive_timeout 1h;
	}
}
CONF
my $nginx = IPC::Run::start([ 'nginx', '-p', "$folder/", '-e', "$folder/logs/error", '-c', 'nginx.conf' ],
	'<', \undef, '>', \$said, '2>', \$said);
my $tries = 100;
until (IO::Socket::INET->new(PeerAddr => "127.0.0.1:$keeping_port"))
{
	die "nginx does not start: $said" if !$tries--;
	usleep(50_000);
}
make_server('nginx', "https://localhost:$port", ", ca_file '$folder/cert'");
make_server('keeping', "https://localhost:$keeping_port", ", ca_file '$folder/cert'");

my $patient = $t->session;
my $wrong = 0;
foreach my $statement (1 .. 100)
{
	my $got = $t->try_in($patient, 'SELECT count(*) FROM nginx');
	$wrong++ if $got->{output} ne '3';
	diag("statement $statement: $got->{error}") if $got->{error} ne '' && $wrong == 1;
	$t->await_closed($port);
}
is($wrong, 0, 'a hundred statements, each after the account has closed the connection');
my @requests = split /\n/, slurp_file("$folder/logs/requests");
is(scalar @requests, 100, '... take a request each');
is(scalar(keys %{ { map { $_ => 1 } @requests } }), 100, '... on a connection of its own');
is($t->try_in($patient, 'SELECT count(*) FROM keeping; SELECT count(*) FROM keeping')->{output},
	"3\n3", 'and where it has not');
# It is logged once it has been answered.
$tries = 100;
usleep(50_000) until (@requests = split /\n/, slurp_file("$folder/logs/requests")) == 102 || !$tries--;
is($requests[-2], $requests[-1], '... the connection is used again');
$patient->quit;
$nginx->signal('TERM');
$nginx->finish;

# Changes go over a new connection as well, and once.
my ($tls_port) = $t->url('https') =~ /:(\d+)$/;
make_server('tls', $t->url('https'), ", ca_file '" . $t->ca_file . q(', verify_rows 'false'));
$t->sql(q{ALTER USER MAPPING FOR CURRENT_USER SERVER tls OPTIONS (SET access_token 'main-token')});
$patient = $t->session;
$t->fault('close_idle', times => 0);
$t->wire;
foreach my $statement (
	q{INSERT INTO tls (name) VALUES ('One')},
	q{INSERT INTO tls (name) VALUES ('Two') RETURNING name},
	q{UPDATE tls SET name = 'Goods' WHERE id = 4223},
	q{DELETE FROM tls WHERE id = 4222})
{
	is($t->try_in($patient, $statement)->{error}, '', "over TLS, when the account has closed the connection: $statement");
	$t->await_closed($tls_port);
}
is($t->wire('--connections', '--summary') =~ s/^#\d+ (\w+).*/$1/mgr, join("\n", ('POST') x 4), '... which is sent once');
$patient->quit;
$t->reset;

# ------------------------------------------------------------------------------
# A server that says more than it is asked for

# Answers with one list, whose id is the request's number, and then does what the
# mode says.  The number of the connection is in the list's name.  Returns the port,
# the process, and where a line can be read when that is done.
sub serve
{
	my ($mode) = @_;
	my $listener = IO::Socket::INET->new(Listen => 8, LocalAddr => '127.0.0.1') or die $!;
	pipe my $done, my $writer or die $!;
	my $pid = fork;
	return ($listener->sockport, $pid, $done) if $pid;

	# PostgreSQL::Test's handler would stop the server.
	$SIG{TERM} = 'DEFAULT';
	my ($n, $connection) = (0, 0);
	while (my $socket = $listener->accept)
	{
		my $open = 1;

		$connection++;
		while ($open && takes_request($socket))
		{
			answer($socket, ++$n, $connection);
			# It takes the next request, and says what it wanted to say before.
			takes_request($socket) if $mode eq 'late408';
			# It has been read by then, mostly.
			usleep(20_000) if $mode =~ /second|^408/;
			answer($socket, ++$n, $connection) if $mode eq 'second';
			print $socket "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
			  if $mode =~ /408/;
			$open = $mode !~ /408/ && ($mode ne 'four' || $n % 4 != 0);
			close $socket if !$open;
			syswrite $writer, "\n";
		}
		close $socket;
	}
	POSIX::_exit(0);
}

sub takes_request
{
	my ($socket) = @_;
	my ($head, $length) = ('', 0);

	while (defined(my $line = $socket->getline))
	{
		$head .= $line;
		$length = $1 if $line =~ /^Content-Length: (\d+)/i;
		last if $line eq "\r\n";
	}
	$socket->read(my $body, $length) if $length;
	return $head =~ /\r\n\r\n$/;
}

sub answer
{
	my ($socket, $n, $connection) = @_;
	my $body = qq({"_embedded":{"items":[{"id":$n,"name":"$connection"}]}});
	print $socket "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
	  . length($body) . "\r\n\r\n$body";
	$socket->flush;
	return;
}

my @pids;
{
	my ($server_port, $pid) = serve('late408');
	my $session = $t->session;
	my $select = 'SELECT id, name FROM raw_late408';

	push @pids, $pid;
	make_server('raw_late408', "http://127.0.0.1:$server_port", '');
	is($t->try_in($session, $select)->{output}, "$_|$_", "late408: statement $_ has its own reply") foreach 1 .. 3;
	my $got = $t->try_in($session, "UPDATE raw_late408 SET name = 'x' WHERE id = 4");
	is($got->{sqlstate}, 'HV000', '... but for a POST, which is not sent again');
	$session->quit;
}
foreach my $mode (qw(quiet second 408))
{
	my ($server_port, $pid, $done) = serve($mode);
	my $session = $t->session;
	my $select = "SELECT id, name FROM raw_$mode";
	my $insert = "INSERT INTO raw_$mode (name) VALUES ('x') RETURNING id";

	# One request is answered by two replies, of which one is not for us.
	my $step = $mode eq 'second' ? 2 : 1;

	push @pids, $pid;
	make_server("raw_$mode", "http://127.0.0.1:$server_port", '');
	foreach my $i (0 .. 3)
	{
		my $n = 1 + $step * $i;
		my $got = $t->try_in($session, $i == 2 ? $insert : $select);
		my $number = $mode eq 'quiet' ? 1 : $i + 1;
		is($got->{output} . $got->{error},
			$i == 2 ? $n : "$n|$number",
			"$mode: statement $i has its own reply");
		last if $got->{error};
		readline $done;
	}
	$session->quit;
}

# A lone socket is waited for as it was before, unless it is another one that has the
# number now: nobody would be woken by that.
{
	my ($server_port, $pid, $done) = serve('four');
	my $session = $t->session;
	push @pids, $pid;
	make_server('raw_four', "http://127.0.0.1:$server_port",
		", connect_timeout '600s', request_timeout '600s'");
	$t->try_in($session, "SET statement_timeout = '30s'");
	foreach my $i (0 .. 19)
	{
		my $got = $t->try_in($session, 'SELECT id, name FROM raw_four');
		is($got->{output} . $got->{error}, ($i + 1) . '|' . (1 + int($i / 4)),
			"a connection that takes four requests: statement $i");
		last if $got->{error};
		readline $done;
	}
	$session->quit;
}
kill 'TERM', @pids;
waitpid $_, 0 foreach @pids;

# ------------------------------------------------------------------------------
# The same while another request of the session is under way

my $session = $t->session;
$t->emulator('add-many', 60_000);
$t->set(batch_limit => 0);
is( $t->try_in($session, 'BEGIN; DECLARE c CURSOR FOR SELECT id FROM catalogs; FETCH 1 FROM c')->{output},
	'4223', 'a cursor is open');
$t->fault('close_idle', on => 'GET', times => 3);
$t->wire;
is($t->try_in($session, 'SELECT name FROM catalogs WHERE id = 4230')->{output}, 'Tariffs',
	"statement $_ beside it, after a connection was closed") foreach 1 .. 4;
is($t->wire('--count'), '4 GET', '... asks once');
is( scalar(split /\n/, $t->try_in($session, 'FETCH ALL FROM c')->{output}),
	60_003, '... and the cursor loses no row');
$session->quit;

# ------------------------------------------------------------------------------
# One that breaks after the account has carried out what came over it, and a new one
# cannot be made: libcurl tells of the latter alone

$t->reset;
my $client = CatalogsFdw::Session->new($t->node);
$client->ask('SELECT name FROM catalogs WHERE id = 4223');
$t->wire;
$t->fault('hold', on => 'POST', times => 1);
$client->send(q{UPDATE catalogs SET name = 'Goods' WHERE id = 4223});
$t->emulator('wire', '--keep', '--wait', 2);
$t->set(partial => 'update:*');
$t->fault('refuse');
usleep(20_000);
$t->emulator('heal');
my $got = $client->result;
isnt($got->{sqlstate}, '', 'an update that is refused when it is sent again: an error');
like(join("\n", $got->{said}, map { "$_->{message}\n$_->{detail}" } @{ $got->{warnings} }),
	qr/update of list 4223/, '... and what the first attempt may have done is named');
is(scalar(() = $t->wire =~ /"name":"Goods"/g), 2, '... of two');
$client->quit;

done_testing();
