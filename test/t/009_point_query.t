# A query for one list costs one request over a connection that is kept.  (How long
# that takes is measured by `make bench`.)

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Test;
use Test::More;

my $requests = 1000;

my $t = CatalogsFdw::Test->new;
my $session = $t->session;

$t->reset;
$t->try_in($session, 'PREPARE get (bigint) AS SELECT name FROM catalogs WHERE id = $1');
my $answers = $t->try_in($session, 'EXECUTE get(4230);' x $requests)->{output};
is(scalar(() = $answers =~ /^Tariffs$/mg), $requests, 'a prepared query, repeated');
my %lines;
$lines{$_}++ foreach split /\n/, $t->wire('--connections', '--keep');
is_deeply(\%lines, { '#1 GET /api/v2/catalogs?id=4230' => $requests },
	"makes $requests requests over one connection");
is($t->wire('--count'), "$requests GET", 'and no others');

$session->quit;
done_testing();
