# A clock that is set back lengthens no wait: neither the pause before a request is sent
# again, nor the time that COMMIT may take.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use File::Basename qw(dirname);
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'the sanitizers take the place of what sets the clock'
  if ($ENV{CATALOGS_UNDER} // '') eq 'sanitizers';

my $library = PostgreSQL::Test::Utils::tempdir() . '/machine.so';
my $said = '';
IPC::Run::run([ 'cc', '-shared', '-fPIC', '-O1', "-I$ENV{CATALOGS_PG_INCLUDE}", '-o', $library,
		dirname(__FILE__) . '/machine.c' ], '>&', \$said) or die $said;

my $t = do
{
	local $ENV{LD_PRELOAD} = $library;
	CatalogsFdw::Test->new(server => { commit_timeout => '3s' });
};
$t->sql("CREATE FUNCTION set_clock_back(seconds integer) RETURNS void AS '$library' LANGUAGE C");

# Each look at the clock sets it back by an hour.  The statements end, or the test
# does: psql is given the time that a slow machine needs.
sub with_clock_set_back
{
	my ($sql) = @_;
	my ($status, $output, $error) = $t->node->psql('postgres',
		"SELECT set_clock_back(3600);\n$sql\n",
		on_error_stop => 0,
		timeout => $PostgreSQL::Test::Utils::timeout_default,
		timed_out => \my $timed_out);

	ok(!$timed_out, 'it ends');
	return "$output\n$error";
}

$t->fault('status', code => 503, on => 'POST', times => 2);
with_clock_set_back("UPDATE catalogs SET name = 'Goods' WHERE id = 4223;");
like($t->emulator('lists', '--columns', 'name'),
	qr/Goods/, 'a request is sent again after its pause');

$t->fault('silent', on => 'POST', times => 0);
like(
	with_clock_set_back("\\set VERBOSITY verbose\nINSERT INTO catalogs (name) VALUES ('Books');"),
	qr/ERROR:  08007/,
	'COMMIT ends within commit_timeout');
$t->reset;

$t->fault('status', code => 503, on => 'POST', verb => 'delete', times => 1);
with_clock_set_back("BEGIN; INSERT INTO catalogs (name) VALUES ('Films') RETURNING id; ROLLBACK;");
unlike($t->emulator('lists', '--columns', 'name'), qr/Films/, 'an abort has the time that it has');

done_testing();
