# However long a reply is, its rows flow while it comes, and the memory of the
# server process does not grow with it.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Stopwatch;
use CatalogsFdw::Test;
use PostgreSQL::Test::Utils;
use Test::More;

my $many = 100_000;
# What a plan costs follows from how many rows the last reply had: compiling one
# takes 70 MB once, and is not what this is about.
my $t = CatalogsFdw::Test->new(conf => 'jit = off');
my $session = $t->session;
my $pid = $t->try_in($session, 'SELECT pg_backend_pid()')->{output};
my $mb = 1024;

# Forgets the peak of the process's memory; returns what it has now, in kB.
sub start_peak
{
	open my $file, '>', "/proc/$pid/clear_refs" or return 0;
	print $file '5';
	close $file;
	return peak();
}

sub peak
{
	# a sanitizer keeps for a while what is freed
	return 0 if ($ENV{CATALOGS_UNDER} // '') eq 'sanitizers';
	return slurp_file("/proc/$pid/status") =~ /^VmHWM:\s+(\d+) kB/m ? $1 : 0;
}

# Runs a statement; tests its output, and that it took less than so many kB.
sub takes
{
	my ($name, $limit_kb, $sql, $output) = @_;
	my $before = start_peak();
	my $got = $t->try_in($session, $sql);
	my $grown = peak() - $before;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($got->{output} . $got->{error}, $output, $name);
	cmp_ok($grown, '<', $limit_kb, "$name: memory is bounded");
	note sprintf '%s: %.2f s, %d kB', $name, $got->{seconds}, $grown;
	return $got;
}

# The same for one that fails, because FAULT strikes requests of the kind ON.
sub fails
{
	my ($name, $limit_kb, $fault, $on, $sqlstate) = @_;
	my ($word, @pairs) = @$fault;
	my $sql =
	  $on eq 'GET'
	  ? 'SELECT max(id) FROM catalogs'
	  : q{INSERT INTO catalogs (name) VALUES ('x')};

	$t->fault($word, @pairs, on => $on, times => 0);
	my $before = start_peak();
	my $got = $t->try_in($session, $sql);
	my $grown = peak() - $before;
	$t->emulator('heal');

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	like($got->{sqlstate}, qr/^$sqlstate$/, $name)
	  or diag(substr $got->{error}, 0, 500);
	cmp_ok($grown, '<', $limit_kb, "$name: memory is bounded");
	note sprintf '%s: %.2f s, %d kB', $name, $got->{seconds}, $grown;
	return $got;
}

# ------------------------------------------------------------------------------
# Many lists: some 35 MB of reply

# What a session takes once is not what this is about.
$t->try_in($session, 'SET work_mem = \'1MB\'; SELECT count(*), sum(id), max(name) FROM catalogs');
$t->emulator('add-many', $many);
my $all = $many + 4;
my $sums = 'SELECT count(*), count(name), count(DISTINCT id) FROM catalogs';

takes("$many lists", 8 * $mb, $sums, "$all|$all|$all");
foreach my $setting (
	'items_shape=nested', 'items_shape=map', 'items_shape=map_of_lists',
	'compress=gzip', 'pretty=on')
{
	$t->emulator('set', $setting);
	takes("$many lists, $setting", 8 * $mb, $sums, "$all|$all|$all");
	$t->emulator('unset', $setting =~ s/=.*//r);
}
takes("$many lists over a prepared statement",
	8 * $mb, "PREPARE q AS $sums; EXECUTE q", "$all|$all|$all");
takes("$many lists over a cursor", 8 * $mb,
	'BEGIN; DECLARE c CURSOR FOR SELECT id, name FROM catalogs;
		MOVE 90000 FROM c; COMMIT; SELECT 1', '1');
takes("$many lists with all columns", 8 * $mb,
	'SELECT count(c) FROM catalogs c', $all);

# Contexts, too, are as they were.
my $contexts = 'SELECT sum(total_bytes) / 1024 FROM pg_backend_memory_contexts';
my $before = $t->try_in($session, $contexts)->{output};
$t->try_in($session, $sums) foreach 1 .. 3;
cmp_ok($t->try_in($session, $contexts)->{output} - $before,
	'<', 64, 'and are not left behind');

# ------------------------------------------------------------------------------
# A million lists take no more memory than a thousand, whatever a query may use

my %grown;
foreach my $lists ([ 1_000, 28_786 ], [ 1_000_000, 34_777_792 ])
{
	my ($n, $bytes) = @$lists;

	$t->fault('huge', of => 'items', bytes => $bytes, on => 'GET');
	my $start = start_peak();
	my $got = $t->try_in($session,
		"SET work_mem = '1GB'; SELECT count(name), max(id) FROM catalogs WHERE id < 999999999; RESET work_mem");
	$grown{$n} = peak() - $start;
	is($got->{output} . $got->{error}, "$n|$n", "$n lists");
	note sprintf '%d lists: %.2f s, %d kB', $n, $got->{seconds}, $grown{$n};
}
cmp_ok($grown{1_000_000}, '<', $grown{1_000} + 8 * $mb,
	'a million lists take hardly more memory than a thousand');

# ------------------------------------------------------------------------------
# A reply that nobody reads is held back, while others of the account come

$t->fault('huge', of => 'items', on => 'GET');
is( $t->try_in($session, 'BEGIN; DECLARE idle CURSOR FOR SELECT id FROM catalogs;
	FETCH 1 FROM idle')->{output},
	1, 'a cursor on an endless reply is left alone');
takes("$many lists beside it", 12 * $mb, $sums, "$all|$all|$all");
is($t->try_in($session, 'MOVE 20000 FROM idle; FETCH 1 FROM idle')->{output},
	20002, 'the cursor goes on where it was');
takes("$many lists beside it, again", 8 * $mb, $sums, "$all|$all|$all");
is($t->try_in($session, 'CLOSE idle; COMMIT; SELECT count(*) FROM catalogs')->{output},
	$all, 'and its end leaves the session as it was');

# ------------------------------------------------------------------------------
# LIMIT stops the reply

$t->wire;
my $got = takes('LIMIT 1', 4 * $mb, 'SELECT id FROM catalogs LIMIT 1', '4223');
is_within($got->{seconds}, 0.5, 'LIMIT 1: quick');
is($t->wire('--count'), '1 GET', 'LIMIT 1: one request');
for my $i (1 .. 20)
{
	$got = $t->try_in($session, 'SELECT id FROM catalogs LIMIT 1');
}
is($got->{output}, '4223', 'LIMIT 1 again and again');

# Rows flow before the last byte has come: here it never does.
$t->fault('huge', of => 'items', times => 0, on => 'GET');
$got = takes('LIMIT 1 of an endless reply',
	4 * $mb, 'SELECT id FROM catalogs LIMIT 1', '1');
is_within($got->{seconds}, 0.5, 'LIMIT 1 of an endless reply: quick');
takes('a filter and LIMIT 1 of an endless reply',
	4 * $mb, 'SELECT id FROM catalogs WHERE sort IS NULL AND id > 5000 LIMIT 1', '5001');
$t->emulator('heal');
$t->fault('stall', times => 0, on => 'GET', bytes => 100_000);
$got = $t->try_in($session, 'SELECT id FROM catalogs LIMIT 1');
is($got->{output}, '4223', 'a reply that stalls: its first row is there');
is_within($got->{seconds}, 5, '... and was not waited for');
$t->emulator('heal');
is($t->try_in($session, 'SELECT name FROM catalogs WHERE id = 4230')->{output},
	'Tariffs', 'after all that the session works');

# ------------------------------------------------------------------------------
# Long names

$t->reset;
my $name = 'Название ' x 7000;    # some 120 KB
$t->emulator('put', qq({"name":"$name"})) foreach 1 .. 50;
$got = takes('names of 100 KB', 16 * $mb,
	'SELECT count(*), max(octet_length(name)) FROM catalogs',
	'54|' . length $name);
is( $t->try_in($session,
		'SELECT count(DISTINCT md5(name)) FROM catalogs WHERE length(name) > 1000')->{output},
	1, 'names of 100 KB come as they are');
is( $t->try_in($session,
		"UPDATE catalogs SET name = repeat('Название ', 7000) WHERE id = 4223")->{error},
	'', 'and go out');
is($t->try_in($session, "SELECT octet_length(name) FROM catalogs WHERE id = 4223")->{output},
	length $name, '... as they are');
is( $t->try_in($session,
		"INSERT INTO catalogs (name) SELECT n || repeat('x', 100000) FROM generate_series(1, 100) n")->{error},
	'', 'a hundred at once');
is($t->try_in($session, "SELECT count(*) FROM catalogs WHERE name ~ '^[0-9]+x+\$'")->{output},
	100, '... are there');

# ------------------------------------------------------------------------------
# Replies that are large and of no use

$t->reset;
fails('endless items', 8 * $mb, [ 'huge', of => 'items' ], 'GET', '54000');
fails('endless blanks', 8 * $mb, ['huge'], 'GET', '54000');
# libcurl inflates what it has received at one go, some 16 MB.
fails('a bomb', 64 * $mb, ['bomb'], 'GET', '54000');
my $page = "$PostgreSQL::Test::Utils::tmp_check/page";
append_to_file($page, '<html><title>Sorry</title>' . 'x' x (20 * 1024 * 1024));
fails('a page of 20 MB', 8 * $mb, [ 'body', file => $page ], 'GET', 'HV00M');
fails('an error page of 20 MB', 8 * $mb,
	[ 'body', code => 500, file => $page ], 'GET', 'HV000');
fails('an error page of 20 MB in reply to a POST', 8 * $mb,
	[ 'body', code => 400, file => $page ], 'POST', 'HV000');
# A reply to a POST of one row names one list: nothing like 20 MB.
fails('20 MB of items in reply to a POST', 8 * $mb,
	[ 'huge', of => 'items', bytes => '20M' ], 'POST', '(54000|HV00M|08007)');

# ------------------------------------------------------------------------------
# Keys that are written with escapes, in one item of a megabyte

my $keys = 60_000;
my $escaped = "$PostgreSQL::Test::Utils::tmp_check/escaped";
append_to_file($escaped, '{"_embedded":{"items":[{"id":4223,'
	  . join('', map { sprintf '"\u0061%06d":1,', $_ } 1 .. $keys)
	  . '"n\u0061me":"five"}]}}');
$t->fault('body', file => $escaped, on => 'GET', times => 0);
my $before_keys = start_peak();
$got = $t->try_in($session, 'SELECT * FROM catalogs');
my $grown_keys = peak() - $before_keys;
like($got->{output}, qr/^4223\|five\|/, "$keys keys with escapes are read");
cmp_ok($grown_keys, '<', 16 * $mb, '... in little more memory than the reply takes');
is_within($got->{seconds}, 2, '... and no time to speak of');
note sprintf '%.2f s, %d kB', $got->{seconds}, $grown_keys;
$t->emulator('heal');

is($t->try_in($session, 'SELECT count(*) FROM catalogs')->{output},
	4, 'after all that the session works');
$session->quit;
done_testing();
