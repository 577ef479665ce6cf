# What hangs is stopped with all that it has started, and what is slow goes on.

use strict;
use warnings FATAL => 'all';

use Cwd qw(realpath);
use File::Basename;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $watch = realpath(dirname(__FILE__) . '/../watch');
my $folder = PostgreSQL::Test::Utils::tempdir();

# Who does nothing does so for longer than any machine is slow.
my $for_ever = 1000;

# The exit status of a shell's script under test/watch, and what was said.  If that hung
# itself, nothing else would end it.
sub watched
{
	my ($script, @options) = @_;
	my $said = '';

	IPC::Run::run([ 'timeout', '-s', 'KILL', '90', $watch, @options, 'sh', '-c', $script, 'sh', $folder ],
		'<', \undef, '>', \$said, '2>&1');
	return ($? >> 8, $said);
}

sub grows { return ('--look', "$folder/grows"); }

is_deeply([ watched('exit 7') ], [ 7, '' ], 'an exit status is passed on');

my ($status, $said) = watched(
	"setsid -f sh -c 'echo \$\$ >\$0/pid; exec sleep $for_ever' \$1; sleep $for_ever",
	'--quiet', 1);
is($status, 124, 'what hangs is stopped');
like($said, qr/^stopped: no progress for 1 s$/m, '... and that is said');
chomp(my $pid = slurp_file("$folder/pid"));
ok(!kill(0, $pid), '... with what it has sent away');

# Far from the limit each time, though it takes longer in all.
($status, $said) = watched(
	'for i in 1 2 3 4 5 6 7; do echo $i >>$1/grows; sleep 1; done', '--quiet', 6, grows());
is($status, 0, 'what is slow goes on');
like($said, qr/^slow: goes on/m, '... and that is said');

is((watched("sleep $for_ever", '--quiet', 1, grows()))[0], 124,
	'that it has once got on does not help');

# What it says itself may be written to where it looks.
($status) = watched(
	"$watch --quiet 1 --look \$1/words sh -c 'echo begun; sleep $for_ever' >\$1/words");
is($status, 124, 'its own words are no progress');

done_testing();
