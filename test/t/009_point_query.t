# A query for one list costs one request over a connection that is kept, and
# little more than that request costs a program that does nothing else.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use File::Basename;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;

my $requests = 1000;
my $rounds = 5;

my $t = CatalogsFdw::Test->new;
my $session = $t->session;

# Time is taken where the requests are made: in a loop over a prepared query in
# the server, and in a loop of the program.  Neither has a client to talk to.
$t->sql(<<'SQL');
CREATE FUNCTION point_queries(n integer, wanted bigint) RETURNS float8
LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz;
	found text;
BEGIN
	SELECT name INTO STRICT found FROM catalogs WHERE id = wanted;
	start := clock_timestamp();
	FOR i IN 1 .. n LOOP
		SELECT name INTO STRICT found FROM catalogs WHERE id = wanted;
	END LOOP;
	RETURN 1000 * extract(epoch FROM clock_timestamp() - start);
END $$;
SQL

# ------------------------------------------------------------------------------
# Requests and connections

$t->reset;
$t->try_in($session, 'PREPARE get (bigint) AS SELECT name FROM catalogs WHERE id = $1');
my $answers = $t->try_in($session, 'EXECUTE get(4230);' x $requests)->{output};
is(scalar(() = $answers =~ /^Tariffs$/mg), $requests, 'a prepared query, repeated');
my %lines;
$lines{$_}++ foreach split /\n/, $t->wire('--connections', '--keep');
is_deeply(\%lines, { '#1 GET /api/v2/catalogs?id=4230' => $requests },
	"makes $requests requests over one connection");
is($t->wire('--count'), "$requests GET", 'and no others');

# ------------------------------------------------------------------------------
# Time

my $source = dirname(__FILE__) . '/../bench/point_get.c';
my $program = "$PostgreSQL::Test::Utils::tmp_check/point_get";
my $flags = `pkg-config --cflags --libs libcurl 2>/dev/null`
  || `curl-config --cflags --libs 2>/dev/null` || '-lcurl';
is(system_log('cc', '-O2', '-Wall', '-Wextra', '-o', $program, $source, split ' ', $flags),
	0, 'the program to compare with compiles')
  or die 'no compiler, or no libcurl';

my $pid = $t->try_in($session, 'SELECT pg_backend_pid()')->{output};
my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());

# Processor time of the server process.
sub cpu_ms
{
	my @fields = split ' ', slurp_file("/proc/$pid/stat") =~ s/^.*\) //sr;
	return 1000 * ($fields[11] + $fields[12]) / $ticks;
}

sub median
{
	my @sorted = sort { $a <=> $b } @_;
	return $sorted[ @sorted / 2 ];
}

my (@wrapper, @wrapper_cpu, @program, @program_cpu);
my @runs = (
	sub {
		my $before = cpu_ms();
		my $got = $t->try_in($session, "SELECT point_queries($requests, 4230)");
		push @wrapper, $got->{output};
		push @wrapper_cpu, cpu_ms() - $before;
	},
	sub {
		my ($output, $error) =
		  run_command([ $program, $t->url . '/api/v2/catalogs?id=4230',
			  'main-token', $requests ]);
		die "point_get: $error" if $error;
		my ($ms, $cpu) = split ' ', $output;
		push @program, $ms;
		push @program_cpu, $cpu;
	});

# Side by side, so that both meet the same machine; each goes first in turn.
# Returns how many times as long the wrapper took, by the medians.
sub compare
{
	@$_ = () foreach \(@wrapper, @wrapper_cpu, @program, @program_cpu);
	for my $round (1 .. $rounds)
	{
		$_->() foreach $round % 2 ? @runs : reverse @runs;
	}
	my $ratio = median(@wrapper) / median(@program);

	note sprintf 'medians of %d rounds of %d requests:', $rounds, $requests;
	note sprintf '  wrapper   %6.1f ms, %5.1f ms of processor time',
	  median(@wrapper), median(@wrapper_cpu);
	note sprintf '  program   %6.1f ms, %5.1f ms of processor time',
	  median(@program), median(@program_cpu);
	note sprintf '  ratio     %.2f (rounds: %s)', $ratio, join ' ',
	  map { sprintf '%.2f', $wrapper[$_] / $program[$_] } 0 .. $#program;
	return $ratio;
}

$_->() foreach @runs;    # to warm up
$t->wire;
my $ratio = compare();
is($t->wire('--count'), 2 * $rounds * ($requests + 1) . ' GET',
	'both make the same requests');

# What else runs on the machine may hit one side alone: twice more, then.
for (1 .. 2)
{
	last if $ratio <= 1.5;
	$ratio = compare();
}
cmp_ok($ratio, '<=', 1.5, 'the wrapper takes at most half as long again');

# What a client sees, with its own round trips: for information.
my $script = "$PostgreSQL::Test::Utils::tmp_check/point_query.sql";
append_to_file($script, "SELECT name FROM catalogs WHERE id = 4230;\n");
my ($output) = run_command(
	[
		'pgbench', '-n', '-M', 'prepared', '-t', $requests, '-f', $script,
		$t->node->connstr('postgres')
	]);
note '  pgbench   ' . ($output =~ /(latency average = .*)/ ? $1 : $output);

$session->quit;
done_testing();
