# An allocation of libcurl's or json-c's that fails, whichever it is, is an error and
# nothing worse: a statement has its whole result or fails, the account has what was
# said to be there, and the next statement works.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use File::Basename qw(dirname);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the sanitizers have allocations of their own'
  if ($ENV{CATALOGS_UNDER} // '') eq 'sanitizers';

my $folder = PostgreSQL::Test::Utils::tempdir();
my $library = "$folder/no_memory.so";
my $said = '';
IPC::Run::run([ 'cc', '-shared', '-fPIC', '-O1', "-I$ENV{CATALOGS_PG_INCLUDE}", '-o', $library,
		dirname(__FILE__) . '/machine.c' ], '>&', \$said) or die $said;

my $t = do
{
	local $ENV{LD_PRELOAD} = $library;
	CatalogsFdw::Test->new(server => { requests_per_second => 0, max_retries => 0 });
};
$t->sql(<<"SQL");
CREATE FUNCTION fail_allocation(n bigint, forever boolean) RETURNS void
	AS '$library' LANGUAGE C;
CREATE FUNCTION allocations() RETURNS bigint AS '$library' LANGUAGE C;

-- A query of how many lists there are fails, or says how many: at each allocation that
-- it makes.  Returns how many those are, and how often it failed.
CREATE FUNCTION read_lists(query text, forever boolean, OUT tried bigint, OUT failed bigint)
LANGUAGE plpgsql AS \$\$
DECLARE
	n bigint;
	said bigint;
BEGIN
	LOAD 'catalogs_fdw';
	failed := 0;
	tried := 0;
	LOOP
		tried := tried + 1;
		said := NULL;
		BEGIN
			PERFORM fail_allocation(tried, forever);
			EXECUTE query INTO said;
		EXCEPTION WHEN OTHERS THEN
			failed := failed + 1;
			IF SQLSTATE NOT IN ('53200', '08006', '08001', 'HV00M', 'HV000') THEN
				RAISE EXCEPTION '% at allocation %: %', SQLSTATE, tried, SQLERRM;
			END IF;
		END;
		n := allocations();
		PERFORM fail_allocation(0, false);
		IF said <> 4 THEN
			RAISE EXCEPTION '% lists at allocation %', said, tried;
		END IF;
		EXIT WHEN n < tried;
		EXECUTE query INTO said;
		IF said <> 4 THEN
			RAISE EXCEPTION 'after that, % lists', said;
		END IF;
	END LOOP;
END
\$\$;
SQL

# ------------------------------------------------------------------------------
# Reading

foreach my $keep (qw(true false))
{
	$t->sql("ALTER SERVER acme OPTIONS (ADD keep_connections '$keep')");
	foreach my $forever (qw(false true))
	{
		my ($status, $output, $error) = $t->node->psql('postgres',
			"SELECT * FROM read_lists('SELECT count(name) FROM catalogs', $forever)");
		my ($tried, $failed) = split /\|/, $output || '0|0';
		my $what = "keep_connections $keep, forever $forever";

		is($status, 0, "reading lists: $what") or diag($error);
		cmp_ok($failed, '>', 20, "$failed of $tried fail");
		note("$what: $failed of $tried fail");
	}
	$t->sql('ALTER SERVER acme OPTIONS (DROP keep_connections)');
}

# ------------------------------------------------------------------------------
# Writing: each of the rows is there once if the COMMIT has succeeded, and not at all
# when it failed without saying that nobody knows.

my $n = 150;
my $script = join '', map
{
	"SELECT fail_allocation($_, false);\n"
	  . "INSERT INTO catalogs (name) VALUES ('row $_');\n"
	  . "SELECT fail_allocation(0, false);\n"
	  . "\\echo row $_ :LAST_ERROR_SQLSTATE :ERROR :SQLSTATE\n"
} 1 .. $n;
$script =~ s/(VALUES \('row \d+'\);\n)/$1\\set code :SQLSTATE\n/g;
$script =~ s/\\echo row (\d+) .*/\\echo row $1 :code/g;
my ($status, $output, $error) = $t->node->psql('postgres', $script, on_error_stop => 0);
my %code = $output =~ /^row (\d+) (\w+)$/mg;

is(scalar(keys %code), $n, 'the session has lived through all of it');

my %lists;
$lists{$_}++ foreach $t->emulator('lists', '--columns', 'name') =~ /^row (\d+)/mg;
my @wrong = grep
{
	my $there = $lists{$_} // 0;
	$there > 1
	  || ($code{$_} eq '00000' && !$there)
	  || ($code{$_} ne '00000' && $code{$_} ne '08007' && $code{$_} ne 'HV00M' && $there)
} sort { $a <=> $b } keys %code;
is("@wrong", '', 'the account has what was said to be there')
  or diag(join "\n", (map { "row $_: $code{$_}, " . ($lists{$_} // 0) . ' times' } @wrong), $error);
my %times;
$times{$_}++ foreach values %code;
cmp_ok($n - $times{'00000'}, '>', 20, 'some failed');
note(join ', ', map { "$_: $times{$_}" } sort keys %times);

# ------------------------------------------------------------------------------
# Taking back: what an abort cannot take back for want of memory it names.

$script = join '', map
{
	"BEGIN;\n"
	  . "INSERT INTO catalogs (name) VALUES ('early $_') RETURNING id;\n"
	  . "SELECT fail_allocation($_, " . ($_ % 2 ? 'true' : 'false') . ");\n"
	  . "ROLLBACK;\n"
	  . "SELECT fail_allocation(0, false);\n"
} 1 .. $n;
($status, $output, $error) = $t->node->psql('postgres', $script, on_error_stop => 0);
my %remains = map { $_ => 1 } $t->emulator('lists', '--columns', 'id,name') =~ /^(\d+) *\| early/mg;
delete @remains{ $error =~ /remains: add of list (\d+)/g, $error =~ /or not: .*list (\d+)/g };
is(join(' ', sort keys %remains), '', 'nothing remains that is not named') or diag($error);
note((() = $error =~ /WARNING/g) . " WARNINGs");
cmp_ok((() = $error =~ /WARNING/g), '>', 20, 'some could not be taken back');
is($t->sql('SELECT count(*) > 0 FROM catalogs'), 't', 'and the next statement works');

unlike($t->log, qr/terminated by signal|PANIC|WARNING:  .*leak/, 'no backend has died');
done_testing();
