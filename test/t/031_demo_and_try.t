# What `make demo` and `make try` let one see: psql's part of them, in a cluster as
# theirs, and what is suggested there.

use strict;
use warnings FATAL => 'all';

use File::Basename;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = dirname(__FILE__) . '/..';
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
local $ENV{PGHOST} = $node->host;
local $ENV{PGPORT} = $node->port;
local $ENV{PGDATABASE} = 'postgres';

# Runs psql beside an emulator that prints what it receives; returns all that is
# printed, in the order in which that happens.
sub psql
{
	my ($input, @options) = @_;
	my $output = '';

	IPC::Run::run(
		[ 'emulator', 'run', '--echo', '-> ', '--', 'psql', @options ],
		'<', \$input, '>&', \$output)
	  or $output .= "\nfailed";
	return $output;
}

my $demo = psql('', '-X', '-f', "$folder/demo.sql");
like($demo, qr/^-> POST .*"delete":.*^DELETE 4$/ms, 'the demo comes to its end');
unlike($demo, qr/ERROR|WARNING|failed/, '... and nothing goes wrong');
$node->safe_psql('postgres', 'DROP EXTENSION catalogs_fdw CASCADE; DROP TABLE department');

# What is shown before the prompt.
local $ENV{PSQLRC} = "$folder/try.sql";
my $shown = psql('');
my @suggested = $shown =~ /^    (\S.*;)$/mg;
cmp_ok(scalar @suggested, '>=', 5, 'there is a line for each thing to try');
unlike($shown, qr/ERROR|->/, 'nothing is asked before one does');
$node->safe_psql('postgres', 'DROP EXTENSION catalogs_fdw CASCADE');

my $tried = psql(join("\n", @suggested));
unlike($tried, qr/ERROR|WARNING|failed/, 'what is suggested works');
like($tried, qr/^-> GET [^\n]*\n[^>]* 4223 \|/m, 'a request is seen before its rows');
like($tried, qr/^-> POST .*"Books".*"Films"/m, '... and what it holds');
unlike($tried, qr/"delete"/, '... and that nothing is sent by ROLLBACK');

$node->stop;
done_testing();
