# An account that wants to do harm: headers, chunks, names and numbers without end, byte
# by byte or as fast as they go.  Each of its replies ends with an error, at the latest when
# request_timeout or max_response_size says so, takes little memory and processor time, and
# can be cancelled at any moment.
#
# With CATALOGS_STOPWATCH set, a cancel is to be obeyed within 100 ms: test/soak/hostile.t.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Session;
use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use IO::Compress::Gzip qw(gzip);
use IO::Select;
use IO::Socket::INET;
use List::Util qw(min);
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $stopwatch = $ENV{CATALOGS_STOPWATCH};
my $watched = ($ENV{CATALOGS_UNDER} // '') ne '';
my $mb = 1024;    # in kB
my $head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
my $chunked = "${head}Transfer-Encoding: chunked\r\n\r\n";
my $items = '{"_embedded":{"items":[';
my $one = '{"id":1,"name":"one"}]}}';

# The reply that would be read, if so many codings were undone.
sub coded
{
	my ($times, $headers) = @_;
	my $text = "$items$one";

	foreach (1 .. $times) { gzip(\(my $plain = $text) => \(my $coded)) or die; $text = $coded }
	return $head . $headers . 'Content-Length: ' . length($text) . "\r\n\r\n$text";
}

# ------------------------------------------------------------------------------
# The account: each path is a reply, which begins with some bytes, and goes on with others
# until the client has had enough; after each of those it may pause.
#
#   begin, then   the bytes; without then, it closes the connection
#   pause         in seconds
#   get, post     what the reader, or who has sent an add, is told
#   memory        in kB, if it may take more than usual

my $blanks = ' ' x 65536;
my $unknown = qr/^08007$/;
my %replies = (
	status_line => { begin => 'HTTP/1.1 200 ', then => 'O' x 1000, get => qr/^HV00M$/, post => $unknown },
	header => { begin => "${head}X-Long: ", then => 'x' x 1000, get => qr/^HV00M$/, post => $unknown },
	headers => { begin => $head, then => "X-More: x\r\n" x 100, get => qr/^HV00M$/, post => $unknown },
	header_slowly => { begin => "${head}X-Long: ", then => 'x', pause => 0.05, get => qr/^08006$/, post => $unknown },
	headers_slowly => { begin => $head, then => "X-More: x\r\n", pause => 0.05, get => qr/^08006$/, post => $unknown },
	cookies => { begin => $head, then => "Set-Cookie: a=b\r\n" x 100, get => qr/^HV00M$/, post => $unknown },
	interim => { then => "HTTP/1.1 100 Continue\r\n\r\n" x 100, get => qr/^HV00M$/, post => $unknown },
	interim_alone => { begin => "HTTP/1.1 103 Early Hints\r\nX-More: x\r\n\r\n", get => qr/^08006$/, post => $unknown },
	interim_waits => { begin => "HTTP/1.1 103 Early Hints\r\nRetry-After: 50\r\n\r\nHTTP/1.1 503 Oh\r\nContent-Length: 0\r\n\r\n",
		get => qr/^HV000$/, post => $unknown },
	interim_slowly => { then => "HTTP/1.1 103 Early Hints\r\n\r\n", pause => 0.05, get => qr/^08006$/, post => $unknown },
	body_slowly => { begin => "${head}Content-Length: 1000000\r\n\r\n$items", then => ' ', pause => 0.05,
		get => qr/^08006$/, post => $unknown },
	error_page => { begin => "HTTP/1.1 500 Oh\r\n\r\n<html>", then => $blanks, get => qr/^54000$/, post => qr/^(54000|08007)$/ },
	error_page_slowly => { begin => "HTTP/1.1 500 Oh\r\n\r\n<html>", then => 'x', pause => 0.05,
		get => qr/^08006$/, post => $unknown },
	chunk_size => { begin => $chunked, then => '0' x 1000, get => qr/^(HV00M|08006)$/, post => $unknown },
	chunk_size_slowly => { begin => $chunked, then => '0', pause => 0.05, get => qr/^(HV00M|08006)$/, post => $unknown },
	chunk_extension => { begin => "${chunked}1;", then => 'x' x 1000, get => qr/^(HV00M|08006)$/, post => $unknown },
	chunks_of_a_byte => { begin => $chunked, then => "1\r\n \r\n" x 100, get => qr/^54000$/, post => qr/^(54000|08007)$/ },
	chunks_slowly => { begin => $chunked, then => "1\r\n \r\n", pause => 0.05, get => qr/^08006$/, post => $unknown },
	trailers => { begin => $chunked . sprintf("%x\r\n$items$one\r\n0\r\n", length "$items$one"),
		then => "X-More: x\r\n" x 100, get => qr/^HV00M$/, post => $unknown },
	trailers_slowly => { begin => $chunked . sprintf("%x\r\n$items$one\r\n0\r\n", length "$items$one"),
		then => "X-More: x\r\n", pause => 0.05, get => qr/^08006$/, post => $unknown },
	length => { begin => "${head}Content-Length: 99999999999999999999\r\n\r\n$items", then => $blanks,
		get => qr/^(HV00M|54000)$/, post => qr/^(08007|54000|HV00M)$/ },
	codings => { begin => coded(3, "Content-Encoding: gzip, gzip, gzip\r\n"), then => $blanks, get => qr/^HV00M$/, post => $unknown },
	codings_apart => { begin => coded(5, "Content-Encoding: gzip\r\n" x 5), then => $blanks, get => qr/^HV00M$/, post => $unknown },
	coding_of_transfer => { begin => "${head}Content-Encoding: gzip\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		then => $blanks, get => qr/^HV00M$/, post => $unknown },
	codings_behind_commas => { begin => coded(3, 'Content-Encoding: ' . ',' x 300 . "gzip, gzip, gzip\r\n"), then => $blanks,
		get => qr/^HV00M$/, post => $unknown },
	deep => { begin => "$head\r\n${items}{\"id\":1,\"name\":\"one\",\"more\":", then => '[' x 1000,
		get => qr/^(HV00M|54000)$/, post => qr/^(HV00M|54000|08007)$/ },
	number => { begin => "$head\r\n${items}{\"id\":1", then => '1' x 1000, get => qr/^(HV00M|54000)$/, post => qr/^(HV00M|54000|08007)$/ },
	key => { begin => "$head\r\n${items}{\"id\":1,\"", then => 'k' x 1000, get => qr/^54000$/, post => qr/^(HV00M|54000|08007)$/ },
	escaped_key => { begin => "$head\r\n${items}{\"id\":1,\"", then => '\u0061' x 1000, get => qr/^54000$/, post => qr/^(HV00M|54000|08007)$/ },
	keys => { begin => "$head\r\n${items}{\"id\":1", then => ',"\u0061b":1' x 1000, get => qr/^54000$/, post => qr/^(HV00M|54000|08007)$/ },
	name => { begin => "$head\r\n${items}{\"id\":1,\"name\":\"", then => 'n' x 65536, get => qr/^54000$/, post => qr/^(HV00M|54000|08007)$/ },
	escaped_name => { begin => "$head\r\n${items}{\"id\":1,\"name\":\"", then => '\ud83d\ude00' x 1000,
		get => qr/^54000$/, post => qr/^(HV00M|54000|08007)$/ },
	blanks => { begin => "$head\r\n$items", then => $blanks, get => qr/^54000$/, post => qr/^(HV00M|54000|08007)$/ },
	items => { begin => "$head\r\n$items", then => '{"id":1,"name":"one"},' x 1000, get => qr/^54000$/, post => qr/^(HV00M|54000|08007)$/ });

# What is more than anybody's name, but has an end: 60 MB of it.
my %long_names = (
	long_name => 'n' x (60 << 20),
	long_escaped_name => '\u0416' x (10 << 20));

sub serve
{
	my ($client) = @_;
	my $request = '';

	while ($request !~ /\r\n\r\n/) { sysread($client, $request, 65536, length $request) or return }
	my ($length) = $request =~ /^Content-Length: (\d+)/mi;
	while (defined $length && length($request =~ s/.*?\r\n\r\n//sr) < $length)
	{
		sysread($client, $request, 65536, length $request) or return;
	}
	my ($path) = $request =~ m{^\w+ /(\w+)};
	if (my $name = $long_names{$path})
	{
		my $text = "$items\{\"id\":1,\"name\":\"$name\"}]}}";
		return print $client $head, 'Content-Length: ', length $text, "\r\n\r\n", $text;
	}
	my $reply = $replies{$path} or return;
	print $client $reply->{begin} // '' or return;
	return if !defined $reply->{then};
	while (print $client $reply->{then}) { usleep(1e6 * $reply->{pause}) if $reply->{pause} }
	return;
}

my $listener = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die $!;
my $port = $listener->sockport;
my $account = fork // die "fork: $!";
if (!$account)
{
	my $parent = getppid;
	local $SIG{CHLD} = 'IGNORE';

	while (getppid == $parent)
	{
		next if !IO::Select->new($listener)->can_read(1);
		my $client = $listener->accept or next;
		my $child = fork // next;
		if (!$child)
		{
			$client->autoflush(1);
			local $SIG{PIPE} = sub { POSIX::_exit(0) };
			serve($client);
			POSIX::_exit(0);
		}
	}
	POSIX::_exit(0);
}

# ------------------------------------------------------------------------------

my $t = CatalogsFdw::Test->new(table => 0, conf => 'jit = off');
$t->sql(<<"SQL") foreach [ strict => '1s', '1MB' ], [ patient => '300s', '100GB' ];
CREATE SERVER $_->[0] FOREIGN DATA WRAPPER catalogs_fdw OPTIONS (url 'http://127.0.0.1:$port', requests_per_second '0',
	max_retries '0', undo 'false', verify_rows 'false', request_timeout '$_->[1]', max_response_size '$_->[2]');
CREATE USER MAPPING FOR CURRENT_USER SERVER $_->[0] OPTIONS (access_token 'token');
CREATE SCHEMA $_->[0];
SQL
foreach my $server (qw(strict patient))
{
	$t->sql(join ' ', map { "CREATE FOREIGN TABLE $server.$_ (id bigint, name text) SERVER $server OPTIONS (path '/$_');" }
		  keys %replies, keys %long_names);
}

my $session = CatalogsFdw::Session->new($t->node);
my $observer = CatalogsFdw::Session->new($t->node);
my $pid = $session->pid;

# Memory in kB, and processor time in seconds.
sub start_peak
{
	open my $file, '>', "/proc/$pid/clear_refs" or return 0;
	print $file '5';
	close $file;
	return peak();
}

sub peak { return slurp_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m ? $1 : 0; }

sub processor_s
{
	my @fields = split ' ', slurp_file("/proc/$pid/stat") =~ s/^.*\) //sr;
	return ($fields[11] + $fields[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

sub say_figures { return $stopwatch ? diag(@_) : note(@_); }

# A test: what is asked ends so, and costs little.
sub ends
{
	my ($name, $sql, $wanted, $limit_kb) = @_;
	my ($before, $worked) = (start_peak(), processor_s());
	my $got = $session->ask($sql);
	my ($grown, $work) = (peak() - $before, processor_s() - $worked);
	my @wrong;

	push @wrong, "SQLSTATE $got->{sqlstate}" if $got->{sqlstate} !~ $wanted;
	push @wrong, "$grown kB" if $grown > $limit_kb && !$watched;
	push @wrong, "$work s of processor time" if $work > 3 && !$watched;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(join(', ', @wrong), '', $name) or diag($got->{said});
	say_figures(sprintf '%s: %s, %.2f s, %.2f s of processor time, %d kB', $name, $got->{sqlstate} || 'done',
	  $got->{seconds}, $work, $grown);
	return;
}

my $usual = 6 * $mb;
$session->ask('SELECT count(*) FROM strict.blanks');
foreach my $path (sort keys %replies)
{
	my $reply = $replies{$path};

	ends("a GET: $path", "SELECT count(name) FROM strict.$path", $reply->{get}, $usual);
	ends("a POST: $path", "INSERT INTO strict.$path (name) VALUES ('x')", $reply->{post}, $usual);
}

# Who allows so much has it: the name in what was received, as text, and as a row.
foreach my $path (sort keys %long_names)
{
	ends("60 MB where 1 MB is allowed: $path", "SELECT length(name) FROM strict.$path", qr/^54000$/, $usual);
	ends("60 MB: $path", "SELECT length(name) FROM patient.$path", qr/^$/, 3 * 60 * $mb);
}

# ------------------------------------------------------------------------------
# Cancels: what goes on for ever ends

# A test: the statement is cancelled.  Returns after how many seconds; undef, when it had
# ended by itself.
sub cancel
{
	my ($what, $sql) = @_;

	$session->send($sql);
	usleep(150_000);
	my $start = time;
	$observer->ask("SELECT pg_cancel_backend($pid)");
	my $got = $session->result;
	my $seconds = time - $start - lateness($start, time);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($got->{sqlstate}, qr/^(57014|HV00M|08006|08007|HV000|)$/, "a cancel of $what");
	return $seconds if $got->{sqlstate} eq '57014';
	# it may come later than that
	$session->ask('SELECT pg_sleep(0.01)');
	return;
}

my $slowest = 0;
foreach my $path (sort(keys %replies), sort keys %long_names)
{
	foreach my $sql ("SELECT count(name) FROM patient.$path", "INSERT INTO patient.$path (name) VALUES ('x')")
	{
		my $what = $sql =~ s/ .*//r . ": $path";
		my @seconds;

		# A busy machine may be late: the best counts.
		do { push @seconds, cancel($what, $sql) }
		  while ($stopwatch && @seconds < 3 && defined $seconds[-1] && $seconds[-1] > 0.1);
		next if !defined $seconds[0];
		my $best = min(@seconds);
		cmp_ok($best, '<', 0.1, '... is obeyed at once') if $stopwatch;
		$slowest = $best if $best > $slowest;
		say_figures(sprintf '%s: %.0f ms', $what, 1000 * $best);
	}
}
diag(sprintf 'the slowest cancel took %.0f ms', 1000 * $slowest) if $stopwatch;

is($session->ask('SELECT 1')->{rows}[0][0], 1, 'after all that the session works');
kill 'TERM', $account;
waitpid $account, 0;
done_testing();
