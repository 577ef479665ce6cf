# A server in single-user mode has no postmaster whose death could end a wait; it
# reads and writes lists all the same.

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use IPC::Run;
use Test::More;

my $t = CatalogsFdw::Test->new;
$t->node->stop;

my $input = <<'SQL';
SELECT count(*) AS lists FROM catalogs
INSERT INTO catalogs (name) VALUES ('Books')
SELECT scope, gets FROM catalogs_fdw_stats
SQL
my ($output, $error) = ('', '');
ok( IPC::Run::run(
		[ 'postgres', '--single', '-D', $t->node->data_dir, 'postgres' ],
		'<', \$input, '>', \$output, '2>', \$error),
	'a session in single-user mode') or diag($error);
like($output, qr/lists = "4"/, 'it reads');
like($output, qr/scope = "session".*gets = "1"/s, 'what it asks is counted for itself');
unlike($error, qr/ERROR/, 'nothing fails');
is( $t->wire,
	"GET /api/v2/catalogs\nPOST /api/v2/catalogs {\"add\":[{\"name\":\"Books\"}]}",
	'it writes, too');

done_testing();
