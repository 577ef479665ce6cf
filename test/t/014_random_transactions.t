# Random transactions over two accounts that fail at random, against a model that
# knows what a transaction sees and what the accounts must hold after it: they
# agree, or an error or a warning has named the lists in which they differ.
#
# Transactions come in histories.  A history begins with the same lists, in a new
# session, and all that is chosen in it follows from its seed, so that one alone can
# be repeated; test/README.md tells how.  When a transaction fails, the test leaves
# out of it what need not be there for that.
#
# What a transaction does and how it is judged stands in test/perl/CatalogsFdw:
#
#   Model               what a transaction does and sees
#   Model/Told          what the accounts were told, and what they made of it
#   Model/View          its rows, which a savepoint takes back
#   Model/Verdict       whether the accounts hold in the end what they must
#   Random/History      transactions one after the other; a failing one, made short
#   Random/Transaction  one of them, from BEGIN to verdict, step by step
#   Random/Statements   what it does, and what that does to the model
#   Random/Rows         to which rows
#   Random/Faults       what gets in its way: faults, and somebody else
#   Random/Client       the session that is tested: what it is asked, and names
#   Random/Wire         what it sends, and the rules that this must keep
#   Random/Accounts     the accounts, behind its back, and the options of servers
#   Random/Checks       whether all of that is as the model says
#   Random/Changes      changes as texts that can be compared
#   Random/Log          what was done and said, and is wrong; what came up how often
#   Random/Choice       dice

use strict;
use warnings FATAL => 'all';

use CatalogsFdw::Random::History;
use CatalogsFdw::Test;
use Test::More;
use Time::HiRes qw(time);

# The seeds of the histories: those that are asked for, or else the same ones as
# always.
my $seeds = $ENV{CATALOGS_SEED} || '1-40';
my @seeds = map { /^(\d+)-(\d+)$/ ? $1 .. $2 : $_ } split /,/, $seeds;

# Transactions in a history, the last of which is told of when it was asked for.
my $is_asked_for = $ENV{CATALOGS_TRANSACTION};
my $length = $is_asked_for || 50;

# Failures after which there is no point in going on.
my $max_failures = 3;

# What must come up, or it is no test.
my @must_come_up = (
	'committed', 'rolled back', 'COMMIT fails', 'something in the way',
	'may have carried it out', 'names lists that are new',
	'SQLSTATE 08007', 'SQLSTATE HV00M', 'SQLSTATE 40001', 'caught P0001',
	map { "named: $_" } qw(add update delete));

my $history =
  CatalogsFdw::Random::History->new(CatalogsFdw::Test->new(table => 0));
my $log = $history->log;
my $start = time;
my ($failures, $done) = (0, 0);

diag("CATALOGS_SEED=$seeds");
$log->be_detailed($is_asked_for);
foreach my $seed (@seeds)
{
	last if $failures >= $max_failures;
	my $failed = $history->run($seed, $length);

	$done += $failed // $length;
	note "seed $seed is done";
	diag($history->report) if $is_asked_for;
	next if !$failed;
	$failures++;
	fail("transaction $failed of seed $seed");
	diag($history->shrink($seed, $failed)) if !$is_asked_for;
	diag("CATALOGS_SEED=$seed CATALOGS_TRANSACTION=$failed repeats it");
}
is($failures, 0, "$done random transactions agree with the model");
note sprintf '%.1f s, of which %.1f s in this test', time - $start, (times)[0];
note $log->times($_) . " times: $_" foreach $log->counted;

if (@seeds >= 20 && !$is_asked_for && !$failures)
{
	cmp_ok($log->times($_), '>=', $done / 200, "comes up: $_")
	  foreach @must_come_up;
}

$history->quit;
done_testing();
