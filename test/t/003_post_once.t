# A POST is sent once.  A server that reads it and closes the connection has it
# once, whatever the connection was used for before, and the error says that
# nobody knows what became of it.  libcurl alone would repeat it when the
# connection had been used before.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

# What was accepted is not taken back here, which would be POSTs too, and nothing
# is sent again by the wrapper itself: what libcurl does alone is to be seen.
my $t = CatalogsFdw::Test->new(
	server => { batch_size => 2, undo => 'false', max_retries => 0 });

my ($https_port) = $t->{greeting} =~ m{^https://localhost:(\d+)/}m;
my $ca_file = $t->ca_file;
$t->sql(<<"SQL");
CREATE SERVER tls FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (
	url 'https://localhost:$https_port', ca_file '$ca_file', batch_size '2', max_retries '0',
	requests_per_second '0', undo 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER tls
	OPTIONS (access_token 'main-token');
CREATE SCHEMA tls;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER tls INTO tls;
SQL

my %schemas = (http => 'public', https => 'tls');
my %statements = (
	add => q{INSERT INTO catalogs (name) VALUES ('One'), ('Two')},
	update => q{UPDATE catalogs SET name = 'Other' WHERE id IN (4222, 4223)},
	delete => 'DELETE FROM catalogs WHERE id IN (4222, 4223)');
my %rows = (
	add => 'add of lists "One", "Two"',
	update => 'update of lists 4223, 4222',
	delete => 'delete of lists 4223, 4222');

# Whether the emulator holds what the statement would have done.
my %done = (
	add => sub { $_[0] =~ /"One".*"Two"/s },
	update => sub { ($_[0] =~ s/"Other"//g) == 2 },
	delete => sub { $_[0] !~ /422[23]/ });

# ------------------------------------------------------------------------------
# Every verb, on a connection that was used before and on a new one, with a
# server that did what it was told and one that did not

foreach my $scheme (qw(http https))
{
	my $session = $t->session;
	$t->try_in($session, "SET search_path = $schemas{$scheme}");

	foreach my $fault (qw(close_applied close_after_request reset reset_kept))
	{
		foreach my $verb (qw(add update delete))
		{
			foreach my $kept (1, 0)
			{
				next if $fault eq 'reset_kept' && !$kept;
				my $name = "$fault, $verb, $scheme, "
				  . ($kept ? 'kept' : 'new') . ' connection';

				$t->reset;
				$t->set(keep_alive => $kept ? 'on' : 'off');
				$t->try_in($session, 'SELECT count(*) FROM catalogs');
				$t->try_in($session, "BEGIN; $statements{$verb}");
				# Of these every request that would be repeated is struck too.
				$t->fault($fault, on => 'POST', times => 0);
				my $got = $t->try_in($session, 'COMMIT');
				my @wire = grep { /^#/ } split /\n/,
				  $t->wire('--connections', '--summary');
				$t->emulator('heal');

				my @posts = grep { /POST/ } @wire;
				is(scalar @posts, 1, "$name: one POST came")
				  or diag(join "\n", @wire);
				my ($before, $of_post) =
				  "@wire" =~ /.*#(\d+) GET .*?#(\d+) POST/;
				ok( $of_post && ($kept ? $before == $of_post : $before < $of_post),
					"$name: on that connection")
				  or diag(join "\n", @wire);
				is($got->{sqlstate}, '08007', "$name: the outcome is unknown")
				  or diag($got->{error});
				like(
					$got->{error},
					qr/\Q$rows{$verb}\E\.$/m,
					"$name: every row is named");
				unlike($got->{error}, qr/WARNING/,
					"$name: and nothing else is said");

				my $applied = $fault =~ /applied|kept/ ? 1 : 0;
				is( $done{$verb}->($t->emulator('lists', '--json')) ? 1 : 0,
					$applied, "$name: it was "
					  . ($applied ? '' : 'not ') . 'carried out');
			}
		}
	}
	$session->quit;
}

# The same for a POST before COMMIT: RETURNING needs the id.
foreach my $kept (1, 0)
{
	my $session = $t->session;
	$t->reset;
	$t->try_in($session, 'SELECT count(*) FROM catalogs') if $kept;
	$t->wire;
	$t->fault('close_applied', on => 'POST', times => 0);
	my $got = $t->try_in($session,
		"INSERT INTO catalogs (name) VALUES ('One') RETURNING id");
	my ($posts) = $t->wire('--count') =~ /^(\d+ POST)/;
	my $name = 'RETURNING, ' . ($kept ? 'kept' : 'new') . ' connection';
	is($posts, '1 POST', "$name: one POST came");
	is($got->{sqlstate}, '08007', "$name: the outcome is unknown");
	like($got->{error}, qr/add of list "One"/, "$name: row named");
	is($got->{output}, '', "$name: no row is returned");
	$t->emulator('heal');
	$session->quit;
}

# ------------------------------------------------------------------------------
# Batches: those after the lost one are not sent; those before are reported

foreach my $lost (1, 2, 3)
{
	my $session = $t->session;
	$t->reset;
	$t->fault('close_applied', on => 'POST', nth => $lost, times => 0);
	my $got = $t->try_in($session,
		q{INSERT INTO catalogs (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e')});
	my @batches = ('add of lists "a", "b"', 'add of lists "c", "d"',
		'add of list "e"');
	my @accepted = (undef, 'add of lists 5001, 5002', 'add of lists 5001, 5002, 5003, 5004');

	my ($posts) = $t->wire('--count') =~ /^(\d+) POST/;
	is($posts, $lost, "batch $lost lost: none after it");
	is($got->{sqlstate}, '08007', "batch $lost lost: the outcome is unknown");
	my $lost_batch = $batches[ $lost - 1 ];
	like($got->{error}, qr/\Q$lost_batch\E\.$/m,
		"batch $lost lost: its rows are named, and no others");
	my ($reported) = $got->{error} =~ /WARNING:.* remain .*\nDETAIL:  What remains: (.*?)\./;
	is($reported, $accepted[ $lost - 1 ],
		"batch $lost lost: those before are reported, by id");
	foreach my $later (@batches[ $lost .. 2 ])
	{
		unlike($got->{error}, qr/\Q$later\E/,
			"batch $lost lost: nothing is said of $later");
	}
	$t->emulator('heal');
	is( $t->try_in($session, 'SELECT count(*) FROM catalogs')->{output},
		4 + ($lost < 3 ? 2 * $lost : 5), "batch $lost lost: what is there");
	$session->quit;
}

# Verbs go out in the order updates, adds, deletes: none after the lost one.
{
	my $session = $t->session;
	$t->reset;
	$t->try_in($session, "BEGIN; DELETE FROM catalogs WHERE id = 4222;
		INSERT INTO catalogs (name) VALUES ('One');
		UPDATE catalogs SET name = 'Other' WHERE id = 4223");
	$t->wire;
	$t->fault('close_applied', on => 'POST', verb => 'add', times => 0);
	my $got = $t->try_in($session, 'COMMIT');
	my $posts = join '', map { "$_\n" } grep { /^POST/ } split /\n/,
	  $t->wire('--summary');
	is($posts, <<'WIRE', 'no verb after the lost one');
POST /api/v2/catalogs update 1
POST /api/v2/catalogs add 1
WIRE
	like($got->{error}, qr/WARNING:.* remain .*\nDETAIL:  What remains: update of list 4223\./m,
		'the update before it is reported');
	like($got->{error}, qr/add of list "One"\.$/m,
		'the add is the one that nobody knows of');
	$session->quit;
}

# ------------------------------------------------------------------------------
# A body that takes many writes, and a server that closes in the middle of it.
# That server is made here.

my $listener = IO::Socket::INET->new(
	Listen => 16, LocalAddr => '127.0.0.1', ReuseAddr => 1)
  or die "cannot listen: $!";
my $port = $listener->sockport;
my $notes = "$PostgreSQL::Test::Utils::tmp_check/post_once";

# Serves until it is told to stop.  A GET gets four lists.  Of a POST the head
# and so many bytes are read; then the connection is closed.  A line a request
# is left in the notes: the connection's number, the method and the head.
sub serve
{
	my ($read_bytes) = @_;
	my $number = 0;
	my $items = join ',', map { qq({"id":$_,"name":"List $_"}) } 4220 .. 4223;
	my $reply = qq({"_embedded":{"items":[$items]}});

	local $SIG{TERM} = sub { POSIX::_exit(0) };
	open my $out, '>', $notes or die "$notes: $!";
	$out->autoflush;
	my %numbers;
	my $select = IO::Select->new($listener);
	while (my @ready = $select->can_read)
	{
		foreach my $socket (@ready)
		{
			if ($socket == $listener)
			{
				my $new = $listener->accept or next;
				$numbers{$new} = ++$number;
				print $out "$number open\n";
				$select->add($new);
				next;
			}
			my $head = '';
			while ($head !~ /\r\n\r\n/ && sysread($socket, my $some, 1)) { $head .= $some }
			if ($head =~ /^GET/)
			{
				print $out "$numbers{$socket} GET\n";
				syswrite $socket, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				  . 'Content-Length: ' . length($reply) . "\r\n\r\n$reply";
				next;
			}
			if ($head =~ /^POST/)
			{
				my ($length) = $head =~ /^Content-Length: (\d+)/mi;
				my $wanted = $read_bytes < 0 ? $length : $read_bytes;
				my $got = 0;
				while ($got < $wanted && (my $n = sysread $socket, my $some,
					$wanted - $got < 65536 ? $wanted - $got : 65536))
				{
					$got += $n;
				}
				my ($expect) = $head =~ /^(Expect:.*?)\r$/mi;
				print $out "$numbers{$socket} POST $length "
				  . ($expect // 'no expect') . "\n";
			}
			elsif ($head ne '')
			{
				print $out "$numbers{$socket} something else\n";
			}
			$select->remove($socket);
			close $socket;
		}
	}
	POSIX::_exit(0);
}

$t->sql(<<"SQL");
CREATE SERVER own FOREIGN DATA WRAPPER catalogs_fdw
	OPTIONS (url 'http://127.0.0.1:$port', batch_size '500', requests_per_second '0', undo 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER own OPTIONS (access_token 't');
CREATE SCHEMA own;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER own INTO own;
SQL

foreach my $kept (0, 1)
{
	foreach ([ 'all of it', -1 ], [ 'none of it', 0 ], [ 'some of it', 200_000 ])
	{
		my ($how_much, $bytes) = @$_;
		my $name = "a body of 5 MB, the server reads $how_much, "
		  . ($kept ? 'kept' : 'new') . ' connection';
		my $pid = fork // die "cannot fork: $!";
		serve($bytes) if $pid == 0;

		my $session = $t->session;
		$t->try_in($session, 'SELECT count(*) FROM own.catalogs') if $kept;
		my $got = $t->try_in($session,
			"INSERT INTO own.catalogs (name)
				SELECT 'List ' || n || repeat('x', 10000)
				FROM generate_series(1, 500) n");
		$session->quit;
		kill 'TERM', $pid;
		waitpid $pid, 0;

		my $came = slurp_file($notes);
		my $posts = () = $came =~ /POST/g;
		is($got->{sqlstate}, '08007', "$name: the outcome is unknown")
		  or diag(substr $got->{error}, 0, 500);
		is($posts, 1, "$name: one POST came") or diag($came);
		unlike($came, qr/something else/, "$name: not even its beginning again");
		like($came, qr/POST 5\d{6} no expect/,
			"$name: it was not asked for beforehand") or diag($came);
		like($got->{error}, qr/"List 1x+\.\.\.", .*"List 500x+\.\.\."\.$/m,
			"$name: all rows are named, shortened");
	}
}
$listener->close;

# ------------------------------------------------------------------------------
# A request that is given up before any of it went out does not go out later,
# while the answer of another account is waited for.  The way to this server leads
# through a process that begins to pass on only when the request's time is up.

my $late = IO::Socket::INET->new(
	Listen => 16, LocalAddr => '127.0.0.1', ReuseAddr => 1)
  or die "cannot listen: $!";
my $late_port = $late->sockport;

sub pass_on
{
	local $SIG{TERM} = sub { POSIX::_exit(0) };
	my $near = $late->accept;
	select undef, undef, undef, 0.6;
	my $far = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$https_port");
	my $select = IO::Select->new($near, $far);
	while (my @ready = $select->can_read)
	{
		foreach my $socket (@ready)
		{
			sysread $socket, my $some, 65536 or POSIX::_exit(0);
			syswrite $socket == $near ? $far : $near, $some;
		}
	}
}

$t->reset;
$t->sql(<<"SQL");
CREATE SERVER late FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (
	url 'https://localhost:$late_port', ca_file '$ca_file',
	request_timeout '300ms', max_retries '0', requests_per_second '0', undo 'false');
CREATE USER MAPPING FOR CURRENT_USER SERVER late
	OPTIONS (access_token 'main-token');
CREATE SCHEMA late;
IMPORT FOREIGN SCHEMA amocrm FROM SERVER late INTO late;
SQL
{
	my $pid = fork // die "cannot fork: $!";
	pass_on() if $pid == 0;

	my $session = $t->session;
	$t->try_in($session, "BEGIN; INSERT INTO catalogs (name) VALUES ('One');
		INSERT INTO late.catalogs (name) VALUES ('Late')");
	$t->fault('slow', on => 'POST', ms => 100, bytes => 10);
	my $got = $t->try_in($session, 'COMMIT');
	my $wire = $t->wire;
	$session->quit;
	kill 'TERM', $pid;
	waitpid $pid, 0;

	is($got->{sqlstate}, '08001', 'a request in time for nobody fails')
	  or diag($got->{error});
	like($wire, qr/"One"/, 'the other account was told');
	unlike($wire, qr/"Late"/, 'and that request did not go out later')
	  or diag($got->{error});
	unlike($got->{error}, qr/unknown/, 'nothing is unknown')
	  or diag($got->{error});
}
$late->close;

done_testing();
